/** What the memory half of the hypervisor knows of a virtual CPU: its slot cache, mode, requests and dirty ring. */
import type { DirtyRing } from './dirty-ring';
import type { Generation } from './memslot-set';
import type { MemSlot } from './memslot';

/** `guest`: running guest code; `halted`: blocked in the hypervisor until an interrupt; `outside`: anything else. */
export type VcpuMode = 'guest' | 'halted' | 'outside';

/** Requests that a vCPU handles before it enters the guest (include/linux/kvm_host.h, KVM_REQ_*). */
export type VcpuRequest = 'gpc invalidate' | 'dirty ring soft full';

export class Vcpu {
  mode: VcpuMode = 'outside';
  readonly requests = new Set<VcpuRequest>();
  lastUsedSlot: MemSlot | null = null;
  lastUsedSlotGen: Generation = 0;
  dirtyRing: DirtyRing | null = null;
  /** How often the vCPU was interrupted in the guest, and woken from a halt. */
  kicks = 0;
  wakeups = 0;

  /** @param asId the address space that it runs in; may change at any time outside the guest */
  constructor(
    readonly id: number,
    public asId = 0,
  ) {}

  /** Interrupts a vCPU in guest mode; returns whether it was there. Its owner takes it out of the guest. */
  kick(): boolean {
    if (this.mode !== 'guest') return false;
    this.kicks++;
    this.onKick();
    return true;
  }

  /**
   * Takes the vCPU out of the guest. Here nothing runs beside the hypervisor, so it is outside at once; an owner
   * whose vCPU leaves later replaces this, and callers then wait for the mode to change.
   */
  onKick: () => void = () => {
    this.mode = 'outside';
  };
}
