/**
 * `book3s bench timing`: the cycle model beside the cycles of Microwatt's RTL, program by program, and what a timed run
 * costs. Says so where the reference is not installed.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readImage } from '../../loader';
import { Machine } from '../../machine/machine';
import { MICROWATT_MACHINE } from '../../machine/microwatt';
import { createTiming, MICROWATT_PROFILE, timingStatistics, type Timing } from '../../timing';
import { fixturesFolder } from '../fixtures';
import type { BenchReport, Figure } from './report';
import { costFigures } from './timing-cost';

/** Cycles of one program, the model's beside the RTL's. */
export interface TimedProgram {
  readonly name: string;
  /** What it is a sample of: a group of microbenchmarks. */
  readonly group: string;
  readonly expected: number;
  readonly cycles: number;
  /** Repetitions of what a microbenchmark measures; 1 for a program. */
  readonly units: number;
  /** What most of its cycles are, or why there are none. */
  readonly reason: string;
}

const REFERENCE = path.join('..', 'shared', 'oracle', 'microwatt');
const BUDGET = 5_000_000;
const WORST = 10;

/** Relative error, signed. */
export const errorOf = ({ expected, cycles }: TimedProgram): number => cycles / Math.max(expected, 1) - 1;

/** Within a tenth, or one cycle a unit. */
export const isClose = (p: TimedProgram): boolean =>
  Math.abs(p.cycles - p.expected) <= Math.max(0.1 * p.expected, p.units);

interface Run {
  readonly machine: Machine;
  readonly timing: Timing;
  readonly cycles: number;
}

function runTimed(file: string): Run {
  const timing = createTiming(MICROWATT_PROFILE);
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
  machine.load(readImage(file, new Uint8Array(fs.readFileSync(file))));
  const { end } = machine.run(BUDGET);
  if (end.kind !== 'attn') throw new Error(`${file} did not end: ${JSON.stringify(end)}`);
  return { machine, timing, cycles: timing.cycles(machine.cpus[0]!) };
}

/** The cause of most cycles that are not issue. */
function mostly({ machine, timing }: Run): string {
  const { stack } = timingStatistics(timing, [
    { cpu: machine.cpus[0]!, instructions: Number(machine.instructions) },
  ]).cpus[0]!;
  const waits = stack.filter(({ cause }) => cause !== 'issue').sort((a, b) => b.cycles - a.cycles);
  const [first, second] = waits;
  const shown = [first, second].map((r) => `${r!.cause} ${(100 * r!.share).toFixed(0)} %`);
  return `mostly ${shown.join(', ')}`;
}

/** Cells of a line of CSV; cells with commas are quoted. */
const cells = (line: string): string[] =>
  [...line.matchAll(/("([^"]*)"|[^,]*)(,|$)/g)].map((m) => m[2] ?? m[1]!);
const table = (file: string): string[][] =>
  fs.readFileSync(file, 'latin1').trim().split('\n').slice(1).map(cells);

/** The numbered programs that are there. @param every 1: all of them; n: each n-th */
export function timePrograms(folder: string, every = 1): TimedProgram[] {
  const unpacked = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-timing-'));
  try {
    execFileSync('tar', ['xf', path.join(folder, 'tests-1-500.tar.xz'), '-C', unpacked]);
    return table(path.join(folder, 'cycles-1-500.csv'))
      .filter((_, i) => i % every === 0)
      .map(([number, , expected]) => {
        const run = runTimed(path.join(unpacked, `${number}.bin`));
        const reason = mostly(run);
        return {
          name: number!,
          group: 'programs',
          expected: Number(expected),
          cycles: run.cycles,
          units: 1,
          reason,
        };
      });
  } finally {
    fs.rmSync(unpacked, { recursive: true });
  }
}

/** Groups of microbenchmarks by what their names begin with. */
const GROUPS: readonly (readonly [string, RegExp])[] = [
  ['translation', /^(dtlb|walk|tlbie|store_tlbhit)/],
  ['floating point', /^(f[a-z]|lf|stf)/],
  ['multiply and divide', /^(mul|div|mod|madd|bperm|cfuged|hash)/],
  ['loads and stores', /^(ld|l[bhw]|lq|st|dcbz)/],
  ['branches', /^(b_|bc_|bdnz|bl_|blr|alternating|never|always|cmp_bdnz|mtctr_bctr|cmp_bc|cmpd_bc)/],
  ['special registers and synchronisation', /^(mf|mt|isync|sync|lwsync|eieio|icbi|rfid|sc_)/],
  ['instruction cache', /^icache/],
];
const groupOf = (name: string): string =>
  GROUPS.find(([, pattern]) => pattern.test(name))?.[0] ?? 'arithmetic';

/** Where a microbenchmark leaves what it measured, by pass, and which column has what the RTL took. */
const PASSES = { warm: { register: 3, column: 3 }, cold: { register: 29, column: 5 } } as const;
/** Larger results are the vector of an unexpected interrupt, negated. */
const MOST_CYCLES = 1n << 62n;

/** The microbenchmarks as their own programs measure them: their last passes, or the first ones. */
export function timeMicrobenchmarks(folder: string, pass: keyof typeof PASSES = 'warm'): TimedProgram[] {
  const { register, column } = PASSES[pass];
  const measure = (file: string): { run: Run; result: bigint } => {
    const run = runTimed(path.join(folder, 'ubench', `${file}.bin`));
    return { run, result: run.machine.cpus[0]!.state.gpr(register) };
  };
  const overhead = measure('empty').result;
  return table(path.join(folder, 'ubench.csv')).map((row) => {
    const [file, name, units] = row;
    const expected = row[column];
    const { run, result } = measure(file!);
    const failed = result > MOST_CYCLES;
    const reason = failed
      ? `the program took interrupt 0x${(-BigInt.asIntN(64, result)).toString(16)}: an instruction is missing`
      : mostly(run);
    return {
      name: name!,
      group: groupOf(name!),
      expected: Number(expected),
      cycles: failed ? NaN : Number(result - overhead),
      units: Math.max(1, Number(units)),
      reason,
    };
  });
}

const percent = (share: number): number => Math.round(share * 1e4) / 100;

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** Upper ends of the bands of the distribution of errors. */
const BANDS = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, Infinity];

/** How many errors there are in each band. */
function distribution(what: string, errors: readonly number[]): Figure[] {
  return BANDS.map((end, i) => {
    const start = i === 0 ? -1 : BANDS[i - 1]!;
    const within = errors.filter((error) => error > start && error <= end).length;
    const band =
      end === Infinity
        ? `above ${percent(start)} %`
        : i === 0
          ? `up to ${percent(end)} %`
          : `${percent(start)} to ${percent(end)} %`;
    return { name: `${what}, error ${band}`, value: within, unit: `of ${errors.length}` };
  });
}

const line = (p: TimedProgram): string =>
  Number.isNaN(p.cycles)
    ? `${p.name}: no cycles, reference ${p.expected}, ${p.reason}`
    : `${p.name}: ${p.cycles} cycles, reference ${p.expected} (${percent(errorOf(p))} %), ${p.reason}`;

function programFigures(programs: readonly TimedProgram[]): BenchReport {
  const errors = programs.map((p) => Math.abs(errorOf(p))).sort((a, b) => a - b);
  const sum = (of: (p: TimedProgram) => number): number => programs.reduce((total, p) => total + of(p), 0);
  const total = sum((p) => p.cycles);
  const reference = sum((p) => p.expected);
  const figure = (name: string, value: number): Figure => ({ name, value, unit: '%' });
  const worst = [...programs].sort((a, b) => Math.abs(errorOf(b)) - Math.abs(errorOf(a))).slice(0, WORST);
  return {
    figures: [
      figure('numbered programs, median absolute error', percent(quantile(errors, 0.5))),
      figure('numbered programs, 95th percentile', percent(quantile(errors, 0.95))),
      figure('numbered programs, largest', percent(errors.at(-1)!)),
      figure('numbered programs, all cycles together', percent(total / reference - 1)),
      {
        name: 'numbered programs, cycles',
        value: total,
        unit: 'cycles',
        peer: reference,
        ratio: total / reference,
      },
      ...distribution('numbered programs', errors),
    ],
    notes: worst.map((p) => `worst program ${line(p)}`),
  };
}

/** First passes, whose instructions and often data are in no cache yet. */
function firstPassFigures(rows: readonly TimedProgram[]): BenchReport {
  const far = rows.filter((p) => !isClose(p));
  return {
    figures: [
      {
        name: 'first passes of microbenchmarks within 10 % or a cycle a unit',
        value: rows.length - far.length,
        unit: `of ${rows.length}`,
      },
      ...distribution(
        'first passes',
        rows.filter(({ expected }) => expected > 0).map((p) => Math.abs(errorOf(p))),
      ),
    ],
    notes: far.map((p) => `first pass not close: ${line(p)}`),
  };
}

function microbenchmarkFigures(rows: readonly TimedProgram[]): BenchReport {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const close = (of: readonly TimedProgram[]): number => of.filter(isClose).length;
  const errorsOf = (of: readonly TimedProgram[]): number[] =>
    of
      .filter((p) => p.expected > 0 && !Number.isNaN(p.cycles))
      .map((p) => Math.abs(errorOf(p)))
      .sort((a, b) => a - b);
  const figures = groups.flatMap((group): Figure[] => {
    const own = rows.filter((p) => p.group === group);
    const errors = errorsOf(own);
    const middle: Figure = {
      name: `microbenchmarks, ${group}: median absolute error`,
      value: percent(errors.length > 0 ? quantile(errors, 0.5) : NaN),
      unit: '%',
    };
    return [
      { name: `microbenchmarks, ${group}: close`, value: close(own), unit: `of ${own.length}` },
      ...(errors.length > 0 ? [middle] : []),
    ];
  });
  const far = rows.filter((p) => !isClose(p));
  const worst = rows
    .filter((p) => isClose(p) && p.expected > 0)
    .sort((a, b) => Math.abs(errorOf(b)) - Math.abs(errorOf(a)))
    .slice(0, WORST);
  return {
    figures: [
      {
        name: 'microbenchmarks within 10 % or a cycle a unit',
        value: close(rows),
        unit: `of ${rows.length}`,
      },
      ...figures,
      ...distribution('microbenchmarks', errorsOf(rows)),
    ],
    notes: [...far.map((p) => `not close: ${line(p)}`), ...worst.map((p) => `next worst: ${line(p)}`)],
  };
}

export interface TimingBenchOptions {
  /** Only each n-th numbered program. Default 1. */
  readonly every?: number;
}

/** Runs everything that is there; takes about a minute. */
export function benchTiming({ every = 1 }: TimingBenchOptions = {}): BenchReport {
  const cost = costFigures();
  const peers = ['peer of a rate: the same run without a model, in turns with it; peer of cycles: the RTL'];
  const folder = path.join(fixturesFolder(), '..', REFERENCE);
  if (!fs.existsSync(folder))
    return { figures: cost, notes: [...peers, `no errors: Microwatt's cycles are not at ${REFERENCE}`] };
  const programs = programFigures(timePrograms(folder, every));
  const micro = microbenchmarkFigures(timeMicrobenchmarks(folder));
  const first = firstPassFigures(timeMicrobenchmarks(folder, 'cold'));
  return {
    figures: [...programs.figures, ...micro.figures, ...first.figures, ...cost],
    notes: [...peers, ...programs.notes!, ...micro.notes!, ...first.notes!],
  };
}
