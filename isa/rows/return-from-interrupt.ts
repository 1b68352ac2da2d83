/** Returns from interrupts and from event-based branches (Power ISA Book III, 4.3.1; Book II, 6.3). */
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

export const RETURN_ROWS: readonly InsnRow[] = [
  insn(
    'rfid', 'XL', { PO: 19, XO: 18 }, '', { level: 'PPC', privilege: 'privileged', timing: 'system' },
    perform('rfid'),
  ),
  insn(
    'rfscv', 'XL', { PO: 19, XO: 82 }, '', { level: 'v3.0', privilege: 'privileged', timing: 'system' },
    perform('rfscv'),
  ),
  insn(
    'hrfid', 'XL', { PO: 19, XO: 274 }, '', { level: 'v2.02', privilege: 'hypervisor', timing: 'system' },
    perform('hrfid'),
  ),
  insn(
    'urfid', 'XL', { PO: 19, XO: 306 }, '',
    { level: 'v3.0C', feature: 'ultravisor', privilege: 'ultravisor', timing: 'system' },
    perform('urfid'),
  ),
  insn(
    'rfebb', 'XL', { PO: 19, XO: 146 }, 'S',
    { level: 'v2.07', feature: 'ebb', facility: 'EBB', timing: 'system' },
    perform('rfebb', wideField('S')),
  ),
]; // prettier-ignore
