/** Floating-point comparison, and tests for software that divides and takes roots (Power ISA Book I, 4.6.6 and 4.6.8). */
import { FPSCR } from '../registers/float';
import {
  and, eqz, geS, geU, i32, i64, leS, ltS, or, select, shl, shrU, sub, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { fpr } from '../vocabulary/float';
import { controlWith, FLOAT_CONTROL, floatCompare, resultOf, statusOf } from '../vocabulary/float-arithmetic';
import { finishComparison } from '../vocabulary/fpscr';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setCrField, type Sem } from '../vocabulary/stmt';

const properties = (level: IsaLevel): RowProperties => ({ level, feature: 'float', facility: 'FP', timing: 'floatCompare' }); // prettier-ignore

const comparison = (bits: number): Sem =>
  def(floatCompare(fpr('FRA'), fpr('FRB'), controlWith(bits)), (r) =>
    def(or(statusOf(r), shl(resultOf(r), i64(FPSCR.FPCC.shift))), (status) =>
      finishComparison(status, setCrField('BF', wrap(resultOf(r)))),
    ),
  );

const SPECIAL = i32(0x7ff);
/** A number in the pieces that the tests look at. */
interface Pieces {
  readonly field: I32;
  /** Unbiased; that of the least normal number where the number is denormalised. */
  readonly exponent: I32;
  readonly isZero: I32;
  readonly isNegative: I32;
  readonly isInfinite: I32;
}
const pieces = (x: I64, body: (p: Pieces) => Sem): Sem =>
  def(x, (value) =>
    def(and(wrap(shrU(value, i64(52))), SPECIAL), (field) => {
      const fraction = and(value, i64((1n << 52n) - 1n));
      const isSpecial = geU(field, SPECIAL);
      return def(sub(select(eqz(field), i32(1), field), i32(1023)), (exponent) =>
        body({
          field,
          exponent,
          isZero: eqz(shl(value, i64(1))),
          isNegative: ltS(value, i64(0)),
          isInfinite: and(isSpecial, eqz(fraction)),
        }),
      );
    }),
  );
const isSpecial = (p: Pieces): I32 => geU(p.field, SPECIAL);
const anyOf = (...conditions: I32[]): I32 => conditions.reduce(or);
/** The first bit says that estimates are good enough for the usual refinement. */
const tested = (fg: I32, fe: I32): Sem => setCrField('BF', or(i32(8), or(shl(fg, i32(2)), shl(fe, i32(1)))));

const testDivide: Sem = pieces(fpr('FRA'), (a) =>
  pieces(fpr('FRB'), (b) =>
    def(sub(a.exponent, b.exponent), (difference) => {
      const far = anyOf(geS(difference, i32(1023)), leS(difference, i32(-1021)), leS(a.exponent, i32(-970)));
      const fe = anyOf(
        isSpecial(a),
        isSpecial(b),
        b.isZero,
        leS(b.exponent, i32(-1022)),
        geS(b.exponent, i32(1021)),
        and(eqz(a.isZero), far),
      );
      const fg = anyOf(a.isInfinite, b.isInfinite, eqz(b.field));
      return tested(fg, fe);
    }),
  ),
);

const testSquareRoot: Sem = pieces(fpr('FRB'), (b) =>
  tested(
    or(b.isInfinite, eqz(b.field)),
    anyOf(isSpecial(b), b.isZero, b.isNegative, leS(b.exponent, i32(-970))),
  ),
);

export const FLOAT_COMPARE_ROWS: readonly InsnRow[] = [
  insn('fcmpu', 'X', { PO: 63, XO: 0 }, 'BF,FRA,FRB', properties('P1'), comparison(0)),
  insn('fcmpo', 'X', { PO: 63, XO: 32 }, 'BF,FRA,FRB', properties('P1'), comparison(FLOAT_CONTROL.ORDERED)),
  insn('ftdiv', 'X', { PO: 63, XO: 128 }, 'BF,FRA,FRB', properties('v2.06'), testDivide),
  insn('ftsqrt', 'X', { PO: 63, XO: 160 }, 'BF,FRB', properties('v2.06'), testSquareRoot),
];
