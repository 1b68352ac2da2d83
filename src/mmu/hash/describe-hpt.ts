/**
 * The hashed page table as a person wants it: for `book3s dump hpt`. What an entry maps is worked out from the entry
 * and the group that it is in; where the two do not fit, that is said.
 */
import { HPTE0, HPTE1, HPTE_SIZE, LARGEST_HTABSIZE, PTEG_SIZE, PTEG_SLOTS, SDR1, SMALLEST_HPT_SHIFT } from '../../../isa/tables/hpte'; // prettier-ignore
import { PATE0_HPT, PATE_SIZE } from '../../../isa/tables/partition-table';
import { SEGMENT_SIZES } from '../../../isa/tables/slb-entry';
import { PTCR } from '../../../isa/registers/translation';
import { get, has } from '../../core/bits';
import type { RealMemory } from '../../core/memory';
import { hiOf, loOf } from '../../core/u64';
import type { CpuState } from '../../state/cpu-state';
import type { MmuPolicy } from '../policy';
import { describeSlb } from './describe';
import { AVPN_SHIFT, BASE_SIZES } from './page-sizes';
import { HASH_POLICIES, type HashPolicy } from './policy';
import { keyClassOf, ppOf } from './protection-fields';

/** Whose table: that of the CPU's LPIDR, or of a partition by number. */
export interface HptSource {
  readonly cpu: CpuState;
  readonly memory: RealMemory;
  readonly policy: MmuPolicy;
  readonly lpid?: number;
}

/** Which entries to list; what is absent does not restrict. Statistics are always of the whole table. */
export interface HptFilter {
  /** The page that an effective address is in, by the segments of the SLB. */
  readonly ea?: bigint;
  readonly vsid?: bigint;
  /** The page that has this real address. */
  readonly ra?: bigint;
  readonly group?: number;
  /** Most entries to list; 4096 where absent. */
  readonly limit?: number;
}

/** Where the table is. `problem` says why there is none, or that not all of it is in memory. */
export interface HptLocation {
  readonly from: 'SDR1' | 'PATE';
  readonly lpid?: number;
  readonly base: bigint;
  /** log2 of the bytes. */
  readonly shift: number;
  readonly groups: number;
  readonly problem?: string;
}

/** One valid entry, decoded. */
export interface HpteRow {
  readonly at: number;
  readonly group: number;
  readonly slot: number;
  readonly hash: 'primary' | 'secondary';
  /** The virtual address of the page: VSID and offset; and log2 of the segment, base page and page. */
  readonly va: bigint;
  readonly vsid: bigint;
  readonly segmentShift: number;
  readonly basePageShift: number;
  readonly pageShift: number;
  readonly ra: bigint;
  /** Effective addresses that the SLB gives this page. */
  readonly eas: readonly bigint[];
  readonly pp: number;
  readonly keyClass: number;
  readonly wimg: number;
  readonly noExecute: boolean;
  readonly referenced: boolean;
  readonly changed: boolean;
  readonly dw0: bigint;
  readonly dw1: bigint;
  /** What keeps every search from finding it. */
  readonly problem?: 'reserved page size' | 'reserved segment size' | 'not in the group of its hash';
}

export interface HptStatistics {
  readonly slots: number;
  readonly valid: number;
  /** Valid entries by slots, 0 to 1. */
  readonly loadFactor: number;
  readonly secondary: number;
  readonly fullGroups: number;
  /** Slots that the longest search for an entry looks at: its place in the primary, or behind it in the secondary. */
  readonly longestProbe: number;
  /** Entries that no search finds. */
  readonly unreachable: number;
  /** Valid entries by base and page size, `4K/64K`. */
  readonly pageSizes: Readonly<Record<string, number>>;
}

export interface HptDescription {
  readonly table: HptLocation;
  readonly statistics: HptStatistics;
  readonly entries: readonly HpteRow[];
  /** Entries that the filter lets pass and the limit does not. */
  readonly omitted: number;
}

const DEFAULT_LIMIT = 4096;

/** Reads the whole table, or what of it is in memory. */
export function describeHpt(source: HptSource, filter: HptFilter = {}): HptDescription {
  const hash = HASH_POLICIES[source.policy.name];
  const table = locate(source, hash);
  const segments = segmentsOf(source.cpu);
  const limit = filter.limit ?? DEFAULT_LIMIT;
  const statistics = { slots: 0, valid: 0, secondary: 0, fullGroups: 0, longestProbe: 0, unreachable: 0 };
  const pageSizes: Record<string, number> = {};
  const entries: HpteRow[] = [];
  let omitted = 0;
  for (let group = 0, end = groupsInMemory(source.memory, table); group < end; group++) {
    let inGroup = 0;
    for (let slot = 0; slot < PTEG_SLOTS; slot++) {
      const row = entry({ source, hash, table, segments }, group, slot);
      if (row === undefined) continue;
      inGroup++;
      if (row.hash === 'secondary') statistics.secondary++;
      if (row.problem !== undefined) statistics.unreachable++;
      else
        statistics.longestProbe = Math.max(
          statistics.longestProbe,
          slot + 1 + (row.hash === 'secondary' ? PTEG_SLOTS : 0),
        );
      const size = `${sizeText(row.basePageShift)}/${sizeText(row.pageShift)}`;
      pageSizes[size] = (pageSizes[size] ?? 0) + 1;
      if (!passes(row, filter)) continue;
      if (entries.length < limit) entries.push(row);
      else omitted++;
    }
    statistics.slots += PTEG_SLOTS;
    statistics.valid += inGroup;
    if (inGroup === PTEG_SLOTS) statistics.fullGroups++;
  }
  const loadFactor = statistics.slots === 0 ? 0 : statistics.valid / statistics.slots;
  return { table, statistics: { ...statistics, loadFactor, pageSizes }, entries, omitted };
}

/** `4K`, `16M`; `?` for 0, which stands for a reserved encoding. */
export function sizeText(shift: number): string {
  if (shift === 0) return '?';
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift - 10 * unit)}${'BKMGTP'[unit]!}`;
}

const passes = (row: HpteRow, { ea, vsid, ra, group }: HptFilter): boolean =>
  (ea === undefined || row.eas.some((at) => at === pageOf(ea, row))) &&
  (vsid === undefined || row.vsid === vsid) &&
  (ra === undefined || ra >> BigInt(row.pageShift) === row.ra >> BigInt(row.pageShift)) &&
  (group === undefined || row.group === group);

/** The base page of an effective address. */
const pageOf = (ea: bigint, { basePageShift }: HpteRow): bigint =>
  (ea >> BigInt(basePageShift)) << BigInt(basePageShift);

function groupsInMemory(memory: RealMemory, table: HptLocation): number {
  if (table.base >= BigInt(memory.size)) return 0;
  return Math.min(table.groups, Math.floor((memory.size - Number(table.base)) / PTEG_SIZE));
}

/** From SDR1 or the partition table; nonsense gives a table without groups and the reason. */
function locate({ cpu, memory, policy, lpid }: HptSource, hash: HashPolicy): HptLocation {
  if (hash.location === 'SDR1') return place({ from: 'SDR1' }, cpu.named('SDR1'), memory);
  const number = (lpid ?? Number(cpu.named('LPIDR'))) & policy.lpidMask;
  const ptcr = cpu.named('PTCR');
  const at = (ptcr & PTCR.PATB.mask) + BigInt(number * PATE_SIZE);
  const from = { from: 'PATE', lpid: number } as const;
  const none = { ...from, base: 0n, shift: 0, groups: 0 };
  // A table of PATS 0 has 2^8 entries.
  if (BigInt(number) >> (8n + get(ptcr, PTCR.PATS)) !== 0n)
    return { ...none, problem: `the partition table has no entry ${number}` };
  if (at + BigInt(PATE_SIZE) > BigInt(memory.size))
    return { ...none, problem: 'the partition table is outside memory' };
  const word = memory.getDoubleword(Number(at));
  if (has(word, PATE0_HPT.HR)) return { ...none, problem: `partition ${number} has radix translation` };
  return place(from, word, memory);
}

function place(
  from: { readonly from: 'SDR1' | 'PATE'; readonly lpid?: number },
  word: bigint,
  memory: RealMemory,
): HptLocation {
  const size = Number(get(word, SDR1.HTABSIZE));
  const base = word & SDR1.HTABORG.mask;
  const shift = SMALLEST_HPT_SHIFT + size;
  if (size > LARGEST_HTABSIZE)
    return { ...from, base, shift, groups: 0, problem: `HTABSIZE ${size} is reserved` };
  const located = { ...from, base, shift, groups: 2 ** shift / PTEG_SIZE };
  const end = base + (1n << BigInt(shift));
  if (base % (1n << BigInt(shift)) !== 0n)
    return { ...located, problem: 'the table is not aligned to its size' };
  if (base >= BigInt(memory.size)) return { ...located, problem: 'the table is outside memory' };
  if (end > BigInt(memory.size)) return { ...located, problem: 'the table is only partly in memory' };
  return located;
}

/** Effective addresses by segment: what the SLB maps to a virtual segment. */
type Segments = ReadonlyArray<{
  readonly first: bigint;
  readonly vsid: bigint;
  readonly segmentShift: number | undefined;
}>;

const segmentsOf = (cpu: CpuState): Segments => describeSlb(cpu);

interface Context {
  readonly source: HptSource;
  readonly hash: HashPolicy;
  readonly table: HptLocation;
  readonly segments: Segments;
}

const low = (count: number): bigint => (1n << BigInt(count)) - 1n;

/** The entry of a slot; undefined where it is not valid. */
function entry(context: Context, group: number, slot: number): HpteRow | undefined {
  const { memory } = context.source;
  const at = Number(context.table.base) + group * PTEG_SIZE + slot * HPTE_SIZE;
  const validAndHash = memory.getWord(at + 4);
  if ((validAndHash & HPTE0.V.lo) === 0) return undefined;
  const dw0 = memory.getDoubleword(at);
  const dw1 = memory.getDoubleword(at + 8);
  const secondary = has(dw0, HPTE0.H);
  const { basePageShift, pageShift } = sizesOf(dw0, dw1);
  const mapped = virtualPage(context, dw0, dw1, { group, secondary, basePageShift });
  const { rpn } = context.hash.format;
  return {
    at,
    group,
    slot,
    hash: secondary ? 'secondary' : 'primary',
    ...mapped,
    basePageShift,
    pageShift,
    ra: dw1 & rpn.mask & ~low(pageShift),
    eas: context.segments
      .filter((s) => s.vsid === mapped.vsid && s.segmentShift === mapped.segmentShift)
      .map(({ first }) => first | (mapped.va & low(mapped.segmentShift))),
    pp: ppOf(hiOf(dw1), loOf(dw1)),
    keyClass: keyClassOf(hiOf(dw1), loOf(dw1)),
    wimg: Number(get(dw1, HPTE1.WIMG)),
    noExecute: has(dw1, HPTE1.N),
    referenced: has(dw1, HPTE1.R),
    changed: has(dw1, HPTE1.C),
    dw0,
    dw1,
    ...(pageShift === 0 ? { problem: 'reserved page size' as const } : {}),
  };
}

/** Base and page size: the encodings of different base sizes differ, so that the entry alone tells both. 0: reserved. */
function sizesOf(dw0: bigint, dw1: bigint): { basePageShift: number; pageShift: number } {
  for (const base of BASE_SIZES) {
    const pageShift = base.actualShift(loOf(dw0), hiOf(dw1), loOf(dw1));
    if (pageShift !== 0) return { basePageShift: base.shift, pageShift };
  }
  return { basePageShift: 0, pageShift: 0 };
}

interface Place {
  readonly group: number;
  readonly secondary: boolean;
  readonly basePageShift: number;
}

/** The virtual address: AVPN, and below it what the number of the group says. */
function virtualPage(
  { hash, table }: Context,
  dw0: bigint,
  dw1: bigint,
  { group, secondary, basePageShift }: Place,
): Pick<HpteRow, 'va' | 'vsid' | 'segmentShift' | 'problem'> {
  const { avpn, segmentSizeIn, segmentSize } = hash.format;
  const known = SEGMENT_SIZES[Number(get(segmentSizeIn === 0 ? dw0 : dw1, segmentSize))];
  const segmentShift = known ?? SEGMENT_SIZES[0]!;
  const above = get(dw0, avpn) << BigInt(AVPN_SHIFT);
  const vsid = above >> BigInt(segmentShift);
  const folded = segmentShift === SEGMENT_SIZES[1] ? vsid ^ (vsid << 25n) : vsid;
  const groups = BigInt(table.groups) - 1n;
  const primary = (secondary ? ~BigInt(group) : BigInt(group)) & groups;
  const shift = BigInt(basePageShift);
  const missing = basePageShift === 0 || basePageShift >= AVPN_SHIFT ? 0n : low(AVPN_SHIFT - basePageShift);
  const va = above | (((primary ^ folded) & missing) << shift);
  const hashed = (folded ^ ((va & low(segmentShift)) >> shift)) & groups;
  if (known === undefined) return { va, vsid, segmentShift, problem: 'reserved segment size' };
  const misplaced = basePageShift !== 0 && hashed !== primary;
  return { va, vsid, segmentShift, ...(misplaced ? { problem: 'not in the group of its hash' } : {}) };
}
