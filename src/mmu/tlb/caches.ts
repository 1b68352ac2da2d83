/**
 * The architected translation caches of one CPU (Power ISA v3.1 Book III, 6.9.1): TLB, page walk cache, caches of the
 * process table and of the partition table. With them a translation that software has changed but not invalidated
 * survives. Nothing invalid is ever kept; and an entry that would deny an access is not believed: the tables are
 * walked again, so that relaxing a permission needs no invalidation.
 *
 * A TLB entry keeps the leaves, not the permission: what AMR, IAMR and problem state make of them is decided at each
 * use. Hashed translation has a TLB of its own (../hash/tlb.ts).
 */
import type { TlbEvent, TlbStructure } from '../../trace/events/walk';
import type { Json, StateReader } from '../../core/saved-state';
import type { TranslationContext } from '../context';
import { keepHi, keepLo } from '../halves';
import { STRUCTURE, type Invalidation } from '../invalidate';
import { toBigint } from '../recorder';
import { tableEntries } from '../radix/entry';
import { HashTlb } from '../hash/tlb';
import { leafAddress } from '../radix/leaf';
import type { RadixTree } from '../radix/tree';
import { TLB_GEOMETRIES, type TlbGeometry } from './geometry';
import { ENTRY_KIND, KEY, matcher } from './match';
import { SetAssociative } from './set-associative';

const KEY_WORDS = 6;
/** A leaf: value, host real address, level, log2 of its page. */
const LEAF_WORDS = 5;
const LEAF = { TABLE: 2, LEVEL: 3, SHIFT: 4 } as const;
/** Above every shift and every level. */
const WIDEST = 64;
/** Microwatt's index: three fields of the address (least significant bits of the page number upwards) and the PID. */
const HASH_FIELDS: readonly number[] = [0, 6, 34];

export class ArchitectedCaches {
  private readonly tlb: SetAssociative;
  private readonly directories: SetAssociative;
  private readonly processes: SetAssociative;
  private readonly partitions: SetAssociative;
  /** TLB of hashed translation, where there is one. */
  readonly hashed: HashTlb | undefined;
  private frozen = false;
  private readonly key = new Int32Array(KEY_WORDS);

  constructor(readonly geometry: TlbGeometry) {
    this.tlb = new SetAssociative(geometry.tlb, KEY_WORDS, 2 * LEAF_WORDS);
    this.hashed = geometry.hashTlb && new HashTlb(geometry.hashTlb);
    this.directories = new SetAssociative(geometry.pageWalkCache, KEY_WORDS, 3);
    this.processes = new SetAssociative(geometry.processTable, KEY_WORDS, 2);
    this.partitions = new SetAssociative(geometry.partitionTable, KEY_WORDS, 4);
  }

  static of(model: keyof typeof TLB_GEOMETRIES): ArchitectedCaches {
    return new ArchitectedCaches(TLB_GEOMETRIES[model]);
  }

  /** Everything that is cached, with what was used when. */
  save(): Json {
    return {
      tlb: this.tlb.save(),
      directories: this.directories.save(),
      processes: this.processes.save(),
      partitions: this.partitions.save(),
      hashed: this.hashed?.save() ?? null,
    };
  }

  /**
   * Takes over what {@link save} gave.
   * @param memorySize bytes of real memory
   * @throws UserError where it is not that, or of another geometry
   */
  restore(reader: StateReader, memorySize: number): void {
    const { words } = this.tlb;
    const leaf = (at: number): boolean =>
      words[at + LEAF.TABLE]! >>> 0 < memorySize &&
      words[at + LEAF.LEVEL]! >>> 0 < WIDEST &&
      words[at + LEAF.SHIFT]! >>> 0 < WIDEST;
    this.tlb.restore(reader.child('tlb'), (at) => {
      const isTwoStage = words[at + KEY.KIND] === ENTRY_KIND.COMBINED;
      const isPage = this.geometry.pageShifts.includes(words[at + KEY.SHIFT]!);
      return isPage && leaf(at + KEY_WORDS) && (!isTwoStage || leaf(at + KEY_WORDS + LEAF_WORDS));
    });
    const { words: prefixes } = this.directories;
    this.directories.restore(
      reader.child('directories'),
      (at) =>
        this.geometry.directoryShifts.includes(prefixes[at + KEY.SHIFT]!) &&
        prefixes[at + KEY_WORDS + 2]! >>> 0 < WIDEST,
    );
    this.processes.restore(reader.child('processes'), () => true);
    this.partitions.restore(reader.child('partitions'), () => true);
    if (this.hashed) this.hashed.restore(reader.child('hashed'), memorySize);
    else if (reader.any('hashed') !== null) reader.fail('hashed', 'nothing: there is no such TLB');
    reader.done();
  }

  /** Nothing is cached any more. */
  clear(): void {
    for (const cache of [this.tlb, this.directories, this.processes, this.partitions]) cache.clear();
    this.hashed?.clear();
  }

  /** Whether the translation that begins may change what is cached: a probe may not. */
  begin(ctx: TranslationContext): void {
    this.frozen = !ctx.sideEffects;
    for (const cache of [this.tlb, this.directories, this.processes, this.partitions])
      cache.frozen = this.frozen;
  }

  /** The effective page: on a hit both trees of the context are as after a walk, `hostHi`, `hostLo` the address. */
  findEffective(ctx: TranslationContext): boolean {
    const tree = ctx.process;
    if (!this.findPage(ctx, tree, ctx.twoStage ? ENTRY_KIND.COMBINED : ENTRY_KIND.PROCESS)) return false;
    this.takeLeaf(this.tlb.at + KEY_WORDS, tree);
    leafAddress(ctx, tree);
    if (!ctx.twoStage) return true;
    ctx.partition.addressHi = ctx.hostHi;
    ctx.partition.addressLo = ctx.hostLo;
    this.takeLeaf(this.tlb.at + KEY_WORDS + LEAF_WORDS, ctx.partition);
    leafAddress(ctx, ctx.partition);
    return true;
  }

  keepEffective(ctx: TranslationContext): void {
    if (this.frozen) return;
    this.keepPage(ctx, ctx.process, ctx.twoStage ? ENTRY_KIND.COMBINED : ENTRY_KIND.PROCESS);
    this.putLeaf(this.tlb.at + KEY_WORDS, ctx.process);
    if (ctx.twoStage) this.putLeaf(this.tlb.at + KEY_WORDS + LEAF_WORDS, ctx.partition);
  }

  /** The guest real page that the partition's tree is asked for. */
  findGuestReal(ctx: TranslationContext): boolean {
    if (!this.findPage(ctx, ctx.partition, ENTRY_KIND.PARTITION)) return false;
    this.takeLeaf(this.tlb.at + KEY_WORDS, ctx.partition);
    return true;
  }

  keepGuestReal(ctx: TranslationContext): void {
    if (this.frozen) return;
    this.keepPage(ctx, ctx.partition, ENTRY_KIND.PARTITION);
    this.putLeaf(this.tlb.at + KEY_WORDS, ctx.partition);
  }

  /** Where a walk may begin: on a hit the tree's current entry is the deepest directory entry that is cached. */
  resumeWalk(ctx: TranslationContext, tree: RadixTree): boolean {
    for (const shift of this.geometry.directoryShifts) {
      this.setKey(ctx, tree, shift);
      const set = this.pageSet(this.directories, tree, shift);
      if (!this.directories.find(set, this.key)) continue;
      const { words, at } = this.directories;
      tree.valueHi = words[at + KEY_WORDS]!;
      tree.valueLo = words[at + KEY_WORDS + 1]!;
      tree.level = words[at + KEY_WORDS + 2]!;
      tree.shift = shift;
      this.report(ctx, 'hit', 'PWC', { ea: addressOf(tree, shift), pageShift: shift });
      return true;
    }
    return false;
  }

  keepDirectory(ctx: TranslationContext, tree: RadixTree): void {
    if (this.frozen || !this.geometry.directoryShifts.includes(tree.shift)) return;
    this.setKey(ctx, tree, tree.shift);
    this.directories.place(this.pageSet(this.directories, tree, tree.shift), this.key);
    const { words, at } = this.directories;
    words[at + KEY_WORDS] = tree.valueHi;
    words[at + KEY_WORDS + 1] = tree.valueLo;
    words[at + KEY_WORDS + 2] = tree.level;
    this.report(ctx, 'insert', 'PWC', { ea: addressOf(tree, tree.shift), pageShift: tree.shift });
  }

  findProcessEntry(ctx: TranslationContext): boolean {
    this.setTableKey(ctx.lpid, ctx.pid);
    if (!this.processes.find(0, this.key)) return false;
    const { words, at } = this.processes;
    ctx.process.rootHi = words[at + KEY_WORDS]!;
    ctx.process.rootLo = words[at + KEY_WORDS + 1]!;
    this.report(ctx, 'hit', 'PRTE cache', {});
    return true;
  }

  /** Keeps the process table entry unless it says that there is no tree. */
  keepProcessEntry(ctx: TranslationContext): void {
    if (this.frozen || tableEntries(ctx.process.rootLo) === 0) return;
    this.setTableKey(ctx.lpid, ctx.pid);
    this.processes.place(0, this.key);
    const { words, at } = this.processes;
    words[at + KEY_WORDS] = ctx.process.rootHi;
    words[at + KEY_WORDS + 1] = ctx.process.rootLo;
    this.report(ctx, 'insert', 'PRTE cache', {});
  }

  findPartitionEntry(ctx: TranslationContext): boolean {
    this.setTableKey(ctx.lpid, 0);
    if (!this.partitions.find(0, this.key)) return false;
    const { words, at } = this.partitions;
    ctx.partition.rootHi = words[at + KEY_WORDS]!;
    ctx.partition.rootLo = words[at + KEY_WORDS + 1]!;
    ctx.pate1Hi = words[at + KEY_WORDS + 2]!;
    ctx.pate1Lo = words[at + KEY_WORDS + 3]!;
    this.report(ctx, 'hit', 'PATE cache', {});
    return true;
  }

  keepPartitionEntry(ctx: TranslationContext): void {
    if (this.frozen) return;
    this.setTableKey(ctx.lpid, 0);
    this.partitions.place(0, this.key);
    const { words, at } = this.partitions;
    words[at + KEY_WORDS] = ctx.partition.rootHi;
    words[at + KEY_WORDS + 1] = ctx.partition.rootLo;
    words[at + KEY_WORDS + 2] = ctx.pate1Hi;
    words[at + KEY_WORDS + 3] = ctx.pate1Lo;
    this.report(ctx, 'insert', 'PATE cache', {});
  }

  /** Drops what an invalidation names; how many entries of each structure went. */
  invalidate(asked: Invalidation): Partial<Record<TlbStructure, number>> {
    const what = this.geometry.tlbiel === 'all' ? withoutClass(asked) : asked;
    const dropped: Partial<Record<TlbStructure, number>> = {};
    const drop = (name: TlbStructure, from: SetAssociative, structures: number): void => {
      if ((what.structures & structures) !== 0) dropped[name] = from.drop(matcher(what, from, name));
    };
    drop('TLB', this.tlb, STRUCTURE.TLB_PROCESS | STRUCTURE.TLB_PARTITION | STRUCTURE.TLB_COMBINED);
    if (this.hashed !== undefined && (what.structures & STRUCTURE.TLB_COMBINED) !== 0)
      dropped.TLB = (dropped.TLB ?? 0) + this.hashed.drop(what);
    drop('PWC', this.directories, STRUCTURE.PWC_PROCESS | STRUCTURE.PWC_PARTITION);
    drop('PRTE cache', this.processes, STRUCTURE.PRTE);
    drop('PATE cache', this.partitions, STRUCTURE.PATE);
    return dropped;
  }

  private findPage(ctx: TranslationContext, tree: RadixTree, kind: number): boolean {
    for (const shift of this.geometry.pageShifts) {
      this.setPageKey(ctx, tree, { kind, shift });
      const set = this.pageSet(this.tlb, tree, shift);
      if (!this.tlb.find(set, this.key)) continue;
      this.report(ctx, 'hit', 'TLB', { ...this.place(set), ea: addressOf(tree, shift), pageShift: shift });
      return true;
    }
    this.report(ctx, 'miss', 'TLB', { ea: toBigint(tree.addressHi, tree.addressLo) });
    return false;
  }

  private keepPage(ctx: TranslationContext, tree: RadixTree, kind: number): void {
    const page = kind === ENTRY_KIND.COMBINED ? Math.min(tree.shift, ctx.partition.shift) : tree.shift;
    const shift = largestUpTo(this.geometry.pageShifts, page);
    this.setPageKey(ctx, tree, { kind, shift });
    const set = this.pageSet(this.tlb, tree, shift);
    const evicts = this.tlb.place(set, this.key);
    const where = { ...this.place(set), ea: addressOf(tree, shift), pageShift: shift };
    if (evicts) this.report(ctx, 'evict', 'TLB', this.place(set));
    this.report(ctx, 'insert', 'TLB', { ...where, ra: toBigint(ctx.hostHi, ctx.hostLo) });
  }

  private place(set: number): { set: number; way: number } {
    return { set, way: this.tlb.way };
  }

  private setPageKey(
    ctx: TranslationContext,
    tree: RadixTree,
    { kind, shift }: { kind: number; shift: number },
  ): void {
    this.key[KEY.KIND] = kind;
    this.key[KEY.LPID] = ctx.lpid;
    this.key[KEY.PID] = kind === ENTRY_KIND.PARTITION ? 0 : ctx.pid;
    this.key[KEY.HI] = tree.addressHi & keepHi(shift);
    this.key[KEY.LO] = tree.addressLo & keepLo(shift);
    this.key[KEY.SHIFT] = shift;
  }

  private setKey(ctx: TranslationContext, tree: RadixTree, shift: number): void {
    const kind = tree.scope === 'partition' ? ENTRY_KIND.PARTITION : ENTRY_KIND.PROCESS;
    this.setPageKey(ctx, tree, { kind, shift });
  }

  private setTableKey(lpid: number, pid: number): void {
    this.key.fill(0);
    this.key[KEY.LPID] = lpid;
    this.key[KEY.PID] = pid;
  }

  /** The set of a page in the TLB or of a prefix in the walk cache. */
  private pageSet(cache: SetAssociative, tree: RadixTree, shift: number): number {
    const mask = cache.geometry.sets - 1;
    const page = toBigint(tree.addressHi, tree.addressLo) >> BigInt(shift);
    if (this.geometry.index === 'page' || cache !== this.tlb) return Number(page & BigInt(mask));
    const folded = HASH_FIELDS.reduce(
      (hash, from) => hash ^ Number((page >> BigInt(from)) & BigInt(mask)),
      0,
    );
    return (folded ^ this.key[KEY.PID]!) & mask;
  }

  private takeLeaf(at: number, tree: RadixTree): void {
    const { words } = this.tlb;
    tree.valueHi = words[at]!;
    tree.valueLo = words[at + 1]!;
    tree.hostLo = words[at + 2]!;
    tree.level = words[at + 3]!;
    tree.shift = words[at + 4]!;
  }

  private putLeaf(at: number, tree: RadixTree): void {
    this.tlb.words.set([tree.valueHi, tree.valueLo, tree.hostLo, tree.level, tree.shift], at);
  }

  private report(
    ctx: TranslationContext,
    action: TlbEvent['action'],
    structure: TlbStructure,
    detail: Partial<TlbEvent>,
  ): void {
    ctx.recorder?.tlbEvent(ctx, { action, structure, ...detail });
  }
}

const addressOf = (tree: RadixTree, shift: number): bigint =>
  toBigint(tree.addressHi & keepHi(shift), tree.addressLo & keepLo(shift));

/** The same of every congruence class. */
function withoutClass({ set, ...rest }: Invalidation): Invalidation {
  void set;
  return rest;
}

const largestUpTo = (shifts: readonly number[], page: number): number =>
  shifts.reduce((best, shift) => (shift <= page ? shift : best), shifts[0]!);
