/** The host's swap device: a bounded number of pages outside the machine's memory. */
import { hexBytes, type Json, type StateReader } from '../../core/saved-state';

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

  /** True where the slot holds a page. */
  has(slot: number): boolean {
    return Boolean(this.pages[slot]);
  }

  /** The used slots with their bytes and the free ones in the order of their release, for a snapshot. */
  save(): Json {
    const pages = [...this.pages.entries()].flatMap(([slot, bytes]) =>
      bytes ? [{ slot, bytes: hexBytes(bytes) }] : [],
    );
    return { pages, free: [...this.freeSlots] };
  }

  /**
   * Takes over the slots of a snapshot.
   * @param pageBytes bytes of a page
   * @throws UserError where a slot is there twice or not at all
   */
  restore(reader: StateReader, pageBytes: number): void {
    const free = reader.integers('free', this.capacity - 1, this.capacity);
    const used = reader.children('pages', this.capacity).map((page) => {
      const slot = page.integer('slot', 0, this.capacity - 1);
      const bytes = page.bytes('bytes', pageBytes);
      page.done();
      return { slot, bytes };
    });
    reader.done();
    this.pages.length = this.freeSlots.length = 0;
    const total = used.length + free.length;
    const all = new Set([...free, ...used.map(({ slot }) => slot)]);
    if (all.size !== total || [...all].some((slot) => slot >= total))
      reader.fail('free', `each of ${total} slots once, in use or free`);
    for (let slot = 0; slot < total; slot++) this.pages[slot] = null;
    for (const { slot, bytes } of used) this.pages[slot] = bytes;
    this.freeSlots.push(...free);
  }
}
