/**
 * The arch hooks over L1's radix tree, which lies in emulated host memory and is walked by the hardware (Linux
 * arch/powerpc/kvm/book3s_64_mmu_radix.c). Dirty and young state are the tree's C and R bits. What L2 guests map
 * through L1's pages is followed by the nested part, which is told of every page that goes, ages or is cleaned.
 */
import { PTE } from '../../../isa/tables/radix';
import { has } from '../../core/bits';
import type { Json, StateReader } from '../../core/saved-state';
import type { GfnRange } from '../arch';
import type { PieceClaims } from '../host/piece-claims';
import type { MemSlot } from '../memslot';
import type { Partitions } from '../partitions';
import { PowerArch } from '../power-arch';
import type { HypervisorTlb } from '../tlb';
import type { Kvm } from '../vm';
import { partitionEntry0, TREE_BITS } from './radix-format';
import { RadixTable } from './radix-table';
import type { RadixLeaf } from './radix-leaf';

/** Guest frames of one slot that one mapping of L1 covers, and where in host real memory they are. */
export interface MappedFrames {
  readonly slot: MemSlot;
  readonly gfn: number;
  readonly pages: number;
  /** Host real address of the first frame's first byte. */
  readonly host: number;
}

/** What follows L1's pages into the tables of its L2 guests. mmu_lock is held during each call. */
export interface NestedMemory {
  /** L1's mapping of these frames is gone: every shadow entry made through it must go. */
  unmapped(frames: MappedFrames): void;
  /** Makes the shadow entries old; returns whether one was young. */
  aged(frames: MappedFrames): boolean;
  /** Takes the change bits away from the shadow entries. */
  cleaned(frames: MappedFrames): void;
  /** An rmap word that is still set when its slot is freed. */
  releaseRmap(word: bigint, gfn: number): void;
  /** Every mapping of L1 is gone. */
  releaseAll(): void;
}

export interface RadixArchOptions {
  readonly partitions: Partitions;
  readonly tlb: HypervisorTlb;
  /** L1's hardware LPID. */
  readonly lpid: number;
  readonly nested: () => NestedMemory | undefined;
}

export class RadixArch extends PowerArch {
  tree!: RadixTable;
  /** Mappings of large pages that exist (`num_2M_pages`, `num_1G_pages`). */
  readonly largePages = { 21: 0, 30: 0 };

  constructor(private readonly options: RadixArchOptions) {
    super({ releaseRmap: (word, gfn) => options.nested()?.releaseRmap(word, gfn) });
  }

  override attach(vm: Kvm): void {
    super.attach(vm);
    const { partitions, tlb, lpid } = this.options;
    this.tree = new RadixTable({
      memory: vm.mm.frames.memory,
      heap: vm.heap,
      geometry: vm.geometry,
      dropped: (gpa, leaf) => this.dropped(gpa, leaf),
      tableRemoved: () => tlb.walkCache(lpid),
    });
    partitions.set(lpid, partitionEntry0(this.tree.root), 0n);
  }

  save(): Json {
    return { root: this.tree.root, flushes: this.flushes, mmioUpdate: this.mmioUpdate };
  }

  /** @throws UserError where the tree in memory is none that L0 makes */
  restore(reader: StateReader, pieces: PieceClaims): void {
    this.flushes = reader.integer('flushes', 0, Number.MAX_SAFE_INTEGER);
    this.mmioUpdate = reader.integer('mmioUpdate', 0, Number.MAX_SAFE_INTEGER);
    const problem = this.tree.restore(reader.integer('root', 0, this.vm.mm.frames.memory.size), pieces);
    if (problem !== undefined) reader.fail('root', `a tree, not one with ${problem}`);
    reader.done();
    this.largePages[21] = this.largePages[30] = 0;
    this.tree.each(0, 2 ** TREE_BITS, (_gpa, { shift }) => {
      if (shift === 21 || shift === 30) this.largePages[shift]++;
    });
  }

  override flushShadowMemslot(slot: MemSlot): void {
    const { vm } = this;
    vm.mmuLock.lock();
    this.dropRange(slot.baseGfn, slot.endGfn);
    // A fault that looked the slot up before the swap must not install what it found.
    vm.invalidate.seq++;
    vm.mmuLock.unlock();
  }

  override flushShadowAll(): void {
    this.options.nested()?.releaseAll();
    this.tree.clear();
    this.largePages[21] = this.largePages[30] = 0;
    this.options.tlb.partition(this.options.lpid);
  }

  /** Every page is flushed as it goes: nothing is left to flush afterwards. */
  override unmapGfnRange({ start, end }: GfnRange): boolean {
    this.dropRange(start, end);
    return false;
  }

  /** The next access faults and finds the new frame. */
  override setSpteGfn({ start, end }: GfnRange): boolean {
    this.dropRange(start, end);
    return false;
  }

  override ageGfn(range: GfnRange): boolean {
    let young = false;
    this.eachLeaf(range.start, range.end, (gpa, leaf) => {
      if (has(leaf.pte, PTE.R)) {
        young = true;
        this.tree.replace(leaf, leaf.pte & ~PTE.R.mask);
      }
      if (this.options.nested()?.aged(this.framesOf(range.slot, gpa, leaf))) young = true;
    });
    return young;
  }

  override testAgeGfn({ start, end }: GfnRange): boolean {
    let young = false;
    this.eachLeaf(start, end, (_gpa, leaf) => {
      young ||= has(leaf.pte, PTE.R);
    });
    return young;
  }

  override harvestDirty(slot: MemSlot): void {
    this.eachLeaf(slot.baseGfn, slot.endGfn, (gpa, leaf) => {
      if (!has(leaf.pte, PTE.C)) return;
      const frames = this.framesOf(slot, gpa, leaf);
      this.tree.replace(leaf, leaf.pte & ~PTE.C.mask);
      this.options.tlb.page(this.options.lpid, gpa, leaf.shift);
      this.options.nested()?.cleaned(frames);
      for (let i = 0; i < frames.pages; i++) slot.dirtyBitmap!.setScratch(frames.gfn + i - slot.baseGfn);
    });
  }

  /** Slots with logging are mapped by base pages; write protection is the change bit's interrupt. */
  override writeProtect(): void {}

  override flushRemoteTlbs(): void {
    super.flushRemoteTlbs();
    this.options.tlb.partition(this.options.lpid);
  }

  private dropRange(start: number, end: number): void {
    this.eachLeaf(start, end, (gpa, leaf) => this.tree.drop(gpa, leaf));
  }

  private eachLeaf(startGfn: number, endGfn: number, visit: (gpa: number, leaf: RadixLeaf) => void): void {
    const { pageSize } = this.vm;
    this.tree.each(startGfn * pageSize, endGfn * pageSize, visit);
  }

  /** The part of a leaf's frames that lies in the slot. */
  private framesOf(slot: MemSlot, gpa: number, leaf: RadixLeaf): MappedFrames {
    const { pageSize } = this.vm;
    const first = gpa / pageSize;
    const gfn = Math.max(first, slot.baseGfn);
    const last = Math.min(first + 2 ** leaf.shift / pageSize, slot.endGfn);
    const host = Number(leaf.pte & PTE.RPN.mask) + (gfn - first) * pageSize;
    return { slot, gfn, pages: last - gfn, host };
  }

  private dropped(gpa: number, leaf: RadixLeaf): void {
    const { tlb, lpid, nested } = this.options;
    tlb.page(lpid, gpa, leaf.shift);
    if (leaf.shift === 21 || leaf.shift === 30) this.largePages[leaf.shift]--;
    const slot = this.slotOf(gpa / this.vm.pageSize);
    if (!slot) return;
    const frames = this.framesOf(slot, gpa, leaf);
    nested()?.unmapped(frames);
    if (!has(leaf.pte, PTE.C) || !slot.dirtyBitmap) return;
    for (let i = 0; i < frames.pages; i++) slot.dirtyBitmap.set(frames.gfn + i - slot.baseGfn);
  }

  /** The slot of a frame, an INVALID one too: its mappings are being dropped. */
  private slotOf(gfn: number): MemSlot | null {
    return this.vm.gfnToMemslot(gfn);
  }
}
