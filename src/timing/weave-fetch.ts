/** Fetching of another line, as a function of a generated module: the twin of `fetch-unit.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code } from '../engine/wasm/module';
import { FETCH_ENTRIES, FETCH_ENTRY, offsetOf, RECORD, RECORD_PAGE, RECORD_SLOT_SIZE } from '../state/layout';
import { CAUSE } from './causes';
import { cellAt, count, differs, emitBlame, load, P, pushAddress, store } from './emit';
import { plus, pushIssued, raiseTo } from './emit-time';
import type { TimingProfile } from './profile';
import { CELL, ticksOf } from './state';
import { structureMap } from './structures';
import { emitHolds } from './weave-pages';
import { emitRealAddress, type HelperParts, type LookAheadHelper } from './weave-look-ahead';
import type { RefillHelper } from './weave-refill';
import type { WalkHelper } from './weave-walk';

/** High half of the cell of the last line. */
const REAL_LINE = cellAt(CELL.line) + 4;

/** Locals of fetching a line. */
interface Locals {
  readonly page: number;
  readonly line: number;
  readonly set: number;
  readonly real: number;
  /** When instructions of the line are there. */
  readonly ready: number;
  /** Ticks of translation, and the cause of a wait. */
  readonly translation: number;
}

export class FetchHelper {
  /** (cpu, record, left) -> status. */
  readonly fetch: number;

  constructor(
    private readonly parts: HelperParts,
    private readonly others: { refills: RefillHelper; ahead: LookAheadHelper; walks: WalkHelper },
  ) {
    const { builder } = parts;
    this.fetch = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.define();
  }

  private define(): void {
    const { fetch } = this.parts.profile;
    const code = new Code(3);
    const locals = {
      page: code.local('i64'),
      line: code.local('i32'),
      set: code.local('i32'),
      real: code.local('i32'),
      ready: code.local('i64'),
      translation: code.local('i64'),
    };
    const { line, set } = locals;
    // Other records of the same line: those of another variant of generated code.
    this.realLine(code);
    code.tee(line).get(P.cpu).memory(OP.i32Load, REAL_LINE);
    emitOperator(code, 'i32.eq');
    code.if();
    this.storeRecordLine(code);
    code.i32(0).op(OP.return).op(OP.end);
    load(code, CELL.next);
    load(code, CELL.deadline);
    emitOperator(code, 'i64.geS');
    code.if().get(P.cpu).get(P.ip).get(P.left).call(this.parts.imports.timeLeave).op(OP.return).op(OP.end);
    this.storeRecordLine(code);
    code.get(P.cpu).get(line).memory(OP.i32Store, REAL_LINE);
    this.translate(code, locals);
    count(code, 'fetchedLines');
    code.get(line);
    this.parts.tables.setOf(code, { at: structureMap(this.parts.profile).fetch, ...fetch });
    code.set(set);
    this.parts.tables.holdsLine(code, { set, line }, fetch.ways);
    code.if();
    this.hit(code, locals);
    code.op(OP.else);
    this.miss(code, locals);
    code.op(OP.end);
    this.wait(code, locals);
    code.i32(0);
    this.parts.builder.define(this.fetch, code);
  }

  /** Emits: another page, while fetches are translated. */
  private translate(code: Code, locals: Locals): void {
    const { page, translation } = locals;
    const { recentPages = 0 } = this.parts.profile.translation;
    code
      .get(P.cpu)
      .memory(OP.i32Load, cellAt(CELL.relocation) + 4)
      .if();
    pushAddress(code);
    code.i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(page);
    load(code, CELL.fetchPage);
    emitOperator(code, 'i64.ne');
    code.if();
    this.firstLevel(code, page);
    emitOperator(code, 'i32.eqz');
    code.if();
    this.behindFirstLevel(code, locals);
    code.op(OP.else);
    if (recentPages > 0) {
      code
        .i64(0n)
        .i64(BigInt(ticksOf(recentPages)))
        .get(page);
      load(code, CELL.fetchBefore);
      emitOperator(code, 'i64.eq');
      code.op(OP.select).set(translation).get(P.cpu);
      load(code, CELL.fetchPage).memory(OP.i64Store, cellAt(CELL.fetchBefore));
    }
    code.op(OP.end);
    store(code, CELL.fetchPage, page);
    code.op(OP.end).op(OP.end);
  }

  /** Emits: the first level does not have the page. Returns where TypeScript has to look. */
  private behindFirstLevel(code: Code, { page, translation, set }: Locals): void {
    const { imports, profile } = this.parts;
    const { ahead, walks } = this.others;
    const slow = (): void => void code.get(P.cpu).get(P.ip).call(imports.timeFetch).i32(0).op(OP.return);
    if (walks.fetch === undefined) {
      slow();
      return;
    }
    this.entry(code, page);
    code.tee(set).memory(OP.i64Load, FETCH_ENTRY.tag).get(page).i64(12n);
    emitOperator(code, 'i64.shl');
    code.get(P.cpu).memory(OP.i64Load, offsetOf('ICTX'));
    emitOperator(code, 'i64.or');
    emitOperator(code, 'i64.ne');
    code.if();
    slow();
    code.op(OP.end).get(P.cpu);
    pushAddress(code);
    code.get(set).memory(OP.i32Load, FETCH_ENTRY.leaf).get(P.cpu).get(P.ip).i32(1).call(ahead.lookedUp);
    code.call(walks.fetch).tee(translation).i64(0n);
    emitOperator(code, 'i64.ltS');
    code.if();
    slow();
    code.op(OP.end);
    if (!profile.translation.recentPages) return;
    const nobody = code.local('i64');
    code.i64(-1n).set(nobody);
    store(code, CELL.fetchBefore, nobody);
  }

  /** Pushes the address of a page's entry in the fetch cache. */
  private entry(code: Code, page: number): void {
    code.get(page);
    emitOperator(code, 'i32.wrap');
    code.i32(FETCH_ENTRIES - 1);
    emitOperator(code, 'i32.and');
    code.i32(FETCH_ENTRY.size);
    emitOperator(code, 'i32.mul');
    code.get(P.cpu).memory(OP.i32Load, offsetOf('FETCHBASE'));
    emitOperator(code, 'i32.xor');
  }

  /** Emits: the line is there, perhaps because it is being brought in; returns where nothing waits. */
  private hit(code: Code, { real, ready, translation }: Locals): void {
    const { fetch, translation: t } = this.parts.profile;
    const arrives = fetch.refill > 0 && (fetch.beat ?? 0) > 0;
    if (!arrives && !t.recentPages) {
      code.i32(0).op(OP.return);
      return;
    }
    if (arrives) {
      emitRealAddress(code);
      code.set(real);
      this.others.refills.instructionsThere(code, real);
      code.set(ready);
    }
    code.get(translation);
    emitOperator(code, 'i64.eqz');
    code.get(ready);
    load(code, CELL.next);
    emitOperator(code, 'i64.leS');
    emitOperator(code, 'i32.and');
    code.if().i32(0).op(OP.return).op(OP.end);
    this.raiseToLookedUp(code, { ready, translation });
  }

  private miss(code: Code, { real, ready, translation, set, line }: Locals): void {
    const { fetch } = this.parts.profile;
    count(code, 'instructionMisses');
    this.raiseToLookedUp(code, { ready, translation });
    const pushPlace = (): void => void code.get(P.ip).i32(1);
    this.others.ahead.enter(code, { set, line, at: ready }, { pushPlace, unused: false });
    emitRealAddress(code);
    code.set(real).get(P.cpu).get(real).get(ready).call(this.others.refills.fetch);
    plus(code, ticksOf(fetch.miss)).set(ready);
  }

  private raiseToLookedUp(code: Code, { ready, translation }: Pick<Locals, 'ready' | 'translation'>): void {
    raiseTo(code, ready, code.local('i64'), () => {
      code.get(P.cpu).get(P.ip).i32(1).call(this.others.ahead.lookedUp).get(translation);
      emitOperator(code, 'i64.add');
    });
  }

  /** The twin of the method of `FetchUnit`: nested, as each stage needs that the one before has moved. */
  private passed(code: Code, ready: number): void {
    const { decode: stages = 0, issueWidth } = this.parts.profile.core;
    if (stages === 0) return;
    const share = ticksOf(1 / issueWidth);
    const since = code.local('i64');
    const late = code.local('i64');
    const other = code.local('i64');
    plus(code.get(ready), -stages * share)
      .tee(late)
      .set(since);
    raiseTo(code, since, other, () => load(code, CELL.redirect));
    // How long nothing waited.
    code.get(late).get(since);
    emitOperator(code, 'i64.sub');
    code.set(late);
    for (let moves = 1; moves <= stages; moves++) {
      pushIssued(code, moves);
      code.get(since);
      emitOperator(code, 'i64.geS');
      code.if();
      if (moves === 1) {
        pushIssued(code, 1);
        plus(code, (stages + 1) * share).get(late);
        emitOperator(code, 'i64.add');
        code.set(late);
      }
      plus(code.get(late), -share).set(late);
    }
    for (let moves = 1; moves <= stages; moves++) code.op(OP.end);
    raiseTo(code, ready, other, () => code.get(late));
  }

  /** Emits: the instruction waits until its line is there. */
  private wait(code: Code, { ready, translation, set }: Locals): void {
    this.passed(code, ready);
    const waited = code.local('i64');
    code.get(ready);
    load(code, CELL.next);
    emitOperator(code, 'i64.sub');
    code.tee(waited).i64(0n);
    emitOperator(code, 'i64.gtS');
    code.if();
    store(code, CELL.next, ready);
    emitBlame(code, () => code.get(waited));
    const cell = (cause: number): number => 8 * cause;
    code.i32(cell(CAUSE.instructionCache)).i32(cell(CAUSE.instructionTranslation)).get(translation);
    emitOperator(code, 'i64.eqz');
    code.op(OP.select).get(P.cpu);
    emitOperator(code, 'i32.add');
    code.tee(set).get(set).memory(OP.i64Load, cellAt(CELL.stalls)).get(waited);
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stalls)).op(OP.end);
  }

  /** Pushes whether the first level of translation has a page. @param page local, i64 */
  private firstLevel(code: Code, page: number): void {
    const { profile, tables } = this.parts;
    const level = { at: structureMap(profile).instructionTlb, ...profile.translation.instruction };
    emitHolds(code, tables, level, { page, set: code.local('i32') });
  }

  /** Emits: this is the line that was fetched last, by its records. */
  private storeRecordLine(code: Code): void {
    code
      .get(P.cpu)
      .get(P.ip)
      .i32(this.parts.profile.fetch.lineShift + 1);
    emitOperator(code, 'i32.shrU');
    code.memory(OP.i32Store, cellAt(CELL.line));
  }

  /** Pushes the number of the record's line in real memory: the page that the decoded page is of, and the line in it. */
  private realLine(code: Code): void {
    const { fetch } = this.parts.profile;
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
}

/** Pushes whether the record is on another line than the one before. */
export function emitOtherLine(code: Code, { fetch }: TimingProfile): void {
  code.get(P.ip).i32(fetch.lineShift + 1);
  emitOperator(code, 'i32.shrU');
  differs(code, CELL.line);
}
