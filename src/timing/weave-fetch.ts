/** Fetching of another line, as a function of a generated module: the twin of `fetch-unit.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { RECORD, RECORD_PAGE, RECORD_SLOT_SIZE } from '../state/layout';
import { cellAt, count, differs, load, P, pushAddress, store } from './emit';
import type { TimingProfile } from './profile';
import { arrivalTicks } from './memory-port';
import { CELL } from './state';
import { structureMap } from './structures';
import type { ImportNumbers } from './weave-imports';
import { emitHolds } from './weave-pages';
import type { TableHelpers } from './weave-tables';

/** High half of the cell of the last line. */
const REAL_LINE = cellAt(CELL.line) + 4;

/** What the functions of a module are made from. */
export interface HelperParts {
  readonly builder: ModuleBuilder;
  readonly profile: TimingProfile;
  readonly imports: ImportNumbers;
  readonly tables: TableHelpers;
}

export class FetchHelper {
  /** (cpu, record, left) -> status. */
  readonly fetch: number;

  constructor(private readonly parts: HelperParts) {
    this.fetch = parts.builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.define();
  }

  private define(): void {
    const { fetch } = this.parts.profile;
    const code = new Code(3);
    const tag = code.local('i64');
    const set = code.local('i32');
    const slow = (): void => {
      code.get(P.cpu).get(P.ip).call(this.parts.imports.timeFetch).i32(0).op(OP.return);
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
    code.if().get(P.cpu).get(P.ip).get(P.left).call(this.parts.imports.timeLeave).op(OP.return).op(OP.end);
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
    code.tee(tag);
    load(code, CELL.fetchPage);
    emitOperator(code, 'i64.ne');
    code.if();
    if (this.parts.profile.translation.recentPages) slow();
    else {
      this.firstLevel(code, tag);
      code.if();
      store(code, CELL.fetchPage, tag);
      code.op(OP.else);
      slow();
      code.op(OP.end);
    }
    code.op(OP.end).op(OP.end);
    code.get(set);
    emitOperator(code, 'i64.extendU');
    code.set(tag).get(set);
    this.parts.tables.setOf(code, { at: structureMap(this.parts.profile).fetch, ...fetch });
    code.set(set);
    if (fetch.refill > 0 && fetch.beat) {
      // A line is being brought in: perhaps this one.
      load(code, CELL.fetchStart).i64(BigInt(arrivalTicks(fetch)));
      emitOperator(code, 'i64.add');
      load(code, CELL.next);
      emitOperator(code, 'i64.gtS');
      code.if();
      slow();
      code.op(OP.end);
    }
    this.parts.tables.holds(code, { set, tag }, fetch.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    slow();
    code.op(OP.end);
    count(code, 'fetchedLines');
    code.i32(0);
    this.parts.builder.define(this.fetch, code);
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
