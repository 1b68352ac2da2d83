/**
 * Tables of translation that point to themselves, to nowhere or to anything: every access ends in a translation or an
 * interrupt, within its budget, and nothing outside memory is touched.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import type { ModelName } from '../../src/cpu/models';
import { Machine } from '../../src/machine/machine';
import { DESCRIPTIONS } from '../support/program';
import { CodePool, instructionsOf, Invariants, placeHandlers, randomRegisters } from './support';
import { Random, SEED } from '../support/random';

const RAM = 512 * 1024;
const ROUNDS = Number(process.env['BOOK3S_ROUNDS'] ?? 250);
/** Below are code and handlers. */
const FROM = 0x10000;
const TREE = 0x400000000000000dn;
const VALID = 1n << 63n;

/** A doubleword that looks like an entry of some table: valid, a leaf or not, of any size, to any place near memory. */
function entry(random: Random): bigint {
  const place = BigInt(random.below(RAM)) & ~0xffn;
  switch (random.below(8)) {
    case 0:
      return random.doubleword();
    case 1:
      return 0n;
    case 2:
      return VALID | TREE | (BigInt(random.below(8)) << 5n) | place;
    case 3:
      return (3n << 62n) | place | 0x187n;
    case 4:
      return (3n << 62n) | (random.doubleword() & 0x01ffffffffffffffn);
    default:
      return VALID | place | BigInt(random.below(32));
  }
}

/** Memory full of entries; sometimes all of them alike, so that everything points to one table: itself. */
function fillTables(random: Random, machine: Machine): void {
  const { memory } = machine;
  const distinct = random.pick([1, 2, 512]);
  for (let at = 0; at < distinct; at++) memory.setDoubleword(FROM + 8 * at, entry(random));
  for (let filled = 8 * distinct; FROM + filled < RAM; filled *= 2)
    memory.bytes.copyWithin(FROM + filled, FROM, Math.min(FROM + filled, RAM - filled));
  for (let i = 0; i < 64; i++) memory.setDoubleword(FROM + 8 * random.below((RAM - FROM) / 8), entry(random));
  for (const { state } of machine.cpus) {
    const base = BigInt(random.below(RAM));
    const bases = [base & ~0xfffn, base & ~0xffffn, base, random.doubleword()];
    state.setNamed('PTCR', random.pick(bases));
    state.setNamed('SDR1', random.pick(bases));
    state.setNamed('LPIDR', BigInt(random.below(8)));
    state.setNamed('PIDR', BigInt(random.below(8)));
    const radix = random.oneIn(3) ? 0n : LPCR.HR.mask | LPCR.UPRT.mask;
    state.setNamed(
      'LPCR',
      radix | (random.oneIn(2) ? LPCR.VPM1.mask : 0n) | (random.oneIn(2) ? LPCR.TC.mask : 0n),
    );
  }
}

test.each<[ModelName, keyof typeof DESCRIPTIONS, 'coherent' | 'architected']>([
  ['power8', 'powernv', 'coherent'],
  ['power9', 'powernv', 'coherent'],
  ['power9', 'powernv', 'architected'],
  ['power10', 'powernv', 'coherent'],
  ['microwatt', 'microwatt', 'architected'],
])('%s on %s, %s', (model, name, tlb) => {
  const machine = new Machine({
    description: DESCRIPTIONS[name],
    model,
    tlb,
    memory: RAM,
    recordSlots: 24,
    output: () => undefined,
  });
  const invariants = new Invariants(machine);
  const storage = instructionsOf(machine.model).filter(
    ({ row }) => row.timing === 'load' || row.timing === 'store',
  );
  const pool = new CodePool(new Random(SEED), storage, 1000);
  const cpu = machine.cpus[0]!;
  let interrupts = 0;
  machine.execution.observers.interrupt = () => interrupts++;
  for (let n = 0; n < ROUNDS; n++) {
    const seed = SEED + n;
    const random = new Random(seed);
    try {
      pool.fill(random, machine.memory.bytes.subarray(0, FROM), false);
      placeHandlers(machine.memory.bytes, false);
      randomRegisters(random, cpu, RAM);
      fillTables(random, machine);
      cpu.state.setNamed('HRMOR', 0n);
      cpu.msr = MSR.SF.mask | MSR.ME.mask | MSR.DR.mask | (random.oneIn(2) ? MSR.HV.mask : 0n);
      if (random.oneIn(4)) cpu.msr |= MSR.IR.mask;
      if (random.oneIn(4)) cpu.msr |= MSR.PR.mask;
      cpu.nia = BigInt(0x2000 + 4 * random.below(0x800));
      machine.execution.resume();
      machine.execution.memoryReplaced();
      const { used } = machine.run(1500);
      if (used > 1500) throw new Error(`${used} used of a budget of 1500`);
      if (n % 8 === 0) invariants.check();
    } catch (error) {
      throw new Error(`seed ${seed} (BOOK3S_SEED): ${(error as Error).message}`, { cause: error });
    }
  }
  expect(interrupts).toBeGreaterThan(ROUNDS);
});
