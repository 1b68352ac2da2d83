/** Addition and subtraction. */
import { FPSCR } from '../../../isa/registers/float';
import {
  add, and, clz, eqz, extendU, geS, i32, i64, ne, or, select, shl, sub, wrap, xor, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL } from '../../../isa/vocabulary/float-arithmetic';
import { defineFunction, type FunctionCode } from '../function-code';
import type { FloatFunctions } from './context';
import {
  exponentOf, FRACTION, infinite, invalid, isInfinite, isNaN, isSpecial, negatedIf, shiftFarJamming, SIGN, signOf,
  smaller, zero, zeroSumSign,
} from './format'; // prettier-ignore

function special(f: FunctionCode, functions: FloatFunctions, [a, b, control]: [I64, I64, I32]): void {
  f.if(or(isNaN(a), isNaN(b)), () => f.tail(functions.propagate, a, b, i64(0), i64(0), control));
  f.set(b, negatedIf(control, FLOAT_CONTROL.NEGATE_ADDEND, b));
  f.if(and(and(isInfinite(a), isInfinite(b)), ne(signOf(a), signOf(b))), () =>
    f.return(invalid(FPSCR.VXISI.mask)),
  );
  f.return(infinite(signOf(select(isInfinite(a), a, b))));
}

/** The fraction with its implicit bit. */
const fractionOf = (x: I64, exponent: I32): I64 =>
  or(and(x, i64(FRACTION)), shl(extendU(ne(exponent, i32(0))), i64(52)));
/** Bits below the last of a fraction: guard, round, and room for the sticky one. */
const GUARD = i64(10);

export function defineAdd(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.sum'], params: ['i64', 'i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, b, control) => {
    f.if(or(isSpecial(a), isSpecial(b)), () => special(f, functions, [a, b, control]));
    f.set(b, negatedIf(control, FLOAT_CONTROL.NEGATE_ADDEND, b));
    const swapped = f.let(smaller(a, b));
    const [large, small] = [f.let(select(swapped, b, a)), f.let(select(swapped, a, b))];
    const [largeField, smallField] = [f.let(exponentOf(large)), f.let(exponentOf(small))];
    const exponent = f.let(add(largeField, eqz(largeField)));
    const distance = f.let(extendU(sub(exponent, add(smallField, eqz(smallField)))));
    const x = f.let(shl(fractionOf(large, largeField), GUARD));
    const unshifted = f.let(shl(fractionOf(small, smallField), GUARD));
    const y = f.let(shiftFarJamming(unshifted, distance));
    const alike = f.let(geS(xor(large, small), i64(0)));
    const sum = f.let(select(alike, add(x, y), sub(x, y)));
    f.if(eqz(sum), () => {
      f.return(zero(f.let(select(alike, and(large, i64(SIGN)), zeroSumSign(control)))));
    });
    const zeros = f.let(clz(sum));
    const place = sub(add(exponent, i32(1)), wrap(zeros));
    f.tail(functions.pack, signOf(large), place, shl(sum, zeros), control);
  });
}
