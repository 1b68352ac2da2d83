/**
 * The run loop: CPUs on one engine and one bus. It lets generated code run until something must be looked at,
 * delivers interrupts between instructions, and counts time. What generated code asks for is in `guest-calls.ts`.
 */
import { Engine } from '../engine/engine';
import { EXIT } from '../engine/exit';
import { ArchitectedCaches } from '../mmu/tlb/caches';
import { Translator } from '../mmu/translate';
import { WalkCache } from '../mmu/walk-cache';
import { offsetOf } from '../state/layout';
import { Agenda } from './agenda';
import { deliver } from './asynchronous';
import { Coherence } from './coherence';
import { Clock } from './clock';
import { ContextTracker } from './contexts';
import { DebugStops } from './debug-stops';
import { Cpu, type CpuHooks, type TakenInterrupt } from './cpu';
import { engineOptions } from './engine-options';
import type { ExecutionCounters, ExecutionObservers, ExecutionOptions, RunEnd } from './execution-options';
import { fetchPage } from './fetch';
import { GuestCalls } from './guest-calls';
import { Observers } from './observers';
import { retiresWith, type InterruptDetail } from './interrupts';
import { loopReport, Progress } from './progress';
import { RandomNumbers } from './random';
import { Storage } from './storage';
import { Stretch } from './stretch';
import type { TimingPort } from './timing-port';
import { afterInstruction, isStepping } from './trace-interrupt';

export type { ExecutionOptions, ExecutionObservers, RunEnd } from './execution-options';

const RETIRED = offsetOf('RETIRED');
const STOPPED = offsetOf('STOPPED');
const DCTX = offsetOf('DCTX');
/** The number of no context: nothing in the translation caches has it. */
const NO_CONTEXT = 0;
/** Longest stretch in generated code without looking around, in instructions. */
const LONGEST_STRETCH = 0x3fffffff;

export class Execution {
  readonly engine: Engine;
  readonly cpus: readonly Cpu[];
  readonly observers: ExecutionObservers = new Observers(() => this.engine.forgetSwitches());
  readonly counters: ExecutionCounters = { interrupts: 0, storageMisses: 0, fetchMisses: 0, services: 0 };
  private readonly storages: readonly Storage[];
  private readonly tracker: ContextTracker;
  private readonly agendas: readonly Agenda[];
  private readonly stretch = new Stretch();
  private readonly calls = new GuestCalls();
  /** Instructions and time of the CPUs. */
  readonly clock: Clock;
  private readonly coherence: Coherence;
  private readonly progress: readonly Progress[];
  /** By CPU: a budget ended its last stretch where a cycle model would not have looked for timers. */
  private readonly cut: boolean[];
  private readonly random = new RandomNumbers();
  private debug: DebugStops | undefined;
  /** How generated code was left last. */
  private exit = 0;

  constructor(private readonly options: ExecutionOptions) {
    const { model } = options;
    this.engine = new Engine(engineOptions(options), this.calls);
    this.clock = new Clock(this.stretch, options.timing);
    this.tracker = new ContextTracker(this.engine, model);
    const hooks = this.hooks();
    const { ram } = this.engine;
    this.cpus = this.engine.cpus.map((state) => {
      const translator = options.translator?.(ram, model) ?? new Translator(ram, model.mmu);
      translator.walks = new WalkCache();
      const cpu: Cpu = new Cpu(state, model, translator, { ...hooks, now: () => this.clock.now(cpu) });
      return cpu;
    });
    const { timing } = options;
    this.coherence = new Coherence(this.engine, this.cpus, this.tracker, timing);
    this.storages = this.cpus.map(
      (cpu) => new Storage(cpu, this.engine, () => this.coherence.tablesChanged()),
    );
    this.agendas = this.cpus.map((cpu) => new Agenda(cpu, timing && (() => timing.cycles(cpu))));
    if (timing) this.attachTiming(timing);
    this.progress = this.cpus.map(({ state }) => new Progress(state));
    this.cut = this.cpus.map(() => false);
    const { engine, cpus, storages, agendas, progress, tracker, stretch, observers, counters } = this;
    this.calls.attach({
      engine, cpus, storages, agendas, progress, tracker, stretch, timing, observers, counters,
    }); // prettier-ignore
    this.cpus.forEach((cpu) => this.reset(cpu));
  }

  private attachTiming(timing: TimingPort): void {
    timing.attach(this.engine, this.cpus);
    this.storages.forEach((storage, i) => {
      storage.onAccess = (access) => timing.accessed(this.cpus[i]!, access);
      if (timing.leaf) storage.leafOf = () => timing.leaf!(this.cpus[i]!);
      // A model that sees instructions one by one sees their accesses here.
      if (timing.observe) storage.cacheable = false;
    });
  }

  /** Puts a CPU into its state after reset. */
  reset(cpu: Cpu): void {
    cpu.reset();
    this.options.timing?.reset(cpu);
    this.tracker.changed(cpu);
  }

  /** State of the random numbers that guests get, as `"0x..."`. */
  get randomState(): string {
    return this.random.state;
  }

  set randomState(state: string) {
    this.random.state = state;
  }

  /** To be called after memory and registers were replaced from outside: images, snapshots. */
  memoryReplaced(): void {
    this.engine.replaced();
    this.coherence.forgetWalks();
    for (const agenda of this.agendas) agenda.forget();
    for (const progress of this.progress) progress.forget();
    this.cut.fill(false);
    this.options.timing?.forget();
    this.cpus.forEach((cpu) => this.registersChanged(cpu));
  }

  /** To be called after registers were changed from outside. */
  registersChanged(cpu: Cpu): void {
    this.tracker.changed(cpu);
  }

  /** Translates every load and store through the CPU models' architected lookaside buffers from now on. */
  useArchitectedTlb(): void {
    for (const { translator, model } of this.cpus) translator.caches = new ArchitectedCaches(model.tlb);
    for (const storage of this.storages) storage.cacheable = false;
    this.memoryReplaced();
  }

  /**
   * Runs one CPU until the budget is used up, it waits, or the machine stops.
   * @param budget instructions, at least 1; an interrupt without an instruction since the one before counts as one
   */
  run(cpu: Cpu, budget: number): { end: RunEnd; used: number } {
    const { reservations } = this.engine;
    reservations.enter(cpu.state);
    const [hi, lo] = [cpu.state.hi(RETIRED), cpu.state.lo(RETIRED)];
    const result = this.runEntered(cpu, budget);
    // What it executed may help a CPU that is stuck.
    if (cpu.state.lo(RETIRED) !== lo || cpu.state.hi(RETIRED) !== hi) this.retryLoops();
    reservations.leave(cpu.state);
    return result;
  }

  private runEntered(cpu: Cpu, budget: number): { end: RunEnd; used: number } {
    this.stretch.cpu = cpu.state.index;
    const agenda = this.agendas[cpu.state.index]!;
    const progress = this.progress[cpu.state.index]!;
    const { debug } = this;
    debug?.prepare();
    let pass = false;
    let left = budget;
    while (left > 0 && !this.stretch.stopped) {
      const cut = this.cut[cpu.state.index]!;
      this.cut[cpu.state.index] = false;
      if ((cut ? agenda.isRequested() : agenda.mustLook()) && deliver(cpu)) {
        progress.breakLoop();
        left -= progress.takeBarren();
        continue;
      }
      const next = agenda.timeToNext();
      if (cpu.state.int(STOPPED)) {
        if (next === Infinity) return { end: { kind: 'idle' }, used: budget - left };
        const idle = Math.min(Math.max(next, 1), left);
        this.clock.pass(cpu, idle);
        left -= idle;
        continue;
      }
      if (next !== Infinity) progress.breakLoop();
      else if (progress.isLoop) return { end: loopReport(cpu), used: budget - left };
      if (debug?.stopsBefore(cpu)) {
        this.cut[cpu.state.index] = cut;
        break;
      }
      const stepping = isStepping(cpu);
      const single = debug?.begin(cpu) ?? false;
      const grant =
        stepping || single || pass
          ? 1
          : Math.min(left, this.clock.until(cpu, cut ? next : Math.max(next, 1)), LONGEST_STRETCH);
      const executed = this.enter(cpu, Math.max(grant, 1), { stepping, pass });
      left -= executed + progress.takeBarren();
      debug?.left(cpu, executed);
      // The instruction is no breakpoint at this address, or is to be executed all the same.
      pass = this.exit === EXIT.stop;
    }
    return { end: this.takeEnd(), used: budget - left };
  }

  /** Why the loop ended. A stop for a debugger ends it once. */
  private takeEnd(): RunEnd {
    const { stopped } = this.stretch;
    if (stopped?.kind === 'debug') this.stretch.stopped = undefined;
    return stopped ?? { kind: 'budget' };
  }

  /** Where runs stop for a debugger; none until it is asked for. */
  get debugStops(): DebugStops {
    return (this.debug ??= this.attachDebugger());
  }

  /** Takes all of {@link debugStops} away. */
  detachDebugger(): void {
    if (!this.debug) return;
    this.debug = undefined;
    this.engine.stops.clear();
    for (const cpu of this.cpus) cpu.accessWatch = undefined;
  }

  private attachDebugger(): DebugStops {
    const debug = new DebugStops({
      stops: this.engine.stops,
      end: (end) => {
        this.stretch.stopped ??= end;
      },
      forgetTranslations: () => this.coherence.tablesChanged(),
    });
    for (const cpu of this.cpus) cpu.accessWatch = debug;
    return debug;
  }

  /** Lets CPUs that are stuck (`interruptLoop`) try again: something may have changed. */
  retryLoops(): void {
    for (const progress of this.progress) if (progress.isLoop) progress.forget();
  }

  /** Ends the run after the instruction that is executing: a device wants it. */
  stop(): void {
    this.stretch.stopped = { kind: 'attn' };
  }

  /** Forgets that the machine stopped, so that it can go on (debuggers). */
  resume(): void {
    this.stretch.stopped = undefined;
  }

  /**
   * Runs generated code once.
   * @param how a trace interrupt may follow the instruction; generated code was left before the instruction at NIA,
   *   which is to be executed now
   * @returns instructions retired
   */
  private enter(cpu: Cpu, grant: number, how: { stepping: boolean; pass: boolean }): number {
    const { stepping } = how;
    const { state } = cpu;
    const now = this.stretch;
    now.begin(cpu, grant);
    const switches = this.engine.switches[state.index]!;
    switches.forget();
    const observed = stepping || this.observers.instruction !== undefined;
    const variant = this.tracker.variant(cpu, observed || this.options.timing?.observe !== undefined);
    now.variant = variant;
    now.stepping = stepping;
    this.exit = how.pass
      ? this.engine.stops.pass(state, () => this.enterAt(cpu, grant))
      : this.enterAt(cpu, grant);
    const { exit } = this;
    this.options.timing?.left?.(cpu);
    switches.settle(this.counters);
    const executed = now.end(cpu);
    // Generated code looks for the end of its time at lines of code and branches: a run in slices is to do the same.
    const ended = exit === EXIT.budget || exit === EXIT.stop;
    this.cut[state.index] = ended && this.options.timing !== undefined && !stepping;
    if (stepping && executed === 1) afterInstruction(cpu, this.calls.completed);
    if (exit === EXIT.fetch) {
      this.counters.fetchMisses++;
      const page = fetchPage(this.engine, cpu, variant, this.options.timing);
      if (page !== undefined) this.debug?.fetched(cpu, page);
    }
    return executed;
  }

  private enterAt(cpu: Cpu, grant: number): number {
    const { variant, stepping } = this.stretch;
    return stepping ? this.step(cpu, variant) : this.engine.enter(cpu.state, variant, grant);
  }

  /** Runs one instruction. None of its accesses is left to generated code: the trace interrupt wants the address. */
  private step(cpu: Cpu, variant: number): number {
    const storage = this.storages[cpu.state.index]!;
    const { cacheable } = storage;
    storage.cacheable = false;
    cpu.state.setHalves(DCTX, 0, NO_CONTEXT);
    const exit = this.engine.enter(cpu.state, variant, 1);
    storage.cacheable = cacheable;
    this.tracker.changed(cpu);
    return exit;
  }

  /** An interrupt was taken: time passes with it where nothing else makes it pass. */
  private interruptTaken(cpu: Cpu, taken: () => TakenInterrupt, detail: InterruptDetail): void {
    const inFlight = this.stretch.inFlight(cpu);
    const barren = this.progress[cpu.state.index]!.isBarren({ inFlight, retires: retiresWith(detail) });
    // A cycle model says itself what an interrupt costs.
    if (barren && !this.options.timing) this.clock.pass(cpu, 1);
    this.counters.interrupts++;
    this.options.timing?.interrupted(cpu);
    this.debug?.interrupted(cpu);
    this.observers.interrupt?.(cpu, taken());
  }

  /** The machine's hypervisor took an interrupt: time passes with it where it does not help. */
  private served(cpu: Cpu, detail: InterruptDetail): true {
    if (retiresWith(detail)) return true;
    const barren = this.progress[cpu.state.index]!.isBarrenService(this.stretch.inFlight(cpu));
    if (barren && !this.options.timing) this.clock.pass(cpu, 1);
    return true;
  }

  private hooks(): Omit<CpuHooks, 'now'> {
    const { options, engine } = this;
    const bus = options.bus(engine.ram, (address, bytes, store) =>
      this.coherence.storeReal(address, bytes, store),
    );
    return {
      bus,
      ...(options.timing
        ? { retired: (cpu: Cpu) => this.clock.retired(cpu), events: options.timing.events }
        : {}),
      contextChanged: (cpu) => {
        this.tracker.changed(cpu);
        options.timing?.contextChanged(cpu);
      },
      msrChanged: (cpu) => {
        this.tracker.msrChanged(cpu);
        options.timing?.contextChanged(cpu);
      },
      invalidate: (by, what) => this.coherence.invalidate(by, what),
      invalidateProcessPage: (hi, lo, shift) => this.coherence.invalidateProcessPage(hi, lo, shift),
      // Stores to decoded pages are seen as they happen.
      invalidateInstructions: () => undefined,
      cpus: () => this.cpus,
      machineStop: (_cpu, reason) => {
        this.stretch.stopped = reason;
      },
      random: () => this.random.next(),
      ...(options.hypercall ? { hypercall: options.hypercall } : {}),
      ...(options.hypervisorInterrupt
        ? {
            hypervisorInterrupt: (cpu, name, detail) => {
              const { nia } = cpu;
              if (!options.hypervisorInterrupt!(cpu, name, detail)) return false;
              if (this.debug && cpu.nia !== nia) this.debug.interrupted(cpu);
              return this.served(cpu, detail);
            },
          }
        : {}),
      ...(options.resumed ? { resumed: options.resumed } : {}),
      memoryChanged: (address, bytes) => this.coherence.memoryChanged(address, bytes),
      interruptTaken: (cpu, taken, detail) => this.interruptTaken(cpu, taken, detail),
    };
  }
}
