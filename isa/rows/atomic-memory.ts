/** Atomic memory operations (Power ISA Book II, 4.5): the function code says which; the service carries it out. */
import { gprOrZero, i64 } from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { perform } from '../vocabulary/stmt';
import { atEffective } from '../vocabulary/storage';

const loading = (mnemonic: string, XO: number, bytes: 4 | 8): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, 'RT,RA,FC', { level: 'v3.0', feature: 'atomicMemory', timing: 'atomic' },
    atEffective(gprOrZero('RA'), (ea) =>
      perform('loadAtomic', ea, wideField('FC'), wideField('RT'), i64(bytes)),
    ),
  ); // prettier-ignore
const storing = (mnemonic: string, XO: number, bytes: 4 | 8): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, 'RS,RA,FC', { level: 'v3.0', feature: 'atomicMemory', timing: 'atomic' },
    atEffective(gprOrZero('RA'), (ea) =>
      perform('storeAtomic', ea, wideField('FC'), wideField('RS'), i64(bytes)),
    ),
  ); // prettier-ignore

export const ATOMIC_MEMORY_ROWS: readonly InsnRow[] = [
  loading('lwat', 582, 4),
  loading('ldat', 614, 8),
  storing('stwat', 710, 4),
  storing('stdat', 742, 8),
];
