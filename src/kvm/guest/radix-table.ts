/**
 * A partition-scoped radix tree in emulated host memory, as the hardware walks it: L1's own tree and the shadow trees
 * of L2 guests are both this. Linux arch/powerpc/kvm/book3s_64_mmu_radix.c, kvmppc_create_pte, kvmppc_unmap_pte and
 * kvmppc_free_pgtable_radix. What a change of an entry means beyond the tree (TLBs, dirty pages, rmap) is the owner's.
 */
import { PDE, RADIX_ENTRY_SIZE } from '../../../isa/tables/radix';
import { get } from '../../core/bits';
import type { RealMemory } from '../../core/memory';
import { hiOf, loOf } from '../../core/u64';
import { isLeaf, isValid, tableEntries, tableLo } from '../../mmu/radix/entry';
import { EAGAIN, ENOMEM } from '../errno';
import type { HostHeap } from '../host/heap';
import type { PieceClaims } from '../host/piece-claims';
import type { PageGeometry } from '../page';
import { TableClaims } from './claim-tables';
import { FoundLeaf } from './found-leaf';
import {
  alignDown,
  bitsBelow,
  directoryEntry,
  indexOf,
  ROOT_BITS,
  ROOT_SHIFT,
  TREE_BITS,
} from './radix-format';
import type { RadixLeaf } from './radix-leaf';
import { visitLeaves } from './visit-leaves';

/** Bytes from an entry to its low half. */
const LOW_HALF = 4;

/** What is wanted of {@link RadixTable.create}: a leaf of a size. */
export interface LeafRequest {
  /** Guest real address, below 2^52, aligned to the page or not. */
  readonly gpa: number;
  readonly pte: bigint;
  /** log2 of the page: the base page's, PMD_SHIFT or PUD_SHIFT. */
  readonly shift: number;
}

export interface RadixTableOptions {
  readonly memory: RealMemory;
  readonly heap: HostHeap;
  readonly geometry: PageGeometry;
  /** Root directory that exists already; absent: a new one. */
  readonly root?: number;
  /** A leaf was emptied: TLBs hold it still, its dirty state and what was filed under it are the owner's to save. */
  readonly dropped: (gpa: number, leaf: RadixLeaf) => void;
  /** A table was taken out of the tree and is about to be freed: page walk caches hold it still. */
  readonly tableRemoved: () => void;
}

/** What {@link RadixTable.create} did, where it is not a negated error number. */
export const CREATED = {
  /** The entry was there already, bit for bit. */
  SAME: 0,
  /** Bits were added to a leaf that was there. */
  MERGED: 1,
  /** The leaf is new. */
  INSERTED: 2,
} as const;

export class RadixTable {
  /** Host real address of the root directory, 64 KiB; -1 where memory was short: then nothing can be created. */
  root: number;
  /** Tables of the tree beside the root. */
  tables = 0;
  private readonly wanted = { hi: 0, lo: 0, shift: 0 };
  /** What of the root directory may be in use: entries from the first up to the end. */
  private rootFirst = 1 << ROOT_BITS;
  private rootEnd = 0;

  constructor(private readonly options: RadixTableOptions) {
    this.root = options.root ?? options.heap.allocate(RADIX_ENTRY_SIZE << ROOT_BITS);
    if (options.root !== undefined) this.useWholeRoot();
  }

  /**
   * Takes over the tree of a snapshot, which lies in memory already.
   * @returns what is wrong with it, or undefined: then every table is a piece of the heap and of no other tree, and
   *   every leaf one that {@link create} could have made
   */
  restore(root: number, pieces: PieceClaims): string | undefined {
    this.root = root;
    this.tables = 0;
    if (root < 0) return undefined;
    if (!pieces.take(root, RADIX_ENTRY_SIZE << ROOT_BITS)) return `no root directory at ${root}`;
    this.useWholeRoot();
    const claims = new TableClaims(this.options.memory, this.baseShift, pieces);
    const problem = claims.below({ table: root, shift: ROOT_SHIFT, bits: ROOT_BITS });
    this.tables = claims.tables;
    return problem;
  }

  /** log2 of the base page. */
  get baseShift(): number {
    return this.options.geometry.shift;
  }

  /** The leaf that maps a guest real address, or undefined. */
  find(gpa: number): RadixLeaf | undefined {
    const leaf = new FoundLeaf();
    return this.look(gpa, leaf) ? leaf.copy() : undefined;
  }

  /** The same without an allocation: true where there is one, which is then in `leaf`. */
  look(gpa: number, leaf: FoundLeaf): boolean {
    const { memory } = this.options;
    let table = this.root;
    let shift = ROOT_SHIFT;
    let bits: number = ROOT_BITS;
    if (table < 0 || gpa >= 2 ** TREE_BITS) return false;
    for (;;) {
      const at = table + indexOf(gpa, shift, bits) * RADIX_ENTRY_SIZE;
      const hi = memory.getWord(at);
      if (!isValid(hi)) return false;
      const lo = memory.getWord(at + LOW_HALF);
      if (isLeaf(hi)) {
        leaf.hi = hi;
        leaf.lo = lo;
        leaf.at = at;
        leaf.shift = shift;
        return true;
      }
      table = tableLo(lo) >>> 0;
      bits = tableEntries(lo);
      shift -= bits;
    }
  }

  /**
   * Makes a leaf (spec of kvmppc_create_pte). A leaf that is there gains the new bits and loses none; a larger leaf
   * in the way is dropped, a table in the way of a larger leaf is freed with all that is in it.
   * @param retry asked once, before anything is changed: true where the page may be going away
   * @returns one of {@link CREATED}, -EAGAIN, or -ENOMEM
   */
  create({ gpa, pte, shift }: LeafRequest, retry: () => boolean): number {
    if (retry()) return -EAGAIN;
    const { wanted } = this;
    wanted.hi = hiOf(pte);
    wanted.lo = loOf(pte);
    wanted.shift = shift;
    return this.createLeaf(gpa, wanted);
  }

  /** The same for a page that is not going away, without an allocation. */
  createLeaf(gpa: number, leaf: Pick<FoundLeaf, 'hi' | 'lo' | 'shift'>): number {
    if (this.root < 0) return -ENOMEM;
    const { memory } = this.options;
    let table = this.root;
    let shift = ROOT_SHIFT;
    let bits: number = ROOT_BITS;
    this.useRoot(indexOf(gpa, shift, bits));
    for (;;) {
      const at = table + indexOf(gpa, shift, bits) * RADIX_ENTRY_SIZE;
      if (shift === leaf.shift) return this.place(at, gpa, leaf);
      let hi = memory.getWord(at);
      if (isValid(hi) && isLeaf(hi)) {
        // A larger page covers the address: identical or wider access to it is not what was asked for.
        this.drop(alignDown(gpa, shift), { pte: this.read(at), at, shift });
        hi = 0;
      }
      if (!isValid(hi) && !this.addTable(at, bitsBelow(shift, this.baseShift))) return -ENOMEM;
      const lo = memory.getWord(at + LOW_HALF);
      table = tableLo(lo) >>> 0;
      bits = tableEntries(lo);
      shift -= bits;
    }
  }

  private useRoot(index: number): void {
    if (index < this.rootFirst) this.rootFirst = index;
    if (index >= this.rootEnd) this.rootEnd = index + 1;
  }

  private useWholeRoot(): void {
    this.rootFirst = 0;
    this.rootEnd = 1 << ROOT_BITS;
  }

  /** Sets bits in the lower half of a leaf in place. */
  setBits(leaf: FoundLeaf, bits: number): void {
    this.options.memory.setWord(leaf.at + LOW_HALF, leaf.lo | bits);
  }

  /** Empties a leaf that {@link find} gave and tells the owner. */
  drop(gpa: number, leaf: RadixLeaf): void {
    this.write(leaf.at, 0n);
    this.options.dropped(gpa, leaf);
  }

  /** Changes a leaf in place. */
  replace(leaf: RadixLeaf, pte: bigint): void {
    this.write(leaf.at, pte);
  }

  /** Visits the leaves that map any of `[start, end)`, ascending; the visitor may drop or replace the one it sees. */
  each(start: number, end: number, visit: (gpa: number, leaf: RadixLeaf) => void): void {
    const { root } = this;
    if (root < 0) return;
    const whole = { table: root, shift: ROOT_SHIFT, bits: ROOT_BITS, base: 0 };
    visitLeaves(this.options.memory, whole, { start, end, visit });
  }

  /** Frees the whole tree without telling of single entries; the owner flushes. The root stays, empty. */
  clear(): void {
    if (this.root < 0) return;
    const { rootFirst, rootEnd } = this;
    this.freeBelow({ table: this.root, shift: ROOT_SHIFT, first: rootFirst, end: rootEnd });
    const { bytes } = this.options.memory;
    bytes.fill(0, this.root + rootFirst * RADIX_ENTRY_SIZE, this.root + rootEnd * RADIX_ENTRY_SIZE);
    this.tables = 0;
    this.rootFirst = 1 << ROOT_BITS;
    this.rootEnd = 0;
  }

  /** Ends the tree: {@link clear}, and the root goes. */
  destroy(): void {
    if (this.root < 0) return;
    this.clear();
    this.options.heap.free(this.root);
    this.root = -1;
  }

  private read(at: number): bigint {
    return this.options.memory.getDoubleword(at);
  }

  private write(at: number, entry: bigint): void {
    this.options.memory.setDoubleword(at, entry);
  }

  /** @returns false where there is no memory for it */
  private addTable(at: number, bits: number): boolean {
    const table = this.options.heap.allocate(RADIX_ENTRY_SIZE << bits);
    if (table < 0) return false;
    this.tables++;
    this.write(at, directoryEntry(table, bits));
    return true;
  }

  /** Writes a leaf where it belongs. */
  private place(at: number, gpa: number, leaf: Pick<FoundLeaf, 'hi' | 'lo' | 'shift'>): number {
    const { memory } = this.options;
    const { hi, lo, shift } = leaf;
    const oldHi = memory.getWord(at);
    const isThere = isValid(oldHi);
    const isMerged = isThere && isLeaf(oldHi);
    const oldLo = isMerged ? memory.getWord(at + LOW_HALF) : 0;
    if (isMerged && oldHi === hi && oldLo === lo) return CREATED.SAME;
    if (isThere && !isMerged) this.removeTable(at, this.read(at), { base: alignDown(gpa, shift), shift });
    memory.setWord(at, isMerged ? oldHi | hi : hi);
    memory.setWord(at + LOW_HALF, oldLo | lo);
    return isMerged ? CREATED.MERGED : CREATED.INSERTED;
  }

  /** Takes a table with small pages out of the tree, so that a large page can take its place. */
  private removeTable(at: number, entry: bigint, from: { base: number; shift: number }): void {
    const bits = Number(get(entry, PDE.NLS));
    const table = Number(entry & PDE.NLB.mask);
    // What is in it is dropped by the address it maps, not by what it maps to (hazard H-4 of the reference).
    const all = {
      start: from.base,
      end: from.base + 2 ** from.shift,
      visit: (gpa: number, leaf: RadixLeaf) => this.drop(gpa, leaf),
    };
    visitLeaves(this.options.memory, { table, shift: from.shift - bits, bits, base: from.base }, all);
    this.write(at, 0n);
    this.options.tableRemoved();
    this.freeBelow({ table, shift: from.shift - bits, first: 0, end: 1 << bits });
    this.freeTable(table);
  }

  /** Frees the tables below some entries of a directory whose entries map 2^`shift` bytes. */
  private freeBelow({
    table,
    shift,
    first,
    end,
  }: {
    table: number;
    shift: number;
    first: number;
    end: number;
  }): void {
    // Such a table has leaves only.
    if (shift === this.baseShift) return;
    const bits = bitsBelow(shift, this.baseShift);
    for (let i = first; i < end; i++) {
      const at = table + i * RADIX_ENTRY_SIZE;
      const hi = this.options.memory.getWord(at);
      if (!isValid(hi) || isLeaf(hi)) continue;
      const below = tableLo(this.options.memory.getWord(at + LOW_HALF)) >>> 0;
      this.freeBelow({ table: below, shift: shift - bits, first: 0, end: 1 << bits });
      this.freeTable(below);
    }
  }

  private freeTable(table: number): void {
    this.tables--;
    this.options.heap.free(table);
  }
}
