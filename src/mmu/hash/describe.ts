/**
 * The SLB and the segments as a person wants them: for `book3s dump slb` and `book3s dump segments`. Pure functions of
 * state; the page table is in describe-hpt.ts, lines of text in describe-text.ts.
 *
 * @example
 *   for (const line of slbText(describeSlb(cpu, { ea: 0x1000n }))) print(line);
 *   print(JSON.stringify(jsonable(describeSlb(cpu))));
 */
import { SEGMENT_SIZES, SLBE, SLBV, SLB_ENTRIES } from '../../../isa/tables/slb-entry';
import { get, has } from '../../core/bits';
import { hex0x, loOf } from '../../core/u64';
import type { CpuState } from '../../state/cpu-state';
import { BASE_BY_LLP, llpOf } from './page-sizes';
import { isValidEntry, slbEntry, type SlbEntry } from './slb';

/** Which entries to show; what is absent does not restrict. */
export interface SegmentFilter {
  /** Those whose segment has this effective address. */
  readonly ea?: bigint;
  readonly vsid?: bigint;
  /** Also entries that are not valid. */
  readonly invalid?: boolean;
}

/** One SLB entry, decoded. */
export interface SlbRow {
  readonly index: number;
  readonly valid: boolean;
  /** First and last effective address of the segment. */
  readonly first: bigint;
  readonly last: bigint;
  /** log2 of the bytes of the segment, of its base page; undefined where the encoding is reserved. */
  readonly segmentShift: number | undefined;
  readonly basePageShift: number | undefined;
  readonly vsid: bigint;
  readonly ks: number;
  readonly kp: number;
  readonly noExecute: boolean;
  readonly class: number;
  /** The words as slbmfee and slbmfev give them. */
  readonly esidWord: bigint;
  readonly vsidWord: bigint;
  /** Valid entries whose segments have addresses in common with this one: a machine check where they do. */
  readonly overlaps: readonly number[];
}

type Decoded = Omit<SlbRow, 'overlaps'>;

function decode(entry: SlbEntry): Decoded {
  const { index, esidWord, vsidWord } = entry;
  const segmentShift = SEGMENT_SIZES[Number(get(vsidWord, SLBV.B))];
  const offset = (1n << BigInt(segmentShift ?? SLBE.ESID.shift)) - 1n;
  const first = esidWord & SLBE.ESID.mask & ~offset;
  return {
    index,
    valid: isValidEntry(entry),
    first,
    last: first | offset,
    segmentShift,
    basePageShift: BASE_BY_LLP[llpOf(loOf(vsidWord))]?.shift,
    vsid: get(vsidWord, segmentShift === SEGMENT_SIZES[1] ? SLBV.VSID_1T : SLBV.VSID),
    ks: Number(get(vsidWord, SLBV.KS)),
    kp: Number(get(vsidWord, SLBV.KP)),
    noExecute: has(vsidWord, SLBV.N),
    class: Number(get(vsidWord, SLBV.C)),
    esidWord,
    vsidWord,
  };
}

const meet = (a: Decoded, b: Decoded): boolean =>
  a.valid && b.valid && a.index !== b.index && a.first <= b.last && b.first <= a.last;

/** The entries of the SLB in order. */
export function describeSlb(cpu: CpuState, filter: SegmentFilter = {}): SlbRow[] {
  const entries = Array.from({ length: SLB_ENTRIES }, (_, index) => decode(slbEntry(cpu, index)));
  const wanted = (row: Decoded): boolean =>
    (row.valid || filter.invalid === true) &&
    (filter.ea === undefined || (row.first <= filter.ea && filter.ea <= row.last)) &&
    (filter.vsid === undefined || row.vsid === filter.vsid);
  return entries.filter(wanted).map((row) => {
    const overlaps = entries.filter((other) => meet(row, other)).map(({ index }) => index);
    return { ...row, overlaps };
  });
}

/** The valid segments in order of effective addresses. */
export function describeSegments(cpu: CpuState, filter: SegmentFilter = {}): SlbRow[] {
  const rows = describeSlb(cpu, { ...filter, invalid: false });
  return rows.sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.index - b.index));
}

/** The same data with 64-bit values as `0x` strings, as JSON can have them. */
export function jsonable(value: unknown): unknown {
  if (typeof value === 'bigint') return hex0x(value);
  if (Array.isArray(value)) return value.map(jsonable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, jsonable(of)]));
}
