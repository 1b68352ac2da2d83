/** The process table: from the effective PID to the process's tree (Power ISA v3.1 Book III, 6.7.6.2). */
import { TABLE } from '../core/memory';
import { PATE1 } from '../../isa/tables/partition-table';
import { PRTE_SIZE } from '../../isa/tables/process-table';
import type { TranslationContext } from './context';
import { beyond, isAligned, keepHi, keepLo } from './halves';
import { processTableAddress } from './radix/partition-scoped';
import { failOutsideMemory } from './radix/tree-walk';

const PRTB_HI = PATE1.PRTB.hi;
const PRTB_LO = PATE1.PRTB.lo;
const PRTS = PATE1.PRTS.lo;
const ENTRY_SHIFT = Math.log2(PRTE_SIZE);
/** PRTS = 0 is a table of 2^12 bytes, 2^8 entries. */
const SMALLEST_TABLE = 12;

/** Reads the process table entry of the effective PID: the root of the process's tree. */
export function readProcessEntry(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  if (ctx.caches !== undefined && ctx.caches.processes.find(ctx)) return true;
  if (!locate(ctx)) return false;
  let hi = tree.entryHi;
  let lo = tree.entryLo;
  if (ctx.policy.partitions) {
    // For LPID 0 this is the one use of its partition-scoped tree.
    if (!processTableAddress(ctx, hi, lo)) return false;
    hi = ctx.hostHi;
    lo = ctx.hostLo;
  }
  tree.hostLo = lo;
  if (!ctx.read(hi, lo, TABLE.ROOT)) {
    ctx.recorder?.processEntry(ctx, 'outside memory');
    return failOutsideMemory(ctx, tree);
  }
  tree.rootHi = ctx.valueHi;
  tree.rootLo = ctx.valueLo;
  if (ctx.recorder !== undefined) ctx.recorder.processEntry(ctx, 'used');
  if (ctx.caches !== undefined) ctx.caches.processes.keep(ctx);
  return true;
}

/** The entry's address: guest real, or host real where there are no partitions. */
function locate(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  const size = SMALLEST_TABLE + (ctx.pate1Lo & PRTS);
  const hi = ctx.pate1Hi & PRTB_HI;
  const lo = ctx.pate1Lo & PRTB_LO;
  const offset = ctx.pid << ENTRY_SHIFT;
  tree.level = -1;
  tree.index = ctx.pid;
  tree.entryHi = hi;
  tree.entryLo = lo | offset;
  if (ctx.policy.pidBeyondTable === 'wrap') {
    tree.entryHi = hi & keepHi(size);
    tree.entryLo = (lo & keepLo(size)) | (offset & ~keepLo(size));
    return true;
  }
  if (!isAligned(hi, lo, size)) return ctx.fail('badTree', 'process', -1);
  return !beyond(ctx.pid, size - ENTRY_SHIFT) || ctx.fail('noTranslation', 'process', -1);
}
