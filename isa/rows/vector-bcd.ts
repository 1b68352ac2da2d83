/** Decimal addition, signs, shifts and truncation of vectors, multiplication by ten (Power ISA Book I, 6.17, 6.9.1). */
import {
  addDigits, hasDigits, hasSign, INVALID, isDecimal, isNegative, magnitudeOf, nameQuad, of31, orderOf, orderUnsigned,
  order, orOverflow, overflows, setCr6, signed, signOf, subDigits, timesTen, withoutSign, withSignCode,
} from '../vocabulary/bcd'; // prettier-ignore
import {
  add, and, eq, eqz, geS, geU, i32, i64, ltS, ltU, neg, select, sext, shl, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { inDw1 } from '../vocabulary/lanes';
import {
  andQuad,
  eqQuad,
  isZeroQuad,
  ltQuad,
  ofQuad,
  quad,
  selectQuad,
  shlQuad,
  shrUQuad,
  type Quad,
} from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import { def, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1 } from '../vocabulary/vector';
import { A, B, binary, set, vx, type VectorProperties } from '../vocabulary/vector-row';

const V2 = { level: 'v2.07', timing: 'vectorDecimal' } as const;
const V3 = { level: 'v3.0', timing: 'vectorDecimal' } as const;
/** The result and the order of the unbounded one. */
const result = (value: Quad, cr: I32): Sem => def(cr, (c) => [set(ofQuad(value)), setCr6(c)]);
/** choice: the result of invalid operands, which is undefined, is that of QEMU. */
const ALL_ONES: Quad = { high: i64(-1), low: i64(-1) };

/** Magnitudes of the same sign are added; of different signs the lesser one is taken from the greater one. */
const sum = (a: Quad, b: Quad, subtract: boolean): Sem =>
  def(isNegative(a), (negativeA) =>
    def(subtract ? eqz(isNegative(b)) : isNegative(b), (negativeB) =>
      nameQuad(magnitudeOf(a), (x) =>
        nameQuad(magnitudeOf(b), (y) =>
          when(
            eq(negativeA, negativeB),
            addDigits(x, y, i32(0), (total) => setSum(total, negativeA)),
            def(ltQuad('U', x, y), (isLess) =>
              nameQuad(selectQuad(isLess, y, x), (greater) =>
                nameQuad(selectQuad(isLess, x, y), (lesser) =>
                  subDigits(greater, lesser, (rest) => setSum(rest, select(isLess, negativeB, negativeA))),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
/** A sum of zero is positive. */
const setSum = (total: Quad, negative: I32): Sem =>
  def(and(negative, eqz(isZeroQuad(total))), (minus) =>
    result(signed(of31(total), minus), orOverflow(order(total, minus), overflows(total))),
  );
const addition = (subtract: boolean): Sem =>
  quad(A, (a) =>
    quad(B, (b) => when(and(isDecimal(a), isDecimal(b)), sum(a, b, subtract), result(ALL_ONES, INVALID))),
  );

/** VRB where it is a decimal; otherwise VRT stays. */
const ofDecimal = (isValid: (b: Quad) => I32, sem: (b: Quad) => Sem): Sem =>
  quad(B, (b) => when(isValid(b), sem(b), setCr6(INVALID)));

const copySign: Sem = quad(A, (a) =>
  quad(B, (b) =>
    when(
      and(hasSign(a), hasSign(b)),
      nameQuad(withSignCode(a, and(b.low, i64(15))), (value) =>
        result(value, select(and(isDecimal(a), isDecimal(b)), orderOf(value), INVALID)),
      ),
      setCr6(INVALID),
    ),
  ),
);
const setSign: Sem = quad(B, (b) =>
  nameQuad(withSignCode(b, signOf(isNegative(b))), (value) =>
    result(value, select(isDecimal(b), orderOf(value), INVALID)),
  ),
);

/** The number of digits to shift by, to the left or (negative) to the right, is in the byte before the middle of VRA. */
const shiftCount = sext(8, dw0(A));
const atMost = (count: I64, most: number): I64 => select(ltS(count, i64(most)), count, i64(most));
/** Shifts digits by an amount up to 32; nothing is left of 32. */
const moved = (shift: typeof shlQuad, q: Quad, count: I64): Quad =>
  selectQuad(geU(count, i64(32)), { high: i64(0), low: i64(0) }, shift(q, shl(count, i64(2))));
type Ending = (digits: Quad, lost: I32) => Sem;
const shifted = (digits: Quad, most: number, [left, right]: readonly [Ending, (rest: Quad) => Sem]): Sem =>
  def(shiftCount, (count) =>
    when(
      geS(count, i64(0)),
      def(atMost(count, most), (by) =>
        nameQuad(moved(shlQuad, digits, by), (value) =>
          left(value, eqz(eqQuad(moved(shrUQuad, value, by), digits))),
        ),
      ),
      def(atMost(neg(count), most), (by) => nameQuad(moved(shrUQuad, digits, by), right)),
    ),
  );
const setSigned = (magnitude: Quad, negative: I32, lost: I32): Sem =>
  result(signed(of31(magnitude), negative), orOverflow(order(of31(magnitude), negative), lost));

/** The magnitude at the left, so that 31 digits are lost and kept as 32 are. */
const signedShift = (rounded: boolean): Sem =>
  ofDecimal(isDecimal, (b) =>
    def(isNegative(b), (negative) =>
      shifted(withoutSign(b), 31, [
        (digits, lost) => setSigned(magnitudeOf(digits), negative, lost),
        (digits) =>
          rounded
            ? nameQuad(magnitudeOf(digits), (magnitude) =>
                addDigits(
                  magnitude,
                  { high: i64(0), low: i64(0) },
                  geU(and(wrap(digits.low), i32(15)), i32(5)),
                  (total) => setSigned(total, negative, i32(0)),
                ),
              )
            : setSigned(magnitudeOf(digits), negative, i32(0)),
      ]),
    ),
  );
const unsignedShift: Sem = ofDecimal(hasDigits, (b) =>
  shifted(b, 32, [
    (digits, lost) => result(digits, orOverflow(orderUnsigned(digits), lost)),
    (digits) => result(digits, orderUnsigned(digits)),
  ]),
);

/** The number of digits that stay is in the halfword before the middle of VRA. */
const length = and(dw0(A), i64(0xffff));
const truncated = (digits: Quad, most: number, body: Ending): Sem =>
  def(select(ltU(length, i64(most)), length, i64(most)), (count) =>
    nameQuad(moved(shlQuad, { high: i64(0), low: i64(1) }, count), (limit) =>
      nameQuad(andQuad(digits, lessOne(limit)), (kept) => body(kept, eqz(eqQuad(kept, digits)))),
    ),
  );
/** The bits below a power of two; all for 0, which stands for 2^128. */
const lessOne = ({ high, low }: Quad): Quad => ({
  high: add(high, neg(select(eqz(low), i64(1), i64(0)))),
  low: add(low, i64(-1)),
});
const signedTruncation: Sem = ofDecimal(isDecimal, (b) =>
  nameQuad(magnitudeOf(b), (magnitude) =>
    truncated(magnitude, 31, (kept, lost) => setSigned(kept, isNegative(b), lost)),
  ),
);
const unsignedTruncation: Sem = ofDecimal(hasDigits, (b) =>
  truncated(b, 32, (kept, lost) => result(kept, orOverflow(orderUnsigned(kept), lost))),
);

const withPs = (name: string, XO9: number, [properties, sem]: readonly [VectorProperties, Sem]): InsnRow =>
  vx(`${name}.`, { ONE: 1, XO9 }, 'VRT,VRA,VRB,PS', [properties, sem]);

/** Ten times VRA and a digit of VRB, or what that carries. */
const multiplyTen = (wanted: 'product' | 'carry', addend: I64): Sem =>
  quad(A, (a) =>
    timesTen(a, addend, (product, carry) => set(wanted === 'product' ? ofQuad(product) : inDw1(carry))),
  );
const lastDigit = and(dw1(B), i64(15));

export const VECTOR_BCD_ROWS: readonly InsnRow[] = [
  withPs('bcdadd', 1, [V2, addition(false)]),
  withPs('bcdsub', 65, [V2, addition(true)]),
  binary('bcdcpsgn.', 833, copySign, V3),
  vx('bcdsetsgn.', { ONE: 1, XO9: 385, EO: 31 }, 'VRT,VRB,PS', [V3, setSign]),
  withPs('bcds', 193, [V3, signedShift(false)]),
  withPs('bcdsr', 449, [V3, signedShift(true)]),
  binary('bcdus.', 1153, unsignedShift, V3),
  withPs('bcdtrunc', 257, [V3, signedTruncation]),
  binary('bcdutrunc.', 1345, unsignedTruncation, V3),
  vx('vmul10uq', { XO: 513 }, 'VRT,VRA', [V3, multiplyTen('product', i64(0))]),
  vx('vmul10cuq', { XO: 1 }, 'VRT,VRA', [V3, multiplyTen('carry', i64(0))]),
  binary('vmul10euq', 577, multiplyTen('product', lastDigit), V3),
  binary('vmul10ecuq', 65, multiplyTen('carry', lastDigit), V3),
];
