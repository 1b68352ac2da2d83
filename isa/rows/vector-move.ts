/**
 * Vector instructions that move bits and compute none: logical, select, permute, shift by bytes, splat, merge (Power ISA
 * Book I, 6.8 and 6.9.4), and the moves of VSCR (6.16).
 */
import {
  add, and, extendU, field, i32, i64, resource, select, shrU, signedField, sub, zext32, ltU, mul,
  type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { shuffleEach } from '../vocabulary/lanes';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setResource, type Sem } from '../vocabulary/stmt';
import {
  dw0, dw1, permute, setVr, splat64, vand, vandc, vector, vnot, vor, vr, vsel, vxor, type Vector,
} from '../vocabulary/vector'; // prettier-ignore

const VECTOR: RowProperties = { level: 'v2.03', feature: 'vector', facility: 'VEC', timing: 'alu' };
const PO = 4;

const [A, B, C] = [vr('VRA'), vr('VRB'), vr('VRC')];
const set = (value: Vector): Sem => setVr('VRT', value);

const logical = (name: string, XO: number, value: Vector, level: 'v2.03' | 'v2.07' = 'v2.03'): InsnRow =>
  insn(name, 'VX', { PO, XO }, 'VRT,VRA,VRB', { ...VECTOR, level }, set(value));

const byNumbers = (numbers: Vector): Sem => set(permute(A, B, numbers));

/** vsldoi: byte numbers SH, SH + 1, ... of VRA followed by VRB. */
const fromByte: Sem = def(mul(extendU(field('SHB')), i64(0x0101_0101_0101_0101n)), (first) =>
  byNumbers(vector(add(first, i64(0x0001_0203_0405_0607n)), add(first, i64(0x0809_0a0b_0c0d_0e0fn)))),
);

/** The value of a size in every element. */
const everywhere = (value: I64, bits: number): Vector => {
  const ones = (1n << BigInt(bits)) - 1n;
  const repeated = ((1n << 64n) - 1n) / ones;
  return splat64(mul(and(value, i64(ones)), i64(repeated)));
};
/** The element of VRB that a field numbers, everywhere. */
const splat = (bits: number, UIM: string): Sem => {
  const perDoubleword = 64 / bits;
  const half = select(ltU(field(UIM), i32(perDoubleword)), dw0(B), dw1(B));
  const fromRight = sub(i32(perDoubleword - 1), and(field(UIM), i32(perDoubleword - 1)));
  return set(everywhere(shrU(half, extendU(mul(fromRight, i32(bits)))), bits));
};

/** Elements of the high or low half of VRA and VRB in turn, by the number of the first. */
const merge = (name: string, XO: number, bits: 8 | 16 | 32, half: 'high' | 'low'): InsnRow => {
  const count = 128 / bits;
  const first = half === 'high' ? 0 : count / 2;
  const numbers = Array.from({ length: count }, (_, i) => first + (i >> 1) + (i % 2) * count);
  return logical(name, XO, shuffleEach(bits, A, B, numbers));
};

/** Words 0 and 2, or 1 and 3, of both registers in turn. */
const EVEN_WORDS = [0, 4, 2, 6];
const ODD_WORDS = [1, 5, 3, 7];

export const VECTOR_MOVE_ROWS: readonly InsnRow[] = [
  logical('vand', 1028, vand(A, B)),
  logical('vandc', 1092, vandc(A, B)),
  logical('vor', 1156, vor(A, B)),
  logical('vxor', 1220, vxor(A, B)),
  logical('vnor', 1284, vnot(vor(A, B))),
  logical('vorc', 1348, vor(A, vnot(B)), 'v2.07'),
  logical('vnand', 1412, vnot(vand(A, B)), 'v2.07'),
  logical('veqv', 1668, vnot(vxor(A, B)), 'v2.07'),
  insn('vsel', 'VA', { PO, XO: 42 }, 'VRT,VRA,VRB,VRC', VECTOR, set(vsel(A, B, C))),
  insn('vperm', 'VA', { PO, XO: 43 }, 'VRT,VRA,VRB,VRC', VECTOR, byNumbers(C)),
  // The numbers count from the right: 31 less each.
  insn('vpermr', 'VA', { PO, XO: 59 }, 'VRT,VRA,VRB,VRC', { ...VECTOR, level: 'v3.0' }, byNumbers(vnot(C))),
  insn('vsldoi', 'VA', { PO, XO: 44 }, 'VRT,VRA,VRB,SHB', VECTOR, fromByte),
  merge('vmrghb', 12, 8, 'high'),
  merge('vmrghh', 76, 16, 'high'),
  merge('vmrghw', 140, 32, 'high'),
  merge('vmrglb', 268, 8, 'low'),
  merge('vmrglh', 332, 16, 'low'),
  merge('vmrglw', 396, 32, 'low'),
  logical('vmrgew', 1932, shuffleEach(32, A, B, EVEN_WORDS), 'v2.07'),
  logical('vmrgow', 1676, shuffleEach(32, A, B, ODD_WORDS), 'v2.07'),
  insn('vspltb', 'VX', { PO, XO: 524 }, 'VRT,VRB,UIM4', VECTOR, splat(8, 'UIM4')),
  insn('vsplth', 'VX', { PO, XO: 588 }, 'VRT,VRB,UIM3', VECTOR, splat(16, 'UIM3')),
  insn('vspltw', 'VX', { PO, XO: 652 }, 'VRT,VRB,UIM2', VECTOR, splat(32, 'UIM2')),
  insn('vspltisb', 'VX', { PO, XO: 780 }, 'VRT,SIM', VECTOR, set(everywhere(signedField('SIM'), 8))),
  insn('vspltish', 'VX', { PO, XO: 844 }, 'VRT,SIM', VECTOR, set(everywhere(signedField('SIM'), 16))),
  insn('vspltisw', 'VX', { PO, XO: 908 }, 'VRT,SIM', VECTOR, set(everywhere(signedField('SIM'), 32))),
  insn('mfvscr', 'VX', { PO, XO: 1540 }, 'VRT', VECTOR, set(vector(i64(0), resource('VSCR')))),
  // choice: reserved bits of the register's 32 keep what is written, as in QEMU.
  insn(
    'mtvscr', 'VX', { PO, XO: 1604 }, 'VRB', VECTOR,
    setResource('VSCR', zext32(dw1(B))),
  ),
]; // prettier-ignore
