/** The woven model against its slow twin: the same cycles, booked under the same causes, for random code and state. */
import { MSR } from '../../isa/registers/msr';
import type { ModelName } from '../../src/cpu/models';
import { Machine } from '../../src/machine/machine';
import { createReferenceTiming, createTiming, MICROWATT_PROFILE, type Timing } from '../../src/timing';
import type { TimingProfile } from '../../src/timing/profile';
import { countCell, type Count } from '../../src/timing/state';
import { assemble } from '../../src/asm/assemble';
import { placeHandlers, radixTables } from '../fuzz/support';
import { Random, SEED } from '../support/random';
import { DESCRIPTIONS } from '../support/program';
import { randomProgram, type ProgramStyle } from './programs';
import { summary, type Twin } from './support';

const RAM = 512 * 1024;
/** Real addresses of code and data; the tables of translation lie above. */
const CODE = 0x4000;
const DATA = 0x10000;
const DATA_SIZE = 0x40000;
/** RB of tlbie: IS = 3. */
const TLBIE_ALL = 0xc00n;
const ROUND = 6000;
const ROUNDS = Number(process.env['BOOK3S_FUZZ_TIMING'] ?? 12);

/** Another shape of everything: more ways, longer lines, a wider core, stores that allocate. */
const WIDE: TimingProfile = {
  ...MICROWATT_PROFILE,
  name: 'wide',
  core: { ...MICROWATT_PROFILE.core, issueWidth: 3 },
  fetch: { sets: 16, ways: 4, lineShift: 7, miss: 8, refill: 9, request: -1, busy: 7, beat: 1.5 },
  data: {
    sets: 16,
    ways: 4,
    lineShift: 7,
    miss: 11,
    refill: 17,
    request: 1,
    busy: 20,
    beat: 2,
    blocks: 12,
    store: 3,
    storeRegion: 8,
    replacement: 'lru',
    writeAllocates: true,
  },
  translation: {
    ...MICROWATT_PROFILE.translation,
    instruction: { sets: 2, ways: 4, index: 'page' },
    data: { sets: 1, ways: 8, index: 'page' },
  },
};

/** What a profile has that says nothing of what has defaults. */
const PLAIN: TimingProfile = {
  ...MICROWATT_PROFILE,
  name: 'plain',
  core: {
    issueWidth: 1,
    reset: 11,
    completion: 3,
    runAhead: 4,
    interrupt: 6,
    alignment: 8,
    unaligned: 1,
  },
  fetch: { sets: 64, ways: 2, lineShift: 6, miss: 5, refill: 11 },
  data: {
    sets: 64,
    ways: 2,
    lineShift: 6,
    miss: 8,
    refill: 10,
    replacement: 'firstWay',
    writeAllocates: false,
  },
};

function twin(timing: Timing, name: keyof typeof DESCRIPTIONS, model: ModelName): Twin {
  const description = DESCRIPTIONS[name];
  const machine = new Machine({ description, model, memory: RAM, timing, output: () => undefined });
  return { machine, timing };
}

/** A random program in translated or real storage, its data anywhere in memory, aligned or not. */
function prepare({ machine }: Twin, random: Random, littleEndian: boolean, style: ProgramStyle): void {
  const { bytes } = machine.memory;
  const cpu = machine.cpus[0]!;
  bytes.fill(0);
  placeHandlers(bytes, littleEndian);
  const source = randomProgram(random, 200 + random.below(style === 'misses' ? 600 : 1800), style);
  const code = assemble(source, { byteOrder: littleEndian ? 'little' : 'big', origin: BigInt(CODE) }).bytes;
  bytes.set(code, CODE);
  machine.execution.reset(cpu);
  const { state } = cpu;
  radixTables(random, machine);
  for (let n = 0; n < 14; n++)
    state.setGpr(n, random.oneIn(2) ? random.doubleword() : BigInt(random.below(100)));
  const spread = style === 'misses' ? DATA_SIZE : random.pick([256, 4096, DATA_SIZE]);
  for (let n = 16; n < 24; n++)
    state.setGpr(n, BigInt(DATA + random.below(spread)) & ~(random.oneIn(3) ? 0n : 15n));
  state.setGpr(24, 0n);
  state.setGpr(26, TLBIE_ALL);
  state.setGpr(27, BigInt(100 + random.below(900)));
  state.setNamed('CTR', 3n);
  state.setNamed('FSCR', (1n << 64n) - 1n);
  const relocation = random.oneIn(2) ? 0n : MSR.IR.mask | MSR.DR.mask;
  const external = random.oneIn(5) ? MSR.EE.mask : 0n;
  const endian = littleEndian ? MSR.LE.mask : 0n;
  cpu.nia = BigInt(CODE);
  // A machine with a hypervisor also runs guests: two stages, or guest real addresses.
  const hypervisor = cpu.model.name !== 'microwatt' && random.oneIn(3) ? 0n : MSR.HV.mask;
  const facilities = random.oneIn(4) ? 0n : MSR.FP.mask | MSR.VEC.mask | MSR.VSX.mask;
  cpu.msr = MSR.SF.mask | hypervisor | MSR.ME.mask | facilities | relocation | endian | external;
  machine.execution.resume();
  machine.execution.memoryReplaced();
}

/** How often something must have happened in all rounds together, so that the comparison says something. */
const ENOUGH: Readonly<Partial<Record<Count, number>>> = {
  loads: 2500, stores: 2500, dataMisses: 1000, storeMisses: 1000, instructionMisses: 750, dataTlbMisses: 150,
  instructionTlbMisses: 25, secondHits: 50, walks: 150, instructionWalks: 10, walkReadMisses: 50, takenBranches: 2500,
  decodedBranches: 500, mispredictions: 1000, interrupts: 25,
}; // prettier-ignore
const COUNTED = Object.keys(ENOUGH) as Count[];

const totals = new Map<Count, number>();

test.each([
  ['microwatt', 'microwatt', MICROWATT_PROFILE],
  ['powernv', 'power9', PLAIN],
  ['powernv', 'power10', WIDE],
] as const)('%s, %s: woven and reference models agree', (name, model, profile) => {
  const twins = [
    twin(createReferenceTiming(profile), name, model),
    twin(createTiming(profile), name, model),
  ] as const;
  for (let round = 0; round < ROUNDS; round++) {
    const seed = SEED + round;
    const littleEndian = name === 'microwatt' || seed % 2 === 0;
    const style = round % 2 === 0 ? 'mixed' : 'misses';
    for (const each of twins) prepare(each, new Random(seed), littleEndian, style);
    const random = new Random(seed);
    for (let left = ROUND; left > 0;) {
      const budget = 1 + random.below(900);
      const [expected, got] = twins.map((each) => {
        const { end } = each.machine.run(budget);
        return { seed, end, ...summary(each) };
      });
      expect(got).toEqual(expected);
      if (expected!.end.kind !== 'budget') break;
      left -= budget;
    }
    const { cells } = twins[0].timing.pipeline(twins[0].machine.cpus[0]!);
    for (const count of COUNTED) totals.set(count, (totals.get(count) ?? 0) + cells.get(countCell(count)));
  }
});

test('everything happened often enough in those programs to be compared', () => {
  for (const count of COUNTED) expect([count, totals.get(count)! >= ENOUGH[count]!]).toEqual([count, true]);
});
