/** A leaf of a partition-scoped radix tree as it is in memory. ./found-leaf.ts has the form that needs no allocation. */
export interface RadixLeaf {
  readonly pte: bigint;
  /** Host real address of the entry. */
  readonly at: number;
  /** log2 of the page. */
  readonly shift: number;
}
