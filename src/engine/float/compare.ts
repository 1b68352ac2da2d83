/** Comparison (Power ISA Book I, 4.6.8). */
import { FPSCR } from '../../../isa/registers/float';
import {
  and, eqz, i32, i64, ltS, ne, op, or, select, xor, type I32, type I64,
} from '../../../isa/vocabulary/expr'; // prettier-ignore
import { FLOAT_CONTROL } from '../../../isa/vocabulary/float-arithmetic';
import { defineFunction } from '../function-code';
import type { FloatFunctions } from './context';
import { anyOf, has, isNaN, isSignalling, isZero, MAGNITUDE, result } from './format';

const LESS = i64(8);
const GREATER = i64(4);
const EQUAL = i64(2);
const UNORDERED = i64(1);

/** The bits as a signed number in the order of the values. */
const ordered = (x: I64): I64 => select(ltS(x, i64(0)), xor(x, i64(MAGNITUDE)), x);

/** An ordered comparison of a NaN is invalid, but of an SNaN only where that is not already enabled. */
const invalidOrder = (control: I32, signalling: I32): I32 =>
  and(
    has(control, FLOAT_CONTROL.ORDERED),
    or(eqz(signalling), eqz(and(control, i32(Number(FPSCR.VE.mask))))),
  );

export function defineCompare(functions: FloatFunctions): void {
  const typed = { ...functions.operators['float.comparison'], params: ['i64', 'i64', 'i32'] } as const;
  defineFunction(functions.builder, typed, (f, a, b, control) => {
    f.if(or(isNaN(a), isNaN(b)), () => {
      const signalling = f.let(anyOf(isSignalling(a), isSignalling(b)));
      const vxvc = select(invalidOrder(control, signalling), i64(FPSCR.VXVC.mask), i64(0));
      f.return(result(UNORDERED, or(select(signalling, i64(FPSCR.VXSNAN.mask), i64(0)), vxvc)));
    });
    const equal = or(op<'i32'>('i64.eq', a, b), and(isZero(a), isZero(b)));
    const less = ltS(ordered(a), ordered(b));
    f.return(result(select(ne(equal, i32(0)), EQUAL, select(less, LESS, GREATER)), i64(0)));
  });
}
