/**
 * One memory slot: a range of guest frames backed by a range of host virtual addresses. Both memslot sets of an
 * address space link the same slot objects (Linux include/linux/kvm_host.h, struct kvm_memory_slot); the links
 * themselves live in the sets. Nothing here decides when a slot may change or be freed.
 */
import type { DirtyBitmap } from './dirty-bitmap';

/** Slot flags: bits 0-15 come from user space, bits 16-31 are internal (include/uapi/linux/kvm.h). */
export const KVM_MEM_LOG_DIRTY_PAGES = 1 << 0;
export const KVM_MEM_READONLY = 1 << 1;
export const KVM_MEM_GUEST_MEMFD = 1 << 2;
/** The slot is being moved or deleted: it translates nothing. */
export const KVM_MEMSLOT_INVALID = 1 << 16;

/** Slots an address space can have, and bits of the id within the ioctls' slot argument. */
export const KVM_MEM_SLOTS_NUM = 32767;
export const KVM_MEM_MAX_NR_PAGES = 2 ** 31 - 1;
export const SLOT_ID_BITS = 16;

/** {@link MemSlot.rmap} of a slot without an array. */
export const NO_RMAP = -1;

export class MemSlot {
  /** 0..32766, unique within the address space. */
  id = 0;
  asId = 0;
  flags = 0;
  /** First guest frame; up to 2^52, which a double holds exactly. */
  baseGfn = 0;
  /** Above 0 for every linked slot. */
  npages = 0;
  /** Host virtual address of the first and of the last byte; user addresses end below 2^52. */
  userspaceAddr = 0;
  userspaceLast = 0;
  dirtyBitmap: DirtyBitmap | null = null;
  /** Host real address of the slot's rmap array, one 64-bit word a page, or {@link NO_RMAP}. */
  rmap = NO_RMAP;
  /** Set when the object was freed; its fields are then poisoned so that a late reader shows. */
  isFreed = false;

  /** @param handle the slot's node number in every tree, above 0 */
  constructor(readonly handle: number) {}

  get logsDirtyPages(): boolean {
    return (this.flags & KVM_MEM_LOG_DIRTY_PAGES) !== 0;
  }

  get isReadonly(): boolean {
    return (this.flags & KVM_MEM_READONLY) !== 0;
  }

  get isInvalid(): boolean {
    return (this.flags & KVM_MEMSLOT_INVALID) !== 0;
  }

  /** First guest frame after the slot. */
  get endGfn(): number {
    return this.baseGfn + this.npages;
  }

  contains(gfn: number): boolean {
    return gfn >= this.baseGfn && gfn < this.baseGfn + this.npages;
  }

  /** Takes over everything that describes `other`; links are per handle and are never copied. */
  copyFrom(other: MemSlot): void {
    this.id = other.id;
    this.asId = other.asId;
    this.flags = other.flags;
    this.baseGfn = other.baseGfn;
    this.npages = other.npages;
    this.userspaceAddr = other.userspaceAddr;
    this.userspaceLast = other.userspaceLast;
    this.dirtyBitmap = other.dirtyBitmap;
    this.rmap = other.rmap;
  }
}

/**
 * Gives out slot objects and their handles. A freed object is poisoned and never used again; its handle is, so
 * handles stay dense and the trees' arrays stay as large as the most slots that existed at once.
 */
export class SlotPool {
  private readonly byHandle: (MemSlot | null)[] = [null];
  private readonly freeHandles: number[] = [];
  private live = 0;

  /** Objects that exist now. */
  get liveCount(): number {
    return this.live;
  }

  allocate(): MemSlot {
    const slot = new MemSlot(this.freeHandles.pop() ?? this.byHandle.length);
    this.byHandle[slot.handle] = slot;
    this.live++;
    return slot;
  }

  /** The slot of a handle that a tree holds. */
  at(handle: number): MemSlot {
    return this.byHandle[handle]!;
  }

  free(slot: MemSlot): void {
    if (slot.isFreed) throw new RangeError('memory slot freed twice');
    slot.isFreed = true;
    slot.baseGfn = slot.npages = slot.userspaceAddr = slot.userspaceLast = NaN;
    slot.id = slot.asId = -1;
    slot.dirtyBitmap = null;
    slot.rmap = NO_RMAP;
    this.byHandle[slot.handle] = null;
    this.freeHandles.push(slot.handle);
    this.live--;
  }
}
