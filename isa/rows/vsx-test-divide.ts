/** Vector-scalar tests for software that divides and takes roots (Power ISA Book I, 7.6.3). */
import {
  and, eqz, extendU, geS, geU, i32, i64, leS, ltS, or, select, shl, shrU, sub, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { WORD_NUMBERS, word } from '../vocabulary/lanes';

import { insn, type InsnRow } from '../vocabulary/row';
import { def, setCrField, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, type Vector } from '../vocabulary/vector';
import { A, B, bindAll, vsxProperties, type Bind } from '../vocabulary/vsx-float';

/** A format whose numbers are at the left end of a doubleword. */
interface Format {
  readonly fraction: number;
  readonly special: number;
  /** Greatest exponent, and how many below the least one are still far from it. */
  readonly greatest: number;
  readonly precision: number;
  readonly elements: (value: Vector) => readonly I64[];
}
const DOUBLE: Format = {
  fraction: 52,
  special: 0x7ff,
  greatest: 1023,
  precision: 52,
  elements: (value) => [dw0(value), dw1(value)],
};
const SINGLE: Format = {
  fraction: 55,
  special: 0xff,
  greatest: 127,
  precision: 23,
  elements: (value) => WORD_NUMBERS.map((n) => shl(extendU(word(value, n)), i64(32))),
};
const SCALAR: Format = { ...DOUBLE, elements: (value) => [dw0(value)] };

/** What the tests look at. */
interface Pieces {
  /** Unbiased; that of the least normal number where the number is denormalised. */
  readonly exponent: I32;
  readonly isZero: I32;
  readonly isNegative: I32;
  readonly isSpecial: I32;
  readonly isInfinite: I32;
  /** Zero or denormalised. */
  readonly isSmall: I32;
}
const pieces =
  (x: I64, f: Format): Bind<Pieces> =>
  (body) =>
    def(x, (value) =>
      def(and(wrap(shrU(value, i64(f.fraction))), i32(f.special)), (exponent) => {
        const isSpecial = geU(exponent, i32(f.special));
        const fraction = and(value, i64((1n << BigInt(f.fraction)) - 1n));
        return def(sub(select(eqz(exponent), i32(1), exponent), i32(f.greatest)), (unbiased) =>
          body({
            exponent: unbiased,
            isZero: eqz(shl(value, i64(1))),
            isNegative: ltS(value, i64(0)),
            isSpecial,
            isInfinite: and(isSpecial, eqz(fraction)),
            isSmall: eqz(exponent),
          }),
        );
      }),
    );

const anyOf = (...conditions: I32[]): I32 => conditions.reduce((a, b) => or(a, b));
/** Whether an estimate needs a special case (fg), and whether the usual refinement does not do (fe). */
interface Flags {
  readonly fg: I32;
  readonly fe: I32;
}
/** The first bit says that estimates are good enough for the usual refinement. */
const report = (flags: readonly Flags[]): Sem => {
  const fg = anyOf(...flags.map((f) => f.fg));
  const fe = anyOf(...flags.map((f) => f.fe));
  return setCrField('BF', or(i32(8), or(shl(fg, i32(2)), shl(fe, i32(1)))));
};

const divideFlags = ({ greatest, precision }: Format, a: Pieces, b: Pieces): Flags => {
  const difference = sub(a.exponent, b.exponent);
  const far = anyOf(
    geS(difference, i32(greatest)),
    leS(difference, i32(2 - greatest)),
    leS(a.exponent, i32(precision + 1 - greatest)),
  );
  const extreme = or(leS(b.exponent, i32(1 - greatest)), geS(b.exponent, i32(greatest - 2)));
  return {
    fg: anyOf(a.isInfinite, b.isInfinite, b.isSmall),
    fe: anyOf(a.isSpecial, b.isSpecial, b.isZero, extreme, and(eqz(a.isZero), far)),
  };
};
const rootFlags = ({ greatest, precision }: Format, b: Pieces): Flags => ({
  fg: or(b.isInfinite, b.isSmall),
  fe: anyOf(b.isSpecial, b.isZero, b.isNegative, leS(b.exponent, i32(precision + 1 - greatest))),
});

const testDivide = (f: Format): Sem => {
  const [a, b] = [f.elements(A), f.elements(B)];
  const flags = a.map(
    (x, n): Bind<Flags> =>
      (body) =>
        pieces(x, f)((p) => pieces(b[n]!, f)((q) => body(divideFlags(f, p, q)))),
  );
  return bindAll(flags, report);
};
const testSquareRoot = (f: Format): Sem =>
  bindAll(
    f.elements(B).map(
      (x): Bind<Flags> =>
        (body) =>
          pieces(x, f)((p) => body(rootFlags(f, p))),
    ),
    report,
  );

const PROPERTIES = vsxProperties('v2.06', 'floatCompare');
export const VSX_TEST_DIVIDE_ROWS: readonly InsnRow[] = ([['xs', 'dp', SCALAR, 32], ['xv', 'sp', SINGLE, 64], ['xv', 'dp', DOUBLE, 96]] as const).flatMap(
  ([prefix, suffix, format, XO]) => [
    insn(`${prefix}tdiv${suffix}`, 'XX3', { PO: 60, XO: XO + 29 }, 'BF,XA,XB', PROPERTIES, testDivide(format)),
    insn(`${prefix}tsqrt${suffix}`, 'XX2', { PO: 60, XO: 2 * XO + 42 }, 'BF,XB', PROPERTIES, testSquareRoot(format)),
  ],
); // prettier-ignore
