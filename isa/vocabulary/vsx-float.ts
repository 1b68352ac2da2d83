/**
 * Vector-scalar floating-point operations (Power ISA Book I, 7.6): how the elements of registers become operands in
 * double format, and how results become elements. The arithmetic is `float-arithmetic.ts`.
 */
import { and, extendU, i64, op, or, shl, vsr, zext32, type I64 } from './expr';
import { doubleToSingle, singleToDouble } from './float';
import { resultOf, statusOf, type FloatResult } from './float-arithmetic';
import { finishScalar, finishVector } from './fpscr';
import { inDw0, word, WORD_NUMBERS, type WordNumber } from './lanes';
import type { RowProperties, IsaLevel, TimingClass } from './row';
import { def, setVsr, type Sem } from './stmt';
import { dw0, dw1, vector, type Vector } from './vector';

export const [A, B, T] = [vsr('XA'), vsr('XB'), vsr('XT')];
export const vsxProperties = (level: IsaLevel, timing: TimingClass): RowProperties => ({
  level,
  feature: 'vsx',
  facility: 'VSX',
  timing,
});

/** A value that statements compute before what uses it. */
export type Bind<T> = (body: (value: T) => Sem) => Sem;
/** Several of them, in order. */
export const bindAll = <T>(binds: readonly Bind<T>[], body: (values: readonly T[]) => Sem): Sem => {
  const from = (i: number, values: readonly T[]): Sem =>
    i === binds.length ? body(values) : binds[i]!((value) => from(i + 1, [...values, value]));
  return from(0, []);
};

/** Elements of a register as doublewords: numbers in double format, or integers. */
export type Elements = (value: Vector) => readonly Bind<I64>[];
const ready =
  (value: I64): Bind<I64> =>
  (body) =>
    def(value, body);
const single =
  (value: Vector, n: WordNumber): Bind<I64> =>
  (body) =>
    singleToDouble(extendU(word(value, n)), body);
export const doublewords: Elements = (value) => [ready(dw0(value)), ready(dw1(value))];
export const singles: Elements = (value) => WORD_NUMBERS.map((n) => single(value, n));
/** Words 0 and 2, where conversions have narrow elements beside wide ones. */
export const evenSingles: Elements = (value) => [single(value, 0), single(value, 2)];

/** Makes a register of results. */
export type Gather = (results: readonly I64[]) => Bind<Vector>;
const upperAndLower = (upper: I64, lower: I64): I64 => or(shl(upper, i64(32)), lower);
/** Four words from doublewords whose low halves they are. */
const fourWords = (words: readonly I64[]): Vector => {
  const [a, b, c, d] = words.map(zext32) as [I64, I64, I64, I64];
  return vector(upperAndLower(a, b), upperAndLower(c, d));
};
/** Two words, each in both halves of its doubleword: the right ones are undefined before v3.1. */
const twoWordsTwice = ([a, b]: readonly I64[]): Vector => fourWords([a!, a!, b!, b!]);
export const toDoublewords: Gather =
  ([a, b]) =>
  (body) =>
    body(vector(a!, b!));
const inSingleFormat = (results: readonly I64[]): readonly Bind<I64>[] =>
  results.map((value) => (body: (single: I64) => Sem) => doubleToSingle(value, body));
export const toSingles: Gather = (results) => (body) =>
  bindAll(inSingleFormat(results), (words) => body(fourWords(words)));
export const toEvenSingles: Gather = (results) => (body) =>
  bindAll(inSingleFormat(results), (words) => body(twoWordsTwice(words)));
export const toWords: Gather = (results) => (body) => body(fourWords(results));
export const toEvenWords: Gather = (results) => (body) => body(twoWordsTwice(results));

/** What an operation gives, or statements that compute it: an expression is computed at every use. */
export type Computed = FloatResult | Bind<FloatResult>;
const computing =
  (result: Computed): Bind<FloatResult> =>
  (body) =>
    typeof result === 'function' ? result(body) : def(result, body);
/** The operator's result with another value. */
export const withResult =
  (r: FloatResult, value: (r: FloatResult) => I64): Bind<FloatResult> =>
  (body) =>
    def(r, (whole) => def(op<'v128'>('v128.withDw0', whole, value(whole)), body));

/** An operation on the corresponding elements of registers. @param ignored exceptions that it does not report */
export const elementwise = (
  operands: readonly (readonly Bind<I64>[])[],
  operation: (...elements: I64[]) => Computed,
  gather: Gather,
  { ignored = 0n }: { readonly ignored?: bigint } = {},
): Sem => {
  const elements = operands[0]!.map((_, n) => operands.map((of) => of[n]!));
  const computed = elements.map(
    (args): Bind<FloatResult> =>
      (body) =>
        bindAll(args, (values) => computing(operation(...values))(body)),
  );
  return bindAll(computed, (results) =>
    def(
      results.map(statusOf).reduce((all, status) => or(all, status)),
      (status) =>
        gather(results.map(resultOf))((value) =>
          finishVector(ignored === 0n ? status : and(status, i64(~ignored)), setVsr('XT', value)),
        ),
    ),
  );
};

/** The end of a scalar operation: doubleword 1, undefined before v3.1, becomes 0. */
export const scalar = (r: Computed): Sem =>
  computing(r)((result) => finishScalar(statusOf(result), setVsr('XT', inDw0(resultOf(result)))));

/** The end of a scalar operation that leaves FPRF, FR and FI as they are. */
export const scalarKeepingClass = (r: Computed): Sem =>
  computing(r)((result) => finishVector(statusOf(result), setVsr('XT', inDw0(resultOf(result)))));
