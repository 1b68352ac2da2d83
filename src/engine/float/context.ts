/** What the functions of arithmetic call of each other. */
import type { IeeeOpName } from '../../../isa/vocabulary/ops';
import type { ModuleFunction } from '../function-code';
import type { ModuleBuilder } from '../wasm/module';

export interface FloatFunctions {
  readonly builder: ModuleBuilder;
  /** As {@link CodeModel.tabulatedEstimates}. */
  readonly tabulatedEstimates: boolean;
  /** One for each operator. */
  readonly operators: Readonly<Record<IeeeOpName, ModuleFunction>>;
  /** (sign, exponent, significand, control): rounds and packs what {@link unpack} would take apart, but any value. */
  readonly pack: ModuleFunction;
  /** (a, b, c, status, control): the result where some operand is a NaN; the first counts. */
  readonly propagate: ModuleFunction;
}
