/** The host's swap device: a bounded number of pages outside the machine's memory. */
export const SWAP_FULL = -1;

export class SwapDevice {
  private readonly pages: (Uint8Array | null)[] = [];
  private readonly freeSlots: number[] = [];

  /** @param capacity in base pages; at most 2^20, what a page entry can name */
  constructor(readonly capacity: number) {}

  get usedPages(): number {
    return this.pages.length - this.freeSlots.length;
  }

  /** Stores a copy of the bytes; the slot, or {@link SWAP_FULL}. */
  store(bytes: Uint8Array): number {
    const slot = this.freeSlots.pop() ?? this.pages.length;
    if (slot >= this.capacity) return SWAP_FULL;
    this.pages[slot] = bytes.slice();
    return slot;
  }

  load(slot: number): Uint8Array {
    return this.pages[slot]!;
  }

  free(slot: number): void {
    this.pages[slot] = null;
    this.freeSlots.push(slot);
  }

  /** The used slots with their bytes, for a snapshot. */
  *entries(): IterableIterator<[slot: number, bytes: Uint8Array]> {
    for (const [slot, bytes] of this.pages.entries()) if (bytes) yield [slot, bytes];
  }

  /** Takes over the slots of a snapshot; all others below the highest are free. */
  restore(entries: Iterable<readonly [slot: number, bytes: Uint8Array]>): void {
    for (const [slot, bytes] of entries) this.pages[slot] = bytes;
    for (let slot = 0; slot < this.pages.length; slot++) {
      if (this.pages[slot]) continue;
      this.pages[slot] = null;
      this.freeSlots.push(slot);
    }
  }
}
