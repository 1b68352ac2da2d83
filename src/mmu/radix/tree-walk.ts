/**
 * The walk of a radix tree from its root to a leaf, the same for both scopes (Power ISA v3.1 Book III, 6.7.10).
 * It checks the tree's form; it does not look at permissions.
 */
import type { WalkDecision } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import { bitsAt, exceeds } from '../halves';
import { isLeaf, isValid, radixTreeSize, tableEntries, tableHi, tableLo, treeSize } from './entry';
import { permitsTable } from './levels';
import type { RadixTree } from './tree';
import { RADIX_ENTRY_SIZE } from '../../../isa/tables/radix';

const ENTRY_SHIFT = Math.log2(RADIX_ENTRY_SIZE);

/** Walks to the leaf that translates the tree's address; it is then the tree's current entry. */
export function walkTree(ctx: TranslationContext, tree: RadixTree): boolean {
  const geometry = ctx.policy.geometry;
  if (((geometry.treeSizes >>> radixTreeSize(tree.rootHi, tree.rootLo)) & 1) === 0)
    return ctx.fail('badTree', tree.scope, 0);
  let shift = treeSize(tree.rootHi, tree.rootLo);
  // An effective address beyond the tree has no segment and does not come here.
  if (exceeds(tree.addressHi, tree.addressLo, shift)) return ctx.fail('noTranslation', tree.scope, 0);
  let baseHi = tableHi(tree.rootHi);
  let baseLo = tableLo(tree.rootLo);
  let log2Entries = tableEntries(tree.rootLo);
  for (let level = 0; ; level++) {
    if (!permitsTable(geometry, level, log2Entries, shift)) return ctx.fail('badTree', tree.scope, level);
    shift -= log2Entries;
    tree.level = level;
    tree.shift = shift;
    tree.index = bitsAt(tree.addressHi, tree.addressLo, shift, log2Entries);
    tree.entryHi = baseHi;
    // The base is aligned to the table's size: what lies below is ignored.
    tree.entryLo = (baseLo & (-1 << (log2Entries + ENTRY_SHIFT))) | (tree.index << ENTRY_SHIFT);
    if (!readEntry(ctx, tree)) return false;
    if (!isValid(tree.valueHi)) return end(ctx, tree, 'invalid');
    if (isLeaf(tree.valueHi)) return end(ctx, tree, geometry.leaves[level]! ? 'leaf' : 'bad tree');
    baseHi = tableHi(tree.valueHi);
    baseLo = tableLo(tree.valueLo);
    log2Entries = tableEntries(tree.valueLo);
    if (ctx.recorder !== undefined) ctx.recorder.treeEntry(ctx, tree, 'next level');
  }
}

/** Ends the walk at the current entry. */
function end(ctx: TranslationContext, tree: RadixTree, decision: WalkDecision): boolean {
  if (ctx.recorder !== undefined) ctx.recorder.treeEntry(ctx, tree, decision);
  if (decision === 'leaf') return true;
  return ctx.fail(decision === 'invalid' ? 'noTranslation' : 'badTree', tree.scope, tree.level);
}

/** Reads the current entry; in a guest's tree its address is translated first, as a load. */
function readEntry(ctx: TranslationContext, tree: RadixTree): boolean {
  let hi = tree.entryHi;
  let lo = tree.entryLo;
  if (tree.tableTranslation !== undefined) {
    if (!tree.tableTranslation(ctx, hi, lo)) return false;
    hi = ctx.hostHi;
    lo = ctx.hostLo;
  }
  tree.hostLo = lo;
  if (!ctx.read(hi, lo)) {
    ctx.recorder?.treeEntry(ctx, tree, 'outside memory');
    return failOutsideMemory(ctx, tree);
  }
  tree.valueHi = ctx.valueHi;
  tree.valueLo = ctx.valueLo;
  return true;
}

/** A table where there is no memory: a machine check, or by policy a bad tree. */
export function failOutsideMemory(ctx: TranslationContext, tree: RadixTree): false {
  const kind = ctx.policy.tableOutsideMemory === 'machineCheck' ? 'tableOutsideMemory' : 'badTree';
  return ctx.fail(kind, tree.scope, tree.level);
}
