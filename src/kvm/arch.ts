/**
 * What generic slot management asks of the part that owns the guest's second-level translation (Linux
 * arch/<arch>/kvm). The contract only; `flat-arch.ts` and `power-arch.ts` implement it.
 */
import type { Generation } from './memslot-set';
import type { MemSlot } from './memslot';
import type { Kvm } from './vm';

export type MemslotChange = 'create' | 'delete' | 'move' | 'flags';

/** A change of one slot: `old` is absent for a create, `next` for a delete. */
export interface MemslotUpdate {
  readonly old: MemSlot | null;
  readonly next: MemSlot | null;
  readonly change: MemslotChange;
}

/** Guest frames `[start, end)` of one slot. One object is reused for all calls: it must not be kept. */
export interface GfnRange {
  slot: MemSlot;
  start: number;
  end: number;
  /** For a change of one page's frame only: the new frame. */
  frame: number;
}

export interface KvmArch {
  /** Slots may be read-only. */
  readonly supportsReadonly: boolean;
  /** The dirty state lives in page tables and GET_DIRTY_LOG always clears; no manual mode, no rings. */
  readonly harvestsDirtyState: boolean;
  /** Called once, when the VM is made. */
  attach(vm: Kvm): void;
  /** May allocate and fail with a negated error number; nothing was changed before. */
  prepareMemoryRegion(update: MemslotUpdate): number;
  /** The change is in effect. Must not fail. */
  commitMemoryRegion(update: MemslotUpdate): void;
  /** These slots, and no others, came back from a snapshot with the arch data that they had. */
  restoreMemslots(slots: readonly MemSlot[]): void;
  /** Frees what the arch keeps per slot. */
  freeMemslot(slot: MemSlot): void;
  /** Every reader of the old set is gone; the active set is about to get this generation. */
  memslotsUpdated(generation: Generation): void;
  /**
   * Drops every mapping made through the slot and defeats faults that looked it up before. May use only base_gfn,
   * npages and the rmap of the slot.
   */
  flushShadowMemslot(slot: MemSlot): void;
  /** Drops every mapping of the VM. */
  flushShadowAll(): void;
  /** Guest memory went away and caches of its contents may have to go. */
  guestMemoryReclaimed(): void;
  /** mmu_lock held. Returns whether a mapping was dropped, so that TLBs must be flushed. */
  unmapGfnRange(range: GfnRange): boolean;
  /** mmu_lock held. The single page of the range now has `range.frame`. */
  setSpteGfn(range: GfnRange): boolean;
  /** mmu_lock held. Makes mappings old; returns whether one was young. */
  ageGfn(range: GfnRange): boolean;
  testAgeGfn(range: GfnRange): boolean;
  /** mmu_lock held. Makes writes to the pages `page + i` of the slot, for each set bit i of `mask`, fault again. */
  writeProtect(slot: MemSlot, page: number, mask: number): void;
  /** Where dirty state lives in page tables: takes it out, as bits of the slot's scratch half. */
  harvestDirty(slot: MemSlot): void;
  flushRemoteTlbs(): void;
}
