/** 128-bit integers as pairs of doublewords (Power ISA Book I, 6.9.1.4): sums with carries. */
import {
  add, and, eq, eqz, extendU, gtU, i32, i64, ltS, ltU, ne, not, or, select, shl, shrS, shrU, sub, wrap, xor,
  type I32, type I64,
} from './expr'; // prettier-ignore
import { addWithCarry } from './arith';
import { assign, def, repeat, variable, when, type Sem } from './stmt';
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

/** a - b modulo 2^128. */
export const subQuad = (a: Quad, b: Quad): Quad => ({
  high: sub(sub(a.high, b.high), extendU(ltU(a.low, b.low))),
  low: sub(a.low, b.low),
});
export const isZeroQuad = (q: Quad): I32 => eqz(or(q.high, q.low));

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
export const selectQuad = (cond: I32, a: Quad, b: Quad): Quad => ({
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

export const eqQuad = (a: Quad, b: Quad): I32 => and(eq(a.high, b.high), eq(a.low, b.low));
/** a < b by signed or unsigned high halves. */
export const ltQuad = (sign: 'S' | 'U', a: Quad, b: Quad): I32 => {
  const below = sign === 'S' ? ltS : ltU;
  return or(below(a.high, b.high), and(eq(a.high, b.high), ltU(a.low, b.low)));
};
/** The value where the sign (0 or -1) is 0, its negative where it is -1. */
export const withSign = ({ high, low }: Quad, sign: I64, body: (q: Quad) => Sem): Sem =>
  sumQuad({ high: xor(high, sign), low: xor(low, sign) }, { high: i64(0), low: and(sign, i64(1)) }, body);

/**
 * Gives quotient and rest of the 256 bits of two quadwords by a third, one bit of the quotient after the other. A
 * quotient of more than 128 bits is cut; what a division by zero gives means nothing.
 */
export const divideQuad = (
  [upper, lower]: readonly [Quad, Quad],
  divisor: Quad,
  body: (quotient: Quad, rest: Quad) => Sem,
): Sem =>
  variable(upper.high, (r1) =>
    variable(upper.low, (r0) =>
      variable(lower.high, (q1) =>
        variable(lower.low, (q0) => [
          repeat(i32(128), 128, () => divisionStep({ high: r1, low: r0 }, { high: q1, low: q0 }, divisor)),
          body({ high: q1, low: q0 }, { high: r1, low: r0 }),
        ]),
      ),
    ),
  );

/** The next bit of the dividend goes into the rest; where the divisor goes into that, it is taken away. */
function divisionStep(r: Quad, q: Quad, divisor: Quad): Sem {
  const next = (value: I64, from: I64): Sem => assign(value, or(shl(value, i64(1)), shrU(from, i64(63))));
  return def(shrU(r.high, i64(63)), (carry) => [
    next(r.high, r.low),
    next(r.low, q.high),
    next(q.high, q.low),
    assign(q.low, shl(q.low, i64(1))),
    when(
      or(wrap(carry), eqz(ltQuad('U', r, divisor))),
      def(extendU(ltU(r.low, divisor.low)), (borrow) => [
        assign(r.low, sub(r.low, divisor.low)),
        assign(r.high, sub(sub(r.high, divisor.high), borrow)),
        assign(q.low, or(q.low, i64(1))),
      ]),
    ),
  ]);
}
