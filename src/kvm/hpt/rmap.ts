/**
 * The reverse map of an HPT guest: for each guest frame one word that leads to the ring of the valid entries that map
 * it, and what they had recorded when they went (Linux arch/powerpc/include/asm/kvm_host.h, KVMPPC_RMAP_*;
 * book3s_hv_rm_mmu.c, kvmppc_add_revmap_chain). The words are those of the memory slots, in emulated host memory.
 */
import { fields, get, has, put } from '../../core/bits';
import type { RealMemory } from '../../core/memory';
import type { HashedPageTable } from './table';

/** The word of a frame. */
export const HPT_RMAP = fields({
  /** Whose word it is: {@link HPT_TYPE}. */
  TYPE: [0, 7],
  /** The lock of the ring. Nothing here runs at the same time, so it is never set. */
  LOCK: 20,
  /** R and C of entries that went. */
  R: 23,
  C: 24,
  /** There is a ring. */
  PRESENT: 31,
  /** The first of its entries. */
  INDEX: [32, 63],
});

export const HPT_TYPE = 1n;
/** From R and C of an entry to those of the word. */
const RC_SHIFT = 32n;
const PRESENT_HI = HPT_RMAP.PRESENT.hi;

/** One frame's word in memory with the table that its ring is in. */
export class Ring {
  constructor(
    private readonly memory: RealMemory,
    private readonly table: HashedPageTable,
    /** Real address of the word. */
    readonly at: number,
  ) {}

  get word(): bigint {
    return this.memory.getDoubleword(this.at);
  }

  set word(word: bigint) {
    this.memory.setDoubleword(this.at, word);
  }

  /** The word is 0: nothing maps the frame and nothing is recorded of it. */
  get isBlank(): boolean {
    return this.memory.getWord(this.at) === 0 && this.memory.getWord(this.at + 4) === 0;
  }

  get isEmpty(): boolean {
    return (this.memory.getWord(this.at) & PRESENT_HI) === 0;
  }

  /** The first entry of a ring that is not empty. */
  get head(): number {
    return this.memory.getWord(this.at + 4) >>> 0;
  }

  /** Adds an entry at the tail. */
  add(index: number): void {
    if (this.isEmpty) {
      this.table.link(index, index);
      const word = put(this.word, HPT_RMAP.INDEX, BigInt(index));
      this.word = put(word | HPT_RMAP.PRESENT.mask, HPT_RMAP.TYPE, HPT_TYPE);
      return;
    }
    const { head } = this;
    this.table.link(this.table.back(head), index);
    this.table.link(index, head);
  }

  /** Takes an entry of the ring out of it. */
  remove(index: number): void {
    const { table } = this;
    const next = table.forw(index);
    if (next === index) {
      this.word &= ~(HPT_RMAP.PRESENT.mask | HPT_RMAP.INDEX.mask);
      return;
    }
    table.link(table.back(index), next);
    if (this.head === index) this.word = put(this.word, HPT_RMAP.INDEX, BigInt(next));
  }

  /** The entries, from the head on. What the caller does to the ring meanwhile does not matter. */
  entries(): number[] {
    if (this.isEmpty) return [];
    const all: number[] = [];
    const { head, table } = this;
    for (let index = head; ;) {
      all.push(index);
      index = table.forw(index);
      // A ring cannot have more entries than its table: a broken one ends there, and the checker tells.
      if (index === head || index >= table.entries || all.length > table.entries) return all;
    }
  }

  /** What entries that went had recorded. */
  get recorded(): bigint {
    return this.word >> RC_SHIFT;
  }

  /** Keeps R and C of an entry that goes. @param rc in the places that entries have them */
  record(rc: bigint): void {
    if (rc !== 0n) this.word |= rc << RC_SHIFT;
  }

  /** Forgets R or C. @returns whether it was there */
  forget(what: 'R' | 'C'): boolean {
    const { word } = this;
    if (!has(word, HPT_RMAP[what])) return false;
    this.word = word & ~HPT_RMAP[what].mask;
    return true;
  }
}

/** A word as a person wants it. */
export const decodeRmapWord = (
  word: bigint,
): { present: boolean; head: number; referenced: boolean; changed: boolean } => ({
  present: has(word, HPT_RMAP.PRESENT),
  head: Number(get(word, HPT_RMAP.INDEX)),
  referenced: has(word, HPT_RMAP.R),
  changed: has(word, HPT_RMAP.C),
});
