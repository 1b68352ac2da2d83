/**
 * What a host does to pages that exist: each operation is one notifier pair around one change. Every operation can be
 * run at once ({@link perform}) or step by step ({@link performSteps}), so that tests put faults and slot updates
 * between start, change and end. Results are 0 or a count, or a negated error number.
 */
import { EAGAIN, EINVAL, ENOMEM } from '../errno';
import {
  frameOf,
  hasAnyBit,
  hasBits,
  makeEntry,
  PTE_2M,
  PTE_1G,
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
import type { HostAddressSpace } from './address-space';
import { NO_FRAME } from './frames';
import { SWAP_FULL } from './swap';
import type { Vma } from './vma';

/** A change of a range of pages, to be made between the notifiers' start and end. */
export interface HostOperation {
  readonly mm: HostAddressSpace;
  readonly start: number;
  readonly end: number;
  /** False for the OOM reaper. Default true. */
  readonly mayBlock?: boolean;
  apply(): number;
}

/** Runs an operation at once. */
export function perform(op: HostOperation): number {
  const range = { start: op.start, end: op.end, mayBlock: op.mayBlock ?? true };
  if (!(range.start < range.end)) return -EINVAL;
  op.mm.notifyStart(range);
  const result = op.apply();
  op.mm.notifyEnd(range);
  return result;
}

/** Runs an operation with yields after the notifiers' start and after the change. */
export function* performSteps(op: HostOperation): Steps<number> {
  const range = { start: op.start, end: op.end, mayBlock: op.mayBlock ?? true };
  if (!(range.start < range.end)) return -EINVAL;
  yield* op.mm.notifyStartSteps(range);
  yield 'invalidated';
  const result = op.apply();
  yield 'changed';
  op.mm.notifyEnd(range);
  return result;
}

/** Visits the entries of a range that lie in mapped areas. A visitor that returns false ends the visit. */
function eachEntry(
  mm: HostAddressSpace,
  { start, end }: { start: number; end: number },
  visit: (vma: Vma, index: number) => boolean | void,
): void {
  for (const vma of mm.vmas.meeting(start, end)) {
    const from = mm.vmas.indexOf(vma, Math.max(start, vma.start));
    const to = mm.vmas.indexOf(vma, Math.min(end, vma.end) - 1);
    for (let i = from; i <= to; i++) if (visit(vma, i) === false) return;
  }
}

/** Drops pages without unmapping the area: madvise(MADV_DONTNEED), or the OOM reaper with `mayBlock: false`. */
export function discardPages(
  mm: HostAddressSpace,
  range: { start: number; end: number; mayBlock?: boolean },
): HostOperation {
  const apply = (): number => {
    for (const vma of mm.vmas.meeting(range.start, range.end)) {
      const to = mm.vmas.indexOf(vma, Math.min(range.end, vma.end) - 1) + 1;
      mm.zap(vma, mm.vmas.indexOf(vma, Math.max(range.start, vma.start)), to);
    }
    return 0;
  };
  return { mm, ...range, apply };
}

/** Drops pages and area: munmap. */
export function unmapArea(mm: HostAddressSpace, start: number, end: number): HostOperation {
  const apply = (): number => {
    discardPages(mm, { start, end }).apply();
    mm.vmas.remove(start, end);
    return 0;
  };
  return { mm, start, end, apply };
}

/** Takes the write permission of present pages away; the next write fault gives it back. Returns how many had it. */
export function writeProtect(mm: HostAddressSpace, start: number, end: number): HostOperation {
  const apply = (): number => {
    let count = 0;
    eachEntry(mm, { start, end }, (vma, i) => {
      const entry = vma.entries[i]!;
      if (!hasBits(entry, PTE_PRESENT | PTE_WRITABLE)) return;
      vma.entries[i] = withoutBits(entry, PTE_WRITABLE);
      count++;
    });
    return count;
  };
  return { mm, start, end, apply };
}

/**
 * Moves present pages to other frames. Pages that somebody else references, or that are merged, stay; huge mappings
 * become base pages. Returns how many moved; -ENOMEM where memory ran out before the first.
 */
export function migratePages(mm: HostAddressSpace, start: number, end: number): HostOperation {
  const apply = (): number => {
    let moved = 0;
    let failure = 0;
    eachEntry(mm, { start, end }, (vma, i) => {
      const entry = vma.entries[i]!;
      const from = frameOf(entry);
      if (!hasBits(entry, PTE_PRESENT) || mm.frames.refCount(from) !== 1) return;
      const to = mm.frames.allocate(0);
      if (to === NO_FRAME) {
        failure = -ENOMEM;
        return false;
      }
      mm.vmas.splitHuge(vma, i);
      mm.frames.copy(from, to);
      mm.frames.put(from);
      vma.entries[i] = withFrame(vma.entries[i]!, to);
      moved++;
    });
    return moved > 0 ? moved : failure;
  };
  return { mm, start, end, apply };
}

/** Writes present pages to the swap device. Returns how many; -ENOMEM where the device was full before the first. */
export function swapOut(mm: HostAddressSpace, start: number, end: number): HostOperation {
  const apply = (): number => {
    let count = 0;
    let failure = 0;
    eachEntry(mm, { start, end }, (vma, i) => {
      const entry = vma.entries[i]!;
      if (!hasBits(entry, PTE_PRESENT) || mm.frames.refCount(frameOf(entry)) !== 1) return;
      const slot = mm.swap.store(mm.frames.bytesOf(frameOf(entry)));
      if (slot === SWAP_FULL) {
        failure = -ENOMEM;
        return false;
      }
      mm.vmas.splitHuge(vma, i);
      mm.frames.put(frameOf(entry));
      vma.entries[i] = makeEntry(slot, PTE_SWAPPED);
      count++;
    });
    return count > 0 ? count : failure;
  };
  return { mm, start, end, apply };
}

/** Brings swapped pages of a range back; needs no notifier, because nothing was mapped. A count, or -ENOMEM. */
export function swapIn(mm: HostAddressSpace, start: number, end: number): number {
  let count = 0;
  let failure = 0;
  eachEntry(mm, { start, end }, (vma, i) => {
    if (!hasBits(vma.entries[i]!, PTE_SWAPPED)) return;
    const result = mm.resolve(mm.hvaOf(vma, i), 'read');
    if (result < 0) failure = result;
    else count++;
    return failure === 0;
  });
  return failure || count;
}

/** Turns the huge mapping at an address into base pages of the same frames. -EINVAL where there is none. */
export function splitHuge(mm: HostAddressSpace, hva: number): HostOperation {
  const size = Math.max(mm.mappingSize(hva), mm.pageSize);
  const start = hva - (hva % size);
  const apply = (): number => {
    const vma = mm.vmas.find(hva);
    return vma && mm.vmas.splitHuge(vma, mm.vmas.indexOf(vma, hva)) ? 0 : -EINVAL;
  };
  return { mm, start, end: start + size, apply };
}

/**
 * Gathers the base pages of the aligned 2 MiB around an address in one block of frames. -EINVAL where the block
 * reaches over the area or has no page, -EAGAIN where one is swapped, merged, write-protected or referenced elsewhere,
 * -ENOMEM where memory has no such block.
 */
export function collapse(mm: HostAddressSpace, hva: number): HostOperation {
  const pages = mm.frames.geometry.pagesIn('2M');
  const size = pages * mm.pageSize;
  const start = hva - (hva % size);
  const apply = (): number => {
    const vma = mm.vmas.find(hva);
    if (!vma || start < vma.start || start + size > vma.end) return -EINVAL;
    const first = mm.vmas.indexOf(vma, start);
    const refusal = collapseRefusal(mm, vma.entries.subarray(first, first + pages));
    if (refusal) return refusal;
    const block = mm.frames.allocate(Math.log2(pages));
    if (block === NO_FRAME) return -ENOMEM;
    gather(mm, vma.entries.subarray(first, first + pages), block);
    return 0;
  };
  return { mm, start, end: start + size, apply };
}

function collapseRefusal(mm: HostAddressSpace, entries: Int32Array): number {
  if (entries.every((entry) => entry === PTE_NONE)) return -EINVAL;
  if (entries.some((entry) => hasAnyBit(entry, PTE_2M | PTE_1G))) return -EINVAL;
  const movable = (entry: number): boolean =>
    entry === PTE_NONE ||
    (hasBits(entry, PTE_PRESENT | PTE_WRITABLE) && mm.frames.refCount(frameOf(entry)) === 1);
  return entries.every(movable) ? 0 : -EAGAIN;
}

function gather(mm: HostAddressSpace, entries: Int32Array, block: number): void {
  entries.forEach((entry, i) => {
    if (hasBits(entry, PTE_PRESENT)) {
      mm.frames.copy(frameOf(entry), block + i);
      mm.frames.put(frameOf(entry));
    }
    const state = entry === PTE_NONE ? PTE_PRESENT | PTE_WRITABLE : withFrame(entry, 0);
    entries[i] = makeEntry(block + i, withBits(state, PTE_2M));
  });
}

/** First half of a merge: the page that stays becomes read-only and shared. -EAGAIN where it is not a plain page. */
export function shareFrame(mm: HostAddressSpace, hva: number): HostOperation {
  const apply = (): number => {
    const vma = mm.vmas.find(hva);
    const index = vma ? mm.vmas.indexOf(vma, hva) : 0;
    const entry = vma?.entries[index] ?? PTE_NONE;
    if (!vma || !hasBits(entry, PTE_PRESENT) || hasAnyBit(entry, PTE_2M | PTE_1G)) return -EAGAIN;
    vma.entries[index] = withBits(withoutBits(entry, PTE_WRITABLE), PTE_SHARED);
    return 0;
  };
  return { mm, start: hva, end: hva + mm.pageSize, apply };
}

/**
 * Second half of a merge: the page at `hva` gives up its frame for the identical, shared one at `sharedHva`.
 * -EAGAIN where the bytes differ, or either page is not in the state for it.
 */
export function adoptFrame(mm: HostAddressSpace, hva: number, sharedHva: number): HostOperation {
  const apply = (): number => {
    const vma = mm.vmas.find(hva);
    const index = vma ? mm.vmas.indexOf(vma, hva) : 0;
    const entry = vma?.entries[index] ?? PTE_NONE;
    const target = mm.entryAt(sharedHva);
    if (!vma || !hasBits(entry, PTE_PRESENT) || hasAnyBit(entry, PTE_2M | PTE_1G)) return -EAGAIN;
    if (!hasBits(target, PTE_PRESENT | PTE_SHARED) || frameOf(entry) === frameOf(target)) return -EAGAIN;
    if (mm.frames.refCount(frameOf(entry)) !== 1 || !sameBytes(mm, frameOf(entry), frameOf(target)))
      return -EAGAIN;
    mm.frames.get(frameOf(target));
    mm.frames.put(frameOf(entry));
    vma.entries[index] = withBits(withoutBits(withFrame(entry, frameOf(target)), PTE_WRITABLE), PTE_SHARED);
    for (const notifier of mm.notifiers) notifier.changePte(hva, frameOf(target));
    return 0;
  };
  return { mm, start: hva, end: hva + mm.pageSize, apply };
}

/** Merges two pages with the same bytes into one frame, as KSM does. 0, or -EAGAIN where they cannot be merged. */
export function mergeIdentical(mm: HostAddressSpace, keep: number, drop: number): number {
  const shared = perform(shareFrame(mm, keep));
  return shared < 0 ? shared : perform(adoptFrame(mm, drop, keep));
}

function sameBytes(mm: HostAddressSpace, a: number, b: number): boolean {
  const other = mm.frames.bytesOf(b);
  return mm.frames.bytesOf(a).every((byte, i) => byte === other[i]);
}

/** Makes present pages old. `flush` tells the notifiers to flush too. Returns whether any page was young. */
export function makeOld(
  mm: HostAddressSpace,
  range: { start: number; end: number },
  how: 'flush' | 'no flush',
): boolean {
  let young = false;
  for (const notifier of mm.notifiers) {
    const { start, end } = range;
    if (how === 'flush' ? notifier.clearFlushYoung(start, end) : notifier.clearYoung(start, end))
      young = true;
  }
  eachEntry(mm, range, (vma, i) => {
    if (hasBits(vma.entries[i]!, PTE_YOUNG)) young = true;
    vma.entries[i] = withoutBits(vma.entries[i]!, PTE_YOUNG);
  });
  return young;
}

/** Whether the page at an address was used since it was last made old, through the host or through a notifier. */
export function isYoung(mm: HostAddressSpace, hva: number): boolean {
  return hasBits(mm.entryAt(hva), PTE_YOUNG) || mm.notifiers.some((notifier) => notifier.testYoung(hva));
}

/** Whether the page at an address was written through the host. */
export function isDirty(mm: HostAddressSpace, hva: number): boolean {
  return hasBits(mm.entryAt(hva), PTE_DIRTY);
}
