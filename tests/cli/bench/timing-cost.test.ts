/** The guests of the cost rows do what their names say, under the model. Nothing is timed here. */
import { COST_WORKLOADS, costMachine, type CostWorkload } from '../../../src/cli/bench/timing-cost';
import { createTiming, MICROWATT_PROFILE } from '../../../src/timing';
import { countCell, type Count } from '../../../src/timing/state';

const workload = (name: RegExp): CostWorkload => COST_WORKLOADS.find((each) => name.test(each.name))!;

/** How often things happen in an instruction, after the tables have been built. */
function rates(which: CostWorkload, build: number): (count: Count) => number {
  const timing = createTiming(MICROWATT_PROFILE);
  const machine = costMachine(which, timing);
  expect(machine.run(build).end.kind).toBe('budget');
  const { cells } = timing.pipeline(machine.cpus[0]!);
  const at = (count: Count): number => cells.get(countCell(count));
  const kinds = ['walks', 'instructionWalks', 'instructionMisses', 'walkReads', 'stores'] as const;
  const before = new Map(kinds.map((kind) => [kind as Count, at(kind)]));
  const count = 300_000;
  expect(machine.run(count).end.kind).toBe('budget');
  return (kind) => (at(kind) - before.get(kind)!) / count;
}

test('a guest of two stages: a walk for nearly each touch of eleven instructions, one read for most', () => {
  const rate = rates(workload(/two stages, 4K/), 1_000_000);
  expect(rate('walks') * 11).toBeGreaterThan(0.95);
  expect(rate('walks') * 11).toBeLessThan(1.05);
  expect(rate('walkReads')).toBeLessThan(2 * rate('walks'));
});

test('a nested guest walks', () => {
  const rate = rates(workload(/nested guest/), 3_000_000);
  // A touch is eleven instructions; the second level holds half of the 512 pages at best.
  expect(rate('walks') * 11).toBeGreaterThan(0.4);
  expect(rate('stores') * 11).toBeCloseTo(1, 1);
});

test('a ring of pages of code: a walk and a miss of the instruction cache in each', () => {
  const rate = rates(workload(/ring/), 1_000_000);
  expect(rate('instructionWalks') * 16).toBeCloseTo(1, 2);
  expect(rate('instructionMisses') * 16).toBeCloseTo(1, 2);
});
