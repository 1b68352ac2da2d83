/** What the cycle model costs: runs with it beside the same runs without, by processor time and by time. */
import { assemble } from '../../asm/assemble';
import { readImage } from '../../loader';
import { Machine } from '../../machine/machine';
import { createTiming, MICROWATT_PROFILE, type Timing } from '../../timing';
import { BARE_METAL, benchProgram, HYPERVISOR_GUEST, type Platform, type Symbols } from './guest-timing';
import type { Figure } from './report';

const ITERATIONS = 400_000;
const ROUNDS = 1000;
const MEGABYTE = 2 ** 20;
const SLICE = 500_000;
/** Instructions before the first slice that counts. */
const WARM_UP = 20 * SLICE;
const REPEATS = 15;
const MICROSECONDS = 1e6;

const LINE = 64;

/**
 * Goes through memory for ever, from 16 MiB on (r3) and from 32 MiB on (r4). A system call returns at once.
 * @param body a round of 65536
 * @param before what comes before the first
 */
const through = (body: string, before = ''): string => `
        .org    0x10
        ${before}
again:  lis     3, 0x100
        lis     4, 0x200
        lis     5, 1
        mtctr   5
next:   ${body}
        bdnz    next
        b       again
        .org    0xc00
        rfid
`;

const DOUBLEWORDS = [0, 8, 16, 24, 32, 40, 48, 56];

/** Copies a doubleword in a round: every eighth load misses the data cache. */
const COPY = through('ld 6, 0(3); std 6, 0(4); addi 3, 3, 8; addi 4, 4, 8');
const MISSING_LOADS = through(
  `${[0, 1, 2, 3].map((n) => `ld ${6 + n}, ${n * LINE}(3)`).join('; ')}; addi 3, 3, ${4 * LINE}`,
);
const MISSING_STORES = through(
  `${[0, 1, 2, 3].map((n) => `std ${6 + n}, ${n * LINE}(3)`).join('; ')}; addi 3, 3, ${4 * LINE}`,
);
const UNALIGNED = through('lwz 6, 5(3); stw 6, 7(4); addi 3, 3, 8; addi 4, 4, 8');
const ZEROS = through(`dcbz 0, 3; addi 3, 3, ${LINE}`);
const ATOMIC = through('lwarx 6, 0, 3; addi 6, 6, 1; stwcx. 6, 0, 3');
const VECTOR = through(
  'lvx 1, 0, 3; vaddubm 2, 1, 3; vperm 4, 2, 1, 5; stvx 4, 0, 4; addi 3, 3, 16; addi 4, 4, 16',
  'mfmsr 6; oris 6, 6, 0x200; mtmsrd 6',
);
const SYSTEM_CALLS = through('sc; addi 6, 6, 1');
/** Copies a line in a round. */
const STREAM = through(
  [
    ...DOUBLEWORDS.map((at, n) => `ld ${10 + n}, ${at}(3)`),
    ...DOUBLEWORDS.map((at, n) => `std ${10 + n}, ${at}(4)`),
    `addi 3, 3, ${LINE}`,
    `addi 4, 4, ${LINE}`,
  ].join('; '),
);

export interface CostWorkload {
  readonly name: string;
  readonly image: () => Uint8Array;
  readonly platform: Pick<Platform, 'description' | 'memory' | 'entry'>;
}

const SMALL = { ...BARE_METAL, memory: 64 * MEGABYTE };
const BIG_ENDIAN_GUEST = { ...HYPERVISOR_GUEST, byteOrder: 'big' } as const;

const guest = (
  name: string,
  program: string,
  symbols: Symbols,
  platform: Platform = BARE_METAL,
): CostWorkload => ({
  name,
  image: () => benchProgram(program, symbols, platform),
  platform,
});

const bare = (name: string, program: string): CostWorkload => ({
  name,
  image: () => assemble(program, { byteOrder: 'big' }).bytes,
  platform: SMALL,
});
const loop = (name: string, translated: 0 | 1): CostWorkload =>
  guest(
    `loop of loads, adds, stores and a branch, ${name}`,
    'loop.s',
    { TRANSLATED: translated, ITERATIONS, ROUNDS },
    SMALL,
  );
const touches = (name: string, symbols: Symbols): CostWorkload =>
  guest(`random touches of ${name}`, 'random-touch.s', { ROUNDS, ...symbols });

export const COST_WORKLOADS: readonly CostWorkload[] = [
  loop('real mode', 0),
  loop('through radix', 1),
  bare('copy, every eighth load misses the data cache', COPY),
  bare('loads that all miss the data cache', MISSING_LOADS),
  bare('stores that all miss the data cache', MISSING_STORES),
  bare('copy of a line in a round', STREAM),
  bare('copy of words across doublewords', UNALIGNED),
  bare('copy of vectors', VECTOR),
  bare('lines of zeros by dcbz', ZEROS),
  bare('increments by lwarx and stwcx.', ATOMIC),
  bare('system calls that return at once', SYSTEM_CALLS),
  touches('256 MiB in 4K pages, nearly each walks', {}),
  touches('256 MiB in 4K pages, loads only', { STORES: 0 }),
  touches('256 MiB in 64K pages', { PAGE_SHIFT: 16 }),
  touches('256 MiB in 2M pages', { PAGE_SHIFT: 21 }),
  touches('256 MiB by 1 GiB of addresses', { SPAN_SHIFT: 30 }),
  touches('8 MiB in 4K pages', { SPAN_SHIFT: 23 }),
  guest('random touches of 256 MiB through a hashed table', 'random-touch-hpt.s', { ROUNDS }),
  guest('random touches by a guest, two stages, 4K pages', 'touch-guest.s', {}, BIG_ENDIAN_GUEST),
  guest(
    'random touches by a guest, two stages, 64K pages',
    'touch-guest.s',
    { PAGE_SHIFT: 16 },
    BIG_ENDIAN_GUEST,
  ),
  guest(
    'random touches of 32 MiB by a nested guest',
    'nested.s',
    { WORKLOAD: 2, COUNT: 1e8, ROUNDS },
    HYPERVISOR_GUEST,
  ),
  guest('a ring of 512 pages of code, 16 instructions in each', 'far-branches.s', {}, SMALL),
];

/** Microseconds of one slice at best. */
interface Cost {
  processor: number;
  wall: number;
}

/** @param timing absent: without a model */
export function costMachine({ image, platform }: CostWorkload, timing?: Timing): Machine {
  const { description, memory, entry } = platform;
  const machine = new Machine({ description, memory, output: () => undefined, timing });
  machine.load(readImage('benchmark', image(), { entry }));
  return machine;
}

/** Past the building of tables, and until the host has compiled what runs. */
function warm(machine: Machine): Machine {
  machine.run(WARM_UP);
  return machine;
}

function slice(machine: Machine, best: Cost): void {
  const from = performance.now();
  const start = process.cpuUsage();
  machine.run(SLICE);
  const { user, system } = process.cpuUsage(start);
  best.processor = Math.min(best.processor, user + system);
  best.wall = Math.min(best.wall, (performance.now() - from) * 1000);
}

/** The slices of both are run by turns: what else the host does slows both. */
function compare(workload: CostWorkload): Figure[] {
  const machines = [
    warm(costMachine(workload)),
    warm(costMachine(workload, createTiming(MICROWATT_PROFILE))),
  ] as const;
  const best = [
    { processor: Infinity, wall: Infinity },
    { processor: Infinity, wall: Infinity },
  ] as const;
  for (let i = 0; i < REPEATS; i++) machines.forEach((machine, of) => slice(machine, best[of]!));
  const rate = (cost: number): number => (SLICE / cost) * (MICROSECONDS / 1e6);
  return (['processor', 'wall'] as const).map((clock) => ({
    name: `timed ${workload.name}, by ${clock} time`,
    value: rate(best[1][clock]),
    unit: 'M instructions/s',
    peer: rate(best[0][clock]),
    ratio: best[0][clock] / best[1][clock],
  }));
}

export const costFigures = (): Figure[] => COST_WORKLOADS.flatMap(compare);
