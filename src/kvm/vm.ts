/**
 * A virtual machine as its memory half sees it (Linux include/linux/kvm_host.h, struct kvm): slot sets, locks,
 * counters, notifier state. It holds state and offers lookups; changing slots is in `set-memory-region.ts`, notifier
 * callbacks are in `mmu-notifier.ts`.
 */
import type { HostAddressSpace } from './host/address-space';
import type { HostHeap } from './host/heap';
import type { PageGeometry } from './page';
import type { KvmArch } from './arch';
import { DirtyBitmap } from './dirty-bitmap';
import type { DirtyRingConfig } from './dirty-ring';
import { Mutex, Srcu } from './locks';
import { KVM_MEM_SLOTS_NUM, SlotPool, type MemSlot } from './memslot';
import { ArraySets, TreeSets, type MemslotSets, type SetsKind } from './memslot-sets';
import { MmuInvalidate } from './mmu-invalidate';
import { VmMmuNotifier } from './mmu-notifier';
import { report, type KvmObserver } from './observer';
import { PfnCacheList } from './pfn-cache-list';
import { Vcpu } from './vcpu';

/** What can run out: slot objects, dirty bitmaps, rmap arrays. */
export type Allocation = 'memslot' | 'bitmap' | 'rmap';

export interface KvmOptions {
  readonly mm: HostAddressSpace;
  readonly heap: HostHeap;
  readonly arch: KvmArch;
  /** Guest address spaces: 2 only where the CPU has a system management mode. Default 1. */
  readonly addressSpaces?: 1 | 2;
  /** Slots that user space may use, `KVM_USER_MEM_SLOTS`. Default 32767, the value of Power. */
  readonly userSlots?: number;
  /** `array` is the predecessor, for comparison. Default `tree`. */
  readonly sets?: SetsKind;
  /** Fault injection: an allocation for which it returns true fails. */
  readonly failAllocation?: (what: Allocation) => boolean;
  readonly observer?: KvmObserver;
}

/** Whether and how KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 was enabled. */
export type ManualDirtyLogProtect = 'off' | 'enabled' | 'initially set';

export class Kvm {
  readonly mm: HostAddressSpace;
  readonly heap: HostHeap;
  readonly arch: KvmArch;
  readonly userSlots: number;
  readonly observer: KvmObserver | undefined;
  readonly pool = new SlotPool();
  readonly sets: MemslotSets;
  readonly srcu = new Srcu();
  /** Serialises slot changes and the dirty-log ioctls. Taken before slots_arch_lock, which is taken before mmu_lock. */
  readonly slotsLock = new Mutex('slots_lock');
  readonly slotsArchLock = new Mutex('slots_arch_lock');
  readonly mmuLock = new Mutex('mmu_lock');
  readonly invalidate: MmuInvalidate;
  readonly notifier: VmMmuNotifier;
  readonly pfnCaches: PfnCacheList;
  readonly vcpus: Vcpu[] = [];
  nrMemslotPages = 0;
  nrMemslotsDirtyLogging = 0;
  /** Dirty bitmaps that exist. */
  liveBitmaps = 0;
  manualDirtyLogProtect: ManualDirtyLogProtect = 'off';
  dirtyRing: DirtyRingConfig | null = null;
  /** The vCPU on whose thread the hypervisor works now, or null. */
  runningVcpu: Vcpu | null = null;
  /** What a correct caller never causes; each is also reported to the observer. */
  readonly warnings: string[] = [];
  private readonly failAllocation: (what: Allocation) => boolean;

  constructor(options: KvmOptions) {
    const addressSpaces = options.addressSpaces ?? 1;
    this.mm = options.mm;
    this.heap = options.heap;
    this.arch = options.arch;
    this.observer = options.observer;
    this.userSlots = options.userSlots ?? KVM_MEM_SLOTS_NUM;
    this.failAllocation = options.failAllocation ?? ((): boolean => false);
    this.sets =
      options.sets === 'array' ? new ArraySets(addressSpaces) : new TreeSets(this.pool, addressSpaces);
    this.invalidate = new MmuInvalidate((message) => this.warn(message));
    this.pfnCaches = new PfnCacheList(this);
    this.notifier = new VmMmuNotifier(this);
    this.arch.attach(this);
    this.mm.notifiers.push(this.notifier);
  }

  get geometry(): PageGeometry {
    return this.mm.frames.geometry;
  }

  get pageSize(): number {
    return this.mm.pageSize;
  }

  /** Whether slots with logging have a bitmap: not where a ring alone takes the dirty pages. */
  get usesDirtyBitmap(): boolean {
    return !this.dirtyRing || this.dirtyRing.withBitmap;
  }

  createVcpu(asId = 0): Vcpu {
    const vcpu = new Vcpu(this.vcpus.length, asId);
    vcpu.dirtyRing = this.dirtyRing?.createRing() ?? null;
    this.vcpus.push(vcpu);
    return vcpu;
  }

  /** A slot object of its own, or null where memory is short. */
  allocateSlot(): MemSlot | null {
    return this.failAllocation('memslot') ? null : this.pool.allocate();
  }

  allocateBitmap(npages: number): DirtyBitmap | null {
    if (this.failAllocation('bitmap')) return null;
    this.liveBitmaps++;
    return new DirtyBitmap(npages);
  }

  freeBitmap(slot: MemSlot): void {
    if (!slot.dirtyBitmap) return;
    slot.dirtyBitmap = null;
    this.liveBitmaps--;
  }

  /** Real address of zeroed host memory for an arch table, or a negative number. */
  allocateRmap(bytes: number): number {
    return this.failAllocation('rmap') ? -1 : this.heap.allocate(bytes);
  }

  /** The slot of a guest frame, through the active set's cache; an INVALID slot is returned as such. */
  gfnToMemslot(gfn: number, asId = 0): MemSlot | null {
    const set = this.sets.active(asId);
    const cached = set.lastUsedSlot;
    if (cached !== null && gfn >= cached.baseGfn && gfn < cached.baseGfn + cached.npages) return cached;
    const slot = set.search(gfn);
    if (slot !== null) set.lastUsedSlot = slot;
    return slot;
  }

  /** Like {@link gfnToMemslot}; in a hole it gives a slot beside the hole, null only where no slot exists. */
  gfnToMemslotNear(gfn: number, asId = 0): MemSlot | null {
    const set = this.sets.active(asId);
    if (set.lastUsedSlot?.contains(gfn)) return set.lastUsedSlot;
    const slot = set.searchNear(gfn);
    if (slot !== null) set.lastUsedSlot = slot;
    return slot;
  }

  /**
   * The slot of a guest frame for a vCPU, through the vCPU's own cache. The VM-wide cache is neither used nor changed,
   * so that vCPUs do not push each other's slot out of it.
   */
  vcpuGfnToMemslot(vcpu: Vcpu, gfn: number): MemSlot | null {
    // One fetch of the set: its generation and its tree must belong together.
    const set = this.sets.active(vcpu.asId);
    if (vcpu.lastUsedSlotGen !== set.generation) {
      vcpu.lastUsedSlot = null;
      vcpu.lastUsedSlotGen = set.generation;
    }
    const cached = vcpu.lastUsedSlot;
    if (cached !== null && gfn >= cached.baseGfn && gfn < cached.baseGfn + cached.npages) return cached;
    const slot = set.search(gfn);
    if (slot !== null) vcpu.lastUsedSlot = slot;
    return slot;
  }

  /** Records something that a correct caller never does. */
  warn(message: string): void {
    this.warnings.push(message);
    if (this.observer) report(this.observer, { ev: 'kvm.warning', message });
  }

  /** Ends the VM: notifiers are left, mappings dropped, every slot freed once. */
  destroy(): void {
    const { notifiers } = this.mm;
    const place = notifiers.indexOf(this.notifier);
    if (place >= 0) notifiers.splice(place, 1);
    // A start whose end can no longer arrive is legal; without one nothing may be in progress.
    if (this.invalidate.activeCount === 0 && this.invalidate.inProgress !== 0)
      this.warn('VM destroyed with an invalidation in progress');
    this.invalidate.activeCount = 0;
    this.arch.flushShadowAll();
    for (let asId = 0; asId < this.sets.count; asId++)
      for (const slot of [...this.sets.active(asId).slots()]) this.freeSlotAndData(slot);
  }

  /** Frees a slot object with everything that belongs to it. */
  freeSlotAndData(slot: MemSlot): void {
    this.freeBitmap(slot);
    this.arch.freeMemslot(slot);
    this.pool.free(slot);
  }
}
