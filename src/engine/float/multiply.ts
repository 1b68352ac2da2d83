/** Multiplication, and multiplication with an addition that is not rounded in between. */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, eqz, extendU, geS, i32, i64, ltU, mul, ne, or, select, shl, shrU, sub, xor, zext32, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL } from '../../../isa/vocabulary/float-arithmetic';
import { defineFunction, type FunctionCode } from '../function-code';
import type { FloatFunctions } from './context';
import {
  anyOf, BIAS, infinite, invalid, isInfinite, isNaN, isSpecial, isZero, negatedIf, normalise, resultSign,
  shiftFarJamming, shiftJamming, signOf, unpack, zero, zeroSumSign,
} from './format'; // prettier-ignore

interface Wide {
  readonly high: I64;
  readonly low: I64;
}

/** The 128-bit product. */
function product(f: FunctionCode, a: I64, b: I64): Wide {
  const [a1, a0] = [f.let(shrU(a, i64(32))), f.let(zext32(a))];
  const [b1, b0] = [f.let(shrU(b, i64(32))), f.let(zext32(b))];
  const middle = f.let(add(mul(a1, b0), shrU(mul(a0, b0), i64(32))));
  const middle2 = f.let(add(mul(a0, b1), zext32(middle)));
  const high = f.let(add(add(mul(a1, b1), shrU(middle, i64(32))), shrU(middle2, i64(32))));
  return { high, low: f.let(mul(a, b)) };
}
/** The product of infinity and zero. */
const isUndefined = (a: I64, b: I64): I32 => or(and(isInfinite(a), isZero(b)), and(isZero(a), isInfinite(b)));

export function defineMultiply(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.product'], params: ['i64', 'i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, b, control) => {
    const sign = f.let(signOf(xor(a, b)));
    f.if(or(isSpecial(a), isSpecial(b)), () => {
      f.if(or(isNaN(a), isNaN(b)), () => f.tail(functions.propagate, a, b, i64(0), i64(0), control));
      f.if(isUndefined(a, b), () => f.return(invalid(FPSCR.VXIMZ.mask)));
      f.return(infinite(sign));
    });
    f.if(or(isZero(a), isZero(b)), () => f.return(zero(sign)));
    const [x, y] = [unpack(f, a), unpack(f, b)];
    const { high, low } = product(f, x.significand, y.significand);
    const shift = f.let(eqz(shrU(high, i64(63))));
    const bits = or(shl(high, extendU(shift)), and(shrU(low, i64(63)), extendU(shift)));
    const sticky = extendU(ne(shl(low, extendU(shift)), i64(0)));
    const exponent = sub(add(x.exponent, y.exponent), add(i32(BIAS - 1), shift));
    f.tail(functions.pack, sign, exponent, or(bits, sticky), control);
  });
}

interface Fused {
  readonly multiplicand: I64;
  readonly multiplier: I64;
  readonly addend: I64;
  readonly control: I32;
}

function fusedSpecial(f: FunctionCode, functions: FloatFunctions, operands: Fused): void {
  const { multiplicand: a, multiplier: c, addend: b, control } = operands;
  const undefinedProduct = f.let(isUndefined(a, c));
  const cause = select(undefinedProduct, i64(FPSCR.VXIMZ.mask), i64(0));
  f.if(anyOf(isNaN(a), isNaN(b), isNaN(c)), () => f.tail(functions.propagate, a, b, c, cause, control));
  f.if(undefinedProduct, () => f.return(invalid(FPSCR.VXIMZ.mask)));
  f.set(b, negatedIf(control, FLOAT_CONTROL.NEGATE_ADDEND, b));
  const sign = f.let(signOf(xor(a, c)));
  const infiniteProduct = f.let(or(isInfinite(a), isInfinite(c)));
  f.if(and(infiniteProduct, and(isInfinite(b), ne(sign, signOf(b)))), () =>
    f.return(invalid(FPSCR.VXISI.mask)),
  );
  f.return(infinite(f.let(resultSign(control, select(infiniteProduct, sign, signOf(b))))));
}

/** Shifts 128 bits right by any number from 0 on, jamming. */
function shiftWide(f: FunctionCode, { high, low }: Wide, by: I64): void {
  f.if(
    ltU(by, i64(64)),
    () => {
      const carried = shl(shl(high, i64(1)), sub(i64(63), by));
      f.set(low, or(shiftJamming(low, by), carried));
      f.set(high, shrU(high, by));
    },
    () => {
      const sticky = f.let(extendU(ne(low, i64(0))));
      f.set(low, or(shiftFarJamming(high, sub(by, i64(64))), sticky));
      f.set(high, i64(0));
    },
  );
}

/** Without a product: the addend alone, rounded, or a zero. */
function zeroProduct(
  f: FunctionCode,
  functions: FloatFunctions,
  sign: I64,
  { addend, control }: Fused,
): void {
  f.if(isZero(addend), () => {
    const alike = eqz(signOf(xor(sign, addend)));
    f.return(zero(f.let(resultSign(control, select(alike, sign, zeroSumSign(control))))));
  });
  const { exponent, significand } = unpack(f, addend);
  f.tail(functions.pack, signOf(addend), exponent, significand, control);
}

/** Adds the addend to the product in `sum`; all are variables, and `exponent` is that of bit 126. */
function addAddend(
  f: FunctionCode,
  sum: Wide & { readonly sign: I64; readonly exponent: I32 },
  addend: I64,
): void {
  const { significand, exponent } = unpack(f, addend);
  const other = { high: f.variable(shrU(significand, i64(1))), low: f.variable(i64(0)) };
  const distance = f.let(sub(sum.exponent, exponent));
  f.if(
    geS(distance, i32(0)),
    () => shiftWide(f, other, extendU(distance)),
    () => {
      shiftWide(f, sum, extendU(sub(i32(0), distance)));
      f.set(sum.exponent, exponent);
    },
  );
  f.if(
    eqz(signOf(xor(sum.sign, addend))),
    () => {
      f.set(sum.low, add(sum.low, other.low));
      f.set(sum.high, add(add(sum.high, other.high), extendU(ltU(sum.low, other.low))));
    },
    () => {
      const borrow = f.let(extendU(ltU(sum.low, other.low)));
      f.set(sum.low, sub(sum.low, other.low));
      f.set(sum.high, sub(sub(sum.high, other.high), borrow));
      f.if(ne(signOf(sum.high), i64(0)), () => {
        f.set(sum.high, sub(sub(i64(0), sum.high), extendU(ne(sum.low, i64(0)))));
        f.set(sum.low, sub(i64(0), sum.low));
        f.set(sum.sign, signOf(addend));
      });
    },
  );
}

export function defineFused(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.fused'], params: ['i64', 'i64', 'i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, multiplicand, multiplier, addend, control) => {
    const operands = { multiplicand, multiplier, addend, control };
    f.if(anyOf(isSpecial(multiplicand), isSpecial(multiplier), isSpecial(addend)), () =>
      fusedSpecial(f, functions, operands),
    );
    f.set(addend, negatedIf(control, FLOAT_CONTROL.NEGATE_ADDEND, addend));
    const sign = f.variable(signOf(xor(multiplicand, multiplier)));
    f.if(or(isZero(multiplicand), isZero(multiplier)), () => zeroProduct(f, functions, sign, operands));
    const [x, y] = [unpack(f, multiplicand), unpack(f, multiplier)];
    // The last bits of a significand are 0: with one less there is room for a carry.
    const { high, low } = product(f, f.let(shrU(x.significand, i64(1))), y.significand);
    const exponent = f.variable(sub(add(x.exponent, y.exponent), i32(BIAS - 1)));
    f.if(eqz(isZero(addend)), () => addAddend(f, { high, low, sign, exponent }, addend));
    f.if(eqz(or(high, low)), () => f.return(zero(f.let(resultSign(control, zeroSumSign(control))))));
    const { significand, shift } = normalise(f, { high, low });
    f.tail(functions.pack, sign, sub(add(exponent, i32(1)), shift), significand, control);
  });
}
