/** Which entries of the architected caches an invalidation means (Power ISA v3.1 Book III, 6.9.3.3). */
import { toBigint } from '../recorder';
import { STRUCTURE, type Invalidation } from '../invalidate';
import type { TlbStructure } from '../../trace/events/walk';
import { ENTRY_KIND, KEY } from './entry-key';
import type { SetAssociative } from './set-associative';

/** The STRUCTURE bit of each kind of entry. */
const BIT: Readonly<Record<'TLB' | 'PWC', readonly number[]>> = {
  TLB: [STRUCTURE.TLB_PROCESS, STRUCTURE.TLB_COMBINED, STRUCTURE.TLB_PARTITION],
  PWC: [STRUCTURE.PWC_PROCESS, STRUCTURE.PWC_PROCESS, STRUCTURE.PWC_PARTITION],
};

/** A predicate over the entries of one cache. */
export function matcher(
  what: Invalidation,
  cache: SetAssociative,
  structure: TlbStructure,
): (at: number, set: number) => boolean {
  const { words } = cache;
  const bits = structure === 'TLB' || structure === 'PWC' ? BIT[structure] : undefined;
  return (at, set) => {
    const kind = words[at + KEY.KIND]!;
    if (bits !== undefined && (what.structures & bits[kind]!) === 0) return false;
    if (what.lpid !== undefined && words[at + KEY.LPID] !== what.lpid) return false;
    // Congruence classes are the TLB's; the others go with the first of them.
    if (what.set !== undefined && set !== (structure === 'TLB' ? what.set : set)) return false;
    if (what.scope === 'partition') return kind !== ENTRY_KIND.PARTITION || overlaps(what, words, at);
    if (what.pid !== undefined && kind !== ENTRY_KIND.PARTITION && words[at + KEY.PID] !== what.pid)
      return false;
    return bits === undefined || overlaps(what, words, at);
  };
}

/** True where the entry's page and the one to be invalidated have a byte in common, or all are meant. */
function overlaps({ page }: Invalidation, words: Int32Array, at: number): boolean {
  if (page === undefined) return true;
  const shift = BigInt(Math.max(page.shift, words[at + KEY.SHIFT]!));
  const address = toBigint(words[at + KEY.HI]!, words[at + KEY.LO]!);
  return address >> shift === page.address >> shift;
}
