/**
 * A page fault of a nested guest: L0 walks L1's tree, then its own for L1, combines both into a shadow entry and files
 * it in the reverse map, or tells L1 what is wrong (Linux book3s_hv_nested.c, __kvmhv_nested_page_fault). tlb_lock is
 * held and a read section of the memslots is open during all of it.
 */
import { PTE } from '../../../isa/tables/radix';
import { hiOf, loOf } from '../../core/u64';
import { has } from '../../core/bits';
import { EAGAIN, EINVAL, ENOMEM } from '../errno';
import { CREATED, type RadixLeaf } from '../guest/radix-table';
import type { MemSlot } from '../memslot';
import { runToEnd, type Steps } from '../steps';
import { BAD_FAULT, DSISR, USED_AN_ENTRY, verdictOf } from './fault-verdict';
import { dropList, noteEntry } from './host-events';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { reclaimShadow, refreshNested } from './nested-guests';
import { FaultStory } from './fault-story';
import type { InsertResult } from './rmap';
import { combine, type ShadowEntry } from './shadow-entry';

/** A fault as the hardware reported it. */
export interface NestedFault {
  readonly guest: NestedGuest;
  readonly fetch: boolean;
  /** HDSISR; for a fetch its equivalent from HSRR1. Signed int32. */
  readonly dsisr: number;
  readonly ea: bigint;
  readonly asdr: bigint;
}

/**
 * `resume`: enter the nested guest again; `reflect`: L1 gets the interrupt, with these registers where they differ from
 * the hardware's; `inject`: a data storage interrupt of the nested guest itself; `mmio`: no memory of L1 is there;
 * `error`: L0 failed.
 */
export type NestedFaultResult =
  | { readonly kind: 'resume' }
  | { readonly kind: 'reflect'; readonly dsisr?: number; readonly asdr?: number }
  | { readonly kind: 'inject'; readonly dsisr: number }
  | { readonly kind: 'mmio'; readonly gpa: bigint; readonly store: boolean }
  | { readonly kind: 'error'; readonly errno: number };

const RESUME: NestedFaultResult = { kind: 'resume' };
const REFLECT_AS_IT_IS: NestedFaultResult = { kind: 'reflect' };
const PAGE_BITS = 0xfffn;
const QUADRANT_BITS = 0xfn << 60n;
/** Larger real addresses of L1 are in no slot. */
const ADDRESS_LIMIT = 2 ** 52;

/** Deals with a fault at once. */
export function nestedPageFault(nested: Nested, fault: NestedFault): NestedFaultResult {
  return runToEnd(nestedPageFaultSteps(nested, fault));
}

/** The same with the points at which the host or another vCPU may change something. */
export function* nestedPageFaultSteps(nested: Nested, fault: NestedFault): Steps<NestedFaultResult> {
  nested.counters.faults++;
  const story = nested.observer && new FaultStory(fault, nGpaOf(fault));
  const token = nested.vm.srcu.readLock();
  // Another vCPU of the same nested guest may be at this.
  if (!fault.guest.tlbLock.tryLock()) yield* fault.guest.tlbLock.lockSteps('wait:tlb_lock');
  const result = yield* serve(nested, fault, story);
  fault.guest.tlbLock.unlock();
  nested.vm.srcu.readUnlock(token);
  story?.tell(nested, result);
  return result;
}

/** The address of the nested guest that has no translation. */
export function nGpaOf({ asdr, dsisr, ea }: NestedFault): bigint {
  const page = asdr & ~PAGE_BITS & ~QUADRANT_BITS;
  return (dsisr & DSISR.PRTABLE_FAULT) !== 0 ? page : page | (ea & PAGE_BITS);
}

function* serve(nested: Nested, fault: NestedFault, story: FaultStory | undefined): Steps<NestedFaultResult> {
  const { guest, fetch, dsisr } = fault;
  if (guest.pate0 === 0n) refreshNested(nested, guest);
  if (guest.pate0 === 0n) return REFLECT_AS_IT_IS;
  const store = (dsisr & DSISR.ISSTORE) !== 0;
  const nGpa = Number(nGpaOf(fault));
  const walk = nested.treeWalk;
  walk.walk({ hi: hiOf(guest.pate0), lo: loOf(guest.pate0) }, nGpa);
  story?.walked(walk);
  const wrong = verdictOf(walk, { store, fetch });
  if (wrong && (dsisr & USED_AN_ENTRY) !== 0) {
    // The hardware used an entry that L1 has changed since: without it the fault comes again and says what is wrong.
    invalidateAt(nested, guest, { nGpa, cause: 'stale shadow entry' });
    return RESUME;
  }
  if (wrong) return { kind: 'reflect', ...wrong };
  if ((dsisr & DSISR.SET_RC) !== 0) {
    const updated = updateBits(nested, guest, { nGpa, store });
    if (updated) return updated;
    if ((dsisr & (BAD_FAULT | DSISR.NOHPTE | DSISR.PROTFAULT)) === 0) return RESUME;
  }
  if (walk.shift < nested.vm.geometry.shift) return failed(nested, -EINVAL);
  return yield* map(nested, { ...fault, nGpa, store, story });
}

interface MapRequest extends NestedFault {
  readonly nGpa: number;
  readonly store: boolean;
  readonly story: FaultStory | undefined;
}

/** L1 permits the access: finds or makes L1's page present, then the shadow entry. */
function* map(nested: Nested, request: MapRequest): Steps<NestedFaultResult> {
  const { vm, treeWalk: walk } = nested;
  const { store, dsisr, ea } = request;
  const gpa = walk.raddr;
  const slot = gpa < ADDRESS_LIMIT ? vm.gfnToMemslot(Math.floor(gpa / vm.pageSize)) : null;
  if (!slot || slot.isInvalid) {
    if ((dsisr & (DSISR.PRTABLE_FAULT | DSISR.BADACCESS)) !== 0) return { kind: 'inject', dsisr };
    return { kind: 'mmio', gpa: BigInt(gpa) | (ea & PAGE_BITS), store };
  }
  if (slot.isReadonly && store) return { kind: 'inject', dsisr: DSISR.ISSTORE | DSISR.PROTFAULT };
  const { seq } = vm.invalidate;
  // The walk's result is another fault's after a yield.
  const page = { ...request, slot, seq, gpa, l1: copyPage(walk) };
  yield 'looked up';
  let leaf = findLeaf(nested, gpa);
  if (!leaf || (store && !has(leaf.pte, PTE.WRITE))) {
    const withinSlot = nested.isStrict('H-7');
    const result = nested.host.instantiate({ gpa, slot, store: store && !slot.isReadonly, withinSlot });
    if (result === -EAGAIN) return RESUME;
    if (result !== 0) return failed(nested, result);
    request.story?.instantiated();
    leaf = findLeaf(nested, gpa);
    if (!leaf) return RESUME;
  }
  yield 'resolved';
  return install(nested, page, leaf);
}

interface InstallRequest extends MapRequest {
  readonly slot: MemSlot;
  readonly seq: number;
  readonly gpa: number;
  readonly l1: ReturnType<typeof copyPage>;
}

const copyPage = ({ raddr, shift, mayRead, mayWrite, mayExecute, referenced, changed }: Nested['treeWalk']) => ({
  raddr, shift, mayRead, mayWrite, mayExecute, referenced, changed,
}); // prettier-ignore

/** Writes the shadow entry and files it, unless the host has begun to take the page away. */
function install(nested: Nested, request: InstallRequest, l0: RadixLeaf): NestedFaultResult {
  const { vm } = nested;
  const { guest, nGpa, store, slot, gpa, l1, seq, story } = request;
  const shadow = combine(l0, l1, { store, baseShift: vm.geometry.shift });
  const gfn = Math.floor((gpa - (gpa % 2 ** l0.shift)) / vm.pageSize);
  const address = nGpa - (nGpa % 2 ** shadow.shift);
  story?.combined({ l0, shadow, address, gfn });
  keepWithinLimit(nested);
  vm.mmuLock.lock();
  const made = vm.invalidate.retryGfn(seq, Math.floor(gpa / vm.pageSize))
    ? -EAGAIN
    : createEntry(nested, guest, { address, shadow });
  let filed: InsertResult | undefined;
  if (made === CREATED.INSERTED) filed = file(nested, { guest, nGpa: address, slot, gfn });
  vm.mmuLock.unlock();
  story?.filed(filed);
  if (made === -ENOMEM || filed === 'no memory') return outOfMemory(nested);
  return RESUME;
}

/** Writes the entry. One for another page is not joined with it, unless Linux is to be followed (hazard H-16). */
function createEntry(
  nested: Nested,
  guest: NestedGuest,
  { address, shadow }: { address: number; shadow: ShadowEntry },
): number {
  const old = guest.tree.find(address);
  if (old && old.shift === shadow.shift && ((old.pte ^ shadow.pte) & PTE.RPN.mask) !== 0n) {
    if (nested.isStrict('H-16')) nested.dropShadow(guest, address, 'other page');
    else nested.warn('H-16', `shadow entry at ${address.toString(16)} joins the frames of two pages`);
  }
  const before = guest.shadowBytes;
  guest.cause = 'other page size';
  guest.replacing = shadow.shift;
  const made = guest.tree.create({ gpa: address, pte: shadow.pte, shift: shadow.shift }, () => false);
  guest.replacing = 0;
  nested.shadowBytes += guest.shadowBytes - before;
  return made;
}

interface Filing {
  readonly guest: NestedGuest;
  readonly nGpa: number;
  readonly slot: MemSlot;
  readonly gfn: number;
}

/** Adds the mapping to the reverse map. Without it the entry must not stay: nothing would find it. */
function file(nested: Nested, { guest, nGpa, slot, gfn }: Filing): InsertResult {
  const entry = { lpid: guest.lpid, nGpa };
  const head = nested.headAt(slot, gfn);
  if (head < 0) {
    nested.warn('H-7', `the page of frame ${gfn} begins outside its slot: its mapping is not filed`);
    if (nested.isStrict('H-7')) nested.dropShadow(guest, nGpa, 'no place in the rmap');
    return 'duplicate';
  }
  let result = nested.rmap.insert(head, entry);
  if (result === 'full') {
    nested.counters.listLimits++;
    nested.warn('H-1', `the rmap list of frame ${gfn} is full: its mappings are dropped`);
    const everything = { host: 0, bytes: Infinity };
    dropList(nested, { head, gfn, range: everything, cause: 'rmap list limit' });
    result = nested.rmap.insert(head, entry);
  }
  if (result === 'no memory') nested.dropShadow(guest, nGpa, 'no memory for the rmap');
  else if (result !== 'full') noteEntry(nested, OPERATION[result], { gfn, entry, live: true });
  return result;
}

const OPERATION = { single: 'insert', promoted: 'promote', pushed: 'push', duplicate: 'duplicate' } as const;

/** Sets R, and C for a store, in L0's tree and the shadow tree; undefined where that is done. */
function updateBits(
  nested: Nested,
  guest: NestedGuest,
  { nGpa, store }: { nGpa: number; store: boolean },
): NestedFaultResult | undefined {
  const { treeWalk: walk, vm, host } = nested;
  if (!walk.referenced || (store && !walk.changed)) return REFLECT_AS_IT_IS;
  const bits = PTE.R.mask | (store ? PTE.C.mask : 0n);
  vm.mmuLock.lock();
  const l0 = walk.raddr < ADDRESS_LIMIT ? host.tree.find(walk.raddr) : undefined;
  const shadow = guest.tree.find(nGpa);
  const permits = (leaf: RadixLeaf | undefined): leaf is RadixLeaf =>
    leaf !== undefined && (!store || has(leaf.pte, PTE.WRITE));
  const done = permits(l0) && permits(shadow) && samePage(nested, { l0, shadow, raddr: walk.raddr, nGpa });
  if (done) {
    host.tree.replace(l0, l0.pte | bits);
    guest.tree.replace(shadow, shadow.pte | bits);
  } else nested.dropShadow(guest, nGpa, 'R/C cannot be set');
  vm.mmuLock.unlock();
  return done ? undefined : RESUME;
}

/** The shadow entry maps what L1's tables say now: else the bits would be recorded for another page (H-16). */
function samePage(
  nested: Nested,
  { l0, shadow, raddr, nGpa }: { l0: RadixLeaf; shadow: RadixLeaf; raddr: number; nGpa: number },
): boolean {
  if (!nested.isStrict('H-16')) return true;
  const byL0 = Number(l0.pte & PTE.RPN.mask) + (raddr % 2 ** l0.shift);
  const byShadow = Number(shadow.pte & PTE.RPN.mask) + (nGpa % 2 ** shadow.shift);
  return byL0 - (byL0 % nested.vm.pageSize) === byShadow - (byShadow % nested.vm.pageSize);
}

function findLeaf(nested: Nested, gpa: number): RadixLeaf | undefined {
  nested.vm.mmuLock.lock();
  const leaf = nested.host.tree.find(gpa);
  nested.vm.mmuLock.unlock();
  return leaf;
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
function failed(nested: Nested, errno: number): NestedFaultResult {
  nested.warn('H-9', `a nested fault cannot be served (errno ${-errno})`);
  return nested.isStrict('H-9') ? { kind: 'reflect', dsisr: DSISR.UNSUPP_MMU } : { kind: 'error', errno };
}
