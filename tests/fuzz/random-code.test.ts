/**
 * Random code from random state on every CPU model: the emulator never throws, never hangs, never exceeds a budget, and
 * never touches memory that is not the guest's.
 */
import { MSR } from '../../isa/registers/msr';
import type { ModelName } from '../../src/cpu/models';
import { Machine } from '../../src/machine/machine';
import { DESCRIPTIONS } from '../support/program';
import type { CpuState } from '../../src/state/cpu-state';
import {
  CodePool,
  instructionsOf,
  Invariants,
  placeHandlers,
  radixTables,
  randomMsr,
  randomRegisters,
} from './support';
import { Random, SEED } from '../support/random';

const RAM = 512 * 1024;
/** Instructions of one round, and in one call of `run`. */
const ROUND = 4000;
const MOST_BUDGET = 2000;
/** Together 10^6 instructions and more. */
const INSTRUCTIONS = Number(process.env['BOOK3S_FUZZ'] ?? 260_000);

const MACHINES: [ModelName, keyof typeof DESCRIPTIONS, 'coherent' | 'architected'][] = [
  ['power8', 'powernv', 'coherent'],
  ['power9', 'powernv', 'coherent'],
  ['power10', 'powernv', 'architected'],
  ['microwatt', 'microwatt', 'coherent'],
];

/** One stretch of random code from random state. */
function round(machine: Machine, random: Random, pools: readonly CodePool[]): void {
  const { bytes } = machine.memory;
  const littleEndian = random.oneIn(2);
  random.pick(pools).fill(random, bytes, littleEndian);
  if (!random.oneIn(5)) placeHandlers(bytes, littleEndian);
  for (const cpu of machine.cpus) randomRegisters(random, cpu, RAM);
  if (random.oneIn(2)) radixTables(random, machine);
  if (!random.oneIn(5)) for (const { state } of machine.cpus) quiet(state);
  for (const cpu of machine.cpus)
    cpu.msr = (randomMsr(random) & ~MSR.LE.mask) | (littleEndian ? MSR.LE.mask : 0n);
  machine.execution.resume();
  machine.execution.memoryReplaced();
  for (let left = ROUND; left > 0;) {
    const budget = 1 + random.below(MOST_BUDGET);
    const before = machine.instructions;
    const { end, used } = machine.run(budget);
    if (used > budget) throw new Error(`${used} used of a budget of ${budget}`);
    const cracked = machine.model.cracksLoadUpdates ? 2n : 1n;
    if (machine.instructions - before > BigInt(budget) * cracked)
      throw new Error('more retired than the budget');
    if (end.kind !== 'budget') break;
    left -= budget;
  }
}

/** Without what interrupts or displaces everything: big-endian-only handlers, offsets of real addresses. */
function quiet(state: CpuState): void {
  for (const name of ['HRMOR', 'RMOR', 'BESCR', 'HMEER', 'CIABR']) state.setNamed(name, 0n);
  state.setNamed('PENDING', 0n);
}

test.each(MACHINES)('%s on %s, %s', (model, name, tlb) => {
  const machine = new Machine({
    description: DESCRIPTIONS[name],
    model,
    tlb,
    memory: RAM,
    cpus: 2,
    recordSlots: 24,
    output: () => undefined,
  });
  const invariants = new Invariants(machine);
  const instructions = instructionsOf(machine.model);
  const pools = [2, 20, 1000].map((noise) => new CodePool(new Random(SEED), instructions, noise));
  let executed = 0n;
  let rounds = 0;
  while (executed < BigInt(INSTRUCTIONS)) {
    const seed = SEED + rounds++;
    try {
      round(machine, new Random(seed), pools);
      if (rounds % 8 === 0) invariants.check();
    } catch (error) {
      throw new Error(`seed ${seed} (BOOK3S_SEED): ${(error as Error).message}`, { cause: error });
    }
    executed += machine.instructions;
  }
});
