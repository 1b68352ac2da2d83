/** Executing one vector instruction: VRT, VRA, VRB and VRC are registers 2 to 5, where it has them. */
import { parseOperands } from '../../isa/extended/model';
import type { TestMachine } from './evaluate';
import { execute, type Execution } from './execute';
import { named } from './find-instruction';

const NUMBERS: Readonly<Record<string, number>> = { VRT: 2, VRA: 3, VRB: 4, VRC: 5 };
export interface VectorOperands {
  readonly t?: bigint;
  readonly a?: bigint;
  readonly b?: bigint;
  readonly c?: bigint;
}

export const runVector = (
  name: string,
  { t = 0n, a = 0n, b = 0n, c = 0n }: VectorOperands,
  fields: Readonly<Record<string, number>> = {},
  changes: Partial<TestMachine> = {},
): Execution & { readonly result: bigint } => {
  const operands = parseOperands(named(name).row.operands).map((operand) => operand.name);
  const numbers = Object.entries(NUMBERS).filter(([field]) => operands.includes(field));
  const vsr = Array.from({ length: 64 }, (_, n) => [t, a, b, c][n - 34] ?? 0n);
  const x = execute(name, { ...Object.fromEntries(numbers), ...fields }, { vsr, ...changes });
  if (x.outcome.kind !== 'next') throw new Error(`${name} ended with ${x.outcome.kind}`);
  return { ...x, result: x.machine.vsr[34]! };
};
