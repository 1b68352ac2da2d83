/** Operations on NaNs (Power ISA Book I, 4.3.2). */
import { FPSCR } from '../../../isa/registers/float';
import { and, i64, or, select } from '../../../isa/vocabulary/expr';
import { FLOAT_CONTROL } from '../../../isa/vocabulary/float-arithmetic';
import { defineFunction } from '../function-code';
import type { FloatFunctions } from './context';
import { anyOf, classBits, has, isNaN, isSignalling, QUIET, result } from './format';

/** Bits of the fraction that a single has not. */
const BEYOND_SINGLE = (1n << 29n) - 1n;

export function definePropagate({ builder, propagate }: FloatFunctions): void {
  const typed = { ...propagate, params: ['i64', 'i64', 'i64', 'i64', 'i32'] } as const;
  defineFunction(builder, typed, (f, a, b, c, status, control) => {
    const chosen = select(isNaN(a), a, select(isNaN(b), b, c));
    const signalling = anyOf(isSignalling(a), isSignalling(b), isSignalling(c));
    const kept = select(has(control, FLOAT_CONTROL.SINGLE), i64(~BEYOND_SINGLE), i64(-1n));
    const value = and(or(chosen, i64(QUIET)), kept);
    const causes = or(status, select(signalling, i64(FPSCR.VXSNAN.mask), i64(0)));
    f.return(result(value, or(causes, i64(classBits('QNAN')))));
  });
}
