/**
 * A machine: CPUs, real memory, devices on a bus, and how they are run together. What distinguishes the machines is
 * in their descriptions (`description.ts`), whose turn it is in `turns.ts`.
 */
import type { InterruptName } from '../../isa/interrupts';
import { StateReader, type Json } from '../core/saved-state';
import type { RealMemory } from '../core/memory';
import { hex0x } from '../core/u64';
import type { Cpu } from '../cpu/cpu';
import { Execution, type ExecutionOptions, type RunEnd } from '../cpu/execution';
import type { InterruptDetail } from '../cpu/interrupts';
import type { CpuModel } from '../cpu/models';
import { PENDING, setPending } from '../cpu/pending';
import type { L0 } from '../kvm/l0';
import type { NestedChoice } from '../kvm/nested/hazards';
import { placeImage, type Image } from '../loader';
import type { HypervisorExit } from '../timing/profile';
import type { Timing } from '../timing/timing';
import type { Devices, MachineDescription, Wiring } from './description';
import { Bus } from './devices/bus';
import type { PowerRequest } from './devices/power';
import { MachineBus } from './machine-bus';
import { checkedOptions, type CheckedOptions, type MachineOptions } from './machine-options';
import type { BootExtras } from './pseries/boot';
import {
  checkSnapshotFits,
  restoreRegisters,
  saveRegisters,
  type Snapshot,
  type SnapshotDescription,
} from './snapshot';
import { readTurns, Turns } from './turns';

/** Why {@link Machine.run} returned. */
export type MachineEnd = RunEnd | { readonly kind: 'power'; readonly request: PowerRequest };

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
  /** Which CPUs run, and whose turn it is. */
  readonly turns: Turns;
  private powerRequest: PowerRequest | undefined;

  constructor(options: MachineOptions) {
    const { description } = options;
    const checked = checkedOptions(options);
    this.description = description;
    this.timing = options.timing;
    this.model = checked.model;
    this.guestMemory = checked.memory;
    this.nested = description.offersNested ? checked.nested : null;
    this.execution = new Execution(this.executionOptions(options, checked));
    this.turns = new Turns(this.execution, options.timing !== undefined);
    if (options.tlb === 'architected') this.execution.useArchitectedTlb();
    this.io = description.build(this.wiring(options, checked));
  }

  private executionOptions(
    { description, ...options }: MachineOptions,
    checked: CheckedOptions,
  ): ExecutionOptions {
    return {
      model: checked.model,
      ramSize: description.hostMemory?.(checked.memory) ?? checked.memory,
      cpus: checked.cpus,
      ...(options.recordSlots === undefined ? {} : { recordSlots: options.recordSlots }),
      ...(options.timing ? { timing: options.timing } : {}),
      bus: (memory, stored) => new MachineBus(memory, this.devices, stored),
      resumed: (cpu) => this.l0?.resumed(cpu),
      hypervisorInterrupt: (cpu, name, detail) => this.exitToL0(cpu, name, detail),
    };
  }

  private wiring(options: MachineOptions, { cpus, memory, nested }: CheckedOptions): Wiring {
    return {
      bus: this.devices,
      memory: this.memory,
      cpus,
      threads: this.cpus,
      guestMemory: memory,
      nested,
      output: (byte) => {
        this.onConsole?.('out', Uint8Array.of(byte));
        options.output(byte);
      },
      interrupt: (cpu, level) => setPending(this.cpus[cpu]!, PENDING.EXTERNAL, { on: level }),
      power: (request) => {
        this.powerRequest = request;
        this.execution.stop();
      },
      enableCpus: (mask) => this.turns.enable(mask),
    };
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
    return this.cpus.reduce((sum, cpu) => sum + this.execution.clock.instructions(cpu), 0n);
  }

  /** Puts an image into memory and CPU 0 at its entry. @throws UserError where it does not fit */
  load(image: Image, extras: BootExtras = {}): void {
    if (this.io.boot) {
      this.turns.enableAll();
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
      const cpu = this.turns.next();
      const { end, used } = this.execution.run(cpu, this.turns.grant(left));
      left -= used;
      const waits = end.kind === 'idle' || end.kind === 'interruptLoop';
      this.turns.used(cpu, used, { waits });
      if (this.powerRequest) return { end: this.takePower(), used: budget - left };
      if (waits) {
        if (end.kind === 'interruptLoop') stuck ??= end;
        idle.add(cpu);
        const all = this.timing ? idle.size >= this.turns.enabled.length : ++inRow >= this.cpus.length;
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
    this.execution.clock.settleCounters(this.cpus);
    return {
      machine: this.description.name,
      model: this.model.name,
      cpus: this.cpus.map((cpu) => ({
        ...saveRegisters(cpu.state),
        IDLETIME: hex0x(this.execution.clock.savedIdleTime(cpu)),
      })),
      guestMemory: this.guestMemory,
      nested: this.nested,
      tlb: this.cpus.map(({ translator }) => translator.caches?.save() ?? null),
      devices: this.devices.save(),
      scheduler: {
        ...this.turns.save(),
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
    const turns = readTurns(scheduler);
    const random = scheduler.hex('random');
    scheduler.done();
    this.cpus.forEach((cpu, i) => {
      restoreRegisters(cpu.state, snapshot.cpus[i], `${name}: cpus.${i}`);
      this.execution.clock.restoredIdleTime(cpu);
    });
    snapshot.copyMemory(this.memory.bytes);
    this.devices.restore(snapshot.devices, `${name}: devices`);
    this.turns.restore(turns);
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

  private takePower(): MachineEnd {
    const request = this.powerRequest!;
    this.powerRequest = undefined;
    this.execution.resume();
    return { kind: 'power', request };
  }
}

/** What the built-in hypervisor did for a guest. @param nested whether a nested guest ran, and whether one runs now */
function exitKind(name: InterruptName, nested: { before: boolean; after: boolean }): HypervisorExit {
  if (nested.before !== nested.after) return nested.after ? 'nestedEntry' : 'nestedExit';
  if (name === 'systemCall') return 'hypercall';
  return name === 'hypervisorDataStorage' || name === 'hypervisorInstructionStorage' ? 'pageFault' : 'other';
}
