/** Executing one instruction by its mnemonic and fields on a test machine, for hand-computed cases. */
import { evaluate, newMachine, type Outcome, type TestMachine } from './evaluate';
import { imageOf, named } from './find-instruction';

/** Storage that holds bytes, given in hex, from an address on. */
export const holding = (ea: bigint, hex: string): Map<bigint, number> =>
  new Map([...Buffer.from(hex.replaceAll(' ', ''), 'hex')].map((byte, i) => [ea + BigInt(i), byte]));

/** The bytes of storage from an address on, in hex; `--` where there is none. */
export const held = (machine: TestMachine, ea: bigint, length: number): string =>
  [...Array(length).keys()]
    .map(
      (i) =>
        machine.storage
          .get(ea + BigInt(i))
          ?.toString(16)
          .padStart(2, '0') ?? '--',
    )
    .join('');

/** Thirty-two registers, 0 but for those given. */
export const registers = (values: Readonly<Record<number, bigint>>): bigint[] =>
  [...Array(32).keys()].map((n) => values[n] ?? 0n);

export interface Execution {
  readonly machine: TestMachine;
  readonly outcome: Outcome;
  readonly gpr: readonly bigint[];
}

/** Executes an instruction on a new machine with the given changes. */
export function execute(
  mnemonic: string,
  fields: Readonly<Record<string, number>>,
  changes: Partial<TestMachine> = {},
): Execution {
  const machine = newMachine({ ...changes, gpr: [...(changes.gpr ?? registers({}))] });
  const instruction = named(mnemonic);
  const outcome = evaluate(instruction, imageOf(instruction, fields), machine);
  return { machine, outcome, gpr: machine.gpr };
}

/** Why an instruction raised an interrupt, or undefined where it did not. */
export const raised = ({ outcome }: Execution): string | undefined =>
  outcome.kind === 'raise' ? outcome.reason : undefined;

export const BE_64 = { sf: 1, le: 0, blockShift: 7, xerReserved: 0 };
export const LE_64 = { sf: 1, le: 1, blockShift: 7, xerReserved: 0 };
export const BE_32 = { sf: 0, le: 0, blockShift: 7, xerReserved: 0 };
export const LE_32 = { sf: 0, le: 1, blockShift: 7, xerReserved: 0 };
