/**
 * Translation behind the first level in generated code: pages that the second level or the cache of tables knows, and
 * walks that read no more than a leaf, or the primary group of a hashed table. The twin of `TranslationModel.cost`, which does all the rest.
 */
import { emitOperator } from '../engine/operators';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { offsetOf } from '../state/layout';
import { count, P } from './emit';
import { plus, raiseTo } from './emit-time';
import { LEAF_KIND } from './leaf-kinds';
import { LARGE_PAGE, LEVEL_SHIFT, LEVELS, QUADRANT, SALT, TOP_SHIFT } from './page-walk';
import type { TimingProfile, WalkTiming } from './profile';
import { ticksOf } from './state';
import { structureMap, type StructureMap } from './structures';
import { FAST_WAYS } from './translation';
import { CONTEXT_MASK, LPID_SHIFT } from './walks';
import type { HelperParts } from './weave-look-ahead';
import { emitFolded } from './weave-pages';
import type { RefillHelper } from './weave-refill';
import { WalkBooks } from './weave-walk-books';
import { WayHelper } from './weave-ways';

/** Instead of ticks: TypeScript has to look, and nothing has changed that it would not change again. */
export const NOT_HERE = -1;

/** Bits of a context above those of a page's number. */
const CONTEXT_SHIFT = 52n;
/** Parameters behind the CPU. */
const [EA, LEAF, AT] = [1, 2, 3];

interface Locals {
  readonly page: number;
  readonly context: number;
  /** Page and context. */
  readonly tag: number;
  readonly set: number;
  readonly way: number;
  /** Ticks of all, and of reading. */
  readonly ticks: number;
  readonly read: number;
  /** Address of the leaf's kind. */
  readonly kind: number;
}

/** A profile that generated code can follow behind the first level. */
type Walked = TimingProfile['translation'] & { readonly walk: WalkTiming };

export class WalkHelper {
  /**
   * (cpu, effective address, leaf's word, time of the access) -> ticks, or {@link NOT_HERE}. The first level does not
   * have the page; then it has. Undefined: this is TypeScript's under this profile.
   */
  readonly fetch: number | undefined;
  readonly data: number | undefined;
  private readonly map: StructureMap;
  private readonly books: WalkBooks;
  private readonly second!: WayHelper;
  private readonly tables!: WayHelper;

  constructor(
    private readonly parts: HelperParts,
    private readonly refills: RefillHelper,
  ) {
    const { builder, profile } = parts;
    const { second, walkCache, walk } = profile.translation;
    this.map = structureMap(profile);
    this.books = new WalkBooks(this.map);
    if (!walk || second.replacement !== 'tree' || walkCache.replacement !== 'tree') return;
    this.second = new WayHelper(builder, { at: this.map.second, ...second });
    this.tables = new WayHelper(builder, { at: this.map.walkCache, ...walkCache });
    this.fetch = this.define('fetch', { ...profile.translation, walk });
    this.data = this.define('data', { ...profile.translation, walk });
  }

  private define(use: 'fetch' | 'data', t: Walked): number {
    const func = this.parts.builder.declare({ params: ['i32', 'i64', 'i32', 'i64'], results: ['i64'] });
    const code = new Code(4);
    const locals = {
      page: code.local('i64'),
      context: code.local('i32'),
      tag: code.local('i64'),
      set: code.local('i32'),
      way: code.local('i32'),
      ticks: code.local('i64'),
      read: code.local('i64'),
      kind: code.local('i32'),
    };
    this.address(code, locals);
    this.secondLevel(code, locals, use, t);
    this.books.hasRoom(code);
    emitOperator(code, 'i32.eqz');
    code.if().i64(BigInt(NOT_HERE)).op(OP.return).op(OP.end);
    this.largePage(code, locals, use, t);
    this.walk(code, locals, use, t);
    this.parts.builder.define(func, code);
    return func;
  }

  /** Sets page, context and tag. */
  private address(code: Code, { page, context, tag }: Locals): void {
    code.get(EA).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.set(page).i32(0).get(P.cpu).memory(OP.i32Load, offsetOf('PIDR')).get(EA).i64(0n);
    emitOperator(code, 'i64.ltS');
    code.op(OP.select).get(P.cpu).memory(OP.i32Load, offsetOf('LPIDR')).i32(LPID_SHIFT);
    emitOperator(code, 'i32.shl');
    emitOperator(code, 'i32.xor');
    code.i32(CONTEXT_MASK);
    emitOperator(code, 'i32.and');
    code.tee(context);
    emitOperator(code, 'i64.extendU');
    code.i64(CONTEXT_SHIFT);
    emitOperator(code, 'i64.shl');
    code.get(page);
    emitOperator(code, 'i64.or');
    code.set(tag);
  }

  /** Emits: returns what a page takes that the second level has. */
  private secondLevel(code: Code, locals: Locals, use: 'fetch' | 'data', t: Walked): void {
    const { hit, slow = 0 } = t.second;
    const { set, tag, way, ticks } = locals;
    emitFolded(code, t.second, locals.page);
    if (t.second.index === 'hashed') {
      code.get(locals.context);
      emitOperator(code, 'i32.xor');
    }
    code.i32(t.second.sets - 1);
    emitOperator(code, 'i32.and');
    code.set(set).get(P.cpu).get(set).get(tag).call(this.second.find).tee(way).i32(0);
    emitOperator(code, 'i32.geS');
    code.if();
    const more = use === 'fetch' ? ticksOf(t.fetchMore ?? 0) : 0;
    code.i64(BigInt(ticksOf(hit) + ticksOf(slow) + more)).i64(BigInt(ticksOf(hit) + more));
    code.get(way).i32(FAST_WAYS);
    emitOperator(code, 'i32.geS');
    code.op(OP.select).set(ticks);
    this.books.book(code, () => this.books.lookedUp(code), ticks);
    count(code, 'secondHits');
    this.missed(code, locals, use);
    code.get(ticks).op(OP.return).op(OP.end);
  }

  /** Emits: returns what a large page takes that the cache of tables has. */
  private largePage(code: Code, locals: Locals, use: 'fetch' | 'data', t: Walked): void {
    const { ticks } = locals;
    this.knows(code, locals, 'page', t);
    code.if();
    code.i64(BigInt(ticksOf(t.walk.page))).set(ticks);
    this.books.book(code, () => this.books.lookedUp(code), ticks);
    this.walked(code, locals, use, t);
    code.get(ticks).op(OP.return).op(OP.end);
  }

  /** Pushes the way of a table or large page in the cache of tables. */
  private findTable(code: Code, { context }: Locals, what: keyof typeof LEVELS, t: Walked): void {
    const { sets } = t.walkCache;
    const field = 31 - Math.clz32(sets);
    const fold = (push: () => void, shift: number): void => {
      push();
      code.i32(shift);
      emitOperator(code, 'i32.shrU');
      emitOperator(code, 'i32.xor');
    };
    const page = (): void => {
      code.get(EA).i64(BigInt(what === 'page' ? LARGE_PAGE : what));
      emitOperator(code, 'i64.shrU');
      emitOperator(code, 'i32.wrap');
    };
    const upper = (): void => {
      code.get(EA).i64(32n);
      emitOperator(code, 'i64.shrU');
      emitOperator(code, 'i32.wrap');
    };
    code.get(P.cpu);
    page();
    fold(page, field);
    fold(upper, TOP_SHIFT);
    code.get(context);
    emitOperator(code, 'i32.xor');
    fold(() => code.get(context), field);
    code.i32(SALT[what]);
    emitOperator(code, 'i32.xor');
    code.i32(sets - 1);
    emitOperator(code, 'i32.and');
    upper();
    code.i32(QUADRANT);
    emitOperator(code, 'i32.and');
    code.get(context);
    emitOperator(code, 'i32.or');
    code.i32(LEVELS[what] << LEVEL_SHIFT);
    emitOperator(code, 'i32.or');
    emitOperator(code, 'i64.extendU');
    code.i64(32n);
    emitOperator(code, 'i64.shl');
    page();
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.or');
    code.call(this.tables.find);
  }

  /** Emits: returns what a walk takes that reads a leaf below a table which the cache of tables has, or a hashed table. */
  private walk(code: Code, locals: Locals, use: 'fetch' | 'data', t: Walked): void {
    const { ticks, read, kind } = locals;
    this.books.setKind(code, kind, LEAF);
    const unless = (): void => void code.if().i64(BigInt(NOT_HERE)).op(OP.return).op(OP.end);
    code.get(LEAF).i32(LEAF_KIND.mask);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.eqz');
    unless();
    this.books.isHashed(code, kind);
    code.if();
    this.books.lookedUp(code);
    code.memory(OP.i32Load, LEAF_KIND.baseKnown);
    emitOperator(code, 'i32.eqz');
    unless();
    // The first that is found is used by that: the others are not looked for.
    for (const one of [21, 30, 39] as const) {
      this.knows(code, locals, one, t);
      unless();
    }
    code.op(OP.else);
    this.knows(code, locals, 21, t);
    emitOperator(code, 'i32.eqz');
    unless();
    code.op(OP.end);
    const { table, nothing, check, finish } = t.walk;
    code.i64(BigInt(ticksOf(nothing) + ticksOf(check))).i64(BigInt(ticksOf(table)));
    this.books.isHashed(code, kind);
    code.op(OP.select).set(ticks);
    this.readEntries(code, locals, t);
    this.books.book(code, () => code.get(kind), read);
    plus(code.get(ticks), ticksOf(finish)).set(ticks);
    this.books.book(code, () => this.books.lookedUp(code), ticks);
    code.get(ticks).get(read);
    emitOperator(code, 'i64.add');
    code.set(ticks);
    this.walked(code, locals, use, t);
    code.get(kind).memory(OP.i32Load, LEAF_KIND.isSmall).if();
    code.get(P.cpu).get(locals.set).get(locals.tag).call(this.second.insert).op(OP.end);
    code.get(ticks);
  }

  /** Pushes whether the cache of tables has a table or large page, which is then used. */
  private knows(code: Code, locals: Locals, what: keyof typeof LEVELS, t: Walked): void {
    this.findTable(code, locals, what, t);
    code.i32(0);
    emitOperator(code, 'i32.geS');
  }

  /** Sets `read` to the ticks of reading entries up to the leaf; `ticks`: from the access until the first is asked for. */
  private readEntries(code: Code, locals: Locals, t: Walked): void {
    const { read, ticks, way, kind } = locals;
    const start = code.local('i64');
    const last = code.local('i32');
    code.get(AT).get(ticks);
    emitOperator(code, 'i64.add');
    code.tee(start).set(read).get(LEAF).i32(~LEAF_KIND.mask);
    emitOperator(code, 'i32.and');
    code.tee(last).get(kind).memory(OP.i32Load, LEAF_KIND.first);
    emitOperator(code, 'i32.and');
    code.set(way).block(OP.block).block(OP.loop);
    this.readEntry(code, { entry: way, time: read }, t);
    code.get(way).get(last);
    emitOperator(code, 'i32.eq');
    code.branch(OP.brIf, 1).get(way).i32(LEAF_KIND.entry);
    emitOperator(code, 'i32.add');
    code.set(way).branch(OP.br, 0).op(OP.end).op(OP.end).get(read).get(start);
    emitOperator(code, 'i64.sub');
    code.set(read);
  }

  /** Emits: an entry is read through the data cache, which moves the time: the twin of `PageWalk.read`. */
  private readEntry(code: Code, { entry, time }: { entry: number; time: number }, t: Walked): void {
    const { profile, tables } = this.parts;
    const { data } = profile;
    const [line, set, there] = [code.local('i32'), code.local('i32'), code.local('i64')];
    count(code, 'walkReads');
    code.get(entry).i32(data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.tee(line);
    tables.setOf(code, { at: this.map.data, ...data });
    code.set(set);
    this.refills.dataThere(code, entry);
    code.set(there);
    tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    tables.enter(code, { set, line }, data);
    count(code, 'walkReadMisses');
    code.get(P.cpu).get(entry).get(time).call(this.refills.load);
    plus(code, ticksOf(data.miss)).set(there).op(OP.end);
    raiseTo(code, time, code.local('i64'), () => code.get(there));
    plus(code.get(time), ticksOf(t.read)).set(time);
  }

  /** Emits: the walk is over, which took `ticks`; what a fetch takes more is added to them. */
  private walked(code: Code, locals: Locals, use: 'fetch' | 'data', t: Walked): void {
    count(code, 'walks');
    if (use === 'fetch') {
      count(code, 'instructionWalks');
      plus(code.get(locals.ticks), ticksOf(t.fetchMore ?? 0)).set(locals.ticks);
    }
    this.missed(code, locals, use);
    this.books.note(code, locals.page, locals.ticks);
  }

  /** Emits: the page enters the first level. */
  private missed(code: Code, { page }: Locals, use: 'fetch' | 'data'): void {
    const { tables, profile } = this.parts;
    const isFetch = use === 'fetch';
    count(code, isFetch ? 'instructionTlbMisses' : 'dataTlbMisses');
    const level = profile.translation[isFetch ? 'instruction' : 'data'];
    const at = isFetch ? this.map.instructionTlb : this.map.dataTlb;
    const set = code.local('i32');
    emitFolded(code, level, page);
    tables.setOf(code, { at, ...level });
    code.set(set);
    tables.enterWhole(code, { set, tag: page }, level.ways);
  }
}
