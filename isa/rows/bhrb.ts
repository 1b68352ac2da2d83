/** The Branch History Rolling Buffer (Power ISA Book II, 7). */
import { call } from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { perform, setGpr } from '../vocabulary/stmt';

const bhrb: RowProperties = { level: 'v2.07', feature: 'bhrb', facility: 'BHRB', timing: 'system' };

export const BHRB_ROWS: readonly InsnRow[] = [
  insn('clrbhrb', 'X', { PO: 31, XO: 430 }, '', bhrb, perform('clrbhrb')),
  insn(
    'mfbhrbe', 'XFX', { PO: 31, XO: 302 }, 'RT,BHRBE', bhrb,
    setGpr('RT', call('mfbhrbe', wideField('BHRBE'))),
  ), // prettier-ignore
];
