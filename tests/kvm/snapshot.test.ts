/** A VM saved, restored and described. */
import { RealMemory } from '../../src/core/memory';
import { StateReader, type Json } from '../../src/core/saved-state';
import { describeMemslots } from '../../src/kvm/describe';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { enableDirtyRing } from '../../src/kvm/dirty-ring-log';
import { mergeIdentical, perform, swapOut } from '../../src/kvm/host/operations';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/memslot';
import { PowerArch } from '../../src/kvm/power-arch';
import { makeKvmMemory, saveKvmMemory, type MakeOptions } from '../../src/kvm/snapshot';
import { readGuest, writeGuest } from '../../src/kvm/translate';
import type { Kvm } from '../../src/kvm/vm';
import { flatVm, stepTo, TestVm } from './support';

/** Restores what went through a file. */
const restored = (saved: Json, options: MakeOptions): Kvm =>
  makeKvmMemory(new StateReader('s.snap', JSON.parse(JSON.stringify(saved)) as Json), options);

function busyVm() {
  const t = new TestVm(new PowerArch());
  const hva = t.setMapped({ id: 1, gfn: 16, pages: 8, flags: KVM_MEM_LOG_DIRTY_PAGES });
  t.set({ id: 2, gfn: 64, pages: 4, hva: hva + 4 * t.pageSize });
  t.set({ id: 3, gfn: 128, pages: 1 });
  t.delete(3);
  t.vm.createVcpu();
  for (let page = 0; page < 8; page++)
    writeGuest(t.vm, { gpa: BigInt((16 + page) * t.pageSize), bytes: Uint8Array.of(page >> 1, 7) });
  perform(swapOut(t.host.mm, hva, hva + t.pageSize));
  mergeIdentical(t.host.mm, hva + 2 * t.pageSize, hva + 3 * t.pageSize);
  t.arch.writeRmap(t.vm.sets.active(0).byId(2)!, 66, 0x1234n);
  return t;
}

function copyMemory(t: TestVm<PowerArch>): RealMemory {
  const memory = RealMemory.ofSize(t.host.frames.memory.size);
  memory.bytes.set(t.host.frames.memory.bytes);
  return memory;
}

test('a restored VM is the saved one: slots, pages, swap, merged frames, rmap words', () => {
  const t = busyVm();
  const saved = saveKvmMemory(t.vm);
  const arch = new PowerArch();
  const vm = restored(saved, { memory: copyMemory(t), arch });
  expect(checkInvariants(vm)).toEqual([]);
  expect(saveKvmMemory(vm)).toEqual(saved);
  expect(describeMemslots(vm)).toBe(describeMemslots(t.vm));
  expect(vm.mm.frames.freeFrames).toBe(t.host.frames.freeFrames);
  expect([arch.readRmap(vm.sets.active(0).byId(2)!, 66), arch.rmapBytes]).toEqual([0x1234n, 96]);
  for (let page = 0; page < 8; page++) {
    const bytes = new Uint8Array(2);
    expect(readGuest(vm, { gpa: BigInt((16 + page) * 4096), bytes })).toBe(0);
    expect([...bytes]).toEqual([page >> 1, 7]);
  }
  vm.destroy();
  vm.mm.exit();
  expect([vm.heap.liveCount, vm.pool.liveCount, vm.mm.swap.usedPages]).toEqual([0, 0, 0]);
});

test('a restored VM does not give old bytes to a new page', () => {
  const t = busyVm();
  const memory = copyMemory(t);
  const vm = restored(saveKvmMemory(t.vm), { memory, arch: new PowerArch() });
  memory.bytes.fill(0xaa, 8 * 1024 * 1024);
  const hva = vm.mm.mmap({ bytes: 512 * 4096 });
  for (let page = 0; page < 512; page++)
    expect(vm.mm.frames.bytesOf(vm.mm.resolve(hva + page * 4096, 'read')).every((byte) => byte === 0)).toBe(
      true,
    );
});

test('what cannot be saved or restored says why', () => {
  const t = busyVm();
  const saved = saveKvmMemory(t.vm);
  const arch = new PowerArch();
  expect(() => restored(saved, { memory: RealMemory.ofSize(65536), arch })).toThrow(
    /s\.snap\.shape\.rangeEnd: expected an integer from 4096 to 65536/,
  );
  const token = t.vm.srcu.readLock();
  expect(() => saveKvmMemory(t.vm)).toThrow('under way');
  t.vm.srcu.readUnlock(token);
  t.vm.notifier.invalidateRangeStart({ start: 0, end: 1, mayBlock: true });
  expect(() => saveKvmMemory(t.vm)).toThrow('invalidation');
  expect(() => saveKvmMemory(flatVm({ sets: 'array' }).vm)).toThrow('comparison');
  const ring = flatVm();
  enableDirtyRing(ring.vm, 65536);
  expect(() => saveKvmMemory(ring.vm)).toThrow('rings');
});

test('the description has both sets, generation, overlaps, dirty pages and, on request, the trees', () => {
  const t = busyVm();
  const text = describeMemslots(t.vm, { trees: true });
  expect(text).toMatch(/^page size 4096, 12 pages in slots, 1 slots with dirty logging$/m);
  expect(text).toMatch(/active set \(node 1\), generation 0x5: 2 slots, \d+ bytes/);
  expect(text).toMatch(/inactive set \(node 0\), generation 0x4: the same slots/);
  expect(text).toMatch(/^ +1 {2}0x10000 +8 {2}0x10000000000 +LOG_DIRTY_PAGES 8 dirty$/m);
  expect(text).toContain('slots 1 and 2 share host addresses [0x10000004000, 0x10000008000)');
  expect(text).toMatch(/by gfn:\n +(black|red) 0x10000\n +(black|red) 0x40000/);
  const steps = t.deleteSteps(2);
  stepTo(steps, 'grace');
  const within = describeMemslots(t.vm);
  expect(within).toMatch(/active set \(node 0\), generation 0x8000000000000005, update in progress: 2 slots/);
  expect(within).toMatch(/ +2 {2}0x40000 .*INVALID/);
  expect(within).toMatch(/inactive set \(node 1\), generation 0x5: 2 slots/);
});
