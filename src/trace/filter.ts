/**
 * Which events of a run are wanted. An event that does not have what a filter asks about (a console has no effective
 * address) does not match; `stats` and `end` always pass.
 */
import type { TraceEvent } from './events';
import type { EventName } from './schema';

export interface TraceFilter {
  /** Kinds of event; absent: all. */
  readonly events?: ReadonlySet<EventName>;
  /** Effective addresses `from..to`, both included. */
  readonly ea?: { readonly from: bigint; readonly to: bigint };
  readonly pid?: number;
  readonly lpid?: number;
  /** Instructions retired: `from <= t < to`. */
  readonly window?: { readonly from: number; readonly to: number };
}

/** The effective address that an event is about. */
function eaOf(event: TraceEvent): bigint | undefined {
  switch (event.ev) {
    case 'insn':
    case 'fault':
    case 'walk':
    case 'tlb':
    case 'l0.fault':
    case 'nested.fault':
      return event.ea;
    case 'interrupt':
      return event.from;
    case 'nested.enter':
    case 'nested.exit':
      return event.nip;
    default:
      return undefined;
  }
}

/** The effective LPID and PID that an event belongs to. */
export function contextOf(event: TraceEvent): {
  readonly lpid?: number | undefined;
  readonly pid?: number | undefined;
} {
  switch (event.ev) {
    case 'insn':
    case 'interrupt':
    case 'fault':
      return { lpid: event.lpid, pid: event.pid };
    case 'walk':
      return { lpid: event.effLPID, pid: event.effPID };
    case 'tlb':
      return { lpid: event.lpid, pid: event.pid };
    // The hardware's LPID, which walks of the nested guest have too.
    case 'nested.enter':
    case 'nested.exit':
    case 'nested.fault':
    case 'nested.guest':
    case 'shadow.invalidate':
      return { lpid: event.shadowLpid };
    default:
      return {};
  }
}

/** A function that says whether an event passes the filter. */
export function matcher(filter: TraceFilter): (event: TraceEvent) => boolean {
  const tests: ((event: TraceEvent) => boolean)[] = [];
  const { events, ea, pid, lpid, window } = filter;
  if (events) tests.push((e) => events.has(e.ev));
  if (window) tests.push((e) => e.t >= window.from && e.t < window.to);
  if (lpid !== undefined) tests.push((e) => contextOf(e).lpid === lpid);
  if (pid !== undefined) tests.push((e) => contextOf(e).pid === pid);
  if (ea)
    tests.push((e) => {
      const address = eaOf(e);
      return address !== undefined && address >= ea.from && address <= ea.to;
    });
  return (event) => event.ev === 'end' || event.ev === 'stats' || tests.every((test) => test(event));
}
