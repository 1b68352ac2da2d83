/**
 * What Power's hypervisor keeps per slot: the rmap array, one 64-bit word a page, in emulated host memory (Linux
 * arch/powerpc/kvm/book3s_hv.c). Its life: allocated by create, handed on by move and flag changes, freed by delete.
 * What the words mean (HPT chains, nested lists) is decided by those who write them.
 */
import type { MemslotUpdate } from './arch';
import { ENOMEM } from './errno';
import { FlatArch } from './flat-arch';
import { NO_RMAP, type MemSlot } from './memslot';
import { hasBits, PTE_DIRTY, withoutBits } from './page-entry';

const RMAP_WORD_BYTES = 8;

export interface PowerArchOptions {
  /** Frees what hangs off a word that is still set when its slot is deleted, such as a nested list. */
  readonly releaseRmap?: (word: bigint, gfn: number) => void;
}

export class PowerArch extends FlatArch {
  /** Read-only slots are not supported on Power. */
  override readonly supportsReadonly = false;
  override readonly harvestsDirtyState = true;
  /** Bumped when memory appeared: what was cached as emulated MMIO may be memory now. */
  mmioUpdate = 0;
  /** Bytes of all rmap arrays. */
  rmapBytes = 0;
  private readonly releaseRmap: (word: bigint, gfn: number) => void;

  constructor(options: PowerArchOptions = {}) {
    super();
    this.releaseRmap = options.releaseRmap ?? ((): void => undefined);
  }

  override prepareMemoryRegion({ old, next, change }: MemslotUpdate): number {
    if (change === 'delete') return 0;
    if (change !== 'create') {
      next!.rmap = old!.rmap;
      return 0;
    }
    const bytes = next!.npages * RMAP_WORD_BYTES;
    const address = bytes > this.vm.mm.frames.memory.size ? -1 : this.vm.allocateRmap(bytes);
    if (address < 0) return -ENOMEM;
    next!.rmap = address;
    this.rmapBytes += bytes;
    return 0;
  }

  override commitMemoryRegion(update: MemslotUpdate): void {
    if (update.change !== 'delete') this.mmioUpdate++;
    super.commitMemoryRegion(update);
  }

  override restoreMemslots(slots: readonly MemSlot[]): void {
    this.rmapBytes = slots.reduce((bytes, { npages }) => bytes + npages * RMAP_WORD_BYTES, 0);
  }

  /** Leftover words are released first: whoever holds such an entry would point into freed memory. */
  override freeMemslot(slot: MemSlot): void {
    if (slot.rmap === NO_RMAP) return;
    this.eachRmap(slot, (word, gfn) => this.releaseRmap(word, gfn));
    this.vm.heap.free(slot.rmap);
    this.rmapBytes -= slot.npages * RMAP_WORD_BYTES;
    slot.rmap = NO_RMAP;
  }

  /** Real address of the rmap word of a guest frame that the slot contains. */
  rmapAddress(slot: MemSlot, gfn: number): number {
    return slot.rmap + (gfn - slot.baseGfn) * RMAP_WORD_BYTES;
  }

  readRmap(slot: MemSlot, gfn: number): bigint {
    return this.vm.mm.frames.memory.getDoubleword(this.rmapAddress(slot, gfn));
  }

  writeRmap(slot: MemSlot, gfn: number, word: bigint): void {
    this.vm.mm.frames.memory.setDoubleword(this.rmapAddress(slot, gfn), word);
  }

  /** Visits the words that are not 0. */
  eachRmap(slot: MemSlot, visit: (word: bigint, gfn: number) => void): void {
    const { memory } = this.vm.mm.frames;
    for (let page = 0; page < slot.npages; page++) {
      const address = slot.rmap + page * RMAP_WORD_BYTES;
      // Halves first: nearly all words are 0, and a bigint each would be the cost of the scan.
      if (memory.getWord(address) === 0 && memory.getWord(address + RMAP_WORD_BYTES / 2) === 0) continue;
      visit(memory.getDoubleword(address), slot.baseGfn + page);
    }
  }

  /** Takes the change bits out of the slot's mappings. */
  override harvestDirty(slot: MemSlot): void {
    const map = this.mapOf(slot);
    const bitmap = slot.dirtyBitmap!;
    for (
      let gfn = map.nextPresent(slot.baseGfn, slot.endGfn);
      gfn >= 0;
      gfn = map.nextPresent(gfn + 1, slot.endGfn)
    ) {
      const entry = map.get(gfn);
      if (!hasBits(entry, PTE_DIRTY)) continue;
      map.set(gfn, withoutBits(entry, PTE_DIRTY));
      bitmap.setScratch(gfn - slot.baseGfn);
    }
  }

  protected override dropping(slot: MemSlot, gfn: number, entry: number): void {
    if (hasBits(entry, PTE_DIRTY)) slot.dirtyBitmap?.set(gfn - slot.baseGfn);
  }
}
