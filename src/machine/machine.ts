/**
 * A machine: CPUs, real memory, devices on a bus, and how they are run together. What distinguishes the machines is
 * in their descriptions (`microwatt.ts`, `powernv.ts`).
 */
import type { InterruptName } from '../../isa/interrupts';
import { Execution, type RunEnd } from '../cpu/execution';
import type { Cpu, Bus as CpuBus } from '../cpu/cpu';
import { CPU_MODELS, type CpuModel, type ModelName } from '../cpu/models';
import type { InterruptDetail } from '../cpu/interrupts';
import { PENDING, setPending } from '../cpu/pending';
import { UserError } from '../core/errors';
import type { RealMemory } from '../core/memory';
import type { HypervisorExit } from '../timing/profile';
import type { Timing } from '../timing/timing';
import { placeImage, type Image } from '../loader';
import { hex0x } from '../core/u64';
import { Bus } from './devices/bus';
import { reverseBytes } from './devices/device';
import type { L0 } from '../kvm/l0';
import type { NestedChoice } from '../kvm/nested/hazards';
import type { BootExtras } from './pseries/boot';
import type { PowerRequest } from './devices/power';
import {
  checkSnapshotFits,
  restoreRegisters,
  saveRegisters,
  type Snapshot,
  type SnapshotDescription,
} from './snapshot';
import { StateReader, type Json } from '../core/saved-state';

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

export interface MachineOptions {
  readonly description: MachineDescription;
  readonly model?: ModelName;
  /** Bytes, a multiple of 64 KiB. */
  readonly memory?: number;
  readonly cpus?: number;
  /** `architected`: stale translations survive until software invalidates them. Slower: every access is looked at. */
  readonly tlb?: 'coherent' | 'architected';
  /** Machine pseries: whether and how L0 runs guests of its guest. Default `strict`. */
  readonly nested?: NestedChoice;
  /** Decoded pages of code that are kept, at least 2; the default suits any guest. */
  readonly recordSlots?: number;
  /** A cycle model (`createTiming` of src/timing): time is then cycles. */
  readonly timing?: Timing | undefined;
  readonly output: (byte: number) => void;
}

/** Why {@link Machine.run} returned. */
export type MachineEnd = RunEnd | { readonly kind: 'power'; readonly request: PowerRequest };

/** Instructions that one CPU runs before the next one has its turn. */
const TURN = 10_000;
const MEMORY_UNIT = 65536;
const DEFAULT_NESTED: NestedChoice = 'strict';
const MAX_CPUS = 16;

export class Machine {
  readonly description: MachineDescription;
  readonly model: CpuModel;
  readonly devices: Bus = new Bus();
  readonly execution: Execution;
  /** Sees what goes through the console while it is set. */
  onConsole: ((direction: 'in' | 'out', bytes: Uint8Array) => void) | undefined;
  /** Its cycle model. */
  readonly timing: Timing | undefined;
  private readonly io: Devices;
  /** Bytes of memory that the user asked for: all of `memory`, or what a guest of it gets. */
  private readonly guestMemory: number;
  /** Whether a guest of the built-in hypervisor may be a hypervisor; null where there is none. */
  private readonly nested: NestedChoice | null;
  private enabled = 1;
  private turn = 0;
  /** What is left of the turn of CPU `turn - 1`. */
  private turnLeft = 0;
  private powerRequest: PowerRequest | undefined;

  constructor(options: MachineOptions) {
    const { description } = options;
    this.description = description;
    this.timing = options.timing;
    const name = options.model ?? description.defaultModel;
    if (!description.models.includes(name))
      throw new UserError(
        `machine ${description.name} has no CPU ${name}; it has ${description.models.join(', ')}`,
      );
    if (options.nested !== undefined && !description.offersNested)
      throw new UserError(
        `--nested: machine ${description.name} has no hypervisor of its own; use it with pseries`,
      );
    this.model = CPU_MODELS[name];
    const guestMemory = checkedMemory(description, options.memory ?? description.defaultMemory);
    this.guestMemory = guestMemory;
    this.nested = description.offersNested ? (options.nested ?? DEFAULT_NESTED) : null;
    const ramSize = description.hostMemory?.(guestMemory) ?? guestMemory;
    const cpus = options.cpus ?? 1;
    if (!Number.isInteger(cpus) || cpus < 1 || cpus > MAX_CPUS)
      throw new UserError(`--smp: expected 1 to ${MAX_CPUS} CPUs, got ${cpus}`);
    this.execution = new Execution({
      model: this.model,
      ramSize,
      cpus,
      ...(options.recordSlots === undefined ? {} : { recordSlots: options.recordSlots }),
      ...(options.timing ? { timing: options.timing } : {}),
      bus: (memory, stored) => new MachineBus(memory, this.devices, stored),
      resumed: (cpu) => this.l0?.resumed(cpu),
      hypervisorInterrupt: (cpu, name, detail) => this.exitToL0(cpu, name, detail),
    });
    if (options.tlb === 'architected') this.execution.useArchitectedTlb();
    this.io = description.build({
      bus: this.devices,
      memory: this.memory,
      cpus,
      threads: this.cpus,
      guestMemory,
      nested: options.nested ?? DEFAULT_NESTED,
      output: (byte) => {
        this.onConsole?.('out', Uint8Array.of(byte));
        options.output(byte);
      },
      interrupt: (cpu, level) => setPending(this.cpus[cpu]!, PENDING.EXTERNAL, { on: level }),
      power: (request) => {
        this.powerRequest = request;
        this.execution.stop();
      },
      enableCpus: (mask) => this.enable(mask),
    });
  }

  /** The built-in hypervisor of `pseries`. */
  get l0(): L0 | undefined {
    return this.io.l0;
  }

  get cpus(): readonly Cpu[] {
    return this.execution.cpus;
  }

  get memory(): RealMemory {
    return this.execution.engine.ram;
  }

  /** Instructions that all CPUs have completed, as the CPU model counts them. */
  get instructions(): bigint {
    return this.cpus.reduce((sum, cpu) => sum + this.execution.instructions(cpu), 0n);
  }

  /** Puts an image into memory and CPU 0 at its entry. @throws UserError where it does not fit */
  load(image: Image, extras: BootExtras = {}): void {
    if (this.io.boot) {
      this.enabled = (1 << this.cpus.length) - 1;
      this.io.boot(image, extras);
      return;
    }
    placeImage(image, this.memory.bytes);
    const cpu = this.cpus[0]!;
    cpu.nia = image.entry;
    this.description.start(cpu, image);
    this.execution.memoryReplaced();
  }

  /** Queues console input; returns how many bytes were taken. */
  input(bytes: Uint8Array): number {
    const taken = this.io.input(bytes);
    if (taken > 0) this.onConsole?.('in', bytes.subarray(0, taken));
    return taken;
  }

  /**
   * Runs until the budget is used up or the machine ends or waits for input. It ends for a CPU that only takes interrupts
   * when no other one runs or will: they are stuck alike, or wait for what cannot come.
   * @param budget instructions of all CPUs together, at least 1
   */
  run(budget: number): { end: MachineEnd; used: number } {
    let left = budget;
    const idle = new Set<Cpu>();
    let inRow = 0;
    let stuck: MachineEnd | undefined;
    while (left > 0) {
      const cpu = this.nextCpu();
      const { end, used } = this.execution.run(
        cpu,
        this.cpus.length > 1 ? Math.min(left, this.turnLeft) : left,
      );
      left -= used;
      const waits = end.kind === 'idle' || end.kind === 'interruptLoop';
      if (this.cpus.length > 1) this.turnUsed(cpu, waits ? this.turnLeft : used, used);
      if (this.powerRequest) return { end: this.takePower(), used: budget - left };
      if (waits) {
        if (end.kind === 'interruptLoop') stuck ??= end;
        idle.add(cpu);
        const all = this.timing ? idle.size >= this.enabledCpus.length : ++inRow >= this.cpus.length;
        if (!all) continue;
        this.execution.retryLoops();
        return { end: stuck ?? end, used: budget - left };
      }
      stuck = undefined;
      idle.clear();
      inRow = 0;
      if (end.kind !== 'budget') return { end, used: budget - left };
    }
    return { end: { kind: 'budget' }, used: budget - left };
  }

  /** Complete state without the memory's contents, for `encodeSnapshot` with `memory.bytes`. */
  save(): Omit<SnapshotDescription, 'memorySize'> {
    this.execution.settleCounters();
    return {
      machine: this.description.name,
      model: this.model.name,
      cpus: this.cpus.map((cpu) => ({
        ...saveRegisters(cpu.state),
        IDLETIME: hex0x(this.execution.savedIdleTime(cpu)),
      })),
      guestMemory: this.guestMemory,
      nested: this.nested,
      tlb: this.cpus.map(({ translator }) => translator.caches?.save() ?? null),
      devices: this.devices.save(),
      scheduler: {
        turn: this.turn,
        turnLeft: this.turnLeft,
        enabled: this.enabled,
        random: this.execution.randomState,
      },
    };
  }

  /**
   * Takes over a snapshot.
   * @throws UserError where it is not of such a machine: then nothing has changed; or is damaged: then the machine is of
   *   no use until another one is taken over
   */
  restore(name: string, snapshot: Snapshot): void {
    checkSnapshotFits(name, snapshot, {
      machine: this.description.name,
      model: this.model.name,
      guestMemory: this.guestMemory,
      memorySize: this.memory.size,
      cpus: this.cpus.length,
      nested: this.nested,
      tlb: this.cpus[0]!.translator.caches ? 'architected' : 'coherent',
    });
    const scheduler = new StateReader(`${name}: scheduler`, snapshot.scheduler);
    const turn = scheduler.integer('turn', 0, MAX_CPUS);
    const turnLeft = scheduler.integer('turnLeft', 0, TURN);
    const enabled = scheduler.integer('enabled', 0, 2 ** MAX_CPUS - 1);
    const random = scheduler.hex('random');
    scheduler.done();
    this.cpus.forEach((cpu, i) => {
      restoreRegisters(cpu.state, snapshot.cpus[i], `${name}: cpus.${i}`);
      this.execution.restoredIdleTime(cpu);
    });
    snapshot.copyMemory(this.memory.bytes);
    this.devices.restore(snapshot.devices, `${name}: devices`);
    this.turn = turn;
    this.turnLeft = turnLeft;
    this.enabled = enabled;
    this.execution.randomState = hex0x(random);
    this.cpus.forEach((_, i) => this.restoreTlb(i, snapshot.tlb[i]!, `${name}: tlb.${i}`));
    this.execution.memoryReplaced();
  }

  /** What a machine without lookaside buffers saved goes on with empty ones. */
  private restoreTlb(cpu: number, saved: Json, where: string): void {
    const { caches } = this.cpus[cpu]!.translator;
    caches?.clear();
    if (caches && saved !== null) caches.restore(new StateReader(where, saved), this.memory.size);
  }

  /** A guest of the built-in hypervisor leaves to it: what it does may cost time. */
  private exitToL0(cpu: Cpu, name: InterruptName, detail: InterruptDetail): boolean {
    const { l0 } = this;
    if (!l0) return false;
    const nested = (): boolean => l0.nested?.isRunning(l0.vcpus[cpu.state.index]!) ?? false;
    const before = nested();
    const handled = l0.interrupt(cpu, name, detail);
    this.timing?.hypervisorWorked(cpu, exitKind(name, { before, after: nested() }));
    return handled;
  }

  /**
   * Counts time of a turn. A CPU that waits lets its turn pass. Without a cycle model the CPUs share one processor's time:
   * what one uses passes for all, so that none ever sees a time base that is behind what another has read.
   */
  private turnUsed(cpu: Cpu, time: number, ran: number): void {
    this.execution.pass(cpu, time - ran);
    this.turnLeft -= time;
    if (this.timing) return;
    for (const other of this.cpus) if (other !== cpu) this.execution.pass(other, time);
  }

  private takePower(): MachineEnd {
    const request = this.powerRequest!;
    this.powerRequest = undefined;
    this.execution.resume();
    return { kind: 'power', request };
  }

  /** The CPU whose turn it is: all that are enabled, in order. */
  private nextCpu(): Cpu {
    const { cpus } = this;
    // A turn that the budget cut short goes on.
    const current = cpus[this.turn - 1];
    if (current && this.turnLeft > 0 && this.enabled & (1 << (this.turn - 1))) return current;
    this.turnLeft = TURN;
    if (this.timing) return this.earliest();
    for (let i = 0; i < cpus.length; i++) {
      const index = (this.turn + i) % cpus.length;
      if (!(this.enabled & (1 << index))) continue;
      this.turn = index + 1;
      return cpus[index]!;
    }
    return cpus[0]!;
  }

  private get enabledCpus(): readonly Cpu[] {
    return this.cpus.filter((_, i) => this.enabled & (1 << i));
  }

  /** With a cycle model instructions take different times: the CPU that is behind all others runs, the first of several. */
  private earliest(): Cpu {
    const first = this.enabledCpus.reduce<Cpu | undefined>(
      (least, cpu) => (least && least.hooks.now() <= cpu.hooks.now() ? least : cpu),
      undefined,
    );
    const cpu = first ?? this.cpus[0]!;
    this.turn = cpu.state.index + 1;
    return cpu;
  }

  /** Time of CPUs that did not run was that of those that did, where a cycle model counts it for each of them. */
  private enable(mask: number): void {
    const now = Math.max(...this.enabledCpus.map((cpu) => Number(cpu.hooks.now())));
    const before = this.enabled;
    this.enabled = mask;
    if (!this.timing) return;
    for (const cpu of this.enabledCpus)
      if (!(before & (1 << cpu.state.index))) this.execution.pass(cpu, now - Number(cpu.hooks.now()));
  }
}

/** What the built-in hypervisor did for a guest. @param nested whether a nested guest ran, and whether one runs now */
function exitKind(name: InterruptName, nested: { before: boolean; after: boolean }): HypervisorExit {
  if (nested.before !== nested.after) return nested.after ? 'nestedEntry' : 'nestedExit';
  if (name === 'systemCall') return 'hypercall';
  return name === 'hypervisorDataStorage' || name === 'hypervisorInstructionStorage' ? 'pageFault' : 'other';
}

function checkedMemory({ name, maxMemory }: MachineDescription, size: number): number {
  if (!Number.isInteger(size) || size < MEMORY_UNIT || size % MEMORY_UNIT !== 0)
    throw new UserError(`-m: expected a multiple of 64K, at least 64K, got ${size} bytes`);
  if (size > maxMemory)
    throw new UserError(
      `-m: machine ${name} has at most ${maxMemory / 2 ** 20}M of memory, got ${size} bytes`,
    );
  return size;
}

/** Memory and devices as the CPUs' services see them: values are those of big-endian bytes. */
class MachineBus implements CpuBus {
  constructor(
    private readonly memory: RealMemory,
    private readonly devices: Bus,
    private readonly stored: (address: number, bytes: number, store: () => void) => void,
  ) {}

  private inMemory(ra: bigint, bytes: number): boolean {
    return ra >= 0n && ra + BigInt(bytes) <= BigInt(this.memory.size);
  }

  has(ra: bigint, bytes: number): boolean {
    return this.inMemory(ra, bytes) || this.devices.find(ra, bytes) !== undefined;
  }

  read(ra: bigint, bytes: 1 | 2 | 4 | 8): bigint | undefined {
    if (this.inMemory(ra, bytes)) {
      let value = 0n;
      for (let i = 0; i < bytes; i++) value = (value << 8n) | BigInt(this.memory.bytes[Number(ra) + i]!);
      return value;
    }
    const value = this.devices.read(ra, bytes);
    return value === undefined ? undefined : reverseBytes(value, bytes);
  }

  write(ra: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): boolean {
    if (!this.inMemory(ra, bytes)) return this.devices.write(ra, bytes, reverseBytes(value, bytes));
    this.stored(Number(ra), bytes, () => {
      for (let i = 0; i < bytes; i++)
        this.memory.bytes[Number(ra) + i] = Number((value >> BigInt(8 * (bytes - 1 - i))) & 0xffn);
    });
    return true;
  }
}
