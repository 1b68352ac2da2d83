/** Power saving (Power ISA Book III, 3.3.2): stop, and up to v2.07 one instruction a level. */
import { i64 } from '../vocabulary/expr';
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

/** The levels of v2.07, as the service numbers them. */
const SAVING = [
  ['doze', 402],
  ['nap', 434],
  ['sleep', 466],
  ['rvwinkle', 498],
] as const;

export const POWER_ROWS: readonly InsnRow[] = [
  insn(
    'stop', 'XL', { PO: 19, XO: 370 }, '',
    { level: 'v3.0', feature: 'stop', privilege: 'privileged', timing: 'system' },
    perform('stop'),
  ), // prettier-ignore
  ...SAVING.map(([mnemonic, XO], level) =>
    insn(
      mnemonic, 'XL', { PO: 19, XO }, '',
      { level: 'v2.05', until: 'v2.07', privilege: 'hypervisor', timing: 'system' },
      perform('powerSave', i64(level)),
    ),
  ), // prettier-ignore
];
