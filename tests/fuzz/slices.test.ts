/**
 * The same random program in one go, one instruction at a time, under an observer, with few decoded pages, and with the
 * architected TLB: registers, memory, counts and the end are the same to the bit.
 */
import { MSR } from '../../isa/registers/msr';
import type { ModelName } from '../../src/cpu/models';
import { settleCounters } from '../../src/cpu/performance-monitor';
import { Machine, type MachineEnd } from '../../src/machine/machine';
import { CpuState } from '../../src/state/cpu-state';
import { SLOTS } from '../../src/state/layout';
import { DESCRIPTIONS } from '../support/program';
import { CodePool, instructionsOf, placeHandlers, radixTables, randomMsr, randomRegisters } from './support';
import { Random, SEED } from '../support/random';

const RAM = 512 * 1024;
const BUDGET = 700;
const ROUNDS = Number(process.env['BOOK3S_ROUNDS'] ?? 60);

type Way = 'whole' | 'single' | 'slices' | 'observed' | 'architected';
const WAYS: readonly Way[] = ['whole', 'single', 'slices', 'observed', 'architected'];

interface Final {
  readonly end: MachineEnd['kind'];
  readonly used: number;
  readonly registers: readonly string[];
  readonly memory: Buffer;
}

function machineFor(model: ModelName, name: keyof typeof DESCRIPTIONS, way: Way): Machine {
  return new Machine({
    description: DESCRIPTIONS[name],
    model,
    memory: RAM,
    tlb: way === 'architected' ? 'architected' : 'coherent',
    recordSlots: way === 'slices' ? 2 : 64,
    output: () => undefined,
  });
}

function execute(machine: Machine, way: Way): { end: MachineEnd['kind']; used: number } {
  const step = { whole: BUDGET, single: 1, slices: 37, observed: BUDGET, architected: BUDGET }[way];
  let used = 0;
  while (used < BUDGET) {
    const run = machine.run(Math.min(step, BUDGET - used));
    used += run.used;
    if (run.end.kind !== 'budget') return { end: run.end.kind, used };
  }
  return { end: 'budget', used };
}

/** Every architected slot as `name=value`, so that a difference names the register. */
const registersOf = (state: CpuState): string[] =>
  SLOTS.filter(({ architected }) => architected).flatMap((s) =>
    [...Array(s.count).keys()].map((i) => `${s.name}[${i}]=0x${state.read(s, i).toString(16)}`),
  );

interface Setting {
  readonly littleEndian: boolean;
  readonly radix: boolean;
  /** Problem state with stores that cannot reach the tables: what the architected TLB may be compared on. */
  readonly user: boolean;
}

function prepare(machine: Machine, random: Random, pool: CodePool, setting: Setting): void {
  const { bytes } = machine.memory;
  bytes.fill(0);
  pool.fill(random, bytes.subarray(0, 0x60000), setting.littleEndian);
  placeHandlers(bytes, setting.littleEndian);
  const [cpu] = machine.cpus;
  randomRegisters(random, cpu!, RAM);
  const { state } = cpu!;
  for (const register of ['HRMOR', 'RMOR', 'BESCR', 'HMEER', 'PENDING', 'LPCR', 'AMR', 'IAMR', 'PCR'])
    state.setNamed(register, 0n);
  if (setting.radix) radixTables(random, machine, { hidden: setting.user });
  const fixed = MSR.SF.mask | MSR.HV.mask | MSR.ME.mask;
  const relocation = setting.radix ? MSR.IR.mask | MSR.DR.mask : 0n;
  const chosen = setting.user ? fixed | MSR.PR.mask | relocation : randomMsr(random) | relocation;
  cpu!.msr = (chosen & ~MSR.LE.mask) | (setting.littleEndian ? MSR.LE.mask : 0n);
  cpu!.nia = BigInt(0x8000 + 4 * random.below(0x4000));
  machine.execution.resume();
  // Lookaside buffers outlive a change of memory: without this they would translate by the tables of the round before.
  cpu!.translator.caches?.clear();
  machine.execution.memoryReplaced();
  machine.execution.randomState = '0x1';
  machine.execution.observers.instruction = undefined;
}

test.each([
  ['power8', 'powernv'],
  ['power9', 'powernv'],
  ['power10', 'powernv'],
  ['microwatt', 'microwatt'],
] as const)('%s', (model, name) => {
  const machines = new Map(WAYS.map((way) => [way, machineFor(model, name, way)]));
  const instructions = instructionsOf(machines.get('whole')!.model);
  const pool = new CodePool(new Random(SEED), instructions, 100);
  const user = new CodePool(
    new Random(SEED),
    instructions.filter(({ row }) => (row.privilege ?? 'problem') === 'problem' && row.timing !== 'system'),
    1000,
  );
  let executed = 0;
  for (let n = 0; n < ROUNDS; n++) {
    const seed = SEED + n;
    const flags = new Random(seed);
    const setting = { littleEndian: flags.oneIn(2), radix: flags.oneIn(2), user: flags.oneIn(2) };
    const results = new Map<Way, Final>();
    for (const way of WAYS) {
      if (way === 'architected' && !setting.user) continue;
      const machine = machines.get(way)!;
      prepare(machine, new Random(seed), setting.user ? user : pool, setting);
      if (way === 'observed') machine.execution.observers.instruction = () => executed++;
      const { end, used } = execute(machine, way);
      settleCounters(machine.cpus[0]!);
      const registers = registersOf(machine.cpus[0]!.state);
      results.set(way, { end, used, registers, memory: Buffer.from(machine.memory.bytes) });
    }
    const whole = results.get('whole')!;
    for (const [way, result] of results) {
      const where = { seed, way, ...setting };
      const differs = result.registers.filter((register, i) => register !== whole.registers[i]);
      const expected = whole.registers.filter((register, i) => register !== result.registers[i]);
      expect({ ...where, differs }).toEqual({ ...where, differs: expected });
      expect({ ...where, end: result.end, used: result.used }).toEqual({
        ...where,
        end: whole.end,
        used: whole.used,
      });
      if (!result.memory.equals(whole.memory)) {
        const at = result.memory.findIndex((byte, i) => byte !== whole.memory[i]);
        throw new Error(`${JSON.stringify(where)}: memory differs at 0x${at.toString(16)}`);
      }
    }
  }
  expect(executed).toBeGreaterThan(ROUNDS * 50);
});
