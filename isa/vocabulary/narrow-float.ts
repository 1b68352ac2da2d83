/** Formats of 16 bits (Power ISA Book I, 7.3.2): from and to the double format. The arithmetic is `float-arithmetic.ts`. */
import { FPSCR } from '../registers/float';
import { maskOf } from '../../src/core/bits';
import {
  add, and, eq, eqz, extendU, geU, gtU, i32, i64, ltU, ne, or, select, shl, shrU, sub, wrap, type I32, type I64,
} from './expr'; // prettier-ignore
import {
  controlWith, floatFromInteger, floatRound, floatToInteger, FPRF_CLASS, resultOf, statusOf, type FloatResult,
} from './float-arithmetic'; // prettier-ignore
import { fpscr } from './fpscr';
import { def, type Sem } from './stmt';
import { vector } from './vector';

/** A format of 16 bits by its bits of fraction, and its least exponent of normal numbers as the double format has it. */
interface Narrow {
  readonly fraction: number;
  readonly least: number;
}
export const HALF: Narrow = { fraction: 10, least: 1009 };
export const BFLOAT16: Narrow = { fraction: 7, least: 897 };

const FRACTION = 52;
const SPECIAL = 0x7ff;
const INFINITY = i64(0x7ffn << 52n);
const exponentOf = (x: I64): I64 => and(shrU(x, i64(FRACTION)), i64(SPECIAL));
const magnitudeOf = (x: I64): I64 => and(x, i64((1n << 63n) - 1n));

/** Gives the double-format value of a half in the low 16 bits: exact, NaNs signalling or quiet as they are. */
export const halfToDouble = (source: I64, body: (double: I64) => Sem): Sem =>
  def(and(source, i64(0xffff)), (half) =>
    def(and(shrU(half, i64(10)), i64(31)), (exponent) => {
      const fraction = and(half, i64(0x3ff));
      const sign = shl(shrU(half, i64(15)), i64(63));
      const significand = or(fraction, select(eqz(exponent), i64(0), i64(0x400)));
      return def(resultOf(floatFromInteger(significand, i32(0))), (integer) => {
        // Its last bit stands for 2^(exponent - 25).
        const scale = shl(sub(select(eqz(exponent), i64(1), exponent), i64(25)), i64(FRACTION));
        const finite = select(eqz(significand), i64(0), add(integer, scale));
        const special = or(INFINITY, shl(fraction, i64(FRACTION - 10)));
        return def(or(sign, select(eq(exponent, i64(31)), special, finite)), body);
      });
    }),
  );

const CLASS_SHIFT = i64(FPSCR.FPRF.shift);
type ClassName = 'ZERO' | 'DENORMAL' | 'NORMAL' | 'INFINITY';
const classOf = (sign: I64, name: ClassName): I64 =>
  select(eqz(sign), i64(FPRF_CLASS[`POSITIVE_${name}`]), i64(FPRF_CLASS[`NEGATIVE_${name}`]));

/**
 * Gives a double rounded to a format of 16 bits, and the status: the fraction is rounded as an integer of units in the
 * last place. choice: enabled overflow and underflow change exceptions only, not the result.
 */
export const roundTo =
  (format: Narrow, source: I64) =>
  (body: (r: FloatResult) => Sem): Sem =>
    def(source, (x) =>
      def(select(gtU(exponentOf(x), i64(format.least)), exponentOf(x), i64(format.least)), (exponent) =>
        def(inUnits(format, x, exponent), (units) =>
          def(floatToInteger(units, controlWith(0)), (r) =>
            def(floatRound(x, controlWith(0)), (quiet) => result(format, { x, exponent, r, quiet }, body)),
          ),
        ),
      ),
    );

/** x in units of the last place: its exponent is lowered, or raised where it is denormalised in the format. */
const inUnits = (format: Narrow, x: I64, exponent: I64): I64 => {
  const lowered = sub(x, shl(sub(exponent, i64(1023 + format.fraction)), i64(FRACTION)));
  // Doubles without implicit bit are far below half a unit: the least normal number does for them.
  const tiny = or(and(x, i64(1n << 63n)), i64(1n << 52n));
  return select(eqz(magnitudeOf(x)), x, select(eqz(exponentOf(x)), tiny, lowered));
};

interface Rounded {
  readonly x: I64;
  readonly exponent: I64;
  readonly r: FloatResult;
  readonly quiet: FloatResult;
}
function result(format: Narrow, { x, exponent, r, quiet }: Rounded, body: (r: FloatResult) => Sem): Sem {
  const { fraction, least } = format;
  const infinity = i64((1n << 15n) - (1n << BigInt(fraction)));
  const sign = and(x, i64(1n << 63n));
  const units = select(eqz(sign), resultOf(r), sub(i64(0), resultOf(r)));
  return def(add(shl(sub(exponent, i64(least)), i64(fraction)), units), (bits) => {
    const isSpecial = eq(exponentOf(x), i64(SPECIAL));
    const isNan = gtU(magnitudeOf(x), INFINITY);
    const overflows = and(eqz(isSpecial), geU(bits, infinity));
    const inexact = and(statusOf(r), i64(maskOf(FPSCR.XX, FPSCR.FR, FPSCR.FI)));
    const isTiny = and(ltU(exponentOf(x), i64(least)), ne(magnitudeOf(x), i64(0)));
    const underflows = and(isTiny, or(ne(inexact, i64(0)), has(fpscr, FPSCR.UE.mask)));
    const finite = or(inexact, bitIf(underflows, FPSCR.UX.mask));
    const signBit = shrU(sign, i64(48));
    const nanBits = or(
      infinity,
      and(shrU(resultOf(quiet), i64(FRACTION - fraction)), i64((1n << BigInt(fraction)) - 1n)),
    );
    const largest = sub(infinity, toInfinity(sign));
    const magnitude = select(isNan, nanBits, select(isSpecial, infinity, select(overflows, largest, bits)));
    const overflowed = or(
      i64(maskOf(FPSCR.OX, FPSCR.XX, FPSCR.FI)),
      bitIf(eqz(toInfinity(sign)), FPSCR.FR.mask),
    );
    const exceptions = select(isSpecial, i64(0), select(overflows, overflowed, finite));
    return def(magnitude, (value) =>
      def(or(exceptions, shl(classBits(sign, value, infinity, fraction), CLASS_SHIFT)), (status) =>
        def(vector(or(signBit, value), select(isNan, statusOf(quiet), status)), body),
      ),
    );
  });
}

/** 0 where a number too large is rounded to infinity, 1 where it is to the largest number. */
const toInfinity = (sign: I64): I64 => {
  const mode = and(wrap(fpscr), i32(3));
  const directed = or(eq(mode, i32(1)), eq(mode, select(eqz(sign), i32(3), i32(2))));
  return extendU(directed);
};
const has = (value: I64, mask: bigint): I32 => ne(and(value, i64(mask)), i64(0));
const bitIf = (cond: I32, mask: bigint): I64 => select(cond, i64(mask), i64(0));
const classBits = (sign: I64, magnitude: I64, infinity: I64, fraction: number): I64 =>
  select(
    eqz(magnitude),
    classOf(sign, 'ZERO'),
    select(
      ltU(magnitude, i64(1n << BigInt(fraction))),
      classOf(sign, 'DENORMAL'),
      select(eq(magnitude, infinity), classOf(sign, 'INFINITY'), classOf(sign, 'NORMAL')),
    ),
  );
