/** Hypervisor real mode: no tables (Power ISA v3.1 Book III, 6.7.3.1). */
import { REAL_EA } from '../../isa/registers/translation';
import { SMALLEST_PAGE_SHIFT } from '../../isa/tables/radix';
import { offsetOf } from '../state/layout';
import { RIGHT } from './access';
import type { TranslationContext } from './context';

const HRMOR_AT = offsetOf('HRMOR');
const NO_OFFSET = REAL_EA.NO_OFFSET.hi;
const REAL_HI = REAL_EA.REAL.hi;
/** Distance from the lower half's bits to EA[32:35]. */
const TOP_NIBBLE = 28;

/** RA = EA[4:63], with HRMOR ORed in (not added) where EA bit 0 is 0. Always succeeds. */
export function hypervisorReal(ctx: TranslationContext): boolean {
  const offset = (ctx.eaHi & NO_OFFSET) === 0 && ctx.policy.partitions;
  ctx.raHi = ctx.eaHi & REAL_HI;
  ctx.raLo = ctx.eaLo;
  if (offset) {
    ctx.raHi |= ctx.cpu.hi(HRMOR_AT) & REAL_HI;
    ctx.raLo |= ctx.cpu.lo(HRMOR_AT);
  }
  const nibble = ctx.eaLo >>> TOP_NIBBLE;
  ctx.cachingInhibited = ctx.access.inhibitedForm || nibble === ctx.policy.realInhibitedNibble;
  ctx.guarded = ctx.cachingInhibited;
  // HRMOR may have low bits: nothing larger than the smallest page is known to be contiguous.
  ctx.pageShift = SMALLEST_PAGE_SHIFT;
  ctx.rights = RIGHT.ALL;
  return true;
}
