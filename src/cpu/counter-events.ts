/** What the counters of the performance monitor can count, and who counts it. */
import type { Cpu } from './cpu';

/** Without a cycle model these are seen instruction by instruction; with one it counts them. */
export type InstructionEvent = 'loads' | 'stores' | 'branches' | 'takenBranches';

/** Only a cycle model knows these: without one such a counter stands still. */
export type ModelEvent =
  | 'loadMisses'
  | 'storeMisses'
  | 'instructionMisses'
  /** Misses of the first level of translation. */
  | 'dataEratMisses'
  | 'instructionEratMisses'
  /** What misses the first level and hits the second; what misses both and walks the tables. */
  | 'tlbHits'
  | 'dataTlbMisses'
  | 'instructionTlbMisses'
  | 'mispredictions'
  /** Cycles in which nothing issued though there was an instruction; those because of... */
  | 'stallCycles'
  | 'dataCacheStallCycles'
  | 'storageStallCycles'
  | 'longStallCycles'
  /** Cycles in which there was no instruction to issue; those because of the instruction cache. */
  | 'emptyCycles'
  | 'instructionCacheEmptyCycles';

export type CountedEvent = InstructionEvent | ModelEvent;

export type CounterEvent =
  | 'instructions'
  | 'time'
  /** The same while CTRL[RUN] is 1. */
  | 'runInstructions'
  | 'runTime'
  | CountedEvent;

/** What MMCR1 can select on a CPU model. */
export interface CounterEvents {
  /** An event is known by PMCnSEL alone, or by the unit, the combination and PMCnSEL, as in Linux' raw event codes. */
  readonly selects: 'code' | 'unitAndCode';
  /** Of PMC1 to PMC4. */
  readonly counters: readonly Readonly<Record<number, CounterEvent>>[];
}

/** What a cycle model counts. */
export interface EventCounts {
  /** Events since the reset of the model: never fewer than before. */
  counted(cpu: Cpu, event: CountedEvent): number;
  /** Nothing happens more often in a cycle; of instructions that load or store several registers only the first counts. */
  readonly perCycle: number;
}
