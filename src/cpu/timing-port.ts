/**
 * What the run loop tells a cycle model, and asks of it (`src/timing/` has the models). Without one time is
 * instructions.
 */
import type { Engine } from '../engine/engine';
import type { AccessDescriptor } from '../engine/storage-code';
import type { EngineWeaver } from '../engine/weaver';
import type { Invalidation } from '../mmu/invalidate';
import type { RealPart } from '../mmu/page-crossing';
import type { EventCounts } from './counter-events';
import type { Cpu } from './cpu';

/** A load or store that TypeScript carried out; `second` has 0 bytes where it lies in one page. */
export interface TimedAccess {
  readonly access: AccessDescriptor;
  readonly first: RealPart;
  readonly second: RealPart;
}

export interface TimingPort {
  /** What the model weaves into generated code; absent: the model sees instructions through {@link observe}. */
  readonly weaver?: EngineWeaver;
  /** What the performance monitor counts. */
  readonly events: EventCounts;
  /** Told once, when engine and CPUs exist. */
  attach(engine: Engine, cpus: readonly Cpu[]): void;
  /** The CPU is in its state after reset. */
  reset(cpu: Cpu): void;
  /** Cycles of a CPU since reset: exact inside a service, which then has been issued. */
  cycles(cpu: Cpu): number;
  /** Generated code leaves soon after this many cycles, at the latest when it fetches another line or branches. */
  leaveAt(cpu: Cpu, cycles: number): void;
  /** True where generated code leaves later, and before so many cycles have passed. Absent: at every switch of MSR. */
  leavesWithin?(cpu: Cpu, cycles: number): boolean;
  /** How addresses are seen, as a number: a switch of MSR that leaves it the same is nothing to the model. */
  relocation?(cpu: Cpu): number;
  /** An instruction is about to execute, where nothing is woven; true: leave before it, `leaveAt` is reached. */
  observe?(cpu: Cpu): boolean;
  /** The same where the model is woven, and somebody else observes. */
  leavesBefore?(cpu: Cpu): boolean;
  /** Generated code was left: NIA is exact. */
  left?(cpu: Cpu): void;
  /** What the translation cache keeps for the model of the translation that was just made: a word, 0 for nothing. */
  leaf?(cpu: Cpu): number;
  /** A load or store succeeded; the effective address is in ARG. */
  accessed(cpu: Cpu, access: TimedAccess): void;
  interrupted(cpu: Cpu): void;
  /** A stopped CPU waited. */
  idled(cpu: Cpu, cycles: number): void;
  contextChanged(cpu: Cpu): void;
  invalidated(cpu: Cpu, what: Invalidation): void;
  /** Memory was replaced from outside. */
  forget(): void;
}
