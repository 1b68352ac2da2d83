/**
 * Estimates of reciprocals and of reciprocals of square roots. Processors differ in them, and the manual leaves them
 * open but for their precision (Power ISA Book I, 4.6.6). There are two kinds: quotients, and what Microwatt looks up:
 * 18 bits after the point, from the eight bits that follow the first one, for the middle of what these stand for.
 */
import { FPSCR, FPSCR_EXCEPTIONS } from '../../../isa/registers/float';
import {
  add, and, divU, eqz, extendU, i32, i64, ltS, op, or, shl, shrS, shrU, sub, type Expr, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { defineFunction, type FunctionCode, type ModuleFunction } from '../function-code';
import type { FloatFunctions } from './context';
import {
  BIAS, infinite, invalid, isInfinite, isNaN, isZero, result, SIGN, signOf, unpack, zero,
} from './format'; // prettier-ignore

const ONE = i64(BigInt(BIAS) << 52n);
const ESTIMATE_BITS = 18n;

const dw0 = (x: Expr): I64 => op('v128.dw0', x);
const dw1 = (x: Expr): I64 => op('v128.dw1', x);

/** A significand of 1 and an estimate's bits. */
const significandOf = (bits: I64): I64 => or(i64(SIGN), shl(bits, i64(63n - ESTIMATE_BITS)));

/** 2^18 * (2 / m - 1), m the middle of a 512th: m = n / 512 with n odd. */
const reciprocalBits = (n: I64): I64 => divU(shl(sub(i64(1024), n), i64(ESTIMATE_BITS)), n);

const TWO_52 = op<'f64'>('f64.reinterpret', i64(0x433n << 52n));
/** The integer part of the root of an integer below 2^52. */
const integerRoot = (x: I64): I64 => {
  const asFloat = op<'f64'>('f64.sub', op('f64.reinterpret', or(x, i64(0x433n << 52n))), TWO_52);
  const root = op<'f64'>('f64.floor', op('f64.sqrt', asFloat));
  return and(op<'i64'>('i64.reinterpret', op('f64.add', root, TWO_52)), i64((1n << 52n) - 1n));
};
/** 2^18 * (2 / sqrt(m) - 1), an even number: 2^17 times the root is that of 2^45 / n. */
const reciprocalRootBits = (n: I64): I64 =>
  shl(sub(integerRoot(divU(i64(1n << 45n), n)), i64(1n << 17n)), i64(1));

/** n of the significand, times two where asked, from its first nine or ten bits. */
const middle = (significand: I64, twice: I32): I64 =>
  add(shl(shrU(significand, sub(i64(55), extendU(twice))), i64(1)), i64(1));

function special(f: FunctionCode, functions: FloatFunctions, [b, control]: [I64, I32]): void {
  f.if(isNaN(b), () => f.tail(functions.propagate, b, i64(0), i64(0), i64(0), control));
  f.if(isZero(b), () => f.return(infinite(signOf(b), FPSCR.ZX.mask)));
}

const typed = (func: ModuleFunction) => ({ ...func, params: ['i64', 'i32'] }) as const;

function defineTabulated(functions: FloatFunctions): void {
  const { builder, operators, pack } = functions;
  defineFunction(builder, typed(operators['float.reciprocal']), (f, b, control) => {
    special(f, functions, [b, control]);
    f.if(isInfinite(b), () => f.return(zero(signOf(b))));
    const { significand, exponent } = unpack(f, b);
    const bits = f.let(significandOf(reciprocalBits(f.let(middle(significand, i32(0))))));
    f.tail(pack, signOf(b), sub(i32(2 * BIAS - 1), exponent), bits, control);
  });
  defineFunction(builder, typed(operators['float.reciprocalRoot']), (f, b, control) => {
    special(f, functions, [b, control]);
    f.if(ltS(b, i64(0)), () => f.return(invalid(FPSCR.VXSQRT.mask)));
    f.if(isInfinite(b), () => f.return(zero(i64(0))));
    const { significand, exponent } = unpack(f, b);
    const odd = f.let(eqz(and(exponent, i32(1))));
    const bits = f.let(significandOf(reciprocalRootBits(f.let(middle(significand, odd)))));
    const half = shrS(sub(exponent, add(i32(BIAS), odd)), i32(1));
    f.tail(pack, i64(0), sub(i32(BIAS - 1), half), bits, control);
  });
}

/** Square root and quotient are rounded both; exceptions and FI of the root join the quotient's status. */
function defineQuotients({ builder, operators }: FloatFunctions): void {
  const quotient = operators['float.quotient'];
  defineFunction(builder, typed(operators['float.reciprocal']), (f, b, control) =>
    f.tail(quotient, ONE, b, control),
  );
  defineFunction(builder, typed(operators['float.reciprocalRoot']), (f, b, control) => {
    const low = and(control, i32(FROM_FPSCR));
    const root = f.call(operators['float.root'], b, low);
    const estimate = f.call(quotient, ONE, f.let(dw0(root)), control);
    const ofRoot = and(dw1(root), i64(FPSCR_EXCEPTIONS | FPSCR.FI.mask));
    f.return(result(dw0(estimate), or(ofRoot, dw1(estimate))));
  });
}
/** The root is a double whatever the result is. */
const FROM_FPSCR = 0xff;

export const defineEstimates = (functions: FloatFunctions): void =>
  functions.tabulatedEstimates ? defineTabulated(functions) : defineQuotients(functions);
