/**
 * The hypervisor's side of the MMU notifiers: from a range of host virtual addresses to the slots that map it, through
 * the interval tree, and on to the arch (Linux virt/kvm/kvm_main.c, kvm_handle_hva_range and the callbacks). The
 * start/end pair allocates nothing.
 */
import type { MmuNotifierEvent } from '../trace/events/memslot';
import type { GfnRange } from './arch';
import type { MmuNotifier, MmuNotifierRange } from './host/notifier';
import { MemSlot } from './memslot';
import { END } from './memslot-set';
import { report } from './observer';
import type { Steps } from './steps';
import type { Kvm } from './vm';

/** What a callback does to each slot in the range, and once mmu_lock is taken. One of the first two is there. */
interface HvaWalk {
  /** Returns whether TLBs must be flushed, or what the callback reports. */
  readonly handler?: (vm: Kvm, range: GfnRange) => boolean;
  /** Runs once, when the first slot was found. */
  readonly onLock?: (vm: Kvm) => void;
  readonly flushOnReturn: boolean;
}

const START: HvaWalk = {
  handler(vm, range) {
    vm.invalidate.rangeAdd(range.start, range.end);
    return vm.arch.unmapGfnRange(range);
  },
  onLock: (vm) => vm.invalidate.begin(),
  flushOnReturn: true,
};
const FINISH: HvaWalk = { onLock: (vm) => vm.invalidate.end(), flushOnReturn: false };
const AGE: HvaWalk = { handler: (vm, range) => vm.arch.ageGfn(range), flushOnReturn: false };
const AGE_AND_FLUSH: HvaWalk = { handler: (vm, range) => vm.arch.ageGfn(range), flushOnReturn: true };
const TEST_AGE: HvaWalk = { handler: (vm, range) => vm.arch.testAgeGfn(range), flushOnReturn: false };
const CHANGE_PTE: HvaWalk = {
  handler: (vm, range) => !range.slot.isInvalid && vm.arch.setSpteGfn(range),
  flushOnReturn: true,
};

export class VmMmuNotifier implements MmuNotifier {
  /** Reused by every walk; handlers must not keep it. */
  private readonly range: GfnRange = { slot: new MemSlot(0), start: 0, end: 0, frame: 0 };
  /** The last walk met a slot. */
  private found = false;

  constructor(private readonly vm: Kvm) {}

  invalidateRangeStart(range: MmuNotifierRange): void {
    const { vm } = this;
    // The count goes up before pfn caches are looked at: a refresh that starts now must see it.
    vm.invalidate.activeCount++;
    if (vm.pfnCaches.size > 0) vm.pfnCaches.invalidate(range);
    this.unmap(range);
  }

  *invalidateRangeStartSteps(range: MmuNotifierRange): Steps<void> {
    this.vm.invalidate.activeCount++;
    if (this.vm.pfnCaches.size > 0) yield* this.vm.pfnCaches.invalidateSteps(range);
    this.unmap(range);
  }

  invalidateRangeEnd(range: MmuNotifierRange): void {
    const { invalidate } = this.vm;
    this.walk(range.start, range.end, FINISH);
    invalidate.endSeq++;
    if (invalidate.activeCount === 0) this.vm.warn('notifier end without a start');
    else invalidate.activeCount--;
    if (this.vm.observer) this.note('end', range.start, range.end);
  }

  changePte(hva: number, frame: number): void {
    const { invalidate } = this.vm;
    if (invalidate.activeCount === 0) this.vm.warn('change_pte outside an invalidation');
    if (invalidate.inProgress > 0) {
      this.range.frame = frame;
      this.walk(hva, hva + 1, CHANGE_PTE);
    } else this.found = false;
    if (this.vm.observer) this.note('change_pte', hva, hva + 1);
  }

  clearFlushYoung(start: number, end: number): boolean {
    return this.walkAndNote('clear_flush_young', { start, end }, AGE_AND_FLUSH);
  }

  clearYoung(start: number, end: number): boolean {
    return this.walkAndNote('clear_young', { start, end }, AGE);
  }

  testYoung(hva: number): boolean {
    return this.walkAndNote('test_young', { start: hva, end: hva + 1 }, TEST_AGE);
  }

  release(): void {
    const token = this.vm.srcu.readLock();
    this.vm.arch.flushShadowAll();
    this.vm.srcu.readUnlock(token);
    this.found = false;
    if (this.vm.observer) this.note('release', 0, 0);
  }

  private unmap(range: MmuNotifierRange): void {
    this.walk(range.start, range.end, START);
    if (this.found) this.vm.arch.guestMemoryReclaimed();
    if (this.vm.observer) this.note('start', range.start, range.end);
  }

  private walkAndNote(
    call: MmuNotifierEvent['call'],
    { start, end }: { start: number; end: number },
    walk: HvaWalk,
  ): boolean {
    const result = this.walk(start, end, walk);
    if (this.vm.observer) this.note(call, start, end);
    return result;
  }

  /** Visits every slot of every address space whose hvas meet `[start, end)`. mmu_lock is taken at the first. */
  private walk(start: number, end: number, walk: HvaWalk): boolean {
    const { vm } = this;
    this.found = false;
    if (!(start < end)) {
      vm.warn('notifier for an empty range');
      return false;
    }
    const token = vm.srcu.readLock();
    let result = false;
    for (let asId = 0; asId < vm.sets.count; asId++) {
      if (this.walkSet(asId, start, end, walk)) result = true;
      // Without a handler the first slot is all there is to know, in whichever address space it is.
      if (this.found && !walk.handler) break;
    }
    if (result && walk.flushOnReturn) vm.arch.flushRemoteTlbs();
    if (this.found) vm.mmuLock.unlock();
    vm.srcu.readUnlock(token);
    return result;
  }

  private walkSet(asId: number, start: number, end: number, walk: HvaWalk): boolean {
    const { vm } = this;
    const set = vm.sets.active(asId);
    const last = end - 1;
    let result = false;
    for (let at = set.firstInHvaRange(start, last); at !== END; at = set.nextInHvaRange(at, start, last)) {
      if (!this.found) {
        this.found = true;
        vm.mmuLock.lock();
        walk.onLock?.(vm);
      }
      if (!walk.handler) return false;
      this.clamp(set.slotAt(at), start, end);
      if (walk.handler(vm, this.range)) result = true;
    }
    return result;
  }

  /** The guest frames of the slot that the range touches, even partly. */
  private clamp(slot: MemSlot, start: number, end: number): void {
    const { range } = this;
    const { pageSize } = this.vm;
    const from = Math.max(start, slot.userspaceAddr) - slot.userspaceAddr;
    const to = Math.min(end, slot.userspaceLast + 1) - slot.userspaceAddr;
    range.slot = slot;
    range.start = slot.baseGfn + Math.floor(from / pageSize);
    range.end = slot.baseGfn + Math.floor((to + pageSize - 1) / pageSize);
  }

  private note(call: MmuNotifierEvent['call'], start: number, end: number): void {
    report(this.vm.observer!, {
      ev: 'notifier',
      call,
      hva: BigInt(start),
      end: BigInt(end),
      slots: this.found,
      seq: this.vm.invalidate.seq,
    });
  }
}
