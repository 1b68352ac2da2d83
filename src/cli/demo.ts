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
import { countersOf } from './statistics';

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
    tlb: 'architected',
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
    '\nEvery translation in full: book3s boot IMAGE --trace walk. One address explained: book3s walk EA --snapshot F\n',
  );
  return Promise.resolve(end.kind === 'power' && end.request.kind === 'off' ? EXIT.OK : EXIT.GUEST_FAILURE);
}

const COLUMNS = [
  't',
  'access',
  'context',
  'EA',
  'guest RA',
  'host RA',
  'page',
  'levels',
  'reads',
  'TLB hits',
] as const;
const WIDTHS = [6, 6, 13, 9, 9, 8, 4, 6, 5, 8] as const;
const TEXT_COLUMNS = [1, 2];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (TEXT_COLUMNS.includes(i) ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i] ?? 0)))
    .join('  ');
const hex = (value: bigint | undefined): string => (value === undefined ? '-' : value.toString(16));

/** A row of the table: a walk and how often its translation was used again, or interrupts of one kind in a row. */
type Row =
  | { readonly walk: WalkEvent; hits: number }
  | { readonly interrupt: string; readonly t: number; count: number };

/** Translations of one page in one context: the TLB does not distinguish kinds of access. */
const pageOf = (walk: WalkEvent): string =>
  [walk.mode, walk.effLPID, walk.effPID, walk.ea >> PAGE_SHIFT].join();
const PAGE_SHIFT = 12n;

function rowsOf(events: readonly TraceEvent[]): Row[] {
  const rows: Row[] = [];
  const pages = new Map<string, Extract<Row, { walk: WalkEvent }>>();
  for (const event of events) {
    if (event.ev === 'walk' && event.mode !== 'hypervisor real') {
      const known = pages.get(pageOf(event));
      if (event.steps.length === 0 && known) known.hits++;
      else {
        const row = { walk: event, hits: 0 };
        pages.set(pageOf(event), row);
        rows.push(row);
      }
    } else if (event.ev === 'interrupt') {
      const last = rows.at(-1);
      const interrupt = interruptTitle(event.interrupt);
      if (last && 'interrupt' in last && last.interrupt === interrupt) last.count++;
      else rows.push({ interrupt, t: event.t, count: 1 });
    }
  }
  return rows;
}

function table(events: readonly TraceEvent[], paint: Chalk): string {
  const lines = rowsOf(events).map((row) =>
    'walk' in row ? walkLine(row.walk, row.hits, paint) : interruptLine(row, paint),
  );
  return `${[paint.dim(line(COLUMNS)), ...lines].join('\n')}\n`;
}

function interruptLine(
  { t, interrupt, count }: { t: number; interrupt: string; count: number },
  paint: Chalk,
): string {
  const times = count === 1 ? '' : ` x ${count}`;
  return paint.yellow(`${String(t).padStart(WIDTHS[0])}  ${interrupt} interrupt${times}`);
}

/** Levels of the process's tree and of the partition's tree that led to the page. */
function levelsOf({ steps }: WalkEvent): string {
  const entries = steps.filter(({ what }) => what === 'PDE' || what === 'PTE');
  const process = entries.filter(({ scope }) => scope === 'process').length;
  const partition = entries.filter(
    ({ scope, purpose }) => scope === 'partition' && purpose === 'access',
  ).length;
  return `${process}+${partition}`;
}

function walkLine(walk: WalkEvent, hits: number, paint: Chalk): string {
  const context = `LPID ${walk.effLPID} PID ${walk.effPID}`;
  const head = [String(walk.t), walk.access, context, hex(walk.ea)];
  const tail = [levelsOf(walk), String(walk.steps.length)];
  if (walk.fault) {
    const why = `${interruptTitle(walk.fault.interrupt)}: ${walk.fault.kind}`;
    return paint.red(`${line([...head, hex(walk.fault.asdr), '-', '-', ...tail, '-'])}  ${why}`);
  }
  const { ra, guestRa, pageShift } = walk.result!;
  return line([...head, hex(guestRa), hex(ra), sizeText(pageShift), ...tail, String(hits)]);
}

function counters(machine: Machine): string {
  return Object.entries(countersOf(machine))
    .map(([name, value]) => `${name.padEnd(16)} ${value}\n`)
    .join('');
}
