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
/** Comparisons give all ones or 0 in every element of the size. */
const VECTOR_BINARY = [
  'and', 'or', 'xor', 'andnot', 'eq8', 'eq16', 'eq32', 'eq64', 'gtS8', 'gtS16', 'gtS32', 'gtS64',
  // Byte i, counted from the least significant one, is byte b[i] of a, so counted, or 0 where b[i] > 15.
  'swizzle',
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
  'v128.not': { args: ['v128'], result: 'v128' },
  /** The vector whose two doublewords are the operand. */
  'v128.splat64': { args: ['i64'], result: 'v128' },
  /** Doubleword 0 (the more significant) and 1 of a vector. */
  'v128.dw0': { args: ['v128'], result: 'i64' },
  'v128.dw1': { args: ['v128'], result: 'i64' },
  /** The vector with one doubleword replaced. */
  'v128.withDw0': { args: ['v128', 'i64'], result: 'v128' },
  'v128.withDw1': { args: ['v128', 'i64'], result: 'v128' },
} as const satisfies Record<string, OpSignature>;

type Integer = 'i32' | 'i64';
type Float = 'f32' | 'f64';
export type OpName =
  | `${Integer}.${(typeof INTEGER_BINARY)[number] | (typeof INTEGER_UNARY)[number] | (typeof INTEGER_COMPARE)[number]}`
  | `${Float}.${(typeof FLOAT_BINARY)[number] | (typeof FLOAT_UNARY)[number] | (typeof FLOAT_COMPARE)[number]}`
  | `v128.${(typeof VECTOR_BINARY)[number]}`
  | keyof typeof CONVERSIONS;

function table(): Record<OpName, OpSignature> {
  const out: Record<string, OpSignature> = { ...CONVERSIONS };
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
  return out;
}

/** Every operator: operand types and result type. */
export const OPS: Readonly<Record<OpName, OpSignature>> = table();
