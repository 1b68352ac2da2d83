/**
 * What the walks of each effective page have cost: a hash table in one array, so that a walk allocates nothing. Walks are
 * noted one behind the other and entered many at a time: the table is larger than the host's caches, and its misses then
 * overlap.
 */

/** What one page's walks cost. */
export interface PageCost {
  /** Number of the page. */
  readonly page: bigint;
  readonly walks: number;
  readonly ticks: number;
}

/** Pages that are kept: those that walked first. */
const PAGES_KEPT = 65536;
const FIRST_SLOTS = 1024;
/** Walks that are noted before they are entered. */
const NOTES = 1024;
/** Words of a note: number of the page, then ticks; before the first note, how many there are. */
const NOTE_WORDS = 4;
const FIRST_NOTE = 2;

/** Numbers of an entry: of the page, how often, how long; and one that makes it half a cache line. */
const ENTRY = 4;
const [PAGE, WALKS, TICKS] = [0, 1, 2];
const NO_PAGE = -1;
const WORD = 2 ** 32;

/** Where generated code notes walks, in bytes. */
export const WALK_NOTES = { most: NOTES, first: 4 * FIRST_NOTE, size: 4 * NOTE_WORDS, ticks: 8 } as const;
/** An odd number whose products spread over the upper bits. */
const SPREAD = 0x9e3779b1 | 0;

const emptyTable = (slots: number): Float64Array => {
  const table = new Float64Array(ENTRY * slots);
  for (let at = 0; at < table.length; at += ENTRY) table[at] = NO_PAGE;
  return table;
};

export class PageCosts {
  private table = emptyTable(FIRST_SLOTS);
  private pages = 0;

  static readonly words = FIRST_NOTE + NOTE_WORDS * NOTES;

  /** @param notes {@link PageCosts.words} words from `at` on, where generated code can note walks too */
  constructor(
    private readonly notes: Int32Array = new Int32Array(PageCosts.words),
    private readonly at = 0,
  ) {
    this.noted = 0;
  }

  private get noted(): number {
    return this.notes[this.at]!;
  }

  private set noted(count: number) {
    this.notes[this.at] = count;
  }

  clear(): void {
    this.table = emptyTable(FIRST_SLOTS);
    this.pages = 0;
    this.noted = 0;
  }

  /** A walk of a page took so long. @param hi @param lo the number of the page in halves, 52 bits */
  charge(hi: number, lo: number, ticks: number): void {
    if (this.noted === NOTES) this.enterAll();
    const { notes } = this;
    const i = this.at + FIRST_NOTE + NOTE_WORDS * this.noted;
    notes[i] = lo;
    notes[i + 1] = hi;
    notes[i + 2] = ticks | 0;
    notes[i + 3] = Math.floor(ticks / WORD);
    this.noted++;
  }

  private enterAll(): void {
    const number = (i: number): number => this.notes[i + 1]! * WORD + (this.notes[i]! >>> 0);
    const first = this.at + FIRST_NOTE;
    for (let i = first; i < first + NOTE_WORDS * this.noted; i += NOTE_WORDS)
      this.enter(number(i), number(i + 2));
    this.noted = 0;
  }

  private enter(page: number, ticks: number): void {
    const at = this.placeOf(page);
    const { table } = this;
    if (table[at] !== page) {
      if (this.pages >= PAGES_KEPT) return;
      table[at] = page;
      this.pages++;
    }
    table[at + WALKS]! += 1;
    table[at + TICKS]! += ticks;
    // At most half of the slots are taken, so that a search ends soon.
    if (2 * ENTRY * this.pages > table.length) this.grow();
  }

  /** Index of the page's entry, or of the empty one where it would be. */
  private placeOf(page: number): number {
    const { table } = this;
    const mask = table.length - 1;
    const mixed = Math.imul((page | 0) ^ Math.imul(Math.floor(page / WORD), SPREAD), SPREAD);
    let at = ((mixed >>> 8) * ENTRY) & mask;
    while (table[at] !== page && table[at] !== NO_PAGE) at = (at + ENTRY) & mask;
    return at;
  }

  private grow(): void {
    const old = this.table;
    this.table = emptyTable((2 * old.length) / ENTRY);
    for (let from = 0; from < old.length; from += ENTRY) {
      const page = old[from]!;
      if (page === NO_PAGE) continue;
      this.table.set(old.subarray(from, from + ENTRY), this.placeOf(page));
    }
  }

  /** Every page, in the order of their numbers. */
  values(): PageCost[] {
    this.enterAll();
    const { table } = this;
    const found: PageCost[] = [];
    for (let at = 0; at < table.length; at += ENTRY)
      if (table[at] !== NO_PAGE)
        found.push({ page: BigInt(table[at + PAGE]!), walks: table[at + WALKS]!, ticks: table[at + TICKS]! });
    return found.sort((a, b) => (a.page < b.page ? -1 : 1));
  }
}
