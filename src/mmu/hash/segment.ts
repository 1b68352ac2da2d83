/**
 * From the effective address to its segment: the SLB, or the descriptor that guest real mode implies (Power ISA
 * v3.0B Book III, 5.7.8.1, 5.7.3.4).
 */
import { SLB_ENTRIES, SLBE, SLBV, VRMA_VSID } from '../../../isa/tables/slb-entry';
import { LPCR } from '../../../isa/registers/lpcr';
import { hiOf, loOf } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { TranslationContext } from '../context';
import { BASE_BY_LLP, BASE_SIZES, llpOf, placeLlp } from './page-sizes';
import { recordImplicitSegment, recordSegment, recordSegmentMiss, recordSegmentMultihit } from './record';
import { IMPLICIT_ENTRY, type HashWalk } from './walk';

const SLBE_AT = offsetOf('SLBE') >> 2;
const SLBV_AT = offsetOf('SLBV') >> 2;
const LPCR_AT = offsetOf('LPCR');

const VALID = SLBE.V.lo;
/** The part of an effective address that names the segment, with V: what ESID words are compared in. */
const ESID_LO = SLBE.ESID.lo;
const ESID_1T_HI = SLBE.ESID_1T.hi;
const B_HI = SLBV.B.hi;
const B_1T = 1 << (SLBV.B.shift - 32);

/** Segment size of the virtual real mode area. */
const ONE_TIB = 1n;
const VRMA_WORD = (ONE_TIB << BigInt(SLBV.B.shift)) | (VRMA_VSID << BigInt(SLBV.VSID_1T.shift));
const VRMA_HI = hiOf(VRMA_WORD);
const VRMA_LO = loOf(VRMA_WORD);

/** Finds the segment of the effective address in the SLB. */
export function lookupSegment(ctx: TranslationContext, walk: HashWalk): boolean {
  const entry = findEntry(ctx.cpu.words, ctx.eaHi, ctx.eaLo);
  if (entry < 0) return miss(ctx, walk);
  if (entry >= SLB_ENTRIES) {
    if (ctx.recorder !== undefined) recordSegmentMultihit(ctx);
    return ctx.fail('slbMultihit', 'effective', -1);
  }
  walk.entry = entry;
  walk.vsidHi = ctx.cpu.words[SLBV_AT + 2 * entry + 1]!;
  walk.vsidLo = ctx.cpu.words[SLBV_AT + 2 * entry]!;
  walk.segmentSize = walk.vsidHi & B_HI ? 1 : 0;
  const base = selectBase(ctx, walk, llpOf(walk.vsidLo));
  if (ctx.recorder !== undefined) recordSegment(ctx, walk, base);
  // choice: slbmte does not make such entries; where state has one, no page table entry can fit it.
  return base || ctx.fail('noTranslation', 'hash', -1);
}

/**
 * The entry whose segment holds the effective address: -1 for none, `SLB_ENTRIES` and above for several.
 * @param words the CPU block
 */
function findEntry(words: Int32Array, eaHi: number, eaLo: number): number {
  const wantLo = (eaLo & ESID_LO) | VALID;
  let found = -1;
  for (let entry = 0, at = SLBE_AT; entry < SLB_ENTRIES; entry++, at += 2) {
    const difference = words[at + 1]! ^ eaHi;
    // Another 1 TiB, whatever the size of the segment; most entries end here.
    if ((difference & ESID_1T_HI) !== 0 || (words[at]! & VALID) === 0) continue;
    const size = words[SLBV_AT + 2 * entry + 1]! & B_HI;
    const matches =
      size === 0 ? difference === 0 && (words[at]! & (ESID_LO | VALID)) === wantLo : size === B_1T;
    if (matches) found = found < 0 ? entry : SLB_ENTRIES;
  }
  return found;
}

/** LPCR[ISL] makes every base page 4 KiB. */
function selectBase(ctx: TranslationContext, walk: HashWalk, llp: number): boolean {
  const ignore = (ctx.cpu.hi(LPCR_AT) & LPCR.ISL.hi) !== 0;
  const base = ignore ? BASE_SIZES[0] : BASE_BY_LLP[llp];
  if (base !== undefined) walk.base = base;
  return base !== undefined;
}

/** No segment. The tables in memory that LPCR[UPRT] asks for are not implemented (docs/hashed-translation.md). */
function miss(ctx: TranslationContext, walk: HashWalk): false {
  if (ctx.recorder !== undefined) {
    const tables = walk.policy.segmentTables && (ctx.cpu.lo(LPCR_AT) & LPCR.UPRT.lo) !== 0;
    recordSegmentMiss(ctx, tables);
  }
  return ctx.fail('segment', 'effective', -1);
}

/** The segment of guest real mode: VSID 0x1FFFFFF, 1 TiB, base page size as configured. */
export function implySegment(ctx: TranslationContext, walk: HashWalk): boolean {
  walk.entry = IMPLICIT_ENTRY;
  walk.vsidHi = VRMA_HI;
  walk.vsidLo = VRMA_LO | placeLlp(walk.realLlp);
  walk.segmentSize = Number(ONE_TIB);
  const known = selectBase(ctx, walk, walk.realLlp);
  if (ctx.recorder !== undefined) recordImplicitSegment(ctx, walk, known);
  if (known) return true;
  const { badConfiguration } = walk.policy;
  return ctx.fail(badConfiguration, badConfiguration === 'badTree' ? 'partition' : 'hashReal', -1);
}
