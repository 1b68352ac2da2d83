/** System calls (Power ISA Book I, 3.3.1; Book III, 4.3.1). */
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

export const SYSTEM_CALL_ROWS: readonly InsnRow[] = [
  insn(
    'sc', 'SC', { PO: 17, SCB: 2 }, 'LEV', { level: 'PPC', timing: 'system' },
    perform('sc', wideField('LEV')),
  ), // prettier-ignore
  insn(
    'scv', 'SC', { PO: 17, SCB: 1 }, 'LEV', { level: 'v3.0', facility: 'SCV', timing: 'system' },
    perform('scv', wideField('LEV')),
  ), // prettier-ignore
];
