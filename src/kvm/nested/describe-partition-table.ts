/**
 * L1's partition table as data: every entry decoded, and what is wrong with it. L0 reads an entry when a nested guest
 * is entered; what is wrong here becomes a fault of the nested guest then (Power ISA v3.1 Book III, 6.7.6.1).
 */
import { PATE0_RADIX, PATE1, PATE_SIZE } from '../../../isa/tables/partition-table';
import { PTCR } from '../../../isa/registers/translation';
import { RADIX_ENTRY_SIZE } from '../../../isa/tables/radix';
import { get, has } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import { treeSize } from '../../mmu/radix/entry';
import { ROOT_BITS, TREE_BITS } from '../guest/radix-format';
import type { Nested } from './nested';

/** log2 of the bytes of the smallest process table. */
const PROCESS_TABLE_BITS = 12;

/** Bytes of L1's memory that are a table. */
interface Extent {
  readonly what: string;
  readonly start: number;
  readonly bytes: number;
}

/** One entry, decoded. */
export interface DescribedPartition {
  readonly lpid: number;
  /** Real address in L1 of the entry. */
  readonly at: number;
  readonly dw0: bigint;
  readonly dw1: bigint;
  /** HR: the partition-scoped table is a radix tree. L0 takes it for one in any case. */
  readonly hostRadix: boolean;
  /** RTS: log2 of the bytes that the tree translates. */
  readonly treeBits: number;
  /** RPDB and RPDS: real address in L1 of the root directory, log2 of its entries. */
  readonly root: number;
  readonly rootBits: number;
  /** GR: the process table is for radix trees. */
  readonly guestRadix: boolean;
  /** PRTB and PRTS: the process table, in the nested guest's real addresses, log2 of its bytes. */
  readonly processTable: number;
  readonly processTableBits: number;
  /** Doubleword 0 as L0 has it cached, where that is something else. */
  readonly cached?: bigint;
  readonly problems: readonly string[];
}

export interface DescribedPartitionTable {
  readonly ptcr: bigint;
  readonly base: number;
  /** Entries; 0 without a table. */
  readonly size: number;
  readonly problems: readonly string[];
  /** Those that are not 0. */
  readonly entries: readonly DescribedPartition[];
  /** Entries that are not 0 and are not listed, and those that could not be read. */
  readonly omitted: number;
  readonly unreadable: number;
}

/** @param limit most entries to list */
export function describePartitionTable(nested: Nested, limit = Infinity): DescribedPartitionTable {
  const base = Number(nested.l1Ptcr & PTCR.PATB.mask);
  const size = nested.tableEntries;
  const found = new Map<number, readonly [bigint, bigint]>();
  let unreadable = 0;
  for (let lpid = 0; lpid < size; lpid++) {
    const entry = nested.readPartitionEntry(lpid);
    if (!entry) unreadable++;
    const [dw0, dw1] = entry ?? [0n, 0n];
    if (dw0 !== 0n || dw1 !== 0n || nested.find(lpid)?.pate0) found.set(lpid, [dw0, dw1]);
  }
  const own = { what: 'the partition table', start: base, bytes: size * PATE_SIZE };
  const overlaps = overlapsOf([
    own,
    ...[...found].flatMap(([lpid, [dw0]]) => (dw0 === 0n ? [] : [rootOf(lpid, dw0)])),
  ]);
  const entries = [...found]
    .slice(0, limit)
    .map(([lpid, words]) => describeEntry(nested, { lpid, at: base + lpid * PATE_SIZE, words, overlaps }));
  return {
    ptcr: nested.l1Ptcr,
    base,
    size,
    problems: size === 0 ? [] : tableProblems(nested, own, unreadable),
    entries,
    omitted: found.size - entries.length,
    unreadable,
  };
}

function tableProblems(nested: Nested, { start, bytes }: Extent, unreadable: number): string[] {
  const problems: string[] = [];
  if (start % bytes !== 0) problems.push(`PATB is not a multiple of the table's ${bytes} bytes`);
  if (unreadable > 0)
    problems.push(
      `L1 has no memory for ${unreadable} of ${nested.tableEntries} entries: they count as empty`,
    );
  return problems;
}

const rootOf = (lpid: number, dw0: bigint): Extent => ({
  what: `the root directory of LPID ${lpid}`,
  start: Number(dw0 & PATE0_RADIX.RPDB.mask),
  bytes: RADIX_ENTRY_SIZE * 2 ** Number(get(dw0, PATE0_RADIX.RPDS)),
});

/** For each table the first other one that it meets, by name. Sorted, so that 4096 tables do not take 4096^2 looks. */
function overlapsOf(tables: readonly Extent[]): ReadonlyMap<string, string> {
  const met = new Map<string, string>();
  const note = (a: Extent, b: Extent): void => {
    if (!met.has(a.what)) met.set(a.what, b.what);
  };
  const sorted = [...tables].sort((a, b) => a.start - b.start || a.bytes - b.bytes);
  let widest: Extent | undefined;
  for (const table of sorted) {
    if (widest && table.start < widest.start + widest.bytes) {
      note(widest, table);
      note(table, widest);
    }
    if (!widest || table.start + table.bytes > widest.start + widest.bytes) widest = table;
  }
  return met;
}

interface EntryToDescribe {
  readonly lpid: number;
  readonly at: number;
  readonly words: readonly [bigint, bigint];
  readonly overlaps: ReadonlyMap<string, string>;
}

function describeEntry(nested: Nested, { lpid, at, words, overlaps }: EntryToDescribe): DescribedPartition {
  const [dw0, dw1] = words;
  const guest = nested.find(lpid);
  const cached = guest && guest.pate0 !== 0n && guest.pate0 !== dw0 ? { cached: guest.pate0 } : {};
  return {
    lpid,
    at,
    dw0,
    dw1,
    hostRadix: has(dw0, PATE0_RADIX.HR),
    treeBits: treeSize(hiOf(dw0), loOf(dw0)),
    root: Number(dw0 & PATE0_RADIX.RPDB.mask),
    rootBits: Number(get(dw0, PATE0_RADIX.RPDS)),
    guestRadix: has(dw1, PATE1.GR),
    processTable: Number(dw1 & PATE1.PRTB.mask),
    processTableBits: PROCESS_TABLE_BITS + Number(get(dw1, PATE1.PRTS)),
    ...cached,
    problems: dw0 === 0n ? ['doubleword 0 is 0: no such guest'] : entryProblems(nested, lpid, dw0, overlaps),
  };
}

function entryProblems(
  nested: Nested,
  lpid: number,
  dw0: bigint,
  overlaps: EntryToDescribe['overlaps'],
): string[] {
  const problems: string[] = [];
  const { what, start, bytes } = rootOf(lpid, dw0);
  const bits = treeSize(hiOf(dw0), loOf(dw0));
  const rootBits = Number(get(dw0, PATE0_RADIX.RPDS));
  if (lpid === 0) problems.push('LPID 0 is the hypervisor itself: H_ENTER_NESTED refuses it (H-3)');
  if (!has(dw0, PATE0_RADIX.HR)) problems.push('HR is 0, a hashed table: L0 takes it for a radix tree');
  if (bits !== TREE_BITS) problems.push(`a tree of ${bits} bits; L0 serves ${TREE_BITS}`);
  if (rootBits !== ROOT_BITS) problems.push(`a root of 2^${rootBits} entries; L0 serves 2^${ROOT_BITS}`);
  if (start % bytes !== 0) problems.push('RPDB is not a multiple of the root directory');
  if (!isMemory(nested, start, bytes)) problems.push("the root directory is outside L1's memory");
  const other = overlaps.get(what);
  if (other !== undefined) problems.push(`the root directory overlaps ${other}`);
  return problems;
}

/** All of the range is in slots that are valid. */
function isMemory({ vm }: Nested, start: number, bytes: number): boolean {
  const last = Math.floor((start + bytes - 1) / vm.pageSize);
  for (let gfn = Math.floor(start / vm.pageSize); gfn <= last;) {
    const slot = gfn < 2 ** 40 ? vm.gfnToMemslot(gfn) : null;
    if (!slot || slot.isInvalid) return false;
    gfn = slot.endGfn;
  }
  return true;
}
