/**
 * One entry of the nested reverse map as a 64-bit word: which nested guest maps an L1 page, and at which of its real
 * addresses (Linux arch/powerpc/include/asm/kvm_book3s_64.h, RMAP_NESTED_*). Only the format; lists are in `rmap.ts`.
 */
import { fields } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';

export const RMAP = fields({
  /** L1's LPID of the nested guest, 0..4095. */
  LPID: [0, 11],
  /** Guest real frame of the nested guest, in units of 4 KiB whatever the base page is. */
  GFN: [12, 51],
  /** 1 in a word that is itself the last entry of a list; 0 in a list node and in a pointer to one. */
  SINGLE: 63,
});

/** LPIDs that an entry can hold: as many as the largest partition table that a guest may register has entries. */
export const MAX_NESTED_LPIDS = 2 ** RMAP.LPID.width;
/** A list node: the next word, then the entry. */
export const RMAP_NODE = { NEXT: 0, ENTRY: 8, BYTES: 16 } as const;

const LPID_SHIFT_IN_HALF = RMAP.LPID.shift - 32;
const HALF = 2 ** 32;

/** Upper half of an entry. @param lpid 0..4095; @param nGpa guest real address of the nested guest, below 2^52 */
export const entryHi = (lpid: number, nGpa: number): number =>
  (lpid << LPID_SHIFT_IN_HALF) | (Math.floor(nGpa / HALF) & RMAP.GFN.hi);

/** Lower half of an entry, flag clear. */
export const entryLo = (nGpa: number): number => (nGpa >>> 0) & RMAP.GFN.lo;

export const lpidOf = (hi: number): number => (hi & RMAP.LPID.hi) >>> LPID_SHIFT_IN_HALF;

/** Guest real address of the mapped frame. */
export const nGpaOf = (hi: number, lo: number): number =>
  (hi & RMAP.GFN.hi) * HALF + ((lo & RMAP.GFN.lo) >>> 0);

/** True where two entries name the same page: the flag does not count. */
export const sameEntry = (hiA: number, loA: number, hiB: number, loB: number): boolean =>
  hiA === hiB && ((loA ^ loB) & RMAP.GFN.lo) === 0;

/** An entry taken apart. */
export interface RmapEntry {
  readonly lpid: number;
  readonly nGpa: number;
}

/** The word of an entry, flag clear. */
export function encodeEntry({ lpid, nGpa }: RmapEntry): bigint {
  return (BigInt(entryHi(lpid, nGpa) >>> 0) << 32n) | BigInt(entryLo(nGpa) >>> 0);
}

export function decodeEntry(word: bigint): RmapEntry {
  const hi = hiOf(word);
  return { lpid: lpidOf(hi), nGpa: nGpaOf(hi, loOf(word)) };
}
