/** What generated code asks for while an instruction executes: services, interrupts, accesses, and to be observed. */
import type { RaiseReason } from '../../isa/vocabulary/services';
import type { Engine, EngineHost } from '../engine/engine';
import { EXIT } from '../engine/exit';
import { SERVICE_NAMES } from '../engine/service-code';
import type { AccessDescriptor } from '../engine/storage-code';
import { offsetOf, RECORD } from '../state/layout';
import type { Agenda } from './agenda';
import type { ContextTracker } from './contexts';
import type { Cpu } from './cpu';
import type { ExecutionCounters, ExecutionObservers } from './execution-options';
import { OUTCOME, type Outcome } from './outcome';
import type { Progress } from './progress';
import { raise } from './raise';
import { SERVICE_TABLE, type Service } from './services';
import type { Storage } from './storage';
import type { Stretch } from './stretch';
import type { TimingPort } from './timing-port';
import { isStepping, type CompletedInstruction } from './trace-interrupt';

const LEFT = offsetOf('LEFT');
const IP = offsetOf('IP');
const ARG = offsetOf('ARG');
const PENDING_AT = offsetOf('PENDING');

/** Services by their numbers in generated code; those that access storage at their first operand. */
const SERVICES: readonly Service[] = SERVICE_NAMES.map((name) => SERVICE_TABLE[name]);
const ACCESSING: ReadonlySet<string> = new Set([
  'lqarx', 'stqcx', 'loadAtomic', 'storeAtomic', 'copy', 'paste',
]); // prettier-ignore
const ACCESSES: readonly boolean[] = SERVICE_NAMES.map((name) => ACCESSING.has(name));
/** Primary opcode of every prefix. */
const PREFIX_OPCODE = 1;

/** What the run loop shares with the answers; lists are by CPU. */
export interface LoopParts {
  readonly engine: Engine;
  readonly cpus: readonly Cpu[];
  readonly storages: readonly Storage[];
  readonly agendas: readonly Agenda[];
  readonly progress: readonly Progress[];
  readonly tracker: ContextTracker;
  readonly stretch: Stretch;
  readonly timing: TimingPort | undefined;
  readonly observers: ExecutionObservers;
  readonly counters: ExecutionCounters;
}

export class GuestCalls implements EngineHost {
  private loop!: LoopParts;
  /** What the last observed instruction was, for the trace interrupt after it, and what it accessed first. */
  private stepped: CompletedInstruction | undefined;
  private accessed: bigint | undefined;

  /** To be called before anything runs: the engine wants its host before it is part of a loop. */
  attach(loop: LoopParts): void {
    this.loop = loop;
  }

  /** The last observed instruction, which has completed. */
  get completed(): CompletedInstruction {
    const ea = this.accessed;
    return ea === undefined ? this.stepped! : { ...this.stepped!, ea };
  }

  /** Puts the image of the executing instruction into the CPU. */
  private setImage(cpu: Cpu): void {
    if (cpu.translator.observer) this.loop.stretch.settle(cpu);
    const record = cpu.state.int(IP);
    const word = this.loop.engine.code.wordAt(record);
    cpu.prefixed = word >>> 26 === PREFIX_OPCODE;
    cpu.imageHi = cpu.prefixed ? word : 0;
    cpu.imageLo = cpu.prefixed ? this.loop.engine.code.wordAt(record + RECORD.size) : word;
  }

  /** The instruction that is about to execute, as the trace interrupt after it wants it. */
  private describe(cpu: Cpu): CompletedInstruction {
    const { mnemonic, timing } = this.loop.engine.instructionAt(cpu.state.int(IP))!.row;
    return { cia: cpu.nia, msr: cpu.msr, prefixed: cpu.prefixed, mnemonic, timing };
  }

  service(index: number, service: number): number {
    const cpu = this.loop.cpus[index]!;
    const { state } = cpu;
    this.setImage(cpu);
    this.loop.counters.services++;
    if (this.loop.stretch.stepping && ACCESSES[service]!) this.accessed ??= cpu.arg(0);
    const outcome: Outcome = SERVICES[service]!(cpu);
    if (outcome === OUTCOME.NEXT) return 0;
    if (outcome === OUTCOME.RESUME) cpu.setNia(cpu.followingHi, cpu.followingLo);
    if (outcome !== OUTCOME.FAULT) state.setInt(LEFT, state.int(LEFT) - 1);
    return this.goOn(cpu);
  }

  raise(index: number, reason: RaiseReason): number {
    const cpu = this.loop.cpus[index]!;
    this.setImage(cpu);
    raise(cpu, reason, cpu.state.get(ARG));
    return this.goOn(cpu);
  }

  /**
   * After something that changed the context: how generated code is to go on. It may at NIA where the run loop would
   * only enter it again: nothing is to be delivered, no timer comes within the budget, the mode is the same.
   */
  private goOn(cpu: Cpu): number {
    if (this.loop.stretch.stopped || this.loop.stretch.stepping || this.loop.timing !== undefined)
      return EXIT.event;
    this.loop.stretch.settle(cpu);
    const { index } = cpu.state;
    const agenda = this.loop.agendas[index]!;
    const quiet =
      !this.loop.progress[index]!.hasBarren &&
      !agenda.isRequested() &&
      agenda.timeToNext() >= cpu.state.int(LEFT) &&
      this.loop.tracker.modeOf(cpu) === this.loop.stretch.variant &&
      !isStepping(cpu);
    return quiet ? EXIT.resume : EXIT.event;
  }

  storage(index: number, access: AccessDescriptor): number {
    const cpu = this.loop.cpus[index]!;
    this.setImage(cpu);
    const requests = cpu.state.int(PENDING_AT);
    this.loop.counters.storageMisses++;
    if (this.loop.stretch.stepping) this.accessed ??= cpu.state.get(ARG);
    if (!this.loop.storages[index]!.perform(access)) return this.goOn(cpu);
    // A device may have raised a line, or ended the run: the instruction completes, then the run loop looks.
    if (this.loop.stretch.stopped || cpu.state.int(PENDING_AT) !== requests)
      this.loop.engine.leaveAfter(cpu.state);
    return 0;
  }

  observe(index: number): number {
    const cpu = this.loop.cpus[index]!;
    this.setImage(cpu);
    const { timing } = this.loop;
    if (timing?.observe?.(cpu) ?? timing?.leavesBefore?.(cpu)) return EXIT.event;
    this.loop.observers.instruction?.(cpu);
    if (isStepping(cpu)) {
      this.stepped = this.describe(cpu);
      this.accessed = undefined;
    }
    return 0;
  }
}
