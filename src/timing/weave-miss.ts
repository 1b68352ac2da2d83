/** Loads that wait for a refill, as functions of a generated module: the twin of `StorageUnit.cached`. */
import { emitOperator } from '../engine/operators';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { CAUSE } from './causes';
import { cellAt, load, P, raise, readyAt } from './emit';
import { emitUnitBusy, plus, raiseTo } from './emit-time';
import type { TimingProfile } from './profile';
import { RESOURCE } from './resources';
import { CELL, TICKS, ticksOf } from './state';
import { emitNearEnd, type HelperParts, type LookAheadHelper } from './weave-look-ahead';
import { turnTicks, type RefillHelper } from './weave-refill';

/** Whether a line can be in the cache of which not everything is there. */
export const arrives = ({ data }: TimingProfile): boolean =>
  (data.beat ?? 0) > 0 && (data.refill > 0 || (data.zero ?? 0) > 0);

/** Parameters: the CPU, the real address, when the load issued, and ticks from then until what it loads is there. */
const [REAL, AT, SPAN] = [1, 2, 3];

/** Both functions give the ticks that what is loaded is later, and the cause in the bits below; 0: none. */
export class MissHelper {
  /** The line is not there. */
  readonly missed: number;
  /** The line is there, perhaps because it is being brought in. */
  readonly arriving: number;
  private readonly delay: number;

  constructor(
    private readonly parts: HelperParts,
    private readonly refills: RefillHelper,
    private readonly ahead: LookAheadHelper,
  ) {
    const { builder } = parts;
    const signature = { params: ['i32', 'i32', 'i64', 'i64'], results: ['i64'] } as const;
    this.missed = builder.declare(signature);
    this.arriving = builder.declare(signature);
    this.delay = builder.declare({ params: ['i32', 'i64', 'i64', 'i64'], results: ['i64'] });
    this.defineMissed();
    this.defineArriving();
    this.defineDelay();
  }

  private defineMissed(): void {
    const { data } = this.parts.profile;
    const code = new Code(4);
    const start = code.local('i64');
    const wait = code.local('i64');
    this.asked(code, AT);
    code.get(P.cpu).get(REAL).get(AT).call(this.refills.load).tee(start).get(AT);
    emitOperator(code, 'i64.sub');
    plus(code, ticksOf(data.miss)).set(wait);
    code.get(P.cpu);
    if (data.blocks === undefined) sum(code, AT, SPAN, wait);
    else plus(code.get(start), ticksOf(data.blocks));
    code.get(wait);
    sum(code, AT, SPAN, wait);
    code.call(this.delay);
    this.parts.builder.define(this.missed, code);
  }

  /** Emits: fetching asks for the port before the last load or store does: the twin of `StorageUnit.asked`. @param at local */
  asked(code: Code, at: number): void {
    const { data, fetch } = this.parts.profile;
    if (fetch.refill === 0 || !data.stalls) return;
    const record = code.local('i32');
    const asks = code.local('i64');
    const other = code.local('i64');
    code.get(P.cpu).memory(OP.i32Load, cellAt(CELL.accessRecord)).tee(record);
    emitNearEnd(code, this.parts.profile);
    code.if().get(at).set(asks);
    raiseTo(code, asks, other, () => load(code, CELL.dataIdle));
    raiseTo(code, asks, other, () => plus(load(code, CELL.stored), turnTicks(data)));
    code.get(P.cpu).get(record);
    plus(code.get(asks), ticksOf(data.request ?? 0))
      .call(this.ahead.aheadOf)
      .op(OP.end);
  }

  private defineArriving(): void {
    const code = new Code(4);
    const there = code.local('i64');
    const wait = code.local('i64');
    this.refills.dataThere(code, REAL);
    code.tee(there).get(AT);
    emitOperator(code, 'i64.leS');
    code.if().i64(0n).op(OP.return).op(OP.end);
    code.get(there).get(AT);
    emitOperator(code, 'i64.sub');
    code.set(wait).get(P.cpu);
    plus(code.get(there), TICKS.cycle).get(wait);
    sum(code, AT, SPAN, wait);
    code.call(this.delay);
    this.parts.builder.define(this.arriving, code);
  }

  /** (cpu, when the next access can issue, ticks that the load takes longer, when it is over) -> what is to be added. */
  private defineDelay(): void {
    const [free, wait, over] = [1, 2, 3];
    const cause = CAUSE.dataCache;
    const code = new Code(4);
    emitUnitBusy(code, free, cause, this.parts.profile);
    code.get(over).get(P.cpu).memory(OP.i64Load, readyAt(RESOURCE.OUTSTANDING));
    emitOperator(code, 'i64.gtS');
    code.if();
    plus(code.get(P.cpu).get(over), cause).memory(OP.i64Store, readyAt(RESOURCE.OUTSTANDING)).op(OP.end);
    raise(code, CELL.done, over);
    plus(code.get(wait), cause);
    this.parts.builder.define(this.delay, code);
  }
}

function sum(code: Code, first: number, ...more: readonly number[]): void {
  code.get(first);
  for (const local of more) {
    code.get(local);
    emitOperator(code, 'i64.add');
  }
}

/** Pushes whether a line is being brought in when an instruction issues. @param issue local */
export function emitArriving(code: Code, issue: number): void {
  load(code, CELL.dataRows).get(issue);
  emitOperator(code, 'i64.gtS');
}
