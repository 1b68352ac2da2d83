/**
 * Set-associative structures with least-recently-used replacement, on words that generated code reads too: an entry
 * is a tag of 64 bits, and the entries of a set are in the order of their last use, the newest first.
 */

/** No entry has this tag. */
export const EMPTY = -1;

export class Table {
  /** Words of one set. */
  protected readonly stride: number;

  /**
   * @param at first word; the table takes {@link Table.words}
   */
  constructor(
    protected readonly words: Int32Array,
    protected readonly at: number,
    readonly sets: number,
    readonly ways: number,
  ) {
    this.stride = 2 * ways;
    this.clear();
  }

  static words(sets: number, ways: number): number {
    return 2 * sets * ways;
  }

  clear(): void {
    this.words.fill(EMPTY, this.at, this.at + this.sets * this.stride);
  }

  /** Holds nothing any more; what the replacement has learned may stay. */
  forget(): void {
    this.clear();
  }

  /** True where the set holds the tag, which is then its newest. @param hi @param lo the tag in halves */
  lookup(set: number, hi: number, lo: number): boolean {
    const { words } = this;
    const first = this.at + set * this.stride;
    for (let i = first; i < first + this.stride; i += 2) {
      if (words[i] !== lo || words[i + 1] !== hi) continue;
      this.promote(first, i, hi, lo);
      return true;
    }
    return false;
  }

  /** True where the set holds the tag; nothing changes. */
  holds(set: number, hi: number, lo: number): boolean {
    const { words } = this;
    const first = this.at + set * this.stride;
    for (let i = first; i < first + this.stride; i += 2)
      if (words[i] === lo && words[i + 1] === hi) return true;
    return false;
  }

  /** Enters a tag; the oldest leaves. */
  insert(set: number, hi: number, lo: number): void {
    const first = this.at + set * this.stride;
    this.promote(first, first + this.stride - 2, hi, lo);
  }

  /** Enters a tag that nobody has used: it is the next to leave. */
  insertUnused(set: number, hi: number, lo: number): void {
    const last = this.at + (set + 1) * this.stride - 2;
    this.words[last] = lo;
    this.words[last + 1] = hi;
  }

  /** Drops a tag, or every tag of the set. */
  drop(set: number, hi: number, lo: number): void {
    const first = this.at + set * this.stride;
    for (let i = first; i < first + this.stride; i += 2)
      if (this.words[i] === lo && this.words[i + 1] === hi) this.words.fill(EMPTY, i, i + 2);
  }

  dropSet(set: number): void {
    const first = this.at + set * this.stride;
    this.words.fill(EMPTY, first, first + this.stride);
  }

  /** Puts a tag in front of a set, moving those between down to the place that becomes free. */
  protected promote(first: number, place: number, hi: number, lo: number): void {
    const { words } = this;
    // A few words: a loop is faster than copyWithin.
    for (let i = place + 1; i > first + 1; i--) words[i] = words[i - 2]!;
    words[first] = lo;
    words[first + 1] = hi;
  }
}

/** A cache whose lines stay in their ways. Tags are 32 bits wide: the upper half is the number of the way. */
export class NumberedTable extends Table {
  override clear(): void {
    for (let i = 0; i < this.sets * this.ways; i++) {
      this.words[this.at + 2 * i] = EMPTY;
      // The first way is the first to be filled.
      this.words[this.at + 2 * i + 1] = this.ways - 1 - (i % this.ways);
    }
  }

  override forget(): void {
    for (let i = 0; i < this.sets * this.ways; i++) this.words[this.at + 2 * i] = EMPTY;
  }

  override lookup(set: number, _hi: number, lo: number): boolean {
    const { words } = this;
    const first = this.at + set * this.stride;
    for (let i = first; i < first + this.stride; i += 2) {
      if (words[i] !== lo) continue;
      this.promote(first, i, words[i + 1]!, lo);
      return true;
    }
    return false;
  }

  override holds(set: number, _hi: number, lo: number): boolean {
    const first = this.at + set * this.stride;
    for (let i = first; i < first + this.stride; i += 2) if (this.words[i] === lo) return true;
    return false;
  }

  override insert(set: number, _hi: number, lo: number): void {
    this.insertLike(set, set, lo);
  }

  override insertUnused(set: number, _hi: number, lo: number): void {
    this.insertUnusedLike(set, set, lo);
  }

  /** Enters a line into the way that is the oldest of another set. */
  insertLike(set: number, other: number, lo: number): void {
    const place = this.oldestOf(other, set);
    this.promote(this.at + set * this.stride, place, this.words[place + 1]!, lo);
  }

  /** The same for a line that nobody has used: which one of the set is next to leave does not change. */
  insertUnusedLike(set: number, other: number, lo: number): void {
    this.words[this.oldestOf(other, set)] = lo;
  }

  /** Where a set has the way that is the oldest of another one. */
  private oldestOf(other: number, set: number): number {
    const way = this.words[this.at + (other + 1) * this.stride - 1]!;
    let place = this.at + set * this.stride;
    while (this.words[place + 1] !== way) place += 2;
    return place;
  }
}

/**
 * A cache whose replacement takes a miss for a use of the first way, whichever way it fills: what is brought into
 * another way is the next to leave until it is hit.
 */
export class FirstWayTable extends NumberedTable {
  override insert(set: number, _hi: number, lo: number): void {
    const { words } = this;
    const first = this.at + set * this.stride;
    const last = first + this.stride - 2;
    words[last] = lo;
    // The first way is used, whichever was filled.
    let i = first;
    while (i < last && words[i + 1] !== 0) i += 2;
    this.promote(first, i, words[i + 1]!, words[i]!);
  }
}
