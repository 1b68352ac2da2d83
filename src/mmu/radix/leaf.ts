/** The real address that a leaf gives. */
import type { TranslationContext } from '../context';
import { keepHi, keepLo } from '../halves';
import { realPageHi, realPageLo } from './entry';
import type { RadixTree } from './tree';

/** Joins the leaf's real page and the address's offset in the page into `hostHi`, `hostLo`. */
export function leafAddress(ctx: TranslationContext, tree: RadixTree): void {
  const hi = keepHi(tree.shift);
  const lo = keepLo(tree.shift);
  ctx.hostHi = (realPageHi(tree.valueHi) & hi) | (tree.addressHi & ~hi);
  ctx.hostLo = (realPageLo(tree.valueLo) & lo) | (tree.addressLo & ~lo);
}
