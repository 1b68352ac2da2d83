/**
 * Decimal floating-point arithmetic (Power ISA Book I, chapter 5), which is a service: a function of its operands, asked
 * for each part of its answer. An operand of 64 bits is the second doubleword of its quadword, and so is such a result.
 */
import { FPSCR } from '../registers/float';
import { and, call, extendU, i32, i64, or, resource, shl, shrU, wrap, type I32, type I64 } from './expr';
import { def, type Sem } from './stmt';

export const DECIMAL_OPERATIONS = [
  'sum',
  'difference',
  'product',
  'quotient',
  'compareOrdered',
  'compareUnordered',
  /** Of the first operand, by the immediate. */
  'testClass',
  'testGroup',
  'testExponent',
  /** Significance of the second operand against the first. */
  'testSignificance',
  /** The second operand to the exponent of the first, or to the immediate exponent (signed). */
  'quantize',
  'quantizeTo',
  /** The second operand to as many digits as the first says. */
  'reround',
  'integral',
  'integralQuietly',
  /** Between formats: the wider is that of the control word, which of the others is QUAD's choice. */
  'widen',
  'narrow',
  /** Integers of 64 bits, and of 128. */
  'fromInteger',
  'fromWideInteger',
  'toInteger',
  'toWideInteger',
  /** Immediate: SP or S. */
  'toDigits',
  'fromDigits',
  'extractExponent',
  'insertExponent',
  /** Of the first operand, by the immediate. */
  'shiftLeft',
  'shiftRight',
] as const;
export type DecimalOperation = (typeof DECIMAL_OPERATIONS)[number];

/** Rounding modes: DRN, and what RMC has beside it. */
export const DECIMAL_ROUND = {
  NEAREST_EVEN: 0,
  ZERO: 1,
  UP: 2,
  DOWN: 3,
  /** To the nearest, ties away from 0, and ties towards 0. */
  NEAREST_AWAY: 4,
  NEAREST_ZERO: 5,
  AWAY: 6,
  /** Away from 0 where the last digit is 0 or 5: what is rounded again to fewer digits is rounded as if at once. */
  PREPARE: 7,
} as const;

/** The control word: FPSCR[56:63] in the low byte, rounding mode, format, immediate of six bits. */
export const DECIMAL_CONTROL = { round: 8, QUAD: 1 << 11, immediate: 12 } as const;
export const DECIMAL_PART = { status: 0, high: 1, low: 2 } as const;
/** The selector: operation, part and control word. */
export const DECIMAL_SELECTOR = { part: 8, control: 16 } as const;

const FROM_FPSCR = 0xff;
/** FPSCR[DRN]. */
export const decimalRounding: I32 = wrap(
  shrU(and(resource('FPSCR'), i64(FPSCR.DRN.mask)), i64(FPSCR.DRN.shift)),
);
export const decimalControl = (
  quad: boolean,
  { round = decimalRounding, immediate = i32(0) }: { readonly round?: I32; readonly immediate?: I32 },
): I32 =>
  or(
    or(and(wrap(resource('FPSCR')), i32(FROM_FPSCR)), i32(quad ? DECIMAL_CONTROL.QUAD : 0)),
    or(shl(round, i32(DECIMAL_CONTROL.round)), shl(immediate, i32(DECIMAL_CONTROL.immediate))),
  );

/** An operand or result in doublewords. */
export interface Halves {
  readonly high: I64;
  readonly low: I64;
}
export const NO_OPERAND: Halves = { high: i64(0), low: i64(0) };

/**
 * Gives the result of an operation and its status, in the places of FPSCR.
 *
 * @param wide whether the result has 128 bits
 */
export const decimalOperation = (
  { name, wide, control }: { readonly name: DecimalOperation; readonly wide: boolean; readonly control: I32 },
  [a, b]: readonly [Halves, Halves],
  body: (result: Halves, status: I64) => Sem,
): Sem => {
  const part = (which: keyof typeof DECIMAL_PART, selector: I64): I64 =>
    call(
      'decimalFloat',
      or(selector, i64(DECIMAL_OPERATIONS.indexOf(name) | (DECIMAL_PART[which] << DECIMAL_SELECTOR.part))),
      ...[a.high, a.low, b.high, b.low],
    );
  return def(shl(extendU(control), i64(DECIMAL_SELECTOR.control)), (selector) =>
    def(part('low', selector), (low) => {
      const rest = (high: I64): Sem => def(part('status', selector), (status) => body({ high, low }, status));
      return wide ? def(part('high', selector), rest) : rest(i64(0));
    }),
  );
};
