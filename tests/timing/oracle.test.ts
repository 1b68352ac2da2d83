/** The cycles of Microwatt's RTL: the bars that the model has to keep, on a sample of the programs. */
import path from 'node:path';
import { errorOf, isClose, timeMicrobenchmarks, timePrograms } from '../../src/cli/bench/timing';
import { describeWith, oracle } from '../support/oracle';

/** One program in so many: all of them are `book3s bench timing`. */
const EVERY = 25;

describeWith(oracle('microwatt', 'cycles-1-500.csv'), "Microwatt's cycles", (file) => {
  const folder = path.dirname(file);

  test('numbered programs: median error at most 3 %, 95th percentile 8 %, all together 2 %', () => {
    const programs = timePrograms(folder, EVERY);
    expect(programs).toHaveLength(500 / EVERY);
    const errors = programs.map((p) => Math.abs(errorOf(p))).sort((a, b) => a - b);
    expect(errors[errors.length >> 1]).toBeLessThan(0.03);
    expect(errors[Math.floor(errors.length * 0.95)]).toBeLessThan(0.08);
    const sum = (of: (p: (typeof programs)[number]) => number): number =>
      programs.reduce((total, p) => total + of(p), 0);
    expect(Math.abs(sum((p) => p.cycles) / sum((p) => p.expected) - 1)).toBeLessThan(0.02);
  });

  test('so are their first passes, with nothing in any cache', () => {
    const rows = timeMicrobenchmarks(folder, 'cold');
    const far = rows.filter((p) => !isClose(p)).map(({ name }) => name);
    expect([far, far.length <= rows.length / 10]).toEqual([far, true]);
  });

  test('nine microbenchmarks of ten are within 10 % or a cycle a unit', () => {
    const rows = timeMicrobenchmarks(folder);
    expect(rows).toHaveLength(144);
    const far = rows.filter((p) => !isClose(p)).map(({ name }) => name);
    expect([far, far.length <= rows.length / 10]).toEqual([far, true]);
  });
});
