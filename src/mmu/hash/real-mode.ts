/** Guest real mode without the virtual real mode area: RMOR's offset up to a limit (Power ISA v2.07B Book III-S, 5.7.3.2). */
import { LPCR } from '../../../isa/registers/lpcr';
import { REAL_EA } from '../../../isa/registers/translation';
import { SMALLEST_PAGE_SHIFT } from '../../../isa/tables/radix';
import { getInHalf } from '../../core/bits';
import { offsetOf } from '../../state/layout';
import { RIGHT } from '../access';
import type { TranslationContext } from '../context';
import { keepHi, keepLo } from '../halves';
import type { HashPolicy } from './policy';

const LPCR_AT = offsetOf('LPCR');
const RMOR_AT = offsetOf('RMOR');

/** True where guest real mode adds RMOR instead of using the page table. */
export function usesOffset(ctx: TranslationContext, policy: HashPolicy): boolean {
  return policy.guestReal === 'VPM0' && (ctx.cpu.hi(LPCR_AT) & LPCR.VPM0.hi) === 0;
}

/** RA = EA[4:63] ORed with RMOR, where that is below the limit; otherwise a storage interrupt of the guest's own. */
export function offsetReal(ctx: TranslationContext, policy: HashPolicy): boolean {
  const limit = policy.realModeLimits[getInHalf(ctx.cpu.lo(LPCR_AT), LPCR.RMLS)]!;
  const hi = ctx.eaHi & REAL_EA.REAL.hi;
  const lo = ctx.eaLo;
  const below = limit !== 0 && (hi & keepHi(limit)) === 0 && (lo & keepLo(limit)) === 0;
  if (!below) return ctx.fail('protection', 'effective', -1);
  ctx.raHi = hi | (ctx.cpu.hi(RMOR_AT) & REAL_EA.REAL.hi);
  ctx.raLo = lo | ctx.cpu.lo(RMOR_AT);
  // RMOR may have low bits: nothing larger than the smallest page is known to be contiguous.
  ctx.pageShift = SMALLEST_PAGE_SHIFT;
  ctx.rights = RIGHT.ALL;
  return true;
}
