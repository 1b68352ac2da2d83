/** What generated code asks for while an instruction executes: services, interrupts, accesses, and to be observed. */
import type { RaiseReason } from '../../isa/vocabulary/services';
import type { Engine, EngineHost } from '../engine/engine';
import { EXIT } from '../engine/exit';
import { SERVICE_NAMES } from '../engine/service-code';
import type { SwitchRequest } from '../engine/switches';
import type { AccessDescriptor } from '../engine/storage-code';
import { MSR } from '../../isa/registers/msr';
import type { ServiceName } from '../../isa/vocabulary/services';
import { maskOf } from '../core/bits';
import { loOf } from '../core/u64';
import { offsetOf, RECORD, SWITCH_KINDS } from '../state/layout';
import type { Agenda } from './agenda';
import type { ContextTracker } from './contexts';
import type { Cpu } from './cpu';
import type { ExecutionCounters, ExecutionObservers } from './execution-options';
import { OUTCOME, type Outcome } from './outcome';
import { countersMayRun } from './performance-monitor';
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
const MSR_AT = offsetOf('MSR');
const PENDING_AT = offsetOf('PENDING');

/** Services by their numbers in generated code; those that access storage at their first operand. */
const SERVICES: readonly Service[] = SERVICE_NAMES.map((name) => SERVICE_TABLE[name]);
const ACCESSING: ReadonlySet<string> = new Set([
  'lqarx', 'stqcx', 'loadAtomic', 'storeAtomic', 'copy', 'paste',
]); // prettier-ignore
const ACCESSES: readonly boolean[] = SERVICE_NAMES.map((name) => ACCESSING.has(name));
/** Positions among the kinds of switches of MSR, -1 for all other services. */
const KINDS: readonly number[] = SERVICE_NAMES.map((name) =>
  (SWITCH_KINDS as readonly string[]).indexOf(name),
);
const [SC, RFID, HRFID, MTMSRD] = [0, 1, 2, 3] as const satisfies readonly number[];
/** Where the operand of a kind is. */
const OPERANDS = [ARG, offsetOf('SRR1'), offsetOf('HSRR1'), ARG] as const;
/** Services that change nothing but their result: what is known of switches stays true. */
const PURE_NAMES: ReadonlySet<ServiceName> = new Set(['mfspr', 'quadFloat', 'decimalFloat']);
const PURE: readonly boolean[] = SERVICE_NAMES.map((name) => PURE_NAMES.has(name));
const FLOAT_ENABLES = loOf(maskOf(MSR.FE0, MSR.FE1));
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
    this.setImage(cpu);
    this.loop.counters.services++;
    if (this.loop.stretch.stepping && ACCESSES[service]!) this.accessed ??= cpu.arg(0);
    const kind = KINDS[service]!;
    if (kind >= 0) return this.switch(cpu, service, kind);
    const outcome: Outcome = SERVICES[service]!(cpu);
    if (outcome === OUTCOME.NEXT) {
      if (!PURE[service]!) this.loop.engine.switches[index]!.forget();
      return 0;
    }
    return this.goOn(cpu, outcome);
  }

  /** A service that switches MSR: generated code may do the same by itself the next time. */
  private switch(cpu: Cpu, service: number, kind: number): number {
    const { state } = cpu;
    const at = OPERANDS[kind]!;
    const from = {
      msrHi: state.hi(MSR_AT),
      msrLo: state.lo(MSR_AT),
      operandHi: state.hi(at),
      operandLo: state.lo(at),
      long: kind === MTMSRD ? cpu.argInt(1) : 0,
    };
    const { timing } = this.loop;
    const relocation = timing?.relocation?.(cpu);
    const outcome = SERVICES[service]!(cpu);
    const alike = timing?.relocation?.(cpu) === relocation;
    const next = this.whereNext(cpu, outcome);
    const switches = this.loop.engine.switches[state.index]!;
    if (next === EXIT.resume && alike && this.isRepeatable(cpu, outcome, kind, from))
      switches.keep(kind, from);
    else switches.forget();
    return next;
  }

  /**
   * True where a switch that has just been made, and after which generated code goes on, would be the same again: its
   * outcome is its usual one, and nothing decided about it but MSR, its operand, and what only TypeScript changes.
   */
  private isRepeatable(cpu: Cpu, outcome: Outcome, kind: number, { operandLo }: SwitchRequest): boolean {
    if (this.loop.observers.interrupt !== undefined || countersMayRun(cpu)) return false;
    // Whether FPSCR brings an interrupt is not asked again; where it has brought one MSR is that of its handler.
    if ((cpu.state.lo(MSR_AT) & FLOAT_ENABLES) !== 0) return false;
    switch (kind) {
      case SC:
        // LEV 1 may be answered by a hypervisor of the machine's own.
        return outcome === OUTCOME.REDIRECT && (operandLo & 1) === 0;
      case RFID:
      case HRFID:
        return outcome === OUTCOME.REDIRECT && (operandLo & FLOAT_ENABLES) === 0;
      default:
        return outcome === OUTCOME.RESUME;
    }
  }

  raise(index: number, reason: RaiseReason): number {
    const cpu = this.loop.cpus[index]!;
    this.setImage(cpu);
    raise(cpu, reason, cpu.state.get(ARG));
    return this.goOn(cpu, OUTCOME.FAULT);
  }

  /** After what may have changed anything. */
  private goOn(cpu: Cpu, outcome: Outcome): number {
    this.loop.engine.switches[cpu.state.index]!.forget();
    return this.whereNext(cpu, outcome);
  }

  /**
   * After something that changed the context: how generated code is to go on. It may at NIA where the run loop would
   * only enter it again: nothing is to be delivered, no timer comes within the budget, the mode is the same.
   */
  private whereNext(cpu: Cpu, outcome: Outcome): number {
    const { state } = cpu;
    if (outcome === OUTCOME.RESUME) cpu.setNia(cpu.followingHi, cpu.followingLo);
    if (outcome !== OUTCOME.FAULT) state.setInt(LEFT, state.int(LEFT) - 1);
    if (this.loop.stretch.stopped || this.loop.stretch.stepping) return EXIT.event;
    this.loop.stretch.settle(cpu);
    const { index } = cpu.state;
    const agenda = this.loop.agendas[index]!;
    const quiet =
      !this.loop.progress[index]!.hasBarren &&
      !agenda.isRequested() &&
      this.isBeyond(cpu, agenda.timeToNext()) &&
      this.loop.tracker.modeOf(cpu) === this.loop.stretch.variant &&
      !isStepping(cpu);
    return quiet ? EXIT.resume : EXIT.event;
  }

  /** True where generated code is left before so much time has passed. */
  private isBeyond(cpu: Cpu, time: number): boolean {
    const { timing } = this.loop;
    if (timing === undefined) return time >= cpu.state.int(LEFT);
    return timing.leavesWithin?.(cpu, time) ?? false;
  }

  storage(index: number, access: AccessDescriptor): number {
    const cpu = this.loop.cpus[index]!;
    this.setImage(cpu);
    const requests = cpu.state.int(PENDING_AT);
    this.loop.counters.storageMisses++;
    if (this.loop.stretch.stepping) this.accessed ??= cpu.state.get(ARG);
    if (!this.loop.storages[index]!.perform(access)) return this.goOn(cpu, OUTCOME.FAULT);
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
