/**
 * A million random hypercalls: L0 never throws, stays within its bounds, its own tables stay what they are, and the same
 * seed gives the same answers. `BOOK3S_FUZZ` is another number of calls.
 */
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { checkL0 } from '../../../src/kvm/guest/check';
import { KIB, MIB } from '../../../src/kvm/page';
import { checkNested } from '../../../src/kvm/nested/check';
import { SEED, seedOf } from '../../support/random';
import { Hostile, L1, SHADOW_LIMIT } from './hostile';

const CALLS = Number(process.env['BOOK3S_FUZZ'] ?? 1_000_000);
/** Hypercalls in one life of a machine; the next one begins with fresh memory. */
const LIFE = 50_000;
const CHECK_EVERY = 5000;
/** L0's own pieces besides shadow memory: partition table, L1's tree, rmap array. */
const OWN_BYTES = MIB;
/** One path of tables and one node beyond the limit: it is looked at before they are made. */
const ONE_MORE = 128 * KIB;
/** Input that waits at the console, in bytes. */
const MOST_INPUT = 4096;

const hex = (number: number): string => `0x${number.toString(16)}`;

/** What must hold at any time. */
function check({ world }: Hostile): void {
  const { nested, l0 } = world;
  expect(checkNested(nested)).toEqual([]);
  expect(checkInvariants(world.vm)).toEqual([]);
  expect(checkL0(l0)).toEqual([]);
  expect(nested.shadowBytes + nested.rmap.bytes).toBeLessThan(SHADOW_LIMIT + ONE_MORE);
  expect(l0.heap.liveBytes).toBeLessThan(SHADOW_LIMIT + OWN_BYTES);
  // A record has a root directory of 64 KiB, so that the limit bounds their number.
  expect(nested.guests.size + nested.orphans.size).toBeLessThanOrEqual(SHADOW_LIMIT / (64 * KIB) + 1);
  expect(l0.frames.frameCount - l0.frames.freeFrames).toBeLessThanOrEqual(
    (L1 + SHADOW_LIMIT + OWN_BYTES) / (64 * KIB) + 64,
  );
  expect(l0.console.waiting).toBeLessThanOrEqual(MOST_INPUT);
}

/** @returns the machine at the end of its life */
function live(seed: number, calls: number): Hostile {
  const hostile = new Hostile(seed);
  let next = 0;
  try {
    while (hostile.calls < calls) {
      hostile.step();
      if (hostile.calls < next) continue;
      next += CHECK_EVERY;
      check(hostile);
    }
  } catch (error) {
    throw new Error(`seed ${seed}, hypercall ${hostile.calls}: ${String(error)}`, { cause: error });
  }
  return hostile;
}

test(`${CALLS} random hypercalls, seed ${SEED}: no exception, bounded memory, L0's tables intact`, () => {
  const successes = new Map<number, number>();
  let answered: readonly number[] = [];
  let entries = 0;
  let faults = 0;
  for (let done = 0; done < CALLS; done += LIFE) {
    const hostile = live(seedOf(done), Math.min(LIFE, CALLS - done));
    for (const [number, count] of hostile.successes)
      successes.set(number, (successes.get(number) ?? 0) + count);
    ({ answered } = hostile);
    entries += hostile.world.nested.counters.entries;
    faults += hostile.world.nested.counters.faults;
  }
  // The calls get further than their first check: nothing is refused always but H_SET_DABR, which nobody has.
  expect(answered.filter((number) => !successes.has(number)).map(hex)).toEqual(['0x28']);
  expect([entries > CALLS / 200, faults > CALLS / 50]).toEqual([true, true]);
}, 600_000);

test('the same seed gives the same answers, another one others', () => {
  const [one, again, other] = [1, 1, 2].map((n) => live(seedOf(n), 10_000));
  expect(again!.digest).toBe(one!.digest);
  expect(Buffer.compare(again!.world.memory.bytes, one!.world.memory.bytes)).toBe(0);
  expect(other!.digest).not.toBe(one!.digest);
});
