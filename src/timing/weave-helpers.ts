/**
 * Functions of a generated module that the woven cycle model shares: fetching of another line, stalls, branches,
 * accesses that are not the ones before again, divides. What is rare is left to TypeScript (`woven.ts`).
 */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { RECORD, RECORD_COUNTERS, RECORD_PAGE, RECORD_SLOT_SIZE } from '../state/layout';
import { CAUSE } from './causes';
import { addTo, cellAt, count, differs, HISTORY_MASK, load, maximum, P, pushAddress, store } from './emit';
import type { TimingProfile } from './profile';
import { CELL, TICKS, ticksOf } from './state';
import { structureMap } from './structures';
import { DivideHelpers } from './weave-divide';
import { STORE_FLAG, type ImportNumbers } from './weave-imports';
import { insertTag, TableHelpers } from './weave-tables';

const I64_LOW_BIT = 1n;
/** High half of the cell of the last line. */
const REAL_LINE = cellAt(CELL.line) + 4;

export class WeaveHelpers {
  /** (cpu, record, left) -> status. */
  readonly fetch: number;
  /** (cpu, record, ready, next) -> issue time; books the wait. */
  readonly stall: number;
  /** (cpu, record, first, decoded, taken). */
  readonly branch: number;
  /** (cpu, record, ea, real, what). */
  readonly access: number;
  readonly divides: DivideHelpers;
  private readonly tables: TableHelpers;
  private readonly map: ReturnType<typeof structureMap>;

  constructor(
    private readonly builder: ModuleBuilder,
    private readonly profile: TimingProfile,
    private readonly imports: ImportNumbers,
  ) {
    this.map = structureMap(profile);
    this.tables = new TableHelpers(builder);
    this.divides = new DivideHelpers(builder, profile);
    this.fetch = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.stall = builder.declare({ params: ['i32', 'i32', 'i64', 'i64'], results: ['i64'] });
    this.branch = builder.declare({ params: ['i32', 'i32', 'i32', 'i32', 'i32'], results: [] });
    this.access = builder.declare({ params: ['i32', 'i32', 'i64', 'i32', 'i32'], results: [] });
    this.defineFetch();
    this.defineStall();
    this.defineBranch();
    this.defineAccess();
  }

  private defineFetch(): void {
    const { fetch } = this.profile;
    const code = new Code(3);
    const tag = code.local('i64');
    const set = code.local('i32');
    const slow = (): void => {
      code.get(P.cpu).get(P.ip).call(this.imports.timeFetch).i32(0).op(OP.return);
    };
    // Other records of the same line: those of another variant of generated code.
    this.realLine(code);
    code.tee(set).get(P.cpu).memory(OP.i32Load, REAL_LINE);
    emitOperator(code, 'i32.eq');
    code.if();
    this.storeRecordLine(code);
    code.i32(0).op(OP.return).op(OP.end);
    load(code, CELL.next);
    load(code, CELL.deadline);
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).get(P.ip).get(P.left).call(this.imports.timeLeave).op(OP.return).op(OP.end);
    this.storeRecordLine(code);
    code.get(P.cpu).get(set).memory(OP.i32Store, REAL_LINE);
    // Another page, while fetches are translated.
    code
      .get(P.cpu)
      .memory(OP.i32Load, cellAt(CELL.relocation) + 4)
      .if();
    pushAddress(code);
    code.i64(12n);
    emitOperator(code, 'i64.shrU');
    load(code, CELL.fetchPage);
    emitOperator(code, 'i64.ne');
    code.if();
    slow();
    code.op(OP.end).op(OP.end);
    count(code, 'fetchedLines');
    code.get(set);
    emitOperator(code, 'i64.extendU');
    code.set(tag).get(set);
    this.tables.setOf(code, { at: this.map.fetch, ...fetch });
    code.set(set);
    this.tables.holds(code, { set, tag }, fetch.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    insertTag(code, { set, tag }, fetch);
    this.fetchMiss(code);
    code.op(OP.end).i32(0);
    this.builder.define(this.fetch, code);
  }

  /** Emits: this is the line that was fetched last, by its records. */
  private storeRecordLine(code: Code): void {
    code
      .get(P.cpu)
      .get(P.ip)
      .i32(this.profile.fetch.lineShift + 1);
    emitOperator(code, 'i32.shrU');
    code.memory(OP.i32Store, cellAt(CELL.line));
  }

  /** Pushes the number of the record's line in real memory: the page that the decoded page is of, and the line in it. */
  private realLine(code: Code): void {
    const { fetch } = this.profile;
    const within = RECORD.perPage * RECORD.size - 1;
    code.get(P.ip).i32(~(RECORD_SLOT_SIZE - 1));
    emitOperator(code, 'i32.and');
    code.memory(OP.i32Load, RECORD_PAGE).i32(12 - fetch.lineShift);
    emitOperator(code, 'i32.shl');
    code.get(P.ip).i32(within);
    emitOperator(code, 'i32.and');
    code.i32(fetch.lineShift + 1);
    emitOperator(code, 'i32.shrU');
    emitOperator(code, 'i32.or');
  }

  /** Emits what a line that is not in the cache costs: as much as fetching is not ahead. */
  private fetchMiss(code: Code): void {
    const { fetch, core } = this.profile;
    const from = code.local('i64');
    const redirect = code.local('i64');
    const next = code.local('i64');
    count(code, 'instructionMisses');
    code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.memory(OP.i64Load, cellAt(CELL.history)).i64(BigInt(ticksOf(core.runAhead / core.issueWidth)));
    emitOperator(code, 'i64.add');
    code.set(from);
    load(code, CELL.redirect).set(redirect);
    maximum(code, from, redirect);
    code.set(from);
    if (refills(this.profile)) this.refill(code, from, redirect);
    code.get(from).i64(BigInt(ticksOf(fetch.miss)));
    emitOperator(code, 'i64.add');
    code.tee(from);
    load(code, CELL.next).tee(next);
    emitOperator(code, 'i64.gtS');
    code.if();
    store(code, CELL.next, from);
    code.get(P.cpu);
    load(code, CELL.stalls + CAUSE.instructionCache)
      .get(from)
      .get(next);
    emitOperator(code, 'i64.sub');
    code.tee(next);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stalls + CAUSE.instructionCache));
    emitBlame(code, () => code.get(next));
    code.op(OP.end);
  }

  /** Emits: a refill that could begin at `from` waits for the port, and takes it. @param port a local to use */
  private refill(code: Code, from: number, port: number): void {
    load(code, CELL.port).set(port);
    maximum(code, from, port);
    code.set(from);
    if (this.profile.fetch.refill === 0) return;
    code
      .get(P.cpu)
      .get(from)
      .i64(BigInt(ticksOf(this.profile.fetch.refill)));
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.port));
  }

  private defineStall(): void {
    const [ready, next] = [2, 3];
    const code = new Code(4);
    const waited = code.local('i64');
    const issue = code.local('i64');
    const cell = code.local('i32');
    code.get(ready).i64(~BigInt(TICKS.slot - 1));
    emitOperator(code, 'i64.and');
    code.set(issue);
    code.get(ready);
    emitOperator(code, 'i32.wrap');
    code.i32(TICKS.slot - 1);
    emitOperator(code, 'i32.and');
    code.i32(3);
    emitOperator(code, 'i32.shl');
    code.get(P.cpu);
    emitOperator(code, 'i32.add');
    code.tee(cell).get(cell).memory(OP.i64Load, cellAt(CELL.stalls)).get(issue).get(next);
    emitOperator(code, 'i64.sub');
    code.tee(waited);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stalls));
    emitBlame(code, () => code.get(waited));
    code.get(issue);
    this.builder.define(this.stall, code);
  }

  /** Emits: fetching starts anew after a number of cycles. */
  redirect(code: Code, how: 'mispredicted' | 'decoded'): void {
    const ticks = ticksOf(this.profile.branch[how]);
    count(code, how === 'decoded' ? 'decodedBranches' : 'mispredictions');
    addTo(code, CELL.next, ticks);
    addTo(code, CELL.stalls + CAUSE.branches, ticks);
    emitBlame(code, () => code.i64(BigInt(ticks)));
    this.redirected(code);
  }

  private redirected(code: Code): void {
    code.get(P.cpu);
    load(code, CELL.next).memory(OP.i64Store, cellAt(CELL.redirect));
  }

  /** Emits: where the time to leave has come, the next instruction looks. */
  leaveSoon(code: Code): void {
    load(code, CELL.next);
    load(code, CELL.deadline);
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).i64(-1n).memory(OP.i64Store, cellAt(CELL.line)).op(OP.end);
  }

  private defineBranch(): void {
    const [first, decoded, taken] = [2, 3, 4];
    const code = new Code(5);
    const pc = code.local('i64');
    const entry = code.local('i32');
    const old = code.local('i64');
    const known = code.local('i32');
    count(code, 'branches');
    code.get(taken).if();
    count(code, 'takenBranches');
    code.op(OP.end);
    pushAddress(code);
    code.tee(pc);
    emitOperator(code, 'i32.wrap');
    code.i32(2);
    emitOperator(code, 'i32.shrU');
    this.tables.setOf(code, { at: this.map.targets, sets: this.profile.branch.targetCache, ways: 1 });
    code.tee(entry).memory(OP.i64Load, 0).set(old);
    code.get(entry).get(pc).get(taken);
    emitOperator(code, 'i64.extendU');
    emitOperator(code, 'i64.or');
    code.memory(OP.i64Store, 0);
    code.get(old).i64(~I64_LOW_BIT);
    emitOperator(code, 'i64.and');
    code.get(pc);
    emitOperator(code, 'i64.eq');
    code.get(first);
    emitOperator(code, 'i32.eqz');
    emitOperator(code, 'i32.and');
    code.set(known);
    this.resolve(code, { old, known, decoded, taken });
    code.get(taken).if();
    this.leaveSoon(code);
    code.op(OP.end);
    this.builder.define(this.branch, code);
  }

  /** Emits what the outcome costs. Locals: the entry of the target cache, and whether it is of this branch. */
  private resolve(
    code: Code,
    { old, known, decoded, taken }: Record<'old' | 'known' | 'decoded' | 'taken', number>,
  ): void {
    // What was expected, compared with what happened.
    code.get(old);
    emitOperator(code, 'i32.wrap');
    code.i32(1);
    emitOperator(code, 'i32.and');
    code.get(decoded).get(known).op(OP.select).get(taken);
    emitOperator(code, 'i32.ne');
    code.if();
    this.redirect(code, 'mispredicted');
    code.op(OP.else).get(taken).if().get(known).if();
    this.redirected(code);
    code.op(OP.else);
    this.redirect(code, 'decoded');
    code.op(OP.end).op(OP.end).op(OP.end);
  }

  private defineAccess(): void {
    const { data, core } = this.profile;
    const [ea, real, what] = [2, 3, 4];
    const code = new Code(5);
    const tag = code.local('i64');
    const set = code.local('i32');
    const line = code.local('i32');
    const slow = (): void => {
      code.get(P.cpu).get(P.ip).get(ea).i64(32n);
      emitOperator(code, 'i64.shrU');
      emitOperator(code, 'i32.wrap');
      code.get(ea);
      emitOperator(code, 'i32.wrap');
      code.get(real).get(what).call(this.imports.timeAccess).op(OP.return);
    };
    if (refills(this.profile)) {
      code.get(what).i32(STORE_FLAG);
      emitOperator(code, 'i32.and');
      emitPortBusy(code);
      emitOperator(code, 'i32.and');
      code.if();
      slow();
      code.op(OP.end);
    }
    // Not aligned.
    code.get(ea);
    emitOperator(code, 'i32.wrap');
    code.i32(core.alignment - 1);
    emitOperator(code, 'i32.and');
    code.get(what).i32(STORE_FLAG - 1);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code.i32(core.alignment);
    emitOperator(code, 'i32.gtU');
    code.if();
    slow();
    code.op(OP.end);
    this.otherPage(code, { ea, tag, set }, slow);
    code.get(real).i32(data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.tee(line);
    this.tables.setOf(code, { at: this.map.data, ...data });
    code.set(set);
    this.tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    if (!data.writeAllocates) {
      code.get(what).i32(STORE_FLAG);
      emitOperator(code, 'i32.and');
      code.if();
      count(code, 'storeMisses');
      code.op(OP.return).op(OP.end);
    }
    slow();
    code.op(OP.end);
    this.builder.define(this.access, code);
  }

  /** Emits: where addresses are translated and the page is not that of the access before, it is looked up. */
  private otherPage(
    code: Code,
    { ea, tag, set }: Record<'ea' | 'tag' | 'set', number>,
    slow: () => void,
  ): void {
    const { translation } = this.profile;
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).if();
    code.get(ea).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(tag);
    load(code, CELL.dataPage);
    emitOperator(code, 'i64.ne');
    code.if();
    if (translation.data.index === 'page') {
      code.get(tag);
      emitOperator(code, 'i32.wrap');
      this.tables.setOf(code, { at: this.map.dataTlb, ...translation.data });
      code.set(set);
      this.tables.holds(code, { set, tag }, translation.data.ways);
      code.if();
      store(code, CELL.dataPage, tag);
      code.op(OP.else);
      slow();
      code.op(OP.end);
    } else slow();
    code.op(OP.end).op(OP.end);
  }

  /** The address of the newest entry of a line's set in the data cache: pushes it. @param line local, i32 */
  newestOfLine(code: Code, line: number): void {
    code.get(line);
    this.tables.setOf(code, { at: this.map.data, ...this.profile.data });
  }
}

/** Emits: the counter of the instruction's record grows by the ticks that are pushed, as slots, up to its limit. */
export function emitBlame(code: Code, push: () => void): void {
  const at = code.local('i32');
  const old = code.local('i32');
  const sum = code.local('i32');
  code.get(P.ip).i32(~(RECORD_SLOT_SIZE - 1));
  emitOperator(code, 'i32.and');
  code.get(P.ip).i32(RECORD.perPage * RECORD.size - 1);
  emitOperator(code, 'i32.and');
  code.i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.tee(at).get(at).memory(OP.i32Load, RECORD_COUNTERS).tee(old);
  push();
  emitOperator(code, 'i32.wrap');
  code.i32(Math.log2(TICKS.slot));
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.add');
  code.set(sum).i32(-1).get(sum).get(sum).get(old);
  emitOperator(code, 'i32.ltU');
  code.op(OP.select).memory(OP.i32Store, RECORD_COUNTERS);
}

/** Whether refills keep the port to memory busy. */
export const refills = ({ fetch, data }: TimingProfile): boolean => fetch.refill > 0 || data.refill > 0;

/** Pushes a flag in the place of {@link STORE_FLAG}: whether the port to memory is busy when the next one can issue. */
export function emitPortBusy(code: Code): void {
  load(code, CELL.port);
  load(code, CELL.next);
  emitOperator(code, 'i64.gtS');
  code.i32(Math.log2(STORE_FLAG));
  emitOperator(code, 'i32.shl');
}

/** Pushes whether the record is on another line than the one before. */
export function emitOtherLine(code: Code, { fetch }: TimingProfile): void {
  code.get(P.ip).i32(fetch.lineShift + 1);
  emitOperator(code, 'i32.shrU');
  differs(code, CELL.line);
}
