import { fields } from '../../src/core/bits';

/** Bytes of a partition table entry: two doublewords, selected by LPID. */
export const PATE_SIZE = 16;

/** Partition table entry, doubleword 0, radix partition (Power ISA v3.1 Book III, 6.7.6.1). */
export const PATE0_RADIX = fields({
  /** Host radix: 1 in this format. */
  HR: 0,
  /** Radix tree size, upper two bits: the tree translates 2^(31+RTS) bytes. */
  RTS_HIGH: [1, 2],
  /** Host real address of the partition-scoped root directory; aligned to its size. */
  RPDB: [4, 55],
  RTS_LOW: [56, 58],
  /** log2 of the number of root directory entries. */
  RPDS: [59, 63],
});

/** Partition table entry, doubleword 0, HPT partition. */
export const PATE0_HPT = fields({
  /** Host radix: 0 in this format. */
  HR: 0,
  /** Host real address of the hashed page table, in units of 256 KiB. */
  HTABORG: [4, 45],
  /** L || LP of the virtual real mode area's base page size. */
  PS: [56, 58],
  /** The HPT has 2^(18+HTABSIZE) bytes. */
  HTABSIZE: [59, 63],
});

/** Partition table entry, doubleword 1: where the partition's process table is. */
export const PATE1 = fields({
  /** Guest radix. */
  GR: 0,
  /** Process table base: a guest real address, for LPID 0 one that LPID 0's own tree translates. */
  PRTB: [4, 51],
  /** The process table has 2^(12+PRTS) bytes, 2^(8+PRTS) entries. */
  PRTS: [59, 63],
});
