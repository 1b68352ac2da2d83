/** Floating-point registers (FPR n is doubleword 0 of VSR n), and the change of format between them and words. */
import {
  and, geU, i64, op, or, select, shl, shrU, sub, vsr, wrap, type Expr, type I64,
} from './expr'; // prettier-ignore
import { def, setVsr, type Sem, type Stmt } from './stmt';

/** The bits of the FPR that a field numbers. */
export const fpr = (field: string): I64 => op<'i64'>('v128.dw0', vsr(field));

/** Sets an FPR. choice: doubleword 1 of the VSR, undefined before v3.1, becomes 0, as v3.1 has it for loads. */
export const setFpr = (field: string, value: I64): Stmt =>
  setVsr(field, op<'v128'>('v128.withDw1', op<'v128'>('v128.splat64', value), i64(0)) satisfies Expr<'v128'>);

const INFINITY_SINGLE = 0x7f80_0000n;
const MAGNITUDE_SINGLE = 0x7fff_ffffn;
const SIGN_SINGLE = 0x8000_0000n;
/** What the exponent of a NaN or infinity gains: both biases are below all ones by as much as the widths differ. */
const SPECIAL_EXPONENT = 0x7ffn << 52n;

/** Gives the double-format value of the low word: exact, NaNs signalling or quiet as they are (Book I, 4.6.2). */
export const singleToDouble = (word: I64, body: (double: I64) => Sem): Sem =>
  def(and(word, i64(0xffff_ffffn)), (single) => {
    const special = or(
      or(shl(and(single, i64(SIGN_SINGLE)), i64(32)), i64(SPECIAL_EXPONENT)),
      shl(and(single, i64(0x007f_ffffn)), i64(29)),
    );
    const promoted = op<'i64'>('i64.reinterpret', op('f64.promote', op('f32.reinterpret', wrap(single))));
    const isSpecial = geU(and(single, i64(MAGNITUDE_SINGLE)), i64(INFINITY_SINGLE));
    return def(select(isSpecial, special, promoted), body);
  });

const EXPONENT_SHIFT = i64(52);
/** Least exponent, biased, of a double that is a normalised single. */
const LEAST_NORMAL = i64(897);
/** Least exponent that leaves a bit of the fraction in a denormalised single. */
const LEAST_DENORMAL = i64(874);

/**
 * Gives the single-format word of a double, rounding nothing: what does not fit is cut off (Book I, 4.6.3). choice:
 * exponents below 874, which give something undefined, give a zero, as QEMU does.
 */
export const doubleToSingle = (double: I64, body: (word: I64) => Sem): Sem =>
  def(double, (value) =>
    def(and(shrU(value, EXPONENT_SHIFT), i64(0x7ff)), (exponent) => {
      const sign = and(shrU(value, i64(32)), i64(SIGN_SINGLE));
      const top = and(shrU(value, i64(32)), i64(0xc000_0000n));
      const normal = or(top, and(shrU(value, i64(29)), i64(0x3fff_ffffn)));
      const fraction = or(and(value, i64(0x000f_ffff_ffff_ffffn)), i64(1n << 52n));
      const denormal = or(sign, shrU(fraction, sub(i64(896 + 30), exponent)));
      const small = select(geU(exponent, LEAST_DENORMAL), denormal, sign);
      return def(select(geU(exponent, LEAST_NORMAL), normal, small), body);
    }),
  );
