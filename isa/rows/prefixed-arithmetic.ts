/** Prefixed instructions that touch no storage: add immediate and no-operation (Power ISA v3.1 Book I, 3.3.9, 3.3.20). */
import { add, and, cia, eq, eqz, field, gprOrZero, i32, ne, or, select, type I32 } from '../vocabulary/expr';
import { prefixedDisplacement } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { nothing, setGpr } from '../vocabulary/stmt';

const prefixed: RowProperties = { level: 'v3.1', timing: 'alu', feature: 'prefixed', facility: 'PREFIX' };

const isOneOf = (name: string, values: readonly number[]): I32 =>
  values.map((value) => eq(field(name), i32(value))).reduce((any, one) => or(any, one));

/** Suffixes that make pnop an invalid form: branches, rfebb, context synchronizing instructions and attn. */
const INVALID_SUFFIX = {
  /** bc, sc and scv, b. */
  primary: [16, 17, 18],
  /** bclr, rfid, rfscv, rfebb, isync, hrfid, urfid, stop, bcctr, bctar. */
  extended19: [16, 18, 82, 146, 150, 274, 306, 370, 528, 560],
  /** mtmsr and mtmsrd with L=0. */
  extended31: [146, 178],
  attn: 256,
};
const suffixOf = (primary: number, extended: readonly number[]): I32 =>
  and(eq(field('PO'), i32(primary)), isOneOf('SXO', extended));

const invalidSuffix: I32 = or(
  or(isOneOf('PO', INVALID_SUFFIX.primary), suffixOf(19, INVALID_SUFFIX.extended19)),
  or(and(suffixOf(31, INVALID_SUFFIX.extended31), eqz(field('SL'))), suffixOf(0, [INVALID_SUFFIX.attn])),
);

export const PREFIXED_ARITHMETIC_ROWS: readonly InsnRow[] = [
  insn(
    'paddi', 'MLS:D', { PPO: 1, PTYPE: 2, PST: 0, PO: 14 }, 'RT,RA,SI,R',
    { ...prefixed, invalid: and(field('R'), ne(field('RA'), i32(0))) },
    setGpr('RT', add(select(field('R'), cia, gprOrZero('RA')), prefixedDisplacement)),
  ), // prettier-ignore
  insn('pnop', 'MRR', { PPO: 1, PFIX: 0x30 }, '', { ...prefixed, invalid: invalidSuffix }, nothing),
];
