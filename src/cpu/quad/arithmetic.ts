/** Quad-precision arithmetic on exact numbers (Power ISA v3.0B Book I, 7.6.3). */
import { FPSCR } from '../../../isa/registers/float';
import { ROUND } from '../../../isa/vocabulary/float-arithmetic';
import { QUAD_CONTROL } from '../../../isa/vocabulary/quad-float';
import {
  decode, infinite, invalid, propagated, QUAD, zero, type Answer, type Finite, type Infinite, type Operand,
} from './format'; // prettier-ignore
import { bitLength, round, type Exact } from './round';

type Number = Finite | Infinite;
const FORMATS = { from: QUAD, to: QUAD } as const;
const RN = 3;
/** Extra bits of quotients and roots: what is beyond them is only whether it is anything. */
const GUARD = 8;

const isNumber = (x: Operand): x is Number => x.kind !== 'nan';
const isZero = (x: Number): boolean => x.kind === 'finite' && x.significand === 0n;
const negated = <T extends Operand>(x: T, on: boolean): T =>
  on && x.kind !== 'nan' ? { ...x, negative: !x.negative } : x;
const has = (control: number, bit: number): boolean => (control & bit) !== 0;

/** The exact sum; zero of equal operands is negative only where rounding is downward. */
function exactSum(a: Finite, b: Finite, control: number): Exact {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (x: Finite): bigint =>
    (x.negative ? -x.significand : x.significand) << BigInt(x.exponent - exponent);
  const sum = scaled(a) + scaled(b);
  const both = a.negative && b.negative;
  const cancelled = (control & RN) === ROUND.DOWN && !has(control, QUAD_CONTROL.ODD);
  const same = a.negative === b.negative;
  const negative = sum === 0n ? (same ? both : cancelled) : sum < 0n;
  return { negative, significand: sum < 0n ? -sum : sum, exponent };
}

const finish = (exact: Exact, control: number): Answer => round(exact, QUAD, { control });

/** a + b for numbers. */
function sumOf(a: Number, b: Number, control: number): Answer {
  const flip = has(control, QUAD_CONTROL.NEGATE_RESULT);
  if (a.kind === 'infinity') {
    if (b.kind === 'infinity' && a.negative !== b.negative) return invalid(FPSCR.VXISI.mask, QUAD);
    return infinite(a.negative !== flip, QUAD);
  }
  if (b.kind === 'infinity') return infinite(b.negative !== flip, QUAD);
  const sum = exactSum(a, b, control);
  return sum.significand === 0n ? zero(sum.negative !== flip, QUAD) : finish(sum, control);
}

export function sum(a: Operand, b: Operand, control: number): Answer {
  if (!isNumber(a) || !isNumber(b)) return propagated([a, b], FORMATS)!;
  return sumOf(a, negated(b, has(control, QUAD_CONTROL.NEGATE_ADDEND)), control);
}

/** The product of numbers, which is exact, or undefined for infinity times zero. */
function exactProduct(a: Number, b: Number): Number | undefined {
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinity' || b.kind === 'infinity')
    return isZero(a) || isZero(b) ? undefined : { kind: 'infinity', negative };
  const exponent = a.exponent + b.exponent;
  return { kind: 'finite', negative, significand: a.significand * b.significand, exponent };
}

export function product(a: Operand, b: Operand, control: number): Answer {
  if (!isNumber(a) || !isNumber(b)) return propagated([a, b], FORMATS)!;
  const exact = exactProduct(a, b);
  if (!exact) return invalid(FPSCR.VXIMZ.mask, QUAD);
  return exact.kind === 'infinity' ? infinite(exact.negative, QUAD) : finish(exact, control);
}

/** a * b + c. Of several NaNs the first factor's counts, then the addend's. */
export function fused(a: Operand, b: Operand, c: Operand, control: number): Answer {
  const exact = isNumber(a) && isNumber(b) ? exactProduct(a, b) : { kind: 'nan' as const };
  const cause = exact === undefined ? FPSCR.VXIMZ.mask : 0n;
  const nan = propagated([a, c, b], FORMATS, cause);
  if (nan) return nan;
  if (!exact || exact.kind === 'nan' || !isNumber(c)) return invalid(FPSCR.VXIMZ.mask, QUAD);
  return sumOf(exact, negated(c, has(control, QUAD_CONTROL.NEGATE_ADDEND)), control);
}

export function quotient(a: Operand, b: Operand, control: number): Answer {
  if (!isNumber(a) || !isNumber(b)) return propagated([a, b], FORMATS)!;
  const negative = a.negative !== b.negative;
  if (a.kind === 'infinity')
    return b.kind === 'infinity' ? invalid(FPSCR.VXIDI.mask, QUAD) : infinite(negative, QUAD);
  if (b.kind === 'infinity') return zero(negative, QUAD);
  if (isZero(b)) return isZero(a) ? invalid(FPSCR.VXZDZ.mask, QUAD) : infinite(negative, QUAD, FPSCR.ZX.mask);
  if (isZero(a)) return zero(negative, QUAD);
  const wanted = QUAD.fraction + GUARD + bitLength(b.significand) - bitLength(a.significand);
  const shift = Math.max(wanted, 0);
  const scaled = a.significand << BigInt(shift);
  const significand = scaled / b.significand;
  const exponent = a.exponent - b.exponent - shift;
  return finish({ negative, significand, exponent, sticky: significand * b.significand !== scaled }, control);
}

/** The integer part of a square root, by Newton's iteration from above. */
function integerRoot(n: bigint): bigint {
  if (n === 0n) return 0n;
  let root = 1n << BigInt((bitLength(n) >> 1) + 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function root(a: Operand, control: number): Answer {
  if (!isNumber(a)) return propagated([a], FORMATS)!;
  if (isZero(a)) return zero(a.negative, QUAD);
  if (a.negative) return invalid(FPSCR.VXSQRT.mask, QUAD);
  if (a.kind === 'infinity') return infinite(false, QUAD);
  const wanted = 2 * (QUAD.fraction + GUARD) - bitLength(a.significand);
  // The exponent that is left must be even.
  const shift = Math.max(wanted, 0) + ((a.exponent - Math.max(wanted, 0)) & 1);
  const scaled = a.significand << BigInt(shift);
  const significand = integerRoot(scaled);
  const exponent = (a.exponent - shift) / 2;
  return finish({ negative: false, significand, exponent, sticky: significand ** 2n !== scaled }, control);
}

export const operandOf = (bits: bigint): Operand => decode(bits, QUAD);
