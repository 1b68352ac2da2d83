/**
 * gfn_to_pfn_cache: one guest page kept at hand as host frame and host real address, invalidated by notifiers and slot
 * changes (Linux virt/kvm/pfncache.c of 6.12, with the guest use that 5.17 to 6.1 had). Between two yields nothing
 * else runs, so an access is safe from {@link PfnCache.check} to the next yield; the kernel's rwlock is that interval.
 */
import type { PfnCacheEvent } from '../trace/events/memslot';
import { InternalError } from '../core/errors';
import { EFAULT, EINVAL, EIO, errnoName } from './errno';
import { Mutex } from './locks';
import { markDirtyInSlot } from './dirty-log';
import type { MemSlot } from './memslot';
import type { Generation } from './memslot-set';
import { report } from './observer';
import { runToEnd, type Steps } from './steps';
import { HVA_ERR_BAD, hvaInSlot } from './translate';
import type { Vcpu } from './vcpu';
import type { Kvm } from './vm';

/** Host use: the hypervisor accesses the page itself. Guest use: a running vCPU has its address. */
export type PfnCacheUsage = 'host' | 'guest' | 'both';

/** What a cache is to hold: a guest real address, or a host virtual address outside the guest's reach. */
export type PfnCacheTarget = { readonly gpa: bigint } | { readonly hva: number };

export const NO_PFN = -1;
const NO_ADDRESS = -1;
export const INVALID_GPA = 0xffff_ffff_ffff_ffffn;

export class PfnCache {
  active = false;
  valid = false;
  gpa: bigint = INVALID_GPA;
  generation: Generation = -1;
  memslot: MemSlot | null = null;
  /** Host virtual address, with the offset in the page, or an HVA_ERR constant. */
  uhva: number = HVA_ERR_BAD;
  /** Host frame, or {@link NO_PFN}. */
  pfn = NO_PFN;
  /** Host real address that the cache gives to its user, or -1. */
  khva = NO_ADDRESS;
  /** Rounds of resolution that were thrown away because something changed meanwhile. */
  retries = 0;
  /** A recorded request must be consumed by the vCPU; this version only forces it out of the guest. */
  readonly recordsRequest: boolean = false;
  protected readonly refreshLock = new Mutex('refresh_lock');

  /** @param vcpu the one vCPU that may have the page's address, for guest use */
  constructor(
    protected readonly vm: Kvm,
    readonly usage: PfnCacheUsage = 'host',
    readonly vcpu: Vcpu | null = null,
  ) {
    if ((usage === 'host') !== (vcpu === null)) throw new RangeError('guest use of a pfn cache needs a vCPU');
  }

  /** True where `length` bytes at the cached address may be accessed now. */
  check(length: number): boolean {
    if (!this.active || !this.valid || this.uhva < 0) return false;
    if (this.gpa !== INVALID_GPA && this.generation !== this.vm.sets.active(0).generation) return false;
    return (this.uhva % this.vm.pageSize) + length <= this.vm.pageSize;
  }

  activate(target: PfnCacheTarget, length: number): number {
    return runToEnd(this.activateSteps(target, length));
  }

  refresh(target: PfnCacheTarget, length: number): number {
    return runToEnd(this.refreshSteps(target, length));
  }

  deactivate(): void {
    runToEnd(this.deactivateSteps());
  }

  /**
   * Starts to use the cache and resolves the page.
   *
   * @returns 0, -EINVAL for an address that cannot be cached or a length that leaves the page, -EFAULT where the page
   *   is not writable memory
   */
  *activateSteps(target: PfnCacheTarget, length: number): Steps<number> {
    if (!this.fits(target, length)) return -EINVAL;
    if ('gpa' in target ? target.gpa === INVALID_GPA : target.hva < 0 || target.hva >= this.vm.mm.userLimit)
      return -EINVAL;
    yield* this.refreshLock.lockSteps('wait:refresh_lock');
    let result: number;
    if (!this.active && this.valid) result = -EIO;
    else {
      // Listed before it can be resolved: otherwise it might map a page that no notifier finds.
      if (!this.active) this.vm.pfnCaches.add(this);
      this.active = true;
      result = yield* this.refreshLocked(target);
    }
    this.refreshLock.unlock();
    this.note('activate', result);
    return result;
  }

  /**
   * Brings the cache up to date. Success does not mean that it is usable: loop on {@link check}.
   *
   * @returns 0, -EINVAL where it is not active or the length leaves the page, -EFAULT where the page is not writable
   *   memory
   */
  *refreshSteps(target: PfnCacheTarget, length: number): Steps<number> {
    if (!this.fits(target, length)) return -EINVAL;
    yield* this.refreshLock.lockSteps('wait:refresh_lock');
    const result = yield* this.refreshLocked(target);
    this.refreshLock.unlock();
    this.note('refresh', result);
    return result;
  }

  /** Ends the use of the cache. The translation to a host virtual address stays: the generation protects it. */
  *deactivateSteps(): Steps<void> {
    yield* this.refreshLock.lockSteps('wait:refresh_lock');
    if (this.active) {
      const { pfn } = this;
      this.active = false;
      this.valid = false;
      this.pfn = NO_PFN;
      this.khva = NO_ADDRESS;
      this.vm.pfnCaches.remove(this);
      this.unmap(pfn);
    }
    this.refreshLock.unlock();
    this.note('deactivate', 0);
  }

  /** The real address of the cached bytes; an InternalError without a {@link check} that passed. */
  addressFor(length: number): number {
    if (!this.check(length)) throw new InternalError('pfn cache used without a check');
    return this.khva;
  }

  /** Records a write through the cache. Nothing happens for an hva-based cache. */
  markDirty(): void {
    if (this.memslot) markDirtyInSlot(this.vm, this.memslot, this.gfn);
  }

  /**
   * Called by the notifier: invalid where the cached page starts in `[start, end)`.
   *
   * @returns the vCPU that must leave the guest, or null
   */
  invalidateIfWithin(start: number, end: number): Vcpu | null {
    if (!this.valid || this.pfn === NO_PFN || this.uhva < start || this.uhva >= end) return null;
    this.valid = false;
    this.note('invalidate', 0);
    return this.usage === 'host' ? null : this.vcpu;
  }

  protected get gfn(): number {
    return Number(this.gpa / BigInt(this.vm.pageSize));
  }

  /** The page that the target lies in, translated and resolved. refresh_lock is held. */
  protected *refreshLocked(target: PfnCacheTarget): Steps<number> {
    if (!this.active) return -EINVAL;
    const oldPfn = this.pfn;
    const oldPage = this.pageOf(this.uhva);
    const offset = this.offsetOf(target);
    let result = this.translate(target);
    if (result === 0) {
      this.uhva = this.pageOf(this.uhva) + offset;
      if (this.valid && this.pageOf(this.uhva) === oldPage) {
        this.khva = this.addressOf(this.pfn) + offset;
        return 0;
      }
      result = yield* this.resolve(oldPfn);
    }
    if (result === 0) this.khva = this.addressOf(this.pfn) + offset;
    else {
      this.valid = false;
      this.pfn = NO_PFN;
      this.khva = NO_ADDRESS;
    }
    if (this.pfn !== oldPfn) this.unmap(oldPfn);
    return result;
  }

  /** Guest real address to host virtual address, where the target, the slots or an error ask for it. */
  private translate(target: PfnCacheTarget): number {
    if ('hva' in target) {
      this.gpa = INVALID_GPA;
      this.memslot = null;
      this.uhva = target.hva;
      return 0;
    }
    const { vm } = this;
    const { generation } = vm.sets.active(0);
    if (target.gpa === this.gpa && generation === this.generation && this.uhva >= 0) return 0;
    this.gpa = target.gpa;
    this.generation = generation;
    this.memslot = vm.gfnToMemslot(this.gfn);
    this.uhva = hvaInSlot(vm, this.memslot, this.gfn, 'write');
    return this.uhva < 0 ? -EFAULT : 0;
  }

  /** Host virtual address to frame, again and again until no invalidation came in between. */
  private *resolve(oldPfn: number): Steps<number> {
    const { vm } = this;
    let mapped = NO_PFN;
    this.valid = false;
    for (;;) {
      const { seq, endSeq } = vm.invalidate;
      yield 'looked up';
      if (mapped !== oldPfn) this.unmap(mapped);
      mapped = NO_PFN;
      const frame = vm.mm.resolve(this.uhva, 'write');
      if (frame < 0) return -EFAULT;
      mapped = frame;
      if (frame !== oldPfn) this.map();
      yield 'mapped';
      if (this.valid) throw new InternalError('pfn cache became valid during a refresh');
      if (!vm.invalidate.retryCache(seq, endSeq)) break;
      this.retries++;
      if (vm.invalidate.activeCount > 0) yield 'wait:retry';
    }
    this.pfn = mapped;
    this.valid = true;
    return 0;
  }

  protected map(): void {
    this.vm.pfnCaches.liveMappings++;
  }

  protected unmap(pfn: number): void {
    if (pfn !== NO_PFN) this.vm.pfnCaches.liveMappings--;
  }

  protected addressOf(pfn: number): number {
    return this.vm.mm.frames.addressOf(pfn);
  }

  protected pageOf(uhva: number): number {
    return uhva < 0 ? uhva : uhva - (uhva % this.vm.pageSize);
  }

  protected offsetOf(target: PfnCacheTarget): number {
    return 'gpa' in target ? Number(target.gpa % BigInt(this.vm.pageSize)) : target.hva % this.vm.pageSize;
  }

  private fits(target: PfnCacheTarget, length: number): boolean {
    return this.offsetOf(target) + length <= this.vm.pageSize;
  }

  private note(op: PfnCacheEvent['op'], result: number): void {
    if (!this.vm.observer) return;
    const { gpa, uhva, pfn } = this;
    report(this.vm.observer, { ev: 'gpc', op, result: errnoName(result), gpa, hva: BigInt(uhva), pfn });
  }
}
