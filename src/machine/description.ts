/** What distinguishes the machines (`microwatt.ts`, `powernv.ts`, `pseries.ts`), and what they and a machine give each other. */
import type { RealMemory } from '../core/memory';
import type { Cpu } from '../cpu/cpu';
import type { ModelName } from '../cpu/models';
import type { L0 } from '../kvm/l0';
import type { NestedChoice } from '../kvm/nested/hazards';
import type { Image } from '../loader';
import type { Bus } from './devices/bus';
import type { PowerRequest } from './devices/power';
import type { BootExtras } from './pseries/boot';

/** What a description builds its devices with. */
export interface Wiring {
  readonly bus: Bus;
  readonly memory: RealMemory;
  readonly cpus: number;
  /** The CPUs themselves. */
  readonly threads: readonly Cpu[];
  /** Bytes of memory that the user asked for: all of `memory`, or what a guest of it gets. */
  readonly guestMemory: number;
  /** What machine pseries lets its guest be. */
  readonly nested: NestedChoice;
  /** A byte that the guest sends to the console. */
  readonly output: (byte: number) => void;
  /** The external interrupt line of a CPU. */
  readonly interrupt: (cpu: number, level: boolean) => void;
  readonly power: (request: PowerRequest) => void;
  /** Bit n: CPU n runs. */
  readonly enableCpus: (mask: number) => void;
}

/** What devices give to the machine. */
export interface Devices {
  /** Queues console input; returns how many bytes were taken. */
  readonly input: (bytes: Uint8Array) => number;
  /** The built-in hypervisor, where the machine's CPUs run a guest of it. */
  readonly l0?: L0;
  /** Puts an image into the guest's memory and starts it; absent: it goes to real memory. */
  readonly boot?: (image: Image, extras: BootExtras) => void;
}

export interface MachineDescription {
  readonly name: 'microwatt' | 'powernv' | 'pseries';
  readonly models: readonly ModelName[];
  readonly defaultModel: ModelName;
  /** Bytes of real memory unless the user says otherwise, and the most there can be. */
  readonly defaultMemory: number;
  readonly maxMemory: number;
  /** Bytes of real memory that are needed for what the user asked for; absent: just that. */
  readonly hostMemory?: (memory: number) => number;
  /** Where address 0 of a position-independent ELF file goes unless the user says otherwise; absent: 0. */
  readonly imageBase?: bigint;
  /** The machine's guest may be a hypervisor, if the user likes. */
  readonly offersNested?: boolean;
  readonly build: (wiring: Wiring) => Devices;
  /** Prepares a CPU for an image: its entry has been set, the state is that after reset. */
  readonly start: (cpu: Cpu, image: Image) => void;
}
