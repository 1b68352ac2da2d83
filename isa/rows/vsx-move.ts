/**
 * Vector-scalar instructions that move bits and compute none: logical, select, permute, splat (Power ISA Book I, 7.6.3),
 * signs of doublewords and words, and the moves between VSRs and GPRs.
 */
import {
  and, extendU, field, gpr, gprOrZero, i32, i64, mul, ne, op, or, select, sext, shl, shrU, vsr, zext32, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setGpr, setVsr, type Sem } from '../vocabulary/stmt';
import {
  dw0, dw1, floatOrVector, isUpperVsr, splat64, splatWord, vand, vandc, vector, vnot, vor, vsel, vsxOrVector, vxor, type Vector,
} from '../vocabulary/vector'; // prettier-ignore

const VSX: RowProperties = { level: 'v2.06', feature: 'vsx', facility: 'VSX', timing: 'alu' };
const PERMUTE: RowProperties = { ...VSX, timing: 'vectorPermute' };
const PO = 60;
const [A, B, C] = [vsr('XA'), vsr('XB'), vsr('XC')];
const set = (value: Vector): Sem => setVsr('XT', value);

const logical = (name: string, XO: number, value: Vector, level: IsaLevel = 'v2.06'): InsnRow =>
  insn(name, 'XX3', { PO, XO }, 'XT,XA,XB', { ...VSX, level }, set(value));

const bitOf = (name: string, lsb: number): I32 => ne(and(field(name), i32(lsb)), i32(0));

/** Doublewords of VRA and VRB by the bits of DM. */
const permuteDoublewords = set(
  vector(select(bitOf('DM', 2), dw1(A), dw0(A)), select(bitOf('DM', 1), dw1(B), dw0(B))),
);

/** The word that a number 0..7 chooses from VRA followed by VRB; numbers above wrap. */
const wordOfPair = (number: number): I64 => {
  const half = [dw0(A), dw1(A), dw0(B), dw1(B)][(number >> 1) & 3]!;
  return number & 1 ? zext32(half) : shrU(half, i64(32));
};
const wordsFrom = (first: number): Vector =>
  vector(
    or(shl(wordOfPair(first), i64(32)), wordOfPair(first + 1)),
    or(shl(wordOfPair(first + 2), i64(32)), wordOfPair(first + 3)),
  );
const shiftWords = set(
  select(
    bitOf('SHW', 2),
    select(bitOf('SHW', 1), wordsFrom(3), wordsFrom(2)),
    select(bitOf('SHW', 1), wordsFrom(1), wordsFrom(0)),
  ),
);

/** Words of one doubleword of each register in turn. */
const mergeWords = (half: (value: Vector) => I64): Vector =>
  vector(
    or(and(half(A), i64(0xffffffff_00000000n)), shrU(half(B), i64(32))),
    or(shl(half(A), i64(32)), zext32(half(B))),
  );

const splatOneWord = def(select(bitOf('UIM2', 2), dw1(B), dw0(B)), (half) =>
  set(splatWord(select(bitOf('UIM2', 1), half, shrU(half, i64(32))))),
);
const splatByte = set(splat64(mul(extendU(field('IMM8')), i64(0x0101_0101_0101_0101n))));

const SIGN_DP = splat64(i64(1n << 63n));
const SIGN_SP = splat64(i64(0x8000_0000_8000_0000n));
/** Signs of vectors of doublewords (dp) and words (sp). */
const signs = (kind: 'dp' | 'sp', XO: readonly [number, number, number, number]): InsnRow[] => {
  const sign = kind === 'dp' ? SIGN_DP : SIGN_SP;
  const unary = (name: string, opcode: number, value: Vector): InsnRow =>
    insn(`${name}${kind}`, 'XX2', { PO, XO: opcode }, 'XT,XB', VSX, set(value));
  return [
    unary('xvabs', XO[0], vandc(B, sign)),
    unary('xvnabs', XO[1], vor(B, sign)),
    unary('xvneg', XO[2], vxor(B, sign)),
    insn(`xvcpsgn${kind}`, 'XX3', { PO, XO: XO[3] }, 'XT,XA,XB', VSX, set(vsel(B, A, sign))),
  ];
};
/** Signs of the scalar in doubleword 0. choice: doubleword 1, undefined before v3.1, becomes 0. */
const scalarSigns = (): InsnRow[] => {
  const scalar = (value: Vector): Sem => set(vector(dw0(value), i64(0)));
  const unary = (name: string, XO: number, value: Vector): InsnRow =>
    insn(name, 'XX2', { PO, XO }, 'XT,XB', VSX, scalar(value));
  return [
    unary('xsabsdp', 345, vandc(B, SIGN_DP)),
    unary('xsnabsdp', 361, vor(B, SIGN_DP)),
    unary('xsnegdp', 377, vxor(B, SIGN_DP)),
    insn('xscpsgndp', 'XX3', { PO, XO: 176 }, 'XT,XA,XB', VSX, scalar(vsel(B, A, SIGN_DP))),
  ];
};

const MOVE: RowProperties = { level: 'v2.07', feature: 'vsx', timing: 'alu' };
const fromVsr = (name: string, XO: number, value: I64): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, 'RA,XS', MOVE, [floatOrVector(isUpperVsr('XS')), setGpr('RA', value)]);
/** choice: doubleword 1, which is undefined, stays as it was, as in QEMU. */
const toVsr = (name: string, XO: number, value: I64): InsnRow =>
  insn(name, 'XX1', { PO: 31, XO }, 'XT,RA', MOVE, [
    floatOrVector(isUpperVsr('XT')),
    set(op('v128.withDw0', vsr('XT'), value)),
  ]);
const V3: RowProperties = { ...MOVE, level: 'v3.0' };

export const VSX_MOVE_ROWS: readonly InsnRow[] = [
  logical('xxland', 130, vand(A, B)),
  logical('xxlandc', 138, vandc(A, B)),
  logical('xxlor', 146, vor(A, B)),
  logical('xxlxor', 154, vxor(A, B)),
  logical('xxlnor', 162, vnot(vor(A, B))),
  logical('xxlorc', 170, vor(A, vnot(B)), 'v2.07'),
  logical('xxlnand', 178, vnot(vand(A, B)), 'v2.07'),
  logical('xxleqv', 186, vnot(vxor(A, B)), 'v2.07'),
  insn('xxsel', 'XX4', { PO, XO: 3 }, 'XT,XA,XB,XC', VSX, set(vsel(A, B, C))),
  insn('xxpermdi', 'XX3', { PO, OE: 0, XOL: 10 }, 'XT,XA,XB,DM', PERMUTE, permuteDoublewords),
  insn('xxsldwi', 'XX3', { PO, OE: 0, XOL: 2 }, 'XT,XA,XB,SHW', PERMUTE, shiftWords),
  insn('xxmrghw', 'XX3', { PO, XO: 18 }, 'XT,XA,XB', PERMUTE, set(mergeWords(dw0))),
  insn('xxmrglw', 'XX3', { PO, XO: 50 }, 'XT,XA,XB', PERMUTE, set(mergeWords(dw1))),
  insn('xxspltw', 'XX2', { PO, XO: 164 }, 'XT,XB,UIM2', PERMUTE, splatOneWord),
  insn('xxspltib', 'XX1', { PO, RA2: 0, XO: 360 }, 'XT,IMM8', V3, [vsxOrVector(isUpperVsr('XT')), splatByte]),
  ...signs('dp', [473, 489, 505, 240]),
  ...signs('sp', [409, 425, 441, 208]),
  ...scalarSigns(),
  fromVsr('mfvsrd', 51, dw0(vsr('XS'))),
  fromVsr('mfvsrwz', 115, zext32(dw0(vsr('XS')))),
  toVsr('mtvsrd', 179, gpr('RA')),
  toVsr('mtvsrwa', 211, sext(32, gpr('RA'))),
  toVsr('mtvsrwz', 243, zext32(gpr('RA'))),
  insn('mfvsrld', 'XX1', { PO: 31, XO: 307 }, 'RA,XS', V3, [
    vsxOrVector(isUpperVsr('XS')), setGpr('RA', dw1(vsr('XS'))),
  ]),
  insn('mtvsrdd', 'XX1', { PO: 31, XO: 435 }, 'XT,RA,RB', V3, [
    vsxOrVector(isUpperVsr('XT')), set(vector(gprOrZero('RA'), gpr('RB'))),
  ]),
  insn('mtvsrws', 'XX1', { PO: 31, XO: 403 }, 'XT,RA', V3, [
    vsxOrVector(isUpperVsr('XT')), set(splatWord(gpr('RA'))),
  ]),
]; // prettier-ignore
