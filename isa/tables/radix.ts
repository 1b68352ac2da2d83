import { fields } from '../../src/core/bits';

/** Bytes of a page directory or page table entry. */
export const RADIX_ENTRY_SIZE = 8;

/** The smallest page, and the unit in which pages and tables are reckoned: log2 bytes. */
export const SMALLEST_PAGE_SHIFT = 12;

/** log2 of the bytes that a tree with RTS=0 translates. */
export const SMALLEST_TREE_SIZE = 31;

/** Page directory entry: not a leaf (Power ISA v3.1 Book III, 6.7.10.1). */
export const PDE = fields({
  /** Valid. */
  V: 0,
  /** Leaf: 0 in a page directory entry. */
  L: 1,
  /** Next-level base, aligned to the size of that table (low bits are ignored). */
  NLB: [4, 55],
  /** log2 of the number of entries of the next level. */
  NLS: [59, 63],
});

/** Page table entry: a leaf of any level (Power ISA v3.1 Book III, 6.7.10.2). */
export const PTE = fields({
  /** Valid. */
  V: 0,
  /** Leaf: 1 in a page table entry. */
  L: 1,
  SW0: 2,
  /** Real page number; bits below the page size are ignored. */
  RPN: [7, 51],
  SW1: [52, 54],
  /** Reference. */
  R: 55,
  /** Change. */
  C: 56,
  /** Attributes, an index of {@link ATT}. */
  ATT: [58, 59],
  /** Encoded access authority, all four bits. */
  EAA: [60, 63],
  /** EAA0: privileged accesses only. */
  PRIV: 60,
  /** EAA1: read. */
  READ: 61,
  /** EAA2: read and write. */
  WRITE: 62,
  /** EAA3: execute; does not imply read. */
  EXECUTE: 63,
});

/** What each value of PTE[ATT] means. SAO (strong access order) is v3.0 only and reserved in v3.1. */
export const ATT = [
  { name: 'normal', inhibited: false, guarded: false },
  { name: 'SAO', inhibited: false, guarded: false },
  { name: 'non-idempotent', inhibited: true, guarded: true },
  { name: 'tolerant', inhibited: true, guarded: false },
] as const;
