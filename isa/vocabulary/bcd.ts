/**
 * Signed decimal numbers (Power ISA Book I, 6.17): 31 digits of four bits and a sign code in the last four. Digits are
 * handled all at once in quadwords; a magnitude here is the digits without the sign, moved to the right.
 */
import {
  add, and, eq, eqz, extendU, field, geU, i32, i64, ne, not, or, select, shl, shrU, wrap, xor, type I32, type I64,
} from './expr'; // prettier-ignore
import { addQuad, isZeroQuad, quad, shlQuad, shrUQuad, subQuad, sumQuad, type Quad } from './quadword';
import { def, setCrField, type Sem } from './stmt';
import { vector } from './vector';
import { CR6 } from './vector-row';

const DIGIT = 15;
const DIGIT_BITS = i64(4);
/** Sign codes that results have. */
const [PLUS, OTHER_PLUS, MINUS] = [0xc, 0xf, 0xd];
const OTHER_MINUS = 0xb;
const FIRST_SIGN = 0xa;

const signCode = (q: Quad): I32 => and(wrap(q.low), i32(DIGIT));
export const hasSign = (q: Quad): I32 => geU(signCode(q), i32(FIRST_SIGN));
export const isMinus = (code: I32): I32 => or(eq(code, i32(MINUS)), eq(code, i32(OTHER_MINUS)));
export const isNegative = (q: Quad): I32 => isMinus(signCode(q));

/** Not 0 where some digit is above 9: it has 8, and 4 or 2. */
const wrongDigits = (x: I64): I64 =>
  and(and(x, or(shl(x, i64(1)), shl(x, i64(2)))), i64(0x8888_8888_8888_8888n));
export const hasDigits = ({ high, low }: Quad): I32 => eqz(or(wrongDigits(high), wrongDigits(low)));
/** The number without its sign code. */
export const withoutSign = ({ high, low }: Quad): Quad => ({ high, low: and(low, i64(~BigInt(DIGIT))) });
export const isDecimal = (q: Quad): I32 => and(hasSign(q), hasDigits(withoutSign(q)));

/** The sign code that results have: PS chooses between two for positive ones. */
export const signOf = (negative: I32): I64 =>
  extendU(select(negative, i32(MINUS), select(field('PS'), i32(OTHER_PLUS), i32(PLUS))));
export const withSignCode = (digits: Quad, sign: I64): Quad => ({
  high: digits.high,
  low: or(withoutSign(digits).low, sign),
});
export const magnitudeOf = (q: Quad): Quad => shrUQuad(q, DIGIT_BITS);
export const signed = (magnitude: Quad, negative: I32): Quad =>
  withSignCode(shlQuad(magnitude, DIGIT_BITS), signOf(negative));

/** CR6: less than, greater than, equal to zero, invalid or overflow. */
const [LT, GT, EQ, SO] = [8, 4, 2, 1];
export const INVALID = i32(SO);
/** A number whose digits, but for the sign code, are given, compared with zero. */
export const order = (digits: Quad, negative: I32): I32 =>
  select(isZeroQuad(digits), i32(EQ), select(negative, i32(LT), i32(GT)));
export const orderUnsigned = (digits: Quad): I32 => select(isZeroQuad(digits), i32(EQ), i32(GT));
export const orderOf = (q: Quad): I32 => order(withoutSign(q), isNegative(q));
export const setCr6 = (value: I32): Sem => setCrField(CR6, value);

const repeated = (digit: bigint, count: number): Quad => {
  const value = Array.from({ length: count }, () => digit).reduce((all, d) => (all << 4n) | d, 0n);
  return { high: i64(value >> 64n), low: i64(BigInt.asUintN(64, value)) };
};
const SIXES = repeated(6n, 32);
const NINES = repeated(9n, 31);
const ONES = repeated(1n, 32);
const FIRST_DIGIT = 1n << 60n;
/** Evaluates a quadword once. */
export const nameQuad = (q: Quad, body: (q: Quad) => Sem): Sem => quad(vector(q.high, q.low), body);

/**
 * Gives the sum of two magnitudes and 0 or 1; its first digit of 32 is what 31 carry out. Sixes make decimal carries
 * binary ones, and are taken back from the digits without one.
 */
export const addDigits = (a: Quad, b: Quad, carryIn: I32, body: (sum: Quad) => Sem): Sem =>
  sumQuad(a, SIXES, (raised) =>
    addQuad(raised, b, carryIn, (sum) => {
      const carries = (x: (q: Quad) => I64): I64 => xor(xor(x(raised), x(b)), x(sum));
      const into = shrUQuad({ high: carries((q) => q.high), low: carries((q) => q.low) }, DIGIT_BITS);
      return nameQuad({ high: not(into.high), low: not(into.low) }, (without) => {
        const ones = { high: and(without.high, ONES.high), low: and(without.low, ONES.low) };
        const sixes = (x: I64): I64 => or(shl(x, i64(1)), shl(x, i64(2)));
        return nameQuad(subQuad(sum, { high: sixes(ones.high), low: sixes(ones.low) }), body);
      });
    }),
  );
/** Gives a - b, for a that is not less. */
export const subDigits = (a: Quad, b: Quad, body: (difference: Quad) => Sem): Sem =>
  nameQuad(subQuad(NINES, b), (complement) =>
    addDigits(a, complement, i32(1), (sum) => nameQuad(of31(sum), body)),
  );
/** 31 digits. */
export const of31 = ({ high, low }: Quad): Quad => ({ high: and(high, i64(FIRST_DIGIT - 1n)), low });
export const overflows = (sum: Quad): I32 => ne(shrU(sum.high, i64(60)), i64(0));
/** {@link INVALID} with the order where the condition holds: an overflow. */
export const orOverflow = (cr: I32, overflow: I32): I32 => or(cr, select(overflow, i32(SO), i32(0)));
export const digitAt = (q: Quad, by: I64): I64 => and(shrUQuad(q, by).low, i64(DIGIT));
export const isDigit = (digit: I64): I32 => eqz(wrongDigits(digit));
/** Gives ten times a quadword and an addend, and what is carried out of 128 bits. */
export const timesTen = (q: Quad, addend: I64, body: (product: Quad, carry: I64) => Sem): Sem =>
  nameQuad(shlQuad(q, i64(3)), (eight) =>
    addQuad(eight, shlQuad(q, i64(1)), i32(0), (ten, one) =>
      def(one, (first) =>
        addQuad(ten, { high: i64(0), low: addend }, i32(0), (sum, two) =>
          def(two, (second) =>
            body(
              sum,
              add(add(shrU(q.high, i64(61)), shrU(q.high, i64(63))), add(extendU(first), extendU(second))),
            ),
          ),
        ),
      ),
    ),
  );
