/**
 * Any sequence of hypercalls, accesses, events of the host, dirty logs, slot changes and resizes: every access ends as an
 * obvious model of the guest's table and a look at the host say, through lookaside buffers that only invalidations empty;
 * what hardware recorded is told to the guest exactly, and the dirty log misses no store.
 */
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { seedOf } from '../../support/random';
import { Life, OPERATIONS } from './life';

const STEPS = 12_000;
const CHECK_EVERY = 61;

test.each([
  ['base', 1],
  ['2M', 2],
  ['base', 3],
] as const)('host pages %s, run %d: every access is right after every step', (hostPages, run) => {
  const seed = seedOf(run);
  const life = new Life(seed, hostPages);
  for (let i = 0; i < STEPS; i++) {
    try {
      life.step();
      if (i % CHECK_EVERY !== 0) continue;
      life.world.check();
      expect(checkInvariants(life.world.l0.vm)).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}, step ${i}: ${String(error)}`, { cause: error });
    }
  }
  expect(Object.keys(life.counts).sort()).toEqual(Object.keys(OPERATIONS).sort());
  expect(life.world.l0.hpt.counters.faults).toBeGreaterThan(STEPS / 10);
  expect(life.world.l0.hpt.counters.resizes).toBeGreaterThan(10);
});
