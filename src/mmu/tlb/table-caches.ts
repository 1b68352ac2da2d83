/** The architected caches of the process table and of the partition table. */
import type { Json, StateReader } from '../../core/saved-state';
import type { TlbEvent, TlbStructure } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import type { Invalidation } from '../invalidate';
import { tableEntries } from '../radix/entry';
import { KEY_WORDS, setTableKey } from './entry-key';
import type { CacheGeometry } from './geometry';
import { matcher } from './match';
import { SetAssociative } from './set-associative';

/** An entry: doubleword 0, which is the root of a tree, and of the partition table doubleword 1, by halves. */
const ROOT = { HI: KEY_WORDS, LO: KEY_WORDS + 1 } as const;
const SECOND = { HI: KEY_WORDS + 2, LO: KEY_WORDS + 3 } as const;
/** The caches have one set. */
const SET = 0;

/** What the caches of the two tables have in common. */
abstract class TableCache {
  protected readonly cache: SetAssociative;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(
    private readonly structure: TlbStructure,
    geometry: CacheGeometry,
    dataWords: number,
  ) {
    this.cache = new SetAssociative(geometry, KEY_WORDS, dataWords);
  }

  save(): Json {
    return this.cache.save();
  }

  restore(reader: StateReader): void {
    this.cache.restore(reader, () => true);
  }

  clear(): void {
    this.cache.clear();
  }

  /** While true nothing that is cached changes: a probe may not change it. */
  set frozen(frozen: boolean) {
    this.cache.frozen = frozen;
  }

  /** Drops what an invalidation names; how many entries went. */
  drop(what: Invalidation): number {
    return this.cache.drop(matcher(what, this.cache, this.structure));
  }

  protected findEntry(lpid: number, pid: number): boolean {
    setTableKey(this.key, lpid, pid);
    return this.cache.find(SET, this.key);
  }

  protected placeEntry(lpid: number, pid: number): void {
    setTableKey(this.key, lpid, pid);
    this.cache.place(SET, this.key);
  }

  protected report(ctx: TranslationContext, action: TlbEvent['action']): void {
    ctx.recorder?.tlbEvent(ctx, { action, structure: this.structure });
  }
}

export class ProcessTableCache extends TableCache {
  constructor(geometry: CacheGeometry) {
    super('PRTE cache', geometry, 2);
  }

  /** On a hit the root of the process's tree is known. */
  find(ctx: TranslationContext): boolean {
    if (!this.findEntry(ctx.lpid, ctx.pid)) return false;
    const { words, at } = this.cache;
    ctx.process.rootHi = words[at + ROOT.HI]!;
    ctx.process.rootLo = words[at + ROOT.LO]!;
    this.report(ctx, 'hit');
    return true;
  }

  /** Keeps the entry unless it says that there is no tree. */
  keep(ctx: TranslationContext): void {
    if (this.cache.frozen || tableEntries(ctx.process.rootLo) === 0) return;
    this.placeEntry(ctx.lpid, ctx.pid);
    const { words, at } = this.cache;
    words[at + ROOT.HI] = ctx.process.rootHi;
    words[at + ROOT.LO] = ctx.process.rootLo;
    this.report(ctx, 'insert');
  }
}

export class PartitionTableCache extends TableCache {
  constructor(geometry: CacheGeometry) {
    super('PATE cache', geometry, 4);
  }

  /** On a hit the root of the partition's tree and doubleword 1 are known. */
  find(ctx: TranslationContext): boolean {
    if (!this.findEntry(ctx.lpid, 0)) return false;
    const { words, at } = this.cache;
    ctx.partition.rootHi = words[at + ROOT.HI]!;
    ctx.partition.rootLo = words[at + ROOT.LO]!;
    ctx.pate1Hi = words[at + SECOND.HI]!;
    ctx.pate1Lo = words[at + SECOND.LO]!;
    this.report(ctx, 'hit');
    return true;
  }

  keep(ctx: TranslationContext): void {
    if (this.cache.frozen) return;
    this.placeEntry(ctx.lpid, 0);
    const { words, at } = this.cache;
    words[at + ROOT.HI] = ctx.partition.rootHi;
    words[at + ROOT.LO] = ctx.partition.rootLo;
    words[at + SECOND.HI] = ctx.pate1Hi;
    words[at + SECOND.LO] = ctx.pate1Lo;
    this.report(ctx, 'insert');
  }
}
