/**
 * Tier 1: a threaded interpreter, one wasm function per instruction (and per value of a specialised field), generated
 * from the rows for one variant. A handler executes its instruction and tail-calls the next one through its record.
 */
import { prologue } from '../../isa/vocabulary/prologue';
import type { InsnRow } from '../../isa/vocabulary/row';
import { defineFloat } from './float';
import { HelperBuilder, SPECIAL } from './helpers';
import { Lowering } from './lowering';
import { IP } from './parameters';
import type { Handler, HandlerGroup } from './specialise';
import type { Variant } from './variant';
import type { EngineWeaver } from './weaver';
import { OP } from './wasm/opcodes';
import { Code, ModuleBuilder } from './wasm/module';

export interface Tier1Shape {
  /** All handlers; those of `group` are generated. */
  readonly handlers: readonly Handler[];
  readonly group: HandlerGroup;
  /** Size of the imported table. */
  readonly tableSize: number;
  /** First table position of this variant. */
  readonly tableBase: number;
  readonly weaver?: EngineWeaver | undefined;
}

/** Privilege and facility checks before the semantics; `attn`-like rows of no facility have none. */
const semanticsOf = (row: InsnRow) => [...prologue(row), ...row.sem];

/**
 * The binary of the interpreter of one variant, as far as one group goes. The special handlers are in the general one;
 * the helpers are in each, for a call within a module is cheaper.
 */
export function generateTier1(variant: Variant, shape: Tier1Shape): Uint8Array<ArrayBuffer> {
  const builder = new ModuleBuilder();
  shape.weaver?.declareImports(builder);
  const base = new HelperBuilder(builder, variant);
  const weaver = shape.weaver?.begin(builder);
  base.define(weaver);
  const { helpers } = base;
  const float = shape.group === 'general' ? undefined : defineFloat(builder, variant);
  const signature = { params: ['i32', 'i32', 'i32'], results: ['i32'] } as const;
  if (shape.group === 'general') builder.fillTable(shape.tableBase, base.specialHandlers());
  shape.handlers.forEach((handler, index) => {
    if (handler.group !== shape.group) return;
    const { instruction, fixed } = handler;
    const func = builder.declare(signature);
    const code = new Code(3);
    const prefixed = instruction.size === 64;
    if (variant.observed) {
      const status = code.local('i32');
      code.get(0).get(IP).get(2).call(helpers.observe).set(status);
      code.get(status).if().get(status).op(OP.return).op(OP.end);
    }
    const woven = weaver?.handler(code, handler);
    const lowering = new Lowering(code, instruction.row, fixed, { variant, helpers, float, prefixed, woven });
    lowering.instruction(semanticsOf(instruction.row));
    builder.define(func, code);
    builder.fillTable(shape.tableBase + SPECIAL.count + index, [func]);
  });
  return builder.encode(shape.tableSize);
}
