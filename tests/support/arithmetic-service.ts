/** The services that are functions of their arguments, for the evaluator; the others need a CPU. */
import type { ServiceName } from '../../isa/vocabulary/services';
import { decimalFloat } from '../../src/cpu/decimal';
import { quadFloat } from '../../src/cpu/quad';

/** @throws Error for a service that needs a CPU */
export function arithmeticService(name: ServiceName, args: readonly bigint[]): bigint {
  if (name === 'quadFloat') return quadFloat(args);
  if (name === 'decimalFloat') return decimalFloat(args);
  throw new Error(`the service ${name} needs a CPU`);
}
