/** H_SET_PARTITION_TABLE: where L1 keeps the partition table of its nested guests (kvmhv_set_partition_table). */
import { PTCR } from '../../../isa/registers/translation';
import { get } from '../../core/bits';
import { H } from '../hypercalls/status';
import { isVisibleGfn } from '../translate';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { clearShadow, getNested, nestedLpids, putNested, refreshNested, removeNested } from './nested-guests';

/** log2 of the entries: that of PATS = 0, and of as many as an rmap entry can name. */
const SMALLEST = 8n;
const LARGEST = 12n;
const GFN_LIMIT = 2 ** 52;

/** True where a table of this size may be registered. */
export const isPartitionTable = (ptcr: bigint): boolean => get(ptcr, PTCR.PATS) + SMALLEST <= LARGEST;

/** @param ptcr base and size as PTCR has them; other bits are kept and not looked at @returns a status */
export function setPartitionTable(nested: Nested, ptcr: bigint): number {
  const { vm } = nested;
  if (!isPartitionTable(ptcr)) return H.PARAMETER;
  const gfn = Number((ptcr & PTCR.PATB.mask) / BigInt(vm.pageSize));
  const token = vm.srcu.readLock();
  const visible = gfn < GFN_LIMIT && isVisibleGfn(vm, gfn);
  vm.srcu.readUnlock(token);
  if (!visible) return H.PARAMETER;
  nested.l1Ptcr = ptcr;
  if (nested.isStrict('H-12')) readAllAgain(nested);
  return H.SUCCESS;
}

/** Nested guests of the old table go, or become those of the new one. */
function readAllAgain(nested: Nested): void {
  for (const lpid of nestedLpids(nested)) {
    const guest = getNested(nested, lpid);
    if (!guest) {
      // Beyond the new table: nobody could reach it any more.
      const unreachable = nested.guests.get(lpid)!;
      clearShadow(nested, unreachable, 'partition table changed');
      removeNested(nested, unreachable, 'partition table changed');
      continue;
    }
    if (!isAsRead(nested, guest)) {
      clearShadow(nested, guest, 'partition table changed');
      refreshNested(nested, guest);
    }
    putNested(nested, guest);
  }
}

/** The new table has the same entry: what L0 made of it is as good as before. */
function isAsRead(nested: Nested, { lpid, pate0, pate1 }: NestedGuest): boolean {
  const entry = nested.readPartitionEntry(lpid);
  return entry !== undefined && entry[0] === pate0 && entry[1] === pate1;
}
