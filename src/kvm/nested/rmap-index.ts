/**
 * Finds an entry in a long list of the reverse map without following the list. An accelerator beside the lists, which
 * stay what counts: it holds the real addresses of the words, four to eight bytes for each, and is made anew from a list
 * whenever it may not be of that list any more.
 */
import type { RealMemory } from '../../core/memory';
import { sameEntry } from './rmap-entry';

const WORD_LOW = 4;
/** No word of a list lies at address 0. */
const EMPTY = 0;
const SMALLEST = 128;
/** Slots for each entry, at least. */
const SPARE = 2;

export class RmapIndex {
  /** Lower half of the head word of the list that this is an index of. */
  headLo = 0;
  /** Entries. */
  length = 0;
  private slots = new Int32Array(SMALLEST);

  constructor(private readonly memory: RealMemory) {}

  /** True where the list has the entry. @param hi, lo the entry by halves */
  has(hi: number, lo: number): boolean {
    const { slots, memory } = this;
    const mask = slots.length - 1;
    for (let i = hashOf(hi, lo) & mask; ; i = (i + 1) & mask) {
      const at = slots[i]! >>> 0;
      if (at === EMPTY) return false;
      if (sameEntry(memory.getWord(at), memory.getWord(at + WORD_LOW), hi, lo)) return true;
    }
  }

  /** Adds an entry that is not there. @param at real address of its word; @param hi, lo the entry by halves */
  add(at: number, hi: number, lo: number): void {
    if (++this.length * SPARE > this.slots.length) this.grow();
    this.place(at, hi, lo);
  }

  private place(at: number, hi: number, lo: number): void {
    const { slots } = this;
    const mask = slots.length - 1;
    let i = hashOf(hi, lo) & mask;
    while (slots[i] !== EMPTY) i = (i + 1) & mask;
    slots[i] = at;
  }

  private grow(): void {
    const { slots, memory } = this;
    this.slots = new Int32Array(slots.length * 2);
    for (const slot of slots) {
      const at = slot >>> 0;
      if (at !== EMPTY) this.place(at, memory.getWord(at), memory.getWord(at + WORD_LOW));
    }
  }
}

/** Frames follow each other, and so do LPIDs: both are spread over all bits. The flag and the bits beside it do not count. */
function hashOf(hi: number, lo: number): number {
  const mixed = Math.imul((lo >>> 12) ^ Math.imul(hi, 0x27d4eb2d), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
