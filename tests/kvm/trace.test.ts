/** What the observer hears, and that without one nothing is made. */
import { getDirtyLog } from '../../src/kvm/dirty-log';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/memslot';
import { INVALID_GPA, PfnCache } from '../../src/kvm/pfn-cache';
import { makeOld } from '../../src/kvm/host/operations';
import type { MemslotEvent } from '../../src/trace/events/memslot';
import { report } from '../../src/kvm/observer';
import { flatVm, HVA } from './support';

jest.mock('../../src/kvm/observer', () => {
  const actual = jest.requireActual<typeof import('../../src/kvm/observer')>('../../src/kvm/observer');
  return { ...actual, report: jest.fn(actual.report) };
});

test('slot calls, notifiers, pfn caches, dirty logs and warnings are events with time and CPU', () => {
  const events: MemslotEvent[] = [];
  let now = 100;
  const t = flatVm({ observer: { time: () => now++, cpu: () => 2, emit: (event) => events.push(event) } });
  const hva = t.setMapped({ id: 1, gfn: 10, pages: 4, flags: KVM_MEM_LOG_DIRTY_PAGES });
  t.set({ id: 2, gfn: 12, pages: 4 });
  t.delete(9);
  const cache = new PfnCache(t.vm);
  cache.activate({ gpa: 10n * 4096n }, 8);
  cache.markDirty();
  getDirtyLog(t.vm, 1, () => true);
  t.host.mm.discard(hva, hva + t.pageSize);
  makeOld(t.host.mm, { start: HVA, end: HVA + 1 }, 'no flush');
  cache.deactivate();
  t.vm.notifier.changePte(HVA, 1);
  t.vm.notifier.release();
  const brief = events
    .filter((e) => e.ev !== 'memslot.step' && e.ev !== 'memslot.activate')
    .map(({ t: _time, cpu: _cpu, ...event }) => event);
  expect(brief).toMatchObject([
    {
      ev: 'memslot',
      op: 'create',
      result: 'OK',
      id: 1,
      gpa: 0xa000n,
      size: 0x4000n,
      hva: BigInt(hva),
      flags: 1,
    },
    { ev: 'memslot', op: 'none', result: 'EEXIST', id: 2 },
    { ev: 'memslot', op: 'none', result: 'EINVAL', id: 9 },
    {
      ev: 'gpc',
      op: 'activate',
      result: 'OK',
      gpa: 0xa000n,
      hva: BigInt(hva),
      pfn: expect.any(Number) as number,
    },
    { ev: 'dirtylog', op: 'get', result: 'OK', as: 0, id: 1, pages: 1 },
    { ev: 'gpc', op: 'invalidate' },
    { ev: 'notifier', call: 'start', slots: true, seq: 0 },
    { ev: 'notifier', call: 'end', slots: true, seq: 1 },
    { ev: 'notifier', call: 'clear_young', slots: false },
    { ev: 'gpc', op: 'deactivate', pfn: -1 },
    { ev: 'kvm.warning' },
    { ev: 'notifier', call: 'change_pte', slots: false },
    { ev: 'notifier', call: 'release' },
  ]);
  expect(events.map((e) => [e.t, e.cpu])).toEqual(events.map((_, i) => [100 + i, 2]));
});

test('a step event carries the flag of an update in bit 63', () => {
  const events: MemslotEvent[] = [];
  const t = flatVm({ observer: { time: () => 0, cpu: () => 0, emit: (event) => events.push(event) } });
  t.set({ id: 1, gfn: 0, pages: 1 });
  const published = events.find((e) => e.ev === 'memslot.activate');
  expect(published).toMatchObject({ as: 0, node: 1, generation: 1n << 63n });
});

test('without an observer no event is made', () => {
  jest.mocked(report).mockClear();
  const t = flatVm();
  const hva = t.setMapped({ id: 1, gfn: 10, pages: 4, flags: KVM_MEM_LOG_DIRTY_PAGES });
  const cache = new PfnCache(t.vm);
  cache.activate({ gpa: 10n * 4096n }, 8);
  t.host.mm.discard(hva, hva + t.pageSize);
  getDirtyLog(t.vm, 1, () => true);
  cache.deactivate();
  t.vm.notifier.release();
  t.delete(1);
  expect(cache.gpa).not.toBe(INVALID_GPA);
  expect(report).not.toHaveBeenCalled();
});
