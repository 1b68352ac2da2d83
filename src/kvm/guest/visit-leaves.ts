/** The leaves of a part of a radix tree in order of their addresses (./radix-table.ts). */
import { PDE, RADIX_ENTRY_SIZE } from '../../../isa/tables/radix';
import { get } from '../../core/bits';
import type { RealMemory } from '../../core/memory';
import { isLeafEntry, type Directory } from './radix-format';
import type { RadixLeaf } from './radix-leaf';

/** The guest real addresses `[start, end)`, and who is shown what maps any of them. */
export interface LeafVisit {
  readonly start: number;
  readonly end: number;
  /** May drop or replace the leaf that it is shown. */
  readonly visit: (gpa: number, leaf: RadixLeaf) => void;
}

/** @param directory where to look, with the guest real address that its first entry maps */
export function visitLeaves(
  memory: RealMemory,
  { table, shift, bits, base }: Directory & { readonly base: number },
  range: LeafVisit,
): void {
  const { start, end, visit } = range;
  const size = 2 ** shift;
  const first = Math.max(0, Math.floor((start - base) / size));
  const last = Math.min(2 ** bits - 1, Math.ceil((end - base) / size) - 1);
  for (let i = first; i <= last; i++) {
    const at = table + i * RADIX_ENTRY_SIZE;
    if (memory.getWord(at) >= 0) continue;
    const entry = memory.getDoubleword(at);
    const gpa = base + i * size;
    if (isLeafEntry(entry)) {
      visit(gpa, { pte: entry, at, shift });
      continue;
    }
    const below = Number(get(entry, PDE.NLS));
    const next = Number(entry & PDE.NLB.mask);
    visitLeaves(memory, { table: next, shift: shift - below, bits: below, base: gpa }, range);
  }
}
