/**
 * The operators of the vocabulary in BigInt, the slow and obvious way: values are unsigned bit patterns of their
 * type's size. Breaking an operator's contract (dividing by zero) is an error here, whatever wasm would do.
 */
import { isIeee, type OpName, type Ty } from '../../isa/vocabulary/ops';
import { applyIeee } from './ieee';
import { SINGLES } from './single-operators';
import { VECTOR } from './vector-operators';

export const BITS: Record<Ty, number> = { i32: 32, i64: 64, f32: 32, f64: 64, v128: 128 };

const view = new DataView(new ArrayBuffer(8));
export const toF64 = (bits: bigint): number => (view.setBigUint64(0, bits), view.getFloat64(0));
export const fromF64 = (value: number): bigint => (view.setFloat64(0, value), view.getBigUint64(0));
export const toF32 = (bits: bigint): number => (view.setUint32(0, Number(bits)), view.getFloat32(0));
export const fromF32 = (value: number): bigint => (view.setFloat32(0, value), BigInt(view.getUint32(0)));

type Integer = (a: bigint, b: bigint, bits: number) => bigint;
const signed = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const truth = (value: boolean): bigint => (value ? 1n : 0n);
const amount = (b: bigint, bits: number): bigint => b % BigInt(bits);
const rotateLeft = (a: bigint, n: bigint, bits: number): bigint => (a << n) | (a >> (BigInt(bits) - n));

function quotientFits(a: bigint, b: bigint, bits: number, isSigned: boolean): void {
  if (b === 0n) throw new Error('semantics divide by zero');
  const least = -(1n << BigInt(bits - 1));
  if (isSigned && signed(a, bits) === least && signed(b, bits) === -1n)
    throw new Error('semantics divide the most negative number by -1');
}
const divide =
  (isSigned: boolean, result: (a: bigint, b: bigint) => bigint): Integer =>
  (a, b, bits) => {
    quotientFits(a, b, bits, isSigned);
    return isSigned ? result(signed(a, bits), signed(b, bits)) : result(a, b);
  };

function leadingZeros(a: bigint, bits: number): bigint {
  let n = 0;
  while (n < bits && ((a >> BigInt(bits - 1 - n)) & 1n) === 0n) n++;
  return BigInt(n);
}
function trailingZeros(a: bigint, bits: number): bigint {
  let n = 0;
  while (n < bits && ((a >> BigInt(n)) & 1n) === 0n) n++;
  return BigInt(n);
}
const ones = (a: bigint): bigint => BigInt([...a.toString(2)].filter((c) => c === '1').length);

const INTEGER: Record<string, Integer> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b, n) => a << amount(b, n),
  shrU: (a, b, n) => a >> amount(b, n),
  shrS: (a, b, n) => signed(a, n) >> amount(b, n),
  rotl: (a, b, n) => rotateLeft(a, amount(b, n), n),
  rotr: (a, b, n) => rotateLeft(a, amount(BigInt(n) - amount(b, n), n), n),
  divS: divide(true, (a, b) => a / b),
  divU: divide(false, (a, b) => a / b),
  remS: divide(true, (a, b) => a % b),
  remU: divide(false, (a, b) => a % b),
  clz: (a, _, n) => leadingZeros(a, n),
  ctz: (a, _, n) => trailingZeros(a, n),
  popcnt: ones,
  eqz: (a) => truth(a === 0n),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  ltU: (a, b) => truth(a < b),
  gtU: (a, b) => truth(a > b),
  leU: (a, b) => truth(a <= b),
  geU: (a, b) => truth(a >= b),
  ltS: (a, b, n) => truth(signed(a, n) < signed(b, n)),
  gtS: (a, b, n) => truth(signed(a, n) > signed(b, n)),
  leS: (a, b, n) => truth(signed(a, n) <= signed(b, n)),
  geS: (a, b, n) => truth(signed(a, n) >= signed(b, n)),
};

function nearestEven(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x;
  const floor = Math.floor(x);
  const tie = x - floor === 0.5;
  const rounded = tie ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(x);
  return rounded === 0 && (x < 0 || Object.is(x, -0)) ? -0 : rounded;
}
const signOf = (x: number): boolean => fromF64(x) >> 63n === 1n;

/** Operators of f32 and f64 on numbers; f32 results are rounded by the caller. */
const FLOAT: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  copysign: (a, b) => (signOf(a) === signOf(b) ? a : -a),
  abs: (a) => Math.abs(a),
  neg: (a) => -a,
  sqrt: (a) => Math.sqrt(a),
  ceil: (a) => Math.ceil(a),
  floor: (a) => Math.floor(a),
  trunc: (a) => Math.trunc(a),
  nearest: (a) => nearestEven(a),
};
const FLOAT_COMPARE: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
};

/** Operators whose operand and result types differ, and those of vectors. */
const SPECIAL: Partial<Record<OpName, (a: bigint, b: bigint, c: bigint) => bigint>> = {
  'i32.wrap': (a) => a,
  'i64.extendS': (a) => signed(a, 32),
  'i64.extendU': (a) => a,
  'i32.sext8': (a) => signed(a, 8),
  'i32.sext16': (a) => signed(a, 16),
  'i64.sext8': (a) => signed(a, 8),
  'i64.sext16': (a) => signed(a, 16),
  'i64.sext32': (a) => signed(a, 32),
  'f32.reinterpret': (a) => a,
  'f64.reinterpret': (a) => a,
  'i32.reinterpret': (a) => a,
  'i64.reinterpret': (a) => a,
  'f64.promote': (a) => fromF64(toF32(a)),
  'f32.demote': (a) => fromF32(toF64(a)),
  ...VECTOR,
  ...SINGLES,
};

/** The result of an operator, before wrapping to its result type. */
export function applyOperator(op: OpName, args: readonly bigint[]): bigint {
  if (isIeee(op)) return applyIeee(op, args);
  const [a, b, c] = [args[0]!, args[1] ?? 0n, args[2] ?? 0n];
  const special = SPECIAL[op];
  if (special) return special(a, b, c);
  const [ty, name] = op.split('.') as [Ty, string];
  if (ty === 'i32' || ty === 'i64') {
    const integer = INTEGER[name];
    if (!integer) throw new Error(`the evaluator does not know the operator ${op}`);
    return integer(a, b, BITS[ty]);
  }
  const [to, from] = ty === 'f32' ? [toF32, fromF32] : [toF64, fromF64];
  const comparison = FLOAT_COMPARE[name];
  if (comparison) return truth(comparison(to(a), to(b)));
  const float = FLOAT[name];
  if (!float) throw new Error(`the evaluator does not know the operator ${op}`);
  return from(float(to(a), to(b)));
}
