/** The memslot benchmark: its workloads do what they say; times are never compared here. */
import { benchMemslots, renderMemslotBench, WORKLOADS } from '../../src/cli/bench/memslots';
import { iterate, maxSlots, SlotWorld, type WorkloadName } from '../../src/cli/bench/memslots-workload';
import { drawScaling } from '../figures/memslots-scaling';

const run = (part: () => void): void => part();

/** Notifier starts of one iteration. */
function startsOf(workload: WorkloadName, slots: number): number {
  const world = new SlotWorld(workload, slots, 'tree');
  world.registerAll();
  const { notifier } = world.vm;
  const start = jest.spyOn(notifier, 'invalidateRangeStart');
  iterate(workload, world, run);
  return start.mock.calls.length;
}

test.each([
  ['Unmap', 10, 32768],
  ['Unmap 2M', 509, 571],
  ['Unmap 2M', 32764, 32762],
] as const)('%s with %d slots makes %d calls', (workload, slots, calls) => {
  expect(startsOf(workload, slots)).toBe(calls);
});

test.each([
  [10, 14563, 14569],
  [509, 258, 267],
  [32764, 4, 25],
])('%d slots cut the full area into slots of %d pages, the last of %d', (slots, pages, last) => {
  const world = new SlotWorld('Slot setup', slots, 'tree');
  world.registerAll();
  const set = world.vm.sets.active(0);
  expect([set.byId(1)?.npages, set.byId(slots - 1)?.npages, set.size]).toEqual([pages, last, slots]);
});

test('an iteration of each workload leaves the same mappings with trees and array, and no broken slot', () => {
  for (const workload of WORKLOADS.filter((name) => name !== 'Slot setup')) {
    const left = (['tree', 'array'] as const).map((sets) => {
      const world = new SlotWorld(workload, 10, sets);
      world.registerAll();
      iterate(workload, world, run);
      expect(world.vm.warnings).toEqual([]);
      return [world.arch.maps[0]!.size, world.vm.sets.active(0).generation];
    });
    expect(left[1]).toEqual(left[0]);
  }
});

test('Map has at most one slot a page', () => {
  expect(maxSlots('Map')).toBe(8194);
  expect(() => new SlotWorld('Map', 8195, 'tree')).toThrow('at most 8194 slots');
});

test('by count of what is visited, trees unmap 509 slots with a tenth of the work of the array', () => {
  const visits = (['tree', 'array'] as const).map((sets) => {
    const world = new SlotWorld('Unmap 2M', 509, sets);
    world.registerAll();
    const before = world.vm.sets.active(0).visits;
    iterate('Unmap 2M', world, run);
    return world.vm.sets.active(0).visits - before;
  });
  expect(visits[0]).toBeLessThan(visits[1]! / 10);
});

test('a report has a row and a figure for every workload and count, text for people, and becomes a drawing', () => {
  const progress: string[] = [];
  const onProgress = (what: string) => progress.push(what);
  const report = benchMemslots({ slotCounts: [10, 50], secondsPerRow: 0.001, onProgress });
  expect(report.rows.map((row) => [row.workload, row.slots])).toEqual(
    [10, 50].flatMap((slots) => WORKLOADS.map((workload) => [workload, slots])),
  );
  expect(report.rows.find((row) => row.slots === 50 && row.workload === 'Unmap')?.published).toBe(8);
  for (const { value, peer, ratio } of report.figures) expect(ratio).toBeCloseTo(value / peer!);
  expect(report.figures.map((figure) => figure.name)).toContain('memslots.slot-setup.50');
  expect(progress).toHaveLength(14);
  const text = renderMemslotBench(report);
  expect(text).toMatch(/^10 slots in use\n +Test +Array +Tree +Improvement +Published\n +Map /);
  expect(text).toMatch(/memslots\.bytes-per-slot\.50 +\d+\.\d B/);
  const svg = drawScaling(report.figures);
  expect(svg).toMatch(/^<svg/);
  expect(svg).toContain('Move inactive');
});
