/** Messages between threads: doorbells (Power ISA Book III, 10). */
import { gpr } from '../vocabulary/expr';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';

const hypervisor: RowProperties = {
  level: 'v2.07', feature: 'doorbell', privilege: 'hypervisor', timing: 'system',
}; // prettier-ignore
const privileged: RowProperties = {
  level: 'v2.07', feature: 'doorbell', privilege: 'privileged', facility: 'MSGP', timing: 'system',
}; // prettier-ignore

export const MESSAGE_ROWS: readonly InsnRow[] = [
  insn('msgsnd', 'X', { PO: 31, XO: 206 }, 'RB', hypervisor, perform('msgsnd', gpr('RB'))),
  insn('msgclr', 'X', { PO: 31, XO: 238 }, 'RB', hypervisor, perform('msgclr', gpr('RB'))),
  insn('msgsndp', 'X', { PO: 31, XO: 142 }, 'RB', privileged, perform('msgsndp', gpr('RB'))),
  insn('msgclrp', 'X', { PO: 31, XO: 174 }, 'RB', privileged, perform('msgclrp', gpr('RB'))),
  insn(
    'msgsync', 'X', { PO: 31, XO: 886 }, '', { ...hypervisor, level: 'v3.0', timing: 'sync' },
    perform('msgsync'),
  ), // prettier-ignore
];
