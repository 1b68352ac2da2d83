/** Vector integer comparisons (Power ISA Book I, 6.9.3): a true element is all ones, and Rc=1 summarises into CR6. */
import { extendU, i32, i64, neg, op, select, type I32 } from '../vocabulary/expr';
import { eqQuad, ltQuad, quad, type Quad } from '../vocabulary/quadword';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { setCrField, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, splat64, vnot, vor, vxor, type Vector } from '../vocabulary/vector';
import { A, B, comparison, vectorProperties } from '../vocabulary/vector-row';

const row = (name: string, XO: number, value: Vector, level: IsaLevel = 'v2.03'): InsnRow =>
  comparison(name, XO, value, { level, timing: 'alu' });

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

const [QUAD_A, QUAD_B]: readonly Quad[] = [A, B].map((v) => ({ high: dw0(v), low: dw1(v) }));
/** v3.1: quadwords. */
const everywhere = (truth: I32): Vector => splat64(neg(extendU(truth)));
/** LT, GT or EQ into a CR field. */
const intoField = (sign: 'S' | 'U'): Sem =>
  quad(A, (a) =>
    quad(B, (b) =>
      setCrField('BF', select(eqQuad(a, b), i32(2), select(ltQuad(sign, a, b), i32(8), i32(4)))),
    ),
  );
const quadField = (name: string, XO: number, sign: 'S' | 'U'): InsnRow =>
  insn(name, 'VX', { PO: 4, XO }, 'BF,VRA,VRB', vectorProperties({ level: 'v3.1' }), intoField(sign));
const quadwords = [
  row('vcmpequq', 455, everywhere(eqQuad(QUAD_A!, QUAD_B!)), 'v3.1'),
  row('vcmpgtuq', 647, everywhere(ltQuad('U', QUAD_B!, QUAD_A!)), 'v3.1'),
  row('vcmpgtsq', 903, everywhere(ltQuad('S', QUAD_B!, QUAD_A!)), 'v3.1'),
  quadField('vcmpuq', 257, 'U'),
  quadField('vcmpsq', 321, 'S'),
];

export const VECTOR_COMPARE_ROWS: readonly InsnRow[] = [
  ...SIZES.flatMap(([letter, bits]) => [
    row(`vcmpequ${letter}`, opcode(6, bits), equal(bits), levelOf(bits)),
    row(
      `vcmpgtu${letter}`,
      opcode(518, bits),
      greater(bits, turned(A, bits), turned(B, bits)),
      levelOf(bits),
    ),
    row(`vcmpgts${letter}`, opcode(774, bits), greater(bits, A, B), levelOf(bits)),
    ...(bits === 64 ? [] : unequal(letter, bits)),
  ]),
  ...quadwords,
];
