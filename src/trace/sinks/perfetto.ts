/**
 * Trace format `perfetto`: Chrome's JSON trace event format, as a JSON array, which the Perfetto UI opens. One
 * instruction is one microsecond. A process is a partition (hypervisor or LPID), a thread of it a context (CPU and
 * PID); a run of a nested guest is a slice of its CPU, with its page faults in it; a walk is a slice with a slice per
 * table entry inside, and within that the partition-scoped entries that it took to find it. Slices of a thread nest
 * strictly: a walk that would begin before the last one ended begins at its end.
 *
 * The array's end may be missing: viewers accept a trace that was cut off.
 */
import { hex0x } from '../../core/u64';
import type { TraceEvent } from '../events';
import type { TimingEvent } from '../events/execution';
import type { NestedEnterEvent, NestedExitEvent } from '../events/nested';
import type { WalkEvent, WalkStep } from '../events/walk';
import { contextOf } from '../filter';
import { stepTree } from '../steps';
import { entryGlance, formatOf, type HpteFormat } from './entry-fields';
import type { TextOutput } from './output';
import { countersOf } from './perfetto-counters';
import type { HeaderFields, TraceSink } from './sink';
import { faultText } from './text-walk';

/** All times in nanoseconds; `ts` and `dur` of the format are microseconds. */
const INSTRUCTION = 1000;
const STEP = 10;
/** Contexts with a track of their own; the others of a hostile guest share one. */
const MAX_TRACKS = 4096;

/** Numbers of the format's processes: those that are no partition come first, then LPID n at `FIRST_LPID + n`. */
const PROCESS = { MACHINE: 1, HYPERVISOR: 2, OTHERS: 3, NESTED: 4, FIRST_LPID: 10 } as const;

interface Track {
  readonly pid: number;
  readonly tid: number;
  /** End of the last slice. */
  end: number;
}

interface TrackName {
  readonly process: number;
  readonly processName: string;
  readonly name: string;
}

interface Slice {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly children: readonly Slice[];
}

const leaf = (name: string, args: Slice['args']): Slice => ({ name, args, children: [] });
const lengthOf = (slice: Slice): number =>
  slice.children.reduce((sum, child) => sum + lengthOf(child), 0) + STEP;

export class PerfettoSink implements TraceSink {
  private readonly tracks = new Map<string, Track>();
  private readonly processes = new Set<number>();
  private separator = '';
  /** CPUs with a slice that has begun: a run of a nested guest. */
  private readonly running = new Set<number>();

  constructor(private readonly output: TextOutput) {}

  begin(_header: HeaderFields): void {
    this.output.write('[');
  }

  event(event: TraceEvent): void {
    switch (event.ev) {
      case 'walk':
        return this.walk(event);
      case 'insn':
        return this.slice(this.track(instructionTrack(event.cpu)), event.t * INSTRUCTION, {
          duration: INSTRUCTION,
          slice: leaf(event.text ?? hex0x(event.ea), argsOf(event)),
        });
      case 'nested.enter':
      case 'nested.exit':
        return this.nestedRun(event);
      case 'timing':
        return this.counters(event);
      default:
        return this.instant(event);
    }
  }

  private counters(event: TimingEvent): void {
    for (const { name, series } of countersOf(event))
      this.record({ ph: 'C', name, ts: event.since, pid: PROCESS.MACHINE, args: series });
  }

  end(): void {
    this.output.write(this.separator ? '\n]\n' : ']\n');
  }

  private record(fields: Readonly<Record<string, unknown>>): void {
    this.output.write(`${this.separator}\n${JSON.stringify(fields, hexValues)}`);
    this.separator = ',';
  }

  private track(name: TrackName): Track {
    const key = `${name.process} ${name.name}`;
    const known = this.tracks.get(key);
    if (known) return known;
    if (this.tracks.size >= MAX_TRACKS && name.process !== PROCESS.OTHERS) return this.track(OTHER_CONTEXTS);
    const track = { pid: name.process, tid: this.tracks.size + 1, end: 0 };
    this.tracks.set(key, track);
    if (!this.processes.has(track.pid)) {
      this.processes.add(track.pid);
      this.record({
        ph: 'M',
        name: 'process_name',
        pid: track.pid,
        tid: 0,
        args: { name: name.processName },
      });
    }
    this.record({ ph: 'M', name: 'thread_name', pid: track.pid, tid: track.tid, args: { name: name.name } });
    return track;
  }

  /** Begins or ends the slice of a run; an end without a beginning is before the trace. */
  private nestedRun(event: NestedEnterEvent | NestedExitEvent): void {
    const { ev, t: ts, cpu, lpid, shadowLpid } = event;
    const begins = ev === 'nested.enter';
    const isRunning = this.running.has(cpu);
    if (isRunning === begins) return this.instant(event);
    if (begins) this.running.add(cpu);
    else this.running.delete(cpu);
    const { pid, tid } = this.track(nestedTrack(cpu));
    const name = `LPID ${lpid} (shadow ${shadowLpid})`;
    this.record({ ph: begins ? 'B' : 'E', name, ts, pid, tid, args: argsOf(event) });
  }

  private walk(event: WalkEvent): void {
    const track = this.track(contextTrack(event));
    const sliceOf = stepSlice(formatOf(event));
    const children = stepTree(event.steps).map(({ step, below }) => ({
      ...sliceOf(step),
      children: below.map(sliceOf),
    }));
    const outcome = event.fault ? `fault ${event.fault.kind}` : 'walk';
    const slice = { name: `${outcome} ${event.access} ${hex0x(event.ea)}`, args: argsOf(event), children };
    this.slice(track, event.t * INSTRUCTION, { slice, duration: lengthOf(slice) });
  }

  /** A slice and what is in it, children one after the other; returns nothing before the track's last end. */
  private slice(track: Track, at: number, { slice, duration }: { slice: Slice; duration: number }): void {
    const start = Math.max(at, track.end);
    this.nested(track, start, { slice, duration });
    track.end = start + duration;
  }

  private nested(track: Track, start: number, { slice, duration }: { slice: Slice; duration: number }): void {
    const { pid, tid } = track;
    const times = { ts: start / INSTRUCTION, dur: duration / INSTRUCTION };
    this.record({ ph: 'X', name: slice.name, ...times, pid, tid, args: slice.args });
    let at = start;
    for (const child of slice.children) {
      const length = lengthOf(child);
      this.nested(track, at, { slice: child, duration: length });
      at += length;
    }
  }

  private instant(event: TraceEvent): void {
    const { pid, tid } = this.track(instantTrack(event));
    const times = { ts: event.t, s: 't' };
    this.record({ ph: 'i', name: instantName(event), ...times, pid, tid, args: argsOf(event) });
  }
}

const OTHER_CONTEXTS: TrackName = {
  process: PROCESS.OTHERS,
  processName: 'other contexts',
  name: 'all CPUs',
};

const machineTrack = (name: string): TrackName => ({
  process: PROCESS.MACHINE,
  processName: 'machine',
  name,
});
const nestedTrack = (cpu: number): TrackName => ({
  process: PROCESS.NESTED,
  processName: 'nested guests',
  name: `CPU ${cpu}`,
});
const instructionTrack = (cpu: number): TrackName => machineTrack(`CPU ${cpu} instructions`);

/** The track of an event's context: hypervisor state apart from its guests. */
function contextTrack(event: TraceEvent): TrackName {
  const { lpid = 0, pid } = contextOf(event);
  const hypervisor = 'hv' in event ? event.hv : lpid === 0;
  const thread = `CPU ${event.cpu}${pid === undefined ? '' : ` PID ${pid}`}`;
  if (hypervisor)
    return { process: PROCESS.HYPERVISOR, processName: 'hypervisor (HV=1)', name: `${thread} LPID ${lpid}` };
  return { process: PROCESS.FIRST_LPID + lpid, processName: `LPID ${lpid}`, name: thread };
}

function instantTrack(event: TraceEvent): TrackName {
  switch (event.ev) {
    case 'interrupt':
    case 'fault':
      return contextTrack(event);
    case 'tlb':
      return machineTrack(`CPU ${event.cpu} TLB`);
    case 'console':
      return machineTrack(`console ${event.device}`);
    case 'nested.enter':
    case 'nested.exit':
    case 'nested.fault':
    case 'nested.warning':
    case 'shadow.invalidate':
      return nestedTrack(event.cpu);
    case 'hcall':
      return machineTrack(`CPU ${event.cpu} hypercalls`);
    case 'stats':
    case 'end':
      return machineTrack(`CPU ${event.cpu} instructions`);
    default:
      return machineTrack('L0 memory');
  }
}

function instantName(event: TraceEvent): string {
  switch (event.ev) {
    case 'interrupt':
      return `${event.interrupt} 0x${event.vector.toString(16)}`;
    case 'fault':
      return faultText(event.fault);
    case 'tlb':
      return `${event.structure} ${event.action}`;
    case 'console':
      return event.text;
    case 'end':
      return `end: ${event.reason}`;
    case 'hcall':
      return `${event.name} = ${event.result}`;
    case 'nested.fault':
      return `fault ${hex0x(event.nGpa)}: ${event.outcome}`;
    case 'shadow.invalidate':
      return `invalidate by ${event.cause}`;
    case 'rmap':
      return `rmap ${event.op}`;
    default:
      return event.ev;
  }
}

const stepSlice =
  (format: HpteFormat) =>
  (step: WalkStep): Slice => {
    const level = step.level === undefined ? '' : ` level ${step.level}`;
    const fields = entryGlance(step, format);
    return leaf(`${step.scope} ${step.what}${level}: ${step.decision}`, { ...step, fields });
  };

/** Fields that a track or a slice shows in another way. */
const SHOWN_ELSEWHERE = new Set(['ev', 'cpu', 'steps']);

const argsOf = (event: TraceEvent): Slice['args'] =>
  Object.fromEntries(Object.entries(event).filter(([name]) => !SHOWN_ELSEWHERE.has(name)));

/** 64-bit values as `0x...`: JSON has no other place for them. */
const hexValues = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? hex0x(value) : value;
