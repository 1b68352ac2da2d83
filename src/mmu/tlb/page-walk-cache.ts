/** The architected page walk cache: directory entries of radix trees, by the prefix of the address that they map. */
import type { Json, StateReader } from '../../core/saved-state';
import type { TlbEvent } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import type { Invalidation } from '../invalidate';
import type { RadixTree } from '../radix/tree';
import { addressOf, ENTRY_KIND, KEY, KEY_WORDS, pageNumberOf, setPageKey, WIDEST } from './entry-key';
import type { TlbGeometry } from './geometry';
import { matcher } from './match';
import { SetAssociative } from './set-associative';

/** An entry: the directory entry's halves, and its level. */
const DIRECTORY = { HI: KEY_WORDS, LO: KEY_WORDS + 1, LEVEL: KEY_WORDS + 2 } as const;
const DIRECTORY_WORDS = 3;

export class PageWalkCache {
  private readonly cache: SetAssociative;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(private readonly geometry: TlbGeometry) {
    this.cache = new SetAssociative(geometry.pageWalkCache, KEY_WORDS, DIRECTORY_WORDS);
  }

  save(): Json {
    return this.cache.save();
  }

  restore(reader: StateReader): void {
    const { words } = this.cache;
    this.cache.restore(
      reader,
      (at) =>
        this.geometry.directoryShifts.includes(words[at + KEY.SHIFT]!) &&
        words[at + DIRECTORY.LEVEL]! >>> 0 < WIDEST,
    );
  }

  clear(): void {
    this.cache.clear();
  }

  /** While true nothing that is cached changes: a probe may not change it. */
  set frozen(frozen: boolean) {
    this.cache.frozen = frozen;
  }

  /** Where a walk may begin: on a hit the tree's current entry is the deepest directory entry that is cached. */
  resumeWalk(ctx: TranslationContext, tree: RadixTree): boolean {
    for (const shift of this.geometry.directoryShifts) {
      if (!this.cache.find(this.setOf(ctx, tree, shift), this.key)) continue;
      const { words, at } = this.cache;
      tree.valueHi = words[at + DIRECTORY.HI]!;
      tree.valueLo = words[at + DIRECTORY.LO]!;
      tree.level = words[at + DIRECTORY.LEVEL]!;
      tree.shift = shift;
      report(ctx, 'hit', tree);
      return true;
    }
    return false;
  }

  /** Keeps the tree's current entry. */
  keep(ctx: TranslationContext, tree: RadixTree): void {
    if (this.cache.frozen || !this.geometry.directoryShifts.includes(tree.shift)) return;
    this.cache.place(this.setOf(ctx, tree, tree.shift), this.key);
    const { words, at } = this.cache;
    words[at + DIRECTORY.HI] = tree.valueHi;
    words[at + DIRECTORY.LO] = tree.valueLo;
    words[at + DIRECTORY.LEVEL] = tree.level;
    report(ctx, 'insert', tree);
  }

  /** Drops what an invalidation names; how many entries went. */
  drop(what: Invalidation): number {
    return this.cache.drop(matcher(what, this.cache, 'PWC'));
  }

  /** The set of a prefix, which is then the key. */
  private setOf(ctx: TranslationContext, tree: RadixTree, shift: number): number {
    const kind = tree.scope === 'partition' ? ENTRY_KIND.PARTITION : ENTRY_KIND.PROCESS;
    setPageKey(this.key, ctx, tree, { kind, shift });
    return Number(pageNumberOf(tree, shift) & BigInt(this.geometry.pageWalkCache.sets - 1));
  }
}

function report(ctx: TranslationContext, action: TlbEvent['action'], tree: RadixTree): void {
  const { shift } = tree;
  ctx.recorder?.tlbEvent(ctx, { action, structure: 'PWC', ea: addressOf(tree, shift), pageShift: shift });
}
