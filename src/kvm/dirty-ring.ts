/**
 * The dirty ring of one vCPU: entries that the hypervisor pushes, user space harvests and a reset takes back (Linux
 * virt/kvm/dirty_ring.c). Entry states: empty, dirty, harvested; user space must harvest in order.
 */
export const KVM_DIRTY_GFN_F_DIRTY = 1 << 0;
const KVM_DIRTY_GFN_F_RESET = 1 << 1;
/** Bytes of an entry as user space sees it. */
export const ENTRY_BYTES = 16;

export class DirtyRing {
  readonly size: number;
  /** Pushes and resets so far, free-running; the entry of an index is its remainder by the size. */
  dirtyIndex = 0;
  resetIndex = 0;
  /** What user space sees of each entry. */
  readonly flags: Uint8Array;
  readonly slots: Uint32Array;
  readonly offsets: BigUint64Array;

  constructor(
    bytes: number,
    private readonly reserved: number,
  ) {
    this.size = bytes / ENTRY_BYTES;
    this.flags = new Uint8Array(this.size);
    this.slots = new Uint32Array(this.size);
    this.offsets = new BigUint64Array(this.size);
  }

  get used(): number {
    return this.dirtyIndex - this.resetIndex;
  }

  get isSoftFull(): boolean {
    return this.used >= this.size - this.reserved;
  }

  get isFull(): boolean {
    return this.used >= this.size;
  }

  push(slot: number, offset: number): void {
    const at = this.dirtyIndex % this.size;
    this.slots[at] = slot;
    this.offsets[at] = BigInt(offset);
    this.flags[at] = KVM_DIRTY_GFN_F_DIRTY;
    this.dirtyIndex++;
  }

  /** User space's part: takes up to `count` dirty entries in order; returns how many it took. */
  harvest(from: number, count: number): number {
    let taken = 0;
    while (taken < count && this.flags[(from + taken) % this.size] === KVM_DIRTY_GFN_F_DIRTY) {
      this.flags[(from + taken) % this.size]! |= KVM_DIRTY_GFN_F_RESET;
      taken++;
    }
    return taken;
  }

  /** Takes the next harvested entry back; null where the next one was not harvested. */
  takeHarvested(): { slot: number; offset: bigint } | null {
    const at = this.resetIndex % this.size;
    if ((this.flags[at]! & KVM_DIRTY_GFN_F_RESET) === 0) return null;
    this.flags[at] = 0;
    this.resetIndex++;
    return { slot: this.slots[at]!, offset: this.offsets[at]! };
  }
}

/** The rings of a VM: enabled once, before any vCPU exists. */
export interface DirtyRingConfig {
  readonly bytes: number;
  withBitmap: boolean;
  createRing(): DirtyRing;
}
