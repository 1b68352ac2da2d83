/**
 * Process-scoped translation: effective address to real address, guest real in a partition, through the tree of the
 * effective PID (Power ISA v3.1 Book III, 6.7.12.1).
 */
import { RADIX_EA } from '../../../isa/registers/translation';
import type { TranslationContext } from '../context';
import { exceeds } from '../halves';
import { readProcessEntry } from '../process-table';
import { checkProtection, processRights } from '../protection';
import { settleProcess } from '../reference-change';
import { tableEntries, treeSize } from './entry';
import { leafAddress } from './leaf';
import { guestTableAddress } from './partition-scoped';
import { walkTree } from './tree-walk';

const QUADRANT = RADIX_EA.QUADRANT.hi;

/** Translates the effective address; leaves the real address in `hostHi`, `hostLo`. */
export function processScoped(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  const needs = ctx.access.needs;
  tree.tableTranslation = ctx.twoStage ? guestTableAddress : undefined;
  if (!readProcessEntry(ctx)) return false;
  if (!checkRoot(ctx)) return false;
  if (!walkTree(ctx, tree)) return false;
  tree.rights = processRights(ctx, tree);
  if (!checkProtection(ctx, tree, needs)) return false;
  if (!settleProcess(ctx, needs)) return false;
  leafAddress(ctx, tree);
  return true;
}

/** What only some implementations make of the root: no tree at all, an address beyond it. */
function checkRoot(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  const { emptyRoot, segmentCheck } = ctx.policy.geometry;
  if (emptyRoot === 'noTranslation' && tableEntries(tree.rootLo) === 0)
    return ctx.fail('noTranslation', 'process', 0);
  if (segmentCheck === 'tree' && !quadrantIsPlain(ctx)) return ctx.fail('segment', 'effective', -1);
  const size = treeSize(tree.rootHi, tree.rootLo);
  if (segmentCheck === 'tree' && exceeds(tree.addressHi, tree.addressLo, size))
    return ctx.fail('segment', 'effective', -1);
  return true;
}

/** Quadrant 0 or 3: an implementation without partitions looks at this only here. */
function quadrantIsPlain(ctx: TranslationContext): boolean {
  const quadrant = ctx.eaHi & QUADRANT;
  return quadrant === 0 || quadrant === QUADRANT;
}
