/** Loads and stores that are not the ones before again, as a function of a generated module. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { emitEntry } from '../engine/storage-code';
import { Code } from '../engine/wasm/module';
import { TLB_ENTRY } from '../state/layout';
import { CAUSE } from './causes';
import { cellAt, count, emitBlame, load, P, raise, store } from './emit';
import { pushIssued } from './emit-time';
import { CELL } from './state';
import { structureMap } from './structures';
import type { HelperParts } from './weave-look-ahead';
import { STORE_FLAG } from './weave-imports';
import { arrives, emitArriving, MissHelper } from './weave-miss';
import { emitHolds } from './weave-pages';
import type { RefillHelper } from './weave-refill';
import { StoreHelper } from './weave-store';
import type { WalkHelper } from './weave-walk';

/** Instead of ticks: what the instruction writes is not known here. */
export const NO_SPAN = -1;

/** Parameters. */
const [EA, REAL, WHAT, SPAN, COMPLETES] = [2, 3, 4, 5, 6];
interface Locals {
  readonly page: number;
  readonly set: number;
  readonly line: number;
  /** When the access is made: when the instruction issued, and what translation takes. */
  readonly issue: number;
  readonly translation: number;
}

export class AccessHelper {
  /**
   * (cpu, record, ea, real, what, span, completes) -> ticks that what the instruction writes is later, and the cause in
   * the bits below, 0 for as before. `span`: ticks from issue until what it loads would be there; `completes`: until it is
   * complete.
   */
  readonly access: number;
  readonly stores: StoreHelper;
  private readonly misses: MissHelper;
  private readonly map: ReturnType<typeof structureMap>;

  constructor(
    private readonly parts: HelperParts,
    refills: RefillHelper,
    private readonly walks: WalkHelper,
  ) {
    this.map = structureMap(parts.profile);
    this.stores = new StoreHelper(parts);
    this.misses = new MissHelper(parts, refills);
    const params = ['i32', 'i32', 'i64', 'i32', 'i32', 'i32', 'i32'] as const;
    this.access = parts.builder.declare({ params, results: ['i64'] });
    this.define();
  }

  private define(): void {
    const { data, core } = this.parts.profile;
    const code = new Code(7);
    const locals = {
      page: code.local('i64'),
      set: code.local('i32'),
      line: code.local('i32'),
      issue: code.local('i64'),
      translation: code.local('i64'),
    };
    // Not aligned.
    code.get(EA);
    emitOperator(code, 'i32.wrap');
    code.i32(core.alignment - 1);
    emitOperator(code, 'i32.and');
    code.get(WHAT).i32(STORE_FLAG - 1);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.i32(core.alignment);
    emitOperator(code, 'i32.gtU');
    code.if();
    this.slow(code);
    code.op(OP.end);
    pushIssued(code);
    code.set(locals.issue);
    this.otherPage(code, locals);
    code.get(REAL).i32(data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.tee(locals.line);
    this.parts.tables.setOf(code, { at: this.map.data, ...data });
    code.set(locals.set).get(WHAT).i32(STORE_FLAG);
    emitOperator(code, 'i32.and');
    code.if();
    this.store(code, locals);
    code.op(OP.end);
    this.load(code, locals);
    this.parts.builder.define(this.access, code);
  }

  /** Emits: TypeScript looks at the access. */
  private slow(code: Code): void {
    code.get(P.cpu).get(P.ip).get(EA).i64(32n);
    emitOperator(code, 'i64.shrU');
    emitOperator(code, 'i32.wrap');
    code.get(EA);
    emitOperator(code, 'i32.wrap');
    code.get(REAL).get(WHAT).call(this.parts.imports.timeAccess).i64(0n).op(OP.return);
  }

  private store(code: Code, { set, line, issue, translation }: Locals): void {
    const { data } = this.parts.profile;
    this.parts.tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    count(code, 'storeMisses');
    if (data.writeAllocates) this.parts.tables.enter(code, { set, line }, data);
    code.op(OP.end);
    if (this.stores.stored !== undefined) code.get(P.cpu).get(REAL).get(issue).call(this.stores.stored);
    code.get(translation).op(OP.return);
  }

  /** Emits: a load, and pushes what it takes longer. */
  private load(code: Code, { set, line, issue, translation }: Locals): void {
    const { data } = this.parts.profile;
    const waits = (func: number): void => {
      code.get(SPAN).i32(NO_SPAN);
      emitOperator(code, 'i32.eq');
      code.if();
      this.slow(code);
      code.op(OP.end);
      if (func === this.misses.missed) {
        count(code, 'dataMisses');
        this.parts.tables.enter(code, { set, line }, data);
      }
      code.get(P.cpu).get(REAL).get(issue).get(SPAN);
      emitOperator(code, 'i64.extendU');
      code.call(func).get(translation);
      emitOperator(code, 'i64.add');
      code.op(OP.return);
    };
    this.parts.tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    waits(this.misses.missed);
    code.op(OP.end);
    if (arrives(this.parts.profile)) {
      emitArriving(code, issue);
      code.if();
      waits(this.misses.arriving);
      code.op(OP.end);
    }
    code.get(translation);
  }

  /** Emits: where addresses are translated and the page is not that of the access before, it is looked up. */
  private otherPage(code: Code, locals: Locals): void {
    const { page, set } = locals;
    const { translation } = this.parts.profile;
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).if();
    code.get(EA).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(page);
    load(code, CELL.dataPage);
    emitOperator(code, 'i64.ne');
    code.if();
    emitHolds(code, this.parts.tables, { at: this.map.dataTlb, ...translation.data }, { page, set });
    emitOperator(code, 'i32.eqz');
    code.if();
    this.behindFirstLevel(code, locals);
    code.op(OP.end);
    store(code, CELL.dataPage, page);
    code.op(OP.end).op(OP.end);
  }

  /** Emits: the first level does not have the page. Returns where TypeScript has to look. */
  private behindFirstLevel(code: Code, { issue, translation }: Locals): void {
    if (this.walks.data === undefined) {
      this.slow(code);
      return;
    }
    code.get(SPAN).i32(NO_SPAN);
    emitOperator(code, 'i32.eq');
    code.if();
    this.slow(code);
    code.op(OP.end).get(P.cpu).get(EA);
    emitEntry(code, EA);
    code.memory(OP.i32Load, TLB_ENTRY.leaf).get(issue).call(this.walks.data).tee(translation).i64(0n);
    emitOperator(code, 'i64.ltS');
    code.if();
    this.slow(code);
    code.op(OP.end);
    this.unresolved(code, { issue, translation });
  }

  /** Emits: nothing behind the access issues until it is translated: the twin of `StorageUnit.unresolved`. */
  private unresolved(code: Code, { issue, translation }: Pick<Locals, 'issue' | 'translation'>): void {
    const add = (cell: number): void => {
      code.get(P.cpu);
      load(code, cell).get(translation);
      emitOperator(code, 'i64.add');
      code.memory(OP.i64Store, cellAt(cell));
    };
    add(CELL.next);
    add(CELL.stalls + CAUSE.dataTranslation);
    emitBlame(code, () => code.get(translation));
    code.get(issue).get(translation);
    emitOperator(code, 'i64.add');
    code.set(issue);
    const completes = code.local('i64');
    code.get(issue).get(COMPLETES);
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.add');
    code.set(completes);
    raise(code, CELL.done, completes);
  }

  /** The address of the newest entry of a line's set in the data cache: pushes it. @param line local, i32 */
  newestOfLine(code: Code, line: number): void {
    code.get(line);
    this.parts.tables.setOf(code, { at: this.map.data, ...this.parts.profile.data });
  }
}
