/**
 * Guest programs that time themselves: they print `B`, a dot after each round and `E`, so that two emulators are timed
 * the same way, from outside. The programs are in `fixtures/bench/`.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { assemble } from '../../asm/assemble';
import { readImage } from '../../loader';
import type { MachineDescription } from '../../machine/description';
import { Machine, type MachineEnd } from '../../machine/machine';
import { POWERNV_MACHINE } from '../../machine/powernv';
import { PSERIES_MACHINE } from '../../machine/pseries';
import { fixturesFolder } from '../fixtures';
import type { Figure } from './report';

/** What a program is assembled with, as `--defsym`. */
export type Symbols = Readonly<Record<string, number>>;

const QEMU = 'qemu-system-ppc64';
/** Where a program runs. QEMU's arguments: the processor of the same name, the image at 0 like here. */
export interface Platform {
  readonly description: MachineDescription;
  readonly memory: number;
  readonly entry: bigint;
  readonly byteOrder: 'big' | 'little';
  /** Arguments of QEMU that make the same machine. */
  readonly qemu: readonly string[];
}

const QEMU_ARGUMENTS = ['-accel', 'tcg', '-display', 'none', '-net', 'none'] as const;
export const BARE_METAL: Platform = {
  description: POWERNV_MACHINE,
  memory: 512 * 2 ** 20,
  entry: 0x10n,
  byteOrder: 'big',
  qemu: ['-M', 'powernv9', '-m', '1G'],
};
/** QEMU has no mitigations under TCG, so that the guest must not be promised any. */
export const HYPERVISOR_GUEST: Platform = {
  description: PSERIES_MACHINE,
  memory: 256 * 2 ** 20,
  entry: 0n,
  byteOrder: 'little',
  qemu: [
    '-M',
    'pseries,cap-nested-hv=on,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off',
    ...['-cpu', 'power9', '-m', '256M'],
  ],
};
const QEMU_CONSOLE = ['-serial', 'stdio', '-monitor', 'none'] as const;
const QEMU_LIMIT_MS = 120_000;
const BUDGET = 1e11;
const SLICE = 2e6;

const ROUND = '.'.charCodeAt(0);
const END = 'E'.charCodeAt(0);

/** The times at which the characters of a program came. */
class Stopwatch {
  private last = 0;
  /** Milliseconds of each round. */
  readonly rounds: number[] = [];
  ended = false;

  character(byte: number): void {
    const now = performance.now();
    if (byte === ROUND) this.rounds.push(now - this.last);
    if (byte === END) this.ended = true;
    this.last = now;
  }
}

/** Assembles a program of `fixtures/bench/`. */
export function benchProgram(
  name: string,
  symbols: Symbols,
  { byteOrder }: Pick<Platform, 'byteOrder'> = BARE_METAL,
): Uint8Array {
  const file = path.join(fixturesFolder(), 'bench', name);
  const values = Object.entries(symbols).map(([symbol, value]) => [symbol, BigInt(value)] as const);
  return assemble(fs.readFileSync(file, 'utf8'), {
    file,
    byteOrder,
    symbols: Object.fromEntries(values),
    include: (included, from) => fs.readFileSync(path.join(path.dirname(from), included), 'utf8'),
  }).bytes;
}

/** Milliseconds of each round on this emulator. */
function roundsHere(image: Uint8Array, { description, memory, entry }: Platform = BARE_METAL): number[] {
  const watch = new Stopwatch();
  const machine = new Machine({ description, memory, output: (byte) => watch.character(byte) });
  machine.load(readImage('benchmark', image, { entry }));
  let left = BUDGET;
  let end: MachineEnd = { kind: 'budget' };
  // A guest that has no power register waits at its end.
  while (!watch.ended && left > 0 && end.kind === 'budget') {
    ({ end } = machine.run(SLICE));
    left -= SLICE;
  }
  if (!watch.ended) throw new Error(`the benchmark program did not end: ${JSON.stringify(end)}`);
  return watch.rounds;
}

/** Milliseconds of each round on QEMU; undefined where it is not installed. */
async function roundsOnQemu(
  image: Uint8Array,
  platform: Platform = BARE_METAL,
): Promise<number[] | undefined> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'book3s-bench-'));
  const file = path.join(folder, 'image.bin');
  fs.writeFileSync(file, image);
  try {
    return await timeQemu(file, platform);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

function timeQemu(file: string, { qemu }: Platform): Promise<number[] | undefined> {
  return new Promise((resolve, reject) => {
    const watch = new Stopwatch();
    const child = spawn(QEMU, [...qemu, ...QEMU_ARGUMENTS, ...QEMU_CONSOLE, '-bios', file], {
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: QEMU_LIMIT_MS,
    });
    child.stdout.on('data', (data: Buffer) => {
      for (const byte of data) watch.character(byte);
      // The machine has no power register where ours is: it would go on for ever.
      if (watch.ended) child.kill();
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', () => {
      if (watch.ended) resolve(watch.rounds);
      else reject(new Error(`${QEMU} ended before the benchmark program did`));
    });
  });
}

/** A program whose rounds count something: iterations, touches. */
export interface CountingProgram {
  readonly name: string;
  readonly symbols: Symbols;
  /** The symbol that says how much a round counts. */
  readonly counter: string;
  /** What a round counts here: short rounds, so that one is undisturbed. */
  readonly count: number;
  /** ... and on QEMU, whose characters come through a pipe: a round must be long against that. */
  readonly peerCount: number;
  readonly rounds: number;
  /** Default: bare metal. */
  readonly platform?: Platform;
}

/** What the best round of each emulator counts in a second. */
export interface BestRates {
  readonly here: number;
  readonly qemu: number | undefined;
}

/** How often each emulator runs a program, by turns. */
const TURNS = 2;
const MILLISECONDS = 1000;

/** Runs a program on both emulators by turns and takes the best round of each: what else the machine does only adds. */
export async function bestRates(program: CountingProgram): Promise<BestRates> {
  const { name, symbols, counter, count, peerCount, rounds, platform = BARE_METAL } = program;
  const image = (perRound: number) =>
    benchProgram(name, { ...symbols, [counter]: perRound, ROUNDS: rounds }, platform);
  const [ours, peers] = [image(count), image(peerCount)];
  const rate = (perRound: number, times: readonly number[]): number =>
    (perRound * MILLISECONDS) / Math.min(...times);
  let here = 0;
  let qemu: number | undefined;
  for (let turn = 0; turn < TURNS; turn++) {
    here = Math.max(here, rate(count, roundsHere(ours, platform)));
    const times = await roundsOnQemu(peers, platform);
    if (times) qemu = Math.max(qemu ?? 0, rate(peerCount, times));
  }
  return { here, qemu };
}

const MILLION = 1e6;

/** Both rates as a figure in millions a second. */
export const rateFigure = (name: string, unit: string, { here, qemu }: BestRates): Figure => ({
  name,
  value: here / MILLION,
  unit,
  ...(qemu === undefined ? {} : { peer: qemu / MILLION, ratio: here / qemu }),
});

const QEMU_MISSING = `${QEMU} is not installed: no peer`;
const QEMU_NOTE = `peer: ${QEMU} (powernv9, TCG), the same image by turns in the same run; best round of each`;

/** What to say of the peer of some figures. */
export const peerNote = (figures: readonly Figure[]): string =>
  figures.every(({ peer }) => peer !== undefined) ? QEMU_NOTE : QEMU_MISSING;
