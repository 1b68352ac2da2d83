/**
 * The search of the hashed page table: virtual page number, hash, the two groups, the entry that matches (Power ISA
 * v3.0B Book III, 5.7.9.2; v2.07B Book III-S, 5.7.7).
 *
 * Both groups are always searched, so that a second matching entry is seen: it is a machine check.
 */
import { TABLE } from '../../core/memory';
import { HPTE0, HPTE_SIZE, PTEG_SIZE, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { LPCR } from '../../../isa/registers/lpcr';
import { offsetOf } from '../../state/layout';
import type { TranslationContext } from '../context';
import { AVPN_PLACE } from './page-sizes';
import { recordGroup, recordNoGroup } from './record';
import { HASH_HI } from './table';
import type { HashWalk } from './walk';

const LPCR_AT = offsetOf('LPCR');
const VALID = HPTE0.V.lo;
/** H of an entry that the secondary hash finds. */
const SECONDARY = HPTE0.H.lo;
const PRIMARY = 0;
/** What must be equal in the lower half of doubleword 0: the format differs only in the upper half. */
const COMPARED_LO = HPTE0.AVPN.lo | SECONDARY | VALID;

/** VSID as the word has it, without segment size. */
const VSID_HI = SLBV.VSID.hi;
const VSID_LO = SLBV.VSID.lo;
const VSID_1T_LO = SLBV.VSID_1T.lo;
/** From the place of a VSID in the word to the VSID, by segment size. */
const VSID_SHIFT = SLBV.VSID.shift;
const VSID_1T_SHIFT = SLBV.VSID_1T.shift;

/** The offset in a segment: what of the effective address is above it, by halves. */
const OFFSET_256M = (1 << 28) - 1;
const OFFSET_1T_HI = (1 << 8) - 1;
/** The hash of a 1 TiB segment has its VSID twice, once this far up. */
const VSID_FOLD = 25;

const GROUP_SHIFT = Math.log2(PTEG_SIZE);

/** Searches for the page; true: exactly one entry matches, and it is in the walk. */
export function searchTable(ctx: TranslationContext, walk: HashWalk): boolean {
  if (walk.segmentSize === 0) prepare256M(ctx, walk);
  else prepare1T(ctx, walk);
  const stage = ctx.relocate ? 'hash' : 'hashReal';
  walk.matches = 0;
  let complete = searchGroup(ctx, walk, PRIMARY);
  // A group without memory is a failure only where it is needed: an entry found in the primary one is good.
  if (complete && (ctx.cpu.lo(LPCR_AT) & LPCR.TC.lo) === 0) complete = searchGroup(ctx, walk, SECONDARY);
  if (walk.matches === 1) return true;
  if (walk.matches > 1) return ctx.fail('hpteMultihit', stage, -1);
  return ctx.fail(complete ? 'noTranslation' : 'tableOutsideMemory', stage, -1);
}

/** Hash and AVPN of a 256 MiB segment: VA is VSID (50 bits) || EA[36:63]. */
function prepare256M(ctx: TranslationContext, walk: HashWalk): void {
  const { vsidHi, vsidLo, base } = walk;
  const offset = ctx.eaLo & OFFSET_256M;
  const page = base.shift < 32 ? offset >>> base.shift : 0;
  walk.hashLo = ((vsidHi << (32 - VSID_SHIFT)) | (vsidLo >>> VSID_SHIFT)) ^ page;
  walk.hashHi = ((vsidHi & VSID_HI) >>> VSID_SHIFT) & HASH_HI;
  want(walk, (vsidLo & VSID_LO) | ((offset >>> AVPN_PLACE) & base.avpnKeep));
}

/** Hash and AVPN of a 1 TiB segment: VA is VSID (38 bits) || EA[24:63]. */
function prepare1T(ctx: TranslationContext, walk: HashWalk): void {
  const { vsidHi, vsidLo, base } = walk;
  const offsetHi = ctx.eaHi & OFFSET_1T_HI;
  const offsetLo = ctx.eaLo;
  const { shift } = base;
  const page = shift < 32 ? (offsetLo >>> shift) | (offsetHi << (32 - shift)) : offsetHi >>> (shift - 32);
  const lo = (vsidHi << (32 - VSID_1T_SHIFT)) | (vsidLo >>> VSID_1T_SHIFT);
  const hi = (vsidHi & VSID_HI) >>> VSID_1T_SHIFT;
  walk.hashLo = lo ^ (lo << VSID_FOLD) ^ page;
  walk.hashHi = (hi ^ (hi << VSID_FOLD) ^ (lo >>> (32 - VSID_FOLD))) & HASH_HI;
  const place = (offsetLo >>> AVPN_PLACE) | (offsetHi << (32 - AVPN_PLACE));
  want(walk, (vsidLo & VSID_1T_LO) | (place & base.avpnKeep));
}

/** What the entry must be, with AVPN's lower half given. */
function want(walk: HashWalk, avpnLo: number): void {
  const inFirst = walk.policy.format.segmentSizeIn === 0;
  const { segmentSize } = walk.policy.format;
  const size = walk.segmentSize << (segmentSize.shift - 32);
  walk.wantHi = (walk.vsidHi & VSID_HI) | (inFirst ? size : 0);
  walk.wantLo = avpnLo | VALID;
  walk.wantSize = inFirst ? 0 : size;
}

/** Searches one group, counting matches; false: there is no memory. */
function searchGroup(ctx: TranslationContext, walk: HashWalk, h: number): boolean {
  const flip = h === PRIMARY ? 0 : -1;
  const indexHi = (walk.hashHi ^ flip) & walk.groupsHi;
  const indexLo = (walk.hashLo ^ flip) & walk.groupsLo;
  // HTABORG is a multiple of the table's size. choice: where it is not, its low bits are ORed with the group's.
  const hi = walk.tableHi | (indexHi << GROUP_SHIFT) | (indexLo >>> (32 - GROUP_SHIFT));
  const lo = walk.tableLo | (indexLo << GROUP_SHIFT);
  if (!ctx.memory.contains(hi, lo, PTEG_SIZE)) {
    if (ctx.recorder !== undefined) recordNoGroup(ctx, walk, { h, indexHi, indexLo, hi, lo });
    return false;
  }
  ctx.memory.noteTable(lo >>> 0, TABLE.HASHED);
  scan(ctx, walk, lo >>> 0, walk.wantLo | h);
  if (ctx.recorder !== undefined) recordGroup(ctx, walk, { h, indexHi, indexLo, hi, lo });
  return true;
}

function scan(ctx: TranslationContext, walk: HashWalk, group: number, wantLo: number): void {
  const memory = ctx.memory;
  const { wantHi, wantSize, base } = walk;
  const { avpn, segmentSizeIn, segmentSize } = walk.policy.format;
  const comparedHi = segmentSizeIn === 0 ? avpn.hi | segmentSize.hi : avpn.hi;
  const sizeHi = segmentSizeIn === 0 ? 0 : segmentSize.hi;
  for (let at = group, end = group + PTEG_SLOTS * HPTE_SIZE; at < end; at += HPTE_SIZE) {
    const lo0 = memory.getWord(at + 4);
    if (((lo0 ^ wantLo) & COMPARED_LO) !== 0) continue;
    // Bits of the virtual address that the format cannot hold are not compared away: such a page has no entry.
    if ((memory.getWord(at) & comparedHi) !== wantHi) continue;
    const hi1 = memory.getWord(at + 8);
    if ((hi1 & sizeHi) !== wantSize) continue;
    const lo1 = memory.getWord(at + 12);
    const actualShift = base.actualShift(lo0, hi1, lo1);
    if (actualShift === 0) continue;
    if (walk.matches++ !== 0) continue;
    walk.at = at;
    walk.isPrimary = (wantLo & SECONDARY) === PRIMARY;
    walk.valueHi = hi1;
    walk.valueLo = lo1;
    walk.actualShift = actualShift;
  }
}
