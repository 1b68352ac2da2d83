/** Hashed page table: where it is, its entries, the page sizes that they can describe (Power ISA v2.07B and v3.0B Book III). */
import { fields } from '../../src/core/bits';

/** Bytes of an entry, entries of a group (PTEG), bytes of a group. */
export const HPTE_SIZE = 16;
export const PTEG_SLOTS = 8;
export const PTEG_SIZE = HPTE_SIZE * PTEG_SLOTS;

/** The bytes of an entry that hold R and C, and their bits in them: hardware stores these bytes and no others. */
export const R_BYTE = { offset: 14, bit: 0x01 } as const;
export const C_BYTE = { offset: 15, bit: 0x80 } as const;

/** HTABSIZE is a number n for a table of 2^(18+n) bytes, at most 2^46. */
export const SMALLEST_HPT_SHIFT = 18;
export const LARGEST_HTABSIZE = 28;

/** Bits of the hash, of which a table uses as many as it has groups. */
export const HASH_BITS = 39;

/** Storage Description Register 1: the hashed page table up to v2.07. */
export const SDR1 = fields({ HTABORG: [4, 45], HTABSIZE: [59, 63] });

/** Doubleword 0. */
export const HPTE0 = fields({
  /** v2.07: segment size. v3.0 has it in doubleword 1. */
  B: [0, 1],
  /** Abbreviated virtual page number: VA >> 23, bits of the page offset being 0. v3.0 implements bits 12:56. */
  AVPN: [2, 56],
  AVPN_V3: [12, 56],
  SW: [57, 60],
  /** Large: the low bits of RPN say which page size. */
  L: 61,
  /** Found by the secondary hash. */
  H: 62,
  V: 63,
});

/** Doubleword 1. */
export const HPTE1 = fields({
  PP0: 0,
  /** Virtual page class key, upper two bits. */
  KEY_HIGH: [2, 3],
  /** v3.0: segment size. */
  B_V3: [4, 5],
  /** Real page number; below the page size L || LP encoding. */
  RPN: [4, 51],
  RPN_V3: [7, 51],
  KEY_LOW: [52, 54],
  R: 55,
  C: 56,
  WIMG: [57, 60],
  W: 57,
  I: 58,
  M: 59,
  G: 60,
  /** No-execute. */
  N: 61,
  /** pp1 || pp2. */
  PP: [62, 63],
});

/** What each value of WIMG means. 1110 is strong access order (v2.06 to v3.0): ordinary memory here. */
export const WIMG = Array.from({ length: 16 }, (_, wimg) => ({
  inhibited: (wimg & 0b0100) !== 0 && wimg !== 0b1110,
  guarded: (wimg & 0b0001) !== 0,
}));

export interface ActualPageSize {
  /** log2 of the bytes. */
  readonly shift: number;
  /** HPTE[L]; where it is 1, `lp` is what RPN >> 12 must be below the page size. */
  readonly large: 0 | 1;
  readonly lp: number;
}

export interface BasePageSize {
  /** log2 of the bytes. */
  readonly shift: number;
  /** L || LP of the segment, three bits, as SLB, PATE[PS], LPCR[VRMASD] and tlbie's AP have it. */
  readonly llp: number;
  /** What pages of segments with this base size may be. */
  readonly actual: readonly ActualPageSize[];
}

/** Every base page size with its actual page sizes, POWER7 to POWER10. */
export const HASH_PAGE_SIZES: readonly BasePageSize[] = [
  {
    shift: 12,
    llp: 0b000,
    actual: [
      { shift: 12, large: 0, lp: 0 },
      { shift: 16, large: 1, lp: 0x7 },
      { shift: 24, large: 1, lp: 0x38 },
    ],
  },
  {
    shift: 16,
    llp: 0b101,
    actual: [
      { shift: 16, large: 1, lp: 0x1 },
      { shift: 24, large: 1, lp: 0x8 },
    ],
  },
  { shift: 24, llp: 0b100, actual: [{ shift: 24, large: 1, lp: 0x0 }] },
  { shift: 34, llp: 0b110, actual: [{ shift: 34, large: 1, lp: 0x3 }] },
];
