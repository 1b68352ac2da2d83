/**
 * The port to memory from generated code: refills of both caches, and when what they bring in is there. The twin of
 * `memory-port.ts`.
 */
import { emitOperator } from '../engine/operators';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { cellAt, load, P, store } from './emit';
import { plus, raiseTo } from './emit-time';
import { arrivalTicks } from './memory-port';
import type { CacheTiming } from './profile';
import { CELL, ticksOf } from './state';
import type { HelperParts } from './weave-look-ahead';

const DOUBLEWORD_SHIFT = 3;

/** A refill that a cache is busy with: cells of its start and its line. */
interface RefillCells {
  readonly start: number;
  readonly line: number;
}
const DATA_CELLS: RefillCells = { start: CELL.dataStart, line: CELL.dataLine };
const FETCH_CELLS: RefillCells = { start: CELL.fetchStart, line: CELL.fetchLine };

/** From when a store has let go of the port until the data cache can begin something else: negative is earlier. */
export const turnTicks = ({ request = 0, refill, busy = refill }: CacheTiming): number =>
  ticksOf(busy) - ticksOf(request) - ticksOf(refill);

export class RefillHelper {
  /** (cpu, real address, time) -> start of the refill: `MemoryPort.load` and `MemoryPort.fetch`. */
  readonly load: number;
  /** The same for a line that dcbz writes: `MemoryPort.zeroLine`. */
  readonly zero: number;
  readonly fetch: number;

  constructor(private readonly parts: HelperParts) {
    const { builder } = parts;
    this.load = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i64'] });
    this.zero = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i64'] });
    this.fetch = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i64'] });
    const { refill, zero = 0 } = parts.profile.data;
    this.defineRefill(this.load, refill);
    this.defineRefill(this.zero, zero);
    this.defineFetch();
  }

  /** @param refill cycles for which the line keeps the port */
  private defineRefill(func: number, refill: number): void {
    const { data } = this.parts.profile;
    const { request = 0, beat = 0 } = data;
    const [real, start] = [1, 2];
    const code = new Code(3);
    const other = code.local('i64');
    raiseTo(code, start, other, () => load(code, CELL.dataIdle));
    raiseTo(code, start, other, () => plus(load(code, CELL.stored), turnTicks(data)));
    raiseTo(code, start, other, () => plus(load(code, CELL.port), -ticksOf(request)));
    if (refill > 0) {
      begin(code, DATA_CELLS, { real, start }, data);
      const until = (cell: number, ticks: number): void => {
        plus(code.get(P.cpu).get(start), ticks).memory(OP.i64Store, cellAt(cell));
      };
      until(CELL.dataIdle, ticksOf(request) + ticksOf(refill) + turnTicks(data));
      until(CELL.port, ticksOf(request) + ticksOf(refill));
      if (beat > 0) until(CELL.dataRows, arrivalTicks(data));
    }
    code.get(start);
    this.parts.builder.define(func, code);
  }

  private defineFetch(): void {
    const { fetch, data } = this.parts.profile;
    const { request = 0, refill, busy = refill } = fetch;
    const [real, time] = [1, 2];
    const code = new Code(3);
    if (refill === 0) {
      this.parts.builder.define(this.fetch, code.get(time));
      return;
    }
    const other = code.local('i64');
    const stored = code.local('i64');
    raiseTo(code, time, other, () => load(code, CELL.fetchIdle));
    plus(code.get(time), ticksOf(request)).set(time);
    load(code, CELL.stored).set(stored);
    load(code, CELL.storeBefore).get(stored).get(time);
    load(code, CELL.storeFrom);
    emitOperator(code, 'i64.ltS');
    code.op(OP.select).set(other);
    code.get(other).get(time).get(other).get(time);
    emitOperator(code, 'i64.gtS');
    code.op(OP.select).set(time);
    raiseTo(code, time, other, () => load(code, CELL.port));
    plus(code.get(P.cpu).get(time), ticksOf(refill)).memory(OP.i64Store, cellAt(CELL.port));
    // The stores that asked later come behind it.
    code.get(stored).get(time);
    emitOperator(code, 'i64.gtS');
    code.if();
    plus(code.get(P.cpu).get(time), ticksOf(refill) + ticksOf(data.store ?? 0));
    code.memory(OP.i64Store, cellAt(CELL.stored)).op(OP.end);
    plus(code.get(time), -ticksOf(request)).set(time);
    begin(code, FETCH_CELLS, { real, start: time }, fetch);
    plus(code.get(P.cpu).get(time), ticksOf(busy)).memory(OP.i64Store, cellAt(CELL.fetchIdle));
    this.parts.builder.define(this.fetch, code.get(time));
  }

  /** Pushes when data of a line that the cache holds are there; 0: now. */
  dataThere(code: Code, real: number): void {
    arrival(code, DATA_CELLS, this.parts.profile.data, real);
  }

  /** The same of instructions. */
  instructionsThere(code: Code, real: number): void {
    arrival(code, FETCH_CELLS, this.parts.profile.fetch, real);
  }
}

function begin(
  code: Code,
  cells: RefillCells,
  { real, start }: { real: number; start: number },
  { lineShift }: CacheTiming,
): void {
  store(code, cells.start, start);
  code.get(P.cpu).get(real).memory(OP.i32Store, cellAt(cells.line));
  code.get(P.cpu).get(real).i32(lineShift);
  emitOperator(code, 'i32.shrU');
  code.memory(OP.i32Store, cellAt(cells.line) + 4);
}

/** Pushes when the doubleword at a real address is there; 0: its line is not being brought in. */
function arrival(
  code: Code,
  cells: RefillCells,
  { lineShift, miss, beat = 0 }: CacheTiming,
  real: number,
): void {
  const doubleword = (push: () => void): void => {
    push();
    code.i32(DOUBLEWORD_SHIFT);
    emitOperator(code, 'i32.shrU');
  };
  code.get(P.cpu).memory(OP.i32Load, cellAt(cells.line) + 4);
  code.get(real).i32(lineShift);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i32.eq');
  code.if('i64');
  doubleword(() => code.get(real));
  doubleword(() => code.get(P.cpu).memory(OP.i32Load, cellAt(cells.line)));
  emitOperator(code, 'i32.sub');
  code.i32((1 << (lineShift - DOUBLEWORD_SHIFT)) - 1);
  emitOperator(code, 'i32.and');
  emitOperator(code, 'i64.extendU');
  code.i64(BigInt(ticksOf(beat)));
  emitOperator(code, 'i64.mul');
  load(code, cells.start);
  emitOperator(code, 'i64.add');
  plus(code, ticksOf(miss)).op(OP.else).i64(0n).op(OP.end);
}
