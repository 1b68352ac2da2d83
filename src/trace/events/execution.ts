/** Trace events of execution: instructions, interrupts, faults of translation, the console, how a run ended. Types only. */
import type { EventBase } from '../events';
import type { WalkFault } from './walk';

/** In whose name something is executed: MSR[HV], MSR[PR] and the effective LPID and PID. */
export interface ExecutionContext {
  readonly hv: boolean;
  readonly pr: boolean;
  readonly lpid: number;
  readonly pid: number;
}

/** One instruction that is about to be executed. */
export interface InsnEvent extends EventBase, ExecutionContext {
  readonly ev: 'insn';
  /** Effective address of the instruction (CIA). */
  readonly ea: bigint;
  /** The instruction; a prefixed one has its prefix in the upper word. */
  readonly image: bigint;
  /** Its length in bytes, 4 or 8. */
  readonly size: number;
  /** Its disassembly, where the recorder was asked for it. */
  readonly text?: string;
}

/** One interrupt taken. The context is that of the interrupted program. */
export interface InterruptEvent extends EventBase, ExecutionContext {
  readonly ev: 'interrupt';
  /** Key of `INTERRUPTS` (isa/interrupts.ts) and its vector offset. */
  readonly interrupt: string;
  readonly vector: number;
  /** Where the program goes on: what SRR0, HSRR0 or LR is set to. */
  readonly from: bigint;
  /** Where the handler starts, after AIL or HAIL. */
  readonly to: bigint;
  /** What SRR1, HSRR1 or CTR is set to. */
  readonly srr1: bigint;
  /** MSR of the handler. */
  readonly msr: bigint;
}

/** One translation that failed: what is wrong and the interrupt that it is; a summary of the faulting walk. */
export interface FaultEvent extends EventBase, ExecutionContext {
  readonly ev: 'fault';
  readonly ea: bigint;
  readonly access: string;
  readonly fault: WalkFault;
}

/** Bytes that went through a console. */
export interface ConsoleEvent extends EventBase {
  readonly ev: 'console';
  /** Name of the device: `uart0`. */
  readonly device: string;
  readonly direction: 'out' | 'in';
  /** One character per byte (Latin-1). */
  readonly text: string;
}

/** Counters of the run by name, none of which depends on the host: instructions, walks, interrupts... */
export interface StatsEvent extends EventBase {
  readonly ev: 'stats';
  readonly counters: Readonly<Record<string, number>>;
}

/** What a cycle model counted since the last such event of the CPU. */
export interface TimingEvent extends EventBase {
  readonly ev: 'timing';
  /** Instructions that had been retired at that event: `t` is those at this one. */
  readonly since: number;
  /** Cycles since reset. */
  readonly cycles: number;
  /** Cycles since that event, and the same by cause. */
  readonly elapsed: number;
  readonly stack: Readonly<Record<string, number>>;
  /** Loads, stores, misses... since that event, where there were any. */
  readonly counts: Readonly<Record<string, number>>;
}

/** The last event of a trace that is complete. */
export interface EndEvent extends EventBase {
  readonly ev: 'end';
  /** Why the run ended: `power-off`, `attn`, `limit`, `dead guest`, `interrupted`... */
  readonly reason: string;
  readonly exitCode: number;
}

export type ExecutionEvent =
  InsnEvent | InterruptEvent | FaultEvent | ConsoleEvent | TimingEvent | StatsEvent | EndEvent;
