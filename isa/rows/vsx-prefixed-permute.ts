/**
 * Prefixed vector-scalar operations without storage: immediates of 32 bits, blends, permutes of more than two vectors,
 * and any logical function of three (Power ISA v3.1 Book I, 7.6.3).
 */
import {
  and, extendU, field, i32, i64, neg, select, shl, shrU, vsr, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { singleToDouble } from '../vocabulary/float';
import { eqEach, every, gtEach, LETTER, SIZES, splat } from '../vocabulary/lanes';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { setVsr, type Sem } from '../vocabulary/stmt';
import { permute, splat64, splatWord, vand, vnot, vor, vsel, type Vector } from '../vocabulary/vector';

const PREFIX = { PPO: 1, PTYPE: 1, PST: 0 } as const;
const PROPERTIES: RowProperties = { level: 'v3.1', feature: 'vsx', facility: 'VSX', timing: 'vectorPermute' };
const [A, B, C, T] = [vsr('XA'), vsr('XB'), vsr('XC'), vsr('XT')];
const set = (value: Vector): Sem => setVsr('XT', value);
const ZERO = every(8, 0);

const immediate: I64 = extendU(field('IMM32'));
const splatting = (name: string, fixed: Readonly<Record<string, number>>, sem: Sem): InsnRow =>
  insn(name, '8RR:D', { ...PREFIX, PO: 32, ...fixed }, 'XT,IMM32', PROPERTIES, sem);
/** Into word IX of both doublewords. */
const intoWords: Vector = ((): Vector => {
  const shift = select(field('IX'), i64(0), i64(32));
  return vsel(T, splat64(shl(immediate, shift)), splat64(shl(i64(0xffff_ffffn), shift)));
})();

const ternary = (
  name: string,
  fixed: Readonly<Record<string, number>>,
  more: string,
  value: Vector,
): InsnRow => insn(name, '8RR:XX4', { ...PREFIX, ...fixed }, `XT,XA,XB,XC${more}`, PROPERTIES, set(value));

/** Of those numbers whose upper three bits are UIM; 0 for the others. */
const partOfPermute: Vector = vand(
  permute(A, B, C),
  eqEach(8, vand(C, every(8, 0xe0)), splat(8, shl(field('UIM'), i32(5)))),
);

/** Bit n of IMM, from the left, is the result where A, B and C are the bits of n. */
const MINTERMS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
const anyFunction: Vector = MINTERMS.map((n) => {
  const chosen = neg(and(shrU(extendU(field('IMM8')), i64(7 - n)), i64(1)));
  const either = (value: Vector, bit: number): Vector => (n & bit ? value : vnot(value));
  return vand(splat64(chosen), vand(vand(either(A, 4), either(B, 2)), either(C, 1)));
}).reduce((all, minterm) => vor(all, minterm));

export const VSX_PREFIXED_PERMUTE_ROWS: readonly InsnRow[] = [
  splatting('xxspltiw', { XO4: 3 }, set(splatWord(immediate))),
  // choice: a denormalised number, which gives something undefined, is taken as it is, as in QEMU.
  splatting(
    'xxspltidp',
    { XO4: 2 },
    singleToDouble(immediate, (value) => set(splat64(value))),
  ),
  insn('xxsplti32dx', '8RR:D', { ...PREFIX, PO: 32, XO3: 0 }, 'XT,IX,IMM32', PROPERTIES, set(intoWords)),
  ...SIZES.map((bits, XO) =>
    ternary(`xxblendv${LETTER[bits]}`, { PO: 33, XO }, '', vsel(A, B, gtEach('S', bits, ZERO, C))),
  ),
  ternary('xxpermx', { PO: 34, XO: 0 }, ',UIM', partOfPermute),
  ternary('xxeval', { PO: 34, XO: 1 }, ',IMM8', anyFunction),
];
