/** The service of decimal floating-point: a function of its operands, asked for one part of its answer at a time. */
import {
  DECIMAL_CONTROL, DECIMAL_OPERATIONS, DECIMAL_PART, DECIMAL_SELECTOR, type DecimalOperation,
} from '../../../isa/vocabulary/decimal-float'; // prettier-ignore
import { difference, product, quotient, sum, type Setting } from './arithmetic';
import {
  compareOrdered, compareUnordered, testClass, testExponent, testGroup, testSignificance,
} from './compare'; // prettier-ignore
import { fromInteger, narrow, toInteger, widen } from './convert';
import { extractExponent, fromDigits, insertExponent, shiftLeft, shiftRight, toDigits } from './digits';
import { decode, EXTENDED, LONG, type Answer, type Operand } from './format';
import { integral, integralQuietly, quantize, quantizeTo, reround } from './quantum';

/** Operands as bits and as numbers, which are taken apart when they are asked for. */
interface Operands {
  readonly bits: readonly [bigint, bigint];
  readonly a: Operand;
  readonly b: Operand;
}
type Operation = (operands: Operands, setting: Setting) => Answer;
const OPERATIONS: Readonly<Record<DecimalOperation, Operation>> = {
  sum: ({ a, b }, setting) => sum(a, b, setting),
  difference: ({ a, b }, setting) => difference(a, b, setting),
  product: ({ a, b }, setting) => product(a, b, setting),
  quotient: ({ a, b }, setting) => quotient(a, b, setting),
  compareOrdered: ({ a, b }, setting) => compareOrdered(a, b, setting),
  compareUnordered: ({ a, b }) => compareUnordered(a, b),
  testClass: ({ a }, setting) => testClass(a, setting),
  testGroup: ({ a }, setting) => testGroup(a, setting),
  testExponent: ({ a, b }) => testExponent(a, b),
  testSignificance: ({ bits, b }) => testSignificance(bits[0], b),
  quantize: ({ a, b }, setting) => quantize(a, b, setting),
  quantizeTo: ({ b }, setting) => quantizeTo(b, setting),
  reround: ({ bits, b }, setting) => reround(bits[0], b, setting),
  integral: ({ b }, setting) => integral(b, setting),
  integralQuietly: ({ b }, setting) => integralQuietly(b, setting),
  widen: ({ bits }, setting) => widen(bits[1], setting),
  narrow: ({ b }, setting) => narrow(b, setting),
  fromInteger: ({ bits }, setting) => fromInteger(bits[1], 64, setting),
  fromWideInteger: ({ bits }, setting) => fromInteger(bits[1], 128, setting),
  toInteger: ({ b }, setting) => toInteger(b, 64, setting),
  toWideInteger: ({ b }, setting) => toInteger(b, 128, setting),
  toDigits: ({ b }, setting) => toDigits(b, setting),
  fromDigits: ({ bits }, setting) => fromDigits(bits[1], setting),
  extractExponent: ({ b }, setting) => extractExponent(b, setting),
  insertExponent: ({ bits, b }, setting) => insertExponent(bits[0], b, setting),
  shiftLeft: ({ a }, setting) => shiftLeft(a, setting),
  shiftRight: ({ a }, setting) => shiftRight(a, setting),
};

const BYTE = 0xffn;
const DOUBLEWORD = 64n;
const whole = (high: bigint, low: bigint): bigint => (high << DOUBLEWORD) | low;

/** @param args the selector, and two operands in doublewords */
export function decimalFloat(args: readonly bigint[]): bigint {
  const [selector, aHigh, aLow, bHigh, bLow] = args as [bigint, bigint, bigint, bigint, bigint];
  const name = DECIMAL_OPERATIONS[Number(selector & BYTE)]!;
  const part = Number((selector >> BigInt(DECIMAL_SELECTOR.part)) & BYTE);
  const control = Number(selector >> BigInt(DECIMAL_SELECTOR.control));
  const f = (control & DECIMAL_CONTROL.QUAD) === 0 ? LONG : EXTENDED;
  const bits = [whole(aHigh, aLow), whole(bHigh, bLow)] as const;
  const operands: Operands = {
    bits,
    get a() {
      return decode(bits[0], f);
    },
    get b() {
      return decode(bits[1], f);
    },
  };
  const { value, status } = OPERATIONS[name](operands, { f, control });
  if (part === DECIMAL_PART.status) return status;
  return BigInt.asUintN(64, part === DECIMAL_PART.high ? value >> DOUBLEWORD : value);
}
