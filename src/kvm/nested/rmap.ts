/**
 * The nested reverse map: for each page of L1, which pages of which nested guests map it (Linux "KVM: PPC: Book3S HV:
 * Introduce rmap to track nested guest mappings"; book3s_hv_nested.c, kvmhv_insert_nest_rmap).
 *
 *     head word of the L1 page              list nodes (16 bytes)
 *     0                                     no nested mapping
 *     entry | 1                             one mapping, inline
 *     pointer ----------------------------> { next, entry } -> { next, entry }
 *                                             next of the last node is an inline entry, bit 0 set
 *
 * Everything lies in emulated host memory. Entries are pushed in front and never taken out of the middle: whoever
 * walks a list validates each entry, and a head is taken as a whole when its page goes. An entry that is already
 * there is not added again; in a long list an index (`rmap-index.ts`) says whether it is. mmu_lock is held by every
 * caller.
 */
import type { RealMemory } from '../../core/memory';
import { NO_MEMORY, type HostHeap } from '../host/heap';
import type { PieceClaims } from '../host/piece-claims';
import { entryHi, entryLo, lpidOf, nGpaOf, RMAP, RMAP_NODE, sameEntry, type RmapEntry } from './rmap-entry';
import { RmapIndex } from './rmap-index';

const SINGLE = RMAP.SINGLE.lo;
const WORD_LOW = 4;
/** A list of more entries has an index. */
const LONG = 32;

/**
 * `single`: the page's first entry, inline; `promoted`: the inline entry became the tail of a list; `pushed`: in front
 * of a list; `duplicate`: was there already; `full`: the list has reached its limit; `no memory`: no list node.
 */
export type InsertResult = 'single' | 'promoted' | 'pushed' | 'duplicate' | 'full' | 'no memory';

export interface NestedRmapOptions {
  readonly memory: RealMemory;
  readonly heap: HostHeap;
  /** Most entries of the list of a base page; infinity in Linux, which bounds a list by nothing but memory. */
  readonly listLimit: number;
  /** Linux takes an entry that is 0 (LPID 0, address 0) in a list node for the list's end. */
  readonly zeroEndsWalk: boolean;
}

export class NestedRmap {
  /** List nodes in use. */
  nodes = 0;
  /** Entries looked at one by one for duplicates. */
  scanned = 0;
  /** Of long lists, by the address of the head word. */
  private readonly indices = new Map<number, RmapIndex>();
  private readonly memory: RealMemory;
  private readonly heap: HostHeap;

  constructor(private readonly options: NestedRmapOptions) {
    this.memory = options.memory;
    this.heap = options.heap;
  }

  /** Bytes of list nodes; the head words are the slots' arrays. */
  get bytes(): number {
    return this.nodes * RMAP_NODE.BYTES;
  }

  /**
   * Adds an entry to the list of the head word at `headAt`.
   * @param most entries that the list may have; default: those of a base page
   */
  insert(headAt: number, { lpid, nGpa }: RmapEntry, most = this.options.listLimit): InsertResult {
    const { memory } = this;
    const hi = entryHi(lpid, nGpa);
    const lo = entryLo(nGpa);
    const headLo = memory.getWord(headAt + WORD_LOW);
    if (headLo === 0 && memory.getWord(headAt) === 0) {
      this.setWord(headAt, hi, lo | SINGLE);
      return 'single';
    }
    const length = this.lengthWithout(headAt, hi, lo);
    if (length < 0) return 'duplicate';
    if (length >= most) return 'full';
    const node = this.allocateNode();
    if (node === NO_MEMORY) return 'no memory';
    this.setWord(node + RMAP_NODE.NEXT, memory.getWord(headAt), headLo);
    this.setWord(node + RMAP_NODE.ENTRY, hi, lo);
    this.setWord(headAt, 0, node);
    if (length >= LONG) this.extendIndex(headAt, node);
    return (headLo & SINGLE) !== 0 ? 'promoted' : 'pushed';
  }

  /** The entries of a list, newest first. The list is read as a whole before the first is visited. */
  walk(headAt: number, visit: (entry: RmapEntry) => void): void {
    for (const entry of this.entries(headAt)) visit(entry);
  }

  /** The entries of the list of the head word at `headAt`, newest first. */
  entries(headAt: number): RmapEntry[] {
    const found: RmapEntry[] = [];
    this.follow(headAt, (hi, lo) => {
      found.push({ lpid: lpidOf(hi), nGpa: nGpaOf(hi, lo) });
    });
    return found;
  }

  /** Empties the list: the head becomes 0 and every node is freed. @returns what was in it, newest first */
  take(headAt: number): RmapEntry[] {
    const { memory } = this;
    if (memory.getWord(headAt) === 0 && memory.getWord(headAt + WORD_LOW) === 0) return [];
    const found = this.entries(headAt);
    this.indices.delete(headAt);
    this.freeNodes(memory.getWord(headAt + WORD_LOW));
    this.setWord(headAt, 0, 0);
    return found;
  }

  /** Frees the nodes that a head word which is about to vanish points to. @param word the head word */
  release(word: bigint): void {
    this.freeNodes(Number(BigInt.asIntN(32, word)));
  }

  /**
   * Counts the nodes of a list that a snapshot left in memory.
   * @param headAt the head word, or negative where the page has none
   * @returns false where the list leads to what is no list node, or is another's
   */
  adopt(headAt: number, pieces: PieceClaims): boolean {
    this.indices.delete(headAt);
    if (headAt < 0 || this.shape(headAt) === 'empty') return true;
    const { memory } = this;
    for (let at = headAt; (memory.getWord(at + WORD_LOW) & SINGLE) === 0; this.nodes++) {
      const node = memory.getWord(at + WORD_LOW) >>> 0;
      if (memory.getWord(at) !== 0 || !pieces.take(node, RMAP_NODE.BYTES)) return false;
      at = node + RMAP_NODE.NEXT;
    }
    return true;
  }

  /** Entries, and whether the head word is a pointer: for people. */
  shape(headAt: number): 'empty' | 'single' | 'list' {
    const lo = this.memory.getWord(headAt + WORD_LOW);
    if (lo === 0 && this.memory.getWord(headAt) === 0) return 'empty';
    return (lo & SINGLE) !== 0 ? 'single' : 'list';
  }

  /** Number of entries, or -1 where the entry is among them. */
  private lengthWithout(headAt: number, hi: number, lo: number): number {
    const index = this.indexOf(headAt);
    if (index === undefined) return this.scan(headAt, hi, lo);
    return index.has(hi, lo) ? -1 : index.length;
  }

  /** The same by looking at every entry. */
  private scan(headAt: number, hi: number, lo: number): number {
    const { memory } = this;
    const { zeroEndsWalk } = this.options;
    let length = 0;
    let wordHi = memory.getWord(headAt);
    let wordLo = memory.getWord(headAt + WORD_LOW);
    while ((wordHi | wordLo) !== 0) {
      const isLast = (wordLo & SINGLE) !== 0;
      const at = isLast ? 0 : (wordLo >>> 0) + RMAP_NODE.ENTRY;
      const entryHigh = isLast ? wordHi : memory.getWord(at);
      const entryLow = isLast ? wordLo : memory.getWord(at + WORD_LOW);
      if (!isLast && (entryHigh | entryLow) === 0 && zeroEndsWalk) break;
      length++;
      this.scanned++;
      if (sameEntry(entryHigh, entryLow, hi, lo)) return -1;
      if (isLast) break;
      wordHi = memory.getWord(at - RMAP_NODE.ENTRY + RMAP_NODE.NEXT);
      wordLo = memory.getWord(at - RMAP_NODE.ENTRY + RMAP_NODE.NEXT + WORD_LOW);
    }
    return length;
  }

  /** The index of a list as it is now, where it has one. */
  private indexOf(headAt: number): RmapIndex | undefined {
    if (this.indices.size === 0) return undefined;
    const index = this.indices.get(headAt);
    if (index === undefined) return undefined;
    const { memory } = this;
    // Another list may be at the same address by now, of another slot: the first entry of a list is inline.
    if (memory.getWord(headAt) === 0 && memory.getWord(headAt + WORD_LOW) === index.headLo) return index;
    this.indices.delete(headAt);
    return undefined;
  }

  /** After a push to a long list: the index has the new node, or is made. */
  private extendIndex(headAt: number, node: number): void {
    if (this.options.zeroEndsWalk) return;
    const { memory } = this;
    const known = this.indices.get(headAt);
    if (known !== undefined) {
      const at = node + RMAP_NODE.ENTRY;
      known.add(at, memory.getWord(at), memory.getWord(at + WORD_LOW));
      known.headLo = node | 0;
      return;
    }
    this.indices.set(headAt, this.makeIndex(headAt, node));
  }

  private makeIndex(headAt: number, headNode: number): RmapIndex {
    const { memory } = this;
    const index = new RmapIndex(memory);
    index.headLo = headNode | 0;
    for (let at = headAt; ;) {
      const lo = memory.getWord(at + WORD_LOW);
      const isLast = (lo & SINGLE) !== 0;
      const word = isLast ? at : (lo >>> 0) + RMAP_NODE.ENTRY;
      index.add(word, memory.getWord(word), memory.getWord(word + WORD_LOW));
      if (isLast) return index;
      at = (lo >>> 0) + RMAP_NODE.NEXT;
    }
  }

  /** Visits the entries as halves. */
  private follow(headAt: number, visit: (hi: number, lo: number) => void): void {
    const { memory } = this;
    let hi = memory.getWord(headAt);
    let lo = memory.getWord(headAt + WORD_LOW);
    while ((hi | lo) !== 0) {
      if ((lo & SINGLE) !== 0) {
        visit(hi, lo);
        return;
      }
      const node = lo >>> 0;
      const entryHigh = memory.getWord(node + RMAP_NODE.ENTRY);
      const entryLow = memory.getWord(node + RMAP_NODE.ENTRY + WORD_LOW);
      if ((entryHigh | entryLow) === 0 && this.options.zeroEndsWalk) return;
      visit(entryHigh, entryLow);
      hi = memory.getWord(node + RMAP_NODE.NEXT);
      lo = memory.getWord(node + RMAP_NODE.NEXT + WORD_LOW);
    }
  }

  /** Frees the nodes from a head word's lower half on, the zero entry that may be among them included. */
  private freeNodes(headLo: number): void {
    let lo = headLo;
    while (lo !== 0 && (lo & SINGLE) === 0) {
      const node = lo >>> 0;
      lo = this.memory.getWord(node + RMAP_NODE.NEXT + WORD_LOW);
      this.heap.free(node);
      this.nodes--;
    }
  }

  private allocateNode(): number {
    let node = this.heap.allocate(RMAP_NODE.BYTES);
    // A pointer that is 0 would say "empty": the piece at address 0 stays unused for ever.
    if (node === 0) node = this.heap.allocate(RMAP_NODE.BYTES);
    if (node !== NO_MEMORY) this.nodes++;
    return node;
  }

  private setWord(at: number, hi: number, lo: number): void {
    this.memory.setWord(at, hi);
    this.memory.setWord(at + WORD_LOW, lo);
  }
}
