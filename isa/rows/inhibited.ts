/** Caching-inhibited loads and stores of hypervisor real mode (Power ISA Book III, 5.4.1), always aligned. */
import { gpr, load } from '../vocabulary/expr';
import { insn, type InsnRow } from '../vocabulary/row';
import { setGpr, store } from '../vocabulary/stmt';
import { atAligned, indexed } from '../vocabulary/storage';

type Bytes = 1 | 2 | 4 | 8;
const INHIBITED = { storage: 'inhibited' } as const;

const loading = (mnemonic: string, XO: number, bytes: Bytes): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, 'RT,RA,RB', { level: 'v2.05', privilege: 'hypervisor', timing: 'load' },
    atAligned(bytes, indexed, (ea) => setGpr('RT', load(bytes, ea, INHIBITED))),
  ); // prettier-ignore
const storing = (mnemonic: string, XO: number, bytes: Bytes): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, 'RS,RA,RB', { level: 'v2.05', privilege: 'hypervisor', timing: 'store' },
    atAligned(bytes, indexed, (ea) => store(bytes, ea, gpr('RS'), INHIBITED)),
  ); // prettier-ignore

export const INHIBITED_ROWS: readonly InsnRow[] = [
  loading('lwzcix', 789, 4),
  loading('lhzcix', 821, 2),
  loading('lbzcix', 853, 1),
  loading('ldcix', 885, 8),
  storing('stwcix', 917, 4),
  storing('sthcix', 949, 2),
  storing('stbcix', 981, 1),
  storing('stdcix', 1013, 8),
];
