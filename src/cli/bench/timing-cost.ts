/** What the cycle model costs: runs with it beside the same runs without, by processor time and by time. */
import { assemble } from '../../asm/assemble';
import { readImage } from '../../loader';
import { Machine } from '../../machine/machine';
import { POWERNV_MACHINE } from '../../machine/powernv';
import { createTiming, MICROWATT_PROFILE } from '../../timing';
import { benchProgram } from './guest-timing';
import type { Figure } from './report';

const ITERATIONS = 400_000;
const ENTRY = 0x10n;
const MEGABYTE = 2 ** 20;
const SLICE = 500_000;
const REPEATS = 15;
const MICROSECONDS = 1e6;

/** Copies 4 MiB for ever, a doubleword at a time: every eighth load misses the data cache. */
const COPY = `
        .org    0x10
again:  lis     3, 0x100
        lis     4, 0x200
        lis     5, 8
        mtctr   5
copy:   ld      6, 0(3)
        std     6, 0(4)
        addi    3, 3, 8
        addi    4, 4, 8
        bdnz    copy
        b       again
`;

interface Workload {
  readonly name: string;
  readonly image: () => Uint8Array;
  /** Bytes. */
  readonly memory: number;
  /** Instructions before the first slice that counts. */
  readonly warmUp: number;
}

const loop = (name: string, translated: 0 | 1): Workload => ({
  name: `loop of loads, adds, stores and a branch, ${name}`,
  image: () => benchProgram('loop.s', { TRANSLATED: translated, ITERATIONS, ROUNDS: 1000 }),
  memory: 64 * MEGABYTE,
  warmUp: SLICE,
});

const WORKLOADS: readonly Workload[] = [
  loop('real mode', 0),
  loop('through radix', 1),
  {
    name: 'copy, every eighth load misses the data cache',
    image: () => assemble(COPY, { byteOrder: 'big' }).bytes,
    memory: 64 * MEGABYTE,
    warmUp: SLICE,
  },
  {
    name: 'random touches of 256 MiB in 4K pages, nearly each walks',
    image: () => benchProgram('random-touch.s', { ROUNDS: 1000 }),
    memory: 512 * MEGABYTE,
    warmUp: 20 * SLICE,
  },
];

/** Microseconds of one slice at best. */
interface Cost {
  processor: number;
  wall: number;
}

function prepared({ image, memory, warmUp }: Workload, timed: boolean): Machine {
  const timing = timed ? createTiming(MICROWATT_PROFILE) : undefined;
  const machine = new Machine({ description: POWERNV_MACHINE, memory, output: () => undefined, timing });
  machine.load(readImage('benchmark', image(), { entry: ENTRY }));
  machine.run(warmUp);
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
function compare(workload: Workload): Figure[] {
  const machines = [prepared(workload, false), prepared(workload, true)] as const;
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

export const costFigures = (): Figure[] => WORKLOADS.flatMap(compare);
