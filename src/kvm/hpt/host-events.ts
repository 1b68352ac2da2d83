/**
 * What the host does to pages, brought to the entries that map them through the rings (Linux book3s_64_mmu_hv.c,
 * kvm_unmap_rmapp, kvm_age_rmapp, kvm_test_clear_dirty_npages). mmu_lock is held by every caller.
 */
import { HPTE1 } from '../../../isa/tables/hpte';
import { has } from '../../core/bits';
import type { MemSlot } from '../memslot';
import type { GuestPage, HptGuest } from './guest';
import { isWritable } from './hpte';
import { HPT_RMAP, type Ring } from './rmap';

/** Frames of a slot. */
export interface Frames {
  readonly slot: MemSlot;
  readonly start: number;
  readonly end: number;
}

/** A valid entry that maps some of the frames, with the ring that it is in. */
interface Mapping {
  readonly index: number;
  readonly page: GuestPage;
  readonly ring: Ring;
}

/** Visits the words that may lead to a mapping of the frames: a large page is in the ring of its first one. */
function eachRing(
  hpt: HptGuest,
  { slot, start, end }: Frames,
  visit: (ring: Ring, gfn: number) => void,
): void {
  const { geometry } = hpt.vm;
  const before = 2 ** Math.max(0, hpt.largestPage - geometry.shift);
  const first = Math.max(slot.baseGfn, start - (start % before));
  for (let gfn = first; gfn < end; gfn++) {
    const ring = hpt.ring(slot, gfn);
    if (!ring.isBlank) visit(ring, gfn);
  }
}

function eachMapping(hpt: HptGuest, frames: Frames, visit: (mapping: Mapping) => void): void {
  eachRing(hpt, frames, (ring, gfn) => {
    for (const index of ring.entries()) {
      const page = hpt.pageAt(index, hpt.current.read(index).v);
      // A broken ring is the checker's to tell; nothing of it is believed.
      if (page?.gfn === gfn && gfn + page.frames > frames.start) visit({ index, page, ring });
    }
  });
}

/** The frames' pages are going: no entry may lead to them. */
export function unmapFrames(hpt: HptGuest, frames: Frames): void {
  eachMapping(hpt, frames, ({ index, page, ring }) =>
    hpt.invalidate(index, { slot: frames.slot, ring, page }),
  );
}

/** Makes mappings old. @returns whether one was young, or one that went had been */
export function ageFrames(hpt: HptGuest, frames: Frames): boolean {
  let young = forgetRecorded(hpt, frames, 'R');
  const { current } = hpt;
  eachMapping(hpt, frames, ({ index, page }) => {
    const { v, r } = current.read(index);
    if (!has(r, HPTE1.R)) return;
    young = true;
    current.write(index, { v, r: r & ~HPTE1.R.mask });
    hpt.flush(index, v, page);
    // The guest has not cleared it: for it, it stays.
    current.setGuestR(index, current.guestR(index) | HPTE1.R.mask);
  });
  return young;
}

export function areYoung(hpt: HptGuest, frames: Frames): boolean {
  let young = false;
  eachRing(hpt, frames, (ring, gfn) => {
    young ||= gfn >= frames.start && has(ring.word, HPT_RMAP.R);
  });
  if (!young) eachMapping(hpt, frames, ({ index }) => (young ||= has(hpt.current.read(index).r, HPTE1.R)));
  return young;
}

/** Takes the change bits away, and reports each frame that had one. */
export function takeChanged(hpt: HptGuest, frames: Frames, changed: (gfn: number) => void): void {
  eachRing(hpt, frames, (ring, gfn) => {
    if (ring.forget('C')) changed(gfn);
  });
  eachMapping(hpt, frames, ({ index, page }) => {
    const { current } = hpt;
    if (!isWritable(current.read(index).r) && !has(current.read(index).r, HPTE1.C)) return;
    hpt.flush(index, current.read(index).v, page);
    const { v, r } = current.read(index);
    if (!has(r, HPTE1.C)) return;
    current.write(index, { v, r: r & ~HPTE1.C.mask });
    current.setGuestR(index, current.guestR(index) | HPTE1.C.mask);
    for (let i = 0; i < page.frames; i++) if (frames.slot.contains(page.gfn + i)) changed(page.gfn + i);
  });
}

function forgetRecorded(hpt: HptGuest, frames: Frames, what: 'R' | 'C'): boolean {
  let any = false;
  eachRing(hpt, frames, (ring, gfn) => {
    if (gfn >= frames.start && ring.forget(what)) any = true;
  });
  return any;
}

/** Every word of a slot is 0 again. @returns frames whose ring was not empty, which is a defect */
export function resetRings(hpt: HptGuest, slot: MemSlot): number[] {
  const lost: number[] = [];
  eachRing(hpt, { slot, start: slot.baseGfn, end: slot.endGfn }, (ring, gfn) => {
    if (!ring.isEmpty) lost.push(gfn);
    ring.word = 0n;
  });
  return lost;
}
