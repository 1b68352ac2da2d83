/** Dirty logging by rings: enabling them, marking, re-protecting what user space took (Linux virt/kvm/dirty_ring.c). */
import { DirtyRing, ENTRY_BYTES } from './dirty-ring';
import { E2BIG, EINVAL } from './errno';
import { SLOT_ID_BITS } from './memslot';
import { report } from './observer';
import type { Vcpu } from './vcpu';
import type { Kvm } from './vm';

/** Entries kept free for writes between the request to exit and the exit. */
const KVM_DIRTY_RING_RSVD_ENTRIES = 64;
const KVM_DIRTY_RING_MAX_ENTRIES = 65536;
/** Pages that one re-protection covers. */
const MASK_BITS = 64n;
const HALF_BITS = 32;

/**
 * KVM_CAP_DIRTY_LOG_RING.
 *
 * @param bytes size of each vCPU's ring
 * @param hardwareEntries entries that hardware may add between exit request and exit
 * @returns 0, -EINVAL for a bad size or time, or -E2BIG
 */
export function enableDirtyRing(vm: Kvm, bytes: number, hardwareEntries = 0): number {
  const reserved = KVM_DIRTY_RING_RSVD_ENTRIES + hardwareEntries;
  if (bytes === 0 || !Number.isInteger(Math.log2(bytes))) return -EINVAL;
  if (bytes < reserved * ENTRY_BYTES || bytes < vm.pageSize) return -EINVAL;
  if (bytes > KVM_DIRTY_RING_MAX_ENTRIES * ENTRY_BYTES) return -E2BIG;
  if (vm.arch.harvestsDirtyState || vm.dirtyRing || vm.vcpus.length > 0) return -EINVAL;
  vm.dirtyRing = { bytes, withBitmap: false, createRing: () => new DirtyRing(bytes, reserved) };
  return 0;
}

/** KVM_CAP_DIRTY_LOG_RING_WITH_BITMAP: 0, or -EINVAL without a ring or with slots. */
export function enableRingWithBitmap(vm: Kvm): number {
  const hasSlots = Array.from({ length: vm.sets.count }, (_, as) => vm.sets.active(as)).some(
    (s) => s.size > 0,
  );
  if (!vm.dirtyRing || hasSlots) return -EINVAL;
  vm.dirtyRing.withBitmap = true;
  return 0;
}

/** Adds a page to a vCPU's ring; asks the vCPU to exit when little room is left. */
export function pushDirty(vm: Kvm, vcpu: Vcpu, page: { asId: number; id: number; offset: number }): void {
  const ring = vcpu.dirtyRing!;
  if (ring.isFull) vm.warn(`dirty ring of vCPU ${vcpu.id} overflows`);
  ring.push(page.asId * 2 ** SLOT_ID_BITS + page.id, page.offset);
  if (ring.isSoftFull) vcpu.requests.add('dirty ring soft full');
}

/**
 * KVM_RESET_DIRTY_RINGS: takes all harvested entries back and makes their pages fault on the next write.
 *
 * @returns how many entries were reset, or -EINVAL where rings are not enabled
 */
export function resetDirtyRings(vm: Kvm): number {
  if (!vm.dirtyRing) return -EINVAL;
  vm.slotsLock.lock();
  let count = 0;
  for (const vcpu of vm.vcpus) if (vcpu.dirtyRing) count += resetRing(vm, vcpu.dirtyRing);
  if (count > 0) vm.arch.flushRemoteTlbs();
  vm.slotsLock.unlock();
  if (vm.observer)
    report(vm.observer, { ev: 'dirtylog', op: 'reset', result: 'OK', as: 0, id: -1, pages: count });
  return count;
}

/** Neighbouring entries of one slot become one mask of up to 64 pages. */
function resetRing(vm: Kvm, ring: DirtyRing): number {
  let count = 0;
  let slot = 0;
  let offset = 0n;
  let mask = 0n;
  for (let entry = ring.takeHarvested(); entry; entry = ring.takeHarvested()) {
    count++;
    if (mask !== 0n && entry.slot === slot) {
      const delta = entry.offset - offset;
      if (delta >= 0n && delta < MASK_BITS) {
        mask |= 1n << delta;
        continue;
      }
      const widened = delta < 0n && delta > -MASK_BITS ? mask << -delta : 0n;
      if (widened !== 0n && widened === BigInt.asUintN(Number(MASK_BITS), widened)) {
        mask = widened | 1n;
        offset = entry.offset;
        continue;
      }
    }
    protectMask(vm, slot, offset, mask);
    ({ slot, offset } = entry);
    mask = 1n;
  }
  protectMask(vm, slot, offset, mask);
  return count;
}

/** User space may have written anything into an entry: what names no page of a slot is ignored. */
function protectMask(vm: Kvm, slotArgument: number, offset: bigint, mask: bigint): void {
  if (mask === 0n) return;
  const asId = Math.floor(slotArgument / 2 ** SLOT_ID_BITS);
  const id = slotArgument % 2 ** SLOT_ID_BITS;
  if (asId >= vm.sets.count || id >= vm.userSlots) return;
  const slot = vm.sets.active(asId).byId(id);
  if (!slot || offset + BigInt(mask.toString(2).length) > BigInt(slot.npages)) return;
  const first = Number(offset);
  vm.mmuLock.lock();
  vm.arch.writeProtect(slot, first, Number(BigInt.asIntN(HALF_BITS, mask)));
  const upper = Number(BigInt.asIntN(HALF_BITS, mask >> BigInt(HALF_BITS)));
  if (upper !== 0) vm.arch.writeProtect(slot, first + HALF_BITS, upper);
  vm.mmuLock.unlock();
}

/**
 * What a vCPU does about its requests before it enters the guest.
 *
 * @returns `dirty ring full` where it must exit to user space instead; the request stays until there is room
 */
export function beforeGuestEntry(vcpu: Vcpu): 'enter' | 'dirty ring full' {
  if (vcpu.requests.has('dirty ring soft full')) {
    if (vcpu.dirtyRing?.isSoftFull) return 'dirty ring full';
    vcpu.requests.delete('dirty ring soft full');
  }
  // The caches themselves are checked by whoever uses them; the request only had to get the vCPU out.
  vcpu.requests.delete('gpc invalidate');
  return 'enter';
}
