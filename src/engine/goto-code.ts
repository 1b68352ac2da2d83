/** How generated code goes on at an address: the decoded record there, from the cache of fetched pages. */
import { FETCH_ENTRIES, FETCH_ENTRY, offsetOf, RECORD } from '../state/layout';
import { EXIT } from './exit';
import type { HelperParts } from './helper-parts';
import { emitOperator } from './operators';
import { CPU, LEFT } from './parameters';
import { OP } from './wasm/opcodes';
import { Code } from './wasm/module';

/** Parameter that is the address to go on at. */
const ADDRESS = 1;

/** Defines `goto`, and the exported `enter`: (cpu, left) goes on at NIA. */
export function defineGoto({ builder, variant, helpers }: HelperParts): void {
  const code = new Code(3);
  const entry = code.local('i32');
  code.get(ADDRESS).i64(variant.modes.sf ? ~3n : 0xfffffffcn);
  emitOperator(code, 'i64.and');
  code.set(ADDRESS);
  const leave = (exit: number): void => {
    code.get(CPU).get(ADDRESS).memory(OP.i64Store, offsetOf('NIA'));
    code.get(CPU).get(LEFT).memory(OP.i32Store, offsetOf('LEFT')).i32(exit).op(OP.return);
  };
  code.get(LEFT);
  emitOperator(code, 'i32.eqz');
  code.if();
  leave(EXIT.budget);
  code.op(OP.end);
  emitLookup(code, entry);
  code.if();
  leave(EXIT.fetch);
  code.op(OP.end);
  emitGo(code, entry);
  code.returnCallIndirect(helpers.handlerType);
  builder.define(helpers.goto, code);

  const enter = builder.declare({ params: ['i32', 'i32'], results: ['i32'] });
  const body = new Code(2);
  body.get(0).get(0).memory(OP.i64Load, offsetOf('NIA')).get(1).returnCall(helpers.goto);
  builder.define(enter, body);
  builder.export('enter', enter);
}

/** Pushes whether the entry of the page does not hold this page in this context; the entry is left in a local. */
function emitLookup(code: Code, entry: number): void {
  code.get(ADDRESS).i64(BigInt(Math.log2(4096 / FETCH_ENTRY.size)));
  emitOperator(code, 'i64.shrU');
  emitOperator(code, 'i32.wrap');
  code.i32((FETCH_ENTRIES - 1) * FETCH_ENTRY.size);
  emitOperator(code, 'i32.and');
  code.get(CPU).memory(OP.i32Load, offsetOf('FETCHBASE'));
  emitOperator(code, 'i32.xor');
  code.tee(entry).memory(OP.i64Load, FETCH_ENTRY.tag);
  code.get(ADDRESS).i64(~0xfffn);
  emitOperator(code, 'i64.and');
  code.get(CPU).memory(OP.i64Load, offsetOf('ICTX'));
  emitOperator(code, 'i64.or');
  emitOperator(code, 'i64.ne');
}

/** Pushes what the handler of the record wants. The bias gives addresses back from records of this page. */
function emitGo(code: Code, entry: number): void {
  const record = code.local('i32');
  code.get(ADDRESS);
  emitOperator(code, 'i32.wrap');
  code.i32(0xfff);
  emitOperator(code, 'i32.and');
  code.i32(1);
  emitOperator(code, 'i32.shl');
  code.get(entry).memory(OP.i32Load, FETCH_ENTRY.records);
  emitOperator(code, 'i32.add');
  code.set(record);
  code.get(CPU).get(ADDRESS).get(record).i32(1);
  emitOperator(code, 'i32.shrU');
  emitOperator(code, 'i64.extendU');
  emitOperator(code, 'i64.sub');
  code.memory(OP.i64Store, offsetOf('FETCHBIAS'));
  code.get(CPU).get(record).get(LEFT).get(record).memory(OP.i32Load, RECORD.handler);
}
