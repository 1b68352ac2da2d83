/**
 * The shape of the partition-scoped radix trees that L0 makes, and their entries by value (Power ISA v3.1 Book III,
 * 6.7.6 and 6.7.10; Linux arch/powerpc/include/asm/book3s/64/radix.h). Changing a tree is in ./radix-table.ts.
 */
import { PATE0_RADIX } from '../../../isa/tables/partition-table';
import { PDE, PTE } from '../../../isa/tables/radix';
import { maskOf, put } from '../../core/bits';
import { bitsAt } from '../../mmu/halves';

/** Shifts of the page sizes that large leaves have. */
export const PMD_SHIFT = 21;
export const PUD_SHIFT = 30;
/** log2 of the bytes that a tree translates, and of its root's entries. */
export const TREE_BITS = 52;
export const ROOT_BITS = 13;
/** log2 of the bytes that an entry of the root maps. */
export const ROOT_SHIFT = TREE_BITS - ROOT_BITS;
const DIRECTORY_BITS = 9;
const HALF = 2 ** 32;

/** Where a table is, how many entries it has and how much each of them maps. */
export interface Directory {
  /** Host real address. */
  readonly table: number;
  /** log2 of the bytes that one entry maps. */
  readonly shift: number;
  /** log2 of the entries. */
  readonly bits: number;
}

const LEAF_BITS = maskOf(PTE.V, PTE.L);
export const isLeafEntry = (entry: bigint): boolean => (entry & LEAF_BITS) === LEAF_BITS;

/** Doubleword 0 of a partition table entry for a 52-bit tree with this root. */
export function partitionEntry0(root: number): bigint {
  const treeSize = BigInt(TREE_BITS - 31);
  let word = PATE0_RADIX.HR.mask | BigInt(root);
  word = put(word, PATE0_RADIX.RTS_HIGH, treeSize >> 3n);
  word = put(word, PATE0_RADIX.RTS_LOW, treeSize & 7n);
  return put(word, PATE0_RADIX.RPDS, BigInt(ROOT_BITS));
}

/** A page directory entry for a table of 2^`bits` entries. */
export const directoryEntry = (table: number, bits: number): bigint =>
  put(PDE.V.mask | (BigInt(table) & PDE.NLB.mask), PDE.NLS, BigInt(bits));

/** log2 of the entries of the tables below a directory whose entries map 2^`shift` bytes. */
export const bitsBelow = (shift: number, baseShift: number): number =>
  shift === PMD_SHIFT ? PMD_SHIFT - baseShift : DIRECTORY_BITS;

/** First address of the page or table entry of 2^`shift` bytes that an address is in. */
export const alignDown = (gpa: number, shift: number): number => gpa - (gpa % 2 ** shift);

/** Index of an address in a table of 2^`bits` entries of 2^`shift` bytes each. */
export const indexOf = (gpa: number, shift: number, bits: number): number =>
  bitsAt((gpa / HALF) | 0, gpa | 0, shift, bits);
