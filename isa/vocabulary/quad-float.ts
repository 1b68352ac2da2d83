/**
 * Quad-precision arithmetic (Power ISA v3.0B Book I, 7.6.3), which is a service: its operands and result have 128 bits.
 * The service is a function of its operands. It is asked for each part of its answer.
 */
import { call, extendU, i32, i64, or, resource, shl, and, wrap, type I32, type I64 } from './expr';
import { def, type Sem } from './stmt';
import { dw0, dw1, vector, type Vector } from './vector';

export const QUAD_OPERATIONS = [
  'sum',
  'product',
  'quotient',
  'root',
  /** Multiplicand, multiplier, addend. */
  'fused',
  /** To an integer in quad format, by RN and AWAY. */
  'integral',
  /** To the precision of the double-extended format. */
  'extended',
  /** To the double format, in the upper doubleword. */
  'toDouble',
  'fromDouble',
  /** Towards zero, to an integer: of 128 bits, DOUBLEWORD or WORD. */
  'toInteger',
  /** From an integer of 128 bits. */
  'fromInteger',
] as const;
export type QuadOperation = (typeof QUAD_OPERATIONS)[number];

/** Bits of a control word beside FPSCR[56:63] in the low byte. */
export const QUAD_CONTROL = {
  /** An inexact result gets an odd last bit, whatever RN is. */
  ODD: 1 << 8,
  /** With RN 0: ties go away from zero. */
  AWAY: 1 << 9,
  NEGATE_ADDEND: 1 << 10,
  NEGATE_RESULT: 1 << 11,
  UNSIGNED: 1 << 12,
  WORD: 1 << 13,
  DOUBLEWORD: 1 << 14,
} as const;

/** Parts of the answer. */
export const QUAD_PART = { status: 0, high: 1, low: 2 } as const;
/** The selector: operation, part and control word. */
export const QUAD_SELECTOR = { part: 8, control: 16 } as const;

const FROM_FPSCR = 0xff;
export const quadControl = (bits: I32): I32 => or(and(wrap(resource('FPSCR')), i32(FROM_FPSCR)), bits);

/** Gives the result of an operation and its status, in the places of FPSCR. */
export const quadOperation = (
  operation: QuadOperation,
  operands: readonly Vector[],
  control: I32,
  body: (result: Vector, status: I64) => Sem,
): Sem => {
  const halves = [0, 1, 2].flatMap((n) => {
    const value = operands[n];
    return value ? [dw0(value), dw1(value)] : [i64(0), i64(0)];
  });
  const part = (name: keyof typeof QUAD_PART, selector: I64): I64 =>
    call(
      'quadFloat',
      or(selector, i64(QUAD_OPERATIONS.indexOf(operation) | (QUAD_PART[name] << QUAD_SELECTOR.part))),
      ...halves,
    );
  return def(shl(extendU(control), i64(QUAD_SELECTOR.control)), (selector) =>
    def(part('high', selector), (high) =>
      def(part('low', selector), (low) =>
        def(vector(high, low), (result) => def(part('status', selector), (status) => body(result, status))),
      ),
    ),
  );
};
