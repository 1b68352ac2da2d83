/**
 * From the effective address to its segment: the SLB, or the descriptor that guest real mode implies (Power ISA
 * v3.0B Book III, 5.7.8.1, 5.7.3.4).
 */
import { SLB_ENTRIES, SLBV, VRMA_VSID } from '../../../isa/tables/slb-entry';
import { LPCR } from '../../../isa/registers/lpcr';
import { hiOf, loOf } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { TranslationContext } from '../context';
import { BASE_BY_LLP, BASE_SIZES, llpOf, placeLlp } from './page-sizes';
import { recordImplicitSegment, recordSegment, recordSegmentMiss, recordSegmentMultihit } from './record';
import { IMPLICIT_ENTRY, type HashWalk } from './walk';

const SLBV_AT = offsetOf('SLBV') >> 2;
const LPCR_AT = offsetOf('LPCR');

const B_HI = SLBV.B.hi;

/** Segment size of the virtual real mode area. */
const ONE_TIB = 1n;
const VRMA_WORD = (ONE_TIB << BigInt(SLBV.B.shift)) | (VRMA_VSID << BigInt(SLBV.VSID_1T.shift));
const VRMA_HI = hiOf(VRMA_WORD);
const VRMA_LO = loOf(VRMA_WORD);

/** Finds the segment of the effective address in the SLB. */
export function lookupSegment(ctx: TranslationContext, walk: HashWalk): boolean {
  const entry = walk.segments.find(ctx.cpu, ctx.eaHi, ctx.eaLo);
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
