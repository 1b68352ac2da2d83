/**
 * The end of every operation: an exact value, or one with a sticky last bit, is rounded to the format once, with
 * underflow and overflow (Power ISA Book I, 4.4.3 to 4.4.5 and 4.6.1).
 */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, clz, eq, eqz, extendU, gtS, gtU, geU, i32, i64, ltS, ltU, ne, or, select, shl, shrU, sub, wrap,
  type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL, ROUND } from '../../../isa/vocabulary/float-arithmetic';
import { maskOf } from '../../core/bits';
import { defineFunction, type FunctionCode } from '../function-code';
import type { FloatFunctions } from './context';
import {
  has, IMPLICIT, INFINITY, MAGNITUDE, result, resultSign, shiftFarJamming, signedClass,
} from './format'; // prettier-ignore

/** What differs between the formats: single, double. Exponents are biased as the double format's. */
const FORMAT = {
  /** Bits of a 64-bit significand that the format drops. */
  dropped: [40, 11],
  /** Least and greatest exponent of normal numbers. */
  least: [897, 1],
  greatest: [1150, 2046],
  /** What enabled underflow adds to the exponent, and enabled overflow takes. */
  adjustment: [192, 1536],
  /** Bits between the last of the format and the last of the double format. */
  unused: [29, 0],
} as const;
const ofFormat = (control: I32, name: keyof typeof FORMAT): I32 =>
  select(has(control, FLOAT_CONTROL.SINGLE), i32(FORMAT[name][0]), i32(FORMAT[name][1]));

const UE = Number(FPSCR.UE.mask);
const OE = Number(FPSCR.OE.mask);
const INEXACT = maskOf(FPSCR.XX, FPSCR.FI);
const bitIf = (cond: I32, mask: bigint): I64 => select(cond, i64(mask), i64(0));
const rounding = (control: I32): I32 => and(control, i32(3));
/** Where rounding is directed: whether it is away from zero. */
const isAway = (control: I32, sign: I64): I32 =>
  eq(rounding(control), select(eqz(sign), i32(ROUND.UP), i32(ROUND.DOWN)));

/**
 * Whether a value that is not exact is rounded away from zero.
 * @param rest what is cut off, where `half` is a half of the last place; not 0
 * @param odd whether the last place is odd
 */
export const increments = (control: I32, sign: I64, cut: { rest: I64; half: I64; odd: I32 }): I32 =>
  select(
    eqz(rounding(control)),
    or(gtU(cut.rest, cut.half), and(eq(cut.rest, cut.half), or(cut.odd, has(control, FLOAT_CONTROL.AWAY)))),
    isAway(control, sign),
  );

/** Overflow that is not enabled: infinity or the largest number. choice: FR, undefined, tells which, as Microwatt does. */
function overflow(f: FunctionCode, sign: I64, control: I32): void {
  const toInfinity = f.let(or(eqz(rounding(control)), isAway(control, sign)));
  const largest = select(has(control, FLOAT_CONTROL.SINGLE), i64(0x47ef_ffff_e000_0000n), i64(INFINITY - 1n));
  const out = f.let(resultSign(control, sign));
  const status = or(
    select(toInfinity, signedClass(out, 'INFINITY'), signedClass(out, 'NORMAL')),
    or(bitIf(toInfinity, FPSCR.FR.mask), i64(INEXACT | FPSCR.OX.mask)),
  );
  f.return(result(or(out, select(toInfinity, i64(INFINITY), largest)), status));
}

/** A significand below the least normal one: zero, or denormalised in the format. */
function denormal(f: FunctionCode, e: { bits: I64; exponent: I32; sign: I64; status: I64 }): void {
  const { bits, exponent, sign, status } = e;
  f.if(eqz(bits), () => f.return(result(sign, or(status, signedClass(sign, 'ZERO')))));
  const whole = or(status, signedClass(sign, 'DENORMAL'));
  // In double format a denormalised single is a normal number.
  f.if(gtS(exponent, i32(1)), () => {
    const shift = f.let(sub(clz(bits), i64(11)));
    const place = shl(extendU(sub(sub(exponent, wrap(shift)), i32(1))), i64(52));
    f.return(result(or(sign, add(place, shl(bits, shift))), whole));
  });
  f.return(result(or(sign, bits), whole));
}

export function definePack({ builder, pack }: FloatFunctions): void {
  const typed = { ...pack, params: ['i64', 'i32', 'i64', 'i32'] } as const;
  defineFunction(builder, typed, (f, sign, e, significand, control) => {
    const status = f.variable(i64(0));
    const isTiny = f.variable(i32(0));
    const least = f.let(ofFormat(control, 'least'));
    f.if(ltS(e, least), () => {
      f.if(
        has(control, UE),
        () => {
          f.set(status, i64(FPSCR.UX.mask));
          f.set(e, add(e, ofFormat(control, 'adjustment')));
        },
        () => {
          f.set(significand, shiftFarJamming(significand, extendU(sub(least, e))));
          f.set(e, least);
          f.set(isTiny, i32(1));
        },
      );
    });
    const dropped = f.let(extendU(ofFormat(control, 'dropped')));
    const last = f.let(shl(i64(1), dropped));
    const rest = f.let(and(significand, sub(last, i64(1))));
    const kept = f.variable(shrU(significand, dropped));
    f.if(ne(rest, i64(0)), () => {
      const odd = wrap(and(kept, i64(1)));
      const up = f.let(increments(control, sign, { rest, half: shrU(last, i64(1)), odd }));
      f.set(kept, add(kept, extendU(up)));
      const inexact = or(i64(INEXACT), bitIf(isTiny, FPSCR.UX.mask));
      f.set(status, or(or(status, inexact), bitIf(up, FPSCR.FR.mask)));
    });
    const bits = f.let(shl(kept, extendU(ofFormat(control, 'unused'))));
    const carried = geU(bits, i64(IMPLICIT << 1n));
    f.if(gtS(add(e, carried), ofFormat(control, 'greatest')), () => {
      f.if(eqz(and(control, i32(OE))), () => overflow(f, sign, control));
      f.set(status, or(status, i64(FPSCR.OX.mask)));
      f.set(e, sub(e, ofFormat(control, 'adjustment')));
    });
    const out = f.let(resultSign(control, sign));
    f.if(ltU(bits, i64(IMPLICIT)), () => denormal(f, { bits, exponent: e, sign: out, status }));
    // choice: an exponent that even the adjustment leaves out of range, which operands that are no singles give, wraps.
    const place = shl(extendU(sub(e, i32(1))), i64(52));
    const packed = or(out, and(add(place, bits), i64(MAGNITUDE)));
    f.return(result(packed, or(status, signedClass(out, 'NORMAL'))));
  });
}
