/**
 * KVM_SET_USER_MEMORY_REGION and its second version: the checks, in Linux's order, and which kind of change a call
 * asks for (virt/kvm/kvm_main.c, __kvm_set_memory_region). The change itself is `set-memslot.ts`.
 */
import { u64 } from '../core/u64';
import type { MemslotChange } from './arch';
import { EEXIST, EFAULT, EINVAL, EIO, ENOMEM, errnoName } from './errno';
import {
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_MAX_NR_PAGES,
  KVM_MEM_READONLY,
  KVM_MEM_SLOTS_NUM,
  SLOT_ID_BITS,
  type MemSlot,
} from './memslot';
import { report } from './observer';
import { setMemslot } from './set-memslot';
import { runToEnd, type Steps } from './steps';
import type { Kvm } from './vm';

/** The arguments of either version; sizes and addresses in bytes, 0..2^64-1. */
export interface UserspaceMemoryRegion {
  /** `as_id << 16 | id`. */
  readonly slot: number;
  readonly flags: number;
  readonly guestPhysAddr: bigint;
  /** 0 deletes the slot. */
  readonly memorySize: bigint;
  readonly userspaceAddr: bigint;
}

/** Version 1 takes no flags but the first two; version 2 has room for those of guest_memfd, which no VM here has. */
export type RegionVersion = 1 | 2;

const ID_RANGE = 2 ** SLOT_ID_BITS;
const V1_FLAGS = KVM_MEM_LOG_DIRTY_PAGES | KVM_MEM_READONLY;
const MAX_ULONG_PAGES = 2 ** 64;

/** A call that passed the checks which need no slot. */
interface Request {
  readonly asId: number;
  readonly id: number;
  readonly flags: number;
  readonly baseGfn: number;
  readonly npages: number;
  readonly hva: number;
}

/** Makes the call as a whole. @returns 0 or a negated error number; after an error nothing changed */
export function setUserMemoryRegion(
  vm: Kvm,
  region: UserspaceMemoryRegion,
  version: RegionVersion = 1,
): number {
  return runToEnd(setUserMemoryRegionSteps(vm, region, version));
}

/** The call as steps. */
export function* setUserMemoryRegionSteps(
  vm: Kvm,
  region: UserspaceMemoryRegion,
  version: RegionVersion = 1,
): Steps<number> {
  if (version === 1 && (region.flags & ~V1_FLAGS) !== 0) return -EINVAL;
  if (region.slot % ID_RANGE >= vm.userSlots) return -EINVAL;
  yield* vm.slotsLock.lockSteps('wait:slots_lock');
  try {
    return yield* setMemoryRegion(vm, region);
  } finally {
    vm.slotsLock.unlock();
  }
}

/** The call without the limits of user space, for the hypervisor's own slots. slots_lock is held. */
function* setMemoryRegion(vm: Kvm, region: UserspaceMemoryRegion): Steps<number> {
  const request = check(vm, region);
  if (typeof request === 'number') return nothingDone(vm, region, request);
  const old = vm.sets.active(request.asId).byId(request.id);
  if (request.npages === 0) return yield* deleteSlot(vm, region, old);
  const change = kindOfChange(vm, request, old);
  if (typeof change === 'number') return nothingDone(vm, region, change);
  const next = vm.allocateSlot();
  if (!next) return nothingDone(vm, region, -ENOMEM);
  describe(vm, next, request);
  const result = yield* setMemslot(vm, { old, next, change });
  if (result !== 0) vm.pool.free(next);
  noteChange(vm, region, change, result);
  return result;
}

/** Checks that concern the arguments alone. */
function check(vm: Kvm, region: UserspaceMemoryRegion): Request | number {
  const { guestPhysAddr: gpa, memorySize: size, userspaceAddr: hva, flags } = region;
  const pageSize = BigInt(vm.pageSize);
  const valid = KVM_MEM_LOG_DIRTY_PAGES | (vm.arch.supportsReadonly ? KVM_MEM_READONLY : 0);
  if ((flags & ~valid) !== 0) return -EINVAL;
  if (size % pageSize !== 0n) return -EINVAL;
  if (gpa % pageSize !== 0n) return -EINVAL;
  if (hva % pageSize !== 0n || hva + size > BigInt(vm.mm.userLimit)) return -EINVAL;
  const asId = Math.floor(region.slot / ID_RANGE);
  const id = region.slot % ID_RANGE;
  if (asId >= vm.sets.count || id >= KVM_MEM_SLOTS_NUM) return -EINVAL;
  if (u64(gpa + size) < gpa) return -EINVAL;
  const npages = Number(size / pageSize);
  if (npages > KVM_MEM_MAX_NR_PAGES) return -EINVAL;
  return { asId, id, flags, npages, baseGfn: Number(gpa / pageSize), hva: Number(hva) };
}

function* deleteSlot(vm: Kvm, region: UserspaceMemoryRegion, old: MemSlot | null): Steps<number> {
  if (!old) return nothingDone(vm, region, -EINVAL);
  if (vm.nrMemslotPages < old.npages) return nothingDone(vm, region, -EIO);
  const result = yield* setMemslot(vm, { old, next: null, change: 'delete' });
  noteChange(vm, region, 'delete', result);
  return result;
}

/** The change that the call asks for; 0 where it asks for none, or a negated error number. */
function kindOfChange(vm: Kvm, request: Request, old: MemSlot | null): MemslotChange | number {
  const { baseGfn, npages, flags, id, asId } = request;
  let change: MemslotChange;
  if (!old) {
    if (vm.nrMemslotPages + npages >= MAX_ULONG_PAGES) return -EINVAL;
    change = 'create';
  } else {
    const togglesReadonly = ((flags ^ old.flags) & KVM_MEM_READONLY) !== 0;
    if (old.userspaceAddr !== request.hva || old.npages !== npages || togglesReadonly) return -EINVAL;
    if (old.baseGfn !== baseGfn) change = 'move';
    else if (old.flags !== flags) change = 'flags';
    else return 0;
  }
  if (change === 'flags') return change;
  return vm.sets.active(asId).overlapsOther(baseGfn, baseGfn + npages, id) ? -EEXIST : change;
}

function describe(vm: Kvm, slot: MemSlot, request: Request): void {
  slot.id = request.id;
  slot.asId = request.asId;
  slot.flags = request.flags;
  slot.baseGfn = request.baseGfn;
  slot.npages = request.npages;
  slot.userspaceAddr = request.hva;
  slot.userspaceLast = request.hva + request.npages * vm.pageSize - 1;
}

function nothingDone(vm: Kvm, region: UserspaceMemoryRegion, result: number): number {
  noteChange(vm, region, 'none', result);
  return result;
}

function noteChange(
  vm: Kvm,
  region: UserspaceMemoryRegion,
  op: MemslotChange | 'none',
  result: number,
): void {
  if (!vm.observer) return;
  report(vm.observer, {
    ev: 'memslot',
    op,
    result: errnoName(result),
    as: Math.floor(region.slot / ID_RANGE),
    id: region.slot % ID_RANGE,
    gpa: region.guestPhysAddr,
    size: region.memorySize,
    hva: region.userspaceAddr,
    flags: region.flags,
  });
}

/** Bytes of the structures that the two versions of the call read. */
const REGION_STRUCT_BYTES: Readonly<Record<RegionVersion, number>> = { 1: 32, 2: 160 };

/**
 * The arguments as user space lays them out, in the byte order of the host.
 *
 * @returns -EFAULT where the structure is not all there
 */
export function decodeRegion(
  bytes: Uint8Array,
  version: RegionVersion,
  byteOrder: 'little' | 'big' = 'big',
): UserspaceMemoryRegion | number {
  if (bytes.length < REGION_STRUCT_BYTES[version]) return -EFAULT;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const little = byteOrder === 'little';
  return {
    slot: view.getUint32(0, little),
    flags: view.getUint32(4, little),
    guestPhysAddr: view.getBigUint64(8, little),
    memorySize: view.getBigUint64(16, little),
    userspaceAddr: view.getBigUint64(24, little),
  };
}
