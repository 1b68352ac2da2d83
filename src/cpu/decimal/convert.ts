/** Conversions of decimal numbers between formats and from and to integers (Power ISA Book I, 5.6.5). */
import { FPSCR } from '../../../isa/registers/float';
import type { Setting } from './arithmetic';
import {
  answer, decode, EXTENDED, infinite, LONG, propagated, SHORT, type Answer, type Format, type Operand,
} from './format'; // prettier-ignore
import { cutAt, round, rounded, roundingOf, statusOfCut } from './round';

/**
 * A NaN in another format: the short one is only for storage, and keeps NaNs that signal. Digits that do not fit are
 * lost on the left.
 */
function special(
  x: Operand,
  { f, keeps }: { readonly f: Format; readonly keeps: boolean },
): Answer | undefined {
  if (x.kind === 'infinity') return infinite(x.negative, f);
  return keeps && x.kind === 'signalling' ? answer(x, f) : propagated([x], f);
}

/** @param bits a number of the narrower format */
export function widen(bits: bigint, { f }: Setting): Answer {
  const isLong = f === LONG;
  const x = decode(BigInt.asUintN(isLong ? SHORT.bits : LONG.bits, bits), isLong ? SHORT : LONG);
  if (x.kind !== 'finite') return special(x, { f, keeps: isLong })!;
  return answer(x, f);
}

/**
 * To a narrower format, in the low word, or in the upper doubleword. Where overflow or underflow is enabled, the result
 * is one of the wider format.
 */
export function narrow(b: Operand, { f, control }: Setting): Answer {
  const isLong = f === LONG;
  const to = isLong ? SHORT : LONG;
  const place = ({ value, status }: Answer): Answer => ({ value: isLong ? value : value << 64n, status });
  if (b.kind !== 'finite') return place(special(b, { f: to, keeps: isLong })!);
  const rounding = round(b, { f: to, ideal: b.exponent, control, wrapped: f });
  const isWrapped =
    ((rounding.status & FPSCR.OX.mask) !== 0n && (control & Number(FPSCR.OE.mask)) !== 0) ||
    ((rounding.status & FPSCR.UX.mask) !== 0n && (control & Number(FPSCR.UE.mask)) !== 0);
  return isWrapped ? rounding : place(rounding);
}

export function fromInteger(bits: bigint, width: number, { f, control }: Setting): Answer {
  const value = BigInt.asIntN(width, bits);
  const coefficient = value < 0n ? -value : value;
  return round({ negative: value < 0n, coefficient, exponent: 0 }, { f, ideal: 0, control });
}

/** What does not fit becomes the nearest that does, a NaN the least. The status has no FPRF. */
export function toInteger(b: Operand, width: number, { control }: Setting): Answer {
  const least = -(1n << BigInt(width - 1));
  const outOfRange = (negative: boolean, cause = 0n): Answer => ({
    value: BigInt.asUintN(width, negative ? least : -1n - least),
    status: FPSCR.VXCVI.mask | cause,
  });
  if (b.kind === 'infinity') return outOfRange(b.negative);
  if (b.kind !== 'finite') return outOfRange(true, b.kind === 'signalling' ? FPSCR.VXSNAN.mask : 0n);
  // Numbers far beyond every range are not written out.
  if (b.coefficient !== 0n && b.exponent > EXTENDED.precision + width) return outOfRange(b.negative);
  const cut = b.coefficient === 0n ? ({ kept: 0n, rest: 'none' } as const) : cutAt(b, 0);
  const whole = rounded(cut, b.negative, roundingOf(control));
  const value = b.negative ? -whole : whole;
  if (value < least || value > -1n - least) return outOfRange(b.negative);
  return { value: BigInt.asUintN(width, value), status: statusOfCut(cut, whole) };
}
