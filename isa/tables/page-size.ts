/**
 * Actual page size encodings of radix invalidations: the three AP bits of tlbie's RB, each with log2 of the page's
 * bytes (Power ISA v3.1 Book III, 6.9.3.3; the device tree tells them as ibm,processor-radix-AP-encodings).
 */
export const RADIX_AP: Readonly<Record<number, number>> = { 0: 12, 5: 16, 1: 21, 2: 30 };
