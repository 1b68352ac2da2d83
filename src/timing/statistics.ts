/** What a timed run has to say: where the cycles went, hit rates, the pages and instructions that cost most. */
import type { Cpu } from '../cpu/cpu';
import { CAUSES, type Cause } from './causes';
import type { HypervisorTiming } from './profile';
import { CELL, COUNTS, TICKS, type Count } from './state';
import type { Timing } from './timing';

export interface StackRow {
  readonly cause: Cause;
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

export interface TimingStatistics {
  readonly profile: string;
  readonly cpu: number;
  readonly cycles: number;
  readonly instructions: number;
  /** Absent where no instruction completed. */
  readonly cpi?: number;
  /** Adds up to all cycles. */
  readonly stack: readonly StackRow[];
  /** Cycles spent in translation, by what was looked up or read; a part of them may have been hidden. */
  readonly translation: readonly { readonly level: string; readonly cycles: number }[];
  readonly rates: readonly HitRate[];
  readonly counts: Readonly<Record<Count, number>>;
  /** Effective pages of 4K whose walks took longest, as `0x...` addresses. */
  readonly pages: readonly { readonly page: string; readonly walks: number; readonly cycles: number }[];
  /** Instructions, by real address, that waited or made others wait longest. */
  readonly instructionStalls: readonly { readonly address: string; readonly cycles: number }[];
  /** What the built-in hypervisor's own work costs in this profile, in cycles an exit: 0 where nobody knows. */
  readonly hypervisor: HypervisorTiming;
  /** What of the profile is estimated: paths. */
  readonly estimates: readonly string[];
}

/** Rows of a list of the most expensive. */
const TOP = 10;
const PAGE_SHIFT = 12n;

const cyclesOf = (ticks: number): number => Math.round((ticks / TICKS.cycle) * 100) / 100;

function stackOf(ticks: (cell: number) => number, total: number): StackRow[] {
  const waits = CAUSES.map((_, i) => ticks(CELL.stalls + i));
  const booked = waits.reduce((a, b) => a + b, 0);
  return CAUSES.map((cause, i) => {
    const own = cause === 'issue' ? total - booked : waits[i]!;
    return { cause, cycles: cyclesOf(own), share: total === 0 ? 0 : own / total };
  });
}

const rate = (structure: string, accesses: number, misses: number): HitRate => ({
  structure,
  accesses,
  misses,
  ...(accesses > 0 ? { rate: 1 - misses / accesses } : {}),
});

function ratesOf(c: Readonly<Record<Count, number>>): HitRate[] {
  return [
    rate('data cache, loads', c.loads, c.dataMisses),
    rate('data cache, stores', c.stores, c.storeMisses),
    rate('data cache, table entries', c.walkReads, c.walkReadMisses),
    rate('second-level TLB', c.dataTlbMisses + c.instructionTlbMisses, c.walks),
    rate('branches', c.branches, c.mispredictions),
  ];
}

/** The `n` entries with the largest values, largest first; equal ones in order of their keys. */
function largest<T>(entries: Iterable<T>, value: (entry: T) => number, key: (entry: T) => number): T[] {
  return [...entries].sort((a, b) => value(b) - value(a) || key(a) - key(b)).slice(0, TOP);
}

const hexAddress = (value: bigint): string => `0x${value.toString(16)}`;

/**
 * The statistics of one CPU since reset.
 *
 * @param instructions those that it has completed, as the machine counts them
 */
export function timingStatistics(timing: Timing, cpu: Cpu, instructions: number): TimingStatistics {
  const { cells, translation } = timing.pipeline(cpu);
  const { profile } = timing;
  const start = profile.core.reset * TICKS.cycle;
  const total = cells.get(CELL.next);
  const counts = Object.fromEntries(COUNTS.map((name, i) => [name, cells.get(CELL.counts + i)])) as Record<
    Count,
    number
  >;
  const cycles = timing.cycles(cpu);
  const pages = largest(
    translation.pages.values(),
    (p) => p.ticks,
    (p) => Number(p.page),
  );
  const stalls = largest(
    timing.stalls(),
    ([, ticks]) => ticks,
    ([address]) => address,
  );
  return {
    profile: profile.name,
    cpu: cpu.state.index,
    cycles,
    instructions,
    ...(instructions > 0 ? { cpi: cycles / instructions } : {}),
    // Cycles before the first instruction are the reset's, which is an interrupt.
    stack: stackOf((cell) => cells.get(cell) + (cell === RESET_CELL ? start : 0), total),
    translation: [...translation.byLevel].map(([level, ticks]) => ({ level, cycles: cyclesOf(ticks) })),
    rates: ratesOf(counts),
    counts,
    pages: pages.map(({ page, walks, ticks }) => ({
      page: hexAddress(page << PAGE_SHIFT),
      walks,
      cycles: cyclesOf(ticks),
    })),
    instructionStalls: stalls.map(([address, ticks]) => ({
      address: hexAddress(BigInt(address)),
      cycles: cyclesOf(ticks),
    })),
    hypervisor: profile.hypervisor,
    estimates: profile.sources.filter(({ estimate }) => estimate).map(({ path }) => path),
  };
}

const RESET_CELL = CELL.stalls + CAUSES.indexOf('interrupts');

const WIDTH = 26;
const row = (name: string, ...values: string[]): string =>
  `  ${name.padEnd(WIDTH)}${values.map((v) => v.padStart(14)).join('')}`.trimEnd();
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const fixed = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));

function section(title: string, rows: readonly string[]): string[] {
  return rows.length > 0 ? [title, ...rows] : [];
}

/** The statistics as text for people. */
export function timingText(s: TimingStatistics): string {
  const known = Object.entries<number>({ ...s.hypervisor }).filter(([, cycles]) => cycles > 0);
  const hypervisor =
    known.length > 0
      ? known.map(([kind, cycles]) => `${kind} ${fixed(cycles)}`).join(', ')
      : 'unknown, counted as 0';
  const lines = [
    `CPU ${s.cpu}, timing profile ${s.profile}: ${s.cycles} cycles, ${s.instructions} instructions, ` +
      `CPI ${s.cpi === undefined ? '-' : s.cpi.toFixed(3)}`,
    ...section(
      'cycles by cause',
      s.stack.filter(({ cycles }) => cycles > 0).map((r) => row(r.cause, fixed(r.cycles), percent(r.share))),
    ),
    ...section(
      'cycles of translation, hidden ones included',
      s.translation.map(({ level, cycles }) => row(level, fixed(cycles))),
    ),
    ...section(
      'hit rates (accesses, misses)',
      s.rates
        .filter(({ rate: hits }) => hits !== undefined)
        .map((r) => row(r.structure, percent(r.rate!), String(r.accesses), String(r.misses))),
    ),
    ...section(
      'pages by cycles of their walks',
      s.pages.map(({ page, walks, cycles }) => row(page, fixed(cycles), `${walks} walks`)),
    ),
    ...section(
      'instructions by cycles waited (real address)',
      s.instructionStalls.map(({ address, cycles }) => row(address, fixed(cycles))),
    ),
    `the hypervisor's own work, cycles an exit: ${hypervisor}`,
    ...(s.estimates.length > 0 ? [`estimated in this profile: ${s.estimates.join(', ')}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}
