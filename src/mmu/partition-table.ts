/** The partition table: from the effective LPID to the partition's tree and process table (Book III, 6.7.6.1). */
import { TABLE } from '../core/memory';
import { PATE0_RADIX, PATE_SIZE } from '../../isa/tables/partition-table';
import { PTCR } from '../../isa/registers/translation';
import { offsetOf } from '../state/layout';
import type { TranslationContext } from './context';
import { beyond, isAligned } from './halves';
import { tableEntries } from './radix/entry';
import { failOutsideMemory } from './radix/tree-walk';

const PTCR_AT = offsetOf('PTCR');
const PATB_HI = PTCR.PATB.hi;
const PATB_LO = PTCR.PATB.lo;
const PATS = PTCR.PATS.lo;
const HOST_RADIX = PATE0_RADIX.HR.hi;
const ENTRY_SHIFT = Math.log2(PATE_SIZE);
/** PATS = 0 is a table of 2^12 bytes, 2^8 entries. */
const SMALLEST_TABLE = 12;
/** A root directory has at least 2^5 entries. */
const SMALLEST_ROOT = 5;

/** Reads the radix partition table entry of the effective LPID and checks it. A failure is the hypervisor's. */
export function readPartitionEntry(ctx: TranslationContext): boolean {
  const tree = ctx.partition;
  tree.addressHi = ctx.eaHi;
  tree.addressLo = ctx.eaLo;
  tree.level = -1;
  if (!ctx.policy.partitions) return readOnlyEntry(ctx);
  // LPID 0 is the hypervisor: nothing else may run under it.
  if (ctx.lpid === 0 && !ctx.hv) return ctx.fail('badTree', 'partition', -1);
  if (ctx.caches !== undefined && ctx.caches.partitions.find(ctx)) return (ctx.partitionRead = true);
  if (!locatePartitionEntry(ctx)) return false;
  tree.rootHi = ctx.valueHi;
  tree.rootLo = ctx.valueLo;
  const isRadix = (tree.rootHi & HOST_RADIX) !== 0;
  const usable = isRadix && tableEntries(tree.rootLo) >= SMALLEST_ROOT;
  if (ctx.recorder !== undefined) ctx.recorder.partitionEntry(ctx, usable ? 'used' : 'bad tree');
  if (!usable) return ctx.fail('badTree', 'partition', -1);
  if (ctx.caches !== undefined) ctx.caches.partitions.keep(ctx);
  return (ctx.partitionRead = true);
}

/**
 * Reads the partition table entry of the effective LPID: doubleword 0 into `value`, 1 into `pate1`. Radix and hashed
 * translation begin alike.
 */
export function locatePartitionEntry(ctx: TranslationContext): boolean {
  const tree = ctx.partition;
  const hi = ctx.cpu.hi(PTCR_AT) & PATB_HI;
  const lo = ctx.cpu.lo(PTCR_AT);
  const base = lo & PATB_LO;
  const size = SMALLEST_TABLE + (lo & PATS);
  tree.index = ctx.lpid;
  tree.entryHi = hi;
  tree.entryLo = base | (ctx.lpid << ENTRY_SHIFT);
  tree.hostLo = tree.entryLo;
  if (!isAligned(hi, base, size) || beyond(ctx.lpid, size - ENTRY_SHIFT)) {
    ctx.recorder?.partitionEntry(ctx, 'beyond the table');
    return ctx.fail('badTree', 'partition', -1);
  }
  return readDoublewords(ctx);
}

function readDoublewords(ctx: TranslationContext): boolean {
  const { entryHi, entryLo } = ctx.partition;
  if (!ctx.read(entryHi, entryLo + 8, TABLE.ROOT)) {
    ctx.recorder?.partitionEntry(ctx, 'outside memory');
    return failOutsideMemory(ctx, ctx.partition);
  }
  ctx.pate1Hi = ctx.valueHi;
  ctx.pate1Lo = ctx.valueLo;
  return ctx.read(entryHi, entryLo, TABLE.ROOT);
}

/** Without partitions only doubleword 1 of entry 0 means anything. The fault is the program's own. */
function readOnlyEntry(ctx: TranslationContext): boolean {
  const tree = ctx.partition;
  if (ctx.caches !== undefined && ctx.caches.partitions.find(ctx)) return (ctx.partitionRead = true);
  tree.index = 0;
  tree.entryHi = ctx.cpu.hi(PTCR_AT) & PATB_HI;
  tree.entryLo = ctx.cpu.lo(PTCR_AT) & PATB_LO;
  tree.hostLo = tree.entryLo;
  if (!ctx.read(tree.entryHi, tree.entryLo + 8, TABLE.ROOT)) {
    ctx.recorder?.partitionEntry(ctx, 'outside memory');
    return failOutsideMemory(ctx, ctx.process);
  }
  ctx.pate1Hi = ctx.valueHi;
  ctx.pate1Lo = ctx.valueLo;
  if (ctx.recorder !== undefined) ctx.recorder.partitionEntry(ctx, 'used');
  if (ctx.caches !== undefined) ctx.caches.partitions.keep(ctx);
  return (ctx.partitionRead = true);
}
