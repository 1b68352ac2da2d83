/**
 * Reference and change recording in radix trees (Power ISA v3.1 Book III, 6.7.14). By policy the walker interrupts and
 * software sets the bits, or the walker sets them. C is never set for a store that does not happen: what belongs to
 * the access itself is written after the last check. R of a page that holds tables is written at once, for the table
 * has been read.
 */
import { PTE } from '../../isa/tables/radix';
import { RIGHT } from './access';
import { PURPOSE, type TranslationContext } from './context';
import type { RadixTree } from './radix/tree';

const R = PTE.R.lo;
const C = PTE.C.lo;
const { WRITE } = RIGHT;
const { ACCESS } = PURPOSE;

/** The bits among R and C that an access of this need must find set and does not. */
function missing(tree: RadixTree, needs: number): number {
  return (needs === WRITE ? R | C : R) & ~tree.valueLo;
}

/** The rights that the leaf's R and C leave for later accesses without another walk. */
export function recordedRights(tree: RadixTree): number {
  if ((tree.valueLo & R) === 0) return 0;
  return (tree.valueLo & C) === 0 ? tree.rights & ~WRITE : tree.rights;
}

/** Process-scoped leaf. To set its bits is a store to the table, which in a guest the hypervisor must permit. */
export function settleProcess(ctx: TranslationContext, needs: number): boolean {
  const tree = ctx.process;
  const bits = missing(tree, needs);
  if (bits === 0) return true;
  ctx.recorder?.referenceChange(ctx, tree, bits);
  // Of a walk that began below the root nobody knows what translated the entry's address: it is made again.
  const fails = ctx.policy.referenceChange === 'interrupt' || (tree.resumed && ctx.twoStage);
  if (fails) return ctx.fail('referenceChange', 'process', tree.level);
  // The partition's current leaf is still the one that translated the address of this entry.
  if (ctx.twoStage && !settleTableStore(ctx)) return false;
  if (!ctx.sideEffects) return true;
  ctx.updateLater(tree.hostLo, bits);
  tree.valueLo |= bits;
  return true;
}

/** The host's leaf of the page that holds a guest's entry, which is about to be written. */
function settleTableStore(ctx: TranslationContext): boolean {
  const host = ctx.partition;
  if ((host.rights & WRITE) === 0) return ctx.failTableStore('protection');
  const bits = missing(host, WRITE);
  if (bits === 0) return true;
  ctx.recorder?.referenceChange(ctx, host, bits);
  if (ctx.sideEffects) ctx.updateLater(host.hostLo, bits);
  return true;
}

/** Partition-scoped leaf of a table entry's address or of the access's. */
export function settlePartition(ctx: TranslationContext, needs: number): boolean {
  const tree = ctx.partition;
  const bits = missing(tree, needs);
  if (bits === 0) return true;
  ctx.recorder?.referenceChange(ctx, tree, bits);
  if (ctx.policy.referenceChange === 'interrupt') return ctx.fail('referenceChange', 'partition', tree.level);
  if (!ctx.sideEffects) return true;
  if (ctx.purpose === ACCESS) ctx.updateLater(tree.hostLo, bits);
  else ctx.setBits(tree.hostLo, bits);
  tree.valueLo |= bits;
  return true;
}
