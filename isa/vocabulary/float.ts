/** Floating-point registers: FPR n is doubleword 0 of VSR n. */
import { i64, op, vsr, type Expr, type I64 } from './expr';
import { setVsr, type Stmt } from './stmt';

/** The bits of the FPR that a field numbers. */
export const fpr = (field: string): I64 => op<'i64'>('v128.dw0', vsr(field));

/** Sets an FPR. choice: doubleword 1 of the VSR, undefined before v3.1, becomes 0, as v3.1 has it for loads. */
export const setFpr = (field: string, value: I64): Stmt =>
  setVsr(field, op<'v128'>('v128.withDw1', op<'v128'>('v128.splat64', value), i64(0)) satisfies Expr<'v128'>);
