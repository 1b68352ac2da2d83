/** 128-bit integers as pairs of doublewords (Power ISA Book I, 6.9.1.4): sums with carries. */
import {
  add, and, extendU, i64, ltU, ne, not, or, select, shl, shrS, shrU, sub, wrap, xor, gtU, type I32, type I64,
} from './expr'; // prettier-ignore
import { addWithCarry } from './arith';
import { def, type Sem } from './stmt';
import { dw0, dw1, vector, type Vector } from './vector';

export interface Quad {
  readonly high: I64;
  readonly low: I64;
}
export const ofQuad = ({ high, low }: Quad): Vector => vector(high, low);
/** Names the doublewords of a vector. */
export const quad = (value: Vector, body: (q: Quad) => Sem): Sem =>
  def(dw0(value), (high) => def(dw1(value), (low) => body({ high, low })));
export const notQuad = ({ high, low }: Quad): Quad => ({ high: not(high), low: not(low) });
/** The least significant bit of a vector. */
export const lastBit = (value: Vector): I32 => wrap(and(dw1(value), i64(1)));

/** Gives a + b + carryIn (0 or 1), and whether the sum carried out of 128 bits. */
export const addQuad = (a: Quad, b: Quad, carryIn: I32, body: (sum: Quad, carry: I32) => Sem): Sem =>
  addWithCarry(a.low, b.low, carryIn, (low, carryLow) =>
    def(carryLow, (middle) =>
      addWithCarry(a.high, b.high, middle, (high, carry) => body({ high, low }, carry)),
    ),
  );

/** a + b modulo 2^128, for sums of which no carry is needed. */
export const sumQuad = (a: Quad, b: Quad, body: (sum: Quad) => Sem): Sem =>
  def(add(a.low, b.low), (low) =>
    def(add(add(a.high, b.high), extendU(ltU(low, a.low))), (high) => body({ high, low })),
  );

const BITS_OF_HALF = 63;
const HALF = i64(64);
/** 63 - n of the low 6 bits of n: with one more bit of shift it is what goes over from one half to the other. */
const rest = (n: I64): I64 => xor(n, i64(BITS_OF_HALF));
const isHalf = (n: I64): I32 => ne(and(n, HALF), i64(0));

/** Shifts by n modulo 128. */
export const shlQuad = ({ high, low }: Quad, n: I64): Quad => ({
  high: select(isHalf(n), shl(low, n), or(shl(high, n), shrU(shrU(low, i64(1)), rest(n)))),
  low: select(isHalf(n), i64(0), shl(low, n)),
});
const shrQuad =
  (shift: typeof shrU, fill: (high: I64) => I64) =>
  ({ high, low }: Quad, n: I64): Quad => ({
    high: select(isHalf(n), fill(high), shift(high, n)),
    low: select(isHalf(n), shift(high, n), or(shrU(low, n), shl(shl(high, i64(1)), rest(n)))),
  });
export const shrUQuad = shrQuad(shrU, () => i64(0));
export const shrSQuad = shrQuad(shrS, (high) => shrS(high, i64(BITS_OF_HALF)));
export const andQuad = (a: Quad, b: Quad): Quad => ({ high: and(a.high, b.high), low: and(a.low, b.low) });
export const orQuad = (a: Quad, b: Quad): Quad => ({ high: or(a.high, b.high), low: or(a.low, b.low) });
export const rotlQuad = (q: Quad, n: I64): Quad => orQuad(shlQuad(q, n), shrUQuad(q, sub(i64(128), n)));
const selectQuad = (cond: I32, a: Quad, b: Quad): Quad => ({
  high: select(cond, a.high, b.high),
  low: select(cond, a.low, b.low),
});
const ALL: Quad = { high: i64(-1), low: i64(-1) };
/** Bits `from` to `to`, each 0..127; wraps around where from > to. */
export const maskQuad = (from: I64, to: I64): Quad => {
  const starting = shrUQuad(ALL, from);
  const ending = shlQuad(ALL, sub(i64(127), to));
  return selectQuad(gtU(from, to), orQuad(starting, ending), andQuad(starting, ending));
};
