/**
 * Walks of the woven model against its slow twin, on programs that measure what the model costs: they miss the first
 * level again and again, so that generated code does what TypeScript does in the twin.
 */
import { COST_WORKLOADS, costMachine } from '../../src/cli/bench/timing-cost';
import { createReferenceTiming, createTiming, MICROWATT_PROFILE } from '../../src/timing';
import { countCell } from '../../src/timing/state';
import { Random, SEED } from '../support/random';
import { summary, type Twin } from './support';

/** What is looked at, in instructions, and how many walks there have to be generated code's. */
const WINDOW = 40_000;
const WOVEN_WALKS = 500;

/** Part of a workload's name, and instructions until its tables are made and walked. */
const ROWS = [
  ['of 256 MiB in 64K pages', 500_000],
  ['of 256 MiB in 2M pages', 500_000],
  ['hashed table', 500_000],
  ['two stages, 4K pages', 500_000],
  ['nested guest', 500_000],
  ['ring of 512 pages', 500_000],
] as const;

/** What walks have cost by page: long, and compared as a text. */
const pagesOf = ({ machine, timing }: Twin): string => {
  const pages = timing.pipeline(machine.cpus[0]!).translation.pages.values();
  return pages.map(({ page, walks, ticks }) => `${page}: ${walks}, ${ticks}`).join('\n');
};

test.each(ROWS)('%s: woven and reference models walk alike', (name, warm) => {
  const workload = COST_WORKLOADS.find((one) => one.name.includes(name))!;
  const [reference, woven] = [createReferenceTiming, createTiming].map((create): Twin => {
    const timing = create(MICROWATT_PROFILE);
    return { timing, machine: costMachine(workload, timing) };
  }) as [Twin, Twin];
  const { cells, translation } = woven.timing.pipeline(woven.machine.cpus[0]!);
  for (const { machine } of [reference, woven]) machine.run(warm);
  const walks = (): number => cells.get(countCell('walks'));
  const before = walks();
  const slow = jest.spyOn(translation, 'cost');
  const random = new Random(SEED);
  for (let left = WINDOW; left > 0;) {
    const budget = 1 + random.below(5000);
    const [expected, got] = [reference, woven].map((each) => ({
      end: each.machine.run(budget).end,
      ...summary(each),
    }));
    expect(got).toEqual(expected);
    left -= budget;
  }
  expect(pagesOf(woven)).toBe(pagesOf(reference));
  expect(walks() - before - slow.mock.calls.length).toBeGreaterThan(WOVEN_WALKS);
});
