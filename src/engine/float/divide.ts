/**
 * Division and square root. The f64 instructions of WebAssembly round to nearest: they give 53 bits of the result, too
 * large by at most one in the last place, and an exact remainder in integers tells that and the bits that follow.
 */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, eqz, extendU, geS, gtS, i32, i64, ltS, ltU, mul, ne, op, or, shl, shrS, shrU, sub, xor,
  type Expr, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { defineFunction, type FunctionCode } from '../function-code';
import type { FloatFunctions } from './context';
import {
  anyOf, BIAS, FRACTION, infinite, invalid, isInfinite, isNaN, isSpecial, isZero, result, signedClass, signOf, unpack,
  zero,
} from './format'; // prettier-ignore

/** A significand of 64 bits without its last 11, which are 0, as an f64 from 1 to below 2, or twice that. */
const toF64 = (significand: I64, twice: I32): Expr<'f64'> =>
  op(
    'f64.reinterpret',
    or(shl(extendU(add(i32(BIAS), twice)), i64(52)), and(shrU(significand, i64(11)), i64(FRACTION))),
  );
/** An f64 from 1 to 2, both included, in units of 2^-52. */
const toInteger = (x: Expr<'f64'>): I64 => sub(op<'i64'>('i64.reinterpret', x), i64(BigInt(BIAS - 1) << 52n));

function divideSpecial(f: FunctionCode, functions: FloatFunctions, [a, b, control]: [I64, I64, I32]): void {
  const sign = f.let(signOf(xor(a, b)));
  f.if(or(isNaN(a), isNaN(b)), () => f.tail(functions.propagate, a, b, i64(0), i64(0), control));
  f.if(isInfinite(a), () => {
    f.if(isInfinite(b), () => f.return(invalid(FPSCR.VXIDI.mask)));
    f.return(infinite(sign));
  });
  f.if(isZero(b), () => {
    f.if(isZero(a), () => f.return(invalid(FPSCR.VXZDZ.mask)));
    f.return(infinite(sign, FPSCR.ZX.mask));
  });
  f.return(zero(sign));
}

export function defineDivide(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.quotient'], params: ['i64', 'i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, b, control) => {
    f.if(anyOf(isSpecial(a), isSpecial(b), isZero(a), isZero(b)), () =>
      divideSpecial(f, functions, [a, b, control]),
    );
    const [x, y] = [unpack(f, a), unpack(f, b)];
    // Twice the dividend where it is less: the quotient is from 1 to below 2.
    const twice = f.let(ltU(x.significand, y.significand));
    const dividend = shl(shrU(x.significand, i64(11)), extendU(twice));
    const divisor = f.let(shrU(y.significand, i64(11)));
    const estimate = op<'f64'>('f64.div', toF64(x.significand, twice), toF64(y.significand, i32(0)));
    const quotient = f.variable(toInteger(estimate));
    const remainder = f.variable(sub(shl(dividend, i64(52)), mul(quotient, divisor)));
    f.if(ltS(remainder, i64(0)), () => {
      f.set(quotient, sub(quotient, i64(1)));
      f.set(remainder, add(remainder, divisor));
    });
    const double = f.let(shl(remainder, i64(1)));
    const guard = shl(extendU(geS(double, divisor)), i64(10));
    const sticky = extendU(and(ne(remainder, i64(0)), ne(double, divisor)));
    const significand = or(shl(quotient, i64(11)), or(guard, sticky));
    const exponent = sub(add(sub(x.exponent, y.exponent), i32(BIAS)), twice);
    f.tail(functions.pack, signOf(xor(a, b)), exponent, significand, control);
  });
}

export function defineSquareRoot(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.root'], params: ['i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, control) => {
    f.if(isNaN(a), () => f.tail(functions.propagate, a, i64(0), i64(0), i64(0), control));
    f.if(isZero(a), () => f.return(zero(signOf(a))));
    f.if(ltS(a, i64(0)), () => f.return(invalid(FPSCR.VXSQRT.mask)));
    f.if(isInfinite(a), () => f.return(result(a, signedClass(i64(0), 'INFINITY'))));
    const { significand, exponent } = unpack(f, a);
    // Twice the significand where the exponent, unbiased, is odd.
    const odd = f.let(eqz(and(exponent, i32(1))));
    const radicand = shl(shrU(significand, i64(11)), extendU(odd));
    const root = f.variable(toInteger(op<'f64'>('f64.sqrt', toF64(significand, odd))));
    const remainder = f.variable(sub(shl(radicand, i64(52)), mul(root, root)));
    f.if(ltS(remainder, i64(0)), () => {
      f.set(root, sub(root, i64(1)));
      f.set(remainder, add(remainder, add(shl(root, i64(1)), i64(1))));
    });
    // A root that is no number of 53 bits is no number of 54 either: beyond the half there is always more.
    const guard = shl(extendU(gtS(remainder, root)), i64(10));
    const bits = or(shl(root, i64(11)), or(guard, extendU(ne(remainder, i64(0)))));
    const half = shrS(sub(exponent, add(i32(BIAS), odd)), i32(1));
    f.tail(functions.pack, i64(0), add(half, i32(BIAS)), bits, control);
  });
}
