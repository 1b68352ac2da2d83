/**
 * `book3s bench memslots`: the published table of the scalable memslots series as workloads, the array-based
 * predecessor beside the trees in one run. Times are the best of many short runs, the two implementations by turns, so
 * that a busy machine hurts both alike. The published numbers are from another machine and another program: only the
 * improvements can be compared.
 */
import { InternalError } from '../../core/errors';
import type { MemslotSets, SetsKind } from '../../kvm/memslot-sets';
import { iterate, maxSlots, SlotWorld, type WorkloadName } from './memslots-workload';

export interface MemslotBenchOptions {
  /** Slots in use, in total. Default 10, 30, 50, 100, 509, 32764. */
  readonly slotCounts?: readonly number[];
  readonly workloads?: readonly WorkloadName[];
  /** Seconds that each pair of measurements may take. Default 1; one iteration of each is always made. */
  readonly secondsPerRow?: number;
  /** Called before each row, for a progress display. */
  readonly onProgress?: (what: string) => void;
}

/** One number of the report; `peer` is the same of the array-based predecessor, `ratio` is value / peer. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: number;
  readonly ratio?: number;
}

export interface MemslotBenchRow {
  readonly workload: WorkloadName;
  /** Slots in use, in total. */
  readonly slots: number;
  /** Seconds an iteration. */
  readonly array: number;
  readonly tree: number;
  /** Percent of the array's time that the trees save; negative where they are slower. */
  readonly improvement: number;
  /** The same as published, where it was: 0 stands for "none". */
  readonly published?: number;
}

export interface MemslotBenchReport {
  readonly rows: readonly MemslotBenchRow[];
  readonly figures: readonly Figure[];
}

export const WORKLOADS: readonly WorkloadName[] = [
  'Map',
  'Unmap',
  'Unmap 2M',
  'Move active',
  'Move inactive',
  'Slot setup',
];
export const SLOT_COUNTS: readonly number[] = [10, 30, 50, 100, 509, 32764];
const MOST_SLOTS = 32764;

/** Published improvements in percent, in the order of {@link WORKLOADS}; the last map was run with 8194 slots. */
const PUBLISHED: ReadonlyMap<number, readonly number[]> = new Map([
  [10, [3, 0, 0, 14, 16, 17]],
  [30, [0, 5, 0, 14, 13, 22]],
  [50, [0, 8, 0, 15, 17, 30]],
  [100, [0, 17, 5, 16, 17, 33]],
  [509, [4, 56, 44, 22, 21, 41]],
  [32764, [73, 99, 99, 94, 94, 96]],
]);

const KINDS: readonly SetsKind[] = ['array', 'tree'];
/** A short run: long against the clock's grain, short against what else the machine does. */
const SECONDS_PER_RUN = 0.004;
const NANOSECONDS = 1e9;
/** Lookups of one run: a few milliseconds, as {@link SECONDS_PER_RUN}. */
const LOOKUPS = 1 << 14;
const LOOKUP_RUNS = 256;
/** How often the worlds of a row are made anew, where the time allows it. */
const ROUNDS = 12;

const seconds = (): number => Number(process.hrtime.bigint()) / NANOSECONDS;

/** Runs the benchmark. With the default options it takes one to two minutes. */
export function benchMemslots(options: MemslotBenchOptions = {}): MemslotBenchReport {
  const { slotCounts = SLOT_COUNTS, workloads = WORKLOADS, secondsPerRow = 1, onProgress } = options;
  const rows: MemslotBenchRow[] = [];
  for (const wanted of slotCounts) {
    for (const workload of workloads) {
      const slots = Math.min(wanted, maxSlots(workload));
      onProgress?.(`${workload}, ${slots} slots`);
      rows.push(measureRow(workload, { slots, wanted, budget: secondsPerRow }));
    }
  }
  const others = slotCounts.flatMap((slots) => {
    onProgress?.(`lookups and memory, ${slots} slots`);
    return lookupAndMemoryFigures(slots);
  });
  return { rows, figures: [...rows.map(figureOf), ...others] };
}

function measureRow(
  workload: WorkloadName,
  { slots, wanted, budget }: { slots: number; wanted: number; budget: number },
): MemslotBenchRow {
  const best = workload === 'Slot setup' ? measureSetup(slots, budget) : measure(workload, slots, budget);
  const improvement = (1 - best.tree / best.array) * 100;
  const published = PUBLISHED.get(wanted)?.[WORKLOADS.indexOf(workload)];
  return { workload, slots, ...best, improvement, ...(published === undefined ? {} : { published }) };
}

type Best = Record<SetsKind, number>;

/**
 * Seconds an iteration: the best run of each implementation. The runs take turns, and the worlds are made anew a few
 * times in changing order, because where the allocator puts a world can matter more than what is compared.
 */
function measure(workload: WorkloadName, slots: number, budget: number): Best {
  const best: Best = { array: Infinity, tree: Infinity };
  let left = budget;
  for (let round = 0; round < ROUNDS && left > 0; round++) {
    const kinds = round % 2 === 0 ? KINDS : [...KINDS].reverse();
    const made = seconds();
    const worlds = kinds.map((kind) => ({ kind, world: populated(workload, slots, kind) }));
    const start = seconds();
    // Worlds that took long to make are used for the whole budget.
    const share = start - made > budget ? left : budget / ROUNDS;
    for (let run = 0; run < 2 || seconds() - start < share; run++)
      for (const { kind, world } of worlds)
        best[kind] = Math.min(best[kind], timeOfIteration(workload, world));
    left -= seconds() - start;
  }
  return best;
}

function populated(workload: WorkloadName, slots: number, kind: SetsKind): SlotWorld {
  const world = new SlotWorld(workload, slots, kind);
  world.registerAll();
  world.populate();
  return world;
}

function timeOfIteration(workload: WorkloadName, world: SlotWorld): number {
  let spent = 0;
  let iterations = 0;
  const timed = (part: () => void): void => {
    const start = seconds();
    part();
    spent += seconds() - start;
  };
  do {
    iterate(workload, world, timed);
    iterations++;
  } while (spent < SECONDS_PER_RUN);
  return spent / iterations;
}

/** Seconds for the registration of all slots. Each implementation has half of the budget, and one run at least. */
function measureSetup(slots: number, budget: number): Best {
  const best: Best = { array: Infinity, tree: Infinity };
  const spent: Best = { array: 0, tree: 0 };
  const waiting = (): SetsKind[] =>
    KINDS.filter((kind) => best[kind] === Infinity || spent[kind] < budget / 2);
  for (let kinds = waiting(); kinds.length > 0; kinds = waiting()) {
    for (const kind of kinds) {
      const world = new SlotWorld('Slot setup', slots, kind);
      const start = seconds();
      world.registerAll();
      const time = seconds() - start;
      best[kind] = Math.min(best[kind], time);
      spent[kind] += time;
    }
  }
  return best;
}

function figureOf({ workload, slots, tree, array }: MemslotBenchRow): Figure {
  const name = `memslots.${workload.toLowerCase().replace(/ /g, '-')}.${slots}`;
  return { name, value: tree, unit: 's', peer: array, ratio: tree / array };
}

/**
 * Nanoseconds of a lookup by guest frame, where cold asks for another slot each time and warm for the same; and bytes
 * of both sets of the address space, per slot. The slot objects are common to both implementations.
 */
function lookupAndMemoryFigures(slots: number): Figure[] {
  const measured = KINDS.map((kind) => {
    const world = new SlotWorld('Slot setup', slots, kind);
    world.registerAll();
    return {
      cold: timeLookups(world, shuffled(world.slotGfns)),
      warm: timeLookups(world, world.slotGfns.slice(0, 1)),
      bytes: bytesOf(world.vm.sets) / slots,
    };
  });
  const [array, tree] = measured as [(typeof measured)[0], (typeof measured)[0]];
  const figure = (name: string, which: 'cold' | 'warm' | 'bytes', unit: string): Figure => ({
    name: `memslots.${name}.${slots}`,
    value: tree[which],
    unit,
    peer: array[which],
    ratio: tree[which] / array[which],
  });
  return [
    figure('lookup-cold', 'cold', 'ns'),
    figure('lookup-warm', 'warm', 'ns'),
    figure('bytes-per-slot', 'bytes', 'B'),
  ];
}

/** The best of many short runs; each goes on where the one before stopped, so that all slots are asked for. */
function timeLookups({ vm }: SlotWorld, gfns: readonly number[]): number {
  let best = Infinity;
  let found = 0;
  let at = 0;
  for (let run = 0; run < LOOKUP_RUNS; run++) {
    const start = seconds();
    for (let i = 0; i < LOOKUPS; i++, at = at + 1 === gfns.length ? 0 : at + 1)
      if (vm.gfnToMemslot(gfns[at]!) !== null) found++;
    best = Math.min(best, seconds() - start);
  }
  if (found !== LOOKUP_RUNS * LOOKUPS) throw new InternalError('a lookup found no slot');
  return (best / LOOKUPS) * NANOSECONDS;
}

/** The same order in every run: a multiplicative walk, prime to any length below its modulus. */
function shuffled(values: readonly number[]): number[] {
  const stride = 1_000_003;
  return values.map((_, i) => values[(i * stride) % values.length]!);
}

const bytesOf = (sets: MemslotSets): number => sets.active(0).byteLength + sets.inactive(0).byteLength;

/** The report as a table for people. */
export function renderMemslotBench(report: MemslotBenchReport): string {
  const lines: string[] = [];
  for (const slots of new Set(report.rows.map((row) => groupOf(row)))) {
    lines.push(`${slots} slots in use`);
    lines.push('  Test                Array        Tree         Improvement  Published');
    for (const row of report.rows.filter((r) => groupOf(r) === slots)) lines.push(`  ${renderRow(row)}`);
    lines.push('');
  }
  for (const { name, value, unit, peer } of report.figures)
    if (unit !== 's')
      lines.push(`${name.padEnd(34)} ${value.toFixed(1)} ${unit} (array: ${peer!.toFixed(1)} ${unit})`);
  return lines.join('\n') + '\n';
}

/** The map of 8194 slots is shown with the largest number of slots, as published. */
const groupOf = (row: MemslotBenchRow): number =>
  row.workload === 'Map' && row.slots === maxSlots('Map') ? MOST_SLOTS : row.slots;

function renderRow({ workload, slots, array, tree, improvement, published }: MemslotBenchRow): string {
  const name =
    groupOf({ workload, slots } as MemslotBenchRow) === slots ? workload : `${workload} (${slots})`;
  const percent = (value: number | undefined): string =>
    value === undefined ? '-' : value === 0 ? 'none' : `${value.toFixed(0)} %`;
  return [
    name.padEnd(20),
    `${array.toPrecision(3)} s`.padEnd(13),
    `${tree.toPrecision(3)} s`.padEnd(13),
    `${improvement.toFixed(1)} %`.padEnd(13),
    percent(published),
  ].join('');
}
