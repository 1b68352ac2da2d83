/**
 * Powers of two and logarithms of singles (Power ISA Book I, 6.10.6), in double arithmetic: wrong in the last place at
 * most, where the manual asks for one part in 16 and in 32. The result for a NaN means nothing.
 */
import {
  add, and, eq, eqz, extendU, geU, gtU, i32, i64, op, or, select, shl, shrU, sub, type Expr, type I32, type I64,
} from './expr'; // prettier-ignore
import { def, type Sem } from './stmt';

type F64 = Expr<'f64'>;

const view = new DataView(new ArrayBuffer(8));
const doubleBits = (value: number): bigint => (view.setFloat64(0, value), view.getBigUint64(0));
/** The bit pattern of a number that is a single. */
export const singleBits = (value: number): number => (view.setFloat32(0, value), view.getUint32(0));
const f64 = (value: number): F64 => op('f64.reinterpret', i64(doubleBits(value)));
const double = (word: I32): F64 => op('f64.promote', op('f32.reinterpret', word));
const single = (value: F64): I32 => op('i32.reinterpret', op('f32.demote', value));
const bitsOf = (value: F64): I64 => op('i64.reinterpret', value);
const plus = (a: F64, b: F64): F64 => op('f64.add', a, b);
const times = (a: F64, b: F64): F64 => op('f64.mul', a, b);

const FRACTION = 52;
const BIAS = 1023;
/** Added to an integer it leaves that, with its sign, in the last bits. */
const INTEGER = 1.5 * 2 ** FRACTION;
const powerOfTwo = (exponent: I64): F64 =>
  op('f64.reinterpret', shl(add(exponent, i64(BIAS)), i64(FRACTION)));

/** Below and above these powers there is no single but 0 and infinity. */
const [LEAST, MOST] = [-160, 130];
/** Terms of the series for a half at most. */
const TERMS = 14;
const COEFFICIENTS = Array.from({ length: TERMS }, () => 1);
for (let k = 1; k < TERMS; k++) COEFFICIENTS[k] = (COEFFICIENTS[k - 1]! * Math.LN2) / k;

/** Gives 2 to the power of a word's value: that of the nearest integer, times a series for what is left. */
export const exponential = (word: I32, then: (result: I32) => Sem): Sem =>
  def(op<'f64'>('f64.max', f64(LEAST), op<'f64'>('f64.min', f64(MOST), double(word))), (x) =>
    def(op<'f64'>('f64.nearest', x), (integer) =>
      def(op<'f64'>('f64.sub', x, integer), (rest) => {
        const series = COEFFICIENTS.reduceRight<F64>((sum, c) => plus(f64(c), times(sum, rest)), f64(0));
        const exponent = bitsOf(plus(integer, f64(INTEGER)));
        return def(single(times(series, powerOfTwo(exponent))), then);
      }),
    ),
  );

const MINUS_INFINITY = i32(0xff80_0000);
const INFINITY = i32(0x7f80_0000);
const DEFAULT_NAN = i32(0x7fc0_0000);
const [SIGN, MAGNITUDE] = [i32(0x8000_0000), i32(0x7fff_ffff)];
/** Terms of the series for a number from the root of 1/2 to that of 2. */
const LOGARITHM_TERMS = 12;
const LOGARITHM = Array.from({ length: LOGARITHM_TERMS }, (_, k) => (2 * Math.LOG2E) / (2 * k + 1));

/** The exponent and logarithm of what is left, m: twice the inverse hyperbolic tangent of (m - 1) / (m + 1). */
const finiteLogarithm = (exponent: F64, m: F64, then: (result: I32) => Sem): Sem =>
  def(op<'f64'>('f64.div', op<'f64'>('f64.sub', m, f64(1)), plus(m, f64(1))), (s) =>
    def(times(s, s), (square) => {
      const series = LOGARITHM.reduceRight<F64>((sum, c) => plus(f64(c), times(sum, square)), f64(0));
      return def(single(plus(exponent, times(series, s))), then);
    }),
  );

/** Gives the logarithm of a word's value. */
export const logarithm = (word: I32, then: (result: I32) => Sem): Sem =>
  def(bitsOf(double(and(word, MAGNITUDE))), (bits) =>
    def(and(bits, i64((1n << BigInt(FRACTION)) - 1n)), (fraction) =>
      // From the root of 2 on it is half of that, and the exponent one more.
      def(extendU(gtU(fraction, i64(doubleBits(Math.SQRT2) & ((1n << BigInt(FRACTION)) - 1n)))), (above) => {
        const m = op<'f64'>('f64.reinterpret', or(fraction, shl(sub(i64(BIAS), above), i64(FRACTION))));
        const exponent = numberOf(add(sub(shrU(bits, i64(FRACTION)), i64(BIAS)), above));
        return finiteLogarithm(exponent, m, (finite) => {
          const positive = select(eq(word, INFINITY), INFINITY, finite);
          const signed = select(geU(word, SIGN), DEFAULT_NAN, positive);
          return then(select(eqz(shl(word, i32(1))), MINUS_INFINITY, signed));
        });
      }),
    ),
  );
/** An integer of less than 52 bits as a number. */
function numberOf(integer: I64): F64 {
  return op('f64.sub', op('f64.reinterpret', add(i64(doubleBits(INTEGER)), integer)), f64(INTEGER));
}
