/**
 * Where the hashed page table is: SDR1 (v2.07), or doubleword 0 of the partition table entry of LPIDR (v3.0). Both
 * have HTABORG and HTABSIZE in the same bits.
 */
import { PATE0_HPT } from '../../../isa/tables/partition-table';
import { HASH_BITS, LARGEST_HTABSIZE, PTEG_SIZE, SDR1, SMALLEST_HPT_SHIFT } from '../../../isa/tables/hpte';
import { LPCR } from '../../../isa/registers/lpcr';
import { getInHalf } from '../../core/bits';
import { offsetOf } from '../../state/layout';
import type { TranslationContext } from '../context';
import { locatePartitionEntry } from '../partition-table';
import type { HashWalk } from './walk';

const SDR1_AT = offsetOf('SDR1');
const LPCR_AT = offsetOf('LPCR');

/** LPCR[VRMASD] is L, two unused bits, LP. */
const VRMASD_L = 4;
const VRMASD_LP = 3;

/** A table of HTABSIZE 0 has 2^11 groups. */
const SMALLEST_GROUPS = SMALLEST_HPT_SHIFT - Math.log2(PTEG_SIZE);

/** Finds the table: `table` and `groups` of the walk, and the page size of the virtual real mode area. */
export function locateTable(ctx: TranslationContext, walk: HashWalk): boolean {
  return walk.policy.location === 'SDR1' ? fromSdr1(ctx, walk) : fromPartitionEntry(ctx, walk);
}

function fromSdr1(ctx: TranslationContext, walk: HashWalk): boolean {
  const vrmasd = getInHalf(ctx.cpu.hi(LPCR_AT), LPCR.VRMASD);
  walk.realLlp = ((vrmasd >>> 2) & VRMASD_L) | (vrmasd & VRMASD_LP);
  const lo = ctx.cpu.lo(SDR1_AT);
  if (placeTable(walk, ctx.cpu.hi(SDR1_AT), lo)) return true;
  return ctx.fail(walk.policy.badConfiguration, ctx.relocate ? 'hash' : 'hashReal', -1);
}

function fromPartitionEntry(ctx: TranslationContext, walk: HashWalk): boolean {
  const tree = ctx.partition;
  // What is wrong with the partition table entry is the hypervisor's; ASDR is the address that was to be translated.
  tree.addressHi = ctx.eaHi;
  tree.addressLo = ctx.eaLo;
  tree.level = -1;
  if (!locatePartitionEntry(ctx)) return false;
  const hi = ctx.valueHi;
  const lo = ctx.valueLo;
  walk.realLlp = getInHalf(lo, PATE0_HPT.PS);
  // choice: HR of the entry must be LPCR[HR], as for radix; QEMU looks at LPCR only.
  const usable = (hi & PATE0_HPT.HR.hi) === 0 && placeTable(walk, hi, lo);
  if (ctx.recorder !== undefined) ctx.recorder.partitionEntry(ctx, usable ? 'used' : 'bad tree');
  return usable || ctx.fail(walk.policy.badConfiguration, 'partition', -1);
}

/** HTABORG and HTABSIZE; false where there is no table of that size. */
function placeTable(walk: HashWalk, hi: number, lo: number): boolean {
  const size = getInHalf(lo, SDR1.HTABSIZE);
  if (size > LARGEST_HTABSIZE) return false;
  const bits = SMALLEST_GROUPS + size;
  walk.tableHi = hi & SDR1.HTABORG.hi;
  walk.tableLo = lo & SDR1.HTABORG.lo;
  walk.groupsLo = bits < 32 ? (1 << bits) - 1 : -1;
  walk.groupsHi = bits > 32 ? (1 << (bits - 32)) - 1 : 0;
  return true;
}

/** The bits of the hash that are in the upper half. */
export const HASH_HI = (1 << (HASH_BITS - 32)) - 1;
