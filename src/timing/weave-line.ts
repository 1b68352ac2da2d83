/** Loads and stores in one line of the data cache, as a function of a generated module: the twin of `StorageUnit.cached`. */
import { emitOperator } from '../engine/operators';
import { Code } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { CAUSE } from './causes';
import { count, P } from './emit';
import { emitUnitBusy, plus } from './emit-time';
import { ticksOf } from './state';
import { structureMap } from './structures';
import { STORE_FLAG, ZERO_FLAG } from './weave-imports';
import type { HelperParts, LookAheadHelper } from './weave-look-ahead';
import { arrives, emitArriving, MissHelper } from './weave-miss';
import type { RefillHelper } from './weave-refill';
import { StoreHelper } from './weave-store';
import { NOT_HERE } from './weave-walk';

/** Instead of ticks: what the instruction writes is not known here. */
export const NO_SPAN = -1;

/** Parameters behind the CPU. */
const [REAL, WHAT, SPAN, AT] = [1, 2, 3, 4];
/** Locals. */
interface Place {
  readonly set: number;
  readonly line: number;
}

export class LineHelper {
  /**
   * (cpu, real, what, span, at) -> ticks that what is loaded is later, and the cause in the bits below; 0 for as before.
   * `span`: ticks from `at`, when the access is made, until what it loads would be there. {@link NOT_HERE} where that is
   * not known and has to be: nothing has changed then.
   */
  readonly access: number;
  readonly stores: StoreHelper;
  /** (cpu, real, at) -> 1 where a conditional store is over, 0 where TypeScript has to look. Undefined: always. */
  readonly conditional: number | undefined;
  private readonly misses: MissHelper;

  constructor(
    private readonly parts: HelperParts,
    private readonly refills: RefillHelper,
    ahead: LookAheadHelper,
  ) {
    this.stores = new StoreHelper(parts);
    this.misses = new MissHelper(parts, refills, ahead);
    this.access = parts.builder.declare({ params: ['i32', 'i32', 'i32', 'i32', 'i64'], results: ['i64'] });
    this.define();
    this.conditional = this.defineConditional();
  }

  private define(): void {
    const { data } = this.parts.profile;
    const code = new Code(5);
    const place = { set: code.local('i32'), line: code.local('i32') };
    code.get(REAL).i32(data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.set(place.line);
    this.setOf(code, place.line);
    code.set(place.set).get(WHAT).i32(STORE_FLAG);
    emitOperator(code, 'i32.and');
    code.if().get(WHAT).i32(ZERO_FLAG);
    emitOperator(code, 'i32.and');
    code.if();
    this.zero(code, place);
    code.op(OP.end);
    this.store(code, place);
    code.op(OP.end);
    this.load(code, place);
    this.parts.builder.define(this.access, code);
  }

  private defineConditional(): number | undefined {
    const { builder, profile } = this.parts;
    const { storedNow } = this.stores;
    if (storedNow === undefined) return undefined;
    const [real, at] = [1, 2];
    const func = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i32'] });
    const code = new Code(3);
    const place = { set: code.local('i32'), line: code.local('i32') };
    this.misses.asked(code, at);
    code.get(P.cpu).get(real).get(at).call(storedNow);
    emitOperator(code, 'i32.eqz');
    code.if().i32(0).op(OP.return).op(OP.end).get(real).i32(profile.data.lineShift);
    emitOperator(code, 'i32.shrU');
    code.set(place.line);
    this.setOf(code, place.line);
    code.set(place.set);
    this.countStore(code, place);
    builder.define(func, code.i32(1));
    return func;
  }

  /** Pushes the address of a line's set in the data cache. @param line local, i32 */
  setOf(code: Code, line: number): void {
    const { profile, tables } = this.parts;
    code.get(line);
    tables.setOf(code, { at: structureMap(profile).data, ...profile.data });
  }

  /** Emits: dcbz of the line: the twin of `StorageUnit.zero`. */
  private zero(code: Code, { set, line }: Place): void {
    const { profile, tables } = this.parts;
    const { data } = profile;
    tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    count(code, 'storeMisses');
    tables.enter(code, { set, line }, data);
    code.op(OP.end);
    if (data.zero) {
      const until = code.local('i64');
      code.get(P.cpu).get(REAL).get(AT).call(this.refills.zero);
      plus(code, ticksOf(data.miss)).set(until);
      emitUnitBusy(code, until, CAUSE.dataCache, profile);
    }
    code.i64(0n).op(OP.return);
  }

  /** Emits: what a store does to the cache. */
  private countStore(code: Code, { set, line }: Place): void {
    const { data } = this.parts.profile;
    this.parts.tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    count(code, 'storeMisses');
    if (data.writeAllocates) this.parts.tables.enter(code, { set, line }, data);
    code.op(OP.end);
  }

  private store(code: Code, place: Place): void {
    this.countStore(code, place);
    if (this.stores.stored !== undefined) code.get(P.cpu).get(REAL).get(AT).call(this.stores.stored);
    code.i64(0n).op(OP.return);
  }

  /** Emits: a load, and pushes what it takes longer. */
  private load(code: Code, { set, line }: Place): void {
    const { profile, tables } = this.parts;
    const { data } = profile;
    const waits = (func: number): void => {
      code.get(SPAN).i32(NO_SPAN);
      emitOperator(code, 'i32.eq');
      code.if().i64(BigInt(NOT_HERE)).op(OP.return).op(OP.end);
      if (func === this.misses.missed) {
        count(code, 'dataMisses');
        tables.enter(code, { set, line }, data);
      }
      code.get(P.cpu).get(REAL).get(AT).get(SPAN);
      emitOperator(code, 'i64.extendU');
      code.call(func).op(OP.return);
    };
    tables.holdsLine(code, { set, line }, data.ways);
    emitOperator(code, 'i32.eqz');
    code.if();
    waits(this.misses.missed);
    code.op(OP.end);
    if (arrives(profile)) {
      emitArriving(code, AT);
      code.if();
      waits(this.misses.arriving);
      code.op(OP.end);
    }
    code.i64(0n);
  }
}
