/** Loads and stores that are not the ones before again, as a function of a generated module. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code } from '../engine/wasm/module';
import { cellAt, count, differs, HISTORY_MASK, load, P, store } from './emit';
import type { TimingProfile } from './profile';
import { CELL, TICKS, ticksOf } from './state';
import { structureMap } from './structures';
import type { HelperParts } from './weave-fetch';
import { STORE_FLAG } from './weave-imports';
import { emitHolds } from './weave-pages';

export class AccessHelper {
  /** (cpu, record, ea, real, what). */
  readonly access: number;
  /** (cpu, record, real): a store goes through to memory. Undefined: nothing waits for that. */
  readonly stored: number | undefined;
  private readonly map: ReturnType<typeof structureMap>;

  constructor(private readonly parts: HelperParts) {
    this.map = structureMap(parts.profile);
    this.access = parts.builder.declare({ params: ['i32', 'i32', 'i64', 'i32', 'i32'], results: [] });
    if (storesWait(parts.profile)) {
      this.stored = parts.builder.declare({ params: ['i32', 'i32', 'i32'], results: [] });
      if (parts.profile.data.store) this.defineStored(this.stored);
      else this.defineWaiting(this.stored);
    }
    this.define();
  }

  private define(): void {
    const { data, core } = this.parts.profile;
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
      code.get(real).get(what).call(this.parts.imports.timeAccess).op(OP.return);
    };
    if (arrives(this.parts.profile)) {
      code.get(what).i32(STORE_FLAG);
      emitOperator(code, 'i32.and');
      emitOperator(code, 'i32.eqz');
      emitArriving(code);
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
    this.parts.tables.setOf(code, { at: this.map.data, ...data });
    code.set(set);
    this.parts.tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    if (!data.writeAllocates) {
      code.get(what).i32(STORE_FLAG);
      emitOperator(code, 'i32.and');
      code.if();
      count(code, 'storeMisses');
      this.pass(code, real);
      code.op(OP.return).op(OP.end);
    }
    slow();
    code.op(OP.end);
    code.get(what).i32(STORE_FLAG);
    emitOperator(code, 'i32.and');
    code.if();
    this.pass(code, real);
    code.op(OP.end);
    this.parts.builder.define(this.access, code);
  }

  private pass(code: Code, real: number): void {
    if (this.stored !== undefined) code.get(P.cpu).get(P.ip).get(real).call(this.stored);
  }

  /**
   * The twin of `MemoryPort.write` where nothing waits: the data cache is not busy, the port is free, and the store
   * begins a burst or goes on with one that has the port.
   */
  private defineStored(func: number): void {
    const { data } = this.parts.profile;
    const real = 2;
    const code = new Code(3);
    const at = code.local('i64');
    const asks = code.local('i64');
    const streams = code.local('i32');
    const { request = 0, storeRegion = 12, store: keeps = 0, refill, busy = refill } = data;
    code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.add');
    code
      .memory(OP.i64Load, cellAt(CELL.history))
      .tee(at)
      .i64(BigInt(ticksOf(request)));
    emitOperator(code, 'i64.add');
    code.set(asks);
    const later = (cell: number, ticks: number, than: number): void => {
      load(code, cell).i64(BigInt(ticks));
      emitOperator(code, 'i64.add');
      code.get(than);
      emitOperator(code, 'i64.gtS');
    };
    const region = (): void => {
      code.get(real).i32(storeRegion);
      emitOperator(code, 'i32.shrU');
    };
    later(CELL.stored, ticksOf(busy - request - refill), at);
    code.set(streams);
    later(CELL.dataIdle, 0, at);
    later(CELL.port, 0, asks);
    emitOperator(code, 'i32.or');
    code.get(streams);
    later(CELL.stored, TICKS.cycle - ticksOf(keeps), asks);
    region();
    differs(code, CELL.storeRegion);
    emitOperator(code, 'i32.or');
    emitOperator(code, 'i32.and');
    emitOperator(code, 'i32.or');
    code.if().get(P.cpu).get(P.ip).get(real).call(this.parts.imports.timeStore).op(OP.return).op(OP.end);
    code.get(streams);
    emitOperator(code, 'i32.eqz');
    code.if().get(P.cpu);
    load(code, CELL.stored).memory(OP.i64Store, cellAt(CELL.storeBefore));
    store(code, CELL.storeFrom, asks);
    code.get(P.cpu);
    region();
    code.memory(OP.i32Store, cellAt(CELL.storeRegion)).op(OP.end);
    code
      .get(P.cpu)
      .get(asks)
      .i64(BigInt(ticksOf(keeps)));
    emitOperator(code, 'i64.add');
    code.memory(OP.i64Store, cellAt(CELL.stored));
    this.parts.builder.define(func, code);
  }

  /** The same for profiles whose stores only wait for refills. */
  private defineWaiting(func: number): void {
    const code = new Code(3);
    load(code, CELL.port);
    load(code, CELL.next);
    emitOperator(code, 'i64.gtS');
    code.if().get(P.cpu).get(P.ip).get(2).call(this.parts.imports.timeStore).op(OP.end);
    this.parts.builder.define(func, code);
  }

  /** Emits: where addresses are translated and the page is not that of the access before, it is looked up. */
  private otherPage(
    code: Code,
    { ea, tag, set }: Record<'ea' | 'tag' | 'set', number>,
    slow: () => void,
  ): void {
    const { translation } = this.parts.profile;
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.relocation)).if();
    code.get(ea).i64(12n);
    emitOperator(code, 'i64.shrU');
    code.tee(tag);
    load(code, CELL.dataPage);
    emitOperator(code, 'i64.ne');
    code.if();
    emitHolds(code, this.parts.tables, { at: this.map.dataTlb, ...translation.data }, { page: tag, set });
    code.if();
    store(code, CELL.dataPage, tag);
    code.op(OP.else);
    slow();
    code.op(OP.end).op(OP.end).op(OP.end);
  }

  /** The address of the newest entry of a line's set in the data cache: pushes it. @param line local, i32 */
  newestOfLine(code: Code, line: number): void {
    code.get(line);
    this.parts.tables.setOf(code, { at: this.map.data, ...this.parts.profile.data });
  }
}

/** Whether stores have to do with the port to memory. */
const storesWait = ({ fetch, data }: TimingProfile): boolean =>
  fetch.refill > 0 || data.refill > 0 || (data.store ?? 0) > 0;

/** Whether a line can be in the cache of which not everything is there. */
export const arrives = ({ data }: TimingProfile): boolean => data.refill > 0 && (data.beat ?? 0) > 0;

/** Pushes the time at which the instruction issued. */
function pushIssued(code: Code): void {
  code.get(P.cpu).get(P.ip).i32(HISTORY_MASK);
  emitOperator(code, 'i32.and');
  emitOperator(code, 'i32.add');
  code.memory(OP.i64Load, cellAt(CELL.history));
}

/** Pushes whether a line is being brought in. */
export function emitArriving(code: Code): void {
  load(code, CELL.dataRows);
  pushIssued(code);
  emitOperator(code, 'i64.gtS');
}
