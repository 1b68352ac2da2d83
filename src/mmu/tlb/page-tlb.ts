/**
 * The architected TLB of radix translation. An entry keeps the leaves, not the permission: what AMR, IAMR and problem
 * state make of them is decided at each use.
 */
import type { Json, StateReader } from '../../core/saved-state';
import type { TlbEvent } from '../../trace/events/walk';
import type { TranslationContext } from '../context';
import type { Invalidation } from '../invalidate';
import { leafAddress } from '../radix/leaf';
import type { RadixTree } from '../radix/tree';
import { toBigint } from '../recorder';
import { addressOf, ENTRY_KIND, KEY, KEY_WORDS, pageNumberOf, setPageKey, WIDEST } from './entry-key';
import type { TlbGeometry } from './geometry';
import { matcher } from './match';
import { SetAssociative } from './set-associative';

/** A leaf: value, host real address, level, log2 of its page. */
const LEAF_WORDS = 5;
const LEAF = { TABLE: 2, LEVEL: 3, SHIFT: 4 } as const;
/** Microwatt's index: three fields of the address (least significant bits of the page number upwards) and the PID. */
const HASH_FIELDS: readonly number[] = [0, 6, 34];

export class PageTlb {
  private readonly cache: SetAssociative;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(private readonly geometry: TlbGeometry) {
    this.cache = new SetAssociative(geometry.tlb, KEY_WORDS, 2 * LEAF_WORDS);
  }

  save(): Json {
    return this.cache.save();
  }

  /** @param memorySize bytes of real memory, in which every table lies */
  restore(reader: StateReader, memorySize: number): void {
    const { words } = this.cache;
    const leaf = (at: number): boolean =>
      words[at + LEAF.TABLE]! >>> 0 < memorySize &&
      words[at + LEAF.LEVEL]! >>> 0 < WIDEST &&
      words[at + LEAF.SHIFT]! >>> 0 < WIDEST;
    this.cache.restore(reader, (at) => {
      const isTwoStage = words[at + KEY.KIND] === ENTRY_KIND.COMBINED;
      const isPage = this.geometry.pageShifts.includes(words[at + KEY.SHIFT]!);
      return isPage && leaf(at + KEY_WORDS) && (!isTwoStage || leaf(at + KEY_WORDS + LEAF_WORDS));
    });
  }

  clear(): void {
    this.cache.clear();
  }

  /** While true nothing that is cached changes: a probe may not change it. */
  set frozen(frozen: boolean) {
    this.cache.frozen = frozen;
  }

  /** The effective page: on a hit both trees of the context are as after a walk, `hostHi`, `hostLo` the address. */
  findEffective(ctx: TranslationContext): boolean {
    const tree = ctx.process;
    if (!this.find(ctx, tree, ctx.twoStage ? ENTRY_KIND.COMBINED : ENTRY_KIND.PROCESS)) return false;
    this.takeLeaf(this.cache.at + KEY_WORDS, tree);
    leafAddress(ctx, tree);
    if (!ctx.twoStage) return true;
    ctx.partition.addressHi = ctx.hostHi;
    ctx.partition.addressLo = ctx.hostLo;
    this.takeLeaf(this.cache.at + KEY_WORDS + LEAF_WORDS, ctx.partition);
    leafAddress(ctx, ctx.partition);
    return true;
  }

  keepEffective(ctx: TranslationContext): void {
    if (this.cache.frozen) return;
    this.keep(ctx, ctx.process, ctx.twoStage ? ENTRY_KIND.COMBINED : ENTRY_KIND.PROCESS);
    this.putLeaf(this.cache.at + KEY_WORDS, ctx.process);
    if (ctx.twoStage) this.putLeaf(this.cache.at + KEY_WORDS + LEAF_WORDS, ctx.partition);
  }

  /** The guest real page that the partition's tree is asked for. */
  findGuestReal(ctx: TranslationContext): boolean {
    if (!this.find(ctx, ctx.partition, ENTRY_KIND.PARTITION)) return false;
    this.takeLeaf(this.cache.at + KEY_WORDS, ctx.partition);
    return true;
  }

  keepGuestReal(ctx: TranslationContext): void {
    if (this.cache.frozen) return;
    this.keep(ctx, ctx.partition, ENTRY_KIND.PARTITION);
    this.putLeaf(this.cache.at + KEY_WORDS, ctx.partition);
  }

  /** Drops what an invalidation names; how many entries went. */
  drop(what: Invalidation): number {
    return this.cache.drop(matcher(what, this.cache, 'TLB'));
  }

  private find(ctx: TranslationContext, tree: RadixTree, kind: number): boolean {
    for (const shift of this.geometry.pageShifts) {
      setPageKey(this.key, ctx, tree, { kind, shift });
      const set = this.setOf(tree, shift);
      if (!this.cache.find(set, this.key)) continue;
      this.report(ctx, 'hit', { ...this.place(set), ea: addressOf(tree, shift), pageShift: shift });
      return true;
    }
    this.report(ctx, 'miss', { ea: toBigint(tree.addressHi, tree.addressLo) });
    return false;
  }

  private keep(ctx: TranslationContext, tree: RadixTree, kind: number): void {
    const page = kind === ENTRY_KIND.COMBINED ? Math.min(tree.shift, ctx.partition.shift) : tree.shift;
    const shift = largestUpTo(this.geometry.pageShifts, page);
    setPageKey(this.key, ctx, tree, { kind, shift });
    const set = this.setOf(tree, shift);
    const evicts = this.cache.place(set, this.key);
    const where = { ...this.place(set), ea: addressOf(tree, shift), pageShift: shift };
    if (evicts) this.report(ctx, 'evict', this.place(set));
    this.report(ctx, 'insert', { ...where, ra: toBigint(ctx.hostHi, ctx.hostLo) });
  }

  private place(set: number): { set: number; way: number } {
    return { set, way: this.cache.way };
  }

  private setOf(tree: RadixTree, shift: number): number {
    const mask = this.geometry.tlb.sets - 1;
    const page = pageNumberOf(tree, shift);
    if (this.geometry.index === 'page') return Number(page & BigInt(mask));
    const folded = HASH_FIELDS.reduce(
      (hash, from) => hash ^ Number((page >> BigInt(from)) & BigInt(mask)),
      0,
    );
    return (folded ^ this.key[KEY.PID]!) & mask;
  }

  private takeLeaf(at: number, tree: RadixTree): void {
    const { words } = this.cache;
    tree.valueHi = words[at]!;
    tree.valueLo = words[at + 1]!;
    tree.hostLo = words[at + LEAF.TABLE]!;
    tree.level = words[at + LEAF.LEVEL]!;
    tree.shift = words[at + LEAF.SHIFT]!;
  }

  private putLeaf(at: number, tree: RadixTree): void {
    this.cache.words.set([tree.valueHi, tree.valueLo, tree.hostLo, tree.level, tree.shift], at);
  }

  private report(ctx: TranslationContext, action: TlbEvent['action'], detail: Partial<TlbEvent>): void {
    ctx.recorder?.tlbEvent(ctx, { action, structure: 'TLB', ...detail });
  }
}

const largestUpTo = (shifts: readonly number[], page: number): number =>
  shifts.reduce((best, shift) => (shift <= page ? shift : best), shifts[0]!);
