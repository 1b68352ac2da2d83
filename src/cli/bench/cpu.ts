/** `book3s bench cpu`: how fast instructions execute, and how long it takes until the first one does. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { readImage } from '../../loader';
import { Machine } from '../../machine/machine';
import { MICROWATT_MACHINE } from '../../machine/microwatt';
import { fixturesFolder } from '../fixtures';
import { benchSwitch } from './cpu-switch';
import { benchProgram, bestRates, peerNote, rateFigure } from './guest-timing';
import type { BenchReport, Figure } from './report';

export interface CpuBenchOptions {
  /** Iterations of a round of the loop. Default one million. */
  readonly iterations?: number;
  /** Instructions of each measurement of a numbered program. Default 500000. */
  readonly instructions?: number;
  /** The best of so many measurements counts: short and many, so that one is undisturbed. Default 40. */
  readonly repeats?: number;
}

const LOOP_LENGTH = 8;
const MILLION_PER_MS = 1000;

/** QEMU executes it so many times as fast that its rounds must have more iterations. */
const PEER_FACTOR = 20;

/** The eight-instruction loop in real mode and through radix, beside QEMU. */
async function benchLoop(iterations: number, rounds: number): Promise<BenchReport> {
  const figures: Figure[] = [];
  for (const [name, translated] of [
    ['load/add/store/branch loop, real mode', 0],
    ['load/add/store/branch loop, through radix', 1],
  ] as const) {
    const { here, qemu } = await bestRates({
      name: 'loop.s',
      symbols: { TRANSLATED: translated },
      counter: 'ITERATIONS',
      count: iterations,
      peerCount: iterations * PEER_FACTOR,
      rounds,
    });
    const instructions = { here: here * LOOP_LENGTH, qemu: qemu && qemu * LOOP_LENGTH };
    figures.push(rateFigure(name, 'M instructions/s', instructions));
  }
  return { figures, notes: [peerNote(figures)] };
}

/** Operations in an iteration of the floating-point loop. */
const FLOAT_OPERATIONS = 5;
/** QEMU executes it not much faster: it computes in integers too. */
const FLOAT_PEER_FACTOR = 2;

/** Additions, multiplications and divisions of doubles, each inexact, in real mode, beside QEMU. */
async function benchFloat(iterations: number, rounds: number): Promise<BenchReport> {
  const { here, qemu } = await bestRates({
    name: 'float.s',
    symbols: {},
    counter: 'ITERATIONS',
    count: iterations,
    peerCount: iterations * FLOAT_PEER_FACTOR,
    rounds,
  });
  const rates = { here: here * FLOAT_OPERATIONS, qemu: qemu && qemu * FLOAT_OPERATIONS };
  const figures = [rateFigure('floating-point loop, real mode', 'M operations/s', rates)];
  return { figures, notes: [peerNote(figures)] };
}

/** Where Microwatt's numbered programs are, beside the project. */
const PROGRAMS = path.join('..', 'shared', 'oracle', 'microwatt', 'tests-1-500.tar.xz');
/** Some of them, spread over all. */
const NUMBERS = Array.from({ length: 20 }, (_, i) => 1 + 25 * i);
const FIRST = 0x10000;
const LAST = 0x20000;
/** What ends a numbered program, and an unconditional branch. */
const TRAP = 0x7fe00008;
const BRANCH = 0x48000000;
const BRANCH_DISTANCE = 0x03fffffc;

/** A numbered program that begins again where it would end. */
function repeatedProgram(name: string, bytes: Uint8Array): Machine {
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined });
  machine.load(readImage(name, bytes));
  const view = new DataView(machine.memory.buffer, machine.memory.base, machine.memory.size);
  for (let at = FIRST; at < LAST; at += 4) {
    if (view.getUint32(at, true) !== TRAP) continue;
    view.setUint32(at, BRANCH | ((FIRST - at) & BRANCH_DISTANCE), true);
    return machine;
  }
  throw new Error(`${name} has no trap at its end`);
}

interface MixTotals {
  ms: number;
  instructions: number;
  interrupts: number;
}

/** Adds the best run of one program to the totals. */
function measureProgram(machine: Machine, instructions: number, repeats: number, totals: MixTotals): void {
  machine.execution.observers.interrupt = () => totals.interrupts++;
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    const start = performance.now();
    const { end } = machine.run(instructions);
    best = Math.min(best, performance.now() - start);
    if (end.kind !== 'budget') throw new Error(`a repeated program ended: ${JSON.stringify(end)}`);
  }
  totals.ms += best;
  totals.instructions += instructions;
}

function benchMix(instructions: number, repeats: number): BenchReport {
  const archive = path.join(fixturesFolder(), '..', PROGRAMS);
  if (!fs.existsSync(archive))
    return { figures: [], notes: [`no instruction mix: Microwatt's programs are not at ${PROGRAMS}`] };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-bench-'));
  try {
    const names = NUMBERS.map((n) => `${n}.bin`);
    execFileSync('tar', ['xf', archive, '-C', folder]);
    const totals: MixTotals = { ms: 0, instructions: 0, interrupts: 0 };
    for (const name of names) {
      const bytes = new Uint8Array(fs.readFileSync(path.join(folder, name)));
      measureProgram(repeatedProgram(name, bytes), instructions, repeats, totals);
    }
    const value = totals.instructions / totals.ms / MILLION_PER_MS;
    const figure = {
      name: `Microwatt's numbered programs, ${names.length} of them repeated`,
      value,
      unit: 'M instructions/s',
    };
    return { figures: [figure], notes: [`the repeated programs took ${totals.interrupts} interrupts`] };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The compiled program of the child process; not there where this runs from sources. */
const FIRST_INSTRUCTION = path.join(__dirname, 'first-instruction.js');

/** Processes that are started. */
const STARTS = 8;

function benchStart(): BenchReport {
  if (!fs.existsSync(FIRST_INSTRUCTION))
    return { figures: [], notes: ['no start-up time: this is not the compiled output (use bin/book3s)'] };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-bench-'));
  try {
    const file = path.join(folder, 'image.bin');
    fs.writeFileSync(file, benchProgram('loop.s', {}));
    const times = Array.from({ length: STARTS }, () =>
      Number(execFileSync(process.execPath, [FIRST_INSTRUCTION, file], { encoding: 'utf8' })),
    );
    return {
      figures: [
        { name: 'start of a process to the first instruction', value: Math.min(...times), unit: 'ms' },
      ],
    };
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** Measures; takes about a minute. */
export async function benchCpu(options: CpuBenchOptions = {}): Promise<BenchReport> {
  const { iterations = 1_000_000, instructions = 500_000, repeats = 40 } = options;
  const parts = [
    await benchLoop(iterations, repeats),
    await benchFloat(iterations / 4, repeats),
    benchMix(instructions, repeats),
    await benchSwitch(),
    benchStart(),
  ];
  return {
    figures: parts.flatMap(({ figures }) => figures),
    notes: [...new Set(parts.flatMap(({ notes = [] }) => notes))],
  };
}
