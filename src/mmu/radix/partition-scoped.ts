/**
 * Partition-scoped translation: guest real address to host real address through the tree of the effective LPID
 * (Power ISA v3.1 Book III, 6.7.12.2).
 */
import { RIGHT } from '../access';
import { PURPOSE, type TranslationContext } from '../context';
import { readPartitionEntry } from '../partition-table';
import { checkProtection, partitionRights } from '../protection';
import { recordedRights, settlePartition } from '../reference-change';
import { leafAddress } from './leaf';
import { walkTree } from './tree-walk';

const { READ } = RIGHT;
const { ACCESS, TREE, PROCESS_TABLE } = PURPOSE;

/** Translates a guest real address for an access that needs `needs`; leaves `hostHi`, `hostLo`. */
export function partitionScoped(ctx: TranslationContext, hi: number, lo: number, needs: number): boolean {
  const tree = ctx.partition;
  tree.addressHi = hi;
  tree.addressLo = lo;
  if (ctx.caches !== undefined && fromTlb(ctx, needs)) return true;
  tree.resumed = ctx.walks !== undefined && ctx.walks.find(ctx, tree);
  if (!tree.resumed && !ctx.partitionRead) {
    if (!readPartitionEntry(ctx)) return false;
    tree.addressHi = hi;
    tree.addressLo = lo;
  }
  if (!walkTree(ctx, tree)) return false;
  tree.rights = partitionRights(ctx, tree);
  if (!checkProtection(ctx, tree, needs)) return false;
  if (!settlePartition(ctx, needs)) return false;
  leafAddress(ctx, tree);
  if (ctx.caches !== undefined) ctx.caches.pages.keepGuestReal(ctx);
  return true;
}

/** The architected TLB, where it has the page and the page permits the access as it is. */
function fromTlb(ctx: TranslationContext, needs: number): boolean {
  const tree = ctx.partition;
  if (!ctx.caches!.pages.findGuestReal(ctx)) return false;
  tree.rights = partitionRights(ctx, tree);
  if ((recordedRights(tree) & needs) !== needs) return false;
  leafAddress(ctx, tree);
  return true;
}

/** The address of a guest's page directory or page table entry: the walker loads it. */
export function guestTableAddress(ctx: TranslationContext, hi: number, lo: number): boolean {
  ctx.purpose = TREE;
  const found = partitionScoped(ctx, hi, lo, READ);
  if (found) ctx.purpose = ACCESS;
  return found;
}

/** The address of a process table entry: the walker loads it. */
export function processTableAddress(ctx: TranslationContext, hi: number, lo: number): boolean {
  ctx.purpose = PROCESS_TABLE;
  const found = partitionScoped(ctx, hi, lo, READ);
  if (found) ctx.purpose = ACCESS;
  return found;
}
