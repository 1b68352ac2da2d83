/**
 * One slot update from prepare to commit, in the exact order of Linux virt/kvm/kvm_main.c (kvm_set_memslot and what
 * it calls): edit the inactive set, swap, wait for the readers, repeat the edit on the other set. Yield points let
 * readers, faults and notifiers run where they can in a kernel.
 */
import { InternalError } from '../core/errors';
import type { MemslotStep } from '../trace/events/memslot';
import type { MemslotChange, MemslotUpdate } from './arch';
import { ENOMEM } from './errno';
import { KVM_MEMSLOT_INVALID, type MemSlot } from './memslot';
import { generationBits, isUpdating, UPDATE_IN_PROGRESS } from './memslot-set';
import { report } from './observer';
import type { Steps } from './steps';
import type { Kvm } from './vm';

/** Deletes and moves make the old slot unusable first, in an activation of its own. */
const invalidatesFirst = (change: MemslotChange): boolean => change === 'delete' || change === 'move';

/**
 * Makes a change that was validated. slots_lock is held.
 *
 * @returns 0, -ENOMEM or the error of the arch's prepare hook; after an error both sets are as before, and the caller
 *   still owns `next`
 */
export function* setMemslot(vm: Kvm, update: MemslotUpdate): Steps<number> {
  const { old, next, change } = update;
  vm.slotsLock.assertHeld();
  yield* vm.slotsArchLock.lockSteps('wait:slots_arch_lock');
  let invalid: MemSlot | null = null;
  if (invalidatesFirst(change)) {
    invalid = vm.allocateSlot();
    if (!invalid) {
      vm.slotsArchLock.unlock();
      return -ENOMEM;
    }
    yield* invalidateSlot(vm, old!, invalid);
  }
  yield 'prepare';
  const result = prepare(vm, update);
  if (result !== 0) {
    yield* rollBack(vm, old, invalid);
    return result;
  }
  replace(vm, old, next);
  yield* activate(vm, invalid ?? old, next);
  if (invalid) vm.pool.free(invalid);
  yield 'commit';
  commit(vm, update);
  return 0;
}

/** Lets readers find a copy of the slot that translates nothing, then drops the mappings made through it. */
function* invalidateSlot(vm: Kvm, old: MemSlot, invalid: MemSlot): Steps<void> {
  invalid.copyFrom(old);
  invalid.flags |= KVM_MEMSLOT_INVALID;
  replace(vm, old, invalid);
  yield* swapActive(vm, old.asId);
  yield 'flush';
  // `old`, not the INVALID copy: the arch never sees an INVALID slot, and may use only what both share.
  vm.arch.flushShadowMemslot(old);
  note(vm, 'flush', old.asId);
  vm.arch.guestMemoryReclaimed();
  note(vm, 'reclaimed', old.asId);
  yield 'relock';
  yield* vm.slotsArchLock.lockSteps('wait:slots_arch_lock');
  note(vm, 'lock', old.asId);
  // Arch data may have changed while the lock was free, through the slot that readers found meanwhile.
  old.rmap = invalid.rmap;
  note(vm, 'copy-arch', old.asId);
}

/** Swaps back to the set that still holds the slot, and puts it in the other set too. */
function* rollBack(vm: Kvm, old: MemSlot | null, invalid: MemSlot | null): Steps<void> {
  if (!invalid) {
    vm.slotsArchLock.unlock();
    return;
  }
  note(vm, 'rollback', invalid.asId);
  yield* activate(vm, invalid, old);
  vm.pool.free(invalid);
}

/** Makes the edited set active and repeats the edit on the one that was active before. */
function* activate(vm: Kvm, old: MemSlot | null, next: MemSlot | null): Steps<void> {
  const { asId } = (next ?? old)!;
  yield* swapActive(vm, asId);
  vm.sets.settle(old, next);
  note(vm, 'settle', asId);
}

/**
 * Publishes the inactive set and waits until nobody reads the other one. slots_arch_lock is held on entry and free
 * on return: readers may wait for it, and the writer must not wait for them while it has it.
 */
function* swapActive(vm: Kvm, asId: number): Steps<void> {
  const set = vm.sets.inactive(asId);
  const { generation } = vm.sets.active(asId);
  if (isUpdating(generation)) throw new InternalError('slot update begun within another');
  set.generation = generation + UPDATE_IN_PROGRESS;
  yield 'invalidations';
  // No yield between the test and the publish: a notifier's start and end must walk the same set.
  while (vm.invalidate.activeCount > 0) {
    vm.invalidate.hasWaitingUpdate = true;
    yield 'wait:invalidations';
  }
  vm.invalidate.hasWaitingUpdate = false;
  vm.sets.publish(asId);
  const before = vm.srcu.startGracePeriod();
  noteActivation(vm, asId);
  vm.slotsArchLock.unlock();
  yield 'grace';
  while (!vm.srcu.isGracePeriodOver(before)) yield 'wait:readers';
  note(vm, 'grace', asId);
  const settled = generation + vm.sets.count;
  vm.arch.memslotsUpdated(settled);
  note(vm, 'updated', asId);
  set.generation = settled;
  note(vm, 'generation', asId);
}

function replace(vm: Kvm, old: MemSlot | null, next: MemSlot | null): void {
  vm.sets.replace(old, next);
  note(vm, 'replace', (next ?? old)!.asId);
}

/** Dirty bitmap and arch data of the new slot. */
function prepare(vm: Kvm, update: MemslotUpdate): number {
  const { old, next } = update;
  note(vm, 'prepare', (next ?? old)!.asId);
  if (next) {
    next.dirtyBitmap = next.logsDirtyPages ? (old?.dirtyBitmap ?? null) : null;
    if (next.logsDirtyPages && !next.dirtyBitmap && vm.usesDirtyBitmap) {
      next.dirtyBitmap = vm.allocateBitmap(next.npages);
      if (!next.dirtyBitmap) return -ENOMEM;
      if (vm.manualDirtyLogProtect === 'initially set') next.dirtyBitmap.setAll();
    }
  }
  const result = vm.arch.prepareMemoryRegion(update);
  if (result !== 0 && next && !old?.dirtyBitmap) vm.freeBitmap(next);
  return result;
}

/** The change is in effect: count it, tell the arch, free what nobody can reach any more. Cannot fail. */
function commit(vm: Kvm, update: MemslotUpdate): void {
  const { old, next, change } = update;
  const asId = (next ?? old)!.asId;
  if (change === 'delete') vm.nrMemslotPages -= old!.npages;
  else if (change === 'create') vm.nrMemslotPages += next!.npages;
  vm.nrMemslotsDirtyLogging += Number(next?.logsDirtyPages ?? false) - Number(old?.logsDirtyPages ?? false);
  vm.arch.commitMemoryRegion(update);
  if (change === 'delete') vm.freeSlotAndData(old!);
  else if (old) {
    if (!next!.dirtyBitmap) vm.freeBitmap(old);
    // Bitmap and arch data belong to the new slot now: only the object goes.
    vm.pool.free(old);
  }
  note(vm, 'commit', asId);
}

function note(vm: Kvm, step: MemslotStep, asId: number): void {
  if (!vm.observer) return;
  const { generation } = vm.sets.active(asId);
  report(vm.observer, { ev: 'memslot.step', step, as: asId, generation: generationBits(generation) });
}

function noteActivation(vm: Kvm, asId: number): void {
  if (!vm.observer) return;
  const { nodeIdx, generation } = vm.sets.active(asId);
  note(vm, 'publish', asId);
  const event = { as: asId, node: nodeIdx, generation: generationBits(generation) };
  report(vm.observer, { ev: 'memslot.activate', ...event });
}
