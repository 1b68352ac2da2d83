/**
 * Watches a machine and tells what happens as events of the common stream. Nothing is watched, and nothing is paid,
 * for kinds of event that nobody asked for.
 */
import { INTERRUPTS } from '../../isa/interrupts';
import { MSR } from '../../isa/registers/msr';
import { has } from '../core/bits';
import type { Cpu, TakenInterrupt } from '../cpu/cpu';
import { offsetOf } from '../state/layout';
import type { TraceEvent } from '../trace/events';
import type { ExecutionContext } from '../trace/events/execution';
import type { WalkEvent } from '../trace/events/walk';
import type { Machine } from './machine';

const LPIDR = offsetOf('LPIDR');
const PIDR = offsetOf('PIDR');
const MSR_AT = offsetOf('MSR');

/** Kinds of event that can be asked for one by one. */
export const WATCHED_KINDS = [
  'walk',
  'tlb',
  'fault',
  'interrupt',
  'insn',
  'console',
  'hcall',
  'memslot',
  'nested',
  'rmap',
] as const;
export type WatchedKind = (typeof WATCHED_KINDS)[number];

export interface TracerOptions {
  readonly kinds: ReadonlySet<WatchedKind>;
  readonly emit: (event: TraceEvent) => void;
  /** Text of an instruction, where the trace wants it. */
  readonly disassemble?: (cpu: Cpu) => string;
}

export class Tracer {
  constructor(
    private readonly machine: Machine,
    private readonly options: TracerOptions,
  ) {
    const { kinds } = options;
    const { observers } = machine.execution;
    if (kinds.has('walk') || kinds.has('fault') || kinds.has('tlb'))
      for (const { translator } of machine.cpus)
        translator.observer = {
          walk: (event) => this.walk(event),
          ...(kinds.has('tlb') ? { tlb: options.emit } : {}),
        };
    if (kinds.has('interrupt')) observers.interrupt = (cpu, taken) => this.interrupt(cpu, taken);
    if (kinds.has('insn')) observers.instruction = (cpu) => this.instruction(cpu);
    const { l0 } = machine;
    if (l0 && (kinds.has('hcall') || kinds.has('memslot'))) l0.observer = options.emit;
    const nested = kinds.has('nested');
    if (nested || kinds.has('rmap'))
      l0?.nested?.observe((event) => {
        if (event.ev === 'rmap' ? kinds.has('rmap') : nested) options.emit(event);
      });
    if (kinds.has('console')) machine.onConsole = (direction, bytes) => this.console(direction, bytes);
  }

  /** Stops watching. */
  detach(): void {
    const { execution, cpus } = this.machine;
    for (const { translator } of cpus) translator.observer = undefined;
    execution.observers.interrupt = undefined;
    execution.observers.instruction = undefined;
    this.machine.onConsole = undefined;
    if (this.machine.l0) this.machine.l0.observer = undefined;
    this.machine.l0?.nested?.observe(undefined);
  }

  private at(cpu: Cpu): { t: number; cpu: number } {
    return { t: Number(this.machine.execution.clock.retired(cpu)), cpu: cpu.state.index };
  }

  private context(cpu: Cpu, msr: bigint): ExecutionContext {
    const { mmu } = cpu.model;
    const hv = has(msr, MSR.HV);
    return {
      hv,
      pr: has(msr, MSR.PR),
      lpid: hv ? 0 : cpu.state.lo(LPIDR) & mmu.lpidMask,
      pid: cpu.state.lo(PIDR) & mmu.pidMask,
    };
  }

  private walk(event: WalkEvent): void {
    const { kinds, emit } = this.options;
    if (kinds.has('walk')) emit(event);
    if (!event.fault || !event.sideEffects || !kinds.has('fault')) return;
    const { t, cpu, hv, pr, ea, access, fault } = event;
    emit({ ev: 'fault', t, cpu, hv, pr, lpid: event.effLPID, pid: event.effPID, ea, access, fault });
  }

  private interrupt(cpu: Cpu, taken: TakenInterrupt): void {
    this.options.emit({
      ev: 'interrupt',
      ...this.at(cpu),
      ...this.context(cpu, taken.status),
      interrupt: taken.interrupt,
      vector: INTERRUPTS[taken.interrupt].vector,
      from: taken.resume,
      to: taken.handler,
      srr1: taken.status,
      msr: cpu.state.get(MSR_AT),
    });
  }

  private instruction(cpu: Cpu): void {
    this.options.emit({
      ev: 'insn',
      ...this.at(cpu),
      ...this.context(cpu, cpu.msr),
      ea: cpu.nia,
      image: cpu.image,
      size: cpu.prefixed ? 8 : 4,
      ...(this.options.disassemble ? { text: this.options.disassemble(cpu) } : {}),
    });
  }

  private console(direction: 'in' | 'out', bytes: Uint8Array): void {
    const text = String.fromCharCode(...bytes);
    this.options.emit({
      ev: 'console',
      ...this.at(this.machine.cpus[0]!),
      device: this.machine.l0 ? 'vty' : 'uart0',
      direction,
      text,
    });
  }
}
