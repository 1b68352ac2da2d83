/**
 * The arch hooks over flat guest maps, one per address space: what slot management needs of an architecture, without
 * architected tables and without per-slot data. Dirty pages are found by write protection.
 */
import type { GfnRange, KvmArch, MemslotUpdate } from './arch';
import { GuestMap } from './guest-map';
import type { Generation } from './memslot-set';
import type { MemSlot } from './memslot';
import {
  frameOf,
  hasBits,
  PTE_DIRTY,
  PTE_NONE,
  PTE_PRESENT,
  PTE_WRITABLE,
  PTE_YOUNG,
  withBits,
  withFrame,
  withoutBits,
} from './page-entry';
import type { Kvm } from './vm';

const BITS_PER_WORD = 32;

export class FlatArch implements KvmArch {
  readonly supportsReadonly: boolean = true;
  readonly harvestsDirtyState: boolean = false;
  /** Mappings by guest frame, one map per address space. */
  readonly maps: GuestMap[] = [];
  /** TLB flushes so far. */
  flushes = 0;
  protected vm!: Kvm;

  attach(vm: Kvm): void {
    this.vm = vm;
    for (let asId = 0; asId < vm.sets.count; asId++) this.maps.push(new GuestMap());
  }

  prepareMemoryRegion(_update: MemslotUpdate): number {
    return 0;
  }

  /** When logging begins, writable mappings must go; when it ends, large ones may come back: drop all. */
  commitMemoryRegion({ old, next, change }: MemslotUpdate): void {
    if (change === 'flags' && old!.logsDirtyPages !== next!.logsDirtyPages) this.flushShadowMemslot(next!);
  }

  restoreMemslots(_slots: readonly MemSlot[]): void {}

  freeMemslot(_slot: MemSlot): void {}

  memslotsUpdated(_generation: Generation): void {}

  flushShadowMemslot(slot: MemSlot): void {
    const { vm } = this;
    vm.mmuLock.lock();
    if (this.zap(slot, slot.baseGfn, slot.endGfn)) this.flushRemoteTlbs();
    // A fault that looked the slot up before the swap must not install what it found.
    vm.invalidate.seq++;
    vm.mmuLock.unlock();
  }

  flushShadowAll(): void {
    for (const map of this.maps) map.clear();
    this.flushRemoteTlbs();
  }

  guestMemoryReclaimed(): void {}

  unmapGfnRange(range: GfnRange): boolean {
    return this.zap(range.slot, range.start, range.end);
  }

  setSpteGfn({ slot, start, frame }: GfnRange): boolean {
    const map = this.mapOf(slot);
    const entry = map.get(start);
    if (!hasBits(entry, PTE_PRESENT)) return false;
    map.set(start, withoutBits(withFrame(entry, frame), PTE_WRITABLE));
    return true;
  }

  ageGfn({ slot, start, end }: GfnRange): boolean {
    const map = this.mapOf(slot);
    let young = false;
    for (let gfn = map.nextPresent(start, end); gfn >= 0; gfn = map.nextPresent(gfn + 1, end)) {
      const entry = map.get(gfn);
      if (hasBits(entry, PTE_YOUNG)) young = true;
      map.set(gfn, withoutBits(entry, PTE_YOUNG));
    }
    return young;
  }

  testAgeGfn({ slot, start, end }: GfnRange): boolean {
    const map = this.mapOf(slot);
    for (let gfn = map.nextPresent(start, end); gfn >= 0; gfn = map.nextPresent(gfn + 1, end))
      if (hasBits(map.get(gfn), PTE_YOUNG)) return true;
    return false;
  }

  writeProtect(slot: MemSlot, page: number, mask: number): void {
    const map = this.mapOf(slot);
    for (let bit = 0; bit < BITS_PER_WORD; bit++) {
      if ((mask & (1 << bit)) === 0) continue;
      const gfn = slot.baseGfn + page + bit;
      const entry = map.get(gfn);
      if (hasBits(entry, PTE_PRESENT)) map.set(gfn, withoutBits(entry, PTE_WRITABLE));
    }
  }

  harvestDirty(_slot: MemSlot): void {}

  flushRemoteTlbs(): void {
    this.flushes++;
  }

  /**
   * A guest access by the hardware: true where the mapping allows it. Marks the entry young, and dirty for a write.
   */
  access(asId: number, gfn: number, access: 'read' | 'write'): boolean {
    const map = this.maps[asId]!;
    const entry = map.get(gfn);
    if (!hasBits(entry, access === 'write' ? PTE_PRESENT | PTE_WRITABLE : PTE_PRESENT)) return false;
    const bits = access === 'write' ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG;
    if (!hasBits(entry, bits)) map.set(gfn, withBits(entry, bits));
    return true;
  }

  /** Maps a guest frame; mmu_lock is held and the retry test was passed. */
  install(slot: MemSlot, gfn: number, entry: number): void {
    this.mapOf(slot).set(gfn, entry);
  }

  /** The frame that a guest frame is mapped to, or -1. */
  mappedFrame(asId: number, gfn: number): number {
    const entry = this.maps[asId]!.get(gfn);
    return hasBits(entry, PTE_PRESENT) ? frameOf(entry) : -1;
  }

  protected mapOf(slot: MemSlot): GuestMap {
    return this.maps[slot.asId]!;
  }

  /** Called before a mapping goes; its dirty state would be lost with it. */
  protected dropping(_slot: MemSlot, _gfn: number, _entry: number): void {}

  private zap(slot: MemSlot, start: number, end: number): boolean {
    const map = this.mapOf(slot);
    let any = false;
    for (let gfn = map.nextPresent(start, end); gfn >= 0; gfn = map.nextPresent(gfn + 1, end)) {
      this.dropping(slot, gfn, map.get(gfn));
      map.set(gfn, PTE_NONE);
      any = true;
    }
    return any;
  }
}
