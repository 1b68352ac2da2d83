/**
 * The gfn-to-pfn caches of a VM, as the notifier sees them: which of them a range invalidates, and which vCPUs must
 * leave the guest before the notifier may return (Linux virt/kvm/pfncache.c, gfn_to_pfn_cache_invalidate_start).
 */
import type { MmuNotifierRange } from './host/notifier';
import type { PfnCache } from './pfn-cache';
import { DeadlockError, type Steps } from './steps';
import type { Vcpu } from './vcpu';
import type { Kvm } from './vm';

export class PfnCacheList {
  private readonly caches: PfnCache[] = [];
  /** Kernel mappings of cached pages that exist; every one must be undone in the end. */
  liveMappings = 0;

  constructor(private readonly vm: Kvm) {}

  get size(): number {
    return this.caches.length;
  }

  add(cache: PfnCache): void {
    this.caches.push(cache);
  }

  remove(cache: PfnCache): void {
    this.caches.splice(this.caches.indexOf(cache), 1);
  }

  /** A snapshot takes the VM's place: what was cached is of no use, nor are the caches. */
  forget(): void {
    this.caches.length = 0;
    this.liveMappings = 0;
  }

  *[Symbol.iterator](): IterableIterator<PfnCache> {
    yield* this.caches;
  }

  /** Makes the caches of the range invalid and gets the vCPUs that use them out of the guest. */
  invalidate(range: MmuNotifierRange): void {
    for (const vcpu of this.request(range)) if (vcpu.mode === 'guest') throw new DeadlockError('wait:vcpu');
  }

  /** The same, waiting for vCPUs that need time to leave. */
  *invalidateSteps(range: MmuNotifierRange): Steps<void> {
    for (const vcpu of this.request(range)) while (vcpu.mode === 'guest') yield 'wait:vcpu';
  }

  /** The vCPUs to wait for. Halted ones are not woken: they hold no translation. */
  private request(range: MmuNotifierRange): Vcpu[] {
    const waitFor: Vcpu[] = [];
    for (const cache of this.caches) {
      const vcpu = cache.invalidateIfWithin(range.start, range.end);
      if (!vcpu) continue;
      if (cache.recordsRequest) vcpu.requests.add('gpc invalidate');
      if (!vcpu.kick()) continue;
      if (range.mayBlock) waitFor.push(vcpu);
      // Only the OOM reaper may not wait, and by then every vCPU should be gone.
      else this.vm.warn(`vCPU ${vcpu.id} uses a page that is being reclaimed`);
    }
    return waitFor;
  }
}
