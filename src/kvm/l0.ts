/**
 * The built-in L0 hypervisor: one guest (L1) in host memory given by memslots, with real tables in emulated host
 * memory, behaving as Linux KVM-HV does. It takes every interrupt that would enter hypervisor state; the guest's own
 * never come here. L0's tables, rmap arrays and lists are host frames outside of the guest's slots.
 */
import type { InterruptName } from '../../isa/interrupts';
import type { RealMemory } from '../core/memory';
import { InternalError } from '../core/errors';
import type { Cpu } from '../cpu/cpu';
import type { InterruptDetail } from '../cpu/interrupts';
import type { Unstamped } from './observer';
import type { HypervisorEvent } from '../trace/events/hypervisor';
import type { MemslotEvent } from '../trace/events/memslot';
import { guestInterrupt } from './guest/interrupt';
import { GuestMemory } from './guest/memory';
import { RadixArch, type NestedMemory } from './guest/radix-arch';
import { GuestVcpu } from './guest/vcpu';
import { FrameAllocator, type FrameRange } from './host/frames';
import { HostAddressSpace } from './host/address-space';
import { HostHeap } from './host/heap';
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
}

export type GuestPower =
  | { readonly kind: 'off' }
  | { readonly kind: 'reboot' }
  | { readonly kind: 'crash'; readonly reason: string };

/** Sees what L0 does, while it is set. */
export type L0Observer = (event: HypervisorEvent | MemslotEvent) => void;

/** The part that runs L2 guests (src/kvm/nested). */
export interface NestedPart extends NestedMemory {
  /** The vCPU is in an L2 guest now. */
  isRunning(vcpu: GuestVcpu): boolean;
  /**
   * An interrupt for the hypervisor came while the vCPU is in L2. `cpu.nia` is the interrupted instruction, and
   * `detail.resume`, where there, what would be saved instead. True where it was dealt with.
   */
  interrupt(vcpu: GuestVcpu, name: InterruptName, detail: InterruptDetail): boolean;
}

export class L0 {
  readonly memory: RealMemory;
  readonly frames: FrameAllocator;
  readonly heap: HostHeap;
  /** Address space of the process that owns the guest's memory. */
  readonly mm: HostAddressSpace;
  readonly partitions: Partitions;
  readonly tlb: HypervisorTlb;
  readonly arch: RadixArch;
  readonly vm: Kvm;
  /** L1's hardware LPID. */
  readonly lpid: number;
  readonly vcpus: readonly GuestVcpu[];
  readonly hypercalls = new HypercallTable();
  /** L0's accesses to L1's memory. */
  readonly guestMemory: GuestMemory;
  /** What has happened since the machine was made. */
  readonly counters = { hypercalls: 0, exits: 0 };
  nested: NestedPart | undefined;
  observer: L0Observer | undefined;

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
    this.arch = new RadixArch({
      partitions: this.partitions,
      tlb: this.tlb,
      lpid: this.lpid,
      nested: () => this.nested,
    });
    this.vm = new Kvm({
      mm: this.mm,
      heap: this.heap,
      arch: this.arch,
      observer: { ...this.stamp(), emit: (event) => this.observer?.(event) },
    });
    this.guestMemory = new GuestMemory(this.vm, first);
    this.vcpus = cpus.map((cpu) => new GuestVcpu(cpu, this.vm.createVcpu()));
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
    return handled;
  }

  /** Stamps an event and hands it to the observer. Callers test {@link observer} first. */
  emit(event: Unstamped<HypervisorEvent>, vcpu?: GuestVcpu): void {
    const { time, cpu } = this.stamp();
    this.observer?.({ t: time(), cpu: vcpu?.id ?? cpu(), ...event });
  }

  private stamp(): { time: () => number; cpu: () => number } {
    const cpu = (): number => this.vm.runningVcpu?.id ?? 0;
    return { cpu, time: () => Number(this.options.cpus[cpu()]!.hooks.now()) };
  }
}
