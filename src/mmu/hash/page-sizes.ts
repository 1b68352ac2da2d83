/** Page sizes of hashed translation in the form that the search uses: masks of halves, looked up by L || LP. */
import { HASH_PAGE_SIZES, HPTE0, type ActualPageSize, type BasePageSize } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { getInHalf } from '../../core/bits';
import { keepHi, keepLo } from '../halves';

const SMALLEST = 12;
/** Bits of VA that are below AVPN. */
export const AVPN_SHIFT = 23;
/** AVPN begins at this bit of doubleword 0: VA >> 16 is the VA in its place. */
export const AVPN_PLACE = AVPN_SHIFT - HPTE0.AVPN.shift;

class ActualSize {
  readonly shift: number;
  private readonly large: number;
  private readonly maskHi: number;
  private readonly maskLo: number;
  private readonly wantLo: number;

  constructor({ shift, large, lp }: ActualPageSize) {
    this.shift = shift;
    this.large = large === 0 ? 0 : HPTE0.L.lo;
    // Bits of RPN below the page size are the encoding, all of them.
    this.maskHi = large === 0 ? 0 : ~keepHi(shift);
    this.maskLo = large === 0 ? 0 : keepLo(SMALLEST) & ~keepLo(shift);
    this.wantLo = lp << SMALLEST;
  }

  /** True where these halves of an HPTE (lower of doubleword 0, both of doubleword 1) describe such a page. */
  fits(lo0: number, hi1: number, lo1: number): boolean {
    return (
      (lo0 & HPTE0.L.lo) === this.large && (lo1 & this.maskLo) === this.wantLo && (hi1 & this.maskHi) === 0
    );
  }
}

export class BaseSize {
  readonly shift: number;
  readonly llp: number;
  /** What of AVPN (lower half, in place) lies above the offset in a base page. */
  readonly avpnKeep: number;
  readonly actual: readonly ActualSize[];

  constructor({ shift, llp, actual }: BasePageSize) {
    this.shift = shift;
    this.llp = llp;
    this.avpnKeep = -1 << (Math.max(shift, AVPN_SHIFT) - AVPN_PLACE);
    this.actual = actual.map((size) => new ActualSize(size));
  }

  /** log2 of the page that an HPTE in a segment of this base size maps; 0: its encoding does not fit. */
  actualShift(lo0: number, hi1: number, lo1: number): number {
    for (const size of this.actual) if (size.fits(lo0, hi1, lo1)) return size.shift;
    return 0;
  }
}

export const BASE_SIZES: readonly BaseSize[] = HASH_PAGE_SIZES.map((size) => new BaseSize(size));

/** The base size of each L || LP; undefined where it is reserved. */
export const BASE_BY_LLP: readonly (BaseSize | undefined)[] = Array.from({ length: 8 }, (_, llp) =>
  BASE_SIZES.find((size) => size.llp === llp),
);

/** L || LP of a VSID word, from its lower half. */
export function llpOf(lo: number): number {
  return (getInHalf(lo, SLBV.L) << SLBV.LP.width) | getInHalf(lo, SLBV.LP);
}

/** L || LP in the places that a VSID word has for them: its lower half. */
export function placeLlp(llp: number): number {
  return ((llp >>> SLBV.LP.width) << SLBV.L.shift) | ((llp << SLBV.LP.shift) & SLBV.LP.lo);
}
