/** What a run loop is made with, who watches it, and how it ends. */
import type { RealMemory } from '../core/memory';
import type { Translator } from '../mmu/translate';
import type { Bus, Cpu, CpuHooks, StopReason, TakenInterrupt } from './cpu';
import type { DebugEnd } from './debug-stops';
import type { CpuModel } from './models/model';
import type { TimingPort } from './timing-port';

/** Why `Execution.run` returned. */
export type RunEnd =
  /** The budget is used up. */
  | { readonly kind: 'budget' }
  /** Every CPU waits and no timer will wake one: only a device can. */
  | { readonly kind: 'idle' }
  /** The machine stopped. */
  | StopReason
  /** A debugger wanted it. */
  | DebugEnd
  /**
   * The CPU takes interrupts without completing an instruction, 1000 in a row in states in which no timer would ever
   * interrupt it. Only what another CPU does can get it out.
   */
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

/** What has happened since the machine was made; none of it depends on the host. */
export interface ExecutionCounters {
  interrupts: number;
  storageMisses: number;
  fetchMisses: number;
  services: number;
}
