import { fields } from '../../src/core/bits';

/** Bytes of a process table entry: two doublewords, selected by effective PID. */
export const PRTE_SIZE = 16;

/** Process table entry, doubleword 0, radix (Power ISA v3.1 Book III, 6.7.6.2); doubleword 1 is 0. */
export const PRTE0_RADIX = fields({
  /** Radix tree size, upper two bits: the tree translates 2^(31+RTS) bytes. */
  RTS_HIGH: [1, 2],
  /** Real address (guest real in a partition) of the process-scoped root directory. */
  RPDB: [4, 55],
  RTS_LOW: [56, 58],
  /** log2 of the number of root directory entries. */
  RPDS: [59, 63],
});
