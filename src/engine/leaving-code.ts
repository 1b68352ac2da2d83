/** The functions by which handlers leave generated code or ask TypeScript for something, with exact state. */
import { offsetOf } from '../state/layout';
import { EXIT } from './exit';
import { emitExact, emitRecordAddress, type HelperParts } from './helper-parts';
import { emitOperator } from './operators';
import { CPU, IP } from './parameters';
import { OP } from './wasm/opcodes';
import { Code } from './wasm/module';

export function defineLeaving({ builder, variant, helpers, imports }: HelperParts): void {
  const budget = new Code(2);
  budget.get(CPU);
  emitRecordAddress(variant, budget, IP);
  budget.memory(OP.i64Store, offsetOf('NIA'));
  budget.get(CPU).i32(0).memory(OP.i32Store, offsetOf('LEFT')).i32(EXIT.budget);
  builder.define(helpers.budget, budget);

  const leave = new Code(2);
  leave.get(1).i32(EXIT.resume);
  emitOperator(leave, 'i32.eq');
  leave.if().get(CPU).get(CPU).memory(OP.i64Load, offsetOf('NIA'));
  leave.get(CPU).memory(OP.i32Load, offsetOf('LEFT')).returnCall(helpers.goto).op(OP.end).get(1);
  builder.define(helpers.leave, leave);

  const service = new Code(4);
  emitExact(variant, service);
  service.get(CPU).get(3).call(imports.service);
  builder.define(helpers.service, service);
  const raise = new Code(4);
  emitExact(variant, raise);
  raise.get(CPU).get(CPU).get(3).call(imports.raise).returnCall(helpers.leave);
  builder.define(helpers.raise, raise);
  const observe = new Code(3);
  emitExact(variant, observe);
  observe.get(CPU).call(imports.observe);
  builder.define(helpers.observe, observe);
}
