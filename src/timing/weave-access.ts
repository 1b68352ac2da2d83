/** Loads and stores that are not the ones before again, as a function of a generated module. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code } from '../engine/wasm/module';
import { cellAt, count, load, P, store } from './emit';
import type { TimingProfile } from './profile';
import { CELL } from './state';
import { structureMap } from './structures';
import type { HelperParts } from './weave-fetch';
import { STORE_FLAG } from './weave-imports';

export class AccessHelper {
  /** (cpu, record, ea, real, what). */
  readonly access: number;
  private readonly map: ReturnType<typeof structureMap>;

  constructor(private readonly parts: HelperParts) {
    this.map = structureMap(parts.profile);
    this.access = parts.builder.declare({ params: ['i32', 'i32', 'i64', 'i32', 'i32'], results: [] });
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
    if (refills(this.parts.profile)) {
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
      code.op(OP.return).op(OP.end);
    }
    slow();
    code.op(OP.end);
    this.parts.builder.define(this.access, code);
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
    if (translation.data.index === 'page') {
      code.get(tag);
      emitOperator(code, 'i32.wrap');
      this.parts.tables.setOf(code, { at: this.map.dataTlb, ...translation.data });
      code.set(set);
      this.parts.tables.holds(code, { set, tag }, translation.data.ways);
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
    this.parts.tables.setOf(code, { at: this.map.data, ...this.parts.profile.data });
  }
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
