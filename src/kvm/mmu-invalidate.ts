/**
 * The counters by which a guest page fault learns that the host changed the page under it (Linux
 * include/linux/kvm_host.h, mmu_invalidate_*), and the count of notifier pairs that are open, which slot updates and
 * pfn caches wait for. Changed under mmu_lock, the active count apart.
 */

const UNSET = -1;

export class MmuInvalidate {
  /** Invalidations of guest frames that ended, and slot flushes. */
  seq = 0;
  /** Invalidations of guest frames that began and did not end. */
  inProgress = 0;
  /** Notifier starts without their end, whether or not they met a slot. */
  activeCount = 0;
  /** Every notifier end, whether or not it met a slot: what a cache outside all slots compares. */
  endSeq = 0;
  /** A slot update sleeps until the active count is 0. There is at most one: it holds slots_lock. */
  hasWaitingUpdate = false;
  private rangeStart = UNSET;
  private rangeEnd = UNSET;

  constructor(private readonly warn: (message: string) => void) {}

  /** The guest frames that may be changing, `[start, end)`, or null where the range is not known. */
  get range(): readonly [start: number, end: number] | null {
    return this.rangeStart === UNSET ? null : [this.rangeStart, this.rangeEnd];
  }

  begin(): void {
    if (++this.inProgress > 1) return;
    this.rangeStart = UNSET;
    this.rangeEnd = UNSET;
  }

  /** Widens the range to contain `[start, end)`. It never shrinks while an invalidation is open. */
  rangeAdd(start: number, end: number): void {
    if (this.inProgress === 0) this.warn('range of an invalidation that did not begin');
    if (this.rangeStart === UNSET) {
      this.rangeStart = start;
      this.rangeEnd = end;
      return;
    }
    if (start < this.rangeStart) this.rangeStart = start;
    if (end > this.rangeEnd) this.rangeEnd = end;
  }

  end(): void {
    this.seq++;
    if (--this.inProgress < 0) this.warn('more invalidations ended than began');
    if (this.rangeStart === UNSET) this.warn('an invalidation ended without a range');
  }

  /** A fault that sampled `seq` must start again. mmu_lock held. */
  retry(seq: number): boolean {
    return this.inProgress !== 0 || this.seq !== seq;
  }

  /** The same for a fault on one guest frame: other frames may be changing. */
  retryGfn(seq: number, gfn: number): boolean {
    if (this.seq !== seq) return true;
    if (this.inProgress === 0) return false;
    if (this.rangeStart === UNSET) {
      this.warn('an invalidation is in progress without a range');
      return true;
    }
    return gfn >= this.rangeStart && gfn < this.rangeEnd;
  }

  /** A pfn cache that sampled both sequences must resolve again. */
  retryCache(seq: number, endSeq: number): boolean {
    return this.activeCount !== 0 || this.seq !== seq || this.endSeq !== endSeq;
  }
}
