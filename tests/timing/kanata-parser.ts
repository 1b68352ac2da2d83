/**
 * A reader of Kanata 0004 after the description that Konata comes with, strict where that says what a file has to be:
 * commands and their fields, ids in order, stages that begin before they end, nothing after retirement.
 */

export interface KanataInstruction {
  readonly number: number;
  readonly thread: number;
  label: string;
  detail: string;
  /** Cycles at which stages begin, `end` of the last one, and `R`. */
  readonly stages: Record<string, number>;
  open: string | undefined;
  retirement: number | undefined;
  flushed: boolean;
}

const FIELDS: Readonly<Record<string, number>> = { 'C=': 1, C: 1, I: 3, L: 3, S: 3, E: 3, R: 3 };

function fail(line: string, why: string): never {
  throw new Error(`Kanata: ${why}: ${JSON.stringify(line)}`);
}

const whole = (line: string, text: string | undefined): number =>
  text !== undefined && /^\d+$/.test(text) ? Number(text) : fail(line, 'not a whole number');

export function parseKanata(text: string): KanataInstruction[] {
  if (!text.endsWith('\n')) fail(text.slice(-20), 'the last line has no end');
  const [header, start, ...lines] = text.slice(0, -1).split('\n');
  if (header !== 'Kanata\t0004') fail(header ?? '', 'header');
  let now = whole(start!, /^C=\t(\d+)$/.exec(start!)?.[1]);
  const all: KanataInstruction[] = [];
  const last: KanataInstruction[] = [];
  for (const line of lines) {
    const [command = '', ...fields] = line.split('\t');
    if (fields.length !== FIELDS[command]) fail(line, 'fields');
    if (command === 'C') {
      const by = whole(line, fields[0]);
      now += by > 0 ? by : fail(line, 'time stands still');
      continue;
    }
    const id = whole(line, fields[0]);
    if (command === 'I') {
      if (id !== all.length) fail(line, 'id out of order');
      all.push({
        number: whole(line, fields[1]), thread: whole(line, fields[2]), label: '', detail: '', stages: {},
        open: undefined, retirement: undefined, flushed: false,
      }); // prettier-ignore
      continue;
    }
    const one = all[id] ?? fail(line, 'no such instruction');
    if (last.includes(one)) fail(line, 'after retirement');
    if (command === 'L') {
      if (fields[1] === '0') one.label += fields[2]!;
      else if (fields[1] === '1') one.detail += fields[2]!;
      else fail(line, 'kind of label');
    } else if (command === 'S') {
      if (fields[1] !== '0' || fields[2]! in one.stages) fail(line, 'stage');
      one.stages[(one.open = fields[2]!)] = now;
    } else if (command === 'E') {
      if (one.open !== fields[2]) fail(line, 'this stage is not open');
      one.open = undefined;
      one.stages['end'] = now;
    } else {
      if (one.open !== undefined) fail(line, 'a stage is open');
      one.stages['R'] = now;
      one.retirement = whole(line, fields[1]);
      one.flushed = fields[2] === '1';
      last.push(one);
      if (last.length > 64) last.shift();
    }
  }
  const left = all.find(({ stages }) => stages['R'] === undefined);
  if (left) fail(left.label, 'never retired');
  return all;
}
