/**
 * Any sequence of L1's table edits, accesses of nested guests, invalidations, events of the host and slot changes: after
 * every step every access gives what a walk of L1's table and a look at the host give. 50,000 steps on a model of the
 * hardware with architected lookaside buffers, which keep what nobody invalidates; as many on machines whose two CPUs
 * execute the accesses through their translation caches.
 */
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { checkL0 } from '../../../src/kvm/guest/check';
import { checkNested } from '../../../src/kvm/nested/check';
import { GIB, KIB, MIB } from '../../../src/kvm/page';
import { seedOf } from '../../support/random';
import { Life, OPERATIONS, type PlayedAccess, type Player } from './life';
import { MachinePlayer } from './machine-player';
import { World, type WorldOptions } from './support';

const STEPS = 50_000;
const MACHINE_STEPS = 50_000;
/** Milliseconds; a busy machine is slow. */
const TIMEOUT = 300_000;
const CHECK_EVERY = 97;
/** Faults that must have been served, so that a run says something. */
const FAULTS_A_STEP = 1 / 12;

/** A model of the hardware: each CPU has lookaside buffers of its own. */
class ModelPlayer implements Player {
  readonly world: World;
  readonly cpus = 2;

  constructor(
    readonly hostPages: Player['hostPages'],
    options: WorldOptions,
  ) {
    this.world = new World({ hostPages, cpus: 2, record: false, rmapListLimit: 2, ...options });
  }

  access({ lpid, nGpa, kind, cpu }: PlayedAccess): number | string {
    const outcome = this.world.access(nGpa, kind, lpid, cpu);
    return 'host' in outcome ? outcome.host : outcome.result.kind;
  }
}

const SMALL: WorldOptions = { memory: 96 * MIB, l1: 24 * MIB };
const CONFIGURATIONS = [
  { name: '64K pages', share: 0.3, runs: 3, make: () => new ModelPlayer('base', SMALL) },
  { name: '64K and 2M pages', share: 0.3, runs: 3, make: () => new ModelPlayer('2M', SMALL) },
  { name: '4K pages', share: 0.15, runs: 2, make: () => new ModelPlayer('base', { ...SMALL, pageSize: 4 * KIB }) },
  { name: '4K and 2M pages', share: 0.15, runs: 2, make: () => new ModelPlayer('2M', { ...SMALL, pageSize: 4 * KIB }) },
  {
    name: '64K and 1G pages',
    share: 0.1,
    runs: 5,
    make: () => new ModelPlayer('1G', { memory: 2 * GIB + 64 * MIB, l1: GIB }),
  },
] as const; // prettier-ignore

function checkAll({ world }: Life): void {
  const problems = [
    ...checkNested(world.nested, { withStale: true }).map(({ message }) => message),
    ...checkInvariants(world.vm),
    ...checkL0(world.l0),
  ];
  if (problems.length > 0) throw new Error(problems.slice(0, 3).join('; '));
}

function play(player: Player, seed: number, steps: number): Life {
  const life = new Life(player, seed);
  for (let i = 0; i < steps; i++) {
    try {
      life.step();
      if (i % CHECK_EVERY !== 0) continue;
      life.sweep();
      checkAll(life);
    } catch (error) {
      throw new Error(`seed ${seed}, step ${i}: ${String(error)}`, { cause: error });
    }
  }
  return life;
}

test('the steps of all configurations are as many as they are to be', () => {
  expect(CONFIGURATIONS.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1);
});

test.each(CONFIGURATIONS)(
  '$name of the host: every access is right after every step',
  ({ share, runs, make }) => {
    const counts: Record<string, number> = {};
    const steps = (STEPS * share) / runs;
    for (let run = 1; run <= runs; run++) {
      const life = play(make(), seedOf(run), steps);
      for (const [name, count] of Object.entries(life.counts)) counts[name] = (counts[name] ?? 0) + count;
      expect(life.world.nested.counters.faults).toBeGreaterThan(steps * FAULTS_A_STEP);
    }
    // The sequence reaches what it is for.
    expect(Object.keys(counts).sort()).toEqual(Object.keys(OPERATIONS).sort());
  },
);

test(
  'two vCPUs of a machine in their nested guests: every access they execute is right after every step',
  () => {
    const counts: Record<string, number> = {};
    const runs = 4;
    for (let run = 1; run <= runs; run++) {
      const player = new MachinePlayer();
      const life = play(player, seedOf(run), MACHINE_STEPS / runs);
      for (const [name, count] of Object.entries(life.counts)) counts[name] = (counts[name] ?? 0) + count;
      // Many accesses are made by vCPUs that are inside already, and while the other one is too.
      expect(player.stayed).toBeGreaterThan(player.world.nested.counters.entries / 4);
      expect(player.together).toBeGreaterThan(player.stayed / 4);
    }
    expect(Object.keys(counts).sort()).toEqual(Object.keys(OPERATIONS).sort());
  },
  TIMEOUT,
);

test('at the end of the VM every node, table, LPID and reference is given back', () => {
  const steps = 3000;
  const { world } = play(new ModelPlayer('base', SMALL), seedOf(0), steps);
  expect(world.nested.counters.faults).toBeGreaterThan(steps * FAULTS_A_STEP);
  world.vm.destroy();
  expect([world.nested.rmap.nodes, world.nested.shadowBytes, world.nested.guests.size]).toEqual([0, 0, 0]);
});
