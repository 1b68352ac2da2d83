/** Copy-paste (Power ISA Book II, 4.4): 128 bytes, aligned, through a buffer of the thread. */
import { and, call, i32, or, resource, wrap } from '../vocabulary/expr';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, perform, setCrField } from '../vocabulary/stmt';
import { atAligned, indexed } from '../vocabulary/storage';

const BLOCK = 128;
/** The bits of a CR field but SO. */
const WITHOUT_SO = i32(0b1110);

export const COPY_PASTE_ROWS: readonly InsnRow[] = [
  insn(
    'copy', 'X', { PO: 31, XO: 774, L: 1 }, 'RA,RB', { level: 'v3.0', feature: 'copyPaste', timing: 'atomic' },
    atAligned(BLOCK, indexed, (ea) => perform('copy', ea)),
  ),
  insn(
    // choice: L, which v3.0B fixes at 1 and which tells hardware whether the sequence ends, changes nothing.
    'paste.', 'X', { PO: 31, XO: 902, Rc: 1 }, 'RA,RB,L',
    { level: 'v3.0', feature: 'copyPaste', timing: 'atomic' },
    atAligned(BLOCK, indexed, (ea) =>
      def(call('paste', ea), (result) => setCrField(i32(0), or(and(wrap(result), WITHOUT_SO), resource('SO')))),
    ),
  ),
  insn(
    'cpabort', 'X', { PO: 31, XO: 838 }, '', { level: 'v3.0', feature: 'copyPaste', timing: 'sync' },
    perform('cpabort'),
  ),
]; // prettier-ignore
