/**
 * Actual page size encodings of radix invalidations: the three AP bits of tlbie's RB, each with log2 of the page's
 * bytes (Power ISA v3.1 Book III, 6.9.3.3; the device tree tells them as ibm,processor-radix-AP-encodings).
 */
export const RADIX_AP: Readonly<Record<number, number>> = { 0: 12, 5: 16, 1: 21, 2: 30 };

/**
 * Hashed page sizes in tlbie's RB, each with log2 of the base and of the actual page's bytes: with L=0 by AP (the
 * base is 4K), with L=1 by LP.
 */
export const HASH_AP: Readonly<Record<number, { base: number; actual: number }>> = {
  0: { base: 12, actual: 12 },
  5: { base: 12, actual: 16 },
  4: { base: 12, actual: 24 },
};
export const HASH_LP: Readonly<Record<number, { base: number; actual: number }>> = {
  1: { base: 16, actual: 16 },
  8: { base: 16, actual: 24 },
  0: { base: 24, actual: 24 },
  3: { base: 34, actual: 34 },
};
