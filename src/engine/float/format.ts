/**
 * The double format, and pieces of code that all arithmetic shares. Finite numbers are taken apart into a significand
 * whose most significant bit is 1, and the biased exponent of that bit: the value is significand / 2^63 * 2^(e - 1023).
 */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, clz, eq, eqz, extendU, gtU, i32, i64, ne, op, or, select, shl, shrU, sub, wrap, xor,
  type Expr, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL, FPRF_CLASS } from '../../../isa/vocabulary/float-arithmetic';
import type { FunctionCode } from '../function-code';

export const SIGN = 1n << 63n;
export const MAGNITUDE = SIGN - 1n;
export const INFINITY = 0x7ffn << 52n;
export const IMPLICIT = 1n << 52n;
export const FRACTION = IMPLICIT - 1n;
export const QUIET = 1n << 51n;
export const DEFAULT_NAN = INFINITY | QUIET;
/** The exponent field of infinities and NaNs, and of 1.0. */
export const SPECIAL = 0x7ff;
export const BIAS = 0x3ff;

export const signOf = (x: I64): I64 => and(x, i64(SIGN));
export const exponentOf = (x: I64): I32 => and(wrap(shrU(x, i64(52))), i32(SPECIAL));
/** The bits without the sign, doubled: their order is that of magnitudes. */
const doubled = (x: I64): I64 => shl(x, i64(1));
export const isZero = (x: I64): I32 => eqz(doubled(x));
export const isInfinite = (x: I64): I32 => eq(doubled(x), i64(INFINITY << 1n));
export const isNaN = (x: I64): I32 => gtU(doubled(x), i64(INFINITY << 1n));
export const isSignalling = (x: I64): I32 => and(isNaN(x), eqz(and(x, i64(QUIET))));
export const isSpecial = (x: I64): I32 => eq(exponentOf(x), i32(SPECIAL));
export const smaller = (a: I64, b: I64): I32 => op('i64.ltU', doubled(a), doubled(b));
export const anyOf = (...conditions: I32[]): I32 => conditions.reduce(or);

/** True where the control word has any of these bits. */
export const has = (control: I32, bits: number): I32 => ne(and(control, i32(bits)), i32(0));
/** SIGN where the control word has one bit. */
export const signIf = (control: I32, bit: number): I64 =>
  shl(extendU(and(control, i32(bit))), i64(63 - Math.log2(bit)));
/** The value, its sign changed where the control word has one bit. */
export const negatedIf = (control: I32, bit: number, value: I64): I64 => xor(value, signIf(control, bit));

/** A result and its status. */
export const result = (value: I64, status: I64): Expr<'v128'> =>
  op('v128.withDw1', op<'v128'>('v128.splat64', value), status);

type Class = keyof typeof FPRF_CLASS;
export const classBits = (name: Class): bigint => BigInt(FPRF_CLASS[name]) << BigInt(FPSCR.FPRF.shift);
/** FPRF of a number by its sign, in place. */
export const signedClass = (sign: I64, kind: 'ZERO' | 'DENORMAL' | 'NORMAL' | 'INFINITY'): I64 =>
  select(eqz(sign), i64(classBits(`POSITIVE_${kind}`)), i64(classBits(`NEGATIVE_${kind}`)));

/** Exact results with the sign of `sign`, which is 0 or SIGN. */
export const zero = (sign: I64): Expr<'v128'> => result(sign, signedClass(sign, 'ZERO'));
export const infinite = (sign: I64, status = 0n): Expr<'v128'> =>
  result(or(sign, i64(INFINITY)), or(signedClass(sign, 'INFINITY'), i64(status)));
/** What an invalid operation gives. */
export const invalid = (cause: bigint): Expr<'v128'> =>
  result(i64(DEFAULT_NAN), i64(cause | classBits('QNAN')));

/** The sign of a sum that is exactly zero: negative only where rounding is downward. */
export const zeroSumSign = (control: I32): I64 => select(eq(and(control, i32(3)), i32(3)), i64(SIGN), i64(0));
/** The sign of a result after the negation that the control word asks for. */
export const resultSign = (control: I32, sign: I64): I64 =>
  negatedIf(control, FLOAT_CONTROL.NEGATE_RESULT, sign);

export interface Unpacked {
  readonly significand: I64;
  readonly exponent: I32;
}
/** Takes a finite number other than 0 apart. */
export function unpack(f: FunctionCode, x: I64): Unpacked {
  const exponent = f.variable(exponentOf(x));
  const significand = f.variable(or(shl(x, i64(11)), i64(SIGN)));
  f.if(eqz(exponent), () => {
    const fraction = f.let(and(x, i64(FRACTION)));
    const zeros = f.let(clz(fraction));
    f.set(significand, shl(fraction, zeros));
    f.set(exponent, sub(i32(12), wrap(zeros)));
  });
  return { significand, exponent };
}

/** The value shifted right by 0..63 and a one at its end where ones were lost. */
export const shiftJamming = (value: I64, by: I64): I64 =>
  or(shrU(value, by), extendU(ne(and(value, sub(shl(i64(1), by), i64(1))), i64(0))));
/** As {@link shiftJamming}, by any number from 0 on. */
export const shiftFarJamming = (value: I64, by: I64): I64 =>
  select(gtU(by, i64(63)), extendU(ne(value, i64(0))), shiftJamming(value, by));

/** The significand, 128 bits of which some is not 0, in 64: the rest is one bit. Gives what it was shifted left by. */
export function normalise(
  f: FunctionCode,
  { high, low }: { readonly high: I64; readonly low: I64 },
): { significand: I64; shift: I32 } {
  const [hi, lo] = [f.variable(high), f.variable(low)];
  const base = f.variable(i32(0));
  f.if(eqz(hi), () => {
    f.set(hi, lo);
    f.set(lo, i64(0));
    f.set(base, i32(64));
  });
  const zeros = f.let(clz(hi));
  const carried = shrU(shrU(lo, i64(1)), sub(i64(63), zeros));
  const sticky = extendU(ne(shl(lo, zeros), i64(0)));
  const significand = f.let(or(or(shl(hi, zeros), carried), sticky));
  return { significand, shift: f.let(add(base, wrap(zeros))) };
}
