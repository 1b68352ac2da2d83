/**
 * Decimal numbers from and to national and zoned characters and signed quadwords (Power ISA Book I, 6.17.2). choice: what
 * invalid operands give is undefined; as in QEMU, conversion ends at the first digit that is wrong.
 */
import {
  addDigits, digitAt, hasSign, INVALID, isDecimal, isDigit, isMinus, isNegative, order, orderOf, orOverflow, setCr6,
  signed, timesTen,
} from '../vocabulary/bcd'; // prettier-ignore
import {
  add, and, eq, eqz, extendU, field, i32, i64, ltU, mul, ne, or, select, shl, shrS, shrU, sub, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { ltQuad, ofQuad, orQuad, quad, shlQuad, shrUQuad, withSign, type Quad } from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import { assign, def, repeat, variable, when, type Sem } from '../vocabulary/stmt';
import { B, set, vx } from '../vocabulary/vector-row';

const V3 = { level: 'v3.0', timing: 'vectorDecimal' } as const;
const PS = field('PS');

/** Runs `step` for digits from the right as long as it leaves `goes` true; gives what it put together. */
const digits = (
  count: number,
  goesFirst: I32,
  step: (i: I64, sofar: Quad, goes: I32) => Sem,
  body: (all: Quad, went: I32) => Sem,
): Sem =>
  variable(i64(0), (high) =>
    variable(i64(0), (low) =>
      variable(goesFirst, (goes) => [
        repeat(i32(count), count, (i) => when(goes, step(extendU(i), { high, low }, goes))),
        body({ high, low }, goes),
      ]),
    ),
  );
/** Adds bits to what is there. */
const put = (sofar: Quad, bits: I64, by: I64): Sem => {
  const placed = shlQuad({ high: i64(0), low: bits }, by);
  return [assign(sofar.high, or(sofar.high, placed.high)), assign(sofar.low, or(sofar.low, placed.low))];
};
const times = (i: I64, bits: number): I64 => mul(i, i64(bits));
const bitsAt = (q: Quad, by: I64, mask: number): I64 => and(shrUQuad(q, by).low, i64(mask));

/** The characters of national decimals, in halfwords; the last one is the sign. */
const NATIONAL = { zero: 0x30, plus: 0x2b, minus: 0x2d, digits: 7, bits: 16 } as const;
const fromNational: Sem = quad(B, (b) =>
  def(bitsAt(b, i64(0), 0xffff), (sign) =>
    digits(
      NATIONAL.digits,
      i32(1),
      (i, sofar, goes) =>
        def(sub(bitsAt(b, times(add(i, i64(1)), NATIONAL.bits), 0xffff), i64(NATIONAL.zero)), (digit) => [
          assign(goes, ltU(digit, i64(10))),
          when(goes, put(sofar, digit, times(i, 4))),
        ]),
      (magnitude, went) =>
        def(ne(sign, i64(NATIONAL.plus)), (negative) =>
          def(and(went, or(eqz(negative), eq(sign, i64(NATIONAL.minus)))), (isValid) => [
            set(ofQuad(signed(magnitude, negative))),
            setCr6(select(isValid, order(magnitude, negative), INVALID)),
          ]),
        ),
    ),
  ),
);
const overflowsTo = (b: Quad, bits: number): I32 => {
  const rest = shrUQuad(b, i64(bits));
  return ne(or(rest.high, rest.low), i64(0));
};
const setConverted = (b: Quad, value: Quad, overflow: I32): Sem => [
  def(select(isDecimal(b), orOverflow(orderOf(b), overflow), INVALID), (cr) => [
    set(ofQuad(value)),
    setCr6(cr),
  ]),
];
const toNational: Sem = quad(B, (b) =>
  digits(
    NATIONAL.digits,
    i32(1),
    (i, sofar, goes) =>
      def(digitAt(b, times(add(i, i64(1)), 4)), (digit) => [
        put(sofar, add(digit, i64(NATIONAL.zero)), times(add(i, i64(1)), NATIONAL.bits)),
        assign(goes, and(hasSign(b), isDigit(digit))),
      ]),
    (all) => {
      const sign = select(isNegative(b), i64(NATIONAL.minus), i64(NATIONAL.plus));
      return setConverted(b, orQuad(all, { high: i64(0), low: sign }), overflowsTo(b, 32));
    },
  ),
);

/** Zoned decimals: bytes of a zone, by PS, and a digit; the last zone is the sign. */
const ZONED = { digits: 16, bits: 8, signAt: 4 } as const;
const zone = select(PS, i64(0xf), i64(0x3));
const fromZoned: Sem = quad(B, (b) =>
  def(wrap(bitsAt(b, i64(ZONED.signAt), 15)), (sign) =>
    digits(
      ZONED.digits,
      i32(1),
      (i, sofar, goes) =>
        def(bitsAt(b, times(i, ZONED.bits), 0xff), (byte) =>
          def(and(byte, i64(15)), (digit) => [
            assign(goes, and(isDigit(digit), or(eqz(i), eq(shrU(byte, i64(4)), zone)))),
            when(goes, put(sofar, digit, times(i, 4))),
          ]),
        ),
      (magnitude, went) =>
        def(select(PS, isMinus(sign), ne(and(sign, i32(4)), i32(0))), (negative) =>
          def(and(went, eqz(and(PS, ltU(sign, i32(10))))), (isValid) => {
            const code = extendU(select(negative, i32(0xd), i32(0xc)));
            return [
              set(ofQuad(orQuad(shlQuad(magnitude, i64(4)), { high: i64(0), low: code }))),
              setCr6(select(isValid, order(magnitude, negative), INVALID)),
            ];
          }),
        ),
    ),
  ),
);
const toZoned: Sem = quad(B, (b) =>
  digits(
    ZONED.digits,
    hasSign(b),
    (i, sofar, goes) =>
      def(digitAt(b, times(add(i, i64(1)), 4)), (digit) => [
        assign(goes, isDigit(digit)),
        when(goes, put(sofar, or(shl(zone, i64(4)), digit), times(i, ZONED.bits))),
      ]),
    ({ high, low }) => {
      // A sign that is wrong counts as minus.
      const negative = or(isNegative(b), eqz(hasSign(b)));
      const sign = select(PS, select(negative, i64(0xd), i64(0xc)), select(negative, i64(7), i64(3)));
      const last = or(and(low, i64(~0xf0n)), shl(sign, i64(ZONED.signAt)));
      return setConverted(b, { high, low: last }, overflowsTo(b, 68));
    },
  ),
);

/** 10^31, the first magnitude that does not fit. */
const LIMIT = 10n ** 31n;
const limit: Quad = { high: i64(LIMIT >> 64n), low: i64(BigInt.asUintN(64, LIMIT)) };
/** Bit after bit is added to twice the decimal so far. Where the number does not fit VRT stays, as in QEMU. */
const fromQuadword: Sem = quad(B, (b) =>
  def(shrS(b.high, i64(63)), (sign) =>
    withSign(b, sign, (size) =>
      def(wrap(shrU(sign, i64(63))), (negative) => [
        def(ltQuad('U', size, limit), (fits) => [
          setCr6(orOverflow(order(size, negative), eqz(fits))),
          when(
            fits,
            variable(i64(0), (high) =>
              variable(i64(0), (low) => [
                repeat(i32(128), 128, (i) =>
                  def(wrap(bitsAt(size, sub(i64(127), extendU(i)), 1)), (bit) =>
                    addDigits({ high, low }, { high, low }, bit, (sum) => [
                      assign(high, sum.high),
                      assign(low, sum.low),
                    ]),
                  ),
                ),
                set(ofQuad(signed({ high, low }, negative))),
              ]),
            ),
          ),
        ]),
      ]),
    ),
  ),
);
/** Digit after digit is added to ten times the number so far. */
const toQuadword: Sem = quad(B, (b) =>
  digits(
    31,
    i32(1),
    (i, sofar, goes) =>
      def(digitAt(b, times(sub(i64(31), i), 4)), (digit) =>
        timesTen(sofar, digit, (value) => [
          assign(sofar.high, value.high),
          assign(sofar.low, value.low),
          // The first two digits are taken before it is asked whether they and the sign are right.
          assign(
            goes,
            or(eqz(i), and(hasSign(b), and(isDigit(digit), isDigit(digitAt(b, times(sub(i64(32), i), 4)))))),
          ),
        ]),
      ),
    (size) =>
      withSign(size, select(isNegative(b), i64(-1), i64(0)), (value) => setConverted(b, value, i32(0))),
  ),
);

/** With EO in the place of VRA, and PS or without it. */
const convert = (name: string, EO: number, sem: Sem): InsnRow =>
  vx(`${name}.`, { ONE: 1, XO9: 385, EO }, 'VRT,VRB,PS', [V3, sem]);
const convertWithoutPs = (name: string, EO: number, sem: Sem): InsnRow =>
  vx(`${name}.`, { XO: 1409, EO }, 'VRT,VRB', [V3, sem]);

export const VECTOR_BCD_CONVERT_ROWS: readonly InsnRow[] = [
  convertWithoutPs('bcdctsq', 0, toQuadword),
  convert('bcdcfsq', 2, fromQuadword),
  convert('bcdctz', 4, toZoned),
  convertWithoutPs('bcdctn', 5, toNational),
  convert('bcdcfz', 6, fromZoned),
  convert('bcdcfn', 7, fromNational),
];
