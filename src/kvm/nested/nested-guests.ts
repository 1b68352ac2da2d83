/**
 * The life of nested guests: found or made on first use, read again when L1 changed its partition table, emptied,
 * removed, released (Linux book3s_hv_nested.c, kvmhv_get_nested, kvmhv_put_nested, kvmhv_flush_nested and the
 * functions around them). L1 announces none of it: records are caches.
 */
import { partitionEntry0 } from '../guest/radix-format';
import type { RadixLeaf } from '../guest/radix-leaf';
import { PTE } from '../../../isa/tables/radix';
import { NO_LPID } from '../partitions';
import { runToEnd, type Steps } from '../steps';
import type { Nested } from './nested';
import { NestedGuest } from './nested-guest';
import { note } from './observer';
import { MAX_NESTED_LPIDS } from './rmap-entry';

/** The record of an LPID with a reference for the caller, or undefined. It is not made. */
export function getNested(nested: Nested, lpid: number): NestedGuest | undefined {
  if (!isUsableLpid(nested, lpid)) return undefined;
  nested.vm.mmuLock.lock();
  const guest = nested.find(lpid);
  if (guest) guest.references++;
  nested.vm.mmuLock.unlock();
  return guest;
}

/** The same; a record that is not there is made. Undefined where L1 may not use the LPID or L0 has no room. */
export function getOrCreateNested(nested: Nested, lpid: number): NestedGuest | undefined {
  return getNested(nested, lpid) ?? runToEnd(getOrCreateNestedSteps(nested, lpid));
}

/** {@link getOrCreateNested} with the points at which another vCPU may run. */
export function* getOrCreateNestedSteps(nested: Nested, lpid: number): Steps<NestedGuest | undefined> {
  const found = getNested(nested, lpid);
  if (found || !isUsableLpid(nested, lpid)) return found;
  yield 'looked up';
  const made = create(nested, lpid);
  if (!made) return undefined;
  if (nested.reserved.has(lpid) || nested.guests.has(lpid)) {
    destroy(nested, made);
    if (!nested.isStrict('H-5')) {
      nested.warn('H-5', `LPID ${lpid} is being entered by another vCPU: this one fails`);
      return undefined;
    }
    while (nested.reserved.has(lpid)) yield 'wait:retry';
    return getNested(nested, lpid);
  }
  nested.reserved.add(lpid);
  yield 'resolved';
  nested.vm.mmuLock.lock();
  nested.guests.set(lpid, made);
  nested.reserved.delete(lpid);
  made.references = 2;
  nested.vm.mmuLock.unlock();
  noteGuest(nested, made, 'create');
  return made;
}

/** Gives a reference back; the last one releases the record. */
export function putNested(nested: Nested, guest: NestedGuest): void {
  nested.vm.mmuLock.lock();
  const left = --guest.references;
  nested.vm.mmuLock.unlock();
  if (left === 0) destroy(nested, guest);
  // Strict: what was to be removed while somebody used it goes now, if L1 did not bring it back.
  else if (left === 1 && guest.isOrphan && nested.guests.get(guest.lpid) === guest) {
    if (guest.pate0 === 0n) removeNested(nested, guest, 'last user left');
    else guest.isOrphan = false;
  }
}

/** Reads L1's partition table entry again and tells the hardware. @returns false where it cannot be read */
export function refreshNested(nested: Nested, guest: NestedGuest): boolean {
  const entry = nested.readPartitionEntry(guest.lpid);
  [guest.pate0, guest.pate1] = entry ?? [0n, 0n];
  if (!entry)
    nested.warn('H-14', `partition table entry of LPID ${guest.lpid} cannot be read: it counts as empty`);
  writeShadowEntry(nested, guest);
  noteGuest(nested, guest, 'refresh');
  return entry !== undefined;
}

/** Empties the shadow tree. tlb_lock held, mmu_lock not. */
export function clearShadow(nested: Nested, guest: NestedGuest, cause: string): void {
  nested.vm.mmuLock.lock();
  clearTree(nested, guest, cause);
  nested.vm.mmuLock.unlock();
}

/** RIC=2: empties the tree, reads the entry again and removes the guest where there is none any more. */
export function flushNested(nested: Nested, guest: NestedGuest, cause: string): void {
  clearShadow(nested, guest, cause);
  refreshNested(nested, guest);
  if (guest.pate0 !== 0n) return;
  const usedByOthers = guest.references > 2;
  if (nested.isStrict('H-6') && usedByOthers) guest.isOrphan = true;
  else removeNested(nested, guest, cause);
}

/** Takes a guest out of the map; whoever uses it still does. @param cause for traces */
export function removeNested(nested: Nested, guest: NestedGuest, cause: string): void {
  nested.vm.mmuLock.lock();
  const mapped = nested.guests.get(guest.lpid) === guest;
  if (mapped) {
    nested.guests.delete(guest.lpid);
    guest.references--;
  }
  const left = guest.references;
  nested.vm.mmuLock.unlock();
  if (mapped) noteGuest(nested, guest, 'remove', cause);
  if (left === 0) destroy(nested, guest);
  else if (mapped && left > 1) {
    guest.isOrphan = true;
    nested.orphans.add(guest);
    nested.warn(
      'H-6',
      `nested guest ${guest.lpid} is removed while in use: its shadow entries are lost to the rmap`,
    );
  }
}

/** Every nested guest and every rmap list goes: the VM ends, or becomes an HPT guest. */
export function releaseAllNested(nested: Nested): void {
  const { vm } = nested;
  vm.mmuLock.lock();
  const released = [...nested.guests.values()];
  nested.guests.clear();
  for (const guest of released) guest.references--;
  vm.mmuLock.unlock();
  for (const guest of released) if (guest.references === 0) destroy(nested, guest);
  freeAllRmaps(nested);
}

/**
 * Strict H-1 and H-9: shadow tables and lists have taken all the memory they may. All of them go, records that nobody
 * uses too; what is needed is faulted in again.
 */
export function reclaimShadow(nested: Nested): void {
  nested.counters.reclaims++;
  for (const guest of [...nested.guests.values()]) {
    if (guest.references === 1) removeNested(nested, guest, 'memory limit');
    else clearShadow(nested, guest, 'memory limit');
  }
  for (const orphan of nested.orphans) clearShadow(nested, orphan, 'memory limit');
  freeAllRmaps(nested);
}

/** L1 LPIDs of nested guests, ascending. */
export const nestedLpids = (nested: Nested): number[] => [...nested.guests.keys()].sort((a, b) => a - b);

/** The LPID exists in L1's table; 0 is refused unless Linux is to be followed. */
function isUsableLpid(nested: Nested, lpid: number): boolean {
  if (lpid < 0 || lpid >= Math.min(nested.tableEntries, MAX_NESTED_LPIDS)) return false;
  if (lpid !== 0) return true;
  nested.warn('H-3', 'LPID 0 is used for a nested guest');
  return !nested.isStrict('H-3');
}

function create(nested: Nested, lpid: number): NestedGuest | undefined {
  if (nested.shadowBytes + nested.rmap.bytes >= nested.shadowBytesLimit) reclaimShadow(nested);
  return tryCreate(nested, lpid) ?? retryCreate(nested, lpid);
}

/** Memory or LPIDs are short: records that nobody uses give theirs back. */
function retryCreate(nested: Nested, lpid: number): NestedGuest | undefined {
  if (!nested.isStrict('H-1')) return undefined;
  reclaimShadow(nested);
  return tryCreate(nested, lpid);
}

/** A record with these numbers, nothing else: with a new shadow tree, or with one that exists. */
export function adoptedGuest(
  nested: Nested,
  identity: { readonly lpid: number; readonly shadowLpid: number; readonly root?: number },
): NestedGuest {
  const { vm, host } = nested;
  return new NestedGuest({
    ...identity,
    vm,
    dropped: (from, address, leaf) => shadowDropped(nested, from, address, leaf),
    tableRemoved: (from) => host.tlb.walkCache(from.shadowLpid),
  });
}

function tryCreate(nested: Nested, lpid: number): NestedGuest | undefined {
  const { host } = nested;
  const shadowLpid = host.partitions.allocate();
  if (shadowLpid === NO_LPID) return undefined;
  const guest = adoptedGuest(nested, { lpid, shadowLpid });
  if (guest.tree.root < 0) {
    host.partitions.free(shadowLpid);
    return undefined;
  }
  nested.shadowBytes += guest.shadowBytes;
  return guest;
}

/** A shadow entry went: what the hardware has cached of it goes too. */
function shadowDropped(nested: Nested, guest: NestedGuest, address: number, leaf: RadixLeaf): void {
  const { observer } = nested;
  let flushed = address;
  if (guest.replacing > leaf.shift && !nested.isStrict('H-4')) {
    flushed = Number(leaf.pte & PTE.RPN.mask);
    nested.warn('H-4', `shadow entry of ${address.toString(16)} flushed at ${flushed.toString(16)}`);
  }
  nested.host.tlb.page(guest.shadowLpid, flushed, leaf.shift);
  if (observer)
    note(observer, {
      ev: 'shadow.invalidate',
      lpid: guest.lpid,
      shadowLpid: guest.shadowLpid,
      cause: guest.cause,
      nGpa: BigInt(address),
      pte: leaf.pte,
      shift: leaf.shift,
    });
}

function clearTree(nested: Nested, guest: NestedGuest, cause: string): void {
  const { tables } = guest.tree;
  const before = guest.shadowBytes;
  // An empty tree is not written again: its root directory alone has 64 KiB.
  if (tables > 0) guest.tree.clear();
  nested.shadowBytes -= before - guest.shadowBytes;
  nested.host.tlb.partition(guest.shadowLpid);
  if (nested.observer)
    note(nested.observer, {
      ev: 'shadow.invalidate',
      lpid: guest.lpid,
      shadowLpid: guest.shadowLpid,
      cause,
      tables,
    });
}

function destroy(nested: Nested, guest: NestedGuest): void {
  const { host } = nested;
  nested.shadowBytes -= guest.shadowBytes;
  nested.orphans.delete(guest);
  guest.tree.destroy();
  host.partitions.free(guest.shadowLpid);
  host.tlb.partition(guest.shadowLpid);
  noteGuest(nested, guest, 'release');
}

/** Doubleword 1 is L1's own: the process table has an address that the shadow tree translates. */
function writeShadowEntry(nested: Nested, guest: NestedGuest): void {
  const { partitions, tlb } = nested.host;
  const dw0 = partitionEntry0(guest.tree.root);
  const [old0, old1] = partitions.get(guest.shadowLpid);
  // As it is already: no cache has anything else.
  if (old0 === dw0 && old1 === guest.pate1) return;
  partitions.set(guest.shadowLpid, dw0, guest.pate1);
  tlb.partition(guest.shadowLpid);
}

function freeAllRmaps(nested: Nested): void {
  const { vm, rmap } = nested;
  vm.mmuLock.lock();
  for (let asId = 0; asId < vm.sets.count; asId++)
    for (const slot of vm.sets.active(asId).slots())
      for (let gfn = slot.baseGfn; gfn < slot.endGfn; gfn++) {
        const head = nested.headAt(slot, gfn);
        if (head >= 0) rmap.take(head);
      }
  vm.mmuLock.unlock();
}

function noteGuest(
  nested: Nested,
  guest: NestedGuest,
  op: 'create' | 'refresh' | 'remove' | 'release',
  cause?: string,
): void {
  const { observer } = nested;
  if (!observer) return;
  const { lpid, shadowLpid, pate0, pate1 } = guest;
  const why = cause === undefined ? {} : { cause };
  note(observer, { ev: 'nested.guest', op, lpid, shadowLpid, ...why, pate0, pate1 });
}
