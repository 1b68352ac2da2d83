/**
 * Structures behind the first level: entries stay in their ways, a way without an entry is filled first, and what leaves
 * else is the least recently used entry or what a tree of bits takes for it.
 */
import { EMPTY, Table } from './tables';

/** Where an entry is found, and where one goes. */
export interface WayTable {
  clear(): void;
  /** @returns the way of an entry, which is used by that, or -1 */
  find(set: number, hi: number, lo: number): number;
  insert(set: number, hi: number, lo: number): void;
  drop(set: number, hi: number, lo: number): void;
  /** Drops the entries whose tags are meant. */
  dropWhere(isMeant: (hi: number, lo: number) => boolean): void;
}

/** The least recently used entry leaves: the way that is found is not told apart. */
export class LruTable extends Table implements WayTable {
  static of(sets: number, ways: number): LruTable {
    return new LruTable(new Int32Array(Table.words(sets, ways)), 0, sets, ways);
  }

  find(set: number, hi: number, lo: number): number {
    return this.lookup(set, hi, lo) ? 0 : -1;
  }

  dropWhere(isMeant: (hi: number, lo: number) => boolean): void {
    const { words } = this;
    for (let i = 0; i < words.length; i += 2)
      if (isMeant(words[i + 1]!, words[i]!)) words.fill(EMPTY, i, i + 2);
  }
}

/** A binary tree above the ways of each set has a bit at each node that points away from the last use. */
export class TreeTable implements WayTable {
  /** Two words for each entry. */
  private readonly words: Int32Array;
  /** A word for each set. Bit n of it is node n; node n has nodes 2n+1 and 2n+2 below it. */
  private readonly trees: Int32Array;
  private readonly levels: number;

  /**
   * @param ways a power of two, 32 at most
   * @param region {@link TreeTable.words} words from `at` on: first the entries, then the trees
   */
  constructor(
    sets: number,
    private readonly ways: number,
    region: Int32Array = new Int32Array(TreeTable.words(sets, ways)),
    at = 0,
  ) {
    const entries = 2 * sets * ways;
    this.words = region.subarray(at, at + entries).fill(EMPTY);
    this.trees = region.subarray(at + entries, at + entries + sets).fill(0);
    this.levels = Math.log2(ways);
  }

  static words(sets: number, ways: number): number {
    return 2 * sets * ways + sets;
  }

  /** Which way would leave is not forgotten. */
  clear(): void {
    this.words.fill(EMPTY);
  }

  find(set: number, hi: number, lo: number): number {
    const first = 2 * set * this.ways;
    for (let way = 0; way < this.ways; way++) {
      if (this.words[first + 2 * way] !== lo || this.words[first + 2 * way + 1] !== hi) continue;
      this.use(set, way);
      return way;
    }
    return -1;
  }

  insert(set: number, hi: number, lo: number): void {
    const free = this.find(set, EMPTY, EMPTY);
    const way = free >= 0 ? free : this.victim(set);
    this.words[2 * (set * this.ways + way)] = lo;
    this.words[2 * (set * this.ways + way) + 1] = hi;
    this.use(set, way);
  }

  drop(set: number, hi: number, lo: number): void {
    const first = 2 * set * this.ways;
    for (let i = first; i < first + 2 * this.ways; i += 2)
      if (this.words[i] === lo && this.words[i + 1] === hi) this.words.fill(EMPTY, i, i + 2);
  }

  dropWhere(isMeant: (hi: number, lo: number) => boolean): void {
    const { words } = this;
    for (let i = 0; i < words.length; i += 2)
      if (isMeant(words[i + 1]!, words[i]!)) words.fill(EMPTY, i, i + 2);
  }

  private victim(set: number): number {
    const tree = this.trees[set]!;
    let node = 0;
    let way = 0;
    for (let level = 0; level < this.levels; level++) {
      const bit = (tree >>> node) & 1;
      way = 2 * way + bit;
      node = 2 * node + 1 + bit;
    }
    return way;
  }

  private use(set: number, way: number): void {
    let tree = this.trees[set]!;
    let node = 0;
    for (let level = this.levels - 1; level >= 0; level--) {
      const bit = (way >>> level) & 1;
      tree = bit ? tree & ~(1 << node) : tree | (1 << node);
      node = 2 * node + 1 + bit;
    }
    this.trees[set] = tree;
  }
}
