/** Names of registers and CR bits as operands: what GNU as knows with -mregnames, and SPRs by the ISA's names. */
import { SPR_ROWS } from '../../isa/registers/spr';
import type { OperandClass } from './operand';

/** General registers with a name of their own in the ABI. */
const GPR_NAMES: ReadonlyMap<string, number> = new Map([
  ['sp', 1],
  ['rtoc', 2],
  ['toc', 2],
]);
const CR_BIT_NAMES: ReadonlyMap<string, number> = new Map([
  ['lt', 0],
  ['gt', 1],
  ['eq', 2],
  ['so', 3],
  ['un', 3],
]);

const sprNumbers = new Map(SPR_ROWS.map(({ num, name }) => [name.toLowerCase(), num]));

function numbered(prefix: string, count: number, name: string): number | undefined {
  const match = /^([a-z]+)(\d{1,2})$/.exec(name);
  if (match?.[1] !== prefix) return undefined;
  const number = Number(match[2]);
  return number < count && String(number) === match[2] ? number : undefined;
}

const gpr = (name: string): number | undefined => numbered('r', 32, name) ?? GPR_NAMES.get(name);
const fpr = (name: string): number | undefined => numbered('f', 32, name);
const vr = (name: string): number | undefined => numbered('v', 32, name);
const vsr = (name: string): number | undefined => numbered('vs', 64, name);
const crField = (name: string): number | undefined => numbered('cr', 8, name);

/** The number that a name stands for in an operand of a class, or undefined. `%r3` is `r3`. */
export function registerNumber(operand: OperandClass, name: string): number | undefined {
  const plain = name.replace(/^%/, '').toLowerCase();
  switch (operand) {
    case 'gpr':
    case 'gprOrZero':
      return gpr(plain);
    case 'fpr':
      return fpr(plain);
    case 'vr':
      return vr(plain);
    case 'vsr':
      return vsr(plain);
    case 'crField':
      return crField(plain);
    case 'crBit':
      return CR_BIT_NAMES.get(plain) ?? crField(plain);
    case 'spr':
      return sprNumbers.get(plain);
    case 'number':
    case 'relative':
    case 'absolute':
      return undefined;
  }
}

/** True for the name of some register: where it is not understood, that is worth saying. */
export const isRegisterName = (name: string): boolean =>
  (['gpr', 'fpr', 'vr', 'vsr', 'crField', 'crBit', 'spr'] as const).some(
    (kind) => registerNumber(kind, name) !== undefined,
  );

/** What an operand of a class is, for messages. */
export const EXPECTED: Readonly<Record<OperandClass, string>> = {
  gpr: 'a general register r0 to r31',
  gprOrZero: 'a general register r0 to r31',
  fpr: 'a floating-point register f0 to f31',
  vr: 'a vector register v0 to v31',
  vsr: 'a vector-scalar register vs0 to vs63',
  crField: 'a CR field cr0 to cr7',
  crBit: 'a CR bit such as eq or 4*cr1+eq',
  spr: 'a special purpose register by name or number',
  number: 'a number',
  relative: 'a branch target',
  absolute: 'a branch target',
};
