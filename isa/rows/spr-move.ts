/**
 * Moves between GPRs and special registers: SPRs, time base, MSR (Power ISA Book I, 3.3.17; Book III, 4.4.5). XER, LR
 * and CTR are written out here; every other SPR, with its privilege, facility and effects, is the service's.
 */
import { XER } from '../registers/thread';
import {
  and,
  call,
  eq,
  extendU,
  field,
  gpr,
  i32,
  mode,
  or,
  resource,
  select,
  shl,
  shrU,
  wrap,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { perform, setGpr, setResource, when, type Sem, type Stmt } from '../vocabulary/stmt';

/** SPR numbers of the registers whose moves are in the rows (`isa/registers/spr.ts` has all). */
const SPR = { XER: 1, LR: 8, CTR: 9 } as const;
const isSpr = (number: number): I32 => eq(field('SPR'), i32(number));

/** The flags of XER, which have a place of their own in the state. */
const XER_FLAGS = [
  ['SO', XER.SO],
  ['OV', XER.OV],
  ['CA', XER.CA],
  ['OV32', XER.OV32],
  ['CA32', XER.CA32],
] as const;
/** What XERLOW holds, in place. */
const keptXer: I32 = select(mode('xerReserved'), i32(XER.LOW.lo | XER.RESERVED.lo), i32(XER.LOW.lo));

const wholeXer: I64 = extendU(
  XER_FLAGS.map(([name, { shift }]) => shl(resource(name), i32(shift))).reduce(
    (all, part) => or(all, part),
    resource('XERLOW') as I32,
  ),
);
const setXer = (value: I32): Stmt[] => [
  ...XER_FLAGS.map(([name, { shift }]) => setResource(name, and(shrU(value, i32(shift)), i32(1)))),
  setResource('XERLOW', and(value, keptXer)),
];

const throughService: Sem = setGpr('RT', call('mfspr', wideField('SPR'), gpr('RT')));

const mfspr: Sem = when(
  isSpr(SPR.LR),
  setGpr('RT', resource('LR')),
  when(
    isSpr(SPR.CTR),
    setGpr('RT', resource('CTR')),
    when(isSpr(SPR.XER), setGpr('RT', wholeXer), throughService),
  ),
);

const mtspr: Sem = when(
  isSpr(SPR.LR),
  setResource('LR', gpr('RS')),
  when(
    isSpr(SPR.CTR),
    setResource('CTR', gpr('RS')),
    when(isSpr(SPR.XER), setXer(wrap(gpr('RS'))), perform('mtspr', wideField('SPR'), gpr('RS'))),
  ),
);

const privileged = (level: 'P1' | 'PPC'): RowProperties => ({
  level,
  timing: 'spr',
  privilege: 'privileged',
});

export const SPR_MOVE_ROWS: readonly InsnRow[] = [
  insn('mtspr', 'XFX', { PO: 31, XO: 467 }, 'SPR,RS', { level: 'P1', timing: 'sprFast' }, mtspr),
  insn('mfspr', 'XFX', { PO: 31, XO: 339 }, 'RT,SPR', { level: 'P1', timing: 'sprFast' }, mfspr),
  // Phased out in v2.06 but executed as mfspr, whatever SPR it names.
  insn('mftb', 'XFX', { PO: 31, XO: 371 }, 'RT,SPR', { level: 'PPC', timing: 'spr' }, throughService),
  insn('mfmsr', 'X', { PO: 31, XO: 83 }, 'RT', privileged('P1'), setGpr('RT', resource('MSR'))),
  insn(
    'mtmsr', 'X', { PO: 31, XO: 146 }, 'RS,L1', privileged('P1'),
    perform('mtmsr', gpr('RS'), wideField('L1')),
  ),
  insn(
    'mtmsrd', 'X', { PO: 31, XO: 178 }, 'RS,L1', privileged('PPC'),
    perform('mtmsrd', gpr('RS'), wideField('L1')),
  ),
]; // prettier-ignore
