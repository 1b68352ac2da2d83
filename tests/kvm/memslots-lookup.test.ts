/** Lookups and their caches (T23-T26, R1, R16), and how much they visit with 32k slots (T56). */
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../src/kvm/memslot';
import { END } from '../../src/kvm/memslot-set';
import type { SetsKind } from '../../src/kvm/memslot-sets';
import {
  gfnToHva,
  gfnToHvaProt,
  gfnToPfn,
  HVA_ERR_BAD,
  HVA_ERR_RO_BAD,
  isVisibleGfn,
  pagesRemaining,
  PFN_ERR_FAULT,
  PFN_ERR_NOMEM,
  PFN_ERR_RO_FAULT,
  PFN_NOSLOT,
  readGuest,
  writeGuest,
} from '../../src/kvm/translate';
import { EFAULT } from '../../src/kvm/errno';
import { flatVm, HVA, makeHost } from './support';

describe.each<SetsKind>(['tree', 'array'])('lookups in %s sets', (sets) => {
  const make = (options = {}) => flatVm({ sets, ...options });

  test('T23: a repeated lookup visits nothing, and the cache follows replacement and removal', () => {
    const t = make();
    for (let id = 0; id < 20; id++) t.set({ id, gfn: id * 10, pages: 5 });
    const visits = () => t.vm.sets.active(0).visits;
    for (const gfn of [12, 52, 12]) {
      t.idAt(gfn);
      const before = visits();
      for (let i = 0; i < 5; i++) expect(t.idAt(gfn + (i % 3))).toBe(gfn === 12 ? 1 : 5);
      expect(visits()).toBe(before);
    }
    const old = t.vm.gfnToMemslot(12);
    t.set({ id: 1, gfn: 10, pages: 5, hva: HVA + 10 * t.pageSize, flags: KVM_MEM_LOG_DIRTY_PAGES });
    expect(t.vm.gfnToMemslot(12)).not.toBe(old);
    expect(t.idAt(12)).toBe(1);
    t.delete(1);
    expect(t.idAt(12)).toBeNull();
    t.expectInvariants();
  });

  test('T24: a vCPU searches again after any slot change and leaves the VM-wide cache alone', () => {
    const t = make();
    for (let id = 0; id < 20; id++) t.set({ id, gfn: id * 10, pages: 5 });
    const vcpu = t.vm.createVcpu();
    t.idAt(52);
    t.vm.vcpuGfnToMemslot(vcpu, 12);
    let before = t.vm.sets.active(0).visits;
    expect(t.vm.vcpuGfnToMemslot(vcpu, 13)?.id).toBe(1);
    expect(t.vm.sets.active(0).visits).toBe(before);
    t.set({ id: 7, gfn: 70, pages: 5, flags: KVM_MEM_LOG_DIRTY_PAGES });
    t.idAt(52);
    before = t.vm.sets.active(0).visits;
    const wide = t.vm.sets.active(0).lastUsedSlot;
    expect(t.vm.vcpuGfnToMemslot(vcpu, 13)?.id).toBe(1);
    expect(t.vm.sets.active(0).visits).toBeGreaterThan(before);
    expect(t.vm.sets.active(0).lastUsedSlot).toBe(wide);
    expect(wide?.id).toBe(5);
  });

  test('T25 and R1: below, above, between and without slots a search finds nothing, the near search a neighbour', () => {
    const t = make();
    for (const gfn of [0, 5, 2 ** 40]) {
      expect(t.vm.gfnToMemslot(gfn)).toBeNull();
      expect(t.vm.gfnToMemslotNear(gfn)).toBeNull();
    }
    t.set({ id: 1, gfn: 10, pages: 10 });
    t.set({ id: 2, gfn: 30, pages: 10 });
    expect([9, 20, 29, 40, 2 ** 40].map((gfn) => t.idAt(gfn))).toEqual([null, null, null, null, null]);
    for (const gfn of [0, 9, 25, 40, 1000]) {
      t.vm.sets.active(0).lastUsedSlot = null;
      expect([1, 2]).toContain(t.vm.gfnToMemslotNear(gfn)?.id);
    }
    expect(t.vm.gfnToMemslotNear(35)?.id).toBe(2);
    expect(t.vm.gfnToMemslotNear(36)?.id).toBe(2);
  });

  test('T26: the slots of a range come in ascending order, and only they', () => {
    const t = make();
    t.set({ id: 1, gfn: 0, pages: 4 });
    t.set({ id: 2, gfn: 8, pages: 4 });
    t.set({ id: 3, gfn: 12, pages: 4 });
    const inRange = (start: number, end: number) =>
      [...t.vm.sets.active(0).inGfnRange(start, end)].map((s) => s.id);
    expect(inRange(3, 9)).toEqual([1, 2]);
    expect(inRange(4, 8)).toEqual([]);
    expect(inRange(11, 13)).toEqual([2, 3]);
    expect(inRange(16, 99)).toEqual([]);
    expect(inRange(0, 99)).toEqual([1, 2, 3]);
    if (sets === 'tree') expect(() => inRange(5, 5)).toThrow('empty range');
  });

  test('R16: the same frame in two address spaces is two slots', () => {
    const t = make({ addressSpaces: 2 });
    t.set({ id: 1, gfn: 10, pages: 4 });
    t.set({ id: 2, as: 1, gfn: 10, pages: 4, hva: HVA });
    const [first, second] = [t.vm.createVcpu(0), t.vm.createVcpu(1)];
    expect([t.idAt(10, 0), t.idAt(10, 1)]).toEqual([1, 2]);
    expect([t.vm.vcpuGfnToMemslot(first, 10)?.id, t.vm.vcpuGfnToMemslot(second, 10)?.id]).toEqual([1, 2]);
    first.asId = 1;
    expect(t.vm.vcpuGfnToMemslot(first, 10)?.id).toBe(2);
  });
});

describe('translation', () => {
  test('errors of guest frame to host address: no slot, read-only, and the remaining pages', () => {
    const t = flatVm();
    t.set({ id: 1, gfn: 10, pages: 10, hva: HVA });
    t.set({ id: 2, gfn: 30, pages: 10, hva: HVA, flags: KVM_MEM_READONLY });
    expect(gfnToHva(t.vm, 12)).toBe(HVA + 2 * t.pageSize);
    expect([gfnToHva(t.vm, 9), gfnToHva(t.vm, 30)]).toEqual([HVA_ERR_BAD, HVA_ERR_RO_BAD]);
    expect(gfnToHvaProt(t.vm, 31)).toEqual({ hva: HVA + t.pageSize, writable: false });
    expect(gfnToHvaProt(t.vm, 11).writable).toBe(true);
    expect(gfnToHvaProt(t.vm, 25)).toEqual({ hva: HVA_ERR_BAD, writable: false });
    expect([pagesRemaining(t.vm, 12), pagesRemaining(t.vm, 25)]).toEqual([8, 0]);
    expect([12, 30, 9].map((gfn) => isVisibleGfn(t.vm, gfn))).toEqual([true, true, false]);
  });

  test('errors of guest frame to host frame: no slot, read-only, unmapped, out of memory', () => {
    const t = flatVm({}, makeHost({ memory: 16 * 4096 }));
    t.setMapped({ id: 1, gfn: 0, pages: 20 });
    t.set({ id: 2, gfn: 100, pages: 1, hva: HVA });
    t.setMapped({ id: 3, gfn: 200, pages: 1, flags: KVM_MEM_READONLY });
    expect([99, 100].map((gfn) => gfnToPfn(t.vm, gfn, 'write'))).toEqual([PFN_NOSLOT, PFN_ERR_FAULT]);
    expect(gfnToPfn(t.vm, 200, 'write')).toBe(PFN_ERR_RO_FAULT);
    const pfns = Array.from({ length: 17 }, (_, gfn) => gfnToPfn(t.vm, gfn, 'write'));
    expect(pfns.slice(0, 16).every((pfn) => pfn >= 0)).toBe(true);
    expect(pfns[16]).toBe(PFN_ERR_NOMEM);
    expect(t.host.frames.refCount(pfns[0]!)).toBe(2);
  });

  test('the hypervisor reads and writes guest memory over slot borders and marks what it wrote', () => {
    const t = flatVm();
    t.setMapped({ id: 1, gfn: 0, pages: 1, flags: KVM_MEM_LOG_DIRTY_PAGES });
    t.setMapped({ id: 2, gfn: 1, pages: 1, flags: KVM_MEM_LOG_DIRTY_PAGES });
    const bytes = Uint8Array.from({ length: 64 }, (_, i) => i + 1);
    const gpa = BigInt(t.pageSize - 32);
    expect(writeGuest(t.vm, { gpa, bytes })).toBe(0);
    const back = new Uint8Array(64);
    expect(readGuest(t.vm, { gpa, bytes: back })).toBe(0);
    expect(back).toEqual(bytes);
    expect([0, 1].map((gfn) => t.vm.gfnToMemslot(gfn)?.dirtyBitmap?.count())).toEqual([1, 1]);
    expect(writeGuest(t.vm, { gpa: BigInt(2 * t.pageSize - 8), bytes })).toBe(-EFAULT);
    expect(t.vm.srcu.readerCount).toBe(0);
  });
});

test('T56: with 32k slots a lookup visits at most 32 nodes, a one-page hva query 64, the setup 150 a slot', () => {
  const t = flatVm();
  const slots = 32763;
  for (let id = 0; id < slots; id++) t.set({ id, gfn: id * 4, pages: 4 });
  const set = t.vm.sets.active(0);
  // Ascending insertion makes the right spine as long as a red-black tree allows, 2 log2 n; a create goes down it
  // once to test for overlap and four times to insert.
  expect(set.visits + t.vm.sets.inactive(0).visits).toBeLessThan(5 * 2 * Math.log2(slots + 1) * slots);
  let [worstGfn, worstHva] = [0, 0];
  for (let i = 0; i < slots; i += 7) {
    let before = set.visits;
    expect(set.search(i * 4 + 1)?.id).toBe(i);
    worstGfn = Math.max(worstGfn, set.visits - before);
    before = set.visits;
    const hva = HVA + (i * 4 + 2) * t.pageSize;
    const at = set.firstInHvaRange(hva, hva + t.pageSize - 1);
    expect(set.slotAt(at).id).toBe(i);
    expect(set.nextInHvaRange(at, hva, hva + t.pageSize - 1)).toBe(END);
    worstHva = Math.max(worstHva, set.visits - before);
  }
  expect(worstGfn).toBeLessThanOrEqual(32);
  expect(worstHva).toBeLessThanOrEqual(64);
});
