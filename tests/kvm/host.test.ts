/** The host address space: frames, huge pages, swap, merging, and the limits of memory. */
import { EAGAIN, EFAULT, EINVAL, ENOMEM } from '../../src/kvm/errno';
import { NO_FRAME } from '../../src/kvm/host/frames';
import { NO_MEMORY } from '../../src/kvm/host/heap';
import * as host from '../../src/kvm/host/operations';
import { GIB, KIB, MIB, PageGeometry } from '../../src/kvm/page';
import { flatVm, makeHost } from './support';

const PAGE = 4 * KIB;

function filled(pages: number, shape = {}) {
  const h = makeHost(shape);
  const hva = h.mm.mmap({ bytes: pages * h.mm.pageSize });
  for (let i = 0; i < pages; i++) put(h, hva + i * h.mm.pageSize, i + 1);
  return { ...h, hva };
}

type Host = ReturnType<typeof makeHost>;

function put({ mm, frames }: Host, hva: number, value: number): void {
  frames.memory.setWord(frames.addressOf(mm.resolve(hva, 'write')), value);
}

function peek({ mm, frames }: Host, hva: number): number {
  return frames.memory.getWord(frames.addressOf(mm.resolve(hva, 'read')));
}

function expectAllFree({ mm, frames }: Host): void {
  mm.exit();
  expect([frames.freeFrames, mm.swap.usedPages]).toEqual([frames.frameCount, 0]);
}

test('frames are split, merged again, and bounded by memory', () => {
  const { frames } = makeHost({ memory: 4 * MIB });
  const all = Array.from({ length: 1024 }, () => frames.allocate(0));
  expect(new Set(all).size).toBe(1024);
  expect(frames.allocate(0)).toBe(NO_FRAME);
  for (const frame of all) frames.put(frame);
  expect(frames.allocate(10)).toBe(0);
  expect(frames.allocate(0)).toBe(NO_FRAME);
  expect(() => frames.put(5000)).toThrow();
});

test('a frame that was used is zeroed before it is used again', () => {
  const h = filled(1);
  const frame = h.mm.resolve(h.hva, 'read');
  h.mm.discard(h.hva, h.hva + PAGE);
  expect(peek(h, h.hva)).toBe(0);
  h.mm.exit();
  expect(() => h.frames.get(frame)).toThrow('free');
  expect(() => h.frames.put(frame)).toThrow('released more often');
});

test('heap pieces are zeroed, apart, and come back', () => {
  const { frames, heap } = makeHost({ memory: 1 * MIB });
  const sizes = [8, 16, 100, 4000, 4096, 5000, 40_000];
  const pieces = sizes.map((bytes) => heap.allocate(bytes));
  const ranges = pieces.map((at, i) => [at, at + sizes[i]!] as const).sort(([a], [b]) => a - b);
  for (let i = 1; i < ranges.length; i++) expect(ranges[i - 1]![1]).toBeLessThanOrEqual(ranges[i]![0]);
  frames.memory.setWord(pieces[1]!, -1);
  heap.free(pieces[1]!);
  expect(heap.allocate(16)).toBe(pieces[1]);
  expect(frames.memory.getWord(pieces[1]!)).toBe(0);
  expect(heap.allocate(2 * MIB)).toBe(NO_MEMORY);
  for (const piece of pieces) heap.free(piece);
  expect([heap.liveCount, heap.liveBytes]).toEqual([0, 0]);
  expect(() => heap.free(pieces[0]!)).toThrow('no piece');
});

test('mappings: bad sizes, clashes, the end of user space, and unmapped addresses', () => {
  const { mm } = makeHost();
  expect(mm.mmap({ bytes: 100 })).toBe(-EINVAL);
  expect(mm.mmap({ bytes: 0 })).toBe(-EINVAL);
  expect(mm.mmap({ bytes: PAGE, at: 2 ** 52 })).toBe(-ENOMEM);
  const hva = mm.mmap({ bytes: 4 * PAGE });
  expect(mm.mmap({ bytes: PAGE, at: hva + PAGE })).toBe(-EINVAL);
  expect(mm.resolve(hva + 4 * PAGE, 'read')).toBe(-EFAULT);
  const readOnly = mm.mmap({ bytes: PAGE, protection: 'read-only' });
  expect(mm.resolve(readOnly, 'write')).toBe(-EFAULT);
  expect(mm.resolve(readOnly, 'read')).toBeGreaterThanOrEqual(0);
  for (const [start, end] of [
    [hva, hva],
    [hva, hva + 5 * PAGE],
    [hva + 1, hva + PAGE],
  ] as const)
    expect(mm.discard(start, end)).toBe(-EINVAL);
});

test('out of memory is an error that the caller sees', () => {
  const h = makeHost({ memory: 8 * PAGE });
  const hva = h.mm.mmap({ bytes: 9 * PAGE });
  for (let i = 0; i < 8; i++) expect(h.mm.resolve(hva + i * PAGE, 'write')).toBeGreaterThanOrEqual(0);
  expect(h.mm.resolve(hva + 8 * PAGE, 'write')).toBe(-ENOMEM);
  expect(host.perform(host.migratePages(h.mm, hva, hva + PAGE))).toBe(-ENOMEM);
  h.mm.discard(hva, hva + PAGE);
  expect(h.mm.resolve(hva + 8 * PAGE, 'write')).toBeGreaterThanOrEqual(0);
});

test.each([
  [4 * KIB, '2M', 2 * MIB],
  [64 * KIB, '2M', 2 * MIB],
  [64 * KIB, '1G', GIB],
] as const)('base pages of %d bytes and host pages of %s', (pageSize, size, bytes) => {
  const h = makeHost({ pageSize, memory: size === '1G' ? GIB + 64 * MIB : 8 * MIB });
  const hva = h.mm.mmap({ bytes, pageSize: size });
  const frame = h.mm.resolve(hva + pageSize, 'write');
  expect(h.mm.mappingSize(hva)).toBe(bytes);
  expect(h.mm.resolve(hva + bytes - pageSize, 'read') - frame).toBe(bytes / pageSize - 2);
  expect(h.frames.addressOf(frame - 1) % bytes).toBe(0);
  h.mm.discard(hva, hva + pageSize);
  expect([h.mm.mappingSize(hva), h.mm.mappingSize(hva + pageSize)]).toEqual([0, pageSize]);
  expectAllFree(h);
});

test('a huge mapping falls back to base pages where memory has no block', () => {
  const h = makeHost({ memory: MIB });
  const hva = h.mm.mmap({ bytes: 2 * MIB, pageSize: '2M' });
  expect(h.mm.resolve(hva, 'write')).toBeGreaterThanOrEqual(0);
  expect(h.mm.mappingSize(hva)).toBe(PAGE);
});

test('collapse gathers base pages, split lets them be, and the bytes stay', () => {
  const h = makeHost({ memory: 8 * MIB });
  const hva = h.mm.mmap({ bytes: 2 * MIB, at: 64 * MIB });
  put(h, hva, 11);
  put(h, hva + 5 * PAGE, 22);
  expect(host.perform(host.splitHuge(h.mm, hva))).toBe(-EINVAL);
  expect(host.perform(host.collapse(h.mm, hva + 7 * PAGE))).toBe(0);
  expect([h.mm.mappingSize(hva), peek(h, hva), peek(h, hva + 5 * PAGE)]).toEqual([2 * MIB, 11, 22]);
  expect(peek(h, hva + 9 * PAGE)).toBe(0);
  expect(host.perform(host.collapse(h.mm, hva))).toBe(-EINVAL);
  expect(host.perform(host.splitHuge(h.mm, hva))).toBe(0);
  expect([h.mm.mappingSize(hva), peek(h, hva + 5 * PAGE)]).toEqual([PAGE, 22]);
  host.perform(host.swapOut(h.mm, hva, hva + PAGE));
  expect(host.perform(host.collapse(h.mm, hva))).toBe(-EAGAIN);
  const small = h.mm.mmap({ bytes: PAGE });
  expect(host.perform(host.collapse(h.mm, small))).toBe(-EINVAL);
  expectAllFree(h);
});

test('swapping out and in keeps the bytes, and a full device is an error', () => {
  const h = filled(4, { swapPages: 2 });
  const free = h.frames.freeFrames;
  expect(host.perform(host.swapOut(h.mm, h.hva, h.hva + 4 * PAGE))).toBe(2);
  expect([h.frames.freeFrames, h.mm.swap.usedPages]).toEqual([free + 2, 2]);
  expect(host.perform(host.swapOut(h.mm, h.hva, h.hva + 4 * PAGE))).toBe(-ENOMEM);
  expect([peek(h, h.hva), h.mm.swap.usedPages]).toEqual([1, 1]);
  expect(host.swapIn(h.mm, h.hva, h.hva + 4 * PAGE)).toBe(1);
  expect([0, 1, 2, 3].map((i) => peek(h, h.hva + i * PAGE))).toEqual([1, 2, 3, 4]);
  expectAllFree(h);
});

test('identical pages share a frame until one of them is written', () => {
  const h = filled(3);
  const [a, b, c] = [0, 1, 2].map((i) => h.hva + i * PAGE) as [number, number, number];
  put(h, b, 1);
  expect(host.mergeIdentical(h.mm, a, c)).toBe(-EAGAIN);
  expect(host.mergeIdentical(h.mm, a, b)).toBe(0);
  expect(h.mm.resolve(a, 'read')).toBe(h.mm.resolve(b, 'read'));
  expect(host.mergeIdentical(h.mm, a, b)).toBe(-EAGAIN);
  put(h, b, 9);
  expect([peek(h, a), peek(h, b)]).toEqual([1, 9]);
  const frame = h.mm.resolve(a, 'read');
  put(h, a, 8);
  expect(h.mm.resolve(a, 'read')).toBe(frame);
  expect(host.perform(host.shareFrame(h.mm, 0))).toBe(-EAGAIN);
  expectAllFree(h);
});

test('write protection lasts until the next write', () => {
  const h = filled(2);
  expect(host.perform(host.writeProtect(h.mm, h.hva, h.hva + 2 * PAGE))).toBe(2);
  expect([h.mm.isWritable(h.hva), peek(h, h.hva)]).toEqual([false, 1]);
  put(h, h.hva, 5);
  expect([h.mm.isWritable(h.hva), h.mm.isWritable(h.hva + PAGE)]).toEqual([true, false]);
  expect(host.isDirty(h.mm, h.hva)).toBe(true);
});

test('unmapping cuts an area in two and drops its pages', () => {
  const h = filled(5);
  expect(host.perform(host.unmapArea(h.mm, h.hva + PAGE, h.hva + 3 * PAGE))).toBe(0);
  expect([0, 1, 2, 3, 4].map((i) => h.mm.vmas.find(h.hva + i * PAGE) !== null)).toEqual([
    true,
    false,
    false,
    true,
    true,
  ]);
  expect([peek(h, h.hva), peek(h, h.hva + 4 * PAGE)]).toEqual([1, 5]);
  expect(h.mm.mmap({ bytes: 2 * PAGE, at: h.hva + PAGE })).toBe(h.hva + PAGE);
  expectAllFree(h);
});

test('pages that somebody references are neither migrated nor swapped', () => {
  const h = filled(1);
  const frame = h.mm.resolve(h.hva, 'read');
  h.frames.get(frame);
  expect(host.perform(host.migratePages(h.mm, h.hva, h.hva + PAGE))).toBe(0);
  expect(host.perform(host.swapOut(h.mm, h.hva, h.hva + PAGE))).toBe(0);
  h.frames.put(frame);
  expect(host.perform(host.migratePages(h.mm, h.hva, h.hva + PAGE))).toBe(1);
});

test('every operation invalidates the guest mapping of its page', () => {
  const operations = [host.migratePages, host.swapOut, host.writeProtect, host.unmapArea];
  for (const operation of operations) {
    const t = flatVm();
    const hva = t.setMapped({ id: 1, gfn: 0, pages: 4 });
    t.guest.access(t.vm.createVcpu(), 1, 'write');
    const { seq } = t.vm.invalidate;
    host.perform(operation(t.host.mm, hva + PAGE, hva + 2 * PAGE));
    expect([operation.name, t.arch.maps[0]!.size, t.vm.invalidate.seq]).toEqual([operation.name, 0, seq + 1]);
  }
});

test('a copy on write moves the guest to the new frame', () => {
  const t = flatVm();
  const hva = t.setMapped({ id: 1, gfn: 0, pages: 2 });
  const vcpu = t.vm.createVcpu();
  for (const gfn of [0, 1]) t.guest.access(vcpu, gfn, 'write');
  expect(host.mergeIdentical(t.host.mm, hva, hva + PAGE)).toBe(0);
  for (const gfn of [0, 1]) expect(t.guest.access(vcpu, gfn, 'read')).toBe('mapped');
  expect(t.arch.mappedFrame(0, 0)).toBe(t.arch.mappedFrame(0, 1));
  expect(t.guest.access(vcpu, 1, 'write')).toBe('mapped');
  expect(t.arch.mappedFrame(0, 0)).not.toBe(t.arch.mappedFrame(0, 1));
  expect(t.vm.warnings).toEqual([]);
});

test('page sizes other than 4 KiB and 64 KiB are refused', () => {
  expect(() => new PageGeometry(8192)).toThrow('4096 or 65536 expected');
});
