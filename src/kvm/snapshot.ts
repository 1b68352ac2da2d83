/**
 * The memory half of a virtual machine in snapshots: slots, host mappings, frames, swap, kernel memory. The bytes of
 * real memory are the machine's to save. What is rebuilt by faults or lookups (guest maps, slot caches, pfn caches) is
 * not saved. Only a VM at rest can be saved.
 *
 * What is read is believed only as far as it can be used: every frame and every piece of kernel memory has the users
 * that are found for it, slots do not overlap, and nothing has more elements than memory can hold.
 */
import { UserError } from '../core/errors';
import type { RealMemory } from '../core/memory';
import { StateReader, type Json } from '../core/saved-state';
import type { KvmArch } from './arch';
import { HostAddressSpace } from './host/address-space';
import { FrameClaims } from './host/frame-claims';
import { FrameAllocator } from './host/frames';
import { HostHeap } from './host/heap';
import { PieceClaims } from './host/piece-claims';
import { restoreAddressSpace, saveAddressSpace } from './host/saved-address-space';
import { KVM_MEM_SLOTS_NUM } from './memslot';
import type { KvmObserver } from './observer';
import { PageGeometry } from './page';
import { clearSlots, restoreSlots, saveSlots } from './saved-slots';
import { Kvm, type ManualDirtyLogProtect } from './vm';

const MANUAL: readonly ManualDirtyLogProtect[] = ['off', 'enabled', 'initially set'];
const MOST_VCPUS = 2048;
const MOST_WARNINGS = 2 ** 16;
const MOST_SWAP = 2 ** 20;
const MOST = Number.MAX_SAFE_INTEGER;
const PAGE_SIZES = [4096, 65536];

/** Who uses which frame and which piece of kernel memory, as far as they have been restored. */
export interface MemoryClaims {
  readonly frames: FrameClaims;
  readonly pieces: PieceClaims;
}

/** @throws UserError within a slot update or an invalidation, and for a VM with dirty rings or array-based sets */
export function saveKvmMemory(vm: Kvm): { readonly [key: string]: Json } {
  refuseUnlessAtRest(vm);
  const { mm, heap, invalidate } = vm;
  return {
    shape: shapeOf(vm),
    manualDirtyLogProtect: vm.manualDirtyLogProtect,
    vcpus: vm.vcpus.map(({ asId, kicks, wakeups }) => ({ asId, kicks, wakeups })),
    warnings: [...vm.warnings],
    notifier: { seq: invalidate.seq, endSeq: invalidate.endSeq },
    spaces: saveSlots(vm),
    mm: saveAddressSpace(mm),
    heap: heap.save() as unknown as Json,
    frames: mm.frames.save(),
  };
}

/** What a VM is made with and keeps. */
function shapeOf({ pageSize, userSlots, sets, mm }: Kvm): { readonly [key: string]: number } {
  const { start, end } = mm.frames.range;
  return {
    pageSize,
    userSlots,
    addressSpaces: sets.count,
    userLimit: mm.userLimit,
    swapPages: mm.swap.capacity,
    rangeStart: start,
    rangeEnd: end,
  };
}

/**
 * Takes over a saved VM; memory has its bytes already. Everything that the VM had before is forgotten.
 *
 * @returns the pieces of kernel memory, of which the slots' arrays are taken; whoever has others takes them next
 * @throws UserError where it is of another VM or damaged; the VM is then of no use any more
 */
export function restoreKvmMemory(vm: Kvm, reader: StateReader): MemoryClaims {
  const { mm, heap, invalidate } = vm;
  const shape = reader.child('shape');
  for (const [key, value] of Object.entries(shapeOf(vm))) shape.integer(key, value, value);
  shape.done();
  clearSlots(vm);
  mm.frames.restore(reader.child('frames'));
  const frames = new FrameClaims(mm.frames);
  heap.restore(reader.child('heap'), frames);
  restoreAddressSpace(mm, reader.child('mm'), frames);
  frames.finish(reader);
  const pieces = new PieceClaims(heap);
  restoreSlots(vm, reader, pieces);
  const notifier = reader.child('notifier');
  invalidate.seq = notifier.integer('seq', 0, MOST);
  invalidate.endSeq = notifier.integer('endSeq', 0, MOST);
  notifier.done();
  const manual = MANUAL.indexOf(reader.text('manualDirtyLogProtect', 16) as ManualDirtyLogProtect);
  vm.manualDirtyLogProtect = MANUAL[manual] ?? reader.fail('manualDirtyLogProtect', MANUAL.join(', '));
  restoreVcpus(vm, reader);
  const warnings = reader.array('warnings', MOST_WARNINGS);
  vm.warnings.splice(0, vm.warnings.length, ...warnings.map(String));
  reader.done();
  return { pieces, frames };
}

function restoreVcpus(vm: Kvm, reader: StateReader): void {
  const vcpus = reader.children('vcpus', MOST_VCPUS);
  while (vm.vcpus.length < vcpus.length) vm.createVcpu();
  if (vm.vcpus.length !== vcpus.length) reader.fail('vcpus', `${vm.vcpus.length} of them`);
  vcpus.forEach((saved, i) => {
    const vcpu = vm.vcpus[i]!;
    vcpu.asId = saved.integer('asId', 0, vm.sets.count - 1);
    vcpu.kicks = saved.integer('kicks', 0, MOST);
    vcpu.wakeups = saved.integer('wakeups', 0, MOST);
    saved.done();
    vcpu.lastUsedSlot = null;
    vcpu.requests.clear();
  });
}

export interface MakeOptions {
  /** Real memory with the bytes that it had. */
  readonly memory: RealMemory;
  readonly arch: KvmArch;
  readonly observer?: KvmObserver;
}

/**
 * A VM of its own on a host of its own, as they were saved, for tools that look at one.
 * @throws UserError where it is damaged, or does not fit the memory
 */
export function makeKvmMemory(saved: StateReader, { memory, arch, observer }: MakeOptions): Kvm {
  const shape = saved.child('shape');
  const pageSize = shape.integer('pageSize', PAGE_SIZES[0]!, PAGE_SIZES[1]!);
  if (!PAGE_SIZES.includes(pageSize)) shape.fail('pageSize', PAGE_SIZES.join(' or '));
  const range = {
    start: shape.integer('rangeStart', 0, memory.size - pageSize),
    end: shape.integer('rangeEnd', pageSize, memory.size),
  };
  if (range.start % pageSize !== 0 || range.end % pageSize !== 0 || range.start >= range.end)
    shape.fail('rangeEnd', 'a range of whole pages');
  const mm = new HostAddressSpace(new FrameAllocator(memory, new PageGeometry(pageSize), range), {
    userLimit: shape.integer('userLimit', 0, MOST),
    swapPages: shape.integer('swapPages', 1, MOST_SWAP),
  });
  const vm = new Kvm({
    mm,
    heap: new HostHeap(mm.frames),
    arch,
    addressSpaces: shape.integer('addressSpaces', 1, 2) as 1 | 2,
    userSlots: shape.integer('userSlots', 1, KVM_MEM_SLOTS_NUM),
    ...(observer ? { observer } : {}),
  });
  restoreKvmMemory(vm, saved);
  return vm;
}

function refuseUnlessAtRest(vm: Kvm): void {
  const refuse = (why: string): never => {
    throw new UserError(`KVM memory cannot be saved: ${why}`);
  };
  if (vm.sets.kind !== 'tree') refuse('array-based sets are for comparison only');
  if (vm.dirtyRing) refuse('dirty rings belong to user space');
  if (vm.slotsLock.isHeld || vm.srcu.readerCount > 0) refuse('a slot operation or a reader is under way');
  if (vm.invalidate.activeCount > 0) refuse('an invalidation is under way');
}
