/** Vector integer comparisons (Power ISA Book I, 6.9.3): a true element is all ones, and Rc=1 summarises into CR6. */
import { and, eq, field, i32, i64, ne, op, or, shl, type I32 } from '../vocabulary/expr';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, setCrField, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, setVr, splat64, vnot, vor, vr, vxor, type Vector } from '../vocabulary/vector';

const [A, B] = [vr('VRA'), vr('VRB')];
const CR6 = i32(6);

/** CR6: every element true, 0, none true, 0. */
const summary = (result: Vector): I32 => {
  const all = eq(and(dw0(result), dw1(result)), i64(-1n));
  const some = ne(or(dw0(result), dw1(result)), i64(0));
  return or(shl(all, i32(3)), shl(eq(some, i32(0)), i32(1)));
};
const comparing = (value: Vector): Sem =>
  def(value, (result) => [setVr('VRT', result), when(field('Rc'), setCrField(CR6, summary(result)))]);

const row = (name: string, XO: number, value: Vector, level: IsaLevel = 'v2.03'): InsnRow =>
  insn(
    name, 'VC', { PO: 4, XO }, 'VRT,VRA,VRB',
    { level, feature: 'vector', facility: 'VEC', timing: 'alu', suffixes: ['Rc'] }, comparing(value),
  ); // prettier-ignore

const SIZES = [['b', 8], ['h', 16], ['w', 32], ['d', 64]] as const; // prettier-ignore
type Bits = (typeof SIZES)[number][1];

const equal = (bits: Bits): Vector => op(`v128.eq${bits}`, A, B);
const greater = (bits: Bits, a: Vector, b: Vector): Vector => op(`v128.gtS${bits}`, a, b);
/** Unsigned order is signed order with the sign bits turned over. */
const turned = (value: Vector, bits: Bits): Vector => {
  const sign = 1n << BigInt(bits - 1);
  const repeated = ((1n << 64n) - 1n) / ((1n << BigInt(bits)) - 1n);
  return vxor(value, splat64(i64(sign * repeated)));
};

/** Doublewords came with v2.07. */
const levelOf = (bits: Bits): IsaLevel => (bits === 64 ? 'v2.07' : 'v2.03');
/** Extended opcodes by size, from the one of bytes on. */
const opcode = (first: number, bits: Bits): number =>
  bits === 64 ? first + 193 : first + { 8: 0, 16: 64, 32: 128 }[bits];

const ZERO = splat64(i64(0));
const isZero = (value: Vector, bits: Bits): Vector => op(`v128.eq${bits}`, value, ZERO);
/** v3.0: not equal, and not equal or a zero in either. */
const unequal = (letter: string, bits: Bits): InsnRow[] => {
  const zeros = vor(isZero(A, bits), isZero(B, bits));
  return [
    row(`vcmpne${letter}`, opcode(7, bits), vnot(equal(bits)), 'v3.0'),
    row(`vcmpnez${letter}`, opcode(263, bits), vor(vnot(equal(bits)), zeros), 'v3.0'),
  ];
};

export const VECTOR_COMPARE_ROWS: readonly InsnRow[] = SIZES.flatMap(([letter, bits]) => [
  row(`vcmpequ${letter}`, opcode(6, bits), equal(bits), levelOf(bits)),
  row(`vcmpgtu${letter}`, opcode(518, bits), greater(bits, turned(A, bits), turned(B, bits)), levelOf(bits)),
  row(`vcmpgts${letter}`, opcode(774, bits), greater(bits, A, B), levelOf(bits)),
  ...(bits === 64 ? [] : unequal(letter, bits)),
]);
