/**
 * A guest page fault on a flat guest map, with the protocol by which it never installs a page that the host is taking
 * away: sample the sequence, look up, resolve, then test under mmu_lock (spec of Linux Documentation/virt/kvm/locking
 * and kvm_host.h, mmu_invalidate_retry_gfn). Architected tables follow the same protocol elsewhere.
 */
import { markDirtyInSlot } from './dirty-log';
import { EFAULT } from './errno';
import type { FlatArch } from './flat-arch';
import type { HostAccess } from './host/address-space';
import type { MemSlot } from './memslot';
import { makeEntry, PTE_DIRTY, PTE_PRESENT, PTE_WRITABLE, PTE_YOUNG } from './page-entry';
import type { Steps } from './steps';
import { HVA_ERR_BAD, HVA_ERR_RO_BAD, hvaInSlot } from './translate';
import type { Vcpu } from './vcpu';
import type { Kvm } from './vm';

/**
 * `mapped`: the access can be repeated; `retry`: something changed meanwhile, enter the guest and fault again; `mmio`:
 * not memory, or a write to a read-only slot; `efault` and `enomem`: the host could not supply the page.
 */
export type FaultResult = 'mapped' | 'retry' | 'mmio' | 'efault' | 'enomem';

/** A page that a guest may not reach as things stand: why. */
type Refusal = Exclude<FaultResult, 'mapped' | 'retry'>;

export class GuestMmu {
  constructor(
    private readonly vm: Kvm,
    private readonly arch: FlatArch,
  ) {}

  /**
   * A guest access at once: repeats the fault until it is settled, or returns `retry` where an open invalidation of the
   * page must end first.
   */
  access(vcpu: Vcpu, gfn: number, access: HostAccess): FaultResult {
    for (;;) {
      if (this.arch.access(vcpu.asId, gfn, access)) return 'mapped';
      const result = this.fault(vcpu, gfn, access);
      // While an invalidation is open, trying again at once would only spin.
      if (result === 'retry' && this.vm.invalidate.inProgress > 0) return result;
      if (result !== 'mapped' && result !== 'retry') return result;
    }
  }

  /** One fault, at once. */
  fault(vcpu: Vcpu, gfn: number, access: HostAccess): FaultResult {
    const { vm } = this;
    const { seq } = vm.invalidate;
    const token = vm.srcu.readLock();
    const slot = vm.vcpuGfnToMemslot(vcpu, gfn);
    const frame = this.resolve(slot, gfn, access);
    let result: FaultResult;
    if (typeof frame !== 'number') result = frame;
    else {
      vm.mmuLock.lock();
      result = this.install({ vcpu, slot: slot!, gfn, access }, frame, seq);
      vm.mmuLock.unlock();
      vm.mm.frames.put(frame);
    }
    vm.srcu.readUnlock(token);
    return result;
  }

  /** One fault as steps. The read section ends with it, also on a retry: a slot update may wait for the section. */
  *faultSteps(vcpu: Vcpu, gfn: number, access: HostAccess): Steps<FaultResult> {
    const { vm } = this;
    const { seq } = vm.invalidate;
    const token = vm.srcu.readLock();
    try {
      const slot = vm.vcpuGfnToMemslot(vcpu, gfn);
      yield 'looked up';
      const frame = this.resolve(slot, gfn, access);
      if (typeof frame !== 'number') return frame;
      yield 'resolved';
      yield* vm.mmuLock.lockSteps('wait:mmu_lock');
      const result = this.install({ vcpu, slot: slot!, gfn, access }, frame, seq);
      vm.mmuLock.unlock();
      vm.mm.frames.put(frame);
      return result;
    } finally {
      vm.srcu.readUnlock(token);
    }
  }

  /** The host frame of the page, with a reference. */
  private resolve(slot: MemSlot | null, gfn: number, access: HostAccess): number | Refusal {
    const { vm } = this;
    const hva = hvaInSlot(vm, slot, gfn, access);
    if (hva === HVA_ERR_BAD || hva === HVA_ERR_RO_BAD) return 'mmio';
    const frame = vm.mm.resolve(hva, access);
    if (frame < 0) return frame === -EFAULT ? 'efault' : 'enomem';
    vm.mm.frames.get(frame);
    return frame;
  }

  private install(
    { vcpu, slot, gfn, access }: { vcpu: Vcpu; slot: MemSlot; gfn: number; access: HostAccess },
    frame: number,
    seq: number,
  ): FaultResult {
    const { vm } = this;
    if (vm.invalidate.retryGfn(seq, gfn)) return 'retry';
    const written = access === 'write';
    let bits = PTE_PRESENT | PTE_YOUNG;
    if (written) bits |= PTE_WRITABLE | PTE_DIRTY;
    // A page that was only read may be written later without a fault, unless writes are being logged.
    else if (!slot.isReadonly && !slot.logsDirtyPages && vm.mm.isWritable(hvaInSlot(vm, slot, gfn, 'read')))
      bits |= PTE_WRITABLE;
    if (written && !vm.arch.harvestsDirtyState) markDirtyInSlot(vm, slot, gfn, vcpu);
    this.arch.install(slot, gfn, makeEntry(frame, bits));
    return 'mapped';
  }
}
