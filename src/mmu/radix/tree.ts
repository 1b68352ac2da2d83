/** A radix tree as a translation meets it: where its root is, what is being looked up, what was found. */
import type { TranslationContext } from '../context';

/** Finds the host real address of a table entry given by guest real address: `hostHi`, `hostLo` of the context. */
export type TableTranslation = (ctx: TranslationContext, hi: number, lo: number) => boolean;

export class RadixTree {
  /** The doubleword that describes the tree: RTS, RPDB, RPDS. */
  rootHi = 0;
  rootLo = 0;
  /** Set where the tree's own tables have guest real addresses. */
  tableTranslation: TableTranslation | undefined;

  /** The address to be translated: within-quadrant EA, or guest real address. */
  addressHi = 0;
  addressLo = 0;

  /** The entry that the walk is at: address as the tree has it, host real address, content. */
  entryHi = 0;
  entryLo = 0;
  /** Lower half only: it was read, so it is below 4 GiB. */
  hostLo = 0;
  valueHi = 0;
  valueLo = 0;
  /** The walk begins at the current entry, which an earlier walk found, as it did the table at this real address. */
  resumed = false;
  tableLo = 0;
  level = 0;
  index = 0;
  /** log2 of the bytes that the entry maps. */
  shift = 0;

  /** What the leaf permits this access's machine state: a set of RIGHT bits. */
  rights = 0;

  constructor(readonly scope: 'process' | 'partition') {}
}
