/**
 * What a debugger does with a machine: whether it runs, what it stops at, and what is told when it has. It knows no
 * protocol; the loop that runs the machine asks it when to run and tells it how runs end.
 */
import type { DebugStop, Watchpoint } from '../cpu/debug-stops';
import type { Cpu } from '../cpu/cpu';
import type { Machine } from '../machine/machine';

/** Signals that stops are reported as: gdb's own numbers. */
export const SIGNAL = { INT: 2, TRAP: 5, ABORT: 6 } as const;

/** Kinds of breakpoint; they behave alike. */
export type BreakpointKind = 'software' | 'hardware';

/** Why the machine stands still. */
export interface StopReport {
  readonly signal: number;
  /** Number of the CPU. */
  readonly cpu: number;
  /** What of the machine stopped it; absent: a request, or the guest's end. */
  readonly breakpoint?: BreakpointKind;
  readonly watchpoint?: Watchpoint;
}

/** What each CPU is to do. */
export type CpuAction = 'continue' | 'step' | 'rest';

/** Most breakpoints, and most watchpoints. */
const MOST = 1024;

/** Who is told; each is called while it is set. */
export interface DebuggerEvents {
  stopped?: (report: StopReport) => void;
  /** The machine may be run again, or is not to be run any more: whoever waits looks. */
  changed?: () => void;
  /** The run is to be given up. */
  killed?: () => void;
}

const keyOf = ({ ea, length, kind }: Watchpoint): string => `${kind} ${ea} ${length}`;

export class Debugger {
  /** False while the machine has to stand still. */
  running = true;
  readonly events: DebuggerEvents = {};
  /** The last stop. */
  last: StopReport = { signal: SIGNAL.TRAP, cpu: 0 };
  private readonly breakpoints: Record<BreakpointKind, Set<bigint>> = {
    software: new Set(),
    hardware: new Set(),
  };
  private readonly watchpoints = new Map<string, Watchpoint>();
  private attached = false;

  /** @param image byte order of the program that was loaded, and that gdb most likely has: registers are sent in it */
  constructor(
    readonly machine: Machine,
    readonly image?: 'big' | 'little',
  ) {}

  /** A debugger is there: the machine stands still until it says so. */
  attach(): void {
    this.attached = true;
    this.last = { signal: SIGNAL.TRAP, cpu: this.machine.turns.current.state.index };
    this.running = false;
    this.events.changed?.();
  }

  /** True while a debugger is there. */
  get isAttached(): boolean {
    return this.attached;
  }

  /** It has gone: nothing stops the machine any more. @param then whether a machine that stands still goes on */
  detach(then: 'go on' | 'stay'): void {
    this.attached = false;
    for (const addresses of Object.values(this.breakpoints)) addresses.clear();
    this.watchpoints.clear();
    this.machine.execution.detachDebugger();
    this.machine.turns.rest(0);
    if (then === 'go on') this.running = true;
    this.events.changed?.();
  }

  /** The run is given up. */
  kill(): void {
    this.events.killed?.();
    this.events.changed?.();
  }

  /** @returns false: there are too many */
  addBreakpoint(ea: bigint, kind: BreakpointKind): boolean {
    const { software, hardware } = this.breakpoints;
    if (software.size + hardware.size >= MOST) return false;
    this.breakpoints[kind].add(ea);
    this.breakpointsChanged();
    return true;
  }

  removeBreakpoint(ea: bigint, kind: BreakpointKind): void {
    if (this.breakpoints[kind].delete(ea)) this.breakpointsChanged();
  }

  private breakpointsChanged(): void {
    this.machine.execution.debugStops.setBreakpoints(this.breakpointList.map(({ ea }) => ea));
  }

  /** @returns false: there are too many */
  addWatchpoint(watchpoint: Watchpoint): boolean {
    if (this.watchpoints.size >= MOST) return false;
    this.watchpoints.set(keyOf(watchpoint), watchpoint);
    this.machine.execution.debugStops.setWatchpoints(this.watchpoints.values());
    return true;
  }

  removeWatchpoint(watchpoint: Watchpoint): void {
    if (!this.watchpoints.delete(keyOf(watchpoint))) return;
    this.machine.execution.debugStops.setWatchpoints(this.watchpoints.values());
  }

  get breakpointList(): readonly { readonly ea: bigint; readonly kind: BreakpointKind }[] {
    return (['software', 'hardware'] as const).flatMap((kind) =>
      [...this.breakpoints[kind]].map((ea) => ({ ea, kind })),
    );
  }

  get watchpointList(): readonly Watchpoint[] {
    return [...this.watchpoints.values()];
  }

  /** Lets the machine run. @param action what each CPU does; one that rests does not run until the next stop */
  resume(action: (cpu: Cpu) => CpuAction): void {
    const { machine } = this;
    const actions = machine.cpus.map((cpu) => ({ cpu, does: action(cpu) }));
    const resting = actions.filter(({ does }) => does === 'rest');
    machine.turns.rest(resting.reduce((mask, { cpu }) => mask | (1 << cpu.state.index), 0));
    if (machine.turns.enabled.length === 0) {
      // None of those that may run has been started: nothing will ever happen.
      this.stop({
        signal: SIGNAL.INT,
        cpu: actions.find(({ does }) => does !== 'rest')?.cpu.state.index ?? 0,
      });
      return;
    }
    const stepping = actions.filter(({ does }) => does === 'step').map(({ cpu }) => cpu);
    const watched = this.breakpointList.length > 0 || this.watchpoints.size > 0;
    // Whoever waits for nothing pays for nothing.
    if (watched || stepping.length > 0) machine.execution.debugStops.step(stepping);
    else machine.execution.detachDebugger();
    this.running = true;
    this.events.changed?.();
  }

  /** Stops the machine where it is. */
  interrupt(): void {
    if (this.running) this.stop({ signal: SIGNAL.INT, cpu: this.machine.turns.current.state.index });
  }

  /** To be called where a run has ended for the debugger. */
  ended(stop: DebugStop): void {
    const { cpu } = stop;
    switch (stop.why) {
      case 'breakpoint': {
        const kind = this.breakpoints.software.has(this.machine.cpus[cpu]!.nia) ? 'software' : 'hardware';
        this.stop({ signal: SIGNAL.TRAP, cpu, breakpoint: kind });
        return;
      }
      case 'watchpoint':
        this.stop({ signal: SIGNAL.TRAP, cpu, watchpoint: stop.watchpoint });
        return;
      case 'step':
        this.stop({ signal: SIGNAL.TRAP, cpu });
    }
  }

  /** The guest is dead, but may be looked at. @param cpu the one that is reported */
  died(cpu: number): void {
    this.stop({ signal: SIGNAL.ABORT, cpu });
  }

  private stop(report: StopReport): void {
    this.running = false;
    this.last = report;
    this.machine.turns.rest(0);
    this.events.stopped?.(report);
    this.events.changed?.();
  }
}
