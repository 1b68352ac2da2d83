/** The functions of IEEE arithmetic in a generated module: one for each operator of the vocabulary. */
import { IEEE_OPS, OPS, type IeeeOpName } from '../../../isa/vocabulary/ops';
import { declareFunction, type ModuleFunction } from '../function-code';
import type { CodeModel } from '../variant';
import type { ModuleBuilder } from '../wasm/module';
import { defineAdd } from './add';
import { defineCompare } from './compare';
import type { FloatFunctions } from './context';
import { defineFromInteger, defineIntegral, defineRounded, defineToInteger } from './convert';
import { defineDivide, defineSquareRoot } from './divide';
import { defineFused, defineMultiply } from './multiply';
import { defineEstimates } from './estimate';
import { definePropagate } from './nan';
import { definePack } from './pack';

/** Function numbers by operator. */
export type FloatOperators = Readonly<Record<IeeeOpName, number>>;

const DEFINITIONS: readonly ((functions: FloatFunctions) => void)[] = [
  definePack,
  definePropagate,
  defineAdd,
  defineMultiply,
  defineFused,
  defineDivide,
  defineSquareRoot,
  defineEstimates,
  defineRounded,
  defineToInteger,
  defineFromInteger,
  defineIntegral,
  defineCompare,
];

const byOperator = <T>(value: (name: IeeeOpName) => T): Record<IeeeOpName, T> =>
  Object.fromEntries(IEEE_OPS.map((name) => [name, value(name)])) as Record<IeeeOpName, T>;

/** Declares and defines the functions in a module. */
export function defineFloat(
  builder: ModuleBuilder,
  { tabulatedEstimates }: Pick<CodeModel, 'tabulatedEstimates'>,
): FloatOperators {
  const operators: Record<IeeeOpName, ModuleFunction> = byOperator((name) =>
    declareFunction(builder, OPS[name].args, OPS[name].result),
  );
  const pack = declareFunction(builder, ['i64', 'i32', 'i64', 'i32'], 'v128');
  const propagate = declareFunction(builder, ['i64', 'i64', 'i64', 'i64', 'i32'], 'v128');
  for (const define of DEFINITIONS) define({ builder, tabulatedEstimates, operators, pack, propagate });
  return byOperator((name) => operators[name].index);
}
