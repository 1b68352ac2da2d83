/**
 * The built-in L0 hypervisor: one guest (L1) in host memory given by memslots, with real tables in emulated host
 * memory, behaving as Linux KVM-HV does. It takes every interrupt that would enter hypervisor state; the guest's own
 * never come here. L0's tables, rmap arrays and lists are host frames outside of the guest's slots.
 */
import type { InterruptName } from '../../isa/interrupts';
import type { RealMemory } from '../core/memory';
import { InternalError } from '../core/errors';
import type { Json, StateReader } from '../core/saved-state';
import type { Cpu } from '../cpu/cpu';
import { PENDING, setPending } from '../cpu/pending';
import { COUNTER, readCounter, retiredOf } from '../cpu/time';
import { offsetOf } from '../state/layout';
import type { InterruptDetail } from '../cpu/interrupts';
import type { MemoryClaims } from './snapshot';
import type { Unstamped } from './observer';
import type { HypervisorEvent } from '../trace/events/hypervisor';
import type { NestedEvent } from '../trace/events/nested';
import type { MemslotEvent } from '../trace/events/memslot';
import { guestInterrupt } from './guest/interrupt';
import { GuestMemory } from './guest/memory';
import type { NestedMemory } from './guest/radix-arch';
import { GuestConsole } from './guest/console';
import { enterPartition, PARTITION_LPCR } from './guest/start';
import { GuestXics } from './guest/xics';
import { GuestVcpu } from './guest/vcpu';
import { FrameAllocator, type FrameRange } from './host/frames';
import { HostAddressSpace } from './host/address-space';
import { HostHeap } from './host/heap';
import { GuestArch } from './hpt/arch';
import { HptGuest } from './hpt/guest';
import { HPT_HYPERCALLS } from './hpt/hypercalls';
import { setTranslation } from './hpt/switch';
import { INTERRUPT_HYPERCALLS } from './hypercalls/interrupts';
import { MEMORY_HYPERCALLS } from './hypercalls/memory';
import { MODE_HYPERCALLS } from './hypercalls/mode';
import { RTAS_HYPERCALLS } from './hypercalls/rtas';
import { SCHEDULING_HYPERCALLS } from './hypercalls/scheduling';
import { TERMINAL_HYPERCALLS } from './hypercalls/terminal';
import { VPA_HYPERCALLS } from './hypercalls/vpa';
import { dispatched } from './hypercalls/yield-count';
import { HypercallTable } from './hypercalls/table';
import { KIB, PageGeometry } from './page';
import { Partitions } from './partitions';
import { HypervisorTlb } from './tlb';
import { Kvm } from './vm';

/** What a machine has that L0 uses. */
export interface L0Options {
  readonly memory: RealMemory;
  readonly cpus: readonly Cpu[];
  /** Bytes of L0's base page; 64K is what ppc64 kernels use. */
  readonly pageSize?: number;
  /** Host real memory that L0 manages; absent: all of it. */
  readonly range?: FrameRange;
  /** How L1 wants to end: RTAS power-off and its like. */
  readonly power?: (request: GuestPower) => void;
  /** A byte for the console of L1. */
  readonly consoleOutput?: (byte: number) => void;
  /** Seconds since 1970 at which the machine's time begins; the same in every run unless the user says otherwise. */
  readonly startTime?: number;
}

export type GuestPower =
  | { readonly kind: 'off' }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'crash'; readonly reason: string };

/** Sees what L0 does, while it is set. */
export type L0Observer = (event: HypervisorEvent | MemslotEvent) => void;

/** The part that runs L2 guests (src/kvm/nested). */
export interface NestedPart extends NestedMemory {
  /** Hands events of nested guests to `emit` while it is set. */
  observe(emit: ((event: NestedEvent) => void) | undefined): void;
  /** The vCPU is in an L2 guest now. */
  isRunning(vcpu: GuestVcpu): boolean;
  save(): Json;
  /**
   * Takes over what {@link save} gave; L1's own memory and tables have been restored.
   * @throws UserError where it is not that, or what lies in memory does not fit
   */
  restore(reader: StateReader, users: MemoryClaims): void;
  /**
   * An interrupt for the hypervisor came while the vCPU is in L2. `cpu.nia` is the interrupted instruction, and
   * `detail.resume`, where there, what would be saved instead. True where it was dealt with.
   */
  interrupt(vcpu: GuestVcpu, name: InterruptName, detail: InterruptDetail): boolean;
}

/** How L1 translates. */
export interface GuestTranslation {
  readonly radix: boolean;
  /** Doubleword 1 of its partition table entry. */
  readonly dw1: bigint;
  /** LPCR[GTSE]: it may broadcast tlbie itself. */
  readonly guestShootdown: boolean;
}

const LPCR_AT = offsetOf('LPCR');
/** 2024-01-01 00:00 UTC. */
const DEFAULT_START_TIME = 1_704_067_200;
/** The hypercalls of every guest; those of a hypervisor are the nested part's. */
const HYPERCALLS = [
  TERMINAL_HYPERCALLS,
  INTERRUPT_HYPERCALLS,
  SCHEDULING_HYPERCALLS,
  VPA_HYPERCALLS,
  MEMORY_HYPERCALLS,
  MODE_HYPERCALLS,
  RTAS_HYPERCALLS,
  HPT_HYPERCALLS,
];

export class L0 {
  readonly memory: RealMemory;
  readonly frames: FrameAllocator;
  readonly heap: HostHeap;
  /** Address space of the process that owns the guest's memory. */
  readonly mm: HostAddressSpace;
  readonly partitions: Partitions;
  readonly tlb: HypervisorTlb;
  readonly arch: GuestArch;
  readonly vm: Kvm;
  /** L1's hashed page table, while it has one. */
  readonly hpt: HptGuest;
  /** L1's hardware LPID. */
  readonly lpid: number;
  readonly vcpus: readonly GuestVcpu[];
  readonly hypercalls = new HypercallTable();
  readonly console: GuestConsole;
  readonly xics: GuestXics;
  /** L0's accesses to L1's memory. */
  readonly guestMemory: GuestMemory;
  /** What has happened since the machine was made. */
  readonly counters = { hypercalls: 0, exits: 0 };
  nested: NestedPart | undefined;
  observer: L0Observer | undefined;
  /** Called after each exit while it is set: nothing is half done then. */
  settled: (() => void) | undefined;
  /** LPCR of L1: the same on all its vCPUs. */
  lpcr = PARTITION_LPCR;
  /** What set-time-of-day made of the clock, in seconds. */
  clockOffset: number;

  constructor(readonly options: L0Options) {
    const { memory, cpus, pageSize = 64 * KIB, range } = options;
    this.memory = memory;
    this.frames = new FrameAllocator(memory, new PageGeometry(pageSize), range);
    this.heap = new HostHeap(this.frames);
    this.mm = new HostAddressSpace(this.frames);
    this.partitions = new Partitions(memory, this.heap);
    const first = cpus[0];
    if (!first) throw new InternalError('L0 without a CPU');
    this.tlb = new HypervisorTlb((what) => first.hooks.invalidate(first, what));
    this.lpid = this.partitions.allocate();
    this.arch = new GuestArch({
      partitions: this.partitions,
      tlb: this.tlb,
      lpid: this.lpid,
      nested: () => this.nested,
      hpt: () => this.hpt,
    });
    this.vm = new Kvm({
      mm: this.mm,
      heap: this.heap,
      arch: this.arch,
      observer: { ...this.stamp(), emit: (event) => this.observer?.(event) },
    });
    this.hpt = new HptGuest({
      vm: this.vm,
      arch: this.arch,
      tlb: this.tlb,
      partitions: this.partitions,
      lpid: this.lpid,
      form: first.model.mmu.mechanisms === 'hash' ? 'v2.07' : 'v3.0',
      vcpus: cpus.length,
      memoryChanged: (address, bytes) => first.hooks.memoryChanged?.(address, bytes),
    });
    this.guestMemory = new GuestMemory(this.vm, first);
    this.vcpus = cpus.map((cpu) => new GuestVcpu(cpu, this.vm.createVcpu()));
    this.console = new GuestConsole((byte) => options.consoleOutput?.(byte));
    this.xics = new GuestXics({
      servers: cpus.length,
      line: (server, level) => setPending(cpus[server]!, PENDING.EXTERNAL, { on: level }),
    });
    this.clockOffset = options.startTime ?? DEFAULT_START_TIME;
    for (const handlers of HYPERCALLS) this.hypercalls.add(handlers);
    for (const vcpu of this.vcpus) enterPartition(this, vcpu);
  }

  /**
   * An interrupt of a guest that would be taken in hypervisor state (`CpuHooks.hypervisorInterrupt`). False: nothing
   * was done and the machine has a defect.
   */
  interrupt(cpu: Cpu, name: InterruptName, detail: InterruptDetail): boolean {
    const vcpu = this.vcpus[cpu.state.index]!;
    this.vm.runningVcpu = vcpu.memory;
    this.counters.exits++;
    const handled = this.nested?.isRunning(vcpu)
      ? this.nested.interrupt(vcpu, name, detail)
      : guestInterrupt(this, vcpu, { name, detail });
    this.vm.runningVcpu = null;
    this.settled?.();
    return handled;
  }

  /** A vCPU that waited goes on because of an exception (`CpuHooks.resumed`). */
  resumed(cpu: Cpu): void {
    const vcpu = this.vcpus[cpu.state.index]!;
    if (vcpu.isCeded) dispatched(this, vcpu);
  }

  /** Changes LPCR of L1 on all its vCPUs. */
  changeLpcr(change: (lpcr: bigint) => bigint): void {
    this.lpcr = change(this.lpcr);
    for (const { cpu } of this.vcpus) {
      // Each keeps what the model does not have.
      cpu.state.set(LPCR_AT, this.lpcr & cpu.model.sprMasks['LPCR']!.writable);
      cpu.hooks.contextChanged(cpu);
    }
  }

  /** Doubleword 1 of L1's partition table entry: where its process table is. */
  get processTable(): bigint {
    return this.partitions.get(this.lpid)[1];
  }

  /**
   * What H_REGISTER_PROC_TBL asks for: how L1 translates and where its process table is.
   * @returns a status
   */
  setTranslation(vcpu: GuestVcpu, translation: GuestTranslation): number {
    return setTranslation(this, vcpu, translation);
  }

  /** The time base of a vCPU. */
  timebase({ cpu }: GuestVcpu): bigint {
    return readCounter(cpu, COUNTER.TB);
  }

  /** The clock of the machine: seconds since 1970. It follows the machine's time, not the host's. */
  secondsNow({ cpu }: GuestVcpu): number {
    const { frequency, unitsPerTick } = cpu.model.timebase;
    return this.clockOffset + Number(cpu.hooks.now() / unitsPerTick / BigInt(frequency));
  }

  setSeconds(vcpu: GuestVcpu, seconds: number): void {
    this.clockOffset += seconds - this.secondsNow(vcpu);
  }

  /** Stamps an event and hands it to the observer. Callers test {@link observer} first. */
  emit(event: Unstamped<HypervisorEvent>, vcpu?: GuestVcpu): void {
    const { time, cpu } = this.stamp();
    this.observer?.({ t: time(), cpu: vcpu?.id ?? cpu(), ...event });
  }

  /** Time and CPU of what happens now, for events. */
  stamp(): { time: () => number; cpu: () => number } {
    const cpu = (): number => this.vm.runningVcpu?.id ?? 0;
    return { cpu, time: () => Number(retiredOf(this.options.cpus[cpu()]!)) };
  }
}
