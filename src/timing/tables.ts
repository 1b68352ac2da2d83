/**
 * Set-associative structures with least-recently-used replacement, on words that generated code reads too: an entry
 * is a tag of 64 bits, and the entries of a set are in the order of their last use, the newest first.
 */

/** No entry has this tag. */
const EMPTY = -1;

export class Table {
  /** Words of one set. */
  private readonly stride: number;

  /**
   * @param at first word; the table takes {@link Table.words}
   * @param insertsOldest a new tag takes the place of the oldest and is the oldest until it is found
   */
  constructor(
    private readonly words: Int32Array,
    private readonly at: number,
    readonly sets: number,
    readonly ways: number,
    private readonly insertsOldest = false,
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

  /** Enters a tag; the oldest leaves. */
  insert(set: number, hi: number, lo: number): void {
    const first = this.at + set * this.stride;
    const last = first + this.stride - 2;
    if (!this.insertsOldest) {
      this.promote(first, last, hi, lo);
      return;
    }
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
  private promote(first: number, place: number, hi: number, lo: number): void {
    this.words.copyWithin(first + 2, first, place);
    this.words[first] = lo;
    this.words[first + 1] = hi;
  }
}
