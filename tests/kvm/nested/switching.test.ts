/**
 * The guest of `book3s bench nested` does what its figures say, and switching between L1 and L2 costs no translation:
 * after the first entries nothing is invalidated and no access misses the translation caches, however often they switch.
 */
import { benchProgram, HYPERVISOR_GUEST } from '../../../src/cli/bench/guest-timing';
import type { NestedGuests } from '../../../src/kvm/nested/part';
import { readImage } from '../../../src/loader';
import { Machine } from '../../../src/machine/machine';

const PAGES = 512;
const ROUNDS = 3;

/** Runs until the console says so. */
class BenchGuest {
  console = '';
  readonly machine = new Machine({
    description: HYPERVISOR_GUEST.description,
    memory: HYPERVISOR_GUEST.memory,
    output: (byte) => (this.console += String.fromCharCode(byte)),
  });

  constructor(symbols: Readonly<Record<string, number>>) {
    const image = benchProgram('nested.s', { ...symbols, ROUNDS }, HYPERVISOR_GUEST);
    this.machine.load(readImage('nested.s', image, { entry: HYPERVISOR_GUEST.entry }));
  }

  until(console: string): this {
    for (let slice = 0; slice < 20_000 && !this.console.includes(console); slice++) this.machine.run(500);
    return this;
  }

  get counters() {
    const { tlb, nested } = this.machine.l0!;
    const { storageMisses, fetchMisses } = this.machine.execution.counters;
    return {
      tlb: { ...tlb.counters },
      storageMisses,
      fetchMisses,
      ...(nested as NestedGuests).nested.counters,
    };
  }
}

test('entries: one for each that a round counts, and the guest faults for its code alone', () => {
  const guest = new BenchGuest({ WORKLOAD: 0, COUNT: 100 }).until('E');
  expect(guest.console).toBe('B...E');
  expect(guest.counters).toMatchObject({ entries: 100 * ROUNDS, faults: 1 });
});

test('faults: one for each load that a round counts, and one for the code after each invalidation', () => {
  const guest = new BenchGuest({ WORKLOAD: 1, COUNT: 2 * PAGES }).until('E');
  expect(guest.console).toBe('B...E');
  expect(guest.counters).toMatchObject({ entries: 2 * ROUNDS, faults: 2 * ROUNDS * (PAGES + 1) });
});

test('switching between L1 and L2 invalidates nothing and misses nothing', () => {
  const guest = new BenchGuest({ WORKLOAD: 0, COUNT: 500 }).until('B.');
  const before = guest.counters;
  const after = guest.until('B..').counters;
  expect(after.entries - before.entries).toBeGreaterThan(400);
  expect(after).toEqual({ ...before, entries: after.entries });
});
