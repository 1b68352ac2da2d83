/** Options about time in cycles: which model, and the pipeline trace that it can write. */
import type { Options } from 'yargs';
import { UserError } from '../core/errors';
import {
  checkProfileName,
  MOST_TRACED,
  PROFILES,
  profileOf,
  type TimingProfile,
  type TraceWindow,
} from '../timing';
import type { EventName } from '../trace/schema';
import { readText } from './files';
import { parsed, textOf, value, type Parsed } from './options';
import type { RecordOptions } from './trace-options';
import { parseCount } from './values';

/** A pipeline trace to write. */
export interface PipelineOptions {
  readonly file: string;
  readonly window: TraceWindow;
}

/** Instructions of a pipeline trace unless the user says otherwise: what Konata shows at once without effort. */
const DEFAULT_WINDOW: TraceWindow = { first: 0, count: 100_000 };

const names = ['none', ...Object.keys(PROFILES)];

export const timingOptions: Record<string, Options> = {
  timing: value(`cycle model: ${names.join(', ')}, or a profile in JSON (default: none)`),
  pipeline: value('write a pipeline trace for Konata (Kanata format); needs --timing'),
  'pipeline-window': value(
    `instructions of CPU 0 in it: FROM:COUNT or FROM-TO (default: ${DEFAULT_WINDOW.first}:${DEFAULT_WINDOW.count})`,
  ),
};

/** The profile that `--timing` names; a file is read. @throws UserError */
export const readProfile = (name: string): TimingProfile | undefined =>
  profileOf(name, (file) => readText(file, 'timing profile'));

/** What `--timing` says, where it is a name that there is, or may be a file. */
export function checkedTiming(_option: string, name: string): string {
  checkProfileName(name);
  return name;
}

/**
 * The trace with samples of the cycle model: where they were asked for, and always for Perfetto, which draws them.
 * @throws UserError where there is no model
 */
export function withSamples(trace: RecordOptions | undefined, timing: string): RecordOptions | undefined {
  if (!trace || (timing === 'none' && !trace.kinds.has('timing'))) return trace;
  if (timing === 'none')
    throw new UserError('--trace timing: needs a cycle model; give --timing microwatt or another one');
  if (trace.format !== 'perfetto') return trace;
  const events = new Set<EventName>([...(trace.filter.events ?? []), 'timing']);
  return {
    ...trace,
    kinds: new Set([...trace.kinds, 'timing' as const]),
    filter: { ...trace.filter, events },
  };
}

/** The pipeline trace to write, or undefined. @param timing what `--timing` says */
export function parsePipeline(argv: Parsed, timing: string): PipelineOptions | undefined {
  const file = textOf(argv, 'pipeline');
  const window = parsed(argv, 'pipeline-window', parseTraceWindow);
  if (file === undefined) {
    if (window) throw new UserError('--pipeline-window: needs --pipeline FILE, which says where to write');
    return undefined;
  }
  if (timing === 'none')
    throw new UserError('--pipeline: needs a cycle model; give --timing microwatt or another one');
  return { file, window: window ?? DEFAULT_WINDOW };
}

/** `FROM:COUNT`, or `FROM-TO` with the end not included; the first instruction after the start is 0. */
function parseTraceWindow(option: string, text: string): TraceWindow {
  const [, from = '', sign = '', second = ''] = /^([^-:+]*)([-:+])(.*)$/.exec(text) ?? [];
  if (sign === '')
    throw new UserError(`${option}: expected FROM:COUNT or FROM-TO of instructions, got "${text}"`);
  const first = parseCount(option, from);
  const number = parseCount(option, second);
  const count = sign === '-' ? number - first : number;
  if (count < 1 || count > MOST_TRACED)
    throw new UserError(`${option}: expected 1 to ${MOST_TRACED} instructions, got ${count} ("${text}")`);
  return { first, count };
}
