/** Conversions of quad-precision numbers (Power ISA v3.0B and v3.1 Book I, 7.6.3). */
import { FPSCR } from '../../../isa/registers/float';
import { ROUND } from '../../../isa/vocabulary/float-arithmetic';
import { QUAD_CONTROL } from '../../../isa/vocabulary/quad-float';
import {
  decode, DOUBLE, infinite, propagated, QUAD, zero, type Answer, type Finite, type Format, type Operand,
} from './format'; // prettier-ignore
import { cutAt, round, rounded } from './round';

const EXTENDED_PRECISION = 64;
const has = (control: number, bit: number): boolean => (control & bit) !== 0;

const changed = (
  x: Operand,
  { from, to }: { readonly from: Format; readonly to: Format },
  how: { readonly control: number; readonly precision?: number },
): Answer => {
  if (x.kind === 'nan') return propagated([x], { from, to })!;
  return x.kind === 'infinity' ? infinite(x.negative, to) : round(x, to, how);
};

/** NaNs are cut to the precision too. */
export function extended(a: Operand, control: number): Answer {
  const { value, status } = changed(a, { from: QUAD, to: QUAD }, { control, precision: EXTENDED_PRECISION });
  const beyond = (1n << BigInt(QUAD.fraction + 1 - EXTENDED_PRECISION)) - 1n;
  return { value: value & ~beyond, status };
}
export function toDouble(a: Operand, control: number): Answer {
  const { value, status } = changed(a, { from: QUAD, to: DOUBLE }, { control });
  return { value: value << 64n, status };
}
/** @param bits the double in the upper doubleword */
export const fromDouble = (bits: bigint, control: number): Answer =>
  changed(decode(bits >> 64n, DOUBLE), { from: DOUBLE, to: QUAD }, { control });

/** To an integer in quad format. */
export function integral(a: Operand, control: number): Answer {
  if (a.kind === 'nan') return propagated([a], { from: QUAD, to: QUAD })!;
  if (a.kind === 'infinity') return infinite(a.negative, QUAD);
  if (a.exponent >= 0 || a.significand === 0n) return round(a, QUAD, { control });
  const cut = cutAt(a, 0);
  const whole = rounded(cut, a.negative, control);
  const inexact = cut.rest === 'none' ? 0n : FPSCR.XX.mask | FPSCR.FI.mask;
  const up = whole === cut.kept ? 0n : FPSCR.FR.mask;
  if (whole === 0n) {
    const none = zero(a.negative, QUAD);
    return { value: none.value, status: none.status | inexact };
  }
  const { value, status } = round({ negative: a.negative, significand: whole, exponent: 0 }, QUAD, {
    control,
  });
  return { value, status: status | inexact | up };
}

interface Range {
  readonly least: bigint;
  readonly most: bigint;
}
function rangeOf(control: number): Range {
  const bits = has(control, QUAD_CONTROL.WORD) ? 32n : has(control, QUAD_CONTROL.DOUBLEWORD) ? 64n : 128n;
  if (has(control, QUAD_CONTROL.UNSIGNED)) return { least: 0n, most: (1n << bits) - 1n };
  return { least: -(1n << (bits - 1n)), most: (1n << (bits - 1n)) - 1n };
}
/** Integers of up to 64 bits are in the upper doubleword, extended to it. */
const placed = (value: bigint, control: number): bigint =>
  has(control, QUAD_CONTROL.WORD | QUAD_CONTROL.DOUBLEWORD)
    ? BigInt.asUintN(64, value) << 64n
    : BigInt.asUintN(128, value);

/** Towards zero. What does not fit becomes the nearest that does, a NaN the least. The status has no FPRF. */
export function toInteger(a: Operand, control: number): Answer {
  const { least, most } = rangeOf(control);
  const outOfRange = (value: bigint, cause = 0n): Answer => ({
    value: placed(value, control),
    status: FPSCR.VXCVI.mask | cause,
  });
  if (a.kind === 'nan') return outOfRange(least, a.signalling ? FPSCR.VXSNAN.mask : 0n);
  if (a.kind === 'infinity') return outOfRange(a.negative ? least : most);
  const { kept, rest } = wholeOf(a);
  const value = a.negative ? -kept : kept;
  if (value < least || value > most) return outOfRange(a.negative ? least : most);
  return { value: placed(value, control), status: rest ? FPSCR.XX.mask | FPSCR.FI.mask : 0n };
}
/** The integer part. Numbers far beyond every range are not written out. */
function wholeOf(a: Finite): { readonly kept: bigint; readonly rest: boolean } {
  const cut = cutAt(a, 0);
  return { kept: rounded(cut, a.negative, ROUND.ZERO), rest: cut.rest !== 'none' };
}

export function fromInteger(bits: bigint, control: number): Answer {
  const value = has(control, QUAD_CONTROL.UNSIGNED) ? bits : BigInt.asIntN(128, bits);
  const negative = value < 0n;
  return round({ negative, significand: negative ? -value : value, exponent: 0 }, QUAD, { control });
}
