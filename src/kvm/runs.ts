/**
 * Arrays of numbers as snapshots hold them: runs of values that are equal, or of which each is a fixed step above the
 * one before. Page entries of consecutive frames are one run.
 */
import type { StateReader } from '../core/saved-state';

/** `count` values from `first` on, each `step` above the one before. */
export type Run = readonly [first: number, count: number, step: number];

export function toRuns(values: Int32Array): Run[] {
  const runs: [number, number, number][] = [];
  for (const value of values) {
    const run = runs.at(-1);
    const step = run ? value - (run[0] + (run[1] - 1) * run[2]) : 0;
    if (run && (run[1] === 1 ? step === 0 || step === 1 : step === run[2])) {
      run[1]++;
      run[2] = step;
    } else runs.push([value, 1, 0]);
  }
  return runs;
}

const isInt32 = (value: number): boolean => value === (value | 0);

/**
 * Exactly `length` 32-bit values.
 * @throws UserError where the runs have more or fewer, or a value has more bits
 */
export function readRuns(reader: StateReader, key: string, length: number): Int32Array {
  const values = new Int32Array(length);
  let at = 0;
  for (const [first, count, step] of reader.tuples(key, 3, length) as Run[]) {
    const fits = count > 0 && count <= length - at && isInt32(first) && isInt32(first + (count - 1) * step);
    if (!fits) reader.fail(key, `runs of ${length} values of 32 bits`);
    for (let i = 0; i < count; i++) values[at++] = first + i * step;
  }
  if (at !== length) reader.fail(key, `runs of ${length} values of 32 bits`);
  return values;
}
