/** Stores that go through to memory, as a function of a generated module: the twin of `MemoryPort.write`. */
import { emitOperator } from '../engine/operators';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { CAUSE } from './causes';
import { cellAt, differs, load, P, store } from './emit';
import { emitUnitBusy, plus, raiseTo } from './emit-time';
import type { TimingProfile } from './profile';
import { CELL, TICKS, ticksOf } from './state';
import type { HelperParts } from './weave-look-ahead';
import { turnTicks } from './weave-refill';

/** Whether stores have to do with the port to memory. */
const storesWait = ({ fetch, data }: TimingProfile): boolean =>
  fetch.refill > 0 || data.refill > 0 || (data.store ?? 0) > 0;

interface StoreLocals {
  readonly real: number;
  readonly at: number;
  /** When it is the data cache's turn; then, when the store has the port. */
  readonly start: number;
  readonly other: number;
}

export class StoreHelper {
  /** (cpu, real address, issue). Undefined: nothing waits for a store. */
  readonly stored: number | undefined;
  /**
   * (cpu, real address, issue) -> 1 where a conditional store has the port at once: the twin of `MemoryPort.writeNow`. 0:
   * it would have to wait, and nothing has changed. Undefined: that is TypeScript's under this profile.
   */
  readonly storedNow: number | undefined;

  constructor(private readonly parts: HelperParts) {
    if (!storesWait(parts.profile)) return;
    if (parts.profile.data.store) this.storedNow = this.defineNow();
    this.stored = parts.builder.declare({ params: ['i32', 'i32', 'i64'], results: [] });
    const code = new Code(3);
    if (parts.profile.data.store) this.port(code);
    else this.waiting(code);
    parts.builder.define(this.stored, code);
  }

  private port(code: Code): void {
    const { data } = this.parts.profile;
    const locals = { real: 1, at: 2, start: code.local('i64'), other: code.local('i64') };
    const stored = code.local('i64');
    const { at, start, other } = locals;
    code.get(at).set(start);
    raiseTo(code, start, other, () => load(code, CELL.dataIdle));
    plus(load(code, CELL.stored).tee(stored), turnTicks(data)).get(start);
    emitOperator(code, 'i64.gtS');
    this.region(code, locals.real);
    differs(code, CELL.storeRegion);
    emitOperator(code, 'i32.eqz');
    emitOperator(code, 'i32.and');
    code.if();
    this.follow(code, locals, stored);
    code.op(OP.else);
    this.burst(code, locals, stored);
    code.op(OP.end);
  }

  private defineNow(): number {
    const { builder, profile } = this.parts;
    const { data } = profile;
    const func = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i32'] });
    const code = new Code(3);
    const locals = { real: 1, at: 2, start: code.local('i64'), other: code.local('i64') };
    const { at, start, other } = locals;
    const stored = code.local('i64');
    code.get(at).set(start);
    raiseTo(code, start, other, () => load(code, CELL.dataIdle));
    raiseTo(code, start, other, () => plus(load(code, CELL.stored).tee(stored), turnTicks(data)));
    raiseTo(code, start, other, () => plus(load(code, CELL.port), -ticksOf(data.request ?? 0)));
    code.get(start).get(at);
    emitOperator(code, 'i64.gtS');
    code.if().i32(0).op(OP.return).op(OP.end);
    this.begin(code, locals, stored);
    builder.define(func, code.i32(1));
    return func;
  }

  /** The store goes on with a burst. */
  private follow(code: Code, { at, start, other }: StoreLocals, stored: number): void {
    const { request = 0, store: keeps = 0 } = this.parts.profile.data;
    plus(code.get(start), ticksOf(request)).set(start);
    raiseTo(code, start, other, () => plus(code.get(stored), TICKS.cycle - ticksOf(keeps)));
    plus(code.get(P.cpu).get(start), ticksOf(keeps)).memory(OP.i64Store, cellAt(CELL.stored));
    plus(code.get(start), -ticksOf(request)).tee(start).get(at);
    this.busyBehind(code, start);
  }

  /** The store begins a burst. */
  private burst(code: Code, locals: StoreLocals, stored: number): void {
    const { at, start, other } = locals;
    raiseTo(code, start, other, () => plus(code.get(stored), turnTicks(this.parts.profile.data)));
    this.begin(code, locals, stored);
    code.get(start).get(at);
    this.busyBehind(code, start);
  }

  /** Emits: a burst begins at `start`: the twin of `MemoryPort.burst`. @param stored the end of the one before; is used */
  private begin(code: Code, { real, start, other }: StoreLocals, stored: number): void {
    const { request = 0, store: keeps = 0 } = this.parts.profile.data;
    store(code, CELL.storeBefore, stored);
    plus(code.get(start), ticksOf(request)).set(other);
    store(code, CELL.storeFrom, other);
    code.get(P.cpu);
    this.region(code, real);
    emitOperator(code, 'i64.extendU');
    code.memory(OP.i64Store, cellAt(CELL.storeRegion));
    load(code, CELL.port).set(stored);
    code.get(P.cpu).get(other).get(stored).get(other).get(stored);
    emitOperator(code, 'i64.gtS');
    code.op(OP.select);
    plus(code, ticksOf(keeps)).memory(OP.i64Store, cellAt(CELL.stored));
  }

  /** Pushes the number of an address's region. */
  private region(code: Code, real: number): void {
    code.get(real).i32(this.parts.profile.data.storeRegion ?? 12);
    emitOperator(code, 'i32.shrU');
  }

  /** Emits: where the first time on the stack is later than the second, the unit is busy until a cycle behind `start`. */
  private busyBehind(code: Code, start: number): void {
    emitOperator(code, 'i64.gtS');
    code.if();
    plus(code.get(start), TICKS.cycle).set(start);
    busyUntil(code, start, this.parts.profile);
    code.op(OP.end);
  }

  /** Profiles whose stores only wait for refills. */
  private waiting(code: Code): void {
    const port = code.local('i64');
    load(code, CELL.port).set(port);
    busyUntil(code, port, this.parts.profile);
  }
}

/** Emits: where that is not before the next instruction anyway, the unit of loads and stores is busy. */
function busyUntil(code: Code, until: number, profile: TimingProfile): void {
  code.get(until);
  load(code, CELL.next);
  emitOperator(code, 'i64.gtS');
  code.if();
  emitUnitBusy(code, until, CAUSE.dataCache, profile);
  code.op(OP.end);
}
