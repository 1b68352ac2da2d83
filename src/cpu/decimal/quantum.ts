/** Adjustment of exponents: quantize, reround, round to an integer (Power ISA Book I, 5.6.4). */
import { FPSCR } from '../../../isa/registers/float';
import type { Setting } from './arithmetic';
import { immediateOf, significanceOf } from './compare';
import {
  answer, digitsOf, greatestExponent, infinite, invalid, propagated, type Answer, type Finite, type Operand,
} from './format'; // prettier-ignore
import { cutAt, rounded, roundingOf, statusOfCut } from './round';

/** A number with an exponent, or VXCVI where it has too many digits. */
function atExponent(b: Finite, exponent: number, { f, control }: Setting): Answer {
  const { negative, coefficient } = b;
  if (coefficient === 0n) return answer({ ...b, exponent }, f);
  if (digitsOf(coefficient) + b.exponent - exponent > f.precision) return invalid(FPSCR.VXCVI.mask, f);
  const cut = cutAt(b, exponent);
  const whole = rounded(cut, negative, roundingOf(control));
  return answer({ kind: 'finite', negative, coefficient: whole, exponent }, f, statusOfCut(cut, whole));
}

export function quantize(a: Operand, b: Operand, setting: Setting): Answer {
  const { f } = setting;
  const nan = propagated([a, b], f);
  if (nan) return nan;
  if (a.kind === 'finite' && b.kind === 'finite') return atExponent(b, a.exponent, setting);
  return a.kind === b.kind ? infinite(b.negative, f) : invalid(FPSCR.VXCVI.mask, f);
}

const EXPONENT_BITS = 5;
export function quantizeTo(b: Operand, setting: Setting): Answer {
  const exponent = Number(BigInt.asIntN(EXPONENT_BITS, BigInt(immediateOf(setting.control))));
  return quantize({ kind: 'finite', negative: false, coefficient: 1n, exponent }, b, setting);
}

export function reround(reference: bigint, b: Operand, { f, control }: Setting): Answer {
  const nan = propagated([b], f);
  if (nan) return nan;
  if (b.kind !== 'finite') return infinite(b.negative, f);
  const wanted = significanceOf(reference);
  const extra = digitsOf(b.coefficient) - wanted;
  if (wanted === 0 || extra <= 0) return answer(b, f);
  const cut = cutAt(b, b.exponent + extra);
  const whole = rounded(cut, b.negative, roundingOf(control));
  const carried = digitsOf(whole) > wanted ? 1 : 0;
  const exponent = b.exponent + extra + carried;
  if (exponent > greatestExponent(f)) return invalid(FPSCR.VXCVI.mask, f);
  const coefficient = carried ? whole / 10n : whole;
  return answer({ ...b, coefficient, exponent }, f, statusOfCut(cut, whole));
}

export function integral(b: Operand, setting: Setting): Answer {
  const { f } = setting;
  const nan = propagated([b], f);
  if (nan) return nan;
  if (b.kind !== 'finite') return infinite(b.negative, f);
  return b.exponent >= 0 ? answer(b, f) : atExponent(b, 0, setting);
}
const ROUNDING = FPSCR.XX.mask | FPSCR.FI.mask | FPSCR.FR.mask;
export function integralQuietly(b: Operand, setting: Setting): Answer {
  const { value, status } = integral(b, setting);
  return { value, status: status & ~ROUNDING };
}
