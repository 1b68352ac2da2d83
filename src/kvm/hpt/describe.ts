/**
 * The guest's hashed page table for people and tools: the entries as debugfs of Linux has them (book3s_64_mmu_hv.c,
 * debugfs_htab_read), and what that does not show, the rings of the reverse map. Everything is read, nothing is changed.
 */
import { HPTE0 } from '../../../isa/tables/hpte';
import { has } from '../../core/bits';
import type { HptGuest } from './guest';
import { isInUse } from './hpte';
import { decodeRmapWord, type Ring } from './rmap';

/** An entry that is in use. */
export interface HtabEntry {
  readonly index: number;
  /** The two doublewords as the hardware has them. */
  readonly v: bigint;
  readonly r: bigint;
  /** The guest's own doubleword 1. */
  readonly guestR: bigint;
}

/** Every entry that is valid or absent, by index. */
function* htabEntries({ table }: HptGuest): Generator<HtabEntry> {
  for (let index = 0; index < (table?.entries ?? 0); index++)
    if (!table!.isFree(index)) yield { index, ...table!.readRaw(index), guestR: table!.guestR(index) };
}

const hex = (value: bigint): string => value.toString(16).padStart(16, '0');
const INDEX_WIDTH = 6;

/** A line an entry, as Linux' file `htab` has it: index, doublewords 0 and 1 of the hardware, doubleword 1 of the guest. */
export function htabText(hpt: HptGuest): string {
  let text = '';
  for (const { index, v, r, guestR } of htabEntries(hpt))
    text += `${index.toString(16).padStart(INDEX_WIDTH)} ${hex(v)} ${hex(r)} ${hex(guestR)}\n`;
  return text;
}

/** What leads from a guest frame to the entries that map it. */
export interface RingRow {
  readonly gfn: number;
  readonly word: bigint;
  /** What entries that went had recorded. */
  readonly referenced: boolean;
  readonly changed: boolean;
  /** The entries from the head on, as far as the links lead. */
  readonly entries: readonly number[];
  /** Why the links are no ring of valid entries. */
  readonly broken?: string;
}

/** The words of the reverse map that are not 0, by frame. */
export function describeRings(hpt: HptGuest): RingRow[] {
  const rows: RingRow[] = [];
  const { vm } = hpt;
  if (!hpt.isActive) return rows;
  for (let asId = 0; asId < vm.sets.count; asId++) {
    const slots = [...vm.sets.active(asId).slots()].sort((a, b) => a.baseGfn - b.baseGfn);
    for (const slot of slots)
      for (let gfn = slot.baseGfn; gfn < slot.endGfn; gfn++) {
        const ring = hpt.ring(slot, gfn);
        if (!ring.isBlank) rows.push(describeRing(hpt, gfn, ring));
      }
  }
  return rows;
}

function describeRing({ current }: HptGuest, gfn: number, ring: Ring): RingRow {
  const { word } = ring;
  const { present, head, referenced, changed } = decodeRmapWord(word);
  // A guest may map one frame by every entry of its table.
  const entries = new Set<number>();
  let broken: string | undefined;
  for (let index = head, end = !present; !end && broken === undefined;) {
    if (index >= current.entries) broken = `entry ${index} is beyond the table`;
    else if (entries.has(index)) broken = `entry ${index} comes twice`;
    else {
      entries.add(index);
      const next = current.forw(index);
      if (!isInUse(current.read(index).v) || !has(current.read(index).v, HPTE0.V))
        broken = `entry ${index} is not valid`;
      else if (next < current.entries && current.back(next) !== index)
        broken = `entry ${next} follows entry ${index} and leads back to ${current.back(next)}`;
      index = next;
      end = next === head;
    }
  }
  return {
    gfn,
    word,
    referenced,
    changed,
    entries: [...entries],
    ...(broken === undefined ? {} : { broken }),
  };
}

/** A line a frame: the chain of its entries, what is recorded, and where it is broken. */
export function ringsText(rows: readonly RingRow[]): string {
  return rows
    .map(({ gfn, referenced, changed, entries, broken }) => {
      const chain = entries.map((index) => index.toString(16)).join(' -> ');
      const recorded = `${referenced ? 'R' : '-'}${changed ? 'C' : '-'}`;
      return `gfn ${gfn.toString(16)}: ${recorded} ${chain || 'empty'}${broken === undefined ? '' : ` BROKEN: ${broken}`}\n`;
    })
    .join('');
}
