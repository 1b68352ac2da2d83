/**
 * Random kernels that do little but switch MSR: however they are run, registers, memory and counts are the same.
 */
import { Random, seedOf } from '../support/random';
import { randomKernel } from '../support/random-kernel';
import { compareWays } from '../support/switching-kernel';

const ROUNDS = 10;

test('switches that generated code makes by itself are those that services make', () => {
  let known = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const seed = seedOf(round);
    known += compareWays(randomKernel(new Random(seed)), { seed });
  }
  expect(known).toBeGreaterThan(ROUNDS * 100);
});
