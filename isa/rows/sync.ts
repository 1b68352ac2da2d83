/**
 * Synchronization and ordering (Power ISA Book II, 4.6). `hwsync lwsync ptesync phwsync plwsync stncisync stcisync
 * stsync` are extended mnemonics of sync with L and SC, `waitrsv` and `pause_short` of wait with WC.
 */
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

export const SYNC_ROWS: readonly InsnRow[] = [
  insn('isync', 'XL', { PO: 19, XO: 150 }, '', { level: 'P1', timing: 'sync' }, perform('isync')),
  // Before v3.1 SC is reserved and L has two bits: the service reads them by model.
  insn(
    'sync', 'X', { PO: 31, XO: 598 }, 'LSYNC,SC2', { level: 'P1', timing: 'sync' },
    perform('sync', wideField('LSYNC'), wideField('SC2')),
  ), // prettier-ignore
  insn('eieio', 'X', { PO: 31, XO: 854 }, '', { level: 'PPC', timing: 'sync' }, perform('eieio')),
  insn(
    'wait', 'X', { PO: 31, XO: 30 }, 'WC,PL', { level: 'v3.0', timing: 'sync' },
    perform('wait', wideField('WC'), wideField('PL')),
  ), // prettier-ignore
];
