/**
 * H_RESIZE_HPT_PREPARE and H_RESIZE_HPT_COMMIT: a table of another size takes the place of the guest's (Linux
 * book3s_64_mmu_hv.c, resize_hpt_*; checks, statuses and their order as QEMU hw/ppc/spapr_hcall.c, which answers them).
 *
 * | state   | prepare, same order           | prepare, other order  | prepare 0 | commit, same order        | commit, other |
 * | ------- | ----------------------------- | --------------------- | --------- | ------------------------- | ------------- |
 * | none    | -> waiting, H_LONG_BUSY       | the same              | H_SUCCESS | H_CLOSED                  | H_CLOSED      |
 * | waiting | -> ready, result; or -> none  | -> waiting for that   | -> none   | H_BUSY                    | H_CLOSED      |
 * | ready   | H_SUCCESS                     | -> waiting for that   | -> none   | -> none, result           | H_CLOSED      |
 *
 * What takes time in a kernel takes {@link POLLS_UNTIL_READY} calls here, in every run the same.
 */
import { HPTE0, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { has } from '../../core/bits';
import { H } from '../hypercalls/status';
import type { HptGuest } from './guest';
import { addressOfEntry, groupOf, hashOf } from './hash';
import { HPTE_SW, isInUse, pageOf } from './hpte';
import { naturalOrder } from './size';
import { LARGEST_ORDER, SMALLEST_ORDER, type HashedPageTable } from './table';

/** Calls of prepare after the first one until it is done. */
const POLLS_UNTIL_READY = 1;

/** @param order log2 of the bytes; 0 gives up what is being prepared */
export function prepareResize(hpt: HptGuest, flags: bigint, order: bigint): number {
  if (!hpt.isActive) return H.NOT_AVAILABLE;
  if (flags !== 0n || !isOrder(order)) return H.PARAMETER;
  if (order > BigInt(naturalOrder(memoryOf(hpt)) + 1)) return H.RESOURCE;
  const { pending } = hpt;
  if (pending?.order === Number(order)) {
    if (pending.polls > 0 && --pending.polls > 0) return H.LONG_BUSY_ORDER_100_MSEC;
    if (pending.table) return H.SUCCESS;
    hpt.pending = undefined;
    return H.NO_MEM;
  }
  cancelResize(hpt);
  if (order === 0n) return H.SUCCESS;
  const wanted = Number(order);
  hpt.pending = { order: wanted, table: hpt.allocateTable(wanted), polls: POLLS_UNTIL_READY };
  return H.LONG_BUSY_ORDER_100_MSEC;
}

export function commitResize(hpt: HptGuest, flags: bigint, order: bigint): number {
  if (!hpt.isActive) return H.NOT_AVAILABLE;
  if (flags !== 0n || !isOrder(order)) return H.PARAMETER;
  const { pending } = hpt;
  if (pending?.order !== Number(order)) return H.CLOSED;
  // choice: it is still being prepared, as PAPR and QEMU have it; Linux gives it up.
  if (pending.polls > 0) return H.BUSY;
  if (!pending.table) {
    hpt.pending = undefined;
    return H.NO_MEM;
  }
  return exchange(hpt, pending.table);
}

const isOrder = (order: bigint): boolean =>
  order === 0n || (order >= BigInt(SMALLEST_ORDER) && order <= BigInt(LARGEST_ORDER));

/** Bytes of the guest's memory. */
const memoryOf = ({ vm }: HptGuest): number => vm.nrMemslotPages * vm.pageSize;

/** Gives up a resize that is being prepared. */
export function cancelResize(hpt: HptGuest): void {
  hpt.pending?.table?.free();
  hpt.pending = undefined;
}

/** Copies what is bolted and puts the new table in place of the old one; or keeps the old one. */
function exchange(hpt: HptGuest, next: HashedPageTable): number {
  const { vm } = hpt;
  const old = hpt.current;
  vm.mmuLock.lock();
  const fits = rehash(hpt, next);
  hpt.pending = undefined;
  if (fits) hpt.use(next);
  vm.mmuLock.unlock();
  (fits ? old : next).free();
  hpt.forgetMmio();
  hpt.counters.resizes += Number(fits);
  return fits ? H.SUCCESS : H.PTEG_FULL;
}

/** @returns false where two bolted entries have the same place: the old table is complete, but nothing in it valid */
function rehash(hpt: HptGuest, next: HashedPageTable): boolean {
  for (let index = 0; index < hpt.current.entries; index++)
    if (!hpt.current.isFree(index) && !move(hpt, index, next)) return false;
  return true;
}

function move(hpt: HptGuest, index: number, next: HashedPageTable): boolean {
  const { current } = hpt;
  const before = current.read(index);
  const page = hpt.pageAt(index, before.v);
  const ring = page && has(before.v, HPTE0.V) ? hpt.ringOf(page) : undefined;
  if (page && ring) hpt.invalidate(index, { ...ring, page });
  const entry = current.read(index);
  const size = pageOf(entry);
  if (!has(entry.v, HPTE_SW.BOLTED) || !size) return true;
  const secondary = has(entry.v, HPTE0.H);
  const at = addressOfEntry(entry.v, size.base, { index, groups: current.groups });
  const group = groupOf(hashOf(at, size.base), next.groups, secondary);
  const place = group * PTEG_SLOTS + (index % PTEG_SLOTS);
  if (isInUse(next.read(place).v)) return false;
  next.setGuestR(place, current.guestR(index));
  next.write(place, entry);
  return true;
}
