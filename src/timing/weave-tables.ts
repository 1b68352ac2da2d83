/** Looking into the model's tables from generated code: the twin of `tables.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { offsetOf } from '../state/layout';
import { P } from './emit';
import type { DataCacheTiming } from './profile';

/** Bytes of an entry of a table. */
const ENTRY = 8;

/** A table by its first word in the region of the CPU's tables. */
export interface TablePlace {
  readonly at: number;
  readonly sets: number;
  readonly ways: number;
}

export class TableHelpers {
  private readonly find: number;
  private readonly findLine: number;
  private readonly enterOldest: number;
  private readonly enterTag: number;
  private readonly enterFirstWay: number;
  private readonly enterWay: number;
  private readonly enterUnusedWay: number;

  constructor(private readonly builder: ModuleBuilder) {
    this.find = builder.declare({ params: ['i32', 'i64', 'i32'], results: ['i32'] });
    this.findLine = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.enterOldest = builder.declare({ params: ['i32', 'i32', 'i32'], results: [] });
    this.enterFirstWay = builder.declare({ params: ['i32', 'i32', 'i32'], results: [] });
    this.enterTag = builder.declare({ params: ['i32', 'i64', 'i32'], results: [] });
    this.enterWay = builder.declare({ params: ['i32', 'i32', 'i32', 'i32'], results: [] });
    this.enterUnusedWay = builder.declare({ params: ['i32', 'i32', 'i32', 'i32'], results: [] });
    this.defineEnterWay(this.enterWay, { unused: false });
    this.defineEnterWay(this.enterUnusedWay, { unused: true });
    this.defineFind(this.find, (code, at, tag) => {
      code.get(at).memory(OP.i64Load, 0).get(tag);
      emitOperator(code, 'i64.ne');
    });
    this.defineFind(this.findLine, (code, at, tag) => {
      code.get(at).memory(OP.i32Load, 0).get(tag);
      emitOperator(code, 'i32.ne');
    });
    this.defineEnter(this.enterOldest, (code, { line, at }) => {
      code.get(at).get(line);
      emitOperator(code, 'i64.extendU');
      code.memory(OP.i64Store, 0);
    });
    this.defineEnter(this.enterTag, (code, { line, at }) => {
      code.get(at).get(line).memory(OP.i64Store, 0);
    });
    this.defineEnter(this.enterFirstWay, (code, { base, line, at }) => {
      const last = code.local('i32');
      code.get(at).get(line).memory(OP.i32Store, 0).get(at).set(last).get(base).set(at);
      // The first way is used, whichever was filled.
      code.block(OP.block).block(OP.loop).get(at).get(last);
      emitOperator(code, 'i32.eq');
      code.branch(OP.brIf, 1).get(at).memory(OP.i32Load, 4);
      emitOperator(code, 'i32.eqz');
      code.branch(OP.brIf, 1).get(at).i32(ENTRY);
      emitOperator(code, 'i32.add');
      code.set(at).branch(OP.br, 0).op(OP.end).op(OP.end);
    });
  }

  /**
   * (set's address, line or tag, ways): it enters.
   * @param fill puts the line into the last place, which `at` is, and sets `at` to the place that becomes the newest
   */
  private defineEnter(
    func: number,
    fill: (code: Code, locals: { base: number; line: number; at: number }) => void,
  ): void {
    const [base, line, ways] = [0, 1, 2];
    const code = new Code(3);
    const at = code.local('i32');
    pushLast(code, base, () => code.get(ways));
    code.set(at);
    fill(code, { base, line, at });
    emitPromote(code, base, at);
    this.builder.define(func, code);
  }

  /**
   * (set's address, tag, ways) -> found: looks behind the newest entry, and makes the one with the tag the newest.
   * @param differs pushes whether the entry at an address has another tag
   */
  private defineFind(func: number, differs: (code: Code, at: number, tag: number) => void): void {
    const [base, tag, ways] = [0, 1, 2];
    const code = new Code(3);
    const at = code.local('i32');
    const end = code.local('i32');
    code.get(base).get(ways).i32(ENTRY);
    emitOperator(code, 'i32.mul');
    emitOperator(code, 'i32.add');
    code.set(end).get(base).set(at);
    code.block(OP.loop);
    code.get(at).i32(ENTRY);
    emitOperator(code, 'i32.add');
    code.tee(at).get(end);
    emitOperator(code, 'i32.geU');
    code.if().i32(0).op(OP.return).op(OP.end);
    differs(code, at, tag);
    code.branch(OP.brIf, 0).op(OP.end);
    emitPromote(code, base, at);
    code.i32(1);
    this.builder.define(func, code);
  }

  /** Pushes the address of a set: the low bits of the i32 on the stack are its number. */
  setOf(code: Code, table: TablePlace): void {
    code.i32(table.sets - 1);
    emitOperator(code, 'i32.and');
    code.i32(ENTRY * table.ways);
    emitOperator(code, 'i32.mul');
    code.get(P.cpu).memory(OP.i32Load, offsetOf('TIMINGBASE'));
    emitOperator(code, 'i32.add');
    code.i32(4 * table.at);
    emitOperator(code, 'i32.add');
  }

  /** Pushes whether a table's set holds the tag. */
  holds(code: Code, at: { set: number; tag: number }, ways: number): void {
    code.get(at.set).memory(OP.i64Load, 0).get(at.tag);
    emitOperator(code, 'i64.eq');
    if (ways === 1) return;
    code.if('i32').i32(1).op(OP.else);
    code.get(at.set).get(at.tag).i32(ways).call(this.find).op(OP.end);
  }

  /** The same for the lower halves of tags, an i32. */
  holdsLine(code: Code, at: { set: number; line: number }, ways: number): void {
    code.get(at.set).memory(OP.i32Load, 0).get(at.line);
    emitOperator(code, 'i32.eq');
    if (ways === 1) return;
    code.if('i32').i32(1).op(OP.else);
    code.get(at.set).get(at.line).i32(ways).call(this.findLine).op(OP.end);
  }

  /** Emits: a line that a set does not hold enters it. */
  enter(
    code: Code,
    at: { set: number; line: number },
    { ways, replacement = 'lru' }: { ways: number; replacement?: DataCacheTiming['replacement'] },
  ): void {
    const func = replacement === 'firstWay' ? this.enterFirstWay : this.enterOldest;
    code.get(at.set).get(at.line).i32(ways).call(func);
  }

  /** Emits: a tag of 64 bits that a set does not hold enters it; the oldest leaves. */
  enterWhole(code: Code, at: { set: number; tag: number }, ways: number): void {
    code.get(at.set).get(at.tag).i32(ways).call(this.enterTag);
  }

  /** Emits: the same for a line that nobody has used: it is the next to leave. */
  enterUnused(code: Code, at: { set: number; line: number }, ways: number): void {
    pushLast(code, at.set, () => code.i32(ways));
    code.get(at.line);
    emitOperator(code, 'i64.extendU');
    code.memory(OP.i64Store, 0);
  }

  /**
   * Emits: a line enters the way that is the oldest of another set. On the stack: the set's address, the line, and the
   * other set's address.
   */
  enterLike(code: Code, ways: number, { unused }: { unused: boolean }): void {
    code.i32(ways).call(unused ? this.enterUnusedWay : this.enterWay);
  }

  /** (set's address, line, another set's address, ways): the twin of `NumberedTable.insertLike` and the other one. */
  private defineEnterWay(func: number, { unused }: { unused: boolean }): void {
    const [base, line, other, ways] = [0, 1, 2, 3];
    const code = new Code(4);
    const at = code.local('i32');
    const way = code.local('i32');
    pushLast(code, other, () => code.get(ways));
    code.memory(OP.i32Load, 4).set(way).get(base).set(at);
    code.block(OP.block).block(OP.loop).get(at).memory(OP.i32Load, 4).get(way);
    emitOperator(code, 'i32.eq');
    code.branch(OP.brIf, 1).get(at).i32(ENTRY);
    emitOperator(code, 'i32.add');
    code.set(at).branch(OP.br, 0).op(OP.end).op(OP.end);
    code.get(at).get(line).memory(OP.i32Store, 0);
    if (!unused) emitPromote(code, base, at);
    this.builder.define(func, code);
  }

  /** Pushes whether a set holds a line; nothing changes. */
  hasLine(code: Code, { set, line }: { set: number; line: number }, ways: number): void {
    for (let way = 0; way < ways; way++) {
      code
        .get(set)
        .memory(OP.i32Load, ENTRY * way)
        .get(line);
      emitOperator(code, 'i32.eq');
      if (way > 0) emitOperator(code, 'i32.or');
    }
  }
}

/** Pushes the address of the last entry of a set. */
function pushLast(code: Code, base: number, pushWays: () => void): void {
  pushWays();
  code.i32(1);
  emitOperator(code, 'i32.sub');
  code.i32(ENTRY);
  emitOperator(code, 'i32.mul');
  code.get(base);
  emitOperator(code, 'i32.add');
}

/** Emits: the entry at `at` becomes the newest of its set, and those that were newer move down. */
function emitPromote(code: Code, base: number, at: number): void {
  const entry = code.local('i64');
  code.get(at).memory(OP.i64Load, 0).set(entry);
  code.block(OP.block).block(OP.loop).get(at).get(base);
  emitOperator(code, 'i32.eq');
  code.branch(OP.brIf, 1);
  code.get(at).get(at).i32(ENTRY);
  emitOperator(code, 'i32.sub');
  code.memory(OP.i64Load, 0).memory(OP.i64Store, 0);
  code.get(at).i32(ENTRY);
  emitOperator(code, 'i32.sub');
  code.set(at).branch(OP.br, 0).op(OP.end).op(OP.end);
  code.get(base).get(entry).memory(OP.i64Store, 0);
}
