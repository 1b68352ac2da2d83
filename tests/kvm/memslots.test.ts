/** Single slot operations: validation, error numbers, generations and what must not change (scenarios T1-T22). */
import { EEXIST, EFAULT, EINVAL, EIO, ENOMEM } from '../../src/kvm/errno';
import { FlatArch } from '../../src/kvm/flat-arch';
import {
  KVM_MEM_GUEST_MEMFD,
  KVM_MEM_LOG_DIRTY_PAGES,
  KVM_MEM_READONLY,
  KVM_MEM_SLOTS_NUM,
  type MemSlot,
} from '../../src/kvm/memslot';
import type { MemslotUpdate } from '../../src/kvm/arch';
import { PowerArch } from '../../src/kvm/power-arch';
import { decodeRegion, setUserMemoryRegion } from '../../src/kvm/set-memory-region';
import { END } from '../../src/kvm/memslot-set';
import type { SetsKind } from '../../src/kvm/memslot-sets';
import type { Allocation } from '../../src/kvm/vm';
import { flatVm, HVA, makeHost, TestVm } from './support';

const LOG = KVM_MEM_LOG_DIRTY_PAGES;

/** Fails prepare on demand and records which hooks ran. */
class TroubledArch extends FlatArch {
  fail = 0;
  readonly flushed: MemSlot[] = [];
  commits = 0;

  override prepareMemoryRegion(update: MemslotUpdate): number {
    return this.fail || super.prepareMemoryRegion(update);
  }

  override flushShadowMemslot(slot: MemSlot): void {
    this.flushed.push(slot);
    super.flushShadowMemslot(slot);
  }

  override commitMemoryRegion(_update: MemslotUpdate): void {
    this.commits++;
  }
}

describe.each<SetsKind>(['tree', 'array'])('memory slots in %s sets', (sets) => {
  const make = (options = {}) => flatVm({ sets, ...options });

  test('T1: a created slot is found at its first and last frame and nowhere else', () => {
    const t = make();
    expect(t.set({ id: 0, gfn: 0, pages: 16 })).toBe(0);
    expect([0, 15, 16].map((gfn) => t.idAt(gfn))).toEqual([0, 0, null]);
    expect(t.generation()).toBe(1);
    expect(t.vm.nrMemslotPages).toBe(16);
    t.expectInvariants();
  });

  test('T2: size, guest address and host address must be page aligned', () => {
    const t = make();
    const good = t.region({ id: 0, gfn: 16, pages: 16 });
    for (const bad of [
      { memorySize: good.memorySize + 1n },
      { guestPhysAddr: good.guestPhysAddr + 1n },
      { userspaceAddr: good.userspaceAddr + 1n },
    ])
      expect(setUserMemoryRegion(t.vm, { ...good, ...bad })).toBe(-EINVAL);
    expect(t.generation()).toBe(0);
    expect(t.idAt(16)).toBeNull();
    t.expectInvariants();
  });

  test('T3: a region that ends at 2^64 is refused, one page before it passes', () => {
    const t = make();
    const page = BigInt(t.pageSize);
    const at = (gpa: bigint) =>
      setUserMemoryRegion(t.vm, { ...t.region({ id: 0, gfn: 0, pages: 1 }), guestPhysAddr: gpa });
    expect(at(2n ** 64n - page)).toBe(-EINVAL);
    expect(at(2n ** 64n - 2n * page)).toBe(0);
    expect(t.idAt(2 ** 52 - 2)).toBe(0);
    t.expectInvariants();
  });

  test('T4: 2^31 pages are too many, one less is accepted and needs no memory', () => {
    const t = make();
    expect(t.set({ id: 0, gfn: 0, pages: 2 ** 31, hva: 0 })).toBe(-EINVAL);
    expect(t.set({ id: 0, gfn: 0, pages: 2 ** 31 - 1, hva: 0 })).toBe(0);
    expect(t.idAt(2 ** 31 - 2)).toBe(0);
    t.expectInvariants();
  });

  test('T5: ids end below the number of user slots, address spaces below theirs', () => {
    const t = make({ userSlots: 509 });
    expect(t.set({ id: 509, gfn: 0, pages: 1 })).toBe(-EINVAL);
    expect(t.set({ id: 508, gfn: 0, pages: 1 })).toBe(0);
    expect(t.set({ id: 0, as: 1, gfn: 9, pages: 1 })).toBe(-EINVAL);
    t.expectInvariants();
  });

  test('T6: only supported flag bits pass, in either version of the call', () => {
    for (const version of [1, 2] as const) {
      for (let bit = 0; bit < 32; bit++) {
        const t = make();
        const flags = 2 ** bit;
        const expected = flags === LOG || flags === KVM_MEM_READONLY ? 0 : -EINVAL;
        const region = { ...t.region({ id: 0, gfn: 0, pages: 1 }), flags };
        expect([bit, setUserMemoryRegion(t.vm, region, version)]).toEqual([bit, expected]);
      }
    }
    const power = new TestVm(new PowerArch(), { sets });
    expect(power.set({ id: 0, gfn: 0, pages: 1, flags: KVM_MEM_READONLY })).toBe(-EINVAL);
    const region = { ...power.region({ id: 0, gfn: 0, pages: 1 }), flags: KVM_MEM_GUEST_MEMFD };
    expect(setUserMemoryRegion(power.vm, region, 2)).toBe(-EINVAL);
  });

  test('T7: a delete needs the slot and valid arguments, but not the right addresses', () => {
    const t = make();
    expect(t.delete(3)).toBe(-EINVAL);
    t.set({ id: 3, gfn: 8, pages: 8 });
    const request = { ...t.region({ id: 3, gfn: 99, pages: 0 }) };
    expect(setUserMemoryRegion(t.vm, { ...request, guestPhysAddr: 1n })).toBe(-EINVAL);
    expect(setUserMemoryRegion(t.vm, { ...request, flags: 1 << 16 })).toBe(-EINVAL);
    expect(t.idAt(8)).toBe(3);
    expect(setUserMemoryRegion(t.vm, request)).toBe(0);
    expect(t.idAt(8)).toBeNull();
    expect(t.delete(3)).toBe(-EINVAL);
    t.expectInvariants();
  });

  test('T8: guest frames of two slots may touch but not meet', () => {
    const t = make();
    const create = (gfn: number, end: number) => t.set({ id: 1, gfn, pages: end - gfn });
    t.set({ id: 0, gfn: 10, pages: 10 });
    for (const [gfn, end] of [
      [19, 25],
      [5, 11],
      [12, 13],
      [0, 100],
    ] as const)
      expect(create(gfn, end)).toBe(-EEXIST);
    expect(create(20, 25)).toBe(0);
    expect(t.set({ id: 2, gfn: 5, pages: 5 })).toBe(0);
    t.expectInvariants();
  });

  test("T9: address spaces do not get in each other's way", () => {
    const t = make({ addressSpaces: 2 });
    expect(t.set({ id: 0, gfn: 10, pages: 10 })).toBe(0);
    expect(t.set({ id: 0, as: 1, gfn: 10, pages: 10 })).toBe(0);
    expect([t.generation(0), t.generation(1)]).toEqual([2, 3]);
    t.expectInvariants();
  });

  test('T10: two slots may map the same host addresses, and a walk by hva visits both', () => {
    const t = make();
    t.set({ id: 0, gfn: 0, pages: 4, hva: HVA });
    t.set({ id: 1, gfn: 8, pages: 4, hva: HVA });
    const set = t.vm.sets.active(0);
    const ids: number[] = [];
    for (let at = set.firstInHvaRange(HVA, HVA); at !== END; at = set.nextInHvaRange(at, HVA, HVA))
      ids.push(set.slotAt(at).id);
    expect(ids.sort()).toEqual([0, 1]);
    t.expectInvariants();
  });

  test('T11: the same call again changes nothing', () => {
    const t = make();
    t.set({ id: 0, gfn: 0, pages: 4 });
    expect(t.set({ id: 0, gfn: 0, pages: 4 })).toBe(0);
    expect(t.generation()).toBe(1);
    t.expectInvariants();
  });

  test('T12: size, host address and read-only never change', () => {
    const t = make();
    t.set({ id: 0, gfn: 0, pages: 4, hva: HVA });
    expect(t.set({ id: 0, gfn: 0, pages: 5, hva: HVA })).toBe(-EINVAL);
    expect(t.set({ id: 0, gfn: 0, pages: 4, hva: HVA + t.pageSize })).toBe(-EINVAL);
    expect(t.set({ id: 0, gfn: 0, pages: 4, hva: HVA, flags: KVM_MEM_READONLY })).toBe(-EINVAL);
    expect(t.generation()).toBe(1);
    t.expectInvariants();
  });

  test('T13: a move may overlap its own old range', () => {
    const t = make();
    t.set({ id: 0, gfn: 10, pages: 10, hva: HVA });
    const before = t.vm.sets.active(0).nodeIdx;
    expect(t.set({ id: 0, gfn: 15, pages: 10, hva: HVA })).toBe(0);
    expect([10, 14, 15, 20, 24, 25].map((gfn) => t.idAt(gfn))).toEqual([null, null, 0, 0, 0, null]);
    expect(t.generation()).toBe(3);
    expect(t.vm.sets.active(0).nodeIdx).toBe(before);
    t.expectInvariants();
  });

  test('T14: a move onto a neighbour is refused before anything is flushed', () => {
    const arch = new TroubledArch();
    const t = new TestVm(arch, { sets });
    t.set({ id: 0, gfn: 0, pages: 4, hva: HVA });
    t.set({ id: 1, gfn: 4, pages: 4 });
    const generation = t.generation();
    expect(t.set({ id: 0, gfn: 1, pages: 4, hva: HVA })).toBe(-EEXIST);
    expect(arch.flushed).toEqual([]);
    expect(t.generation()).toBe(generation);
    t.expectInvariants();
  });

  test('T15: a move may turn logging on in the same call', () => {
    const t = make();
    t.set({ id: 0, gfn: 0, pages: 4, hva: HVA });
    expect(t.set({ id: 0, gfn: 8, pages: 4, hva: HVA, flags: LOG })).toBe(0);
    expect(t.vm.gfnToMemslot(8)?.dirtyBitmap?.npages).toBe(4);
    expect([t.vm.liveBitmaps, t.vm.nrMemslotsDirtyLogging]).toEqual([1, 1]);
    t.expectInvariants();
  });

  test('T16: logging on, off and on again gives a clean bitmap without a flush by slot management', () => {
    const arch = new TroubledArch();
    const t = new TestVm(arch, { sets });
    const set = (flags: number) => t.set({ id: 0, gfn: 0, pages: 4, flags });
    set(0);
    const bitmaps: unknown[] = [];
    const counts: number[] = [];
    for (const flags of [LOG, 0, LOG]) {
      const before = t.generation();
      expect(set(flags)).toBe(0);
      expect(t.generation()).toBe(before + 1);
      const { dirtyBitmap } = t.vm.gfnToMemslot(0)!;
      expect(dirtyBitmap?.count() ?? 0).toBe(0);
      bitmaps.push(dirtyBitmap);
      counts.push(t.vm.nrMemslotsDirtyLogging);
      dirtyBitmap?.set(2);
    }
    expect(counts).toEqual([1, 0, 1]);
    expect(bitmaps[1]).toBeNull();
    expect(bitmaps[2]).not.toBe(bitmaps[0]);
    expect(t.vm.liveBitmaps).toBe(1);
    expect(arch.flushed).toEqual([]);
    expect(arch.commits).toBe(4);
    t.expectInvariants();
  });

  test('T17: host addresses end at the limit of user space', () => {
    const t = flatVm({ sets }, makeHost({ userLimit: HVA }));
    const last = HVA - 4 * t.pageSize;
    expect(t.set({ id: 0, gfn: 0, pages: 5, hva: last })).toBe(-EINVAL);
    expect(t.set({ id: 0, gfn: 0, pages: 4, hva: last })).toBe(0);
  });

  test.each(['move', 'delete'])('T18: a failed prepare of a %s leaves the slot as it was', (change) => {
    const arch = new TroubledArch();
    const t = new TestVm(arch, { sets });
    t.set({ id: 0, gfn: 0, pages: 4, hva: HVA });
    t.set({ id: 1, gfn: 100, pages: 4 });
    const original = t.vm.gfnToMemslot(0);
    const generation = t.generation();
    arch.fail = -ENOMEM;
    const attempt = () => (change === 'move' ? t.set({ id: 0, gfn: 8, pages: 4, hva: HVA }) : t.delete(0));
    expect(attempt()).toBe(-ENOMEM);
    for (const set of [t.vm.sets.active(0), ...(sets === 'tree' ? [t.vm.sets.inactive(0)] : [])])
      expect(set.byId(0)).toBe(original);
    expect(original?.isInvalid).toBe(false);
    expect([0, 3, 4, 8].map((gfn) => t.idAt(gfn))).toEqual([0, 0, null, null]);
    expect(t.generation()).toBe(generation + 2);
    expect(arch.flushed).toHaveLength(1);
    expect(t.vm.pool.liveCount).toBe(2);
    t.expectInvariants();
    arch.fail = 0;
    expect(t.delete(0)).toBe(0);
    t.expectInvariants();
  });

  test('T19: a failed prepare of a create or a flag change costs no generation and leaks nothing', () => {
    const arch = new TroubledArch();
    const t = new TestVm(arch, { sets });
    arch.fail = -ENOMEM;
    expect(t.set({ id: 0, gfn: 0, pages: 4, flags: LOG })).toBe(-ENOMEM);
    expect([t.generation(), t.vm.liveBitmaps, t.vm.pool.liveCount]).toEqual([0, 0, 0]);
    arch.fail = 0;
    t.set({ id: 0, gfn: 0, pages: 4 });
    arch.fail = -ENOMEM;
    expect(t.set({ id: 0, gfn: 0, pages: 4, flags: LOG })).toBe(-ENOMEM);
    expect([t.generation(), t.vm.liveBitmaps, t.vm.slotsArchLock.isHeld]).toEqual([1, 0, false]);
    t.expectInvariants();
  });

  test('T20: whichever allocation fails, the error is ENOMEM and nothing changed or leaked', () => {
    const scenario = [
      { id: 0, gfn: 0, pages: 4, hva: HVA, flags: LOG },
      { id: 0, gfn: 8, pages: 4, hva: HVA, flags: LOG },
      { id: 0, gfn: 8, pages: 4, hva: HVA },
      { id: 0, gfn: 8, pages: 0, hva: HVA },
    ];
    const failed: Allocation[] = [];
    for (let failing = 0; failing < 20; failing++) {
      let count = 0;
      let injected: Allocation | null = null;
      const failAllocation = (what: Allocation) => {
        if (count++ !== failing) return false;
        injected = what;
        failed.push(what);
        return true;
      };
      const t = new TestVm(new PowerArch(), { sets, failAllocation });
      for (const shape of scenario) {
        const slots = t.vm.sets.active(0).size;
        const before = injected;
        const result = t.set(shape);
        expect(result).toBe(injected !== before ? -ENOMEM : 0);
        if (result !== 0) {
          expect(t.vm.sets.active(0).size).toBe(slots);
          t.expectInvariants();
          expect(t.set(shape)).toBe(0);
        }
      }
      t.expectInvariants();
      expect([t.vm.pool.liveCount, t.vm.liveBitmaps, t.host.heap.liveCount]).toEqual([0, 0, 0]);
    }
    // create: slot, bitmap, rmap; move: slot, INVALID copy; flags: slot; delete: INVALID copy.
    expect(failed).toEqual(['memslot', 'bitmap', 'rmap', 'memslot', 'memslot', 'memslot', 'memslot']);
  });

  test('E1, E13 and E14: unreadable arguments and inconsistent counters', () => {
    const t = make();
    expect(decodeRegion(new Uint8Array(31), 1)).toBe(-EFAULT);
    expect(decodeRegion(new Uint8Array(159), 2)).toBe(-EFAULT);
    t.set({ id: 0, gfn: 0, pages: 4 });
    t.vm.nrMemslotPages = 1;
    expect(t.delete(0)).toBe(-EIO);
    t.vm.nrMemslotPages = 2 ** 64;
    expect(t.set({ id: 1, gfn: 8, pages: 1 })).toBe(-EINVAL);
  });

  test('arguments are read in the layout of the ioctl, in either byte order', () => {
    const bytes = new Uint8Array(32);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, 0x1_0005);
    view.setUint32(4, 1);
    view.setBigUint64(8, 0x10_0000n);
    view.setBigUint64(16, 0x20_0000n);
    view.setBigUint64(24, 0x7000_0000n);
    const expected = {
      slot: 0x1_0005,
      flags: 1,
      guestPhysAddr: 0x10_0000n,
      memorySize: 0x20_0000n,
      userspaceAddr: 0x7000_0000n,
    };
    expect(decodeRegion(bytes, 1, 'big')).toEqual(expected);
    expect(decodeRegion(bytes, 1, 'little')).not.toEqual(expected);
  });

  test('T22: destroying a VM frees every slot once, also within an unfinished invalidation', () => {
    const t = new TestVm(new PowerArch(), { sets });
    for (let id = 0; id < 50; id++) t.set({ id, gfn: id * 4, pages: 3, flags: id % 2 });
    const range = { start: HVA, end: HVA + t.pageSize, mayBlock: true };
    t.vm.notifier.invalidateRangeStart(range);
    t.vm.destroy();
    expect([t.vm.pool.liveCount, t.vm.liveBitmaps, t.host.heap.liveCount]).toEqual([0, 0, 0]);
    expect(t.vm.invalidate.activeCount).toBe(0);
    expect(t.host.mm.notifiers).toEqual([]);
    expect(t.vm.warnings).toEqual([]);
  });
});

test('T21: all 32767 ids can be used, and all go again', () => {
  const t = flatVm();
  for (let id = 0; id < KVM_MEM_SLOTS_NUM; id++) expect(t.set({ id, gfn: id * 2, pages: 1 })).toBe(0);
  expect(t.set({ id: KVM_MEM_SLOTS_NUM, gfn: 10 ** 6, pages: 1 })).toBe(-EINVAL);
  expect(t.vm.nrMemslotPages).toBe(KVM_MEM_SLOTS_NUM);
  t.expectInvariants();
  // A stride that is prime to 32767 visits every id once, far from the order of creation.
  for (let i = 0; i < KVM_MEM_SLOTS_NUM; i++) expect(t.delete((i * 12345) % KVM_MEM_SLOTS_NUM)).toBe(0);
  expect([t.vm.sets.active(0).size, t.vm.sets.inactive(0).size, t.vm.nrMemslotPages]).toEqual([0, 0, 0]);
  expect(t.vm.pool.liveCount).toBe(0);
  t.expectInvariants();
});
