/**
 * Where hashed translation joins: the translator calls it for LPCR[HR] = 0 with the context's request filled in
 * (cpu, access, ea, hv, pr, relocate, mode 'hash' or 'hashReal').
 *
 * What an implementation does:
 * - sets `ctx.lpid` (LPIDR for both HV states; 0 is the hypervisor's own partition), reads the partition table with
 *   `locatePartitionEntry(ctx)` (v3.0) or SDR1 (v2.07);
 * - on success sets raHi, raLo, pageShift, cachingInhibited, guarded, rights (what a cache may grant without another
 *   walk: no WRITE while C is 0) and returns true, after `checkAttributes` has refused what caching-inhibited storage
 *   cannot have. The translator then calls `ctx.commitUpdates()`; hashed R and C are byte stores that it makes itself when `ctx.sideEffects`;
 * - on failure returns `ctx.fail(kind, stage, -1)` with stage 'hash' or 'hashReal', after which it puts the segment
 *   descriptor into `ctx.fault.asdrHi` and `asdrLo`;
 * - tells `ctx.recorder?.step(...)` each SLBE, STE and HPTE that it looked at, and `permissionOf(...)`.
 *
 * {@link HashedTranslation} is the implementation; its files are listed in translation.ts.
 */
import type { TranslationContext } from '../context';

export interface HashTranslation {
  /**
   * Host real address of the entry that the last translation found in the primary group; undefined: it searched both
   * groups, or no table.
   */
  readonly primaryEntry: number | undefined;
  translate(ctx: TranslationContext): boolean;
}

export { HashedTranslation } from './translation';
