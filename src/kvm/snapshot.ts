/**
 * The hypervisor's memory as plain data, for snapshots: slots, host mappings, frames in use, swap, kernel memory. The
 * bytes of real memory are the machine's to save. What is rebuilt by faults (guest maps, slot caches, pfn caches) is
 * not saved. Only a VM at rest can be saved.
 */
import { UserError } from '../core/errors';
import type { RealMemory } from '../core/memory';
import type { KvmArch } from './arch';
import { DirtyBitmap } from './dirty-bitmap';
import { HostAddressSpace } from './host/address-space';
import { FrameAllocator, type FrameRange } from './host/frames';
import { HostHeap, type SavedHeap } from './host/heap';
import type { MemSlot } from './memslot';
import type { KvmObserver } from './observer';
import { PageGeometry, type HostPageSize } from './page';
import { Kvm, type ManualDirtyLogProtect } from './vm';

const VERSION = 1;

/** `count` values from `first` on, each `step` above the one before. */
type Run = readonly [first: number, count: number, step: number];

interface SavedSlot {
  readonly id: number;
  readonly flags: number;
  readonly baseGfn: number;
  readonly npages: number;
  readonly userspaceAddr: number;
  readonly rmap: number;
  /** Words of the live half of the dirty bitmap. */
  readonly dirty?: readonly Run[];
}

interface SavedSpace {
  readonly generation: number;
  readonly otherGeneration: number;
  readonly activeNode: 0 | 1;
  readonly slots: readonly SavedSlot[];
}

interface SavedVma {
  readonly start: number;
  readonly end: number;
  readonly writable: boolean;
  readonly pageSize: HostPageSize;
  readonly entries: readonly Run[];
}

/** What {@link saveKvmMemory} returns: JSON can carry it. */
export interface SavedKvmMemory {
  readonly version: number;
  readonly pageSize: number;
  readonly userSlots: number;
  readonly userLimit: number;
  readonly nextFree: number;
  readonly manualDirtyLogProtect: ManualDirtyLogProtect;
  readonly vcpus: readonly number[];
  readonly spaces: readonly SavedSpace[];
  readonly vmas: readonly SavedVma[];
  readonly swap: readonly (readonly [slot: number, bytes: readonly number[]])[];
  readonly swapCapacity: number;
  readonly heap: SavedHeap;
  readonly frameRange: FrameRange;
  /** Runs of frames with the same number of references. */
  readonly frames: readonly (readonly [frame: number, count: number, references: number])[];
}

/** @throws UserError within a slot update or an invalidation, and for a VM with dirty rings or array-based sets */
export function saveKvmMemory(vm: Kvm): SavedKvmMemory {
  refuseUnlessAtRest(vm);
  const { mm, heap } = vm;
  return {
    version: VERSION,
    pageSize: vm.pageSize,
    userSlots: vm.userSlots,
    userLimit: mm.userLimit,
    nextFree: mm.nextFree,
    manualDirtyLogProtect: vm.manualDirtyLogProtect,
    vcpus: vm.vcpus.map((vcpu) => vcpu.asId),
    spaces: Array.from({ length: vm.sets.count }, (_, asId) => saveSpace(vm, asId)),
    vmas: [...mm.vmas.all()].map((vma) => ({ ...vma, entries: toRuns(vma.entries) })),
    swap: [...mm.swap.entries()].map(([slot, bytes]) => [slot, [...bytes]] as const),
    swapCapacity: mm.swap.capacity,
    heap: heap.save(),
    frameRange: mm.frames.range,
    frames: mm.frames.save(),
  };
}

export interface RestoreOptions {
  /** Real memory with the bytes that it had. */
  readonly memory: RealMemory;
  readonly arch: KvmArch;
  readonly observer?: KvmObserver;
}

/**
 * A VM on a host as they were saved. Nothing of it is shared with the data.
 *
 * @throws UserError where the data is of another version, or does not fit the memory
 */
export function restoreKvmMemory(saved: SavedKvmMemory, { memory, arch, observer }: RestoreOptions): Kvm {
  if (saved.version !== VERSION)
    throw new UserError(
      `KVM memory snapshot has version ${saved.version}, ${VERSION} expected; save it again`,
    );
  if (saved.frameRange.end > memory.size)
    throw new UserError(
      `KVM memory snapshot needs ${saved.frameRange.end} bytes of memory, ${memory.size} found`,
    );
  const frames = new FrameAllocator(memory, new PageGeometry(saved.pageSize), saved.frameRange);
  frames.restore(saved.frames);
  const mm = new HostAddressSpace(frames, { userLimit: saved.userLimit, swapPages: saved.swapCapacity });
  mm.nextFree = saved.nextFree;
  for (const { entries, ...vma } of saved.vmas) mm.vmas.add({ ...vma, entries: fromRuns(entries) });
  mm.swap.restore(saved.swap.map(([slot, bytes]) => [slot, Uint8Array.from(bytes)] as const));
  const heap = new HostHeap(frames);
  heap.restore(saved.heap);
  const addressSpaces = saved.spaces.length as 1 | 2;
  const base = { mm, heap, arch, addressSpaces, userSlots: saved.userSlots };
  const vm = new Kvm(observer ? { ...base, observer } : base);
  vm.manualDirtyLogProtect = saved.manualDirtyLogProtect;
  for (const asId of saved.vcpus) vm.createVcpu(asId);
  saved.spaces.forEach((space, asId) => restoreSpace(vm, space, asId));
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

function saveSpace({ sets }: Kvm, asId: number): SavedSpace {
  const active = sets.active(asId);
  return {
    generation: active.generation,
    otherGeneration: sets.inactive(asId).generation,
    activeNode: active.nodeIdx,
    slots: [...active.slots()].sort((a, b) => a.baseGfn - b.baseGfn).map(saveSlot),
  };
}

function saveSlot(slot: MemSlot): SavedSlot {
  const { id, flags, baseGfn, npages, userspaceAddr, rmap, dirtyBitmap } = slot;
  const plain = { id, flags, baseGfn, npages, userspaceAddr, rmap };
  return dirtyBitmap ? { ...plain, dirty: toRuns(dirtyBitmap.live) } : plain;
}

function restoreSpace(vm: Kvm, space: SavedSpace, asId: number): void {
  const slots = space.slots.map((saved) => restoreSlot(vm, saved, asId));
  const { sets } = vm;
  for (let set = 0; set < 2; set++) {
    for (const slot of slots) sets.replace(null, slot);
    sets.publish(asId);
  }
  if (sets.active(asId).nodeIdx !== space.activeNode) sets.publish(asId);
  sets.active(asId).generation = space.generation;
  sets.inactive(asId).generation = space.otherGeneration;
}

function restoreSlot(vm: Kvm, saved: SavedSlot, asId: number): MemSlot {
  const slot = vm.pool.allocate();
  const { dirty, ...plain } = saved;
  Object.assign(slot, plain, { asId });
  slot.userspaceLast = slot.userspaceAddr + slot.npages * vm.pageSize - 1;
  if (dirty) {
    slot.dirtyBitmap = new DirtyBitmap(slot.npages);
    slot.dirtyBitmap.live.set(fromRuns(dirty));
    vm.liveBitmaps++;
  }
  vm.nrMemslotPages += slot.npages;
  vm.nrMemslotsDirtyLogging += Number(slot.logsDirtyPages);
  vm.arch.restoreMemslot(slot);
  return slot;
}

function toRuns(values: Int32Array): Run[] {
  const runs: [number, number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    const step = run ? value - (run[0] + (run[1] - 1) * run[2]) : 0;
    if (run && (run[1] === 1 ? step === 0 || step === 1 : step === run[2])) {
      run[1]++;
      run[2] = step;
    } else runs.push([value, 1, 0]);
  }
  return runs;
}

function fromRuns(runs: readonly Run[]): Int32Array {
  const values: number[] = [];
  for (const [first, count, step] of runs) for (let i = 0; i < count; i++) values.push(first + i * step);
  return Int32Array.from(values);
}
