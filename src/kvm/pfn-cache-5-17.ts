/**
 * The refresh of gfn_to_pfn_cache as Linux 5.17 had it, with its race: a test mode, never used by the machine. It
 * declares the cache valid with no frame before it resolves; a notifier skips caches without a frame; so an
 * invalidation between the retry test and the store is lost. Kept so that a test shows the current version does not
 * lose it.
 */
import { EFAULT } from './errno';
import { NO_PFN, PfnCache, type PfnCacheTarget } from './pfn-cache';
import type { Steps } from './steps';
import { hvaInSlot } from './translate';

export class PfnCache517 extends PfnCache {
  /** Recorded in the vCPU's request word; a vCPU that never consumes it never enters the guest again. */
  override readonly recordsRequest = true;

  protected override *refreshLocked(target: PfnCacheTarget): Steps<number> {
    if (!('gpa' in target)) return -EFAULT;
    const { vm } = this;
    const oldPfn = this.pfn;
    const oldPage = this.pageOf(this.uhva);
    this.gpa = target.gpa;
    this.generation = vm.sets.active(0).generation;
    this.memslot = vm.gfnToMemslot(this.gfn);
    const page = hvaInSlot(vm, this.memslot, this.gfn, 'write');
    if (page < 0) return -EFAULT;
    this.uhva = page + this.offsetOf(target);
    if (!this.valid || page !== oldPage) {
      this.valid = true;
      this.pfn = NO_PFN;
      const frame = yield* this.resolveOnce(this.uhva);
      if (frame < 0) {
        this.unmap(oldPfn);
        return -EFAULT;
      }
      if (frame !== oldPfn) {
        this.map();
        this.unmap(oldPfn);
      }
      yield 'mapped';
      this.pfn = frame;
    }
    this.khva = this.addressOf(this.pfn) + this.offsetOf(target);
    return 0;
  }

  private *resolveOnce(uhva: number): Steps<number> {
    const { vm } = this;
    for (;;) {
      const { seq } = vm.invalidate;
      yield 'looked up';
      const frame = vm.mm.resolve(uhva, 'write');
      if (frame < 0 || !vm.invalidate.retry(seq)) return frame;
      this.retries++;
      if (vm.invalidate.inProgress > 0) yield 'wait:retry';
    }
  }
}
