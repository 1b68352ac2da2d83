import { fields } from '../../src/core/bits';

/** tlbie and tlbiel, RB with R=1 (Power ISA v3.1 Book III, 6.9.3.3). */
export const TLBIE_RB_RADIX = fields({
  /** Page of an effective address, or of a guest real address (PRS=0). */
  EPN: [0, 51],
  QUADRANT: [0, 1],
  /** Invalidation selector: 0 a page, 1 a process, 2 a partition, 3 everything. */
  IS: [52, 53],
  /** Actual page size, by RADIX_AP. */
  AP: [56, 58],
  /** tlbiel with IS other than 0: congruence class. */
  SET: [40, 51],
});

/** RB with R=0: the virtual page, in one of two layouts. */
export const TLBIE_RB_HASH = fields({
  /** L=0: virtual address bits down to 4K pages. */
  AVA: [0, 51],
  /** L=1: virtual address bits down to 1 MiB; LP gives base and actual page size; AVAL the address bits between. */
  AVA_LARGE: [0, 43],
  LP: [44, 51],
  IS: [52, 53],
  /** Segment size. */
  B: [54, 55],
  /** L=0: L || LP of the actual page size. */
  AP: [56, 58],
  AVAL: [56, 62],
  L: 63,
});

/** RS of both. */
export const TLBIE_RS = fields({ PID: [0, 31], LPID: [32, 63] });
