/** What a recorded trace contains, in numbers. Memory is bounded: rare values beyond a limit are counted together. */
import type { TraceEvent } from './events';

/** Different values that one tally keeps apart. */
const MAX_VALUES = 1000;
const OTHERS = 'others';

/** How often each value occurred. */
class Tally {
  private readonly counts = new Map<string, number>();

  add(value: string): void {
    const key = this.counts.has(value) || this.counts.size < MAX_VALUES ? value : OTHERS;
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  }

  /** Most frequent first; equals in order of their names. */
  sorted(): { readonly [value: string]: number } {
    const entries = [...this.counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  }
}

export interface TraceSummary {
  readonly events: number;
  /** Smallest and largest `t`; absent without events. */
  readonly instructions?: { readonly first: number; readonly last: number };
  /** The trace has its last event. */
  readonly complete: boolean;
  /** Number of each kind of event, of interrupts by name, of walks by mode, of failed walks by fault... */
  readonly byEvent: { readonly [ev: string]: number };
  readonly interrupts: { readonly [name: string]: number };
  readonly walks: { readonly [mode: string]: number };
  readonly faults: { readonly [fault: string]: number };
  /** Walks by context: `HV`, `LPID 1 PID 5`. */
  readonly contexts: { readonly [context: string]: number };
  readonly tlb: { readonly [action: string]: number };
  /** Table entries read by all walks, and by the longest. */
  readonly tableReads: { readonly total: number; readonly longest: number };
}

/** Counts what passes by; ask for the result at the end. */
export class Summary {
  private events = 0;
  private first = Infinity;
  private last = -Infinity;
  private complete = false;
  private reads = 0;
  private longest = 0;
  private readonly byEvent = new Tally();
  private readonly interrupts = new Tally();
  private readonly walks = new Tally();
  private readonly faults = new Tally();
  private readonly contexts = new Tally();
  private readonly tlb = new Tally();

  add(event: TraceEvent): void {
    this.events++;
    this.first = Math.min(this.first, event.t);
    this.last = Math.max(this.last, event.t);
    this.byEvent.add(event.ev);
    if (event.ev === 'end') this.complete = true;
    else if (event.ev === 'interrupt') this.interrupts.add(event.interrupt);
    else if (event.ev === 'tlb') this.tlb.add(`${event.structure} ${event.action}`);
    else if (event.ev === 'walk') {
      this.walks.add(event.mode);
      this.contexts.add(event.hv ? 'HV' : `LPID ${event.effLPID} PID ${event.effPID}`);
      if (event.fault) this.faults.add(`${event.fault.kind} (${event.fault.stage})`);
      this.reads += event.steps.length;
      this.longest = Math.max(this.longest, event.steps.length);
    }
  }

  result(): TraceSummary {
    return {
      events: this.events,
      ...(this.events ? { instructions: { first: this.first, last: this.last } } : {}),
      complete: this.complete,
      byEvent: this.byEvent.sorted(),
      interrupts: this.interrupts.sorted(),
      walks: this.walks.sorted(),
      faults: this.faults.sorted(),
      contexts: this.contexts.sorted(),
      tlb: this.tlb.sorted(),
      tableReads: { total: this.reads, longest: this.longest },
    };
  }
}
