/** The nested reverse map: words, lists, lengths (facts, section 2; scenarios 25-29, H-3). */
import * as fc from 'fast-check';
import { RealMemory } from '../../../src/core/memory';
import { FrameAllocator } from '../../../src/kvm/host/frames';
import { HostHeap } from '../../../src/kvm/host/heap';
import { NestedRmap, type NestedRmapOptions } from '../../../src/kvm/nested/rmap';
import { decodeEntry, encodeEntry, type RmapEntry } from '../../../src/kvm/nested/rmap-entry';
import { KIB, MIB, PageGeometry } from '../../../src/kvm/page';

function setup(options: Partial<NestedRmapOptions> = {}, bytes = MIB) {
  const memory = RealMemory.ofSize(bytes);
  const heap = new HostHeap(new FrameAllocator(memory, new PageGeometry(64 * KIB)));
  // The piece at address 0 must never become a node.
  const rmap = new NestedRmap({ memory, heap, listLimit: Infinity, zeroEndsWalk: false, ...options });
  const head = heap.allocate(128 * KIB);
  return { memory, heap, rmap, head };
}

const A = { lpid: 5, nGpa: 0x1234567000 };

test('S25: the first entry is the head word itself, low bit set, and needs no node', () => {
  const { memory, rmap, head, heap } = setup();
  const pieces = heap.liveCount;
  expect(rmap.insert(head, A)).toBe('single');
  expect(memory.getDoubleword(head)).toBe(0x0050001234567001n);
  expect([rmap.nodes, rmap.bytes, heap.liveCount, rmap.shape(head)]).toEqual([0, 0, pieces, 'single']);
});

test('S26: the same entry again changes nothing', () => {
  const { memory, rmap, head } = setup();
  rmap.insert(head, A);
  expect(rmap.insert(head, A)).toBe('duplicate');
  expect([memory.getDoubleword(head), rmap.nodes]).toEqual([0x0050001234567001n, 0]);
});

test('S27: the second entry makes a list whose last next word is the first entry', () => {
  const { memory, rmap, head } = setup();
  rmap.insert(head, A);
  expect(rmap.insert(head, { lpid: 6, nGpa: 0x2000 })).toBe('promoted');
  const node = Number(memory.getDoubleword(head));
  expect([node % 8, node > 0, rmap.shape(head)]).toEqual([0, true, 'list']);
  expect(memory.getDoubleword(node + 8)).toBe(0x0060000000002000n);
  expect(memory.getDoubleword(node)).toBe(0x0050001234567001n);
  expect(rmap.entries(head).map(({ lpid }) => lpid)).toEqual([6, 5]);
  expect(rmap.bytes).toBe(16);
});

test('S28: entries come newest first, the oldest last', () => {
  const { rmap, head } = setup();
  const results = [1, 2, 3].map((lpid) => rmap.insert(head, { lpid, nGpa: lpid * 0x10000 }));
  expect(results).toEqual(['single', 'promoted', 'pushed']);
  expect(rmap.entries(head).map(({ lpid }) => lpid)).toEqual([3, 2, 1]);
});

test('S29: the largest LPID and frame fill the word but for the low 12 bits', () => {
  const entry = { lpid: 0xfff, nGpa: 0xffffffffff000 };
  expect(encodeEntry(entry)).toBe(0xfffffffffffff000n);
  expect(decodeEntry(0xfffffffffffff000n)).toEqual(entry);
  expect(decodeEntry(0xfffffffffffff001n)).toEqual(entry);
});

test('a word holds any LPID and frame, and nothing of the offset in the page', () => {
  fc.assert(
    fc.property(fc.nat(0xfff), fc.nat(2 ** 40 - 1), fc.nat(0xfff), (lpid, gfn, offset) => {
      const word = encodeEntry({ lpid, nGpa: gfn * 4096 + offset });
      expect(decodeEntry(word)).toEqual({ lpid, nGpa: gfn * 4096 });
      expect(word & 0xfffn).toBe(0n);
    }),
  );
});

test('a list is a set in order of first insertion, in 8 bytes and then 16 each; taking it frees every node', () => {
  const entry = fc.record({ lpid: fc.nat(3), nGpa: fc.nat(7).map((n) => n * 0x10000) });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (inserted) => {
      const { rmap, head, heap } = setup();
      const pieces = heap.liveCount;
      const model: RmapEntry[] = [];
      for (const each of inserted) {
        const known = model.some(({ lpid, nGpa }) => lpid === each.lpid && nGpa === each.nGpa);
        expect(rmap.insert(head, each) === 'duplicate').toBe(known);
        if (!known) model.unshift(each);
        expect(rmap.entries(head)).toEqual(model);
        expect(rmap.bytes).toBe(Math.max(0, model.length - 1) * 16);
      }
      expect(rmap.take(head)).toEqual(model);
      expect([rmap.shape(head), rmap.nodes]).toEqual(['empty', 0]);
      // The piece at address 0 is not counted: it may have been put aside.
      expect(heap.liveCount - pieces).toBeLessThanOrEqual(1);
    }),
  );
});

test('a long list is a set too, whatever was at the address of its head before', () => {
  const entry = fc.record({ lpid: fc.nat(2), nGpa: fc.nat(49).map((n) => n * 0x1000) });
  const end = fc.constantFrom('take' as const, 'release' as const);
  const step = fc.oneof({ weight: 150, arbitrary: entry }, { weight: 1, arbitrary: end });
  fc.assert(
    fc.property(fc.array(step, { minLength: 100, maxLength: 600 }), fc.nat(1), (steps, first) => {
      const { rmap, head, memory } = setup();
      const heads = [head, head + 8].map((at) => ({ at, model: [] as RmapEntry[] }));
      let of = heads[first]!;
      for (const each of steps) {
        if (typeof each === 'object') {
          const known = of.model.some(({ lpid, nGpa }) => lpid === each.lpid && nGpa === each.nGpa);
          expect([each, rmap.insert(of.at, each) === 'duplicate']).toEqual([each, known]);
          if (!known) of.model.unshift(each);
          continue;
        }
        if (each === 'take') expect(rmap.take(of.at)).toEqual(of.model);
        else {
          // The slot goes, and another one comes where it was.
          rmap.release(memory.getDoubleword(of.at));
          memory.setDoubleword(of.at, 0n);
        }
        of.model = [];
        of = heads[of === heads[0] ? 1 : 0]!;
      }
      for (const { at, model } of heads) expect(rmap.entries(at)).toEqual(model);
      expect(rmap.nodes).toBe(heads.reduce((n, { model }) => n + Math.max(0, model.length - 1), 0));
    }),
  );
});

test('the entries of a long list are not looked at one by one', () => {
  const { rmap, head } = setup();
  for (let i = 0; i < 1000; i++) rmap.insert(head, { lpid: 1, nGpa: i * 0x1000 });
  expect(rmap.insert(head, { lpid: 1, nGpa: 0 })).toBe('duplicate');
  expect(rmap.scanned).toBeLessThan(1000);
  expect(rmap.entries(head)).toHaveLength(1000);
});

test('no node ever lies at address 0: such a pointer would say that the list is empty', () => {
  const memory = RealMemory.ofSize(MIB);
  const heap = new HostHeap(new FrameAllocator(memory, new PageGeometry(64 * KIB)));
  const rmap = new NestedRmap({ memory, heap, listLimit: Infinity, zeroEndsWalk: false });
  const head = 0x80000;
  rmap.insert(head, A);
  rmap.insert(head, { lpid: 6, nGpa: 0x2000 });
  expect(rmap.entries(head)).toHaveLength(2);
});

test('a list at its limit takes no more, and says so; a duplicate is still one', () => {
  const { rmap, head } = setup({ listLimit: 3 });
  for (let lpid = 1; lpid <= 3; lpid++) rmap.insert(head, { lpid, nGpa: 0 });
  expect(rmap.insert(head, { lpid: 4, nGpa: 0 })).toBe('full');
  expect(rmap.insert(head, { lpid: 1, nGpa: 0 })).toBe('duplicate');
  expect(rmap.entries(head)).toHaveLength(3);
});

test('without memory for a node the list stays as it was', () => {
  const { rmap, head, heap, memory } = setup();
  rmap.insert(head, A);
  while (heap.allocate(16) >= 0);
  const word = memory.getDoubleword(head);
  expect(rmap.insert(head, { lpid: 6, nGpa: 0x2000 })).toBe('no memory');
  expect([memory.getDoubleword(head), rmap.nodes]).toEqual([word, 0]);
});

test('H-3: an entry of LPID 0 and address 0 in a node hides what is behind it in Linux, and not here', () => {
  for (const zeroEndsWalk of [false, true]) {
    const { rmap, head } = setup({ zeroEndsWalk });
    rmap.insert(head, A);
    rmap.insert(head, { lpid: 0, nGpa: 0 });
    rmap.insert(head, { lpid: 7, nGpa: 0 });
    expect(rmap.entries(head).map(({ lpid }) => lpid)).toEqual(zeroEndsWalk ? [7] : [7, 0, 5]);
    rmap.take(head);
    expect(rmap.nodes).toBe(0);
  }
});
