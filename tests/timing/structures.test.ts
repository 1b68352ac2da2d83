/** Caches, the branch target cache and translation by themselves. */
import { MICROWATT_PROFILE } from '../../src/timing';
import { MemoryPort } from '../../src/timing/memory-port';
import type { TimingProfile, TranslationTiming } from '../../src/timing/profile';
import { CELL, Cells, countCell, TICKS, ticksOf } from '../../src/timing/state';
import { BranchTargets, Structures, tlbSet } from '../../src/timing/structures';
import { FirstWayTable, Table } from '../../src/timing/tables';
import { TableReads, tableLevel } from '../../src/mmu/table-reads';
import { TranslationModel } from '../../src/timing/translation';
import { TreeTable } from '../../src/timing/tree-tables';

const PDE = tableLevel({ scope: 'process', what: 'PDE', purpose: 'access', level: 0 });
const PTE = tableLevel({ scope: 'process', what: 'PTE', purpose: 'access', level: 1 });

/** What a walk reads: numbers of levels with addresses. */
function reads(...entries: readonly (readonly [number, number])[]): TableReads {
  const made = new TableReads();
  for (const [level, address] of entries) made.add(level, address);
  return made;
}

test('ways without an entry are filled in order, then the tree of bits points away from the last uses', () => {
  const t = new TreeTable(1, 4);
  const ways = (...tags: number[]): number[] => tags.map((tag) => t.find(0, 0, tag));
  for (const tag of [10, 20, 30, 40]) t.insert(0, 0, tag);
  expect(ways(10, 20, 30, 40)).toEqual([0, 1, 2, 3]);
  // The last use was of way 3: the other half, and there not way 1, which was used after way 0.
  t.insert(0, 0, 50);
  expect(ways(10, 20, 30, 40)).toEqual([-1, 1, 2, 3]);
  // Way 3 again: way 0 or 1, and 1 was used last. Least recently used would be way 0 too, but after 2 it is 1.
  expect(ways(50, 30)).toEqual([0, 2]);
  t.insert(0, 0, 60);
  expect(ways(20, 50)).toEqual([-1, 0]);
  t.drop(0, 0, 40);
  t.insert(0, 0, 70);
  expect(ways(40, 70)).toEqual([-1, 3]);
  t.dropWhere((_hi, lo) => lo === 50);
  expect(ways(50, 60)).toEqual([-1, 1]);
  t.clear();
  expect(ways(30, 60, 70)).toEqual([-1, -1, -1]);
});

const table = (ways: number): Table => new Table(new Int32Array(64), 0, 2, ways);

test('the least recently used entry of a set leaves', () => {
  const t = table(2);
  t.insert(1, 0, 10);
  t.insert(1, 0, 20);
  expect(t.lookup(1, 0, 10)).toBe(true);
  t.insert(1, 0, 30);
  expect([10, 20, 30].map((tag) => t.lookup(1, 0, tag))).toEqual([true, false, true]);
  expect(t.lookup(0, 0, 10)).toBe(false);
  expect(t.lookup(1, 1, 10)).toBe(false);
});

test('where a miss counts as a use of the first way, the other way changes until it is hit', () => {
  const t = new FirstWayTable(new Int32Array(64), 0, 2, 2);
  const miss = (line: number): void => {
    expect(t.lookup(1, 0, line)).toBe(false);
    t.insert(1, 0, line);
  };
  const holds = (...lines: number[]): boolean[] => lines.map((line) => [...words(t, 1)].includes(line));
  miss(10);
  miss(20);
  expect(holds(10, 20)).toEqual([true, true]);
  // 20 was never hit, and the miss of 10 protects 10.
  miss(30);
  expect(holds(10, 20, 30)).toEqual([true, false, true]);
  miss(40);
  expect(holds(10, 30, 40)).toEqual([true, false, true]);
  // A hit in the other way: then the first one is filled, once.
  expect(t.lookup(1, 0, 40)).toBe(true);
  miss(50);
  expect(holds(10, 40, 50)).toEqual([false, true, true]);
  miss(60);
  expect(holds(40, 50, 60)).toEqual([false, true, true]);
});

test('two lines that take turns stay, three do not', () => {
  const misses = (lines: number[]): number => {
    const t = new FirstWayTable(new Int32Array(64), 0, 2, 2);
    let count = 0;
    for (let i = 0; i < 60; i++) {
      const line = lines[i % lines.length]!;
      if (t.lookup(0, 0, line)) continue;
      count++;
      t.insert(0, 0, line);
    }
    return count;
  };
  expect(misses([1, 2])).toBe(2);
  // The first stays, the others take turns.
  expect(misses([1, 2, 3])).toBe(1 + 40);
});

/** The lines that a set holds. */
const words = (t: FirstWayTable, set: number): number[] =>
  [...(t as unknown as { words: Int32Array }).words.slice(4 * set, 4 * set + 4)].filter(
    (_, i) => i % 2 === 0,
  );

test('tags, sets and everything can be dropped', () => {
  const t = table(2);
  t.insert(0, 0, 1);
  t.insert(0, 0, 2);
  t.insert(1, 0, 3);
  t.drop(0, 0, 1);
  expect([1, 2].map((tag) => t.lookup(0, 0, tag))).toEqual([false, true]);
  t.dropSet(0);
  expect([t.lookup(0, 0, 2), t.lookup(1, 0, 3)]).toEqual([false, true]);
  t.clear();
  expect(t.lookup(1, 0, 3)).toBe(false);
});

test('a branch is known by its whole address, with the last direction', () => {
  const targets = new BranchTargets(new Int32Array(128), 0, 64);
  targets.record(1, 0x1000, { taken: true });
  expect(targets.predict(1, 0x1000)).toBe('taken');
  expect(targets.predict(0, 0x1000)).toBe('unknown');
  targets.record(1, 0x1000, { taken: false });
  expect(targets.predict(1, 0x1000)).toBe('notTaken');
  // The same entry: 64 branches away.
  targets.record(1, 0x1100, { taken: true });
  expect(targets.predict(1, 0x1000)).toBe('unknown');
});

test('sets of pages: low bits, three fields, or with the PID', () => {
  const page = 0b000011_000101_000110;
  expect(tlbSet({ sets: 64, ways: 1, index: 'page' }, page, 9)).toBe(0b000110);
  expect(tlbSet({ sets: 64, ways: 1, index: 'folded' }, page, 9)).toBe(0b000110 ^ 0b000101 ^ 0b000011);
  expect(tlbSet({ sets: 64, ways: 1, index: 'hashed' }, page, 9)).toBe((page ^ (page >>> 6) ^ 9) & 63);
});

const partsOf = (profile: TimingProfile, cells: Cells) => ({
  cells,
  structures: new Structures(profile),
  port: new MemoryPort(profile, cells),
});

describe('translation', () => {
  // Without the steps of a walk: so much for each read.
  const { instruction, data } = MICROWATT_PROFILE.translation;
  const t: TranslationTiming = {
    instruction,
    data,
    second: { sets: 64, ways: 4, index: 'hashed', hit: 9 },
    walkCache: { sets: 64, ways: 4 },
    read: 5,
    readMiss: 3,
  };
  const profile = { ...MICROWATT_PROFILE, translation: t };
  /** A walk of two levels whose tables are at 0x1000 and 0x2040, in different sets of the data cache. */
  const model = () => {
    const cells = Cells.detached();
    cells.reset(0);
    let context = 1;
    const leafOf = (lo: number) => [PTE, 0x2040 + 8 * ((lo >>> 12) & 511)] as const;
    const source = {
      context: () => context,
      walk: (_use: string, _hi: number, lo: number) => reads([PDE, 0x1000], leafOf(lo)),
      leaf: (_use: string, _hi: number, lo: number) => reads(leafOf(lo)),
    };
    const made = new TranslationModel(profile, partsOf(profile, cells), source);
    return { made, cells, switchTo: (pid: number) => (context = pid) };
  };
  const cost = (cycles: number): number => ticksOf(cycles);
  const second = cost(t.second.hit);
  const hit = cost(t.read);
  const miss = cost(t.read) + cost(t.readMiss);

  test('a walk reads all its tables, once', () => {
    const { made } = model();
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second + 2 * miss);
    expect(made.cost('data', 0, 0x5000, 0)).toBe(0);
  });

  test('its neighbour needs only the leaf, which is in the data cache by now', () => {
    const { made, cells } = model();
    made.cost('data', 0, 0x5000, 0);
    expect(made.cost('data', 0, 0x6000, 0)).toBe(second + hit);
    expect(
      ['dataTlbMisses', 'walks', 'walkReads', 'walkReadMisses'].map((n) => cells.get(countCell(n as never))),
    ).toEqual([2, 2, 3, 2]);
  });

  test('instructions and data have a first level each, and one second level', () => {
    const { made, cells } = model();
    made.cost('data', 0, 0x5000, 0);
    expect(made.cost('fetch', 0, 0x5000, 0)).toBe(second);
    expect(cells.get(countCell('secondHits'))).toBe(1);
  });

  test('where tables are known only the leaf is asked for', () => {
    const cells = Cells.detached();
    cells.reset(0);
    const asked: [string, number][] = [];
    const ask =
      (what: string) =>
      (_use: string, _hi: number, lo: number): TableReads => {
        asked.push([what, lo]);
        return reads([PTE, 0x4000 + 8 * ((lo >>> 12) & 511)]);
      };
    const source = { context: () => 1, walk: ask('walk'), leaf: ask('leaf') };
    const made = new TranslationModel(profile, partsOf(profile, cells), source);
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second + miss);
    // The same line of leaves, then the next line.
    expect(made.cost('data', 0, 0x7000, 0)).toBe(second + hit);
    expect(made.cost('data', 0, 0x8000, 0)).toBe(second + miss);
    // Another table.
    expect(made.cost('data', 0, 0x200000, 0)).toBe(second + hit);
    made.drop();
    made.cost('data', 0, 0x7000, 0);
    made.dropWalks();
    made.cost('data', 0, 0x9000, 0);
    expect(asked).toEqual([
      ['walk', 0x5000],
      ['leaf', 0x7000],
      ['leaf', 0x8000],
      ['walk', 0x200000],
      ['leaf', 0x7000],
      ['walk', 0x9000],
    ]);
  });

  test('what is dropped costs again: the first level, a page, all, the cached tables', () => {
    const { made } = model();
    made.cost('data', 0, 0x5000, 0);
    made.dropFirst();
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second);
    made.drop({ hi: 0, lo: 5 });
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second + hit);
    made.drop();
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second + hit);
    made.drop();
    made.dropWalks();
    expect(made.cost('data', 0, 0x5000, 0)).toBe(second + 2 * hit);
  });

  test('another process has translations of its own', () => {
    const { made, switchTo } = model();
    made.cost('data', 0, 0x5000, 0);
    made.dropFirst();
    switchTo(2);
    expect(made.cost('data', 0, 0x5000, 0)).toBeGreaterThan(second);
  });

  test('pages and levels are charged with what they cost', () => {
    const { made } = model();
    made.cost('data', 0, 0x5000, 0);
    made.cost('data', 0, 0x6000, 0);
    expect([...made.pages.values()].map(({ page, walks, ticks }) => [page, walks, ticks])).toEqual([
      [5n, 1, second + 2 * miss],
      [6n, 1, second + hit],
    ]);
    expect([...made.byLevel]).toEqual([
      ['second level', 2 * second],
      ['PDE level 0', miss],
      ['PTE level 1', miss + hit],
    ]);
  });
});

test('cells hold integers beyond 32 bits', () => {
  const cells = Cells.detached();
  for (const value of [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 3 * TICKS.cycle * 2 ** 40 + 7]) {
    cells.set(CELL.done, value);
    expect(cells.get(CELL.done)).toBe(value);
  }
});
