/**
 * The user address space of the process that runs the guest: host virtual addresses to frames of emulated real
 * memory. Pages appear on fault; what a host does to them later (unmap, migrate, swap, merge...) is in
 * `operations.ts`. Every change of a present page goes through the MMU notifiers.
 */
import { EFAULT, EINVAL, ENOMEM } from '../errno';
import { GIB, MIB, type HostPageSize } from '../page';
import {
  frameOf,
  hasAnyBit,
  hasBits,
  makeEntry,
  PTE_1G,
  PTE_2M,
  PTE_DIRTY,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SHARED,
  PTE_SWAPPED,
  PTE_WRITABLE,
  PTE_YOUNG,
  withBits,
  withFrame,
  withoutBits,
} from '../page-entry';
import type { Steps } from '../steps';
import { NO_FRAME, type FrameAllocator } from './frames';
import type { MmuNotifier, MmuNotifierRange } from './notifier';
import { SwapDevice } from './swap';
import { VmaTree, type Vma } from './vma';

export type HostAccess = 'read' | 'write';

/** User addresses end here on ppc64 with radix translation and 4 PiB of address space. */
const DEFAULT_USER_LIMIT = 2 ** 52;
/** Where mappings without a wished address are put, ascending. */
const MMAP_BASE = 2 ** 40;
const DEFAULT_SWAP_PAGES = 2 ** 16;

export interface MmapRequest {
  /** Size in bytes, a multiple of the base page. */
  readonly bytes: number;
  readonly pageSize?: HostPageSize;
  readonly protection?: 'read-only' | 'read-write';
  /** Address wanted; without it one is chosen, aligned to `pageSize`. */
  readonly at?: number;
}

export interface HostAddressSpaceOptions {
  /** First address that user space may not use. */
  readonly userLimit?: number;
  readonly swapPages?: number;
}

export class HostAddressSpace {
  readonly vmas: VmaTree;
  readonly swap: SwapDevice;
  readonly userLimit: number;
  readonly notifiers: MmuNotifier[] = [];
  /** Passed to the notifiers by {@link discard}, which must not allocate. */
  private readonly scratch: MmuNotifierRange = { start: 0, end: 0, mayBlock: true };
  /** Where the next mapping without a wished address may begin. */
  nextFree = MMAP_BASE;

  constructor(
    readonly frames: FrameAllocator,
    options: HostAddressSpaceOptions = {},
  ) {
    this.vmas = new VmaTree(frames.geometry);
    this.swap = new SwapDevice(options.swapPages ?? DEFAULT_SWAP_PAGES);
    this.userLimit = options.userLimit ?? DEFAULT_USER_LIMIT;
  }

  get pageSize(): number {
    return this.frames.geometry.size;
  }

  /**
   * Maps zero-filled memory; pages appear on the first access.
   *
   * @returns the host virtual address, or -EINVAL for a bad size or address, or -ENOMEM where it does not fit
   */
  mmap({ bytes, pageSize = 'base', protection = 'read-write', at }: MmapRequest): number {
    const { geometry } = this.frames;
    const alignment = pageSize === 'base' ? geometry.size : pageSize === '2M' ? 2 * MIB : GIB;
    const start = at ?? Math.ceil(this.nextFree / alignment) * alignment;
    const end = start + bytes;
    if (!(bytes > 0) || !geometry.isAligned(bytes) || !geometry.isAligned(start)) return -EINVAL;
    if (end > this.userLimit) return -ENOMEM;
    if (this.vmas.overlaps(start, end)) return -EINVAL;
    const entries = new Int32Array(geometry.pageOf(bytes));
    this.vmas.add({ start, end, writable: protection === 'read-write', pageSize, entries });
    // An unmapped page between two mappings, so that they stay apart as those of a real process may.
    if (at === undefined) this.nextFree = end + geometry.size;
    return start;
  }

  /** The page entry of an address, {@link PTE_NONE} where nothing is mapped. Touches nothing. */
  entryAt(hva: number): number {
    const vma = this.vmas.find(hva);
    return vma ? vma.entries[this.vmas.indexOf(vma, hva)]! : PTE_NONE;
  }

  /**
   * Makes the page of an address present for an access and marks it young, and dirty for a write.
   *
   * @returns its frame, or -EFAULT (nothing mapped, or a write to a read-only area), or -ENOMEM
   */
  resolve(hva: number, access: HostAccess): number {
    const vma = this.vmas.find(hva);
    if (!vma) return -EFAULT;
    const index = this.vmas.indexOf(vma, hva);
    const entry = vma.entries[index]!;
    if (access === 'read') {
      if (!hasBits(entry, PTE_PRESENT)) return this.fault(vma, index, access);
      vma.entries[index] = withBits(entry, PTE_YOUNG);
    } else {
      if (!hasBits(entry, PTE_PRESENT | PTE_WRITABLE)) return this.fault(vma, index, access);
      vma.entries[index] = withBits(entry, PTE_YOUNG | PTE_DIRTY);
    }
    return frameOf(entry);
  }

  /**
   * Drops the pages of a range: madvise(MADV_DONTNEED). One invalidation for the whole range, also where nothing was
   * present, as Linux does.
   *
   * @returns 0, or -EINVAL for a range that is empty, not aligned or not within one mapped area
   */
  discard(start: number, end: number): number {
    const vma = this.vmas.find(start);
    const { geometry } = this.frames;
    if (!vma || end > vma.end || !(start < end) || !geometry.isAligned(start) || !geometry.isAligned(end))
      return -EINVAL;
    const { scratch } = this;
    scratch.start = start;
    scratch.end = end;
    this.notifyStart(scratch);
    this.zap(vma, this.vmas.indexOf(vma, start), this.vmas.indexOf(vma, end));
    this.notifyEnd(scratch);
    return 0;
  }

  notifyStart(range: MmuNotifierRange): void {
    for (let i = 0; i < this.notifiers.length; i++) this.notifiers[i]!.invalidateRangeStart(range);
  }

  *notifyStartSteps(range: MmuNotifierRange): Steps<void> {
    for (const notifier of this.notifiers) yield* notifier.invalidateRangeStartSteps(range);
  }

  notifyEnd(range: MmuNotifierRange): void {
    for (let i = 0; i < this.notifiers.length; i++) this.notifiers[i]!.invalidateRangeEnd(range);
  }

  /** Empties the entries `[from, to)`; the caller has told the notifiers. */
  zap(vma: Vma, from: number, to: number): void {
    this.vmas.splitHuge(vma, from);
    this.vmas.splitHuge(vma, to - 1);
    for (let i = from; i < to; i++) {
      const entry = vma.entries[i]!;
      if (entry === PTE_NONE) continue;
      if (hasBits(entry, PTE_PRESENT)) this.frames.put(frameOf(entry));
      else this.swap.free(frameOf(entry));
      vma.entries[i] = PTE_NONE;
    }
  }

  /** The address of an area's entry. */
  hvaOf(vma: Vma, index: number): number {
    return vma.start + index * this.pageSize;
  }

  /** Ends the address space: every notifier drops its mappings, every page goes. */
  exit(): void {
    for (const notifier of [...this.notifiers]) notifier.release();
    this.notifiers.length = 0;
    for (const vma of [...this.vmas.all()]) {
      this.zap(vma, 0, vma.entries.length);
      this.vmas.remove(vma.start, vma.end);
    }
  }

  private fault(vma: Vma, index: number, access: HostAccess): number {
    if (access === 'write' && !vma.writable) return -EFAULT;
    const entry = vma.entries[index]!;
    if (hasBits(entry, PTE_SWAPPED)) return this.swapIn(vma, index, access);
    if (!hasBits(entry, PTE_PRESENT)) return this.populate(vma, index, access);
    return hasBits(entry, PTE_SHARED) ? this.copyOnWrite(vma, index) : this.upgrade(vma, index);
  }

  private populate(vma: Vma, index: number, access: HostAccess): number {
    if (vma.pageSize === '1G' && this.populateHuge(vma, index, '1G')) return this.finish(vma, index, access);
    if (vma.pageSize !== 'base' && this.populateHuge(vma, index, '2M'))
      return this.finish(vma, index, access);
    const frame = this.frames.allocate(0);
    if (frame === NO_FRAME) return -ENOMEM;
    vma.entries[index] = makeEntry(frame, PTE_PRESENT | (vma.writable ? PTE_WRITABLE : 0));
    return this.finish(vma, index, access);
  }

  /** Fills the whole aligned block where it lies within the area, is empty and memory has it in one piece. */
  private populateHuge(vma: Vma, index: number, size: '2M' | '1G'): boolean {
    const pages = this.frames.geometry.pagesIn(size);
    const first = this.vmas.hugeStart(vma, index, pages);
    if (first < 0 || first + pages > vma.entries.length) return false;
    for (let i = first; i < first + pages; i++) if (vma.entries[i] !== PTE_NONE) return false;
    const frame = this.frames.allocate(Math.log2(pages));
    if (frame === NO_FRAME) return false;
    const bits = PTE_PRESENT | (vma.writable ? PTE_WRITABLE : 0) | (size === '2M' ? PTE_2M : PTE_1G);
    for (let i = 0; i < pages; i++) vma.entries[first + i] = makeEntry(frame + i, bits);
    return true;
  }

  private swapIn(vma: Vma, index: number, access: HostAccess): number {
    const frame = this.frames.allocate(0);
    if (frame === NO_FRAME) return -ENOMEM;
    const slot = frameOf(vma.entries[index]!);
    this.frames.bytesOf(frame).set(this.swap.load(slot));
    this.swap.free(slot);
    vma.entries[index] = makeEntry(frame, PTE_PRESENT | (vma.writable ? PTE_WRITABLE : 0));
    return this.finish(vma, index, access);
  }

  /** Write to a page whose write permission was taken away for a while: it comes back. */
  private upgrade(vma: Vma, index: number): number {
    vma.entries[index] = withBits(vma.entries[index]!, PTE_WRITABLE);
    return this.finish(vma, index, 'write');
  }

  /** Write to a merged page: it gets a frame of its own, unless it is the last user of the shared one. */
  private copyOnWrite(vma: Vma, index: number): number {
    const entry = vma.entries[index]!;
    const shared = frameOf(entry);
    if (this.frames.refCount(shared) === 1) {
      vma.entries[index] = withBits(withoutBits(entry, PTE_SHARED), PTE_WRITABLE);
      return this.finish(vma, index, 'write');
    }
    const own = this.frames.allocate(0);
    if (own === NO_FRAME) return -ENOMEM;
    const start = this.hvaOf(vma, index);
    const range = { start, end: start + this.pageSize, mayBlock: true };
    this.notifyStart(range);
    this.frames.copy(shared, own);
    this.frames.put(shared);
    vma.entries[index] = withBits(withoutBits(withFrame(entry, own), PTE_SHARED), PTE_WRITABLE);
    for (const notifier of this.notifiers) notifier.changePte(start, own);
    this.notifyEnd(range);
    return this.finish(vma, index, 'write');
  }

  private finish(vma: Vma, index: number, access: HostAccess): number {
    const entry = withBits(vma.entries[index]!, access === 'write' ? PTE_YOUNG | PTE_DIRTY : PTE_YOUNG);
    vma.entries[index] = entry;
    return frameOf(entry);
  }

  /** Whether a present page may be written without a further fault. */
  isWritable(hva: number): boolean {
    return hasBits(this.entryAt(hva), PTE_PRESENT | PTE_WRITABLE);
  }

  /** Bytes of the host mapping that contains a present address: the base page, 2 MiB or 1 GiB; 0 where absent. */
  mappingSize(hva: number): number {
    const entry = this.entryAt(hva);
    if (!hasBits(entry, PTE_PRESENT)) return 0;
    if (!hasAnyBit(entry, PTE_2M | PTE_1G)) return this.pageSize;
    return hasBits(entry, PTE_1G) ? GIB : 2 * MIB;
  }
}
