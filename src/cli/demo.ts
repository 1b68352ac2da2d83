/**
 * `book3s demo`, what `npm start` does: assembles the embedded hypervisor and its guest, runs them, and shows the
 * console, the walks that they caused and the counters.
 */
import chalk, { type Chalk } from 'chalk';
import fs from 'node:fs';
import path from 'node:path';
import { assemble } from '../asm/assemble';
import { readImage } from '../loader';
import { Machine } from '../machine/machine';
import { POWERNV_MACHINE } from '../machine/powernv';
import { Tracer } from '../machine/tracer';
import type { TraceEvent } from '../trace/events';
import type { WalkEvent } from '../trace/events/walk';
import { interruptTitle, sizeText } from '../trace/sinks/text-walk';
import type { CliIo } from './command';
import { EXIT } from './exit-codes';
import { countersOf } from './session';

const FIXTURE = 'hypervisor.s';
const ENTRY = 0x10n;
const MEMORY = 64 * 2 ** 20;
/** Many times what the demonstration needs. */
const BUDGET = 10_000_000;

/** The folder of the embedded guests, in a checkout and in an installed package. */
export function fixturesFolder(): string {
  for (let folder = __dirname; ; folder = path.dirname(folder)) {
    const found = path.join(folder, 'fixtures', FIXTURE);
    if (fs.existsSync(found)) return path.dirname(found);
    if (folder === path.dirname(folder))
      throw new Error(`fixtures/${FIXTURE} is missing from this installation`);
  }
}

/** @returns the exit code */
export function runDemo({ color }: { readonly color: boolean }, io: CliIo): Promise<number> {
  const paint = new chalk.Instance({ level: color ? 1 : 0 });
  const folder = fixturesFolder();
  const read = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8');
  const { bytes } = assemble(read(FIXTURE), { file: FIXTURE, include: read });

  let console = '';
  const machine = new Machine({
    description: POWERNV_MACHINE,
    memory: MEMORY,
    output: (byte) => {
      console += String.fromCharCode(byte);
    },
  });
  const events: TraceEvent[] = [];
  new Tracer(machine, { kinds: new Set(['walk', 'interrupt']), emit: (event) => events.push(event) });
  machine.load(readImage(FIXTURE, bytes, { entry: ENTRY }));
  const { end } = machine.run(BUDGET);

  const title = (text: string): string => `\n${paint.bold(text)}\n`;
  io.out.write(`${paint.bold(`${FIXTURE} on powernv, ${machine.model.name}`)}\n`);
  io.out.write(title('Console') + console);
  io.out.write(title('Translations, and the interrupts between them') + table(events, paint));
  io.out.write(title('Counters') + counters(machine));
  io.out.write(
    '\nSee one translation in full:  book3s boot IMAGE --trace walk    Explain one address:  book3s walk EA\n',
  );
  return Promise.resolve(end.kind === 'power' && end.request.kind === 'off' ? EXIT.OK : EXIT.GUEST_FAILURE);
}

const COLUMNS = ['t', 'access', 'context', 'EA', 'guest RA', 'host RA', 'page', 'reads'] as const;
const WIDTHS = [6, 7, 16, 12, 10, 10, 5, 5] as const;

const row = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (i === 1 || i === 2 ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i] ?? 0)))
    .join('  ');

function table(events: readonly TraceEvent[], paint: Chalk): string {
  const lines = [paint.dim(row(COLUMNS))];
  for (const event of events) {
    if (event.ev === 'walk' && event.mode !== 'hypervisor real') lines.push(walkRow(event, paint));
    if (event.ev === 'interrupt')
      lines.push(
        paint.yellow(`${String(event.t).padStart(WIDTHS[0])}  ${interruptTitle(event.interrupt)} interrupt`),
      );
  }
  return `${shorten(lines).join('\n')}\n`;
}

/** Runs of the same interrupt (a guest printing) as one line. */
function shorten(lines: readonly string[]): string[] {
  const out: string[] = [];
  let repeated = 0;
  lines.forEach((line, i) => {
    const same = (other: string | undefined): boolean =>
      other !== undefined && line.includes('interrupt') && line.slice(NUMBER) === other.slice(NUMBER);
    if (same(lines[i - 1])) repeated++;
    else repeated = 0;
    if (repeated === 0) out.push(line);
    else if (repeated === 1) out.push(line);
    else out[out.length - 1] = `${line} (and ${repeated - 1} more of them before it)`;
  });
  return out;
}
/** The number of the instruction is at the start of a line and differs. */
const NUMBER = WIDTHS[0] + 6;

const hex = (value: bigint | undefined): string => (value === undefined ? '-' : value.toString(16));

function walkRow(walk: WalkEvent, paint: Chalk): string {
  const context = `LPID ${walk.effLPID} PID ${walk.effPID}`;
  const head = [String(walk.t), walk.access, context, hex(walk.ea)];
  const reads = String(walk.steps.length);
  if (!walk.result) {
    const { interrupt, asdr } = walk.fault!;
    return paint.red(
      `${row([...head, hex(asdr), '-', '-', reads])}  ${interruptTitle(interrupt)}: ${walk.fault!.kind}`,
    );
  }
  const { ra, pageShift } = walk.result;
  return row([...head, hex(walk.result.guestRa), hex(ra), sizeText(pageShift), reads]);
}

function counters(machine: Machine): string {
  return Object.entries(countersOf(machine))
    .map(([name, value]) => `${name.padEnd(16)} ${value}\n`)
    .join('');
}
