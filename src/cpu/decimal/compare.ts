/** Comparisons and tests of decimal numbers (Power ISA Book I, 5.6.2 and 5.6.3): CR fields, which are FPCC too. */
import { FPSCR } from '../../../isa/registers/float';
import { DECIMAL_CONTROL } from '../../../isa/vocabulary/decimal-float';
import type { Setting } from './arithmetic';
import {
  digitsOf, greatestExponent, isNan, leastExponent, leastNormal, powerOfTen, topOf,
  type Answer, type Finite, type Operand,
} from './format'; // prettier-ignore

const LESS = 8n;
const GREATER = 4n;
const EQUAL = 2n;
const UNORDERED = 1n;
const result = (value: bigint, exceptions = 0n): Answer => ({
  value,
  status: (value << BigInt(FPSCR.FPCC.shift)) | exceptions,
});
const ordered = (a: number | bigint, b: number | bigint): bigint => (a < b ? LESS : a > b ? GREATER : EQUAL);

/** Magnitudes of numbers other than 0. */
function comparedMagnitudes(a: Finite, b: Finite): bigint {
  if (topOf(a) !== topOf(b)) return ordered(topOf(a), topOf(b));
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = (x: Finite): bigint => x.coefficient * powerOfTen(x.exponent - exponent);
  return ordered(scaled(a), scaled(b));
}
/** -2 to 2: infinities, other numbers, 0. */
const rank = (x: Operand): number => {
  const magnitude = x.kind !== 'finite' ? 2 : x.coefficient === 0n ? 0 : 1;
  return x.negative ? -magnitude : magnitude;
};
function compared(a: Operand, b: Operand): bigint {
  if (isNan(a) || isNan(b)) return UNORDERED;
  if (rank(a) !== rank(b) || a.kind !== 'finite' || b.kind !== 'finite') return ordered(rank(a), rank(b));
  if (a.coefficient === 0n) return EQUAL;
  return a.negative ? comparedMagnitudes(b, a) : comparedMagnitudes(a, b);
}

const signals = (...operands: readonly Operand[]): boolean => operands.some((x) => x.kind === 'signalling');
export const compareUnordered = (a: Operand, b: Operand): Answer =>
  result(compared(a, b), signals(a, b) ? FPSCR.VXSNAN.mask : 0n);
/** A NaN is an invalid comparison too, but for one that signals where that interrupts. */
export function compareOrdered(a: Operand, b: Operand, { control }: Setting): Answer {
  const nan = isNan(a) || isNan(b);
  const isEnabled = (control & Number(FPSCR.VE.mask)) !== 0;
  const cause = signals(a, b) ? FPSCR.VXSNAN.mask : 0n;
  const comparison = nan && !(cause !== 0n && isEnabled) ? FPSCR.VXVC.mask : 0n;
  return result(compared(a, b), cause | comparison);
}

const MASK_BITS = 6;
export const immediateOf = (control: number): number =>
  (control >> DECIMAL_CONTROL.immediate) & (2 ** MASK_BITS - 1);
/** The sign, and whether the mask has the bit: 0 is the leftmost. */
const matched = (x: Operand, bit: number, control: number): Answer => {
  const isIn = (immediateOf(control) >> (MASK_BITS - 1 - bit)) & 1;
  return result((x.negative ? LESS : 0n) | (isIn ? EQUAL : 0n));
};

export function testClass(x: Operand, { f, control }: Setting): Answer {
  const bit = ((): number => {
    if (x.kind === 'signalling') return 5;
    if (x.kind !== 'finite') return x.kind === 'quiet' ? 4 : 3;
    if (x.coefficient === 0n) return 0;
    return topOf(x) < leastNormal(f) ? 1 : 2;
  })();
  return matched(x, bit, control);
}

export function testGroup(x: Operand, { f, control }: Setting): Answer {
  const bit = ((): number => {
    if (x.kind !== 'finite') return 5;
    const isExtreme = x.exponent === leastExponent(f) || x.exponent === greatestExponent(f);
    if (x.coefficient === 0n) return isExtreme ? 1 : 0;
    if (isExtreme || topOf(x) < leastNormal(f)) return 2;
    return digitsOf(x.coefficient) < f.precision ? 3 : 4;
  })();
  return matched(x, bit, control);
}

export function testExponent(a: Operand, b: Operand): Answer {
  if (a.kind === 'finite' && b.kind === 'finite') return result(ordered(a.exponent, b.exponent));
  const same = isNan(a) ? isNan(b) : a.kind === b.kind;
  return result(same ? EQUAL : UNORDERED);
}

/** The significance that an instruction asks for: the last six bits of a register. */
export const significanceOf = (bits: bigint): number => Number(BigInt.asUintN(MASK_BITS, bits));
export function testSignificance(reference: bigint, x: Operand): Answer {
  if (x.kind !== 'finite') return result(UNORDERED);
  const wanted = significanceOf(reference);
  return result(wanted === 0 ? GREATER : ordered(wanted, digitsOf(x.coefficient)));
}
