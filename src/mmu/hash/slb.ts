/**
 * The SLB instructions as functions on CPU state; `src/cpu/services` calls them (Power ISA v3.0B Book III, 5.9.3.1).
 *
 * | instruction     | call                       | gives                                                        |
 * | --------------- | -------------------------- | ------------------------------------------------------------ |
 * | slbmte RS,RB    | `slbmte(cpu, rs, rb)`      | what becomes of translations that were made before it        |
 * | slbmfee RT,RB   | `slbmfee(cpu, rb)`         | ESID word                                                    |
 * | slbmfev RT,RB   | `slbmfev(cpu, rb)`         | VSID word                                                    |
 * | slbfee. RT,RB   | `findSlbEntry(cpu, ea)`    | whether found (CR0[EQ]), VSID word                           |
 * | slbie RB        | `slbie(cpu, rb)`           | number of entries that went                                  |
 * | slbia IH        | `slbia(cpu, ih)`           | number of entries that went                                  |
 *
 * slbieg and slbiag have no function here: they leave entries that slbmte made alone (v3.0B: "not software-created";
 * slbiag reaches the nest's SLBs, no thread's), and there are no others. QEMU's slbieg does take them. slbsync has
 * nothing to wait for.
 *
 * Not here: privilege, and the lookaside buffers beside the SLB: after slbie and slbia (every IH) the caller drops
 * what it caches by effective address; after slbmte where it says so.
 */
import { SEGMENT_SIZES, SLBE, SLBIE_RB, SLBV, SLB_ENTRIES } from '../../../isa/tables/slb-entry';
import { get, has, maskOf } from '../../core/bits';
import { loOf } from '../../core/u64';
import type { CpuState } from '../../state/cpu-state';
import { offsetOf } from '../../state/layout';
import { BASE_BY_LLP, llpOf } from './page-sizes';

const SLBE_AT = offsetOf('SLBE');
const SLBV_AT = offsetOf('SLBV');

const ESID_WORD = maskOf(SLBE.ESID, SLBE.V);
const VSID_WORD = maskOf(SLBV.B, SLBV.VSID, SLBV.KS, SLBV.KP, SLBV.N, SLBV.L, SLBV.C, SLBV.LP);

/** One entry: the two words as slbmfee and slbmfev return them. */
export interface SlbEntry {
  readonly index: number;
  readonly esidWord: bigint;
  readonly vsidWord: bigint;
}

/** An entry by its index, 0 to 31. */
export const slbEntry = (cpu: CpuState, index: number): SlbEntry => ({
  index,
  esidWord: cpu.get(SLBE_AT + 8 * index),
  vsidWord: cpu.get(SLBV_AT + 8 * index),
});

const ENTRIES: readonly number[] = [...Array(SLB_ENTRIES).keys()];

/** {@link isValidEntry} of an entry by its index: most are not, and need not be read. */
const isValidAt = (cpu: CpuState, index: number): boolean => (cpu.lo(SLBE_AT + 8 * index) & SLBE.V.lo) !== 0;

export const isValidEntry = ({ esidWord }: SlbEntry): boolean => has(esidWord, SLBE.V);

/** The first effective address of an entry's segment, and log2 of its bytes; undefined for a reserved size. */
function segmentOf({ esidWord, vsidWord }: SlbEntry): { first: bigint; shift: bigint } | undefined {
  const size = SEGMENT_SIZES[Number(get(vsidWord, SLBV.B))];
  if (size === undefined) return undefined;
  const shift = BigInt(size);
  return { first: (esidWord >> shift) << shift, shift };
}

/** True where two valid entries have addresses in common. */
function overlap(a: SlbEntry, b: SlbEntry): boolean {
  const [of, other] = [segmentOf(a), segmentOf(b)];
  if (!isValidEntry(a) || !isValidEntry(b) || of === undefined || other === undefined) return false;
  const shift = of.shift > other.shift ? of.shift : other.shift;
  return of.first >> shift === other.first >> shift;
}

/**
 * What slbmte did:
 * - `invalid`: nothing, for operands that describe no segment: an entry that does not exist, a reserved segment size or
 *   base page size. Architecturally undefined; choice: an invalid-form program interrupt, as QEMU has it
 * - `added`: no translation that was made before is wrong now
 * - `changed`: an entry that was valid has gone, or two entries have the same addresses now
 */
export type SlbmteEffect = 'invalid' | 'added' | 'changed';

/** Writes an entry. */
export function slbmte(cpu: CpuState, rs: bigint, rb: bigint): SlbmteEffect {
  const index = Number(get(rb, SLBE.INDEX));
  const base = BASE_BY_LLP[llpOf(loOf(rs))];
  if (index >= SLB_ENTRIES || !(Number(get(rs, SLBV.B)) in SEGMENT_SIZES) || base === undefined)
    return 'invalid';
  const before = slbEntry(cpu, index);
  const after: SlbEntry = { index, esidWord: rb & ESID_WORD, vsidWord: rs & VSID_WORD };
  cpu.segmentChanges++;
  cpu.set(SLBE_AT + 8 * index, after.esidWord);
  cpu.set(SLBV_AT + 8 * index, after.vsidWord);
  const same = before.esidWord === after.esidWord && before.vsidWord === after.vsidWord;
  if (isValidEntry(before) && !same) return 'changed';
  return !same && ENTRIES.some((i) => i !== index && isValidAt(cpu, i) && overlap(after, slbEntry(cpu, i)))
    ? 'changed'
    : 'added';
}

/** ESID word of the entry that RB names; 0 for one that does not exist. */
export const slbmfee = (cpu: CpuState, rb: bigint): bigint => entryWord(cpu, rb, SLBE_AT);

/** VSID word of the entry that RB names; 0 for one that does not exist. */
export const slbmfev = (cpu: CpuState, rb: bigint): bigint => entryWord(cpu, rb, SLBV_AT);

function entryWord(cpu: CpuState, rb: bigint, at: number): bigint {
  const index = Number(get(rb, SLBE.INDEX));
  return index < SLB_ENTRIES ? cpu.get(at + 8 * index) : 0n;
}

/**
 * The VSID word of the segment that holds an effective address (after truncation in 32-bit mode); 0 and not found
 * where there is none. Of several matching entries one is used or there is a machine check, says the ISA; choice: the
 * first is used, as in QEMU, which leaves the machine check to the access.
 */
export function findSlbEntry(cpu: CpuState, ea: bigint): { found: boolean; vsidWord: bigint } {
  for (const index of ENTRIES) {
    const entry = slbEntry(cpu, index);
    const segment = isValidEntry(entry) ? segmentOf(entry) : undefined;
    if (segment === undefined) continue;
    if (ea >> segment.shift === segment.first >> segment.shift)
      return { found: true, vsidWord: entry.vsidWord };
  }
  return { found: false, vsidWord: 0n };
}

/** Invalidates the entries that satisfy a condition; their words stay, without V. */
function invalidate(cpu: CpuState, condition: (entry: SlbEntry) => boolean): number {
  const gone = ENTRIES.filter((index) => isValidAt(cpu, index) && condition(slbEntry(cpu, index)));
  cpu.segmentChanges++;
  for (const index of gone) cpu.set(SLBE_AT + 8 * index, slbEntry(cpu, index).esidWord & ~SLBE.V.mask);
  return gone.length;
}

/** Invalidates the segment that RB names, where class and segment size are the entry's. */
export function slbie(cpu: CpuState, rb: bigint): number {
  const size = get(rb, SLBIE_RB.B);
  const compared = size === 0n ? SLBE.ESID.mask : SLBE.ESID_1T.mask;
  return invalidate(
    cpu,
    ({ esidWord, vsidWord }) =>
      ((esidWord ^ rb) & compared) === 0n &&
      get(vsidWord, SLBV.B) === size &&
      get(vsidWord, SLBV.C) === get(rb, SLBIE_RB.C),
  );
}

/** What slbia's IH selects, by its value (Power ISA v3.0B). The reserved 5 is 0. */
const INVALIDATION_HINT: ReadonlyArray<(entry: SlbEntry) => boolean> = (() => {
  const allButFirst = ({ index }: SlbEntry): boolean => index !== 0;
  const ofClass1 = ({ vsidWord }: SlbEntry): boolean => has(vsidWord, SLBV.C);
  return [allButFirst, allButFirst, allButFirst, ofClass1, () => true, allButFirst, allButFirst, () => false];
})();

/** Invalidates entries by IH: 0, 1, 2 and 6 all but entry 0, 3 those of class 1, 4 all, 7 none (lookaside only). */
export const slbia = (cpu: CpuState, ih: number): number => invalidate(cpu, INVALIDATION_HINT[ih & 7]!);
