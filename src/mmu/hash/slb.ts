/**
 * The SLB instructions as functions on CPU state, for `src/cpu/services` to call (Power ISA v3.0B Book III, 5.9.3.1).
 *
 * | instruction     | call                                        | gives                                         |
 * | --------------- | ------------------------------------------- | --------------------------------------------- |
 * | slbmte RS,RB    | `slbmte(cpu, rs, rb)`                       | false: operands that describe no segment      |
 * | slbmfee RT,RB   | `slbmfee(cpu, rb)`                          | ESID word                                     |
 * | slbmfev RT,RB   | `slbmfev(cpu, rb)`                          | VSID word                                     |
 * | slbfee. RT,RB   | `findSlbEntry(cpu, ea)`                     | whether found (CR0[EQ]), VSID word            |
 * | slbie RB        | `slbie(cpu, rb)`                            | number of entries that went                   |
 * | slbia IH        | `slbia(cpu, ih)`                            | number of entries that went                   |
 * | slbieg RS,RB    | `slbieg(cpu, rs, rb)`, for every thread     | number of entries that went                   |
 * | slbiag RS,L     | `slbiag(cpu, rs, l)`, for every thread      | number of entries that went                   |
 *
 * slbsync has nothing to wait for. Not here: privilege, and the lookaside buffers beside the SLB: after slbie, slbia
 * (every IH), slbieg and slbiag the caller drops what it caches by effective address, as after a context change;
 * after slbmte too, where it does not model staleness.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { SEGMENT_SIZES, SLBE, SLBIE_RB, SLBIEG_RS, SLBV, SLB_ENTRIES } from '../../../isa/tables/slb-entry';
import { get, has, maskOf } from '../../core/bits';
import { hiOf, loOf } from '../../core/u64';
import type { CpuState } from '../../state/cpu-state';
import { offsetOf } from '../../state/layout';
import { BASE_BY_LLP, llpOf } from './page-sizes';
import { findEntry } from './segment';

const SLBE_AT = offsetOf('SLBE');
const SLBV_AT = offsetOf('SLBV');
const LPCR_AT = offsetOf('LPCR');
const LPIDR_AT = offsetOf('LPIDR');
const PIDR_AT = offsetOf('PIDR');

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

export const isValidEntry = ({ esidWord }: SlbEntry): boolean => has(esidWord, SLBE.V);

/**
 * Writes an entry. False, and nothing is written, for an index that does not exist, a reserved segment size or base
 * page size: architecturally undefined; choice: the caller raises an invalid-form program interrupt, as QEMU does.
 */
export function slbmte(cpu: CpuState, rs: bigint, rb: bigint): boolean {
  const index = Number(get(rb, SLBE.INDEX));
  const segmentSize = Number(get(rs, SLBV.B));
  const base = BASE_BY_LLP[llpOf(loOf(rs))];
  if (index >= SLB_ENTRIES || !(segmentSize in SEGMENT_SIZES) || base === undefined) return false;
  cpu.set(SLBE_AT + 8 * index, rb & ESID_WORD);
  cpu.set(SLBV_AT + 8 * index, rs & VSID_WORD);
  return true;
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
 * where there is none. choice: of several matching entries none is found, which leaves the machine check to the access.
 */
export function findSlbEntry(cpu: CpuState, ea: bigint): { found: boolean; vsidWord: bigint } {
  const index = findEntry(cpu.words, hiOf(ea), loOf(ea));
  const found = index >= 0 && index < SLB_ENTRIES;
  return { found, vsidWord: found ? cpu.get(SLBV_AT + 8 * index) : 0n };
}

/** Invalidates the entries that satisfy a condition; their words stay, without V. */
function invalidate(cpu: CpuState, condition: (entry: SlbEntry) => boolean): number {
  let count = 0;
  for (let index = 0; index < SLB_ENTRIES; index++) {
    const entry = slbEntry(cpu, index);
    if (!isValidEntry(entry) || !condition(entry)) continue;
    cpu.set(SLBE_AT + 8 * index, entry.esidWord & ~SLBE.V.mask);
    count++;
  }
  return count;
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

/** True where RS of slbieg and slbiag means what runs on this thread. PID counts where LPCR[UPRT] makes it do. */
function isAddressed(cpu: CpuState, rs: bigint, { anyProcess }: { anyProcess: boolean }): boolean {
  if (get(rs, SLBIEG_RS.LPID) !== cpu.get(LPIDR_AT)) return false;
  return anyProcess || !cpu.has(LPCR_AT, LPCR.UPRT) || get(rs, SLBIEG_RS.PID) === cpu.get(PIDR_AT);
}

/** slbie on one of the threads that it reaches: those that run the LPID (and PID) in RS. */
export const slbieg = (cpu: CpuState, rs: bigint, rb: bigint): number =>
  isAddressed(cpu, rs, { anyProcess: false }) ? slbie(cpu, rb) : 0;

/** Every entry of the threads that run the LPID in RS; with L=0 (v3.1; v3.0 has no L) also its PID. */
export const slbiag = (cpu: CpuState, rs: bigint, l: number): number =>
  isAddressed(cpu, rs, { anyProcess: l === 1 }) ? invalidate(cpu, () => true) : 0;
