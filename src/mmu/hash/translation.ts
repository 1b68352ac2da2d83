/**
 * Hashed translation: read this first. Effective address to host real address in the steps of Power ISA v3.0B
 * Book III, 5.7.7 to 5.7.13 (v2.07B Book III-S, 5.7.5 to 5.7.9):
 *
 * 1. The segment: SLB, or the implicit one of guest real mode (segment.ts, real-mode.ts).
 * 2. The table: SDR1 or the partition table entry (table.ts).
 * 3. The entry: hash, primary and secondary group (search.ts).
 * 4. Protection: key, PP, no-execute, class key (protection.ts); attributes.
 * 5. Reference and change bits, stored as bytes (reference-change.ts).
 *
 * Not here: what makes the SLB (slb.ts), invalidation (invalidate.ts), showing the structures (describe.ts).
 */
import { HPTE1, WIMG } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { getInHalf, maskOf } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import { checkAttributes } from '../attributes';
import type { TranslationContext } from '../context';
import { keepHi, keepLo } from '../halves';
import { lpidr } from '../mode';
import type { MmuPolicy } from '../policy';
import { HASH_POLICIES } from './policy';
import { checkPage, checkSegment, pageRights } from './protection';
import { offsetReal, usesOffset } from './real-mode';
import { recordReferenceChange } from './reference-change';
import { searchTable } from './search';
import { implySegment, lookupSegment } from './segment';
import { locateTable } from './table';
import type { HashTlb } from './tlb';
import { HashWalk } from './walk';
import type { HashTranslation } from '.';

const INHIBITED = WIMG.map(({ inhibited }) => inhibited);
const GUARDED = WIMG.map(({ guarded }) => guarded);

/** What of the VSID word ASDR holds. */
const DESCRIPTOR = maskOf(SLBV.B, SLBV.VSID, SLBV.KS, SLBV.KP, SLBV.N, SLBV.L, SLBV.C, SLBV.LP);
const DESCRIPTOR_HI = hiOf(DESCRIPTOR);
const DESCRIPTOR_LO = loOf(DESCRIPTOR);

export class HashedTranslation implements HashTranslation {
  private readonly walk: HashWalk;

  /** One per translator: it holds the state of the translation that is under way. */
  constructor(policy: MmuPolicy) {
    this.walk = new HashWalk(HASH_POLICIES[policy.name]);
  }

  get primaryEntry(): number | undefined {
    const { matches, isPrimary, at } = this.walk;
    return matches > 0 && isPrimary ? at : undefined;
  }

  translate(ctx: TranslationContext): boolean {
    const { walk } = this;
    walk.matches = 0;
    ctx.lpid = lpidr(ctx);
    if (ctx.mode === 'hash') return lookupSegment(ctx, walk) ? this.page(ctx) : this.describeFault(ctx);
    if (usesOffset(ctx, walk.policy)) return offsetReal(ctx, walk.policy);
    return locateTable(ctx, walk) && implySegment(ctx, walk) && this.page(ctx);
  }

  /** With the segment known. */
  private page(ctx: TranslationContext): boolean {
    const { walk } = this;
    const tlb = ctx.caches?.hashed;
    if (!checkSegment(ctx, walk)) return this.describeFault(ctx);
    const cached = tlb !== undefined && lookAside(ctx, walk, tlb);
    const found = cached ? checkPage(ctx, walk) : this.entry(ctx);
    if (!found || !complete(ctx, walk)) return this.describeFault(ctx);
    if (tlb !== undefined && !cached && ctx.sideEffects) tlb.keep(ctx, walk);
    return true;
  }

  /** The page's entry in the table, checked. */
  private entry(ctx: TranslationContext): boolean {
    const { walk } = this;
    return (
      (ctx.mode === 'hashReal' || locateTable(ctx, walk)) && searchTable(ctx, walk) && checkPage(ctx, walk)
    );
  }

  /** The hypervisor is told the segment, not the address; of a bad partition table entry, the address. */
  private describeFault(ctx: TranslationContext): false {
    const { fault } = ctx;
    if (fault.stage === 'hash' || fault.stage === 'hashReal') {
      fault.asdrHi = this.walk.vsidHi & DESCRIPTOR_HI;
      fault.asdrLo = this.walk.vsidLo & DESCRIPTOR_LO;
    }
    return false;
  }
}

/** The architected TLB has the page. An entry that would deny the access, or has no C for it, is not believed. */
function lookAside(ctx: TranslationContext, walk: HashWalk, tlb: HashTlb): boolean {
  const hit = tlb.find(ctx, walk);
  const changed = !ctx.access.store || (walk.valueLo & HPTE1.C.lo) !== 0;
  const good = hit && changed && (pageRights(ctx, walk) & ctx.access.needs) !== 0;
  if (ctx.recorder !== undefined) ctx.recorder.tlb = good ? 'hit' : hit ? 'hit, walked again' : 'miss';
  return good;
}

/** The result; the last checks; then reference and change. */
function complete(ctx: TranslationContext, walk: HashWalk): boolean {
  const { actualShift, valueHi, valueLo } = walk;
  const { rpn } = walk.policy.format;
  const offsetHi = ~keepHi(actualShift);
  const offsetLo = ~keepLo(actualShift);
  const wimg = getInHalf(valueLo, HPTE1.WIMG);
  ctx.raHi = (valueHi & rpn.hi & ~offsetHi) | (ctx.eaHi & offsetHi);
  ctx.raLo = (valueLo & rpn.lo & ~offsetLo) | (ctx.eaLo & offsetLo);
  // Software may have put the entry of a larger page only where the hash of one base page finds it.
  ctx.pageShift = Math.min(walk.base.shift, actualShift);
  ctx.cachingInhibited = INHIBITED[wimg]!;
  ctx.guarded = GUARDED[wimg]!;
  if (!checkAttributes(ctx, ctx.relocate ? 'hash' : 'hashReal')) return false;
  recordReferenceChange(ctx, walk);
  return true;
}
