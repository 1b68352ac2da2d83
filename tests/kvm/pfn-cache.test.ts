/** gfn_to_pfn_cache: states, races and both uses (T41-T48, R9-R12, R19). */
import { EFAULT, EINVAL, EIO } from '../../src/kvm/errno';
import { migratePages, perform, performSteps, discardPages } from '../../src/kvm/host/operations';
import { beforeGuestEntry } from '../../src/kvm/dirty-ring-log';
import { getDirtyLog } from '../../src/kvm/dirty-log';
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/memslot';
import { INVALID_GPA, PfnCache } from '../../src/kvm/pfn-cache';
import { PfnCache517 } from '../../src/kvm/pfn-cache-5-17';
import { DeadlockError, runToEnd } from '../../src/kvm/steps';
import { finish, flatVm, HVA, stepTo } from './support';

const PAGE = 4096;
const GPA = { gpa: 10n * 4096n + 0x40n };

function setup(flags = 0) {
  const t = flatVm();
  const hva = t.setMapped({ id: 1, gfn: 10, pages: 10, flags });
  const cache = new PfnCache(t.vm);
  const migrate = (page = 0) => migratePages(t.host.mm, hva + page * PAGE, hva + (page + 1) * PAGE);
  const frameNow = () => t.host.mm.resolve(hva, 'read');
  return { t, hva, cache, migrate, frameNow };
}

/** Every mapping is undone and every frame is the host mapping's alone. */
function expectNoLeak({ t, cache }: { t: ReturnType<typeof flatVm>; cache: PfnCache }): void {
  cache.deactivate();
  expect([t.vm.pfnCaches.size, t.vm.pfnCaches.liveMappings]).toEqual([0, 0]);
  t.host.mm.exit();
  expect(t.host.frames.freeFrames).toBe(t.host.frames.frameCount);
}

test('T41: an invalidation of the page makes the cache unusable until a refresh finds the new frame', () => {
  const s = setup();
  expect(s.cache.activate(GPA, 8)).toBe(0);
  expect(s.cache.check(8)).toBe(true);
  const old = s.cache.pfn;
  perform(s.migrate());
  expect(s.cache.check(8)).toBe(false);
  expect(() => s.cache.addressFor(8)).toThrow('without a check');
  expect(s.cache.refresh(GPA, 8)).toBe(0);
  expect(s.cache.check(8)).toBe(true);
  expect(s.cache.pfn).toBe(s.frameNow());
  expect(s.cache.pfn).not.toBe(old);
  expect(s.cache.addressFor(8)).toBe(s.cache.pfn * PAGE + 0x40);
  expectNoLeak(s);
});

test('T41: invalidations that end or start at the page border leave it alone', () => {
  const s = setup();
  s.cache.activate(GPA, 8);
  for (const [start, end] of [
    [s.hva - PAGE, s.hva],
    [s.hva + PAGE, s.hva + 2 * PAGE],
  ] as const) {
    s.t.vm.notifier.invalidateRangeStart({ start, end, mayBlock: true });
    s.t.vm.notifier.invalidateRangeEnd({ start, end, mayBlock: true });
  }
  expect(s.cache.check(8)).toBe(true);
});

test('T42 and R9: an invalidation between resolving and storing is noticed; the 5.17 refresh loses it', () => {
  const s = setup();
  const refresh = s.cache.activateSteps(GPA, 8);
  stepTo(refresh, 'mapped');
  const before = s.frameNow();
  perform(s.migrate());
  expect(finish(refresh)).toBe(0);
  expect([s.cache.retries, s.cache.pfn]).toEqual([1, s.frameNow()]);
  expect(s.cache.pfn).not.toBe(before);
  expectNoLeak(s);

  const bad = setup();
  const vcpu = bad.t.vm.createVcpu();
  const cache = new PfnCache517(bad.t.vm, 'both', vcpu);
  const lost = cache.activateSteps(GPA, 8);
  stepTo(lost, 'mapped');
  perform(bad.migrate());
  expect(finish(lost)).toBe(0);
  expect(cache.check(8)).toBe(true);
  expect(cache.pfn).not.toBe(bad.frameNow());
});

test('T42: the current refresh is never valid with a frame that was taken away, at any step', () => {
  for (let steps = 0; steps < 6; steps++) {
    const s = setup();
    const refresh = s.cache.activateSteps(GPA, 8);
    for (let i = 0; i < steps; i++) refresh.next();
    perform(s.migrate());
    for (let next = refresh.next(); !next.done; next = refresh.next()) expect(s.cache.valid).toBe(false);
    if (s.cache.check(8)) expect(s.cache.pfn).toBe(s.frameNow());
    expectNoLeak(s);
  }
});

test('T43: a change of another slot makes the check fail, and the refresh keeps frame and mapping', () => {
  const s = setup();
  s.cache.activate(GPA, 8);
  const { pfn } = s.cache;
  const mappings = s.t.vm.pfnCaches.liveMappings;
  s.t.set({ id: 2, gfn: 100, pages: 1 });
  expect([s.cache.check(8), s.cache.valid]).toEqual([false, true]);
  const steps = s.cache.refreshSteps(GPA, 8);
  expect(steps.next()).toEqual({ done: true, value: 0 });
  expect([s.cache.check(8), s.cache.pfn, s.t.vm.pfnCaches.liveMappings]).toEqual([true, pfn, mappings]);
});

test('T44: two refreshes are serialised, and a refresh after the end fails', () => {
  const s = setup();
  s.cache.activate(GPA, 8);
  const other = { gpa: 11n * 4096n };
  const first = s.cache.refreshSteps(other, 8);
  first.next();
  const second = s.cache.refreshSteps(GPA, 8);
  expect(second.next().value).toBe('wait:refresh_lock');
  finish(first);
  finish(second);
  expect([s.cache.gpa, s.cache.pfn, s.cache.check(8)]).toEqual([GPA.gpa, s.frameNow(), true]);

  const refresh = s.cache.refreshSteps(other, 8);
  refresh.next();
  const end = s.cache.deactivateSteps();
  expect(end.next().value).toBe('wait:refresh_lock');
  finish(refresh);
  finish(end);
  expect(s.cache.refresh(other, 8)).toBe(-EINVAL);
  expectNoLeak(s);
});

test('T45 and R12: a refresh within an open invalidation waits for its end, bounded, while others go on', () => {
  const s = setup();
  const range = { start: s.hva + 5 * PAGE, end: s.hva + 6 * PAGE, mayBlock: true };
  s.t.vm.notifier.invalidateRangeStart(range);
  const steps = s.cache.activateSteps(GPA, 8);
  stepTo(steps, 'wait:retry');
  let rounds = 0;
  const idle = () => {
    if (++rounds === 10) s.t.vm.notifier.invalidateRangeEnd(range);
    expect(s.t.guest.access(s.t.vm.vcpus[0] ?? s.t.vm.createVcpu(), 11, 'read')).toBe('mapped');
    return true;
  };
  expect(runToEnd(steps, idle)).toBe(0);
  expect(s.cache.retries).toBe(11);
  expect(s.cache.check(8)).toBe(true);
  s.t.vm.notifier.invalidateRangeStart(range);
  perform(s.migrate());
  expect(() => s.cache.refresh(GPA, 8)).toThrow(DeadlockError);
});

test('an hva-based cache outside every slot notices a pair that began and ended within one round', () => {
  const s = setup();
  const hva = s.t.host.mm.mmap({ bytes: PAGE });
  const steps = s.cache.activateSteps({ hva }, 8);
  stepTo(steps, 'mapped');
  perform(migratePages(s.t.host.mm, hva, hva + PAGE));
  expect(finish(steps)).toBe(0);
  expect([s.cache.retries, s.cache.pfn]).toEqual([1, s.t.host.mm.resolve(hva, 'read')]);
  s.cache.markDirty();
  expectNoLeak(s);
});

test('T46: bad lengths and addresses are EINVAL, pages that are no writable memory EFAULT', () => {
  const s = setup();
  const leaving = { gpa: 10n * 4096n + 4090n };
  expect(s.cache.refresh(GPA, 8)).toBe(-EINVAL);
  expect(s.cache.activate(leaving, 8)).toBe(-EINVAL);
  expect(s.cache.activate({ gpa: INVALID_GPA }, 1)).toBe(-EINVAL);
  expect(s.cache.activate({ hva: 2 ** 52 }, 1)).toBe(-EINVAL);
  expect(s.cache.activate(GPA, 8)).toBe(0);
  expect(s.cache.refresh(leaving, 8)).toBe(-EINVAL);
  expect(s.cache.check(4096)).toBe(false);
  expect(s.cache.refresh({ gpa: 0n }, 8)).toBe(-EFAULT);
  expect([s.cache.check(8), s.cache.pfn]).toEqual([false, -1]);
  s.t.set({ id: 2, gfn: 50, pages: 1, hva: s.hva, flags: KVM_MEM_READONLY });
  expect(s.cache.refresh({ gpa: 50n * 4096n }, 8)).toBe(-EFAULT);
  s.t.set({ id: 3, gfn: 60, pages: 1, hva: HVA });
  expect(s.cache.refresh({ gpa: 60n * 4096n }, 8)).toBe(-EFAULT);
  const steps = s.t.deleteSteps(1);
  stepTo(steps, 'flush');
  expect(s.cache.refresh(GPA, 8)).toBe(-EFAULT);
  finish(steps);
  s.cache.deactivate();
  s.cache.valid = true;
  expect(s.cache.activate(GPA, 8)).toBe(-EIO);
  s.cache.valid = false;
  expectNoLeak(s);
});

test('T47: a refresh within a slot update is good until the update ends', () => {
  const s = setup();
  s.cache.activate(GPA, 8);
  const steps = s.t.setSteps({ id: 2, gfn: 100, pages: 1 });
  stepTo(steps, 'grace');
  expect(s.cache.check(8)).toBe(false);
  expect(s.cache.refresh(GPA, 8)).toBe(0);
  expect(s.cache.check(8)).toBe(true);
  finish(steps);
  expect(s.cache.check(8)).toBe(false);
  expect(s.cache.refresh(GPA, 8)).toBe(0);
  expect(s.cache.check(8)).toBe(true);
});

describe('T48: a page that a vCPU uses in the guest', () => {
  function guestUse() {
    const s = setup();
    const vcpu = s.t.vm.createVcpu();
    const cache = new PfnCache(s.t.vm, 'guest', vcpu);
    cache.activate(GPA, 8);
    return { ...s, vcpu, cache };
  }

  test('the notifier returns only after the vCPU left the guest', () => {
    const s = guestUse();
    s.vcpu.onKick = () => undefined;
    s.vcpu.mode = 'guest';
    const steps = performSteps(s.migrate());
    stepTo(steps, 'wait:vcpu');
    expect([s.vcpu.kicks, s.cache.valid]).toEqual([1, false]);
    expect(steps.next().value).toBe('wait:vcpu');
    s.vcpu.mode = 'outside';
    expect(finish(steps)).toBe(1);
    s.vcpu.mode = 'guest';
    s.cache.refresh(GPA, 8);
    expect(() => perform(s.migrate())).toThrow(DeadlockError);
  });

  test('a halted vCPU is not woken', () => {
    const s = guestUse();
    s.vcpu.mode = 'halted';
    expect(perform(s.migrate())).toBe(1);
    expect([s.vcpu.kicks, s.vcpu.wakeups, s.vcpu.mode]).toEqual([0, 0, 'halted']);
  });

  test('the OOM reaper does not wait, and a vCPU that still runs is a warning', () => {
    const s = guestUse();
    s.vcpu.mode = 'guest';
    s.vcpu.onKick = () => undefined;
    perform(discardPages(s.t.host.mm, { start: s.hva, end: s.hva + PAGE, mayBlock: false }));
    expect(s.t.vm.warnings).toEqual(['vCPU 0 uses a page that is being reclaimed']);
  });

  test('R10: the request only forces the exit; the recorded one of 5.17 is consumed at the next entry', () => {
    const s = guestUse();
    s.vcpu.mode = 'guest';
    perform(s.migrate());
    expect([s.vcpu.mode, s.vcpu.requests.size]).toEqual(['outside', 0]);
    const old = new PfnCache517(s.t.vm, 'guest', s.vcpu);
    old.activate(GPA, 8);
    s.vcpu.mode = 'guest';
    perform(s.migrate());
    expect(s.vcpu.requests.has('gpc invalidate')).toBe(true);
    expect(beforeGuestEntry(s.vcpu)).toBe('enter');
    expect(s.vcpu.requests.size).toBe(0);
  });

  test('guest use needs a vCPU', () => {
    expect(() => new PfnCache(setup().t.vm, 'guest')).toThrow('needs a vCPU');
  });
});

test('R11: writes through the cache reach the dirty log at once, by frame and not by address', () => {
  const s = setup(KVM_MEM_LOG_DIRTY_PAGES);
  s.cache.activate({ gpa: 13n * 4096n + 8n }, 8);
  const dirty = (): number[] => {
    let bits: number[] = [];
    getDirtyLog(s.t.vm, 1, (bytes) => ((bits = [...bytes]), true));
    return bits.slice(0, 2);
  };
  expect(dirty()).toEqual([0, 0]);
  s.cache.markDirty();
  expect(dirty()).toEqual([1 << 3, 0]);
  s.cache.markDirty();
  s.cache.deactivate();
  expect(dirty()).toEqual([1 << 3, 0]);
  expectNoLeak(s);
});

test('R19: another offset in the same page is another address in the same frame', () => {
  const s = setup();
  s.cache.activate(GPA, 8);
  const { pfn, khva } = s.cache;
  expect(s.cache.refresh({ gpa: GPA.gpa + 0x100n }, 8)).toBe(0);
  expect([s.cache.pfn, s.cache.khva]).toEqual([pfn, khva + 0x100]);
});
