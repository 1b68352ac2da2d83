import { fields } from '../../src/core/bits';

/** Partition Table Control Register (Power ISA v3.1 Book III, 6.7.6.1). */
export const PTCR = fields({
  /** Partition table base: host real, aligned to the table's size. */
  PATB: [4, 51],
  /** The table has 2^(12+PATS) bytes, 2^(8+PATS) entries. */
  PATS: [59, 63],
});

/** An effective address as radix translation divides it (Power ISA v3.1 Book III, 6.7.11). */
export const RADIX_EA = fields({
  QUADRANT: [0, 1],
  /** Must be 0 in every quadrant of a 52-bit tree. */
  MUST_BE_ZERO: [2, 11],
  /** What a radix tree translates, in any quadrant. */
  WITHIN_QUADRANT: [2, 63],
});

/** An effective address in real mode (Power ISA v3.1 Book III, 6.7.3). */
export const REAL_EA = fields({
  /** Hypervisor real mode: 1 keeps HRMOR out. */
  NO_OFFSET: 0,
  /** The bits that form the real address. */
  REAL: [4, 63],
});

/** Authority Mask Register, key 0, the only one that radix translation uses (Power ISA v3.1 Book III, 6.7.13). */
export const AMR = fields({
  /** 1: no store. */
  KEY0_NO_STORE: 0,
  /** 1: no load. */
  KEY0_NO_LOAD: 1,
});

/** Instruction Authority Mask Register, key 0. */
export const IAMR = fields({
  /** 1: no fetch. */
  KEY0_NO_FETCH: 1,
});
