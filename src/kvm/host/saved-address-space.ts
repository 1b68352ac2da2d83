/**
 * A host address space in snapshots: mapped areas with their entries, and the swap device. Whatever is read, each
 * present page has a frame of user space, each swapped one a page of the device of its own, and a large mapping is the
 * aligned block of frames that hardware would map.
 */
import type { Json, StateReader } from '../../core/saved-state';
import { GIB, MIB, type HostPageSize } from '../page';
import {
  frameOf, hasAnyBit, hasBits, PTE_1G, PTE_2M, PTE_DIRTY, PTE_NONE, PTE_PRESENT, PTE_SHARED, PTE_SWAPPED, PTE_WRITABLE,
  PTE_YOUNG, makeEntry,
} from '../page-entry'; // prettier-ignore
import { readRuns, toRuns } from '../runs';
import type { HostAddressSpace } from './address-space';
import type { FrameClaims } from './frame-claims';
import type { Vma } from './vma';

const PAGE_SIZES: readonly HostPageSize[] = ['base', '2M', '1G'];
/** More areas, and more pages in all of them, than any run makes. */
const MOST_AREAS = 2 ** 16;
const MOST_PAGES = 2 ** 22;
const PRESENT_BITS = PTE_WRITABLE | PTE_YOUNG | PTE_DIRTY | PTE_SHARED | PTE_2M | PTE_1G;

export function saveAddressSpace(mm: HostAddressSpace): Json {
  return {
    nextFree: mm.nextFree,
    vmas: [...mm.vmas.all()].map(({ entries, ...vma }) => ({ ...vma, entries: toRuns(entries) })),
    swap: mm.swap.save(),
  };
}

/** @throws UserError where it is not what {@link saveAddressSpace} gives, or does not fit the frames */
export function restoreAddressSpace(mm: HostAddressSpace, reader: StateReader, frames: FrameClaims): void {
  mm.nextFree = reader.integer('nextFree', 0, mm.userLimit + mm.pageSize);
  const areas = reader.children('vmas', MOST_AREAS);
  mm.swap.restore(reader.child('swap'), mm.pageSize);
  reader.done();
  mm.vmas.clear();
  const swapped = new Set<number>();
  let pages = 0;
  for (const area of areas) {
    const vma = readArea(mm, area, MOST_PAGES - pages);
    pages += vma.entries.length;
    vma.entries.forEach((entry, i) => {
      if (!isEntry(mm, { vma, i, entry, swapped }, frames))
        area.fail('entries', `an entry ${i} that a page can have, not 0x${entry.toString(16)}`);
    });
    mm.vmas.add(vma);
  }
  if (swapped.size !== mm.swap.usedPages) reader.fail('swap', `the ${swapped.size} pages that entries name`);
}

function readArea(mm: HostAddressSpace, area: StateReader, mostPages: number): Vma {
  const { geometry } = mm.frames;
  const start = area.integer('start', 0, mm.userLimit);
  const end = area.integer('end', start + 1, Math.min(mm.userLimit, start + mostPages * geometry.size));
  if (!geometry.isAligned(start) || !geometry.isAligned(end) || mm.vmas.overlaps(start, end))
    area.fail('start', 'an area of whole pages beside the others');
  const writable = area.boolean('writable');
  const pageSize = PAGE_SIZES[PAGE_SIZES.indexOf(area.text('pageSize', 4) as HostPageSize)];
  if (!pageSize) area.fail('pageSize', PAGE_SIZES.join(', '));
  const entries = readRuns(area, 'entries', geometry.pageOf(end - start));
  area.done();
  return { start, end, writable, pageSize, entries };
}

interface EntryPlace {
  readonly vma: Vma;
  readonly i: number;
  readonly entry: number;
  /** Slots of the swap device that entries before this one name. */
  readonly swapped: Set<number>;
}

/** The entry is one that the host makes, and its frame or its place on the swap device is free for it. */
function isEntry(mm: HostAddressSpace, place: EntryPlace, frames: FrameClaims): boolean {
  const { entry, swapped, vma } = place;
  if (entry === PTE_NONE) return true;
  const slot = frameOf(entry);
  if (hasBits(entry, PTE_SWAPPED)) {
    if (entry !== makeEntry(slot, PTE_SWAPPED) || swapped.has(slot)) return false;
    swapped.add(slot);
    return mm.swap.has(slot);
  }
  const known = (entry & ~PRESENT_BITS) === makeEntry(slot, PTE_PRESENT);
  const permitted = vma.writable || !hasBits(entry, PTE_WRITABLE);
  return known && permitted && frames.share(slot) && isWholeBlock(mm, place);
}

/** An entry of a large mapping: all of its block is there, in consecutive frames from an aligned one on. */
function isWholeBlock(mm: HostAddressSpace, { vma, i, entry }: EntryPlace): boolean {
  if (!hasAnyBit(entry, PTE_2M | PTE_1G)) return true;
  const size = hasBits(entry, PTE_1G) ? PTE_1G : PTE_2M;
  const pages = (size === PTE_1G ? GIB : 2 * MIB) / mm.pageSize;
  const first = mm.vmas.hugeStart(vma, i, pages);
  if (first < 0 || first + pages > vma.entries.length || hasBits(entry, PTE_2M | PTE_1G)) return false;
  const offset = i - first;
  const frame = frameOf(entry);
  // Each looks at its neighbours, and all together at all of the block.
  const follows = (at: number): boolean =>
    at < first ||
    at === first + pages ||
    (hasBits(vma.entries[at]!, PTE_PRESENT | size) && frameOf(vma.entries[at]!) === frame + at - i);
  return frame % pages === offset && follows(i - 1) && follows(i + 1);
}
