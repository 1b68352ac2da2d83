/** Load and reserve, store conditional (Power ISA Book II, 4.6.2). Operands must be aligned. EH is a hint. */
import { call, eq, field, gpr, i32, i64, load, ne, or, resource, shl, storeConditional, type I32 } from '../vocabulary/expr'; // prettier-ignore
import { wideField } from '../vocabulary/patterns';
import { invalidPairLoad, isOdd } from '../vocabulary/quad';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, perform, setCrField, setGpr, type Sem } from '../vocabulary/stmt';
import { atAligned, indexed } from '../vocabulary/storage';

type Bytes = 1 | 2 | 4 | 8;

const loadReserve = (mnemonic: string, XO: number, bytes: Bytes, level: IsaLevel): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, 'RT,RA,RB,EH', { level, timing: 'atomic' },
    atAligned(bytes, indexed, (ea) => setGpr('RT', load(bytes, ea, { storage: 'reserve' }))),
  ); // prettier-ignore

/** CR0: 0b00, whether the store was performed, XER[SO]. */
const reportStored = (stored: I32): Sem =>
  def(stored, (done) => setCrField(i32(0), or(shl(done, i32(1)), resource('SO'))));

const storeIfReserved = (mnemonic: string, XO: number, bytes: Bytes, level: IsaLevel): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO, Rc: 1 }, 'RS,RA,RB', { level, timing: 'atomic' },
    atAligned(bytes, indexed, (ea) => reportStored(storeConditional(bytes, ea, gpr('RS')))),
  ); // prettier-ignore

export const LOAD_RESERVE_ROWS: readonly InsnRow[] = [
  loadReserve('lbarx', 52, 1, 'v2.06'),
  loadReserve('lharx', 116, 2, 'v2.06'),
  loadReserve('lwarx', 20, 4, 'PPC'),
  loadReserve('ldarx', 84, 8, 'PPC'),
  insn(
    'lqarx', 'X', { PO: 31, XO: 276 }, 'RTp,RA,RB,EH',
    { level: 'v2.07', timing: 'atomic', invalid: or(invalidPairLoad, eq(field('RTp'), field('RB'))) },
    atAligned(16, indexed, (ea) => perform('lqarx', ea, wideField('RTp'))),
  ), // prettier-ignore
  storeIfReserved('stbcx.', 694, 1, 'v2.06'),
  storeIfReserved('sthcx.', 726, 2, 'v2.06'),
  storeIfReserved('stwcx.', 150, 4, 'PPC'),
  storeIfReserved('stdcx.', 214, 8, 'PPC'),
  insn(
    'stqcx.', 'X', { PO: 31, XO: 182, Rc: 1 }, 'RSp,RA,RB',
    { level: 'v2.07', timing: 'atomic', invalid: isOdd('RSp') },
    atAligned(16, indexed, (ea) => reportStored(ne(call('stqcx', ea, wideField('RSp')), i64(0)))),
  ), // prettier-ignore
];
