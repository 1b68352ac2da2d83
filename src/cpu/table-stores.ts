/**
 * Stores to tables of translation: the translation caches keep final translations, so a store that changes what a
 * walk would find must drop them. This keeps the default machine coherent; what software has to invalidate itself is
 * shown by the architected TLB (`src/mmu/tlb/`).
 */
import { PTE } from '../../isa/tables/radix';
import { TABLE, type RealMemory } from '../core/memory';
import { maskOf } from '../core/bits';
import { hiOf, loOf } from '../core/u64';

/** Bits that a leaf may gain without making a kept translation wrong: a kept one only permits less. */
const GAINS = loOf(maskOf(PTE.R, PTE.C, PTE.READ, PTE.WRITE, PTE.EXECUTE));
const VALID = PTE.V.hi;
const LEAF = hiOf(maskOf(PTE.V, PTE.L));
const DOUBLEWORD = 8;

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
  const first = at - (at % DOUBLEWORD);
  const end = at + bytes - 1;
  const last = end - (end % DOUBLEWORD);
  const [hi, lo] = [memory.getWord(first), memory.getWord(first + 4)];
  const [lastHi, lastLo] = [memory.getWord(last), memory.getWord(last + 4)];
  store();
  return (
    matters(hi, lo, { hi: memory.getWord(first), lo: memory.getWord(first + 4) }, kinds) ||
    (last !== first &&
      matters(lastHi, lastLo, { hi: memory.getWord(last), lo: memory.getWord(last + 4) }, kinds))
  );
}

/** True where a doubleword that becomes another one may be in a kept translation that is then wrong. */
function matters(hi: number, lo: number, after: { hi: number; lo: number }, kinds: number): boolean {
  if (hi === after.hi && lo === after.lo) return false;
  // There zero is a table at address 0, of the smallest size, or hashed translation: translations come from it.
  if ((kinds & TABLE.ROOT) !== 0) return true;
  if (hi === 0 && lo === 0) return false;
  if ((kinds & TABLE.HASHED) !== 0) return true;
  // Invalid entries are never kept.
  if ((hi & VALID) === 0) return false;
  const isLeaf = (hi & LEAF) === LEAF;
  return !(isLeaf && hi === after.hi && (lo | (after.lo & GAINS)) === after.lo);
}
