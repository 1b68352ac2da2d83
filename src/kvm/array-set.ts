/**
 * The memslot set as Linux had it before 5.17, for comparison only: an array sorted by descending gfn, a table from
 * id to index for every id that could exist, a binary search by gfn, a linear scan by hva. An array in use cannot be
 * edited, so every change starts with a copy of the whole set ({@link copyFrom}).
 */
import { KVM_MEM_SLOTS_NUM, type MemSlot } from './memslot';
import { END, type Generation, type MemslotSet } from './memslot-set';

const ABSENT = -1;
const FIRST_CAPACITY = 8;

export class ArraySet implements MemslotSet {
  generation: Generation;
  lastUsedSlot: MemSlot | null = null;
  visits = 0;
  /** Slots copied by all whole-set copies so far. */
  copied = 0;
  private count = 0;
  private entries: (MemSlot | null)[] = [];
  /** What searches compare, by value beside each entry, as the kernel's array of structures has it. */
  private bases = new Float64Array(FIRST_CAPACITY);
  private pages = new Float64Array(FIRST_CAPACITY);
  private hvas = new Float64Array(FIRST_CAPACITY);
  private hvaLasts = new Float64Array(FIRST_CAPACITY);
  private readonly idToIndex = new Int16Array(KVM_MEM_SLOTS_NUM).fill(ABSENT);

  constructor(
    readonly asId: number,
    readonly nodeIdx: 0 | 1,
  ) {
    this.generation = asId;
  }

  get size(): number {
    return this.count;
  }

  get byteLength(): number {
    const pointers = this.entries.length * Float64Array.BYTES_PER_ELEMENT;
    return this.idToIndex.byteLength + pointers + 4 * this.bases.byteLength;
  }

  /** Makes this set a copy of `other`: O(n), the cost that the trees were invented to avoid. */
  copyFrom(other: ArraySet): void {
    this.reserve(other.count);
    this.entries = other.entries.slice(0, other.count);
    this.bases.set(other.bases.subarray(0, other.count));
    this.pages.set(other.pages.subarray(0, other.count));
    this.hvas.set(other.hvas.subarray(0, other.count));
    this.hvaLasts.set(other.hvaLasts.subarray(0, other.count));
    this.idToIndex.set(other.idToIndex);
    this.count = other.count;
    this.copied += other.count;
    this.lastUsedSlot = other.lastUsedSlot;
  }

  search(gfn: number): MemSlot | null {
    const index = this.firstNotAbove(gfn);
    return index < this.count && gfn < this.bases[index]! + this.pages[index]! ? this.entries[index]! : null;
  }

  searchNear(gfn: number): MemSlot | null {
    if (this.count === 0) return null;
    return this.entries[Math.min(this.firstNotAbove(gfn), this.count - 1)]!;
  }

  byId(id: number): MemSlot | null {
    const index = this.idToIndex[id]!;
    return index === ABSENT ? null : this.entries[index]!;
  }

  *inGfnRange(start: number, end: number): IterableIterator<MemSlot> {
    for (let i = this.count - 1; i >= 0; i--) {
      this.visits++;
      if (this.bases[i]! < end && this.bases[i]! + this.pages[i]! > start) yield this.entries[i]!;
    }
  }

  overlapsOther(start: number, end: number, id: number): boolean {
    const { bases, pages, count } = this;
    this.visits += count;
    for (let i = 0; i < count; i++) {
      if (bases[i]! < end && bases[i]! + pages[i]! > start && this.entries[i]!.id !== id) return true;
    }
    return false;
  }

  firstInHvaRange(first: number, last: number): number {
    return this.scan(0, first, last);
  }

  nextInHvaRange(cursor: number, first: number, last: number): number {
    return this.scan(cursor + 1, first, last);
  }

  slotAt(cursor: number): MemSlot {
    return this.entries[cursor]!;
  }

  *slots(): IterableIterator<MemSlot> {
    for (let i = 0; i < this.count; i++) yield this.entries[i]!;
  }

  /** Edits a copy that no reader sees: the slot with the same id goes, `next` takes its sorted place. */
  replace(old: MemSlot | null, next: MemSlot | null): void {
    if (old) {
      const index = this.idToIndex[old.id]!;
      if (this.lastUsedSlot?.id === old.id) this.lastUsedSlot = next;
      if (next) this.moveEntry(index, next);
      else {
        this.shift(index + 1, this.count, -1);
        this.count--;
        this.entries.length = this.count;
        this.idToIndex[old.id] = ABSENT;
      }
    } else if (next) {
      this.reserve(this.count + 1);
      this.entries.push(next);
      this.count++;
      this.moveEntry(this.count - 1, next);
    }
  }

  /** Puts `slot` over the entry at `index` and where its base belongs; only what lies between is shifted. */
  private moveEntry(index: number, slot: MemSlot): void {
    let place = index;
    while (place > 0 && this.bases[place - 1]! < slot.baseGfn) place--;
    if (place === index) while (place < this.count - 1 && this.bases[place + 1]! > slot.baseGfn) place++;
    if (place < index) this.shift(place, index, 1);
    else this.shift(index + 1, place + 1, -1);
    this.store(place, slot);
  }

  /** Index of the first entry, in descending order, whose base is not above `gfn`. */
  private firstNotAbove(gfn: number): number {
    const { bases } = this;
    let low = 0;
    let high = this.count;
    let visits = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      visits++;
      if (bases[middle]! <= gfn) high = middle;
      else low = middle + 1;
    }
    this.visits += visits;
    return low;
  }

  private scan(from: number, first: number, last: number): number {
    const { hvas, hvaLasts, count } = this;
    for (let i = from; i < count; i++) {
      if (hvas[i]! <= last && hvaLasts[i]! >= first) {
        this.visits += i - from + 1;
        return i;
      }
    }
    this.visits += count - from;
    return END;
  }

  private store(index: number, slot: MemSlot): void {
    this.entries[index] = slot;
    this.bases[index] = slot.baseGfn;
    this.pages[index] = slot.npages;
    this.hvas[index] = slot.userspaceAddr;
    this.hvaLasts[index] = slot.userspaceLast;
    this.idToIndex[slot.id] = index;
  }

  /** Moves the entries `[from, to)` by one place up or down and corrects their indexes. */
  private shift(from: number, to: number, by: 1 | -1): void {
    if (from === to) return;
    this.bases.copyWithin(from + by, from, to);
    this.pages.copyWithin(from + by, from, to);
    this.hvas.copyWithin(from + by, from, to);
    this.hvaLasts.copyWithin(from + by, from, to);
    const { entries, idToIndex } = this;
    const moveTo = (i: number): void => {
      const entry = entries[i]!;
      entries[i + by] = entry;
      idToIndex[entry.id] = i + by;
    };
    if (by < 0) for (let i = from; i < to; i++) moveTo(i);
    else for (let i = to - 1; i >= from; i--) moveTo(i);
  }

  private reserve(count: number): void {
    let capacity = this.bases.length;
    if (count <= capacity) return;
    while (capacity < count) capacity *= 2;
    const widen = (old: Float64Array): Float64Array<ArrayBuffer> => {
      const wide = new Float64Array(capacity);
      wide.set(old);
      return wide;
    };
    this.bases = widen(this.bases);
    this.pages = widen(this.pages);
    this.hvas = widen(this.hvas);
    this.hvaLasts = widen(this.hvaLasts);
  }
}
