/**
 * The walk of a radix tree from its root to a leaf, the same for both scopes (Power ISA v3.1 Book III, 6.7.10).
 * It checks the tree's form; it does not look at permissions.
 */
import { TABLE } from '../../core/memory';
import type { WalkDecision } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import { bitsAt, exceeds } from '../halves';
import { isLeaf, isValid, tableEntries, tableHi, tableLo, treeSize } from './entry';
import { permitsTable } from './levels';
import type { RadixTree } from './tree';
import { RADIX_ENTRY_SIZE, SMALLEST_TREE_SIZE } from '../../../isa/tables/radix';

const { TREE } = TABLE;
const ENTRY_SHIFT = Math.log2(RADIX_ENTRY_SIZE);

/**
 * Walks to the leaf that translates the tree's address; it is then the tree's current entry. A tree that is `resumed` is
 * at an entry that an earlier walk found.
 */
export function walkTree(ctx: TranslationContext, tree: RadixTree): boolean {
  if (!tree.resumed && !start(ctx, tree)) return false;
  const watched = ctx.recorder !== undefined || ctx.caches !== undefined;
  return watched || tree.tableTranslation !== undefined ? walkBySteps(ctx, tree) : walkHostTables(ctx, tree);
}

/**
 * The walk that nobody watches, through tables that have host real addresses: nearly all there are. The tree learns only
 * of its end.
 */
function walkHostTables(ctx: TranslationContext, tree: RadixTree): boolean {
  const { memory } = ctx;
  const { tableSizes, leaves } = ctx.policy.geometry;
  const { addressHi, addressLo } = tree;
  let { valueHi, valueLo, shift, level } = tree;
  for (;;) {
    const aboveHi = valueHi;
    const aboveLo = valueLo;
    const log2Entries = tableEntries(aboveLo);
    shift = (shift - log2Entries) | 0;
    level = (level + 1) | 0;
    if (!permitsTable(tableSizes[level]!, log2Entries, shift)) return ctx.fail('badTree', tree.scope, level);
    const index = bitsAt(addressHi, addressLo, shift, log2Entries);
    const at = (tableBase(aboveLo, log2Entries) | (index << ENTRY_SHIFT)) >>> 0;
    if (tableHi(aboveHi) !== 0 || at >= memory.size) return failOutsideMemoryAt(ctx, tree, level);
    memory.noteTable(at, TREE);
    valueHi = memory.getWord(at);
    valueLo = memory.getWord(at + 4);
    if (!isValid(valueHi)) return ctx.fail('noTranslation', tree.scope, level);
    if (isLeaf(valueHi)) {
      if (leaves[level] !== true) return ctx.fail('badTree', tree.scope, level);
      tree.valueHi = valueHi;
      tree.valueLo = valueLo;
      tree.level = level;
      tree.shift = shift;
      tree.index = index;
      tree.hostLo = at | 0;
      if (ctx.walks !== undefined && !tree.resumed) ctx.walks.keep(ctx, tree, aboveHi, aboveLo);
      return true;
    }
    tree.resumed = false;
  }
}

/** The base of a table is aligned to its size: what lies below is ignored. */
function tableBase(lo: number, log2Entries: number): number {
  return tableLo(lo) & (-1 << (log2Entries + ENTRY_SHIFT));
}

/** The walk that is told to who watches, or asks for the host real address of each table entry. */
function walkBySteps(ctx: TranslationContext, tree: RadixTree): boolean {
  const { tableSizes, leaves } = ctx.policy.geometry;
  const { recorder, caches } = ctx;
  const { addressHi, addressLo, tableTranslation } = tree;
  let { valueHi, valueLo, shift } = tree;
  for (let level = tree.level + 1; ; level++) {
    const aboveHi = valueHi;
    const aboveLo = valueLo;
    const log2Entries = tableEntries(valueLo);
    shift -= log2Entries;
    if (!permitsTable(tableSizes[level]!, log2Entries, shift)) return ctx.fail('badTree', tree.scope, level);
    const index = bitsAt(addressHi, addressLo, shift, log2Entries);
    let hi = tableHi(valueHi);
    let lo = tableBase(aboveLo, log2Entries) | (index << ENTRY_SHIFT);
    tree.level = level;
    tree.shift = shift;
    tree.index = index;
    tree.entryHi = hi;
    tree.entryLo = lo;
    if (tree.resumed) {
      hi = 0;
      lo = tree.tableLo | (index << ENTRY_SHIFT);
    } else if (tableTranslation !== undefined) {
      if (!tableTranslation(ctx, hi, lo)) return false;
      hi = ctx.hostHi;
      lo = ctx.hostLo;
    }
    tree.hostLo = lo;
    if (!ctx.readEntry(tree, hi, lo)) return failEntryOutsideMemory(ctx, tree);
    valueHi = tree.valueHi;
    valueLo = tree.valueLo;
    if (!isValid(valueHi)) return end(ctx, tree, 'invalid');
    if (isLeaf(valueHi)) {
      if (ctx.walks !== undefined && !tree.resumed) ctx.walks.keep(ctx, tree, aboveHi, aboveLo);
      if (recorder === undefined && leaves[level]!) return true;
      return end(ctx, tree, leaves[level]! ? 'leaf' : 'bad tree');
    }
    // What lies below the table that was known is not.
    tree.resumed = false;
    if (recorder !== undefined) recorder.treeEntry(ctx, tree, 'next level');
    if (caches !== undefined) caches.directories.keep(ctx, tree);
  }
}

/** Puts the tree's current entry above the root, or with a page walk cache where that has got to. */
function start(ctx: TranslationContext, tree: RadixTree): boolean {
  const shift = treeSize(tree.rootHi, tree.rootLo);
  if (((ctx.policy.geometry.treeSizes >>> (shift - SMALLEST_TREE_SIZE)) & 1) === 0)
    return ctx.fail('badTree', tree.scope, 0);
  // An effective address beyond the tree has no segment and does not come here.
  if (exceeds(tree.addressHi, tree.addressLo, shift)) return ctx.fail('noTranslation', tree.scope, 0);
  if (ctx.caches !== undefined && ctx.caches.directories.resumeWalk(ctx, tree)) {
    ctx.recorder?.cachedEntry(ctx, tree);
    return true;
  }
  tree.valueHi = tree.rootHi;
  tree.valueLo = tree.rootLo;
  tree.shift = shift;
  tree.level = -1;
  return true;
}

/** Ends the walk at the current entry. */
function end(ctx: TranslationContext, tree: RadixTree, decision: WalkDecision): boolean {
  if (ctx.recorder !== undefined) ctx.recorder.treeEntry(ctx, tree, decision);
  if (decision === 'leaf') return true;
  return ctx.fail(decision === 'invalid' ? 'noTranslation' : 'badTree', tree.scope, tree.level);
}

function failEntryOutsideMemory(ctx: TranslationContext, tree: RadixTree): false {
  ctx.recorder?.treeEntry(ctx, tree, 'outside memory');
  return failOutsideMemory(ctx, tree);
}

/** A table where there is no memory: a machine check, or by policy a bad tree. */
export function failOutsideMemory(ctx: TranslationContext, tree: RadixTree): false {
  return failOutsideMemoryAt(ctx, tree, tree.level);
}

function failOutsideMemoryAt(ctx: TranslationContext, tree: RadixTree, level: number): false {
  const kind = ctx.policy.tableOutsideMemory === 'machineCheck' ? 'tableOutsideMemory' : 'badTree';
  return ctx.fail(kind, tree.scope, level);
}
