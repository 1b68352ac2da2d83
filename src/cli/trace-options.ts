/** Options about traces: what to record and in which form, and the filters that `boot` and `trace` share. */
import type { Options } from 'yargs';
import { UserError } from '../core/errors';
import type { TraceFilter } from '../trace/filter';
import { TRACE_KINDS, type EventName, type TraceKind } from '../trace/schema';
import { TRACE_FORMATS, type TraceFormat } from '../trace/sinks/recorder';
import { defined, flag, isSet, parsed, textOf, value, type Parsed } from './options';
import { parseAddressRange, parseChoice, parseCount, parseList, parseWindow } from './values';

export const KIND_NAMES = Object.keys(TRACE_KINDS) as TraceKind[];
const MAX_ID = 2 ** 32 - 1;

/** Filters; `prefix` distinguishes `--trace-ea` of `boot` from `--ea` of `trace`. */
export const filterOptions = (prefix: string): Record<string, Options> => ({
  [`${prefix}ea`]: value('only events in this range of effective addresses: FROM-TO, FROM+SIZE'),
  [`${prefix}pid`]: value('only events of this PID'),
  [`${prefix}lpid`]: value('only events of this LPID'),
  [`${prefix}window`]: value('only these instructions: FROM-TO, FROM-'),
});

/** The filter that the options ask for; `kinds` are those of `--trace` or `--events`. */
export function parseFilter(
  argv: Parsed,
  prefix: string,
  kinds: readonly TraceKind[] | undefined,
): TraceFilter {
  const id = (name: string): number | undefined =>
    parsed(argv, `${prefix}${name}`, (option, text) => parseCount(option, text, { max: MAX_ID }));
  const events = kinds && new Set<EventName>(kinds.flatMap((kind) => [...TRACE_KINDS[kind]]));
  return {
    ...defined('events', events),
    ...defined('ea', parsed(argv, `${prefix}ea`, parseAddressRange)),
    ...defined('pid', id('pid')),
    ...defined('lpid', id('lpid')),
    ...defined('window', parsed(argv, `${prefix}window`, parseWindow)),
  };
}

export const COLOR_OPTION = flag('colour; the default is colour on a terminal');

/** `--color`, `--no-color`, or whether the output is a terminal. */
export const wantsColor = (argv: Parsed, isTerminal: boolean): boolean =>
  argv['color'] === undefined ? isTerminal : isSet(argv, 'color');

/** What `boot` is to record. */
export interface RecordOptions {
  readonly kinds: ReadonlySet<TraceKind>;
  readonly format: TraceFormat;
  /** A file, `-` for standard output; absent: standard error. */
  readonly out?: string;
  readonly filter: TraceFilter;
}

export const recordOptions: Record<string, Options> = {
  trace: value(`events to record: ${KIND_NAMES.join(',')}`),
  'trace-format': value(`form of the trace: ${TRACE_FORMATS.join(', ')} (default: text)`),
  'trace-out': value('file for the trace, - for standard output (default: standard error)'),
  ...filterOptions('trace-'),
};

/** The trace to record, or undefined without `--trace`. */
export function parseRecordOptions(argv: Parsed): RecordOptions | undefined {
  const kinds = parsed(argv, 'trace', (option, text) => parseList(option, text, KIND_NAMES));
  if (!kinds) {
    const stray = Object.keys(recordOptions).find((name) => name !== 'trace' && argv[name] !== undefined);
    if (stray) throw new UserError(`--${stray}: needs --trace, which says what to record`);
    return undefined;
  }
  const format = parsed(argv, 'trace-format', (option, text) => parseChoice(option, text, TRACE_FORMATS));
  return {
    kinds: new Set(kinds),
    format: format ?? 'text',
    ...defined('out', textOf(argv, 'trace-out')),
    filter: parseFilter(argv, 'trace-', kinds),
  };
}
