/** Dirty logging by bitmap and ring, and Power's subset (T49, T50, R3, R15). */
import * as fc from 'fast-check';
import { E2BIG, EFAULT, EINVAL, ENOENT, ENXIO } from '../../src/kvm/errno';
import {
  clearDirtyLog,
  enableManualDirtyLogProtect,
  getDirtyLog,
  getDirtyLogSteps,
} from '../../src/kvm/dirty-log';
import {
  beforeGuestEntry,
  enableDirtyRing,
  enableRingWithBitmap,
  resetDirtyRings,
} from '../../src/kvm/dirty-ring-log';
import { KVM_DIRTY_GFN_F_DIRTY } from '../../src/kvm/dirty-ring';
import { FlatArch } from '../../src/kvm/flat-arch';
import { KVM_MEM_LOG_DIRTY_PAGES, type MemSlot } from '../../src/kvm/memslot';
import { PowerArch } from '../../src/kvm/power-arch';
import { flatVm, TestVm } from './support';

const LOG = KVM_MEM_LOG_DIRTY_PAGES;

/** Counts which pages are protected again. */
class ProtectingArch extends FlatArch {
  readonly protected: [page: number, mask: number][] = [];
  override writeProtect(slot: MemSlot, page: number, mask: number): void {
    this.protected.push([page, mask]);
    super.writeProtect(slot, page, mask);
  }
}

function logged(pages = 65) {
  const t = new TestVm(new ProtectingArch());
  t.setMapped({ id: 1, gfn: 0, pages, flags: LOG });
  const vcpu = t.vm.createVcpu();
  const write = (gfn: number) => t.guest.access(vcpu, gfn, 'write');
  return { t, vcpu, write };
}

function pagesOf(bytes: Uint8Array): number[] {
  return [...bytes].flatMap((byte, i) =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((b) => (byte & (1 << b) ? [i * 8 + b] : [])),
  );
}

function get(t: TestVm, id = 1): number[] {
  let pages: number[] = [];
  expect(getDirtyLog(t.vm, id, (bytes) => ((pages = pagesOf(bytes)), true))).toBe(0);
  return pages;
}

/** Bits `pages`, relative to the first page asked for. */
const bits = (pages: number[], length = 16): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (const page of pages) bytes[page >> 3]! |= 1 << (page & 7);
  return bytes;
};

test('T49: 65 pages have 16 bytes of bitmap, and a get returns and clears', () => {
  const { t, write } = logged();
  write(64);
  let length = 0;
  getDirtyLog(t.vm, 1, (bytes) => ((length = bytes.length), expect(pagesOf(bytes)).toEqual([64]), true));
  expect(length).toBe(16);
  expect(get(t)).toEqual([]);
  write(64);
  expect(get(t)).toEqual([64]);
});

test('T49: in manual mode a get clears nothing and a clear protects exactly what was dirty', () => {
  const { t, write } = logged();
  expect(enableManualDirtyLogProtect(t.vm, 1)).toBe(0);
  write(3);
  write(64);
  expect([get(t), get(t)]).toEqual([
    [3, 64],
    [3, 64],
  ]);
  const clear = (firstPage: number, numPages: number, pages: number[]) =>
    clearDirtyLog(t.vm, { slot: 1, firstPage, numPages, copyIn: () => bits(pages) });
  expect(clear(64, 64, [0])).toBe(-EINVAL);
  expect(clear(1, 64, [0])).toBe(-EINVAL);
  expect(clear(0, 63, [0])).toBe(-EINVAL);
  expect(clear(128, 0, [])).toBe(-EINVAL);
  expect(clear(64, 1, [0])).toBe(0);
  expect(t.arch.protected).toEqual([[64, 1]]);
  expect(clear(64, 1, [0])).toBe(0);
  expect(clear(0, 64, [2, 3, 5])).toBe(0);
  expect(t.arch.protected).toEqual([
    [64, 1],
    [0, 1 << 3],
  ]);
  expect(get(t)).toEqual([]);
  write(3);
  expect(get(t)).toEqual([3]);
});

test('initially set bitmaps start with every page and no bit beyond', () => {
  const t = flatVm();
  expect(enableManualDirtyLogProtect(t.vm, 2)).toBe(-EINVAL);
  expect(enableManualDirtyLogProtect(t.vm, 4)).toBe(-EINVAL);
  expect(enableManualDirtyLogProtect(t.vm, 3)).toBe(0);
  t.setMapped({ id: 1, gfn: 0, pages: 70, flags: LOG });
  expect(get(t)).toEqual(Array.from({ length: 70 }, (_, i) => i));
});

test('errors of the dirty log calls', () => {
  const { t, write } = logged();
  t.set({ id: 2, gfn: 100, pages: 1 });
  const copied = () => true;
  expect(getDirtyLog(t.vm, 2, copied)).toBe(-ENOENT);
  expect(getDirtyLog(t.vm, 9, copied)).toBe(-ENOENT);
  expect(getDirtyLog(t.vm, 65536, copied)).toBe(-EINVAL);
  expect(getDirtyLog(t.vm, 32767, copied)).toBe(-EINVAL);
  const request = { slot: 1, firstPage: 0, numPages: 65 };
  expect(clearDirtyLog(t.vm, { ...request, copyIn: () => null })).toBe(-EFAULT);
  expect(clearDirtyLog(t.vm, { ...request, slot: 9, copyIn: () => bits([]) })).toBe(-ENOENT);
  expect(clearDirtyLog(t.vm, { ...request, slot: 65536, copyIn: () => bits([]) })).toBe(-EINVAL);
  write(3);
  expect(getDirtyLog(t.vm, 1, () => false)).toBe(-EFAULT);
  expect(get(t)).toEqual([]);
  t.expectInvariants();
});

test('T49: whatever page is written, and between whichever steps of a get, some get reports it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ page: fc.nat(64), at: fc.nat(12) }), { minLength: 1, maxLength: 40 }),
      (writes) => {
        /** Writable translations that the vCPU still has until a flush. */
        const tlb = new Set<number>();
        class WithTlb extends FlatArch {
          override flushRemoteTlbs(): void {
            tlb.clear();
            super.flushRemoteTlbs();
          }
        }
        const t = new TestVm(new WithTlb());
        t.setMapped({ id: 1, gfn: 0, pages: 65, flags: LOG });
        const vcpu = t.vm.createVcpu();
        /** Pages whose last write no log has reported yet. */
        const owed = new Set<number>();
        const waiting: number[] = [];
        const write = (page: number): void => {
          // A fault needs mmu_lock, which the get holds for a while; a store by an old translation does not.
          if (!tlb.has(page) && !t.arch.access(0, page, 'write')) {
            if (t.vm.mmuLock.isHeld) return void waiting.push(page);
            t.guest.access(vcpu, page, 'write');
          }
          tlb.add(page);
          owed.add(page);
        };
        const log = (): void => {
          const steps = getDirtyLogSteps(t.vm, 1, (bytes) => {
            for (const page of pagesOf(bytes)) owed.delete(page);
            return true;
          });
          let at = 0;
          for (let next = steps.next(); !next.done; next = steps.next(), at++) {
            for (const { page } of writes.filter((w) => w.at === at)) write(page);
            if (!t.vm.mmuLock.isHeld) waiting.splice(0).forEach(write);
          }
        };
        // Several rounds: what a log forgets to protect or to flush shows in the writes after it.
        for (let round = 0; round < 3; round++) {
          for (const { page } of writes) write(page);
          log();
          waiting.splice(0).forEach(write);
          const live = t.vm.gfnToMemslot(0)!.dirtyBitmap!;
          for (const page of owed) expect(live.has(page)).toBe(true);
        }
        for (const page of get(t)) owed.delete(page);
        expect([...owed]).toEqual([]);
      },
    ),
    { numRuns: 200 },
  );
});

describe('T50: dirty rings', () => {
  const BYTES = 4096 * 16;

  function ring(pages = 5000) {
    const t = new TestVm(new ProtectingArch());
    expect(enableDirtyRing(t.vm, BYTES)).toBe(0);
    const vcpu = t.vm.createVcpu();
    // No host pages: the pushes alone are of interest.
    t.set({ id: 1, gfn: 0, pages, flags: LOG });
    const push = (page: number, slot = 1) => vcpu.dirtyRing!.push(slot, page);
    return { t, vcpu, ring: vcpu.dirtyRing!, push };
  }

  test('sizes and times at which a ring can be enabled', () => {
    const { vm } = flatVm();
    for (const bytes of [0, 48 * 1024, 512, 2048]) expect(enableDirtyRing(vm, bytes)).toBe(-EINVAL);
    expect(enableDirtyRing(vm, 65536 * 32)).toBe(-E2BIG);
    expect(resetDirtyRings(vm)).toBe(-EINVAL);
    expect(enableRingWithBitmap(vm)).toBe(-EINVAL);
    vm.createVcpu();
    expect(enableDirtyRing(vm, BYTES)).toBe(-EINVAL);
    const other = flatVm();
    expect(enableDirtyRing(other.vm, BYTES)).toBe(0);
    expect(enableDirtyRing(other.vm, BYTES)).toBe(-EINVAL);
    other.set({ id: 1, gfn: 0, pages: 1 });
    expect(enableRingWithBitmap(other.vm)).toBe(-EINVAL);
    other.delete(1);
    expect(enableRingWithBitmap(other.vm)).toBe(0);
    expect(other.vm.usesDirtyBitmap).toBe(true);
  });

  test('a guest that dirties 4032 pages must exit until entries were reset', () => {
    const t = flatVm();
    enableDirtyRing(t.vm, BYTES);
    const vcpu = t.vm.createVcpu();
    t.setMapped({ id: 1, gfn: 0, pages: 2100, flags: LOG });
    t.setMapped({ id: 2, gfn: 3000, pages: 2100, flags: LOG });
    let written = 0;
    for (; beforeGuestEntry(vcpu) === 'enter'; written++)
      t.guest.access(vcpu, written < 2000 ? written : 1000 + written, 'write');
    expect(written).toBe(4096 - 64);
    expect(beforeGuestEntry(vcpu)).toBe('dirty ring full');
    expect(vcpu.dirtyRing!.harvest(0, 10)).toBe(10);
    expect(beforeGuestEntry(vcpu)).toBe('dirty ring full');
    expect(resetDirtyRings(t.vm)).toBe(10);
    expect(beforeGuestEntry(vcpu)).toBe('enter');
    expect(vcpu.requests.size).toBe(0);
    expect(t.arch.access(0, 5, 'write')).toBe(false);
    expect(t.arch.access(0, 15, 'write')).toBe(true);
    expect(getDirtyLog(t.vm, 1, () => true)).toBe(-ENXIO);
  });

  test('a harvest stops at the first entry that is not dirty, and nothing unharvested is reset', () => {
    const { t, ring: r, push } = ring();
    [5, 9].forEach((page) => push(page));
    expect(r.harvest(0, 10)).toBe(2);
    push(11);
    expect(resetDirtyRings(t.vm)).toBe(2);
    expect([r.used, r.flags[2]]).toEqual([1, KVM_DIRTY_GFN_F_DIRTY]);
  });

  test('neighbours are protected by one mask, also when they come in the order 5, 3, 4', () => {
    const { t, ring: r, push } = ring();
    [5, 3, 4].forEach((page) => push(page));
    r.harvest(0, 3);
    expect(resetDirtyRings(t.vm)).toBe(3);
    expect(t.arch.protected).toEqual([[3, 0b111]]);
  });

  test('distant pages and other slots get masks of their own', () => {
    const { t, ring: r, push } = ring();
    t.set({ id: 2, gfn: 9000, pages: 200, flags: LOG });
    [100, 163, 164].forEach((page) => push(page));
    push(164, 2);
    r.harvest(0, 4);
    expect(resetDirtyRings(t.vm)).toBe(4);
    expect(t.arch.protected).toEqual([
      [100, 1],
      [132, 1 << 31],
      [164, 1],
      [164, 1],
    ]);
  });

  test('R15: what user space scribbled into an entry names no page and is ignored', () => {
    const { t, ring: r, push } = ring();
    for (let i = 0; i < 4; i++) push(i);
    r.offsets[0] = 2n ** 64n - 1n;
    r.slots[1] = 0xffff_ffff;
    r.offsets[2] = 5000n;
    r.harvest(0, 4);
    expect(resetDirtyRings(t.vm)).toBe(4);
    expect(t.arch.protected).toEqual([[3, 1]]);
  });

  test('entries of a deleted slot are ignored', () => {
    const { t, ring: r, push } = ring();
    push(7);
    r.harvest(0, 1);
    t.delete(1);
    expect(resetDirtyRings(t.vm)).toBe(1);
    expect(t.arch.protected).toEqual([]);
  });

  test('a ring alone loses writes by the host, and says so; with a bitmap they are kept', () => {
    const t = flatVm();
    enableDirtyRing(t.vm, BYTES);
    t.setMapped({ id: 1, gfn: 0, pages: 4, flags: LOG });
    expect(t.vm.gfnToMemslot(0)!.dirtyBitmap).toBeNull();
    t.guest.access(t.vm.createVcpu(), 1, 'write');
    t.vm.vcpus[0]!.dirtyRing = null;
    t.guest.access(t.vm.vcpus[0]!, 2, 'write');
    expect(t.vm.warnings).toEqual(['dirty page 2 of slot 1 is lost: no vCPU and no bitmap']);
  });
});

test('Power: a get harvests change bits and always clears; there is no clear, manual mode or ring', () => {
  const t = new TestVm(new PowerArch());
  const hva = t.setMapped({ id: 1, gfn: 0, pages: 40, flags: LOG });
  const vcpu = t.vm.createVcpu();
  for (const gfn of [3, 35]) t.guest.access(vcpu, gfn, 'write');
  t.guest.access(vcpu, 7, 'read');
  expect(t.vm.gfnToMemslot(0)!.dirtyBitmap!.count()).toBe(0);
  expect(get(t as unknown as TestVm)).toEqual([3, 35]);
  expect(get(t as unknown as TestVm)).toEqual([]);
  t.guest.access(vcpu, 3, 'write');
  t.host.mm.discard(hva + 3 * t.pageSize, hva + 4 * t.pageSize);
  expect(get(t as unknown as TestVm)).toEqual([3]);
  expect(enableManualDirtyLogProtect(t.vm, 1)).toBe(-EINVAL);
  expect(clearDirtyLog(t.vm, { slot: 1, firstPage: 0, numPages: 40, copyIn: () => bits([]) })).toBe(-EINVAL);
  const early = new TestVm(new PowerArch());
  expect(enableDirtyRing(early.vm, BYTES_OF_A_RING)).toBe(-EINVAL);
});

const BYTES_OF_A_RING = 65536;
