/** What a conversation with gdb remembers between packets, and what answers to them may do beside answering. */
import type { Cpu } from '../cpu/cpu';
import type { Debugger } from './debugger';
import { DebugMemory } from './memory';
import type { Monitor } from './monitor';
import { currentOrder, featuresOf, type ByteOrder, type Register } from './registers';
import { targetDescription } from './target-description';

/** What a conversation is about, and where its packets go. */
export interface ConversationParts {
  readonly debug: Debugger;
  readonly monitor: Monitor;
  /** Sends a packet of its own before the answer. */
  readonly say: (data: string) => void;
  /** gdb wants no more. */
  readonly end: (then: 'go on' | 'stay') => void;
}

export class Conversation implements ConversationParts {
  readonly debug: Debugger;
  readonly monitor: Monitor;
  readonly say: (data: string) => void;
  readonly end: (then: 'go on' | 'stay') => void;
  readonly memory: DebugMemory;
  /** By number. */
  readonly registers: readonly Register[];
  /** The target description. */
  readonly description: string;
  /** Packets are acknowledged. */
  acknowledges = true;
  /** gdb wants to know of stops which kind of breakpoint it was. */
  knowsBreakReasons = false;
  /** Order of the bytes of registers, where it is not each CPU's current one. */
  fixedOrder: ByteOrder | undefined;
  /** CPUs that are meant: of registers and memory (`Hg`), and of `c` and `s` (`Hc`; undefined: all). */
  subject: Cpu;
  resumed: Cpu | undefined;

  constructor({ debug, monitor, say, end }: ConversationParts) {
    this.debug = debug;
    this.monitor = monitor;
    this.say = say;
    this.end = end;
    const { machine } = debug;
    this.fixedOrder = debug.image;
    this.memory = new DebugMemory(machine);
    const features = featuresOf(machine.model);
    const registers: Register[] = [];
    for (const feature of features)
      for (const register of feature.registers) registers[register.number] = register;
    this.registers = registers;
    this.description = targetDescription(features);
    this.subject = machine.cpus[debug.last.cpu]!;
  }

  /** Order of the bytes of the subject's registers. */
  get byteOrder(): ByteOrder {
    return this.fixedOrder ?? currentOrder(this.subject);
  }

  /** The CPU of a thread number. */
  cpuOf(thread: number): Cpu | undefined {
    return this.debug.machine.cpus[thread - 1];
  }

  /** To be called after registers of a CPU were written. */
  registersChanged(cpu: Cpu): void {
    this.debug.machine.execution.registersChanged(cpu);
  }
}
