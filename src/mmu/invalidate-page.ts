/**
 * tlbie and tlbiel of one page of a process: what kernels nearly always ask for, recognised by halves. Everything else is
 * for `decodeTlbie`, and so is what the instruction may not do.
 */
import { TLBIE_RB_RADIX } from '../../isa/registers/invalidate';
import { RADIX_AP } from '../../isa/tables/page-size';
import { getInHalf } from '../core/bits';
import type { MmuPolicy } from './policy';

/** The fields of the instruction, and RB by halves. */
export interface PageInvalidation {
  readonly ric: number;
  readonly prs: number;
  readonly r: number;
  readonly rbHi: number;
  readonly rbLo: number;
}

const RIC_TLB = 0;
const PROCESS = 1;
const RADIX = 1;
const IS_LO = TLBIE_RB_RADIX.IS.lo;
const QUADRANT_HI = TLBIE_RB_RADIX.QUADRANT.hi;

/** log2 of the page that goes from the TLB, in its process; 0: the instruction asks for something else. */
export function processPageShift(asked: PageInvalidation, policy: MmuPolicy): number {
  if (asked.ric !== RIC_TLB || asked.prs !== PROCESS || asked.r !== RADIX) return 0;
  if (!policy.partitions || policy.mechanisms === 'hash') return 0;
  if ((asked.rbLo & IS_LO) !== 0 || (asked.rbHi & QUADRANT_HI) !== 0) return 0;
  return RADIX_AP[getInHalf(asked.rbLo, TLBIE_RB_RADIX.AP)] ?? 0;
}
