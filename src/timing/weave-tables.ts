/** Looking into the model's tables from generated code: the twin of `tables.ts`. */
import { emitOperator } from '../engine/operators';
import { OP } from '../engine/wasm/opcodes';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { offsetOf } from '../state/layout';
import { P } from './emit';

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

  constructor(private readonly builder: ModuleBuilder) {
    this.find = builder.declare({ params: ['i32', 'i64', 'i32'], results: ['i32'] });
    this.findLine = builder.declare({ params: ['i32', 'i32', 'i32'], results: ['i32'] });
    this.defineFind(this.find, (code, at, tag) => {
      code.get(at).memory(OP.i64Load, 0).get(tag);
      emitOperator(code, 'i64.ne');
    });
    this.defineFind(this.findLine, (code, at, tag) => {
      code.get(at).memory(OP.i32Load, 0).get(tag);
      emitOperator(code, 'i32.ne');
    });
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
    const entry = code.local('i64');
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
    code.get(at).memory(OP.i64Load, 0).set(entry);
    // Those that are newer move down.
    code.block(OP.loop);
    code.get(at).get(at).i32(ENTRY);
    emitOperator(code, 'i32.sub');
    code.memory(OP.i64Load, 0).memory(OP.i64Store, 0);
    code.get(at).i32(ENTRY);
    emitOperator(code, 'i32.sub');
    code.tee(at).get(base);
    emitOperator(code, 'i32.gtU');
    code.branch(OP.brIf, 0).op(OP.end);
    code.get(base).get(entry).memory(OP.i64Store, 0).i32(1);
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
}
