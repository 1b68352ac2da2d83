/** L0's radix trees: what is in memory is what was asked for, and nothing is lost when pages change their size. */
import fc from 'fast-check';
import { PTE } from '../../../isa/tables/radix';
import { RealMemory } from '../../../src/core/memory';
import { EAGAIN, ENOMEM } from '../../../src/kvm/errno';
import { CREATED, RadixTable } from '../../../src/kvm/guest/radix-table';
import { partitionEntry0 } from '../../../src/kvm/guest/radix-format';
import type { RadixLeaf } from '../../../src/kvm/guest/radix-leaf';
import { FrameAllocator } from '../../../src/kvm/host/frames';
import { HostHeap } from '../../../src/kvm/host/heap';
import { PageGeometry } from '../../../src/kvm/page';
import { NO_LPID, Partitions } from '../../../src/kvm/partitions';

const MIB = 2 ** 20;
const GIB = 2 ** 30;
const never = (): boolean => false;
const leafOf = (host: number, bits = 0x187n): bigint => PTE.V.mask | PTE.L.mask | BigInt(host) | bits;

class Setup {
  readonly memory: RealMemory;
  readonly frames: FrameAllocator;
  readonly heap: HostHeap;
  readonly table: RadixTable;
  readonly dropped: [gpa: number, shift: number][] = [];
  removed = 0;

  constructor(pageSize = 65536, bytes = 4 * MIB) {
    this.memory = RealMemory.ofSize(bytes);
    const geometry = new PageGeometry(pageSize);
    this.frames = new FrameAllocator(this.memory, geometry);
    this.heap = new HostHeap(this.frames);
    this.table = new RadixTable({
      memory: this.memory,
      heap: this.heap,
      geometry,
      dropped: (gpa, { shift }) => this.dropped.push([gpa, shift]),
      tableRemoved: () => this.removed++,
    });
  }

  create(gpa: number, shift: number, pte = leafOf(0x200000)): number {
    return this.table.create({ gpa, pte, shift }, never);
  }

  leaves(start = 0, end = 2 ** 52): [number, RadixLeaf][] {
    const out: [number, RadixLeaf][] = [];
    this.table.each(start, end, (gpa, leaf) => out.push([gpa, leaf]));
    return out;
  }
}

it('encodes doubleword 0 as nested.md scenario 36', () => {
  expect(partitionEntry0(0x100000000)).toBe(0xc0000001000000adn);
});

describe.each([
  [65536, 16],
  [4096, 12],
])('with base pages of %i bytes', (pageSize, base) => {
  it('finds what it made, of every size', () => {
    const t = new Setup(pageSize);
    expect(t.create(0x5678000, base)).toBe(CREATED.INSERTED);
    expect(t.create(GIB + 6 * MIB + 5, 21)).toBe(CREATED.INSERTED);
    expect(t.create(2 ** 51, 30)).toBe(CREATED.INSERTED);
    expect(t.table.find(0x5678000 + 100)?.shift).toBe(base);
    expect(t.table.find(GIB + 7 * MIB)?.shift).toBe(21);
    expect(t.table.find(2 ** 51 + GIB - 1)?.shift).toBe(30);
    for (const gone of [0, GIB, GIB + 8 * MIB, 2 ** 51 - 1, 2 ** 51 + GIB, 2 ** 52, 2 ** 53])
      expect(t.table.find(gone)).toBeUndefined();
    const from = (address: number, shift: number): number => address - (address % 2 ** shift);
    expect(t.leaves().map(([gpa, { shift }]) => [gpa, shift])).toEqual([
      [from(0x5678000, base), base],
      [GIB + 6 * MIB, 21],
      [2 ** 51, 30],
    ]);
  });

  it('adds bits to a leaf and takes none away', () => {
    const t = new Setup(pageSize);
    t.create(0, base, leafOf(0x10000, 0x105n));
    expect(t.create(0, base, leafOf(0x10000, 0x105n))).toBe(CREATED.SAME);
    expect(t.create(0, base, leafOf(0x10000, 0x182n))).toBe(CREATED.MERGED);
    expect(t.table.find(0)?.pte).toBe(leafOf(0x10000, 0x187n));
    expect(t.dropped).toEqual([]);
  });

  it('drops a large page for a small one', () => {
    const t = new Setup(pageSize);
    t.create(GIB, 30);
    expect(t.create(GIB + 5 * MIB, base)).toBe(CREATED.INSERTED);
    expect(t.dropped).toEqual([[GIB, 30]]);
    expect(t.table.find(GIB)).toBeUndefined();
    t.create(GIB + 8 * MIB, 21);
    t.create(GIB + 9 * MIB, base);
    expect(t.dropped[1]).toEqual([GIB + 8 * MIB, 21]);
  });

  it('drops small pages by the address that they map (H-4), and their tables, for a large one', () => {
    const t = new Setup(pageSize);
    const before = t.heap.liveCount;
    t.create(2 * MIB, base, leafOf(0x900000));
    t.create(3 * MIB, base, leafOf(0x100000));
    t.create(0x40000000 - pageSize, base, leafOf(0x200000));
    expect(t.create(5, 30)).toBe(CREATED.INSERTED);
    expect(t.dropped.map(([gpa]) => gpa)).toEqual([2 * MIB, 3 * MIB, 0x40000000 - pageSize]);
    expect(t.removed).toBe(1);
    expect(t.heap.liveCount).toBe(before + 1);
    expect(t.table.tables).toBe(1);
  });

  it('changes nothing where the page may be going away', () => {
    const t = new Setup(pageSize);
    t.create(GIB, 30);
    expect(t.table.create({ gpa: GIB, pte: leafOf(0), shift: base }, () => true)).toBe(-EAGAIN);
    expect(t.table.find(GIB)?.shift).toBe(30);
  });

  it('gives everything back', () => {
    const t = new Setup(pageSize);
    const before = t.heap.liveCount;
    for (let i = 0; i < 20; i++) t.create(i * 3 * MIB, base);
    t.table.clear();
    expect([t.heap.liveCount, t.table.tables, t.leaves().length]).toEqual([before, 0, 0]);
    expect(t.create(0, base)).toBe(CREATED.INSERTED);
    t.table.destroy();
    expect([t.heap.liveCount, t.table.root]).toEqual([before - 1, -1]);
    expect([t.table.find(0), t.create(0, base)]).toEqual([undefined, -ENOMEM]);
    t.table.destroy();
    t.table.clear();
  });
});

it('says -ENOMEM where there is no memory for a table, and stays a tree', () => {
  const t = new Setup(65536, 65536 * 3);
  let made = 0;
  while (t.create(made * GIB, 16) === CREATED.INSERTED) made++;
  expect(t.create(made * GIB, 16)).toBe(-ENOMEM);
  expect(t.leaves().length).toBe(made);
  expect(made).toBeGreaterThan(3);
});

it('has no root where there is no memory for one', () => {
  const t = new Setup(65536, 65536);
  const second = new RadixTable({
    memory: t.memory,
    heap: t.heap,
    geometry: new PageGeometry(65536),
    dropped: () => undefined,
    tableRemoved: () => undefined,
  });
  expect([t.table.root, second.root]).toEqual([0, -1]);
  second.each(0, 2 ** 52, () => {
    throw new Error('a leaf without a root');
  });
});

describe('property', () => {
  const SHIFTS = [16, 21, 30] as const;
  const step = fc.record({
    op: fc.constantFrom('create', 'create', 'create', 'drop', 'range'),
    page: fc.integer({ min: 0, max: 127 }),
    large: fc.integer({ min: 0, max: 3 }),
    shift: fc.constantFrom(...SHIFTS),
    bits: fc.integer({ min: 0, max: 7 }),
  });

  it('is a map from base pages to leaves, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const t = new Setup(65536, 2 * MIB);
        const live = t.heap.liveCount;
        const model = new Map<number, bigint>();
        const forget = (start: number, end: number): void => {
          for (const gpa of [...model.keys()]) {
            const [at, shift] = [gpa, Number(model.get(gpa)! >> 56n) & 0x3f];
            if (at < end && at + 2 ** shift > start) model.delete(gpa);
          }
        };
        const tagged = (pte: bigint, shift: number): bigint =>
          (pte & ~(0x3fn << 56n)) | (BigInt(shift) << 56n);
        for (const { op, page, large, shift, bits } of steps) {
          const gpa = large * GIB + page * 65536 * 8;
          const start = gpa - (gpa % 2 ** shift);
          if (op === 'create') {
            const host = Number(BigInt(start) & 0xffff0000n);
            const pte = leafOf(host, BigInt(0x100 | bits));
            const old = model.get(start);
            const same = old !== undefined && Number((old >> 56n) & 0x3fn) === shift;
            if (!same) forget(start, start + 2 ** shift);
            model.set(start, tagged(same ? old | pte : pte, shift));
            expect(t.create(gpa, shift, pte)).toBeGreaterThanOrEqual(0);
          } else if (op === 'drop') {
            const leaf = t.table.find(gpa);
            if (leaf) t.table.drop(gpa - (gpa % 2 ** leaf.shift), leaf);
            forget(gpa, gpa + 1);
          } else {
            t.table.each(start, start + 2 ** shift, (at, leaf) => t.table.drop(at, leaf));
            forget(start, start + 2 ** shift);
          }
        }
        const actual = t.leaves().map(([gpa, { pte, shift }]) => [gpa, tagged(pte, shift)]);
        const expected = [...model].sort(([a], [b]) => a - b);
        expect(actual).toEqual(expected);
        t.table.clear();
        expect(t.heap.liveCount).toBe(live);
      }),
      { numRuns: 300 },
    );
  });
});

describe('partitions', () => {
  const make = (): { partitions: Partitions; memory: RealMemory } => {
    const t = new Setup();
    return { partitions: new Partitions(t.memory, t.heap), memory: t.memory };
  };

  it('give out LPIDs 1 to 4095, the lowest first', () => {
    const { partitions } = make();
    expect([partitions.allocate(), partitions.allocate()]).toEqual([1, 2]);
    partitions.free(1);
    expect(partitions.allocate()).toBe(1);
    for (let lpid = 3; lpid < 4096; lpid++) expect(partitions.allocate()).toBe(lpid);
    expect(partitions.allocate()).toBe(NO_LPID);
    partitions.free(4095);
    expect([partitions.isUsed(4095), partitions.allocate()]).toEqual([false, 4095]);
    expect(() => partitions.free(0)).toThrow('not in use');
  });

  it('are a table in memory that PTCR points at', () => {
    const { partitions, memory } = make();
    partitions.set(5, 0x123n, 0x456n);
    expect(partitions.ptcr).toBe(BigInt(partitions.base) | 4n);
    expect(partitions.base % 65536).toBe(0);
    expect(memory.getDoubleword(partitions.base + 5 * 16 + 8)).toBe(0x456n);
    partitions.allocate();
  });
});
