/**
 * The arch hooks of a guest that has either a radix tree or a hashed page table: each goes to the tables that there are
 * (Linux book3s_hv.c and book3s_64_mmu_hv.c, whose functions begin with kvm_is_radix).
 */
import type { GfnRange } from '../arch';
import { RadixArch, type RadixArchOptions } from '../guest/radix-arch';
import type { MemSlot } from '../memslot';
import type { HptGuest } from './guest';
import { ageFrames, areYoung, resetRings, takeChanged, unmapFrames } from './host-events';

export interface GuestArchOptions extends RadixArchOptions {
  readonly hpt: () => HptGuest | undefined;
}

const allOf = (slot: MemSlot): GfnRange => ({ slot, start: slot.baseGfn, end: slot.endGfn, frame: 0 });

export class GuestArch extends RadixArch {
  constructor(private readonly guestOptions: GuestArchOptions) {
    super(guestOptions);
  }

  override flushShadowMemslot(slot: MemSlot): void {
    const { hpt, vm } = this;
    if (!hpt) return super.flushShadowMemslot(slot);
    vm.mmuLock.lock();
    unmapFrames(hpt, allOf(slot));
    vm.invalidate.seq++;
    vm.mmuLock.unlock();
  }

  override flushShadowAll(): void {
    const { hpt, vm } = this;
    if (!hpt) return super.flushShadowAll();
    for (let asId = 0; asId < vm.sets.count; asId++)
      for (const slot of vm.sets.active(asId).slots()) unmapFrames(hpt, allOf(slot));
  }

  /** What entries that went had recorded is of no use to anybody. */
  override freeMemslot(slot: MemSlot): void {
    const { hpt, vm } = this;
    if (hpt && slot.rmap >= 0)
      for (const gfn of resetRings(hpt, slot))
        vm.warn(`the ring of frame ${gfn} is not empty while its slot is freed`);
    super.freeMemslot(slot);
  }

  override unmapGfnRange(range: GfnRange): boolean {
    const { hpt } = this;
    if (!hpt) return super.unmapGfnRange(range);
    unmapFrames(hpt, range);
    return false;
  }

  override setSpteGfn(range: GfnRange): boolean {
    const { hpt } = this;
    if (!hpt) return super.setSpteGfn(range);
    unmapFrames(hpt, range);
    return false;
  }

  override ageGfn(range: GfnRange): boolean {
    const { hpt } = this;
    return hpt ? ageFrames(hpt, range) : super.ageGfn(range);
  }

  override testAgeGfn(range: GfnRange): boolean {
    const { hpt } = this;
    return hpt ? areYoung(hpt, range) : super.testAgeGfn(range);
  }

  override harvestDirty(slot: MemSlot): void {
    const { hpt } = this;
    if (!hpt) return super.harvestDirty(slot);
    takeChanged(hpt, allOf(slot), (gfn) => slot.dirtyBitmap!.setScratch(gfn - slot.baseGfn));
  }

  /** The table, while the guest has one. */
  private get hpt(): HptGuest | undefined {
    const hpt = this.guestOptions.hpt();
    return hpt?.isActive ? hpt : undefined;
  }
}
