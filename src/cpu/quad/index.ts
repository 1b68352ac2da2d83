/** The service of quad-precision arithmetic: a function of its operands, asked for one part of its answer at a time. */
import {
  QUAD_OPERATIONS, QUAD_PART, QUAD_SELECTOR, type QuadOperation,
} from '../../../isa/vocabulary/quad-float'; // prettier-ignore
import { fused, operandOf, product, quotient, root, sum } from './arithmetic';
import { extended, fromDouble, fromInteger, integral, toDouble, toInteger } from './convert';
import type { Answer } from './format';

type Operation = (operands: readonly [bigint, bigint, bigint], control: number) => Answer;
const OPERATIONS: Readonly<Record<QuadOperation, Operation>> = {
  sum: ([a, b], control) => sum(operandOf(a), operandOf(b), control),
  product: ([a, b], control) => product(operandOf(a), operandOf(b), control),
  quotient: ([a, b], control) => quotient(operandOf(a), operandOf(b), control),
  root: ([a], control) => root(operandOf(a), control),
  fused: ([a, b, c], control) => fused(operandOf(a), operandOf(b), operandOf(c), control),
  integral: ([a], control) => integral(operandOf(a), control),
  extended: ([a], control) => extended(operandOf(a), control),
  toDouble: ([a], control) => toDouble(operandOf(a), control),
  fromDouble: ([a], control) => fromDouble(a, control),
  toInteger: ([a], control) => toInteger(operandOf(a), control),
  fromInteger: ([a], control) => fromInteger(a, control),
};

const BYTE = 0xffn;
const DOUBLEWORD = 64n;
const whole = (high: bigint, low: bigint): bigint => (high << DOUBLEWORD) | low;

/** @param args the selector, and three operands in doublewords */
export function quadFloat(args: readonly bigint[]): bigint {
  const [selector, ...halves] = args as [bigint, bigint, bigint, bigint, bigint, bigint, bigint];
  const name = QUAD_OPERATIONS[Number(selector & BYTE)]!;
  const part = Number((selector >> BigInt(QUAD_SELECTOR.part)) & BYTE);
  const control = Number(selector >> BigInt(QUAD_SELECTOR.control));
  const operands = [0, 2, 4].map((n) => whole(halves[n]!, halves[n + 1]!)) as [bigint, bigint, bigint];
  const { value, status } = OPERATIONS[name](operands, control);
  if (part === QUAD_PART.status) return status;
  return BigInt.asUintN(64, part === QUAD_PART.high ? value >> DOUBLEWORD : value);
}
