/** A guest of the built-in hypervisor that is saved anywhere goes on elsewhere as if nothing had happened. */
import { Random, SEED } from '../support/random';
import { resumeEverywhere } from '../support/resume';

/** Slices of at most `most` instructions, of no rhythm. */
function slices(most: number): (point: number) => number {
  const random = new Random(SEED);
  return () => 1 + random.below(most);
}

describe(`saved at random points (seed ${SEED}), resumed in another machine, run to the end`, () => {
  test('pseries-hello.s, which waits in H_CEDE', () => {
    const covered = resumeEverywhere('pseries-hello.s', { every: slices(200) });
    expect(covered.points).toBeGreaterThan(12);
    expect(covered.ceded).toBeGreaterThan(2);
  });

  test('two CPUs, one of which is not started', () => {
    const covered = resumeEverywhere('pseries-hello.s', { every: slices(500), cpus: 2 });
    expect(covered.stopped).toBeGreaterThan(3);
  });

  test('nested.s, inside of both nested guests and between', () => {
    const covered = resumeEverywhere('nested.s', { every: slices(180) });
    expect(covered.points).toBeGreaterThan(20);
    expect(covered.nested).toBeGreaterThan(8);
    expect(covered.nested).toBeLessThan(covered.points - 4);
  });

  test('the same with lookaside buffers, whose stale entries live on', () => {
    resumeEverywhere('nested.s', { every: slices(700), tlb: 'architected' });
  });

  test('pseries-hpt.s, with a hashed page table', () => {
    const covered = resumeEverywhere('pseries-hpt.s', { every: slices(1500), append: 'disable_radix' });
    expect(covered.points).toBeGreaterThan(5);
  });
});
