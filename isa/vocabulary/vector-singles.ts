/**
 * Singles in vectors as VMX has them (Power ISA Book I, 6.6): rounded to nearest, with no status. VSCR[NJ] makes
 * denormalised operands and results zeros of their sign.
 */
import { VSCR } from '../registers/vector';
import { and, i32, i64, ne, op, resource, select, type I32 } from './expr';
import { eqEach, every, shuffle, withWord, word, type WordNumber } from './lanes';
import { assign, def, repeat, variable, type Sem } from './stmt';
import { vand, vnot, vor, vsel, vxor, type Vector } from './vector';

const SIGN = every(32, 1n << 31n);
const EXPONENT = every(32, 0x7f80_0000);
const QUIET = every(32, 1 << 22);
const DEFAULT_NAN = every(32, 0x7fc0_0000);
const ZERO = every(32, 0);

export const isNonJava: I32 = ne(and(resource('VSCR'), i64(VSCR.NJ.mask)), i64(0));
/** Numbers as NJ has them: with no exponent, only a sign. */
export const flushed = (value: Vector): Vector =>
  select(isNonJava, vand(value, vor(SIGN, vnot(eqEach(32, vand(value, EXPONENT), ZERO)))), value);
/** Gives operands, flushed. */
export const flushedAll = (values: readonly Vector[], body: (values: readonly Vector[]) => Sem): Sem => {
  const from = (i: number, done: readonly Vector[]): Sem =>
    i === values.length ? body(done) : def(flushed(values[i]!), (value) => from(i + 1, [...done, value]));
  return from(0, []);
};

/** All ones where an element is a NaN. */
export const isNan = (value: Vector): Vector => vnot(op('v128.eqF', value, value));
/** The result, or the first operand that is a NaN, made quiet; a NaN of the operation itself is the default one. */
export const withNans = (operands: readonly Vector[], result: Vector, body: (value: Vector) => Sem): Sem =>
  def(result, (value) =>
    def(
      [...operands]
        .reverse()
        .reduce((all, x) => vsel(all, vor(x, QUIET), isNan(x)), vsel(value, DEFAULT_NAN, isNan(value))),
      body,
    ),
  );
export const negated = (value: Vector): Vector => vxor(value, SIGN);

/** Words 1, 2, 3 and 0. */
const rotatedWords = (value: Vector): Vector =>
  shuffle(
    value,
    value,
    Array.from({ length: 16 }, (_, i) => (i + 4) % 16),
  );
const [FIRST, LAST]: readonly WordNumber[] = [0, 3];
/** Gives the vector of what `one` makes of the words of vectors, one after the other. */
export const eachWord = (
  values: readonly Vector[],
  one: (words: readonly I32[], then: (word: I32) => Sem) => Sem,
  body: (result: Vector) => Sem,
): Sem => {
  const rounds = (rest: readonly Vector[], result: Vector): Sem => [
    repeat(i32(4), 4, () => [
      one(
        rest.map((value) => word(value, FIRST!)),
        (value) => assign(result, withWord(rotatedWords(result), LAST!, value)),
      ),
      rest.map((value) => assign(value, rotatedWords(value))),
    ]),
    body(result),
  ];
  const name = (i: number, named: readonly Vector[]): Sem =>
    i === values.length
      ? variable(ZERO, (result) => rounds(named, result))
      : variable(values[i]!, (value) => name(i + 1, [...named, value]));
  return name(0, []);
};
