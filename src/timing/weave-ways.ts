/** Tables whose entries stay in their ways, in generated code: the twin of `TreeTable`. */
import { emitOperator } from '../engine/operators';
import { Code, type ModuleBuilder } from '../engine/wasm/module';
import { OP } from '../engine/wasm/opcodes';
import { offsetOf } from '../state/layout';
import { P } from './emit';
import { EMPTY } from './tables';
import type { TablePlace } from './weave-tables';

/** Bytes of an entry, and of the tree of a set. */
const ENTRY = 8;
const TREE = 4;

/** Parameters: the CPU, the number of the set, the tag. */
const [SET, TAG] = [1, 2];

export class WayHelper {
  /** (cpu, set, tag) -> the way of an entry, which is used by that, or -1. */
  readonly find: number;
  /** (cpu, set, tag): an entry enters that is not there. */
  readonly insert: number;
  private readonly levels: number;

  constructor(
    private readonly builder: ModuleBuilder,
    private readonly table: TablePlace,
  ) {
    this.levels = Math.log2(table.ways);
    this.find = builder.declare({ params: ['i32', 'i32', 'i64'], results: ['i32'] });
    this.insert = builder.declare({ params: ['i32', 'i32', 'i64'], results: [] });
    this.defineFind();
    this.defineInsert();
  }

  private defineFind(): void {
    const code = new Code(3);
    const entries = this.entries(code);
    const tree = this.tree(code);
    for (let way = 0; way < this.table.ways; way++) {
      code
        .get(entries)
        .memory(OP.i64Load, ENTRY * way)
        .get(TAG);
      emitOperator(code, 'i64.eq');
      code.if();
      this.use(code, tree, way);
      code.i32(way).op(OP.return).op(OP.end);
    }
    this.builder.define(this.find, code.i32(-1));
  }

  /** Emits: the bits of the tree point away from a way. */
  private use(code: Code, tree: number, way: number): void {
    let [set, clear, node] = [0, 0, 0];
    for (let level = this.levels - 1; level >= 0; level--) {
      const bit = (way >>> level) & 1;
      if (bit === 1) clear |= 1 << node;
      else set |= 1 << node;
      node = 2 * node + 1 + bit;
    }
    code.get(tree).get(tree).memory(OP.i32Load, 0).i32(~clear);
    emitOperator(code, 'i32.and');
    code.i32(set);
    emitOperator(code, 'i32.or');
    code.memory(OP.i32Store, 0);
  }

  private defineInsert(): void {
    const { ways } = this.table;
    const code = new Code(3);
    const entries = this.entries(code);
    const tree = this.tree(code);
    const way = code.local('i32');
    this.victim(code, tree, way);
    // The first way without an entry, if there is one.
    for (let free = ways - 1; free >= 0; free--) {
      code
        .i32(free)
        .get(way)
        .get(entries)
        .memory(OP.i64Load, ENTRY * free)
        .i64(BigInt(EMPTY));
      emitOperator(code, 'i64.eq');
      code.op(OP.select).set(way);
    }
    code.get(way).i32(ENTRY);
    emitOperator(code, 'i32.mul');
    code.get(entries);
    emitOperator(code, 'i32.add');
    code.get(TAG).memory(OP.i64Store, 0);
    for (let used = 0; used < ways; used++) {
      code.get(way).i32(used);
      emitOperator(code, 'i32.eq');
      code.if();
      this.use(code, tree, used);
      code.op(OP.end);
    }
    this.builder.define(this.insert, code);
  }

  /** Sets a local to the way that the tree's bits point to. */
  private victim(code: Code, tree: number, way: number): void {
    const node = code.local('i32');
    const bit = code.local('i32');
    for (let level = 0; level < this.levels; level++) {
      code.get(tree).memory(OP.i32Load, 0).get(node);
      emitOperator(code, 'i32.shrU');
      code.i32(1);
      emitOperator(code, 'i32.and');
      code.set(bit);
      twice(code, way).get(bit);
      emitOperator(code, 'i32.add');
      code.set(way);
      twice(code, node).i32(1);
      emitOperator(code, 'i32.add');
      code.get(bit);
      emitOperator(code, 'i32.add');
      code.set(node);
    }
  }

  /** A local with the address of the set's first entry. */
  private entries(code: Code): number {
    return this.address(code, this.table.at, ENTRY * this.table.ways);
  }

  /** A local with the address of the set's tree. */
  private tree(code: Code): number {
    const { at, sets, ways } = this.table;
    return this.address(code, at + (ENTRY / 4) * sets * ways, TREE);
  }

  private address(code: Code, word: number, size: number): number {
    const address = code.local('i32');
    code.get(SET).i32(size);
    emitOperator(code, 'i32.mul');
    code.get(P.cpu).memory(OP.i32Load, offsetOf('TIMINGBASE'));
    emitOperator(code, 'i32.add');
    code.i32(4 * word);
    emitOperator(code, 'i32.add');
    code.set(address);
    return address;
  }
}

function twice(code: Code, local: number): Code {
  code.get(local).get(local);
  emitOperator(code, 'i32.add');
  return code;
}
