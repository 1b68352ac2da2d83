/** What a recorded trace contains, in numbers. Memory is bounded: rare values beyond a limit are counted together. */
import type { TraceEvent } from './events';

/** Different values that one tally keeps apart. */
const MAX_VALUES = 1000;
const OTHERS = 'others';

const hex = (value: number): string => `0x${value.toString(16)}`;

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
  /** Hypercalls by name and result. */
  readonly hypercalls: { readonly [call: string]: number };
  /** Of nested guests: exits by LPID of L1, trap and reason; page faults by LPID, trap and outcome. */
  readonly nestedExits: { readonly [exit: string]: number };
  readonly nestedFaults: { readonly [fault: string]: number };
  /** Shadow entries or trees that went, by cause; what happened to entries of the reverse map; hazards. */
  readonly shadowInvalidations: { readonly [cause: string]: number };
  readonly rmap: { readonly [op: string]: number };
  readonly warnings: { readonly [hazard: string]: number };
  /** What all runs of nested guests came to. */
  readonly nestedRuns: { readonly runs: number; readonly instructions: number; readonly ticks: number };
  /** Table entries read by all walks, and by the longest. */
  readonly tableReads: { readonly total: number; readonly longest: number };
}

/** How the mapping of a fault was filed, where it was. */
const rmapOf = (rmap: string | undefined): string => (rmap === undefined ? '' : `, rmap ${rmap}`);

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
  private readonly hypercalls = new Tally();
  private readonly nestedExits = new Tally();
  private readonly nestedFaults = new Tally();
  private readonly shadowInvalidations = new Tally();
  private readonly rmap = new Tally();
  private readonly warnings = new Tally();
  private readonly runs = { runs: 0, instructions: 0, ticks: 0 };

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
    } else this.addNested(event);
  }

  private addNested(event: TraceEvent): void {
    switch (event.ev) {
      case 'hcall':
        return this.hypercalls.add(`${event.name} = ${event.result}`);
      case 'nested.exit':
        this.runs.runs++;
        this.runs.instructions += event.instructions ?? 0;
        this.runs.ticks += Number(event.ticks);
        return this.nestedExits.add(`LPID ${event.lpid} ${hex(event.trap)} ${event.reason}`);
      case 'nested.fault':
        return this.nestedFaults.add(
          `LPID ${event.lpid} ${hex(event.trap)} ${event.outcome}${rmapOf(event.rmap)}`,
        );
      case 'shadow.invalidate':
        return this.shadowInvalidations.add(event.cause);
      case 'rmap':
        return this.rmap.add(`${event.op}${event.live ? '' : ' of a stale entry'}`);
      case 'nested.warning':
        return this.warnings.add(event.hazard);
      default:
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
      hypercalls: this.hypercalls.sorted(),
      nestedExits: this.nestedExits.sorted(),
      nestedFaults: this.nestedFaults.sorted(),
      shadowInvalidations: this.shadowInvalidations.sorted(),
      rmap: this.rmap.sorted(),
      warnings: this.warnings.sorted(),
      nestedRuns: { ...this.runs },
      tableReads: { total: this.reads, longest: this.longest },
    };
  }
}
