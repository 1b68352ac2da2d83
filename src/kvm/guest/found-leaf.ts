/** A leaf of a partition-scoped tree by halves, for code that must not allocate: the object is filled again and again. */
import { PTE } from '../../../isa/tables/radix';
import { joinHalves } from '../../core/u64';
import type { RadixLeaf } from './radix-leaf';

const HALF = 2 ** 32;
const FRAME_HI = PTE.RPN.hi;
const FRAME_LO = PTE.RPN.lo;

export class FoundLeaf {
  /** The entry, as signed int32. */
  hi = 0;
  lo = 0;
  /** Host real address of the entry. */
  at = 0;
  /** log2 of the page. */
  shift = 0;

  /** Real address of the page. */
  get frame(): number {
    return (this.hi & FRAME_HI) * HALF + ((this.lo & FRAME_LO) >>> 0);
  }

  /** One that stays as it is. */
  copy(): RadixLeaf {
    return { pte: joinHalves(this.hi, this.lo), at: this.at, shift: this.shift };
  }
}
