/**
 * A page fault of a nested guest: L0 walks L1's tree, then its own for L1, combines both into a shadow entry and files
 * it in the reverse map (fault-install.ts), or tells L1 what is wrong (Linux book3s_hv_nested.c,
 * __kvmhv_nested_page_fault). tlb_lock is held and a read section of the memslots is open during all of it.
 */
import { PTE } from '../../../isa/tables/radix';
import { EAGAIN, EINVAL } from '../errno';
import type { FoundLeaf } from '../guest/found-leaf';
import type { SrcuToken } from '../locks';
import type { Steps } from '../steps';
import { failed, install, RESUME } from './fault-install';
import { FaultStory } from './fault-story';
import { BAD_FAULT, DSISR, USED_AN_ENTRY, verdictOf } from './fault-verdict';
import { FaultWork, type NestedFault, type NestedFaultResult } from './fault-work';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { refreshNested } from './nested-guests';

export type { NestedFault, NestedFaultResult } from './fault-work';

const REFLECT_AS_IT_IS: NestedFaultResult = { kind: 'reflect' };
const WRITE = PTE.WRITE.lo;
/** Larger real addresses of L1 are in no slot. */
const ADDRESS_LIMIT = 2 ** 52;

/** Deals with a fault at once: nobody else runs meanwhile. */
export function nestedPageFault(nested: Nested, fault: NestedFault): NestedFaultResult {
  const work = nested.faultWork;
  const token = open(nested, work, fault);
  fault.guest.tlbLock.lock();
  const result =
    judge(nested, work) ?? lookUp(nested, work) ?? resolve(nested, work) ?? install(nested, work);
  return close(nested, work, { token, result });
}

/** The same with the points at which the host or another vCPU may change something. */
export function* nestedPageFaultSteps(nested: Nested, fault: NestedFault): Steps<NestedFaultResult> {
  const work = new FaultWork();
  const token = open(nested, work, fault);
  // Another vCPU of the same nested guest may be at this.
  if (!fault.guest.tlbLock.tryLock()) yield* fault.guest.tlbLock.lockSteps('wait:tlb_lock');
  let result = judge(nested, work) ?? lookUp(nested, work);
  if (!result) {
    yield 'looked up';
    result = resolve(nested, work);
  }
  if (!result) {
    yield 'resolved';
    result = install(nested, work);
  }
  return close(nested, work, { token, result });
}

function open(nested: Nested, work: FaultWork, fault: NestedFault): SrcuToken {
  nested.counters.faults++;
  work.begin(fault);
  if (nested.observer) work.story = new FaultStory(fault, BigInt(work.nGpa));
  return nested.vm.srcu.readLock();
}

function close(
  nested: Nested,
  { guest, story }: FaultWork,
  { token, result }: { token: SrcuToken; result: NestedFaultResult },
): NestedFaultResult {
  guest.tlbLock.unlock();
  nested.vm.srcu.readUnlock(token);
  story?.tell(nested, result);
  return result;
}

/** What L1's tables say, and the bits that they let L0 set; undefined: the page is to be mapped. */
function judge(nested: Nested, work: FaultWork): NestedFaultResult | undefined {
  const { guest, dsisr, l1 } = work;
  if (!guest.hasTable) refreshNested(nested, guest);
  if (!guest.hasTable) return REFLECT_AS_IT_IS;
  const walk = nested.treeWalk;
  walk.walk(guest.root, work.nGpa);
  work.story?.walked(walk);
  const wrong = verdictOf(walk, work);
  if (wrong && (dsisr & USED_AN_ENTRY) !== 0) {
    // The hardware used an entry that L1 has changed since: without it the fault comes again and says what is wrong.
    invalidateAt(nested, guest, { nGpa: work.nGpa, cause: 'stale shadow entry' });
    return RESUME;
  }
  if (wrong) return { kind: 'reflect', ...wrong };
  if ((dsisr & DSISR.SET_RC) !== 0) {
    const updated = updateBits(nested, work);
    if (updated) return updated;
    if ((dsisr & (BAD_FAULT | DSISR.NOHPTE | DSISR.PROTFAULT)) === 0) return RESUME;
  }
  if (walk.shift < nested.vm.geometry.shift) return failed(nested, -EINVAL);
  // The walk's result is another fault's after a yield.
  l1.raddr = walk.raddr;
  l1.shift = walk.shift;
  l1.lo = walk.pteLo;
  return undefined;
}

/** L1 permits the access: the slot that has its page. */
function lookUp({ vm }: Nested, work: FaultWork): NestedFaultResult | undefined {
  const { store, dsisr } = work;
  const gpa = work.l1.raddr;
  const slot = gpa < ADDRESS_LIMIT ? vm.gfnToMemslot(Math.floor(gpa / vm.pageSize)) : null;
  if (!slot || slot.isInvalid) {
    if ((dsisr & (DSISR.PRTABLE_FAULT | DSISR.BADACCESS)) !== 0) return { kind: 'inject', dsisr };
    return { kind: 'mmio', gpa: BigInt(gpa) | BigInt(work.pageOffset), store };
  }
  if (slot.isReadonly && store) return { kind: 'inject', dsisr: DSISR.ISSTORE | DSISR.PROTFAULT };
  work.slot = slot;
  work.seq = vm.invalidate.seq;
  return undefined;
}

/** L1's page as L0's tree has it; L0 makes it present, or writable, where it is not. */
function resolve(nested: Nested, work: FaultWork): NestedFaultResult | undefined {
  const { store, slot, l0 } = work;
  const gpa = work.l1.raddr;
  if (findLeaf(nested, gpa, l0) && (!store || (l0.lo & WRITE) !== 0)) return undefined;
  const withinSlot = nested.isStrict('H-7');
  const result = nested.host.instantiate({ gpa, slot, store: store && !slot.isReadonly, withinSlot });
  if (result === -EAGAIN) return RESUME;
  if (result !== 0) return failed(nested, result);
  work.story?.instantiated();
  return findLeaf(nested, gpa, l0) ? undefined : RESUME;
}

/** Sets R, and C for a store, in L0's tree and the shadow tree; undefined where that is done. */
function updateBits(nested: Nested, work: FaultWork): NestedFaultResult | undefined {
  const { treeWalk: walk, vm, host } = nested;
  const { guest, nGpa, store, l0, shadow } = work;
  if (!walk.referenced || (store && !walk.changed)) return REFLECT_AS_IT_IS;
  const bits = PTE.R.lo | (store ? PTE.C.lo : 0);
  vm.mmuLock.lock();
  const done =
    walk.raddr < ADDRESS_LIMIT &&
    permits(host.tree.look(walk.raddr, l0), l0, store) &&
    permits(guest.tree.look(nGpa, shadow), shadow, store) &&
    samePage(nested, work);
  if (done) {
    host.tree.setBits(l0, bits);
    guest.tree.setBits(shadow, bits);
  } else nested.dropShadow(guest, nGpa, 'R/C cannot be set');
  vm.mmuLock.unlock();
  return done ? undefined : RESUME;
}

const permits = (found: boolean, { lo }: FoundLeaf, store: boolean): boolean =>
  found && (!store || (lo & WRITE) !== 0);

/** The shadow entry maps what L1's tables say now: else the bits would be recorded for another page (H-16). */
function samePage(nested: Nested, { l0, shadow, nGpa }: FaultWork): boolean {
  if (!nested.isStrict('H-16')) return true;
  const { pageSize } = nested.vm;
  const byL0 = l0.frame + (nested.treeWalk.raddr % 2 ** l0.shift);
  const byShadow = shadow.frame + (nGpa % 2 ** shadow.shift);
  return byL0 - (byL0 % pageSize) === byShadow - (byShadow % pageSize);
}

function findLeaf(nested: Nested, gpa: number, leaf: FoundLeaf): boolean {
  nested.vm.mmuLock.lock();
  const found = nested.host.tree.look(gpa, leaf);
  nested.vm.mmuLock.unlock();
  return found;
}

function invalidateAt(
  nested: Nested,
  guest: NestedGuest,
  { nGpa, cause }: { nGpa: number; cause: string },
): void {
  nested.vm.mmuLock.lock();
  nested.dropShadow(guest, nGpa, cause);
  nested.vm.mmuLock.unlock();
}
