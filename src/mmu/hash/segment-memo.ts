/**
 * Looks through the SLB, and remembers in which entry it found a segment: all entries have to be looked at, for two that
 * match are a machine check. What is remembered holds until the SLB changes.
 */
import { SLB_ENTRIES, SLBE, SLBV } from '../../../isa/tables/slb-entry';
import type { CpuState } from '../../state/cpu-state';
import { offsetOf } from '../../state/layout';

const SLBE_AT = offsetOf('SLBE') >> 2;
const SLBV_AT = offsetOf('SLBV') >> 2;
const VALID = SLBE.V.lo;
/** The part of an effective address that names the segment, with V: what ESID words are compared in. */
const ESID_LO = SLBE.ESID.lo;
const ESID_1T_HI = SLBE.ESID_1T.hi;
const B_HI = SLBV.B.hi;
const B_1T = 1 << (SLBV.B.shift - 32);
const ENTRIES = SLB_ENTRIES;
/** Segments of 256 MiB that are remembered; a power of two. */
const PLACES = 16;
const ESID_SHIFT = SLBE.ESID.shift;

/** The entry, given by its number, holds the effective address. */
function holds(words: Int32Array, entry: number, eaHi: number, eaLo: number): boolean {
  const at = SLBE_AT + 2 * entry;
  const difference = words[at + 1]! ^ eaHi;
  // Another 1 TiB, whatever the size of the segment; most entries end here.
  if ((difference & ESID_1T_HI) !== 0 || (words[at]! & VALID) === 0) return false;
  const size = words[SLBV_AT + 2 * entry + 1]! & B_HI;
  return size === 0 ? difference === 0 && ((words[at]! ^ eaLo) & ESID_LO) === 0 : size === B_1T;
}

/**
 * The entry whose segment holds the effective address: -1 for none, `SLB_ENTRIES` and above for several.
 * @param words the CPU block
 */
export function findSegment(words: Int32Array, eaHi: number, eaLo: number): number {
  let found = -1;
  for (let entry = 0; entry < ENTRIES; entry++)
    if (holds(words, entry, eaHi, eaLo)) found = found < 0 ? entry : ENTRIES;
  return found;
}

export class SegmentMemo {
  private cpu: CpuState | undefined;
  private changes = 0;
  /** By place: the segment, and the entry that alone holds it; -1 for none. */
  private readonly esidHi = new Int32Array(PLACES);
  private readonly esidLo = new Int32Array(PLACES);
  private readonly entries = new Int32Array(PLACES).fill(-1);

  /** {@link findSegment} of a CPU. */
  find(cpu: CpuState, eaHi: number, eaLo: number): number {
    const { entries } = this;
    const { words } = cpu;
    if (cpu !== this.cpu || cpu.segmentChanges !== this.changes) this.forget(cpu);
    const lo = eaLo & ESID_LO;
    const place = (eaHi ^ (lo >>> ESID_SHIFT)) & (PLACES - 1);
    const known = entries[place]!;
    const same = known >= 0 && this.esidHi[place] === eaHi && this.esidLo[place] === lo;
    // Who writes the registers past the instructions may have taken the entry away.
    if (same && holds(words, known, eaHi, eaLo)) return known;
    const found = findSegment(words, eaHi, eaLo);
    if (found < 0 || found >= ENTRIES) return found;
    entries[place] = found;
    this.esidHi[place] = eaHi;
    this.esidLo[place] = lo;
    return found;
  }

  private forget(cpu: CpuState): void {
    this.cpu = cpu;
    this.changes = cpu.segmentChanges;
    this.entries.fill(-1);
  }
}
