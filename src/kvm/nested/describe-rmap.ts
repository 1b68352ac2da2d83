/**
 * The reverse map as data: for each page of L1 its list, each entry live or stale and why, beside the entries of L1,
 * of L0 and of the shadow tree. It reads memory and changes nothing.
 */
import { PTE } from '../../../isa/tables/radix';
import type { RadixLeaf } from '../guest/radix-leaf';
import { leafView, type LeafView } from './describe-leaf';
import { SourceReader, type Sources } from './describe-shadow';
import { liveShadow } from './host-events';
import type { Nested } from './nested';
import { decodeEntry, RMAP_NODE, type RmapEntry } from './rmap-entry';
import { listWords, usedHeads, type ListWord } from './rmap-list';

/** Which entries to show; what is absent does not restrict. */
export interface RmapFilter {
  /** Frames of L1, both included. */
  readonly gfn?: { readonly from: number; readonly to: number };
  readonly lpid?: number;
  /** Most entries to list; they are counted all the same. */
  readonly limit?: number;
}

/** An entry of the reverse map. */
export interface DescribedRmapEntry extends RmapEntry {
  readonly word: bigint;
  /** Host real address of the word. */
  readonly at: number;
  readonly state: 'live' | 'stale';
  /** Why it is stale. */
  readonly reason?: string;
  /** The shadow entry at the address, whatever it maps. */
  readonly shadow?: LeafView;
  /** What L1's table has there; absent without a nested guest. */
  readonly sources?: Sources;
}

/** One list: the page's frame, how it is stored, its entries newest first. */
export interface DescribedList {
  readonly gfn: number;
  readonly head: bigint;
  readonly shape: 'single' | 'list';
  readonly length: number;
  /** L0's leaf for the frame. */
  readonly l0?: LeafView;
  /** Those that pass the filter, as far as the limit goes. */
  readonly entries: readonly DescribedRmapEntry[];
  /** The list is damaged. */
  readonly problem?: string;
}

export interface RmapTotals {
  readonly frames: number;
  readonly entries: number;
  readonly live: number;
  readonly stale: number;
  readonly nodes: number;
  /** Of list nodes; the head words are the slots' arrays, 8 bytes for each page of L1. */
  readonly bytes: number;
  readonly longest?: { readonly gfn: number; readonly length: number };
}

export interface DescribedRmap {
  /** Of what passes the filter. */
  readonly totals: RmapTotals;
  readonly lists: readonly DescribedList[];
  /** Entries that pass the filter and are not listed. */
  readonly omitted: number;
}

/** Where L0's page begins that a list's frame is in, whatever its size. */
const wholePage = (leaf: RadixLeaf): { host: number; bytes: number } => ({
  host: Number(leaf.pte & PTE.RPN.mask),
  bytes: 2 ** leaf.shift,
});

/** The lists that have an entry that passes the filter, by ascending frame. */
export function describeRmap(nested: Nested, filter: RmapFilter = {}): DescribedRmap {
  const { gfn: frames, limit = Infinity } = filter;
  const reader = new EntryReader(nested);
  const lists: DescribedList[] = [];
  const totals = { frames: 0, entries: 0, live: 0, stale: 0, nodes: 0 };
  let longest: RmapTotals['longest'];
  let listed = 0;
  for (const { gfn, head } of usedHeads(nested)) {
    if (frames && (gfn < frames.from || gfn > frames.to)) continue;
    const list = readList(reader, { gfn, head }, { ...filter, limit: limit - listed });
    if (list.matched === 0 && list.described.problem === undefined) continue;
    totals.frames++;
    totals.entries += list.matched;
    totals.live += list.live;
    totals.stale += list.matched - list.live;
    totals.nodes += list.nodes;
    listed += list.described.entries.length;
    if (list.described.length > (longest?.length ?? 0)) longest = { gfn, length: list.described.length };
    if (list.described.entries.length > 0 || list.described.problem !== undefined) lists.push(list.described);
  }
  return {
    totals: { ...totals, bytes: totals.nodes * RMAP_NODE.BYTES, ...(longest ? { longest } : {}) },
    lists,
    omitted: totals.entries - listed,
  };
}

/** A list and what is counted of it. */
interface ReadList {
  readonly described: DescribedList;
  readonly matched: number;
  readonly live: number;
  readonly nodes: number;
}

function readList(
  reader: EntryReader,
  { gfn, head }: { gfn: number; head: number },
  { lpid, limit = Infinity }: RmapFilter,
): ReadList {
  const { nested } = reader;
  const page = nested.host.tree.find(gfn * nested.vm.pageSize);
  const entries: DescribedRmapEntry[] = [];
  const count = { length: 0, matched: 0, live: 0, nodes: 0 };
  let problem: string | undefined;
  for (const item of listWords(nested, head, (message) => (problem = message))) {
    count.length++;
    if (item.node !== undefined) count.nodes++;
    const entry = decodeEntry(item.word);
    if (lpid !== undefined && entry.lpid !== lpid) continue;
    count.matched++;
    const reason = reader.staleReason(entry, page);
    if (reason === undefined) count.live++;
    if (entries.length < limit) entries.push(reader.describe(entry, item, reason));
  }
  const described: DescribedList = {
    gfn,
    head: nested.vm.mm.frames.memory.getDoubleword(head),
    shape: nested.rmap.shape(head) === 'single' ? 'single' : 'list',
    length: count.length,
    ...(page ? { l0: leafView(page) } : {}),
    entries,
    ...(problem === undefined ? {} : { problem }),
  };
  return { described, matched: count.matched, live: count.live, nodes: count.nodes };
}

class EntryReader {
  private readonly sources = new Map<number, SourceReader>();

  constructor(readonly nested: Nested) {}

  /** Why an entry leads to nothing that maps the page, or undefined where it does. */
  staleReason(entry: RmapEntry, page: RadixLeaf | undefined): string | undefined {
    const { nested } = this;
    if (page && liveShadow(nested, entry, wholePage(page))) return undefined;
    const guest = nested.find(entry.lpid);
    if (!guest) {
      const orphan = [...nested.orphans].some(({ lpid }) => lpid === entry.lpid);
      return orphan ? 'the nested guest was removed while in use: nobody finds it' : 'no such nested guest';
    }
    const leaf = guest.tree.find(entry.nGpa);
    if (!leaf) return 'no shadow entry: it was invalidated';
    if (!page) return 'L0 does not map the frame';
    return 'the shadow entry maps another page by now';
  }

  describe(entry: RmapEntry, { word, at }: ListWord, reason: string | undefined): DescribedRmapEntry {
    const { nested } = this;
    const base = { ...entry, word, at, state: reason === undefined ? ('live' as const) : ('stale' as const) };
    const stale = reason === undefined ? {} : { reason };
    const guest = nested.find(entry.lpid);
    if (!guest) return { ...base, ...stale };
    let reader = this.sources.get(entry.lpid);
    if (!reader) this.sources.set(entry.lpid, (reader = new SourceReader(nested, guest)));
    const leaf = guest.tree.find(entry.nGpa);
    return {
      ...base,
      ...stale,
      ...(leaf ? { shadow: leafView(leaf) } : {}),
      sources: reader.read(entry.nGpa),
    };
  }
}
