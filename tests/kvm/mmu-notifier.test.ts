/** Notifiers, fault retry and their interplay with slot updates (T36-T40, R4, R5, R17, I12). */
import { FlatArch } from '../../src/kvm/flat-arch';
import {
  perform,
  performSteps,
  discardPages,
  migratePages,
  makeOld,
  isYoung,
} from '../../src/kvm/host/operations';
import type { MmuNotifierRange } from '../../src/kvm/host/notifier';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/memslot';
import { isUpdating } from '../../src/kvm/memslot-set';
import type { SetsKind } from '../../src/kvm/memslot-sets';
import { DeadlockError, runToEnd } from '../../src/kvm/steps';
import { finish, flatVm, stepTo, TestVm } from './support';

function setup(sets: SetsKind = 'tree') {
  const t = flatVm({ sets });
  const hva = t.setMapped({ id: 1, gfn: 100, pages: 200 });
  const range = (from: number, to: number): MmuNotifierRange => ({
    start: hva + (from - 100) * t.pageSize,
    end: hva + (to - 100) * t.pageSize,
    mayBlock: true,
  });
  const { notifier, invalidate } = t.vm;
  return { t, hva, range, notifier, invalidate, vcpu: t.vm.createVcpu() };
}

describe.each<SetsKind>(['tree', 'array'])('with %s sets', (sets) => {
  test('T36 and R5: a move sleeps between start and end of an invalidation, then completes', () => {
    const { t, hva, range, notifier, invalidate } = setup(sets);
    notifier.invalidateRangeStart(range(110, 120));
    const seq = invalidate.seq;
    const active = t.vm.sets.active(0);
    const steps = t.setSteps({ id: 1, gfn: 500, pages: 200, hva });
    stepTo(steps, 'wait:invalidations');
    expect([t.vm.slotsLock.isHeld, t.vm.slotsArchLock.isHeld, invalidate.hasWaitingUpdate]).toEqual([
      true,
      true,
      true,
    ]);
    expect(t.vm.sets.active(0)).toBe(active);
    expect(isUpdating(t.generation())).toBe(false);
    expect(isUpdating(t.vm.sets.inactive(0).generation)).toBe(true);
    notifier.invalidateRangeEnd(range(110, 120));
    expect([invalidate.inProgress, invalidate.activeCount, invalidate.seq]).toEqual([0, 0, seq + 1]);
    expect(finish(steps)).toBe(0);
    expect(t.idAt(500)).toBe(1);
    t.expectInvariants();
  });

  test('T37 and I12: only the last end lets the update go on, and the active set stays until then', () => {
    const { t, hva, range, notifier, invalidate } = setup(sets);
    notifier.invalidateRangeStart(range(110, 120));
    notifier.invalidateRangeStart(range(150, 160));
    const steps = t.setSteps({ id: 1, gfn: 100, pages: 200, hva, flags: KVM_MEM_LOG_DIRTY_PAGES });
    stepTo(steps, 'wait:invalidations');
    const active = t.vm.sets.active(0);
    notifier.invalidateRangeEnd(range(110, 120));
    expect(steps.next().value).toBe('wait:invalidations');
    notifier.invalidateRangeStart(range(170, 180));
    notifier.invalidateRangeEnd(range(150, 160));
    expect(steps.next().value).toBe('wait:invalidations');
    expect(t.vm.sets.active(0)).toBe(active);
    notifier.invalidateRangeEnd(range(170, 180));
    expect(finish(steps)).toBe(0);
    expect([invalidate.inProgress, t.vm.warnings]).toEqual([0, []]);
    t.expectInvariants();
  });

  test('T38: an event that meets no slot takes no mmu_lock and changes no sequence', () => {
    const { t, hva, notifier, invalidate } = setup(sets);
    const { seq } = invalidate;
    const taken = t.vm.mmuLock.acquisitions;
    const far = { start: hva + 300 * t.pageSize, end: hva + 301 * t.pageSize, mayBlock: true };
    notifier.invalidateRangeStart(far);
    expect([invalidate.activeCount, invalidate.inProgress]).toEqual([1, 0]);
    notifier.invalidateRangeEnd(far);
    expect([invalidate.activeCount, invalidate.seq, t.vm.mmuLock.acquisitions]).toEqual([0, seq, taken]);
  });

  test('T39: the hull also grows downwards', () => {
    const { range, notifier, invalidate } = setup(sets);
    notifier.invalidateRangeStart(range(200, 210));
    notifier.invalidateRangeStart(range(100, 110));
    expect([105, 150, 205].map((gfn) => invalidate.retryGfn(invalidate.seq, gfn))).toEqual([
      true,
      true,
      true,
    ]);
    expect(invalidate.range).toEqual([100, 210]);
  });

  test('T39: two invalidations block the hull of their ranges until both are over', () => {
    const { range, notifier, invalidate } = setup(sets);
    notifier.invalidateRangeStart(range(100, 110));
    notifier.invalidateRangeStart(range(200, 210));
    const { seq } = invalidate;
    const retries = () => [99, 100, 150, 209, 210].map((gfn) => invalidate.retryGfn(invalidate.seq, gfn));
    expect(retries()).toEqual([false, true, true, true, false]);
    notifier.invalidateRangeEnd(range(100, 110));
    expect(retries()).toEqual([false, true, true, true, false]);
    notifier.invalidateRangeEnd(range(200, 210));
    expect(retries()).toEqual([false, false, false, false, false]);
    expect(invalidate.seq).toBe(seq + 2);
    expect(invalidate.retryGfn(seq, 150)).toBe(true);
  });
});

describe('T40: a fault against an invalidation', () => {
  test('that begins and ends after the page was resolved: retry', () => {
    const { t, hva, vcpu } = setup();
    const fault = t.guest.faultSteps(vcpu, 105, 'write');
    stepTo(fault, 'resolved');
    t.host.mm.discard(hva, hva + 50 * t.pageSize);
    expect(finish(fault)).toBe('retry');
    expect(t.arch.maps[0]!.size).toBe(0);
    expect(t.guest.access(vcpu, 105, 'write')).toBe('mapped');
  });

  test('that only began: retry', () => {
    const { t, vcpu, range, notifier } = setup();
    const fault = t.guest.faultSteps(vcpu, 105, 'write');
    stepTo(fault, 'resolved');
    notifier.invalidateRangeStart(range(105, 106));
    expect(finish(fault)).toBe('retry');
    expect(t.arch.maps[0]!.size).toBe(0);
  });

  test('of other guest frames that is still open: install', () => {
    const { t, vcpu, range, notifier } = setup();
    const fault = t.guest.faultSteps(vcpu, 105, 'write');
    stepTo(fault, 'resolved');
    notifier.invalidateRangeStart(range(106, 120));
    expect(finish(fault)).toBe('mapped');
    expect(t.arch.mappedFrame(0, 105)).toBeGreaterThanOrEqual(0);
  });

  test('or a delete that flushed in between: nothing is mapped', () => {
    const { t, vcpu } = setup();
    const fault = t.guest.faultSteps(vcpu, 105, 'write');
    stepTo(fault, 'looked up');
    const steps = t.deleteSteps(1);
    stepTo(steps, 'wait:readers');
    finish(fault);
    expect(finish(steps)).toBe(0);
    expect(t.arch.maps[0]!.size).toBe(0);
    expect(t.guest.access(vcpu, 105, 'write')).toBe('mmio');
    const late = t.guest.faultSteps(vcpu, 105, 'write');
    expect(finish(late)).toBe('mmio');
  });

  test('that is never ended keeps the guest out, and a synchronous slot update reports the deadlock', () => {
    const { t, vcpu, range, notifier } = setup();
    notifier.invalidateRangeStart(range(100, 110));
    for (let i = 0; i < 3; i++) expect(t.guest.fault(vcpu, 105, 'write')).toBe('retry');
    expect(t.guest.access(vcpu, 105, 'write')).toBe('retry');
    expect(t.guest.access(vcpu, 115, 'write')).toBe('mapped');
    expect(() => runToEnd(t.deleteSteps(1))).toThrow(DeadlockError);
  });
});

test('R4: an end without a handler visits one address space, however many map the page', () => {
  const t = new TestVm(new FlatArch(), { addressSpaces: 2 });
  const hva = t.setMapped({ id: 1, gfn: 0, pages: 4 });
  t.set({ id: 1, as: 1, gfn: 0, pages: 4, hva });
  const vcpus = [t.vm.createVcpu(0), t.vm.createVcpu(1)];
  for (const vcpu of vcpus) t.guest.access(vcpu, 2, 'write');
  const { seq } = t.vm.invalidate;
  const range = { start: hva, end: hva + 4 * t.pageSize, mayBlock: true };
  t.vm.notifier.invalidateRangeStart(range);
  expect(t.arch.maps.map((map) => map.size)).toEqual([0, 0]);
  const second = t.vm.sets.active(1);
  const search = jest.spyOn(second, 'firstInHvaRange');
  t.vm.notifier.invalidateRangeEnd(range);
  expect(search).not.toHaveBeenCalled();
  expect([t.vm.invalidate.seq, t.vm.invalidate.inProgress]).toEqual([seq + 1, 0]);
  expect(t.vm.warnings).toEqual([]);
});

test('R17: an end without a start is a warning, and slot updates still go through', () => {
  const { t, range, notifier, invalidate } = setup();
  notifier.invalidateRangeEnd(range(100, 110));
  expect(t.vm.warnings).toContain('notifier end without a start');
  expect(invalidate.activeCount).toBe(0);
  invalidate.inProgress = 0;
  expect(t.delete(1)).toBe(0);
});

test('a range is clamped to the slot and covers partly touched pages once', () => {
  const seen: [number, number][] = [];
  class Watching extends FlatArch {
    override unmapGfnRange(range: Parameters<FlatArch['unmapGfnRange']>[0]): boolean {
      seen.push([range.start, range.end]);
      return super.unmapGfnRange(range);
    }
  }
  const t = new TestVm(new Watching());
  const hva = t.setMapped({ id: 1, gfn: 100, pages: 10 });
  const notify = (start: number, end: number): void => {
    t.vm.notifier.invalidateRangeStart({ start, end, mayBlock: true });
    t.vm.notifier.invalidateRangeEnd({ start, end, mayBlock: true });
  };
  notify(hva - 4096, hva + 1);
  notify(hva + 4095, hva + 4097);
  notify(hva + 9 * 4096, hva + 99 * 4096);
  expect(seen).toEqual([
    [100, 101],
    [100, 102],
    [109, 110],
  ]);
  notify(hva, hva);
  expect(t.vm.warnings).toContain('notifier for an empty range');
});

test('ageing reaches the guest map with and without a flush', () => {
  const { t, hva, vcpu } = setup();
  t.guest.access(vcpu, 101, 'write');
  const page = hva + t.pageSize;
  expect(isYoung(t.host.mm, page)).toBe(true);
  const flushes = t.arch.flushes;
  expect(makeOld(t.host.mm, { start: page, end: page + t.pageSize }, 'flush')).toBe(true);
  expect(t.arch.flushes).toBe(flushes + 1);
  expect(isYoung(t.host.mm, page)).toBe(false);
  expect(makeOld(t.host.mm, { start: page, end: page + t.pageSize }, 'no flush')).toBe(false);
  expect(t.guest.access(vcpu, 101, 'read')).toBe('mapped');
  expect(t.vm.notifier.testYoung(page)).toBe(true);
  expect(t.arch.flushes).toBe(flushes + 1);
});

test('change_pte works only within an invalidation and never on an INVALID slot', () => {
  const { t, hva, range, notifier } = setup();
  notifier.changePte(hva, 7);
  expect(t.vm.warnings).toEqual(['change_pte outside an invalidation']);
  notifier.invalidateRangeStart(range(100, 101));
  t.arch.maps[0]!.set(100, (1 << 20) | 5);
  notifier.changePte(hva, 7);
  expect(t.arch.mappedFrame(0, 100)).toBe(7);
  t.vm.gfnToMemslot(100)!.flags |= 1 << 16;
  notifier.changePte(hva, 9);
  expect(t.arch.mappedFrame(0, 100)).toBe(7);
});

test('a migration in steps never lets the guest see the old frame after its start', () => {
  const { t, hva, vcpu } = setup();
  t.guest.access(vcpu, 100, 'write');
  const old = t.arch.mappedFrame(0, 100);
  const steps = performSteps(migratePages(t.host.mm, hva, hva + t.pageSize));
  stepTo(steps, 'invalidated');
  expect(t.arch.mappedFrame(0, 100)).toBe(-1);
  expect(t.guest.fault(vcpu, 100, 'write')).toBe('retry');
  expect(finish(steps)).toBe(1);
  expect(t.guest.access(vcpu, 100, 'write')).toBe('mapped');
  expect(t.arch.mappedFrame(0, 100)).not.toBe(old);
  expect(perform(discardPages(t.host.mm, { start: hva, end: hva }))).toBe(-22);
});

test('the end of the address space drops every mapping', () => {
  const { t, vcpu } = setup();
  t.guest.access(vcpu, 100, 'write');
  t.host.mm.exit();
  expect(t.arch.maps[0]!.size).toBe(0);
  expect(t.host.frames.freeFrames).toBe(t.host.frames.frameCount);
});
