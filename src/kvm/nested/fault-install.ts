/**
 * The end of a page fault of a nested guest: the shadow entry is written and filed in the reverse map, unless the host
 * has begun to take the page away or there is no memory for it (Linux book3s_hv_nested.c, the end of
 * __kvmhv_nested_page_fault).
 */
import { PTE } from '../../../isa/tables/radix';
import { EAGAIN, ENOMEM } from '../errno';
import { CREATED } from '../guest/radix-table';
import { DSISR } from './fault-verdict';
import { offsetIn } from '../../mmu/halves';
import type { FaultWork, NestedFaultResult } from './fault-work';
import { dropList, noteEntry } from './host-events';
import type { Nested } from './nested';
import { reclaimShadow } from './nested-guests';
import type { InsertResult } from './rmap';
import { combineHalves } from './shadow-entry';

export const RESUME: NestedFaultResult = { kind: 'resume' };
const FRAME_HI = PTE.RPN.hi;
const FRAME_LO = PTE.RPN.lo;

/** Writes the shadow entry and files it, unless the host has begun to take the page away. */
export function install(nested: Nested, work: FaultWork): NestedFaultResult {
  const { vm } = nested;
  const { nGpa, l0, l1, shadow, story } = work;
  const gpa = l1.raddr;
  combineHalves(work, vm.geometry.shift);
  const gfn = Math.floor((gpa - offsetIn(gpa, l0.shift)) / vm.pageSize);
  const address = nGpa - offsetIn(nGpa, shadow.shift);
  story?.combined({ l0: l0.copy(), shadow: shadow.copy(), address, gfn });
  keepWithinLimit(nested);
  vm.mmuLock.lock();
  const made = vm.invalidate.retryGfn(work.seq, Math.floor(gpa / vm.pageSize))
    ? -EAGAIN
    : createEntry(nested, work, address);
  let filed: InsertResult | undefined;
  if (made === CREATED.INSERTED) filed = file(nested, work, address, gfn);
  vm.mmuLock.unlock();
  story?.filed(filed);
  if (made === -ENOMEM || filed === 'no memory') return outOfMemory(nested);
  return RESUME;
}

/** Writes the entry. One for another page is not joined with it, unless Linux is to be followed (hazard H-16). */
function createEntry(nested: Nested, { guest, shadow, old }: FaultWork, address: number): number {
  const { tree } = guest;
  const isOther =
    tree.look(address, old) &&
    old.shift === shadow.shift &&
    (((old.hi ^ shadow.hi) & FRAME_HI) | ((old.lo ^ shadow.lo) & FRAME_LO)) !== 0;
  if (isOther) {
    if (nested.isStrict('H-16')) nested.dropShadow(guest, address, 'other page');
    else nested.warn('H-16', `shadow entry at ${address.toString(16)} joins the frames of two pages`);
  }
  const before = guest.shadowBytes;
  guest.cause = 'other page size';
  guest.replacing = shadow.shift;
  const made = tree.createLeaf(address, shadow);
  guest.replacing = 0;
  nested.shadowBytes += guest.shadowBytes - before;
  return made;
}

/** Adds the mapping to the reverse map. Without it the entry must not stay: nothing would find it. */
function file(nested: Nested, work: FaultWork, nGpa: number, gfn: number): InsertResult {
  const { guest, slot, entry, l0 } = work;
  entry.lpid = guest.lpid;
  entry.nGpa = nGpa;
  const head = nested.headAt(slot, gfn);
  if (head < 0) {
    nested.warn('H-7', `the page of frame ${gfn} begins outside its slot: its mapping is not filed`);
    if (nested.isStrict('H-7')) nested.dropShadow(guest, nGpa, 'no place in the rmap');
    return 'duplicate';
  }
  const most = nested.listLimit(l0.shift);
  let result = nested.rmap.insert(head, entry, most);
  if (result === 'full') {
    nested.counters.listLimits++;
    nested.warn('H-1', `the rmap list of frame ${gfn} is full: its mappings are dropped`);
    const everything = { host: 0, bytes: Infinity };
    dropList(nested, { head, gfn, range: everything, cause: 'rmap list limit' });
    result = nested.rmap.insert(head, entry, most);
  }
  if (result === 'no memory') nested.dropShadow(guest, nGpa, 'no memory for the rmap');
  else if (result !== 'full' && nested.observer)
    noteEntry(nested, OPERATION[result], { gfn, entry, live: true });
  return result;
}

const OPERATION = { single: 'insert', promoted: 'promote', pushed: 'push', duplicate: 'duplicate' } as const;

/** Strict H-1: what is beyond the limit was dropped before; this makes room for one more path of tables. */
function keepWithinLimit(nested: Nested): void {
  if (nested.shadowBytes + nested.rmap.bytes >= nested.shadowBytesLimit) reclaimShadow(nested);
}

/** Strict: everything that can be made again goes, and the access faults again. Linux: it just faults again. */
function outOfMemory(nested: Nested): NestedFaultResult {
  if (!nested.isStrict('H-9')) return RESUME;
  const { heap } = nested.vm;
  const before = heap.liveBytes;
  reclaimShadow(nested);
  return heap.liveBytes < before ? RESUME : failed(nested, -ENOMEM);
}

/** An error of L0's own. Linux lets L1 take it for the fault itself; strict says that it cannot be served. */
export function failed(nested: Nested, errno: number): NestedFaultResult {
  nested.warn('H-9', `a nested fault cannot be served (errno ${-errno})`);
  return nested.isStrict('H-9') ? { kind: 'reflect', dsisr: DSISR.UNSUPP_MMU } : { kind: 'error', errno };
}
