/** Segment lookaside buffer entries and the operands that name them (Power ISA v3.0B Book III, 5.7.8 and 5.9.3). */
import { fields } from '../../src/core/bits';

/** Entries of the SLB, POWER7 to POWER10. */
export const SLB_ENTRIES = 32;

/** ESID word: RB of slbmte, result of slbmfee (which has no index). */
export const SLBE = fields({
  /** Effective segment: EA[0:35]; a 1 TiB segment counts EA[0:23] only. */
  ESID: [0, 35],
  /** The part of ESID that a 1 TiB segment counts. */
  ESID_1T: [0, 23],
  /** Valid. */
  V: 36,
  /** RB of slbmte, slbmfee and slbmfev: number of the entry. */
  INDEX: [52, 63],
});

/** VSID word: RS of slbmte, result of slbmfev, and what ASDR holds after a fault of an HPT partition. */
export const SLBV = fields({
  /** Segment size, a key of {@link SEGMENT_SIZES}. */
  B: [0, 1],
  /** Virtual segment: 50 bits for 256 MiB. */
  VSID: [2, 51],
  /** ... and 38 bits for 1 TiB; what is below is ignored. */
  VSID_1T: [2, 39],
  /** Storage key of privileged and of problem state. */
  KS: 52,
  KP: 53,
  /** No-execute segment. */
  N: 54,
  /** Base page size is L || LP. */
  L: 55,
  /** Class: slbie and slbia select by it. */
  C: 56,
  LP: [58, 59],
});

/** RB of slbie. */
export const SLBIE_RB = fields({
  ESID: [0, 35],
  /** Class, must be the entry's. */
  C: 36,
  /** Segment size, must be the entry's. */
  B: [37, 38],
});

/** Segment sizes by B: log2 of the bytes; the values that are missing are reserved. */
export const SEGMENT_SIZES: Readonly<Record<number, number>> = { 0: 28, 1: 40 };

/** VSID of the virtual real mode area, a 1 TiB segment (Power ISA v3.0B Book III, 5.7.3.4). */
export const VRMA_VSID = 0x1ffffffn;
