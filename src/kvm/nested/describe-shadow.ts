/**
 * Shadow entries as data: each beside the entry of L1 and the entry of L0 that it is made of, every bit explained, and
 * why its page is as large as it is. It reads memory and changes no table.
 */
import { PTE } from '../../../isa/tables/radix';
import { get, has } from '../../core/bits';
import { hiOf, joinHalves, loOf } from '../../core/u64';
import { PMD_SHIFT, TREE_BITS } from '../guest/radix-format';
import type { RadixLeaf } from '../guest/radix-leaf';
import {
  attributeText,
  hostOf,
  LEAF_BIT_NAMES,
  LEAF_BITS,
  leafView,
  type LeafBit,
  type LeafView,
} from './describe-leaf';
import { GuestTreeWalk, type GuestWalkVerdict } from './guest-tree-walk';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { shadowShift } from './shadow-entry';

const TREE_END = 2 ** TREE_BITS;

/** Why a bit of a shadow entry is as it is. */
export interface BitReason {
  readonly bit: LeafBit;
  /** In the entry of L1, of L0, and in the shadow entry; `l1` counts write permission as read permission, as it is. */
  readonly l1: boolean;
  readonly l0: boolean;
  readonly shadow: boolean;
  readonly why: string;
}

/** L1's and L0's entries for one page of a nested guest. */
export interface Sources {
  /** L1's leaf and the real address in L1 that it gives, where the walk finds one. */
  readonly l1?: LeafView & { readonly gpa: number };
  readonly l1Verdict: GuestWalkVerdict;
  /** L0's leaf for that address. */
  readonly l0?: LeafView;
  /** Slot of L1's address, -1 for none. */
  readonly slot: number;
}

/** A shadow entry with what it is made of. */
export interface DescribedShadow extends Sources {
  readonly lpid: number;
  readonly nGpa: number;
  readonly shadow: LeafView;
  /** Host real address of the first byte that the entry maps. */
  readonly host: number;
  /** Host real address by L1's and L0's tables, where both map the page. */
  readonly expectedHost?: number;
  /** The tables of L1 and L0 lead elsewhere, or nowhere: legal until L1 invalidates, or L0 took the page away. */
  readonly isStale: boolean;
  /** Empty where it is stale: it was made of other entries. */
  readonly bits: readonly BitReason[];
  readonly attribute: string;
  readonly size: string;
}

/** Looks up what L1 and L0 have for addresses of one nested guest. */
export class SourceReader {
  private readonly walk: GuestTreeWalk;

  constructor(
    private readonly nested: Nested,
    private readonly guest: NestedGuest,
  ) {
    this.walk = new GuestTreeWalk(nested.words);
  }

  read(nGpa: number): Sources {
    const { nested, guest, walk } = this;
    const l1Verdict = walk.walk({ hi: hiOf(guest.pate0), lo: loOf(guest.pate0) }, nGpa);
    if (l1Verdict !== 'ok') return { l1Verdict, slot: -1 };
    const { shift, raddr: gpa, entryAddress: at } = walk;
    const l1 = { ...leafView({ pte: joinHalves(walk.pteHi, walk.pteLo), shift, at }), gpa };
    if (gpa >= TREE_END) return { l1Verdict, l1, slot: -1 };
    const slot = nested.vm.gfnToMemslot(Math.floor(gpa / nested.vm.pageSize));
    const l0 = nested.host.tree.find(gpa);
    return { l1Verdict, l1, slot: slot?.id ?? -1, ...(l0 ? { l0: leafView(l0) } : {}) };
  }
}

/**
 * Visits the shadow entries of one nested guest by ascending address; an entry is described only when the visitor asks,
 * for there may be millions.
 */
export function eachShadow(
  nested: Nested,
  guest: NestedGuest,
  visit: (nGpa: number, leaf: RadixLeaf, describe: () => DescribedShadow) => void,
): void {
  const reader = new SourceReader(nested, guest);
  guest.tree.each(0, TREE_END, (nGpa, leaf) =>
    visit(nGpa, leaf, () => describeShadowEntry(nested, guest, { nGpa, leaf, sources: reader.read(nGpa) })),
  );
}

/** The shadow entries of one nested guest, at most `limit`. */
export function listShadow(nested: Nested, guest: NestedGuest, limit = Infinity): DescribedShadow[] {
  const entries: DescribedShadow[] = [];
  eachShadow(nested, guest, (_nGpa, _leaf, describe) => {
    if (entries.length < limit) entries.push(describe());
  });
  return entries;
}

function describeShadowEntry(
  nested: Nested,
  guest: NestedGuest,
  { nGpa, leaf, sources }: { nGpa: number; leaf: RadixLeaf; sources: Sources },
): DescribedShadow {
  const { l1, l0 } = sources;
  const expectedHost = l1 && l0 && hostOf(l0.pte, l0.shift, l1.gpa);
  const host = Number(leaf.pte & PTE.RPN.mask);
  const isStale = expectedHost !== host;
  return {
    lpid: guest.lpid,
    nGpa,
    ...sources,
    shadow: leafView(leaf),
    host,
    ...(expectedHost === undefined ? {} : { expectedHost }),
    isStale,
    bits: isStale ? [] : LEAF_BIT_NAMES.map((bit) => bitReason(bit, leaf.pte, sources)),
    attribute: isStale ? attributeText(leaf.pte) : attributeReason(leaf.pte, sources),
    size: sizeReason(nested, leaf.shift, sources),
  };
}

/** L1 grants the bit: permission to write includes that to read. */
const grantedByL1 = (bit: LeafBit, pte: bigint): boolean =>
  has(pte, LEAF_BITS[bit]) || (bit === 'r' && has(pte, PTE.WRITE));

function bitReason(bit: LeafBit, pte: bigint, { l1, l0 }: Sources): BitReason {
  const values = {
    l1: l1 !== undefined && grantedByL1(bit, l1.pte),
    l0: l0 !== undefined && has(l0.pte, LEAF_BITS[bit]),
    shadow: has(pte, LEAF_BITS[bit]),
  };
  const isUnused = bit === 'C' && !has(pte, PTE.WRITE) && values.l1 && values.l0 && !values.shadow;
  return {
    bit,
    ...values,
    why: isUnused ? 'both have it: nothing is stored through this entry' : whyBit(bit, values),
  };
}

/** What each bit that both have may wait for. */
const LATER: Readonly<Record<LeafBit, string>> = {
  r: 'both have it now: not yet taken over',
  w: 'both have it now: not yet taken over',
  x: 'both have it now: not yet taken over',
  R: 'both have it: set by the next access',
  C: 'both have it: set by the next store',
};

function whyBit(bit: LeafBit, { l1, l0, shadow }: { l1: boolean; l0: boolean; shadow: boolean }): string {
  if (shadow) {
    if (l1 && l0) return 'both have it';
    if (!l0) return 'L0 does not have it: broken';
    return 'L1 does not have it any more: stale until L1 invalidates';
  }
  if (l1 && l0) return LATER[bit];
  if (!l1 && !l0) return 'neither has it';
  return l1 ? 'L0 does not have it' : 'L1 does not have it';
}

function attributeReason(pte: bigint, { l1, l0 }: Sources): string {
  const own = attributeText(pte);
  if (!l0) return own;
  if (get(pte, PTE.ATT) !== get(l0.pte, PTE.ATT)) return `${own}, but L0 has ${l0.attribute}: broken`;
  return l1 && l1.attribute !== own ? `${own}: L0's; L1's (${l1.attribute}) does not count` : `${own}: L0's`;
}

const sizeName = (shift: number): string =>
  shift >= 30 ? `${2 ** (shift - 30)}G` : shift >= 20 ? `${2 ** (shift - 20)}M` : `${2 ** (shift - 10)}K`;

/** Why the shadow page has this size. */
function sizeReason(nested: Nested, shift: number, { l1, l0 }: Sources): string {
  if (!l1) return "L1's table does not map it any more";
  if (!l0) return "L0's table does not map L1's page any more";
  const base = nested.vm.geometry.shift;
  const now = shadowShift(l0.shift, l1.shift, base);
  if (now !== shift) return `made when the tables were others: it would be ${sizeName(now)} now`;
  if (l0.shift === l1.shift) return `L1's page and L0's have ${sizeName(shift)}`;
  if (l0.shift < l1.shift)
    return `L0's page, smaller than L1's ${sizeName(l1.shift)}: ${whyL0IsSmall(nested, l1.gpa, l0.shift)}`;
  if (l1.shift === PMD_SHIFT)
    return `a base page: L1's 2M page in L0's 1G page is not used as such (Linux compares with >)`;
  if (l1.shift < shift) return `L1's ${sizeName(l1.shift)} page is smaller than a base page`;
  return `L1's page, smaller than L0's ${sizeName(l0.shift)}`;
}

/** What keeps L0 from a page of the next larger size around an address of L1. */
function whyL0IsSmall(nested: Nested, gpa: number, shift: number): string {
  const { vm } = nested;
  const gfn = Math.floor(gpa / vm.pageSize);
  const slot = vm.gfnToMemslot(gfn);
  if (!slot) return 'no slot has it any more';
  if (slot.logsDirtyPages) return 'its slot logs dirty pages';
  const larger = shift < PMD_SHIFT ? PMD_SHIFT : PMD_SHIFT + 9;
  const size = 2 ** larger;
  const hva = slot.userspaceAddr + (gfn - slot.baseGfn) * vm.pageSize;
  if (vm.mm.mappingSize(hva) < size) return `the host's page is smaller than ${sizeName(larger)}`;
  if ((gfn * vm.pageSize) % size !== hva % size)
    return `real and host virtual address differ within ${sizeName(larger)}`;
  const first = gfn - (gfn % (size / vm.pageSize));
  if (first < slot.baseGfn || first + size / vm.pageSize > slot.endGfn)
    return `its slot does not have all of the ${sizeName(larger)}`;
  return 'the host does not permit writes in all of a larger page, or did not when it was mapped';
}
