/** `book3s trace`: renders, filters and summarises a recorded trace. */
import { UserError } from '../../core/errors';
import { matcher } from '../../trace/filter';
import { FileOutput, type TextOutput } from '../../trace/sinks/output';
import { readTrace, type RecordedTrace } from '../../trace/sinks/reader';
import { makeSink, TRACE_FORMATS, type TraceFormat } from '../../trace/sinks/recorder';
import { Summary, type TraceSummary } from '../../trace/summary';
import type { TraceFilter } from '../../trace/filter';
import type { CliIo, Command } from '../command';
import { wantsJson } from '../files';
import { flag, isSet, operand, parsed, textOf, value, type Parsed, withOperand } from '../options';
import { COLOR_OPTION, filterOptions, KIND_NAMES, parseFilter, wantsColor } from '../trace-options';
import { parseChoice, parseList } from '../values';
import { EXIT } from '../exit-codes';

/** The output that an `--out` option names. */
const open = (path: string, io: CliIo): TextOutput =>
  path === '-' ? io.out : FileOutput.open(path, '--out');

/** Writes the events that pass the filter in another form. */
function renderTrace(
  trace: RecordedTrace,
  output: TextOutput,
  how: { readonly format: TraceFormat; readonly filter: TraceFilter; readonly color: boolean },
): void {
  const sink = makeSink(output, how.format, { color: how.color });
  const matches = matcher(how.filter);
  sink.begin(trace.header);
  for (const event of trace.events) if (matches(event)) sink.event(event);
  sink.end();
}

/** Counts the events that pass the filter. */
function summariseTrace(trace: RecordedTrace, filter: TraceFilter): TraceSummary {
  const summary = new Summary();
  const matches = matcher(filter);
  for (const event of trace.events) if (matches(event)) summary.add(event);
  return summary.result();
}

/** A summary for people. */
function summaryText(summary: TraceSummary): string {
  const { events, instructions, complete, tableReads, nestedRuns } = summary;
  const lines = [
    `${events} events${instructions ? `, instructions ${instructions.first} to ${instructions.last}` : ''}` +
      (complete ? '' : ', without an end'),
  ];
  const table = (title: string, counts: { readonly [name: string]: number }): void => {
    const entries = Object.entries(counts);
    if (entries.length === 0) return;
    lines.push(`${title}:`);
    for (const [name, count] of entries) lines.push(`${String(count).padStart(12)}  ${name}`);
  };
  table('events', summary.byEvent);
  table('interrupts', summary.interrupts);
  table('walks by mode', summary.walks);
  table('walks by context', summary.contexts);
  table('failed walks', summary.faults);
  table('translation caches', summary.tlb);
  table('hypercalls', summary.hypercalls);
  table('exits of nested guests', summary.nestedExits);
  table('page faults of nested guests', summary.nestedFaults);
  table('shadow entries and trees dropped', summary.shadowInvalidations);
  table('reverse map', summary.rmap);
  table('hazards', summary.warnings);
  if (nestedRuns.runs)
    lines.push(
      `${nestedRuns.runs} runs of nested guests: ${nestedRuns.instructions} instructions, ${nestedRuns.ticks} ticks`,
    );
  if (tableReads.total)
    lines.push(`${tableReads.total} table entries read, at most ${tableReads.longest} by one walk`);
  return `${lines.join('\n')}\n`;
}

export const TRACE: Command = {
  usage: 'trace <file>',
  describe: 'render, filter and summarise a recorded trace',
  build: (yargs) =>
    withOperand(yargs, 'file', 'trace recorded with --trace-format jsonl, - for standard input')
      .options({
        format: value(`form: ${TRACE_FORMATS.join(', ')} (default: text)`),
        summary: flag('count events instead of showing them; JSON for an --out in .json'),
        out: value('file for the result, - for standard output (default)'),
        events: value(`only these events: ${KIND_NAMES.join(',')}`),
        ...filterOptions(''),
        color: COLOR_OPTION,
      })
      .example('$0 trace run.jsonl --events fault,interrupt', 'what went wrong')
      .example('$0 trace run.jsonl --format perfetto --out run.json', 'for https://ui.perfetto.dev'),
  run: (argv, io) => runTrace(argv, io),
};

function runTrace(argv: Parsed, io: CliIo): number {
  const path = operand(argv, 'file')!;
  const kinds = parsed(argv, 'events', (option, text) => parseList(option, text, KIND_NAMES));
  const filter = parseFilter(argv, '', kinds);
  const out = textOf(argv, 'out') ?? '-';
  const format = parsed(argv, 'format', (option, text) => parseChoice(option, text, TRACE_FORMATS));
  if (isSet(argv, 'summary') && format)
    throw new UserError('--format: a summary has no format; leave it out');
  const trace = readTrace(path);
  const output = open(out, io);
  try {
    if (isSet(argv, 'summary')) {
      const summary = summariseTrace(trace, filter);
      output.write(wantsJson(out) ? `${JSON.stringify(summary)}\n` : summaryText(summary));
    } else {
      const color = wantsColor(argv, io.isTerminal && out === '-');
      renderTrace(trace, output, { format: format ?? 'text', filter, color });
    }
  } finally {
    if (output !== io.out) output.close();
  }
  if (trace.truncated()) io.err.write(`book3s: ${path}: its last line is cut off and was left out\n`);
  return EXIT.OK;
}
