/**
 * A hashed page table entry as the guest knows it: always in the form that it had before v3.0, whatever the hardware
 * has in memory (Linux arch/powerpc/include/asm/book3s/64/mmu-hash.h; PAPR, "Page Table Entry"). What software keeps
 * in it, its page size, and what it permits.
 */
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { fields, get, has, maskOf, put } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import { RIGHT } from '../../mmu/access';
import { BASE_SIZES } from '../../mmu/hash/page-sizes';
import { GRANTED } from '../../mmu/hash/protection';
import { ppOf } from '../../mmu/hash/protection-fields';

/** Bits of doubleword 0 that hardware leaves to software. */
export const HPTE_SW = fields({
  /** L0's lock. Nothing here runs at the same time, so it is never set; a guest's is dropped. */
  HVLOCK: 57,
  /** L0's: the guest's entry is valid, the hardware's is not: the page is not there, or is no memory. */
  ABSENT: 58,
  /** The guest's: a resize keeps this entry. */
  BOLTED: 59,
  /** The guest's lock. */
  LOCK: 60,
});

/** Bits of the guest's view of doubleword 1 that L0 uses. */
export const HPTE_GUEST = fields({
  /** The entry was changed since user space read the table. The place is TS of entries that hardware has. */
  MODIFIED: 1,
});

/** An entry in the form before v3.0. */
export interface Hpte {
  readonly v: bigint;
  readonly r: bigint;
}

/** Which form the entries in memory have. */
export type HpteForm = 'v2.07' | 'v3.0';

const KEPT_V3 = maskOf(HPTE0.AVPN_V3, HPTE0.SW, HPTE0.L, HPTE0.H, HPTE0.V);

/** The entry as v3.0 has it. Bits of the virtual page number that v3.0 does not implement are lost. */
export const toV3 = ({ v, r }: Hpte): Hpte => ({
  v: v & KEPT_V3,
  r: put(r, HPTE1.B_V3, get(v, HPTE0.B)),
});

/** The inverse of {@link toV3}. */
export const fromV3 = ({ v, r }: Hpte): Hpte => ({
  v: put(v, HPTE0.B, get(r, HPTE1.B_V3)),
  r: r & ~HPTE1.B_V3.mask,
});

/** log2 of a page and of the base page of the segments that it is for. */
export interface HptePage {
  readonly base: number;
  readonly actual: number;
}

/** The page that an entry maps; undefined where L and LP are no size. */
export function pageOf({ v, r }: Hpte): HptePage | undefined {
  const [lo0, hi1, lo1] = [loOf(v), hiOf(r), loOf(r)];
  for (const size of BASE_SIZES) {
    const actual = size.actualShift(lo0, hi1, lo1);
    if (actual !== 0) return { base: size.shift, actual };
  }
  return undefined;
}

/** The entry is the guest's: valid for hardware, or absent. */
export const isInUse = (v: bigint): boolean => has(v, HPTE0.V) || has(v, HPTE_SW.ABSENT);

/** Doubleword 0 as the guest reads it: it cannot see that a page is absent. */
export const guestView = (v: bigint): bigint =>
  has(v, HPTE_SW.ABSENT) ? (v & ~HPTE_SW.ABSENT.mask) | HPTE0.V.mask : v;

export const KEY = maskOf(HPTE1.KEY_HIGH, HPTE1.KEY_LOW);
export const RC = maskOf(HPTE1.R, HPTE1.C);
const PP = maskOf(HPTE1.PP0, HPTE1.PP);

/** The key says that there is no memory behind the page (Linux kvm_book3s_64.h, is_mmio_hpte). */
export const isMmio = ({ v, r }: Hpte): boolean => has(v, HPTE_SW.ABSENT) && (r & KEY) === KEY;

/** What PP grants with a storage key of 0 or 1: a set of RIGHT bits. */
export const grantedBy = (r: bigint, storageKey: 0 | 1): number =>
  GRANTED[storageKey]![ppOf(hiOf(r), loOf(r))]!;

/** Somebody may store to the page. */
export const isWritable = (r: bigint): boolean => ((grantedBy(r, 0) | grantedBy(r, 1)) & RIGHT.WRITE) !== 0;

/** PP that grants what the old one does, but for stores; by pp0 || pp1:2. Those that are not here grant none. */
const READ_ONLY: Readonly<Record<number, number>> = { 0b000: 0b110, 0b001: 0b011, 0b010: 0b011 };

/** The same page without stores. */
export function makeReadOnly(r: bigint): bigint {
  const pp = READ_ONLY[ppOf(hiOf(r), loOf(r))];
  if (pp === undefined) return r;
  return put(put(r & ~PP, HPTE1.PP0, BigInt(pp >> HPTE1.PP.width)), HPTE1.PP, BigInt(pp));
}

/** The two bits of AMR for the page's key: no store, no load; the lower one of IAMR: no fetch. */
export const AUTHORITY = { NO_STORE: 2, NO_LOAD: 1, NO_FETCH: 1 } as const;

export function authorityOf(r: bigint, amr: bigint): number {
  const key = (get(r, HPTE1.KEY_HIGH) << BigInt(HPTE1.KEY_LOW.width)) | get(r, HPTE1.KEY_LOW);
  const [bits, registerBits] = [2n, 64n];
  return Number((amr >> (registerBits - bits * (key + 1n))) & 3n);
}

/** What the cache attributes of a page are. */
const ATTRIBUTES = HPTE1.WIMG.mask;
const COHERENT = HPTE1.M.mask;
const STRONG_ORDER = maskOf(HPTE1.W, HPTE1.I, HPTE1.M);

/** Memory is coherent and cached; what the guest wants uncached is made so (Linux hpte_cache_flags_ok). */
export function withMemoryAttributes(r: bigint): bigint {
  const wimg = r & ATTRIBUTES;
  if (wimg === COHERENT || wimg === STRONG_ORDER) return r;
  return (r & ~maskOf(HPTE1.W, HPTE1.I, HPTE1.G)) | COHERENT;
}
