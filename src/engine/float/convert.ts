/** Changes of format: to single, to and from integers, to integers in floating-point format. */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, clz, eq, eqz, extendU, geS, gtS, gtU, i32, i64, ltS, ne, neg, or, select, shl, shrU, sub, wrap,
  type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL } from '../../../isa/vocabulary/float-arithmetic';
import { maskOf } from '../../core/bits';
import { defineFunction, type FunctionCode } from '../function-code';
import type { FloatFunctions } from './context';
import {
  BIAS, exponentOf, FRACTION, has, IMPLICIT, infinite, isInfinite, isNaN, isSignalling, isZero, MAGNITUDE, result, SIGN,
  signedClass, signOf, unpack, zero,
} from './format'; // prettier-ignore
import { increments } from './pack';

const INEXACT = maskOf(FPSCR.XX, FPSCR.FI);
/** The status of rounding that cut something off. */
const inexact = (up: I32): I64 => or(i64(INEXACT), select(up, i64(FPSCR.FR.mask), i64(0)));

export function defineRounded(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.rounded'], params: ['i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, control) => {
    f.if(isNaN(a), () => f.tail(functions.propagate, a, i64(0), i64(0), i64(0), control));
    f.if(isInfinite(a), () => f.return(infinite(signOf(a))));
    f.if(isZero(a), () => f.return(zero(signOf(a))));
    const { exponent, significand } = unpack(f, a);
    f.tail(functions.pack, signOf(a), exponent, significand, control);
  });
}

export function defineFromInteger(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.fromInteger'], params: ['i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, control) => {
    f.if(eqz(a), () => f.return(zero(i64(0))));
    const sign = f.let(select(has(control, FLOAT_CONTROL.UNSIGNED), i64(0), signOf(a)));
    const magnitude = f.let(select(eqz(sign), a, neg(a)));
    const zeros = f.let(clz(magnitude));
    f.tail(functions.pack, sign, sub(i32(BIAS + 63), wrap(zeros)), shl(magnitude, zeros), control);
  });
}

/** The magnitude of the greatest integer of this sign. */
const greatest = (control: I32, sign: I64): I64 => {
  const half = select(has(control, FLOAT_CONTROL.WORD), i64(1n << 31n), i64(SIGN));
  const signed = sub(half, extendU(eqz(sign)));
  const unsigned = select(eqz(sign), sub(shl(half, i64(1)), i64(1)), i64(0));
  return select(has(control, FLOAT_CONTROL.UNSIGNED), unsigned, signed);
};
const withSign = (sign: I64, magnitude: I64): I64 => select(eqz(sign), magnitude, neg(magnitude));

/** The integer part of a significand, and what follows it: 2^63 is a half. @param exponent unbiased, below 64 */
function split(f: FunctionCode, significand: I64, exponent: I32): { whole: I64; rest: I64 } {
  const whole = f.variable(i64(0));
  const rest = f.variable(i64(1));
  f.if(
    geS(exponent, i32(0)),
    () => {
      const shift = f.let(extendU(sub(i32(63), exponent)));
      f.set(whole, shrU(significand, shift));
      f.set(rest, shl(shl(significand, exponent64(exponent)), i64(1)));
    },
    () => f.if(eq(exponent, i32(-1)), () => f.set(rest, significand)),
  );
  return { whole, rest };
}
const exponent64 = (exponent: I32): I64 => extendU(exponent);

export function defineToInteger(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.toInteger'], params: ['i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, control) => {
    const sign = f.variable(signOf(a));
    f.if(isNaN(a), () => {
      const cause = select(isSignalling(a), i64(maskOf(FPSCR.VXSNAN, FPSCR.VXCVI)), i64(FPSCR.VXCVI.mask));
      const kept = select(has(control, FLOAT_CONTROL.WORD), i64(0xffff_ffffn), i64(-1n));
      f.return(result(and(neg(f.let(greatest(control, i64(SIGN)))), kept), cause));
    });
    f.if(isZero(a), () => f.return(result(i64(0), i64(0))));
    const most = f.let(greatest(control, sign));
    const outOfRange = (): void => f.return(result(withSign(sign, most), i64(FPSCR.VXCVI.mask)));
    const { significand, exponent } = unpack(f, a);
    f.set(exponent, sub(exponent, i32(BIAS)));
    f.if(gtS(exponent, i32(63)), outOfRange);
    const { whole, rest } = split(f, significand, exponent);
    const odd = wrap(and(whole, i64(1)));
    const up = f.let(and(ne(rest, i64(0)), increments(control, sign, { rest, half: i64(SIGN), odd })));
    f.set(whole, add(whole, extendU(up)));
    f.if(gtU(whole, most), outOfRange);
    f.return(result(withSign(sign, whole), select(eqz(rest), i64(0), inexact(up))));
  });
}

const ONE = BigInt(BIAS) << 52n;
const HALF = ONE - IMPLICIT;

/** Numbers below 1: zero or one. */
function integralOfFraction(f: FunctionCode, a: I64, control: I32): void {
  const magnitude = f.let(and(a, i64(MAGNITUDE)));
  const cut = { rest: magnitude, half: i64(HALF), odd: i32(0) };
  const up = f.let(increments(control, signOf(a), cut));
  const sign = f.let(signOf(a));
  const status = or(inexact(up), select(up, signedClass(sign, 'NORMAL'), signedClass(sign, 'ZERO')));
  f.return(result(or(sign, select(up, i64(ONE), i64(0))), status));
}

export function defineIntegral(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.integral'], params: ['i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, control) => {
    f.if(isNaN(a), () => f.tail(functions.propagate, a, i64(0), i64(0), i64(0), control));
    f.if(isInfinite(a), () => f.return(infinite(signOf(a))));
    f.if(isZero(a), () => f.return(zero(signOf(a))));
    const exponent = f.let(sub(exponentOf(a), i32(BIAS)));
    f.if(ltS(exponent, i32(0)), () => integralOfFraction(f, a, control));
    const status = f.let(signedClass(signOf(a), 'NORMAL'));
    f.if(gtS(exponent, i32(51)), () => f.return(result(a, status)));
    const mask = f.let(shrU(i64(FRACTION), extendU(exponent)));
    const rest = f.let(and(a, mask));
    f.if(eqz(rest), () => f.return(result(a, status)));
    const unit = f.let(add(mask, i64(1)));
    // The last place of the integer part, or for 1 the last bit of its exponent: odd as well.
    const odd = ne(and(a, unit), i64(0));
    const up = f.let(increments(control, signOf(a), { rest, half: shrU(unit, i64(1)), odd }));
    const value = add(sub(a, rest), select(up, unit, i64(0)));
    f.return(result(value, or(status, inexact(up))));
  });
}
