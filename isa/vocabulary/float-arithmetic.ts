/**
 * The operators of IEEE arithmetic (Power ISA Book I, chapter 4). Each takes bit patterns of the double format and a
 * control word, and gives a vector: doubleword 0 is the result, doubleword 1 its status, in the places of FPSCR:
 * exceptions (OX, UX, ZX, XX and the causes of VX), FR, FI and FPRF. An operator changes nothing: `fpscr.ts` has what
 * an instruction does with the status.
 */
import { and, i32, op, or, resource, wrap, type Expr, type I32, type I64 } from './expr';

/** A result and its status. */
export type FloatResult = Expr<'v128'>;

/**
 * Bits of a control word beside those of FPSCR bits 56:63 (enables, RN), which have FPSCR's places in the low byte. VE,
 * OE, UE and RN decide results; NI does nothing, as in IBM's processors.
 */
export const FLOAT_CONTROL = {
  /** The result is rounded to the single format; it is given in double format all the same. */
  SINGLE: 1 << 8,
  /** With RN 0: ties go away from zero. */
  AWAY: 1 << 9,
  /** The second operand of an addition, the addend of a multiply-add, changes its sign, unless it is a NaN. */
  NEGATE_ADDEND: 1 << 10,
  /** The rounded result of a multiply-add changes its sign, unless it is a NaN. */
  NEGATE_RESULT: 1 << 11,
  /** Integers have no sign. */
  UNSIGNED: 1 << 12,
  /** The range of an integer result is that of a word. */
  WORD: 1 << 13,
  /** A comparison that a QNaN makes invalid. */
  ORDERED: 1 << 14,
} as const;

/** Values of RN. */
export const ROUND = { NEAREST: 0, ZERO: 1, UP: 2, DOWN: 3 } as const;
const RN = 3;
const FROM_FPSCR = 0xff;

/** The control word of an instruction that FPSCR governs, with some of {@link FLOAT_CONTROL}. */
export const controlWith = (bits: number): I32 =>
  or(and(wrap(resource('FPSCR')), i32(FROM_FPSCR)), i32(bits));
/** The control word of an instruction with a rounding mode of its own. */
export const controlRounding = (rounding: number, bits = 0): I32 =>
  or(and(wrap(resource('FPSCR')), i32(FROM_FPSCR & ~RN)), i32(rounding | bits));

/** a + b, or a - b with NEGATE_ADDEND. */
export const floatAdd = (a: I64, b: I64, control: I32): FloatResult => op('float.sum', a, b, control);
export const floatMultiply = (a: I64, b: I64, control: I32): FloatResult =>
  op('float.product', a, b, control);
export const floatDivide = (a: I64, b: I64, control: I32): FloatResult => op('float.quotient', a, b, control);
export const floatSquareRoot = (a: I64, control: I32): FloatResult => op('float.root', a, control);
/**
 * Estimates of 1 / a and of 1 / sqrt(a), as the CPU model has them. choice: quotients with their FR, FI and XX, as in
 * QEMU, or Microwatt's.
 */
export const floatReciprocal = (a: I64, control: I32): FloatResult => op('float.reciprocal', a, control);
export const floatReciprocalRoot = (a: I64, control: I32): FloatResult =>
  op('float.reciprocalRoot', a, control);
/**
 * multiplicand * multiplier + addend, rounded once. Of several NaNs the multiplicand's counts, then the addend's.
 * NEGATE_ADDEND and NEGATE_RESULT make the other three instructions.
 */
export const floatMultiplyAdd = (
  multiplicand: I64,
  multiplier: I64,
  { addend, control }: { readonly addend: I64; readonly control: I32 },
): FloatResult => op('float.fused', multiplicand, multiplier, addend, control);
/** The value rounded to the format of the control word; quiets NaNs. */
export const floatRound = (a: I64, control: I32): FloatResult => op('float.rounded', a, control);
/** The value rounded to an integer in floating-point format. FI, FR and XX tell whether it was none. */
export const floatToIntegral = (a: I64, control: I32): FloatResult => op('float.integral', a, control);
/**
 * The value as an integer of 64 bits, or of 32 (WORD), extended to 64; what does not fit becomes the nearest that does,
 * a NaN the least (of a word without the extension, which the manual leaves undefined, as in QEMU). The status has no
 * FPRF.
 */
export const floatToInteger = (a: I64, control: I32): FloatResult => op('float.toInteger', a, control);
/** A 64-bit integer, UNSIGNED or signed, in floating-point format. */
export const floatFromInteger = (a: I64, control: I32): FloatResult => op('float.fromInteger', a, control);
/** The CR field of a comparison (less 8, greater 4, equal 2, unordered 1) as the result; the status has no FPRF. */
export const floatCompare = (a: I64, b: I64, control: I32): FloatResult =>
  op('float.comparison', a, b, control);

/** The result of an operator, and its status. */
export const resultOf = (r: FloatResult): I64 => op('v128.dw0', r);
export const statusOf = (r: FloatResult): I64 => op('v128.dw1', r);

/** Classes of results, as FPRF shows them: class descriptor, less, greater, equal, unordered. */
export const FPRF_CLASS = {
  QNAN: 0b10001,
  NEGATIVE_INFINITY: 0b01001,
  NEGATIVE_NORMAL: 0b01000,
  NEGATIVE_DENORMAL: 0b11000,
  NEGATIVE_ZERO: 0b10010,
  POSITIVE_ZERO: 0b00010,
  POSITIVE_DENORMAL: 0b10100,
  POSITIVE_NORMAL: 0b00100,
  POSITIVE_INFINITY: 0b00101,
} as const;
