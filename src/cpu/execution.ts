/**
 * The run loop: CPUs on one engine and one bus. It lets generated code run until something must be looked at,
 * delivers interrupts between instructions, counts time, and answers what generated code asks for.
 */
import { hasRow } from '../../isa/decoder';
import type { RaiseReason } from '../../isa/vocabulary/services';
import type { RealMemory } from '../core/memory';
import { hex0x, u64 } from '../core/u64';
import { Engine, type EngineHost } from '../engine/engine';
import { EXIT } from '../engine/helpers';
import { SERVICE_NAMES } from '../engine/lowering';
import type { AccessDescriptor } from '../engine/storage-code';
import { ACCESS } from '../mmu/access';
import { ArchitectedCaches } from '../mmu/tlb/caches';
import { STRUCTURE, type Invalidation } from '../mmu/invalidate';
import { Translator } from '../mmu/translate';
import { WalkCache } from '../mmu/walk-cache';
import { offsetOf, RECORD } from '../state/layout';
import { Agenda } from './agenda';
import { deliver } from './asynchronous';
import { compatibilitySet } from './compatibility';
import { ContextTracker } from './contexts';
import { Cpu, type Bus, type CpuHooks, type StopReason, type TakenInterrupt } from './cpu';
import { takeStorageInterrupt } from './interrupts';
import type { CpuModel } from './models/model';
import { OUTCOME, type Outcome } from './outcome';
import { countersBegin, settleActiveCounters } from './performance-monitor';
import { Progress } from './progress';
import { raise } from './raise';
import { conditionalShift } from './reservation';
import { SERVICE_TABLE, type Service } from './services';
import { plainSprs } from './spr';
import { Storage } from './storage';
import { storeAround } from './table-stores';
import type { TimingPort } from './timing-port';
import { afterInstruction, isStepping, type CompletedInstruction } from './trace-interrupt';

const NIA = offsetOf('NIA');
const LEFT = offsetOf('LEFT');
const IP = offsetOf('IP');
const ARG = offsetOf('ARG');
const RETIRED = offsetOf('RETIRED');
const CRACKED = offsetOf('CRACKED');
const IDLE = offsetOf('IDLETIME');
const STOPPED = offsetOf('STOPPED');
const PENDING_AT = offsetOf('PENDING');
const DCTX = offsetOf('DCTX');
/** The number of no context: nothing in the translation caches has it. */
const NO_CONTEXT = 0;
const PAGE_SHIFT = 12;
const PAGE_MASK = ~0xfff;
/** Longest stretch in generated code without looking around, in instructions. */
const LONGEST_STRETCH = 0x3fffffff;

/** Why {@link Execution.run} returned. */
export type RunEnd =
  /** The budget is used up. */
  | { readonly kind: 'budget' }
  /** Every CPU waits and no timer will wake one: only a device can. */
  | { readonly kind: 'idle' }
  /** The machine stopped. */
  | StopReason
  /** The guest takes interrupts without ever completing an instruction. */
  | { readonly kind: 'interruptLoop'; readonly message: string };

export interface ExecutionOptions {
  readonly model: CpuModel;
  readonly ramSize: number;
  readonly cpus?: number;
  /** Decoded pages kept, at least 2. */
  readonly recordSlots?: number;
  /** The bus of the machine: memory is there, devices are the machine's. */
  readonly bus: (ram: RealMemory, stored: (address: number, bytes: number, store: () => void) => void) => Bus;
  /** Makes the translator of a CPU; absent: the coherent one. */
  readonly translator?: (ram: RealMemory, model: CpuModel) => Translator;
  /** Answers sc 1 where the machine has a hypervisor of its own. */
  readonly hypercall?: (cpu: Cpu) => boolean;
  /** Takes what would enter hypervisor state, where the machine has a hypervisor of its own. */
  readonly hypervisorInterrupt?: NonNullable<CpuHooks['hypervisorInterrupt']>;
  /** Is told of a stopped thread that an exception lets go on. */
  readonly resumed?: NonNullable<CpuHooks['resumed']>;
  /** A cycle model: time is then cycles. */
  readonly timing?: TimingPort;
}

/** Who watches a run; each is called while it is set. */
export interface ExecutionObservers {
  /** Before each instruction. */
  instruction?: ((cpu: Cpu) => void) | undefined;
  interrupt?: ((cpu: Cpu, taken: TakenInterrupt) => void) | undefined;
}

export class Execution implements EngineHost {
  readonly engine: Engine;
  readonly cpus: readonly Cpu[];
  readonly observers: ExecutionObservers = {};
  /** What has happened since the machine was made; none of it depends on the host. */
  readonly counters = { interrupts: 0, storageMisses: 0, fetchMisses: 0, services: 0 };
  private readonly storages: readonly Storage[];
  private readonly tracker: ContextTracker;
  private readonly agendas: readonly Agenda[];
  private stopped: StopReason | undefined;
  /** The CPU that runs, and the budget it entered generated code with. */
  private current = 0;
  private granted = 0;
  /** Instructions of this stretch that are in RETIRED already. */
  private settled = 0;
  /** The variant of generated code that it runs. */
  private variant = 0;
  private stepping = false;
  private readonly progress: readonly Progress[];
  /** By CPU: a budget ended its last stretch where a cycle model would not have looked for timers. */
  private readonly cut: boolean[];
  /** What the last observed instruction was, for the trace interrupt after it, and what it accessed first. */
  private stepped: CompletedInstruction | undefined;
  private accessed: bigint | undefined;
  private random64 = RANDOM_SEED;

  constructor(private readonly options: ExecutionOptions) {
    const { model } = options;
    const implemented = { level: model.level, features: model.features };
    this.engine = new Engine(
      {
        ramSize: options.ramSize,
        cpus: options.cpus ?? 1,
        code: {
          blockShift: model.cacheBlockShift,
          cracksLoadUpdates: model.cracksLoadUpdates,
          keepsReservedXer: model.keepsReservedXer,
          conditionalShift: conditionalShift(model),
          plainSprs: plainSprs(model),
        },
        implements: (row) => hasRow(implemented, row),
        reservationShift: model.reservationShift,
        ...(options.timing?.weaver ? { weaver: options.timing.weaver } : {}),
        ...(options.recordSlots === undefined ? {} : { recordSlots: options.recordSlots }),
      },
      this,
    );
    this.tracker = new ContextTracker(this.engine, model);
    const hooks = this.hooks();
    const { ram } = this.engine;
    this.cpus = this.engine.cpus.map((state) => {
      const translator = options.translator?.(ram, model) ?? new Translator(ram, model.mmu);
      translator.walks = new WalkCache();
      const cpu: Cpu = new Cpu(state, model, translator, { ...hooks, now: () => this.now(cpu) });
      return cpu;
    });
    const { timing } = options;
    this.storages = this.cpus.map((cpu) => new Storage(cpu, this.engine, () => this.tablesChanged()));
    this.agendas = this.cpus.map((cpu) => new Agenda(cpu, timing && (() => timing.cycles(cpu))));
    if (timing) this.attachTiming(timing);
    this.progress = this.cpus.map(({ state }) => new Progress(state));
    this.cut = this.cpus.map(() => false);
    this.cpus.forEach((cpu) => this.reset(cpu));
  }

  private attachTiming(timing: TimingPort): void {
    timing.attach(this.engine, this.cpus);
    this.storages.forEach((storage, i) => {
      storage.onAccess = (access) => timing.accessed(this.cpus[i]!, access);
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
    return hex0x(this.random64);
  }

  set randomState(state: string) {
    this.random64 = BigInt(state);
  }

  /** To be called after memory and registers were replaced from outside: images, snapshots. */
  memoryReplaced(): void {
    this.engine.replaced();
    this.forgetWalks();
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

  /** Instructions that a CPU has retired since reset. */
  retired(cpu: Cpu): bigint {
    return cpu.state.get(RETIRED) + BigInt(this.inFlight(cpu));
  }

  /** Those that are not in RETIRED yet. */
  private inFlight({ state }: Cpu): number {
    return state.index === this.current ? this.granted - state.int(LEFT) : 0;
  }

  /**
   * Instructions as the CPU model counts them: where it completes a load with update as two operations, those count
   * as two.
   */
  instructions(cpu: Cpu): bigint {
    return this.retired(cpu) + cpu.state.get(CRACKED);
  }

  /**
   * Runs one CPU until the budget is used up, it waits, or the machine stops.
   * @param budget instructions, at least 1; an interrupt without an instruction since the one before counts as one
   */
  run(cpu: Cpu, budget: number): { end: RunEnd; used: number } {
    const { reservations } = this.engine;
    reservations.enter(cpu.state);
    const result = this.runEntered(cpu, budget);
    reservations.leave(cpu.state);
    return result;
  }

  private runEntered(cpu: Cpu, budget: number): { end: RunEnd; used: number } {
    this.current = cpu.state.index;
    const agenda = this.agendas[cpu.state.index]!;
    const progress = this.progress[cpu.state.index]!;
    let left = budget;
    while (left > 0 && !this.stopped) {
      if (progress.isLoop) return { end: this.loopReport(cpu), used: budget - left };
      const cut = this.cut[cpu.state.index]!;
      this.cut[cpu.state.index] = false;
      if ((cut ? agenda.isRequested() : agenda.mustLook()) && deliver(cpu)) {
        left -= progress.takeBarren();
        continue;
      }
      const next = agenda.timeToNext();
      if (cpu.state.int(STOPPED)) {
        if (next === Infinity) return { end: { kind: 'idle' }, used: budget - left };
        const idle = Math.min(Math.max(next, 1), left);
        this.pass(cpu, idle);
        left -= idle;
        continue;
      }
      const stepping = isStepping(cpu);
      const grant = stepping
        ? 1
        : Math.min(left, this.untilTime(cpu, cut ? next : Math.max(next, 1)), LONGEST_STRETCH);
      left -= this.stretch(cpu, Math.max(grant, 1), stepping) + progress.takeBarren();
    }
    return { end: this.stopped ?? { kind: 'budget' }, used: budget - left };
  }

  /** Instructions that can be granted until `next` units of time have passed; a cycle model leaves by itself. */
  private untilTime(cpu: Cpu, next: number): number {
    const { timing } = this.options;
    if (!timing) return next;
    timing.leaveAt(cpu, timing.cycles(cpu) + next);
    return Infinity;
  }

  /** Lets time pass for a CPU that does nothing in it. @param units of the machine's time */
  pass(cpu: Cpu, units: number): void {
    if (units <= 0) return;
    if (this.options.timing) this.options.timing.idled(cpu, units);
    else cpu.state.set(IDLE, cpu.state.get(IDLE) + BigInt(units));
  }

  /** Ends the run after the instruction that is executing: a device wants it. */
  stop(): void {
    this.stopped = { kind: 'attn' };
  }

  /** Forgets that the machine stopped, so that it can go on (debuggers). */
  resume(): void {
    this.stopped = undefined;
  }

  /** Runs generated code once. @returns instructions retired */
  private stretch(cpu: Cpu, grant: number, stepping: boolean): number {
    const { state } = cpu;
    this.granted = grant;
    this.settled = 0;
    state.setInt(LEFT, grant);
    const observed = stepping || this.observers.instruction !== undefined;
    const variant = this.tracker.variant(cpu, observed || this.options.timing?.observe !== undefined);
    this.variant = variant;
    this.stepping = stepping;
    const exit = stepping ? this.step(cpu, variant) : this.engine.enter(state, variant, grant);
    this.options.timing?.left?.(cpu);
    this.settle(cpu);
    const executed = this.settled;
    // Generated code looks for the end of its time at lines of code and branches: a run in slices is to do the same.
    this.cut[state.index] = exit === EXIT.budget && this.options.timing !== undefined && !stepping;
    this.granted = 0;
    state.setInt(LEFT, 0);
    if (stepping && executed === 1) {
      const ea = this.accessed;
      afterInstruction(cpu, ea === undefined ? this.stepped! : { ...this.stepped!, ea });
    }
    if (exit === EXIT.fetch) this.fetch(cpu, variant);
    return executed;
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

  /** Brings RETIRED up to date in the middle of a stretch. */
  private settle({ state }: Cpu): void {
    const done = this.granted - state.int(LEFT);
    if (done === 0) return;
    state.add(RETIRED, done);
    this.granted -= done;
    this.settled += done;
  }

  /** Translates NIA for fetching, or takes the interrupt. */
  private fetch(cpu: Cpu, variant: number): void {
    const { state, translator } = cpu;
    const { ram } = this.engine;
    this.counters.fetchMisses++;
    if (!translator.access(state, ACCESS.fetch, state.hi(NIA), state.lo(NIA))) {
      takeStorageInterrupt(cpu);
      return;
    }
    const page = (translator.raLo & PAGE_MASK) >>> 0;
    if (!ram.contains(translator.raHi, page, 4096)) {
      translator.failBadRealAddress();
      takeStorageInterrupt(cpu);
      return;
    }
    const mode = this.engine.decodeMode(variant, compatibilitySet(cpu));
    this.engine.cacheFetch(state, { hi: state.hi(NIA), lo: state.lo(NIA) }, page, mode);
  }

  /** An interrupt was taken: time passes with it where nothing else makes it pass. */
  private interruptTaken(cpu: Cpu, taken: () => TakenInterrupt): void {
    const { state } = cpu;
    const barren = this.progress[state.index]!.isBarren(this.inFlight(cpu));
    // A cycle model says itself what an interrupt costs.
    if (barren && !this.options.timing) this.pass(cpu, 1);
    this.counters.interrupts++;
    this.options.timing?.interrupted(cpu);
    this.observers.interrupt?.(cpu, taken());
  }

  private loopReport(cpu: Cpu): RunEnd {
    this.progress[cpu.state.index]!.forget();
    const message =
      `CPU ${cpu.state.index} takes interrupts without completing an instruction: ` +
      `NIA ${hex0x(cpu.nia)}, MSR ${hex0x(cpu.msr)}`;
    return { kind: 'interruptLoop', message };
  }

  /** Does a store to real memory that no translation cache did. */
  private storeReal(address: number, bytes: number, store: () => void): void {
    const stale = storeAround(this.engine.ram, address, bytes, store);
    this.engine.written(address, bytes);
    if (stale) this.tablesChanged();
  }

  /** Bytes changed that no CPU stored: what was decoded from them goes, and what was translated from tables there. */
  private memoryChanged(address: number, bytes: number): void {
    this.engine.written(address, bytes);
    const { tablePages } = this.engine.ram;
    const last = (address + bytes - 1) >>> PAGE_SHIFT;
    for (let page = address >>> PAGE_SHIFT; page <= last; page++)
      if (tablePages[page] !== 0) {
        this.tablesChanged();
        return;
      }
  }

  /** Nothing that was translated so far is certain any more. */
  private tablesChanged(): void {
    this.engine.contexts.drop(() => true);
    this.forgetWalks();
    this.cpus.forEach((cpu) => this.tracker.changed(cpu));
  }

  private forgetWalks(): void {
    for (const { translator } of this.cpus) translator.walks?.clear();
  }

  private hooks(): Omit<CpuHooks, 'now'> {
    const { options, engine } = this;
    const bus = options.bus(engine.ram, (address, bytes, store) => this.storeReal(address, bytes, store));
    return {
      bus,
      ...(options.timing ? { retired: (cpu: Cpu) => this.retired(cpu), events: options.timing.events } : {}),
      contextChanged: (cpu) => {
        this.tracker.changed(cpu);
        options.timing?.contextChanged(cpu);
      },
      invalidate: (by, what) => {
        for (const each of this.cpus)
          if (!what.local || each === by) each.translator.invalidate(each.state, what);
        this.tracker.invalidate(by, what);
        if (!ofPages(what)) this.forgetWalks();
        this.cpus.forEach((each) => {
          this.tracker.changed(each);
          if (!what.local || each === by) options.timing?.invalidated(each, what);
        });
      },
      // Stores to decoded pages are seen as they happen.
      invalidateInstructions: () => undefined,
      cpus: () => this.cpus,
      machineStop: (_cpu, reason) => {
        this.stopped = reason;
      },
      random: () => this.random(),
      ...(options.hypercall ? { hypercall: options.hypercall } : {}),
      ...(options.hypervisorInterrupt ? { hypervisorInterrupt: options.hypervisorInterrupt } : {}),
      ...(options.resumed ? { resumed: options.resumed } : {}),
      memoryChanged: (address, bytes) => this.memoryChanged(address, bytes),
      interruptTaken: (cpu, taken) => this.interruptTaken(cpu, taken),
    };
  }

  /** Time of a CPU: one unit an instruction or cycle, and what passed while it was stopped. */
  private now(cpu: Cpu): bigint {
    const { timing } = this.options;
    const busy = timing ? BigInt(timing.cycles(cpu)) : this.retired(cpu);
    return busy + BigInt.asIntN(64, cpu.state.get(IDLE));
  }

  /**
   * What IDLETIME is in a snapshot: time beyond one unit an instruction. So that time goes on from there under any
   * model of it.
   */
  savedIdleTime(cpu: Cpu): bigint {
    return u64(this.now(cpu) - this.retired(cpu));
  }

  /** The opposite, for registers that were restored. */
  restoredIdleTime(cpu: Cpu): void {
    const { timing } = this.options;
    if (!timing) return;
    cpu.state.set(IDLE, u64(cpu.state.get(IDLE) + this.retired(cpu) - BigInt(timing.cycles(cpu))));
    countersBegin(cpu);
  }

  /** What a cycle model has counted goes into the registers: a snapshot holds nothing of the model. */
  settleCounters(): void {
    if (this.options.timing) this.cpus.forEach(settleActiveCounters);
  }

  /** splitmix64: the same sequence in every run. */
  private random(): bigint {
    this.random64 = u64(this.random64 + RANDOM_STEP);
    let z = this.random64;
    z = u64((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d049bb133111ebn);
    return z ^ (z >> 31n);
  }

  /** Puts the image of the executing instruction into the CPU. */
  private setImage(cpu: Cpu): void {
    if (cpu.translator.observer) this.settle(cpu);
    const record = cpu.state.int(IP);
    const word = this.engine.code.wordAt(record);
    cpu.prefixed = word >>> 26 === PREFIX_OPCODE;
    cpu.imageHi = cpu.prefixed ? word : 0;
    cpu.imageLo = cpu.prefixed ? this.engine.code.wordAt(record + RECORD.size) : word;
  }

  /** The instruction that is about to execute, as the trace interrupt after it wants it. */
  private describe(cpu: Cpu): CompletedInstruction {
    const { mnemonic, timing } = this.engine.instructionAt(cpu.state.int(IP))!.row;
    return { cia: cpu.nia, msr: cpu.msr, prefixed: cpu.prefixed, mnemonic, timing };
  }

  service(index: number, service: number): number {
    const cpu = this.cpus[index]!;
    const { state } = cpu;
    this.setImage(cpu);
    this.counters.services++;
    if (this.stepping && ACCESSES[service]!) this.accessed ??= cpu.arg(0);
    const outcome: Outcome = SERVICES[service]!(cpu);
    if (outcome === OUTCOME.NEXT) return 0;
    if (outcome === OUTCOME.RESUME) cpu.setNia(cpu.followingHi, cpu.followingLo);
    if (outcome !== OUTCOME.FAULT) state.setInt(LEFT, state.int(LEFT) - 1);
    return this.goOn(cpu);
  }

  raise(index: number, reason: RaiseReason): number {
    const cpu = this.cpus[index]!;
    this.setImage(cpu);
    raise(cpu, reason, cpu.state.get(ARG));
    return this.goOn(cpu);
  }

  /**
   * After something that changed the context: how generated code is to go on. It may at NIA where the run loop would
   * only enter it again: nothing is to be delivered, no timer comes within the budget, the mode is the same.
   */
  private goOn(cpu: Cpu): number {
    if (this.stopped || this.stepping || this.options.timing !== undefined) return EXIT.event;
    this.settle(cpu);
    const { index } = cpu.state;
    const agenda = this.agendas[index]!;
    const quiet =
      !this.progress[index]!.hasBarren &&
      !agenda.isRequested() &&
      agenda.timeToNext() >= cpu.state.int(LEFT) &&
      this.tracker.modeOf(cpu) === this.variant &&
      !isStepping(cpu);
    return quiet ? EXIT.resume : EXIT.event;
  }

  storage(index: number, access: AccessDescriptor): number {
    const cpu = this.cpus[index]!;
    this.setImage(cpu);
    const requests = cpu.state.int(PENDING_AT);
    this.counters.storageMisses++;
    if (this.stepping) this.accessed ??= cpu.state.get(ARG);
    if (!this.storages[index]!.perform(access)) return this.goOn(cpu);
    // A device may have raised a line, or ended the run: the instruction completes, then the run loop looks.
    if (this.stopped || cpu.state.int(PENDING_AT) !== requests) this.engine.leaveAfter(cpu.state);
    return 0;
  }

  observe(index: number): number {
    const cpu = this.cpus[index]!;
    this.setImage(cpu);
    const { timing } = this.options;
    if (timing?.observe?.(cpu) ?? timing?.leavesBefore?.(cpu)) return EXIT.event;
    this.observers.instruction?.(cpu);
    if (isStepping(cpu)) {
      this.stepped = this.describe(cpu);
      this.accessed = undefined;
    }
    return 0;
  }
}

/** Structures that hold final translations of effective addresses, and nothing of tables. */
const FINAL = STRUCTURE.ERAT | STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_COMBINED;

/** True where only pages of processes are invalidated, and no tables. */
const ofPages = ({ scope, structures }: Invalidation): boolean =>
  scope === 'process' && (structures & ~FINAL) === 0;

/** Services by their numbers in generated code; those that access storage at their first operand. */
const SERVICES: readonly Service[] = SERVICE_NAMES.map((name) => SERVICE_TABLE[name]);
const ACCESSING: ReadonlySet<string> = new Set([
  'lqarx', 'stqcx', 'loadAtomic', 'storeAtomic', 'copy', 'paste',
]); // prettier-ignore
const ACCESSES: readonly boolean[] = SERVICE_NAMES.map((name) => ACCESSING.has(name));
/** splitmix64. */
const RANDOM_SEED = 0x9e3779b97f4a7c15n;
const RANDOM_STEP = 0x9e3779b97f4a7c15n;
/** Primary opcode of every prefix. */
const PREFIX_OPCODE = 1;
