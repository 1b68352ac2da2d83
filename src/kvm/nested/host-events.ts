/**
 * From an event of the host to the shadow entries of nested guests, through the reverse map: a page of L1 goes, is made
 * old, is made clean (Linux book3s_hv_nested.c, kvmhv_remove_nest_rmap_range, kvmhv_update_nest_rmap_rc_list). Each
 * entry is checked before it is believed: the nested guest must exist and its shadow entry still map the page.
 * mmu_lock is held by every caller.
 */
import { PTE } from '../../../isa/tables/radix';
import type { MappedFrames } from '../guest/radix-arch';
import type { RadixLeaf } from '../guest/radix-leaf';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { note } from './observer';
import type { RmapEntry } from './rmap-entry';

/** A shadow entry that was found through the reverse map. */
interface Found {
  readonly guest: NestedGuest;
  readonly leaf: RadixLeaf;
}

/** Bytes of host memory. */
export interface HostRange {
  readonly host: number;
  readonly bytes: number;
}

/** The shadow entry that an rmap entry names, where it maps part of the range; undefined for a stale entry. */
export function liveShadow(nested: Nested, entry: RmapEntry, { host, bytes }: HostRange): Found | undefined {
  const guest = nested.find(entry.lpid);
  const leaf = guest?.tree.find(entry.nGpa);
  if (!guest || !leaf) return undefined;
  const mapped = Number(leaf.pte & PTE.RPN.mask);
  // Pages are aligned to their sizes, so that one contains the other or they do not meet.
  return mapped < host + bytes && host < mapped + 2 ** leaf.shift ? { guest, leaf } : undefined;
}

const rangeOf = (nested: Nested, { host, pages }: MappedFrames): HostRange => ({
  host,
  bytes: pages * nested.vm.pageSize,
});

/** Takes every list of the frames and removes the shadow entries in them that map the page. */
export function unmapNested(nested: Nested, frames: MappedFrames, cause = 'host unmap'): void {
  const range = rangeOf(nested, frames);
  for (let gfn = frames.gfn; gfn < frames.gfn + frames.pages; gfn++) {
    const head = nested.headAt(frames.slot, gfn);
    if (head >= 0) dropList(nested, { head, gfn, range, cause });
  }
}

/** One list: its head word becomes 0, its nodes are freed, what it names is unmapped. */
export function dropList(
  nested: Nested,
  { head, gfn, range, cause }: { head: number; gfn: number; range: HostRange; cause: string },
): void {
  for (const entry of nested.rmap.take(head)) {
    const found = liveShadow(nested, entry, range);
    noteEntry(nested, 'drop', { gfn, entry, live: found !== undefined, cause });
    if (found) nested.dropShadow(found.guest, entry.nGpa, cause);
  }
}

/** Which of reference and change is taken away. */
export type ClearedBit = 'R' | 'C';
const CLEARED: Readonly<Record<ClearedBit, bigint>> = { R: PTE.R.mask, C: PTE.C.mask };
const CLEARING: Readonly<Record<ClearedBit, string>> = { R: 'ageing', C: 'dirty log' };

/** Takes a bit away from the shadow entries that map the page. @returns whether one had it */
export function clearNested(nested: Nested, frames: MappedFrames, bit: ClearedBit): boolean {
  const range = rangeOf(nested, frames);
  let any = false;
  for (let gfn = frames.gfn; gfn < frames.gfn + frames.pages; gfn++) {
    const head = nested.headAt(frames.slot, gfn);
    if (head < 0) continue;
    for (const entry of nested.rmap.entries(head)) {
      const found = liveShadow(nested, entry, range);
      if (!found) continue;
      if ((found.leaf.pte & CLEARED[bit]) !== 0n) any = true;
      noteEntry(nested, 'update', { gfn, entry, live: true, cause: CLEARING[bit] });
      clearBit(nested, found, { nGpa: entry.nGpa, bit });
    }
  }
  return any;
}

function clearBit(
  nested: Nested,
  { guest, leaf }: Found,
  { nGpa, bit }: { nGpa: number; bit: ClearedBit },
): void {
  guest.tree.replace(leaf, leaf.pte & ~CLEARED[bit]);
  const strict = nested.isStrict('H-2');
  if (!strict && guest.lpid !== guest.shadowLpid)
    nested.warn('H-2', `flush went to LPID ${guest.lpid}, expected ${guest.shadowLpid}`);
  nested.host.tlb.page(strict ? guest.shadowLpid : guest.lpid, nGpa - (nGpa % 2 ** leaf.shift), leaf.shift);
}

export function noteEntry(
  nested: Nested,
  op: 'insert' | 'promote' | 'push' | 'duplicate' | 'drop' | 'update',
  { gfn, entry, live, cause }: { gfn: number; entry: RmapEntry; live: boolean; cause?: string },
): void {
  const { observer } = nested;
  if (!observer) return;
  const why = cause === undefined ? {} : { cause };
  note(observer, { ev: 'rmap', op, gfn, lpid: entry.lpid, nGpa: BigInt(entry.nGpa), live, ...why });
}
