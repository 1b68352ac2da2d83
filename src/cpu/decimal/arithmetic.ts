/** Decimal arithmetic on exact numbers (Power ISA Book I, 5.6.1). */
import { FPSCR } from '../../../isa/registers/float';
import { DECIMAL_ROUND } from '../../../isa/vocabulary/decimal-float';
import {
  digitsOf, infinite, invalid, isNan, powerOfTen, propagated, topOf, zero,
  type Answer, type Finite, type Format, type Operand,
} from './format'; // prettier-ignore
import { round, roundingOf, type Exact } from './round';

export interface Setting {
  readonly f: Format;
  readonly control: number;
}
/** Digits of a quotient beyond the format's: what is beyond them is only whether it is anything. */
const GUARD = 2;

const isZero = (x: Operand): boolean => x.kind === 'finite' && x.coefficient === 0n;
/** The sign of an exact sum of 0 is that of both operands; where they differ it is negative only in rounding down. */
const signOfZero = (a: Operand, b: Operand, control: number): boolean =>
  a.negative === b.negative ? a.negative : roundingOf(control) === DECIMAL_ROUND.DOWN;

/**
 * A number that rounds in a sum with the other as this one does: what is far below the other's digits counts only as
 * something.
 */
function brought(x: Finite, near: Finite, { precision }: Format): Finite {
  const floor = topOf(near) - 2 * precision - 2;
  return topOf(x) >= floor ? x : { ...x, coefficient: 1n, exponent: floor };
}

function exactSum(a: Finite, b: Finite, f: Format): Exact {
  if (isZero(a)) return b;
  if (isZero(b)) return a;
  const [near, far] = [brought(a, b, f), brought(b, a, f)];
  const exponent = Math.min(near.exponent, far.exponent);
  const scaled = ({ negative, coefficient, exponent: at }: Finite): bigint =>
    (negative ? -coefficient : coefficient) * powerOfTen(at - exponent);
  const total = scaled(near) + scaled(far);
  return { negative: total < 0n, coefficient: total < 0n ? -total : total, exponent };
}

export function sum(a: Operand, b: Operand, { f, control }: Setting): Answer {
  const nan = propagated([a, b], f);
  if (nan) return nan;
  if (a.kind === 'infinity') {
    const opposite = b.kind === 'infinity' && a.negative !== b.negative;
    return opposite ? invalid(FPSCR.VXISI.mask, f) : infinite(a.negative, f);
  }
  if (b.kind === 'infinity') return infinite(b.negative, f);
  const [x, y] = [a as Finite, b as Finite];
  const ideal = Math.min(x.exponent, y.exponent);
  const exact = exactSum(x, y, f);
  if (exact.coefficient === 0n) return zero(signOfZero(x, y, control), f, ideal);
  return round(exact, { f, ideal, control });
}
/** A NaN keeps its sign. */
export const difference = (a: Operand, b: Operand, setting: Setting): Answer =>
  sum(a, isNan(b) ? b : { ...b, negative: !b.negative }, setting);

export function product(a: Operand, b: Operand, { f, control }: Setting): Answer {
  const nan = propagated([a, b], f);
  if (nan) return nan;
  const negative = a.negative !== b.negative;
  if (a.kind !== 'finite' || b.kind !== 'finite')
    return isZero(a) || isZero(b) ? invalid(FPSCR.VXIMZ.mask, f) : infinite(negative, f);
  const exponent = a.exponent + b.exponent;
  const exact = { negative, coefficient: a.coefficient * b.coefficient, exponent };
  return round(exact, { f, ideal: exponent, control });
}

export function quotient(a: Operand, b: Operand, { f, control }: Setting): Answer {
  const nan = propagated([a, b], f);
  if (nan) return nan;
  const negative = a.negative !== b.negative;
  if (a.kind !== 'finite') return b.kind === 'finite' ? infinite(negative, f) : invalid(FPSCR.VXIDI.mask, f);
  // The least exponent.
  if (b.kind !== 'finite') return zero(negative, f, -Infinity);
  if (isZero(b)) return isZero(a) ? invalid(FPSCR.VXZDZ.mask, f) : infinite(negative, f, FPSCR.ZX.mask);
  const ideal = a.exponent - b.exponent;
  const wanted = f.precision + GUARD + digitsOf(b.coefficient) - digitsOf(a.coefficient);
  const shift = Math.max(wanted, 0);
  const scaled = a.coefficient * powerOfTen(shift);
  const coefficient = scaled / b.coefficient;
  const sticky = coefficient * b.coefficient !== scaled;
  return round({ negative, coefficient, exponent: ideal - shift, sticky }, { f, ideal, control });
}
