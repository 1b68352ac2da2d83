/** Power's rmap arrays through the life of a slot (1.8 of the slot facts; R7, R8). */
import { ENOMEM } from '../../src/kvm/errno';
import { KVM_MEM_LOG_DIRTY_PAGES, NO_RMAP } from '../../src/kvm/memslot';
import { PowerArch } from '../../src/kvm/power-arch';
import { makeHost, TestVm } from './support';

const WORD = 0x0012_3000_4567_8001n;

function setup(options: ConstructorParameters<typeof PowerArch>[0] = {}) {
  const t = new TestVm(new PowerArch(options));
  const hva = t.setMapped({ id: 1, gfn: 100, pages: 10 });
  return { t, hva, slot: () => t.vm.sets.active(0).byId(1)! };
}

test('create makes a zeroed array, one big-endian word a page, in emulated host memory', () => {
  const { t, slot } = setup();
  expect(t.host.heap.liveBytes).toBe(80);
  for (let gfn = 100; gfn < 110; gfn++) expect(t.arch.readRmap(slot(), gfn)).toBe(0n);
  t.arch.writeRmap(slot(), 103, WORD);
  const at = slot().rmap + 3 * 8;
  expect([...t.host.frames.memory.bytes.subarray(at, at + 8)]).toEqual([
    0, 0x12, 0x30, 0, 0x45, 0x67, 0x80, 1,
  ]);
});

test('R7: move and flag changes hand the array on, and a word stays with its page', () => {
  const { t, hva, slot } = setup();
  const { rmap } = slot();
  t.arch.writeRmap(slot(), 103, WORD);
  expect(t.set({ id: 1, gfn: 512, pages: 10, hva })).toBe(0);
  expect(slot().rmap).toBe(rmap);
  expect(t.arch.readRmap(slot(), 515)).toBe(WORD);
  expect(t.set({ id: 1, gfn: 512, pages: 10, hva, flags: KVM_MEM_LOG_DIRTY_PAGES })).toBe(0);
  expect([slot().rmap, t.host.heap.liveCount]).toEqual([rmap, 1]);
  expect(t.arch.mmioUpdate).toBe(3);
});

test('within a move the INVALID slot and the old one share the array', () => {
  const { t, hva, slot } = setup();
  const { rmap } = slot();
  const steps = t.setSteps({ id: 1, gfn: 512, pages: 10, hva });
  for (let next = steps.next(); !next.done; next = steps.next()) expect(slot().rmap).toBe(rmap);
});

test('R8: delete releases leftover words, then frees the array; nothing derived from the slot is left', () => {
  const released: [bigint, number][] = [];
  const { t, slot } = setup({ releaseRmap: (word, gfn) => released.push([word, gfn]) });
  const vcpu = t.vm.createVcpu();
  t.guest.access(vcpu, 105, 'write');
  t.arch.writeRmap(slot(), 105, WORD);
  const old = slot();
  expect(t.delete(1)).toBe(0);
  expect(released).toEqual([[WORD, 105]]);
  expect([t.host.heap.liveCount, t.arch.rmapBytes, t.arch.maps[0]!.size, old.rmap]).toEqual([
    0,
    0,
    0,
    NO_RMAP,
  ]);
});

test('an array that memory cannot hold is refused, and the slot with it', () => {
  const t = new TestVm(new PowerArch(), {}, makeHost({ memory: 1024 * 1024 }));
  expect(t.set({ id: 1, gfn: 0, pages: 2 ** 31 - 1, hva: 0 })).toBe(-ENOMEM);
  expect(t.set({ id: 1, gfn: 0, pages: 131_073 })).toBe(-ENOMEM);
  const other = t.host.frames.allocate(0);
  expect(t.set({ id: 1, gfn: 0, pages: 100_000 })).toBe(-ENOMEM);
  expect([t.generation(), t.vm.pool.liveCount, t.host.heap.liveCount]).toEqual([0, 0, 0]);
  t.host.frames.put(other);
  expect(t.set({ id: 1, gfn: 0, pages: 100_000 })).toBe(0);
  t.expectInvariants();
});
