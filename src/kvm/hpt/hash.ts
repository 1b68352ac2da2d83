/**
 * From a virtual address to the group of a table and back: what an entry does not say of its address, the group that
 * it is in does (Power ISA v3.0B Book III, 5.7.9.2; Linux book3s_64_mmu_hv.c, resize_hpt_rehash_hpte).
 */
import { HPTE0, HPTE1, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { SEGMENT_SIZES, SLBV } from '../../../isa/tables/slb-entry';
import { get, has } from '../../core/bits';
import { AVPN_SHIFT } from '../../mmu/hash/page-sizes';

/** What places a page in a table. */
export interface HashedAddress {
  /** log2 of the bytes of the segment: 28 or 40. */
  readonly segment: number;
  readonly vsid: bigint;
  /** Offset in the segment. */
  readonly offset: bigint;
}

const TERABYTE = SEGMENT_SIZES[1]!;
/** The hash of a 1 TiB segment has its VSID twice, once this far up. */
const VSID_FOLD = 25n;

const vsidHash = ({ segment, vsid }: Pick<HashedAddress, 'segment' | 'vsid'>): bigint =>
  segment === TERABYTE ? vsid ^ (vsid << VSID_FOLD) : vsid;

/** The primary hash of a base page, not cut to a table's size. */
export const hashOf = (at: HashedAddress, base: number): bigint => vsidHash(at) ^ (at.offset >> BigInt(base));

/** The group in a table of `groups` groups. */
export const groupOf = (hash: bigint, groups: number, secondary: boolean): number =>
  Number((secondary ? ~hash : hash) & BigInt(groups - 1));

/** The address of an effective address in the segment that a VSID word describes. */
export function addressInSegment(ea: bigint, vsidWord: bigint): HashedAddress {
  const segment = SEGMENT_SIZES[Number(get(vsidWord, SLBV.B))] ?? TERABYTE;
  const vsid = get(vsidWord, segment === TERABYTE ? SLBV.VSID_1T : SLBV.VSID);
  return { segment, vsid, offset: BigInt.asUintN(segment, ea) };
}

/** Where an entry is, and how many groups its table has. */
export interface EntryPlace {
  readonly index: number;
  readonly groups: number;
}

/** The first address of the base page of an entry: AVPN, and from the group what AVPN is too short for. */
export function addressOfEntry(v: bigint, base: number, { index, groups }: EntryPlace): HashedAddress {
  const segment = SEGMENT_SIZES[Number(get(v, HPTE0.B))] ?? TERABYTE;
  const avpn = get(v, HPTE0.AVPN);
  const inAvpn = BigInt(segment - AVPN_SHIFT);
  const vsid = avpn >> inAvpn;
  const above = BigInt.asUintN(Number(inAvpn), avpn) << BigInt(AVPN_SHIFT);
  if (base >= AVPN_SHIFT) return { segment, vsid, offset: above & -(1n << BigInt(base)) };
  const group = BigInt(Math.floor(index / PTEG_SLOTS));
  const hash = has(v, HPTE0.H) ? ~group : group;
  const page = (hash ^ vsidHash({ segment, vsid })) & BigInt(groups - 1);
  return { segment, vsid, offset: above | BigInt.asUintN(AVPN_SHIFT, page << BigInt(base)) };
}

/** VA[14:77]: the part of a virtual address that instructions can name. */
export const lowVirtualAddress = ({ segment, vsid, offset }: HashedAddress): bigint =>
  BigInt.asUintN(64, (vsid << BigInt(segment)) | offset);

/** Segment size and AVPN of an address, in their places in doubleword 0. */
export function avpnOf({ segment, vsid, offset }: HashedAddress, base: number): bigint {
  const va = (vsid << BigInt(segment)) | offset;
  const kept = BigInt(Math.max(base, AVPN_SHIFT));
  const avpn = ((va >> kept) << (kept - BigInt(AVPN_SHIFT))) << BigInt(HPTE0.AVPN.shift);
  const b = segment === TERABYTE ? 1n << BigInt(HPTE0.B.shift) : 0n;
  return (avpn & HPTE0.AVPN.mask) | b;
}

/** What {@link avpnOf} is compared with. */
export const ADDRESS_BITS = HPTE0.AVPN.mask | HPTE0.B.mask;

/** The guest real address in doubleword 1, down to the page. */
export const realAddressOf = (r: bigint, shift: number): bigint =>
  ((r & HPTE1.RPN.mask) >> BigInt(shift)) << BigInt(shift);
