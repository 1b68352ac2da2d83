/** What a timed run has to say: where the cycles went, hit rates, the pages and instructions that cost most. */
import type { Cpu } from '../cpu/cpu';
import { CAUSES, type Cause } from './causes';
import type { HypervisorExit } from './profile';
import { CELL, COUNTS, TICKS, type Count } from './state';
import type { Timing } from './timing';

export interface StackRow {
  readonly cause: Cause;
  /** A whole number; those of all rows add up to the cycles of the CPU. */
  readonly cycles: number;
  /** Of all cycles, 0 to 1. */
  readonly share: number;
}

/** A structure that is looked up: `rate` is that of hits, absent where nothing was looked up. */
export interface HitRate {
  readonly structure: string;
  readonly accesses: number;
  readonly misses: number;
  readonly rate?: number;
}

/** One CPU since its reset, or since the snapshot that it goes on from. */
export interface CpuTiming {
  readonly cpu: number;
  readonly cycles: number;
  readonly instructions: number;
  /** Absent where no instruction completed. */
  readonly cpi?: number;
  readonly stack: readonly StackRow[];
  /** Cycles spent in translation, by what was looked up or read; a part of them may have been hidden. */
  readonly translation: readonly { readonly level: string; readonly cycles: number }[];
  readonly rates: readonly HitRate[];
  readonly counts: Readonly<Record<Count, number>>;
  /** Effective pages of 4K whose walks took longest, as `0x...` addresses. */
  readonly pages: readonly { readonly page: string; readonly walks: number; readonly cycles: number }[];
}

/** An instruction that waited or made others wait. */
export interface InstructionStall {
  /** Real address. */
  readonly address: string;
  readonly cycles: number;
  /** Its disassembly, and the symbol that covers it, where they are known. */
  readonly code?: string;
  readonly symbol?: string;
}

/** What the built-in hypervisor's own work cost: cycles an exit are the profile's, 0 where nobody knows. */
export interface HypervisorCost {
  readonly exit: HypervisorExit;
  readonly exits: number;
  readonly cyclesEach: number;
}

export interface TimingStatistics {
  readonly profile: string;
  readonly description: string;
  /** Those of all CPUs together. */
  readonly cycles: number;
  readonly instructions: number;
  readonly cpi?: number;
  readonly cpus: readonly CpuTiming[];
  /** Of all CPUs together, longest first. */
  readonly instructionStalls: readonly InstructionStall[];
  readonly hypervisor: readonly HypervisorCost[];
  /** What of the profile is estimated: paths. */
  readonly estimates: readonly string[];
}

/** A CPU and the instructions that it has completed under the model. */
export interface TimedInstructions {
  readonly cpu: Cpu;
  readonly instructions: number;
}

/** Text and symbol of the instruction at a real address. */
export type DescribeInstruction = (address: number) => Pick<InstructionStall, 'code' | 'symbol'>;

/** Rows of a list of the most expensive. */
const TOP = 10;
const PAGE_SHIFT = 12n;
const RESET_CAUSE = CAUSES.indexOf('interrupts');

const cyclesOf = (ticks: number): number => Math.round((ticks / TICKS.cycle) * 100) / 100;
const hexAddress = (value: bigint): string => `0x${value.toString(16)}`;
const ratio = (cycles: number, instructions: number): { cpi?: number } =>
  instructions > 0 ? { cpi: cycles / instructions } : {};

/** Whole numbers in place of amounts, with the same sum as `total`: the largest fractions are rounded up. */
function wholes(amounts: readonly number[], total: number): number[] {
  const floors = amounts.map(Math.floor);
  let missing = total - floors.reduce((a, b) => a + b, 0);
  const order = amounts.map((amount, i) => [amount - floors[i]!, i] as const);
  for (const [, i] of order.sort((a, b) => b[0] - a[0] || a[1] - b[1])) {
    if (missing <= 0) break;
    floors[i]!++;
    missing--;
  }
  return floors;
}

/** @param ticks booked under each cause @param total all ticks: what is not booked is issue */
function stackOf(ticks: readonly number[], total: number, cycles: number): StackRow[] {
  const booked = ticks.reduce((a, b) => a + b, 0);
  const own = CAUSES.map((cause, i) => (cause === 'issue' ? total - booked : ticks[i]!));
  const whole = wholes(
    own.map((t) => t / TICKS.cycle),
    cycles,
  );
  return CAUSES.map((cause, i) => ({
    cause,
    cycles: whole[i]!,
    share: total === 0 ? 0 : own[i]! / total,
  }));
}

const rate = (structure: string, accesses: number, misses: number): HitRate => ({
  structure,
  accesses,
  misses,
  ...(accesses > 0 ? { rate: 1 - misses / accesses } : {}),
});

/** @param translated loads, stores and fetched lines while they were translated */
function ratesOf(
  c: Readonly<Record<Count, number>>,
  translated: { readonly data: number; readonly fetch: number },
): HitRate[] {
  return [
    rate('instruction cache, lines', c.fetchedLines, c.instructionMisses),
    rate('data cache, loads', c.loads, c.dataMisses),
    rate('data cache, stores', c.stores, c.storeMisses),
    rate('data cache, table entries', c.walkReads, c.walkReadMisses),
    rate('first-level TLB, lines', translated.fetch, c.instructionTlbMisses),
    rate('first-level TLB, data', translated.data, c.dataTlbMisses),
    rate('second-level TLB', c.dataTlbMisses + c.instructionTlbMisses, c.walks),
    rate('branches', c.branches, c.mispredictions),
  ];
}

/** The `n` entries with the largest values, largest first; equal ones in order of their keys. */
function largest<T>(entries: Iterable<T>, value: (entry: T) => number, key: (entry: T) => number): T[] {
  return [...entries].sort((a, b) => value(b) - value(a) || key(a) - key(b)).slice(0, TOP);
}

function cpuTiming(timing: Timing, { cpu, instructions }: TimedInstructions): CpuTiming {
  const { cells, translation } = timing.pipeline(cpu);
  const at = (cell: number): number => cells.get(cell);
  const counts = Object.fromEntries(COUNTS.map((name, i) => [name, at(CELL.counts + i)])) as Record<
    Count,
    number
  >;
  // Cycles before the first instruction are the reset's, which is an interrupt.
  const reset = timing.profile.core.reset * TICKS.cycle;
  const ticks = CAUSES.map((_, i) => at(CELL.stalls + i) + (i === RESET_CAUSE ? reset : 0));
  const cycles = timing.cycles(cpu);
  const pages = largest(
    translation.pages.values(),
    (p) => p.ticks,
    (p) => Number(p.page),
  );
  return {
    cpu: cpu.state.index,
    cycles,
    instructions,
    ...ratio(cycles, instructions),
    stack: stackOf(ticks, at(CELL.next), cycles),
    translation: [...translation.byLevel].map(([level, t]) => ({ level, cycles: cyclesOf(t) })),
    rates: ratesOf(counts, timing.translatedAccesses(cpu)),
    counts,
    pages: pages.map(({ page, walks, ticks: t }) => ({
      page: hexAddress(page << PAGE_SHIFT),
      walks,
      cycles: cyclesOf(t),
    })),
  };
}

/**
 * The statistics of a run.
 *
 * @param describe says what is at a real address; absent: addresses stand alone
 */
export function timingStatistics(
  timing: Timing,
  runs: readonly TimedInstructions[],
  describe: DescribeInstruction = () => ({}),
): TimingStatistics {
  const { profile } = timing;
  const cpus = runs.map((run) => cpuTiming(timing, run));
  const cycles = cpus.reduce((sum, each) => sum + each.cycles, 0);
  const instructions = cpus.reduce((sum, each) => sum + each.instructions, 0);
  const stalls = largest(
    timing.stalls(),
    ([, ticks]) => ticks,
    ([address]) => address,
  );
  const kinds = Object.keys(profile.hypervisor) as HypervisorExit[];
  return {
    profile: profile.name,
    description: profile.description,
    cycles,
    instructions,
    ...ratio(cycles, instructions),
    cpus,
    instructionStalls: stalls.map(([address, ticks]) => ({
      address: hexAddress(BigInt(address)),
      cycles: cyclesOf(ticks),
      ...describe(address),
    })),
    hypervisor: kinds.map((exit) => ({
      exit,
      exits: timing.hypervisorExits[exit],
      cyclesEach: profile.hypervisor[exit],
    })),
    estimates: profile.sources.filter(({ estimate }) => estimate).map(({ path }) => path),
  };
}
