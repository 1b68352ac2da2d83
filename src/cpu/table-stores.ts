/**
 * Stores to tables of translation: the translation caches keep final translations, so a store that changes what a
 * walk would find must drop them. This keeps the default machine coherent; what software has to invalidate itself is
 * shown by the architected TLB (`src/mmu/tlb/`).
 */
import { PTE } from '../../isa/tables/radix';
import { TABLE, type RealMemory } from '../core/memory';
import { maskOf } from '../core/bits';

/** Bits that a leaf may gain without making a kept translation wrong: a kept one only permits less. */
const GAINS = maskOf(PTE.R, PTE.C, PTE.READ, PTE.WRITE, PTE.EXECUTE);
const LEAF = maskOf(PTE.V, PTE.L);

/** Doublewords of the tables that an access of up to 16 bytes touches. */
const doublewordsOf = (at: number, bytes: number): number[] => [
  ...new Set([at, at + bytes - 1].map((byte) => byte - (byte % 8))),
];

/**
 * Does a store to real memory and says whether kept translations may be wrong after it.
 * @param at real address, in memory; @param bytes 1..8
 */
export function storeAround(memory: RealMemory, at: number, bytes: number, store: () => void): boolean {
  const kinds = memory.tablePages[at >>> 12]! | memory.tablePages[(at + bytes - 1) >>> 12]!;
  if (kinds === 0) {
    store();
    return false;
  }
  const places = doublewordsOf(at, bytes);
  const before = places.map((place) => memory.getDoubleword(place));
  store();
  return places.some((place, i) => matters(before[i]!, memory.getDoubleword(place), kinds));
}

function matters(before: bigint, after: bigint, kinds: number): boolean {
  if (before === after || before === 0n) return false;
  if ((kinds & TABLE.OTHER) !== 0) return true;
  // Invalid entries are never kept.
  if ((before & PTE.V.mask) === 0n) return false;
  const isLeaf = (before & LEAF) === LEAF;
  return !(isLeaf && (before | (after & GAINS)) === after);
}
