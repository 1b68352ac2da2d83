/**
 * What a memslot set can be asked, and the tree-based set of Linux since 5.17 (struct kvm_memslots). A VM has two
 * sets per address space; readers use the active one. How sets are changed and swapped is the business of
 * `memslot-sets.ts`.
 */
import { IdHash } from './id-hash';
import { IntervalTree } from './interval-tree';
import type { MemSlot, SlotPool } from './memslot';
import { RbTree } from './rbtree';
import { NIL } from './rbtree-links';

/**
 * A generation number, as a double. Bit 63 of the kernel's number, "update in progress", does not fit one;
 * {@link UPDATE_IN_PROGRESS} is added in its place. Plain numbers stay below it.
 */
export type Generation = number;
export const UPDATE_IN_PROGRESS = 2 ** 52;
const GENERATION_FLAG_BIT = 63n;

export const isUpdating = (generation: Generation): boolean => generation >= UPDATE_IN_PROGRESS;

/** The number as the kernel has it, flag in bit 63. */
export const generationBits = (generation: Generation): bigint =>
  isUpdating(generation)
    ? BigInt(generation - UPDATE_IN_PROGRESS) | (1n << GENERATION_FLAG_BIT)
    : BigInt(generation);

/** "No further slot" of the hva walk. */
export const END = -1;

/** Queries on one set. None of them allocates, save {@link slots} and the range generator. */
export interface MemslotSet {
  readonly asId: number;
  readonly nodeIdx: 0 | 1;
  generation: Generation;
  /** The last slot that a VM-wide lookup by gfn found in this set, or null. */
  lastUsedSlot: MemSlot | null;
  readonly size: number;
  /** Nodes or entries looked at by all searches so far. */
  readonly visits: number;
  /** Bytes that the set's own structures occupy. */
  readonly byteLength: number;

  /** The slot that contains the guest frame. */
  search(gfn: number): MemSlot | null;
  /** The same, but a miss gives a slot that borders the hole; null only from an empty set. */
  searchNear(gfn: number): MemSlot | null;
  byId(id: number): MemSlot | null;
  /** The slots that meet `[start, end)` of guest frames, ascending; start < end. */
  inGfnRange(start: number, end: number): IterableIterator<MemSlot>;
  /** A slot with another id than `id` meets `[start, end)`. */
  overlapsOther(start: number, end: number, id: number): boolean;
  /** Cursor of the first slot that meets the closed interval of hvas, or {@link END}. */
  firstInHvaRange(first: number, last: number): number;
  nextInHvaRange(cursor: number, first: number, last: number): number;
  /** The slot at a cursor. */
  slotAt(cursor: number): MemSlot;
  /** All slots, in no order that a caller may rely on. */
  slots(): IterableIterator<MemSlot>;
}

/** gfn tree, hva tree and id hash over shared slot objects. */
export class TreeSet implements MemslotSet {
  generation: Generation;
  lastUsedSlot: MemSlot | null = null;
  readonly gfnTree = new RbTree('distinct starts');
  readonly hvaTree = new IntervalTree();
  readonly idHash = new IdHash();

  constructor(
    private readonly pool: SlotPool,
    readonly asId: number,
    readonly nodeIdx: 0 | 1,
  ) {
    this.generation = asId;
  }

  get size(): number {
    return this.gfnTree.size;
  }

  get visits(): number {
    return this.gfnTree.visits + this.hvaTree.visits;
  }

  get byteLength(): number {
    return this.gfnTree.byteLength + this.hvaTree.byteLength + this.idHash.byteLength;
  }

  search(gfn: number): MemSlot | null {
    const node = this.gfnTree.find(gfn);
    return node === NIL ? null : this.pool.at(node);
  }

  searchNear(gfn: number): MemSlot | null {
    const node = this.gfnTree.findNear(gfn);
    return node === NIL ? null : this.pool.at(node);
  }

  byId(id: number): MemSlot | null {
    const handle = this.idHash.find(id);
    return handle === NIL ? null : this.pool.at(handle);
  }

  *inGfnRange(start: number, end: number): IterableIterator<MemSlot> {
    for (let node = this.firstReaching(start, end); node !== NIL; node = this.gfnTree.next(node)) {
      if (this.gfnTree.startOf(node) >= end) return;
      yield this.pool.at(node);
    }
  }

  overlapsOther(start: number, end: number, id: number): boolean {
    const tree = this.gfnTree;
    for (let node = this.firstReaching(start, end); node !== NIL; node = tree.next(node)) {
      if (tree.startOf(node) >= end) return false;
      if (this.pool.at(node).id !== id) return true;
    }
    return false;
  }

  firstInHvaRange(first: number, last: number): number {
    const node = this.hvaTree.firstMeeting(first, last);
    return node === NIL ? END : node;
  }

  nextInHvaRange(cursor: number, first: number, last: number): number {
    const node = this.hvaTree.nextMeeting(cursor, first, last);
    return node === NIL ? END : node;
  }

  slotAt(cursor: number): MemSlot {
    return this.pool.at(cursor);
  }

  *slots(): IterableIterator<MemSlot> {
    for (const handle of this.idHash.handles()) yield this.pool.at(handle);
  }

  /**
   * Puts `next` in the place of `old`: insertion without `old`, removal without `next`
   * (virt/kvm/kvm_main.c, kvm_replace_memslot). The set must be the inactive one.
   */
  replace(old: MemSlot | null, next: MemSlot | null): void {
    if (old) {
      this.idHash.erase(old.handle);
      this.hvaTree.erase(old.handle);
      if (this.lastUsedSlot === old) this.lastUsedSlot = next;
    }
    if (!next) {
      if (old) this.gfnTree.erase(old.handle);
      return;
    }
    this.idHash.insert(next.handle, next.id);
    this.hvaTree.insert(next.handle, next.userspaceAddr, next.userspaceLast);
    if (old?.baseGfn === next.baseGfn) {
      this.gfnTree.replace(old.handle, next.handle, next.endGfn - 1);
      return;
    }
    if (old) this.gfnTree.erase(old.handle);
    this.gfnTree.insert(next.handle, next.baseGfn, next.endGfn - 1);
  }

  /** The first node, ascending, that ends after `start`. */
  private firstReaching(start: number, end: number): number {
    if (!(start < end)) throw new RangeError(`empty range of guest frames: [${start}, ${end})`);
    const tree = this.gfnTree;
    const above = tree.upperBound(start);
    const below = above === NIL ? tree.last() : tree.previous(above);
    if (below === NIL) return above;
    return tree.lastOf(below) >= start ? below : above;
  }
}
