/** 128-bit integers as pairs of doublewords (Power ISA Book I, 6.9.1.4): sums with carries. */
import { add, and, extendU, i64, ltU, not, wrap, type I32, type I64 } from './expr';
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
