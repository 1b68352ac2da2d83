/**
 * The operators of the vocabulary with their types. They are total functions of their operands but for division,
 * which needs a non-zero divisor and a quotient that fits: a row guards it. Integer arithmetic wraps.
 */

/** The types of values. i32 also serves as truth value: 0 is false. */
export type Ty = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export interface OpSignature {
  readonly args: readonly Ty[];
  readonly result: Ty;
}

const INTEGER_BINARY = [
  'add', 'sub', 'mul', 'and', 'or', 'xor', 'shl', 'shrS', 'shrU', 'rotl', 'rotr', 'divS', 'divU', 'remS', 'remU',
] as const; // prettier-ignore
const INTEGER_UNARY = ['clz', 'ctz', 'popcnt'] as const;
const INTEGER_COMPARE = ['eq', 'ne', 'ltS', 'ltU', 'gtS', 'gtU', 'leS', 'leU', 'geS', 'geU'] as const;
const FLOAT_BINARY = ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign'] as const;
const FLOAT_UNARY = ['abs', 'neg', 'sqrt', 'ceil', 'floor', 'trunc', 'nearest'] as const;
const FLOAT_COMPARE = ['eq', 'ne', 'lt', 'gt', 'le', 'ge'] as const;
/** Operators of two vectors, bit by bit or byte by byte. */
const VECTOR_BINARY = [
  'and', 'or', 'xor', 'andnot',
  // Byte i, counted from the least significant one, is byte b[i] of a, so counted, or 0 where b[i] > 15.
  'swizzle',
] as const; // prettier-ignore
/**
 * Operators on every element of a size of two vectors. Arithmetic wraps but for `Sat`; comparisons give all ones or 0;
 * avgU rounds up.
 */
const EACH_BINARY = {
  8: [
    'add', 'sub', 'addSatS', 'addSatU', 'subSatS', 'subSatU',
    'minS', 'minU', 'maxS', 'maxU', 'avgU', 'eq', 'gtS', 'gtU',
  ],
  16: [
    'add', 'sub', 'addSatS', 'addSatU', 'subSatS', 'subSatU', 'mul',
    'minS', 'minU', 'maxS', 'maxU', 'avgU', 'eq', 'gtS', 'gtU',
  ],
  32: ['add', 'sub', 'mul', 'minS', 'minU', 'maxS', 'maxU', 'eq', 'gtS', 'gtU'],
  64: ['add', 'sub', 'mul', 'eq', 'gtS'],
} as const; // prettier-ignore
/** Every element of a size shifted by one amount, modulo the size. */
const EACH_SHIFT = ['shl', 'shrS', 'shrU'] as const;
/** Number of ones in every byte; sums of pairs of neighbours, and the more or less significant half, widened. */
const VECTOR_UNARY = [
  'not', 'popcnt8', 'pairsS8', 'pairsU8', 'pairsS16', 'pairsU16',
  'highS8', 'highS16', 'highS32', 'lowS8', 'lowS16', 'lowS32',
] as const; // prettier-ignore
const EACH_SIZES = [8, 16, 32, 64] as const;
/**
 * Operators on four singles, rounded to nearest; the bits of a result that is a NaN are not specified. Conversions to
 * integers round to zero and saturate, a NaN gives 0.
 */
const SINGLES_BINARY = ['addF', 'subF', 'mulF', 'divF', 'minF', 'maxF', 'eqF', 'gtF', 'leF', 'geF'] as const;
const SINGLES_UNARY = [
  'sqrtF', 'ceilF', 'floorF', 'truncF', 'nearestF', 'toIntegerS', 'toIntegerU', 'fromIntegerS', 'fromIntegerU',
] as const; // prettier-ignore

const CONVERSIONS = {
  'i32.eqz': { args: ['i32'], result: 'i32' },
  'i64.eqz': { args: ['i64'], result: 'i32' },
  'i32.wrap': { args: ['i64'], result: 'i32' },
  'i64.extendS': { args: ['i32'], result: 'i64' },
  'i64.extendU': { args: ['i32'], result: 'i64' },
  'i32.sext8': { args: ['i32'], result: 'i32' },
  'i32.sext16': { args: ['i32'], result: 'i32' },
  'i64.sext8': { args: ['i64'], result: 'i64' },
  'i64.sext16': { args: ['i64'], result: 'i64' },
  'i64.sext32': { args: ['i64'], result: 'i64' },
  'f32.reinterpret': { args: ['i32'], result: 'f32' },
  'f64.reinterpret': { args: ['i64'], result: 'f64' },
  'i32.reinterpret': { args: ['f32'], result: 'i32' },
  'i64.reinterpret': { args: ['f64'], result: 'i64' },
  'f64.promote': { args: ['f32'], result: 'f64' },
  'f32.demote': { args: ['f64'], result: 'f32' },
  /** The vector whose two doublewords are the operand. */
  'v128.splat64': { args: ['i64'], result: 'v128' },
  /** Doubleword 0 (the more significant) and 1 of a vector. */
  'v128.dw0': { args: ['v128'], result: 'i64' },
  'v128.dw1': { args: ['v128'], result: 'i64' },
  /** The vector with one doubleword replaced. */
  'v128.withDw0': { args: ['v128', 'i64'], result: 'v128' },
  'v128.withDw1': { args: ['v128', 'i64'], result: 'v128' },
  /** The low bits of the operand in every element. */
  'v128.splat8': { args: ['i32'], result: 'v128' },
  'v128.splat16': { args: ['i32'], result: 'v128' },
  'v128.splat32': { args: ['i32'], result: 'v128' },
  /** Word 0 (the most significant) to 3 of a vector, and the vector with one replaced. */
  'v128.w0': { args: ['v128'], result: 'i32' },
  'v128.w1': { args: ['v128'], result: 'i32' },
  'v128.w2': { args: ['v128'], result: 'i32' },
  'v128.w3': { args: ['v128'], result: 'i32' },
  'v128.withW0': { args: ['v128', 'i32'], result: 'v128' },
  'v128.withW1': { args: ['v128', 'i32'], result: 'v128' },
  'v128.withW2': { args: ['v128', 'i32'], result: 'v128' },
  'v128.withW3': { args: ['v128', 'i32'], result: 'v128' },
  /** Bits of the first operand where the third has ones, of the second elsewhere. */
  'v128.bitselect': { args: ['v128', 'v128', 'v128'], result: 'v128' },
  /**
   * Byte i, counted from the most significant one, is byte c[i] of the first operand followed by the second, so counted.
   * The third operand c is a constant of numbers 0..31.
   */
  'v128.shuffle': { args: ['v128', 'v128', 'v128'], result: 'v128' },
  /** 1 where some bit is 1. */
  'v128.any': { args: ['v128'], result: 'i32' },
  /** The most significant bits of the elements, element 0 first. */
  'v128.bitmask8': { args: ['v128'], result: 'i32' },
  'v128.bitmask16': { args: ['v128'], result: 'i32' },
  'v128.bitmask32': { args: ['v128'], result: 'i32' },
  'v128.bitmask64': { args: ['v128'], result: 'i32' },
} as const satisfies Record<string, OpSignature>;

/** IEEE arithmetic on bit patterns with a control word; `float-arithmetic.ts` says what they give. */
const IEEE = {
  'float.sum': { args: ['i64', 'i64', 'i32'], result: 'v128' },
  'float.product': { args: ['i64', 'i64', 'i32'], result: 'v128' },
  'float.quotient': { args: ['i64', 'i64', 'i32'], result: 'v128' },
  'float.root': { args: ['i64', 'i32'], result: 'v128' },
  'float.reciprocal': { args: ['i64', 'i32'], result: 'v128' },
  'float.reciprocalRoot': { args: ['i64', 'i32'], result: 'v128' },
  'float.fused': { args: ['i64', 'i64', 'i64', 'i32'], result: 'v128' },
  'float.rounded': { args: ['i64', 'i32'], result: 'v128' },
  'float.integral': { args: ['i64', 'i32'], result: 'v128' },
  'float.toInteger': { args: ['i64', 'i32'], result: 'v128' },
  'float.fromInteger': { args: ['i64', 'i32'], result: 'v128' },
  'float.comparison': { args: ['i64', 'i64', 'i32'], result: 'v128' },
} as const satisfies Record<string, OpSignature>;
export type IeeeOpName = keyof typeof IEEE;
export const IEEE_OPS = Object.keys(IEEE) as IeeeOpName[];
export const isIeee = (op: OpName): op is IeeeOpName => op in IEEE;

type Integer = 'i32' | 'i64';
type Float = 'f32' | 'f64';
type EachSize = keyof typeof EACH_BINARY;
type EachBinary = { [B in EachSize]: `v128.${(typeof EACH_BINARY)[B][number]}${B}` }[EachSize];
export type OpName =
  | `${Integer}.${(typeof INTEGER_BINARY)[number] | (typeof INTEGER_UNARY)[number] | (typeof INTEGER_COMPARE)[number]}`
  | `${Float}.${(typeof FLOAT_BINARY)[number] | (typeof FLOAT_UNARY)[number] | (typeof FLOAT_COMPARE)[number]}`
  | `v128.${(typeof VECTOR_BINARY)[number] | (typeof VECTOR_UNARY)[number]}`
  | EachBinary
  | `v128.${(typeof SINGLES_BINARY)[number] | (typeof SINGLES_UNARY)[number]}`
  | `v128.${(typeof EACH_SHIFT)[number]}${EachSize}`
  | keyof typeof CONVERSIONS
  | IeeeOpName;

function table(): Record<OpName, OpSignature> {
  const out: Record<string, OpSignature> = { ...CONVERSIONS, ...IEEE };
  const declare = (ty: Ty, names: readonly string[], arity: number, result: Ty): void => {
    for (const name of names) out[`${ty}.${name}`] = { args: Array<Ty>(arity).fill(ty), result };
  };
  for (const ty of ['i32', 'i64'] as const) {
    declare(ty, INTEGER_BINARY, 2, ty);
    declare(ty, INTEGER_UNARY, 1, ty);
    declare(ty, INTEGER_COMPARE, 2, 'i32');
  }
  for (const ty of ['f32', 'f64'] as const) {
    declare(ty, FLOAT_BINARY, 2, ty);
    declare(ty, FLOAT_UNARY, 1, ty);
    declare(ty, FLOAT_COMPARE, 2, 'i32');
  }
  declare('v128', VECTOR_BINARY, 2, 'v128');
  declare('v128', VECTOR_UNARY, 1, 'v128');
  declare('v128', SINGLES_BINARY, 2, 'v128');
  declare('v128', SINGLES_UNARY, 1, 'v128');
  for (const bits of EACH_SIZES) {
    const names = EACH_BINARY[bits].map((name) => `${name}${bits}`);
    declare('v128', names, 2, 'v128');
    for (const name of EACH_SHIFT) out[`v128.${name}${bits}`] = { args: ['v128', 'i32'], result: 'v128' };
  }
  return out;
}

/** Every operator: operand types and result type. */
export const OPS: Readonly<Record<OpName, OpSignature>> = table();
