/**
 * Process-scoped translation: effective address to real address, guest real in a partition, through the tree of the
 * effective PID (Power ISA v3.1 Book III, 6.7.12.1).
 */
import type { TranslationContext } from '../context';
import { exceeds } from '../halves';
import { quadrantIsPlain } from '../mode';
import { readPartitionEntry } from '../partition-table';
import { readProcessEntry } from '../process-table';
import { checkProtection, processRights } from '../protection';
import { settleProcess } from '../reference-change';
import { tableEntries, treeSize } from './entry';
import { leafAddress } from './leaf';
import { guestTableAddress } from './partition-scoped';
import { walkTree } from './tree-walk';

/** Translates the effective address; leaves the real address in `hostHi`, `hostLo`. */
export function processScoped(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  const needs = ctx.access.needs;
  tree.tableTranslation = ctx.twoStage ? guestTableAddress : undefined;
  tree.resumed = ctx.walks !== undefined && ctx.walks.find(ctx, tree);
  if (!tree.resumed && !findRoot(ctx)) return false;
  if (!walkTree(ctx, tree)) return false;
  tree.rights = processRights(ctx, tree);
  if (!checkProtection(ctx, tree, needs)) return false;
  if (!settleProcess(ctx, needs)) return false;
  leafAddress(ctx, tree);
  return true;
}

/** The root of the process's tree, by the partition table and the process table. */
function findRoot(ctx: TranslationContext): boolean {
  return (
    (ctx.partitionRead || readPartitionEntry(ctx)) &&
    readProcessEntry(ctx) &&
    (!ctx.checksRoot || checkRoot(ctx))
  );
}

/** Where trees of any size exist: no tree at all, a quadrant or an address that this one does not translate. */
function checkRoot(ctx: TranslationContext): boolean {
  const tree = ctx.process;
  if (ctx.policy.geometry.emptyRoot === 'noTranslation' && tableEntries(tree.rootLo) === 0)
    return ctx.fail('noTranslation', 'process', 0);
  const size = treeSize(tree.rootHi, tree.rootLo);
  if (!quadrantIsPlain(ctx) || exceeds(tree.addressHi, tree.addressLo, size))
    return ctx.fail('segment', 'effective', -1);
  return true;
}
