/**
 * Arithmetic beyond one operation, as composites of the vocabulary: carries, 128-bit products, guarded and 128/64
 * division (Power ISA Book I, 3.3.9). Nothing here knows an instruction.
 */
import {
  add,
  and,
  clz,
  divS,
  divU,
  eq,
  eqz,
  extendU,
  gtU,
  i32,
  i64,
  ltU,
  mul,
  not,
  or,
  remS,
  remU,
  select,
  shl,
  shrS,
  shrU,
  sub,
  xor,
  zext32,
  type Expr,
  type I32,
  type I64,
} from './expr';
import { assign, def, variable, when, type Sem } from './stmt';

type Int = 'i32' | 'i64';

/** {@link def} of two values, evaluated in order before what follows. */
export const def2 = <A extends Int, B extends Int>(
  a: Expr<A>,
  b: Expr<B>,
  body: (a: Expr<A>, b: Expr<B>) => Sem,
): Sem => def(a, (x) => def(b, (y) => body(x, y)));

/** A mask of `count` copies of a byte, a halfword or a word. */
const ALL = 0xffff_ffff_ffff_ffffn;
/** The doubleword that repeats the low `bits` bits of `pattern`. */
export const repeated = (bits: 4 | 8 | 16 | 32, pattern: bigint): I64 =>
  i64(pattern * (ALL / ((1n << BigInt(bits)) - 1n)));

/** The doubleword whose two halves are both the word. */
export const bothHalves = (word: I32): I64 => mul(extendU(word), repeated(32, 1n));

/** Gives a + b + carryIn (0 or 1), and whether the sum carried out of 64 bits. */
export const addWithCarry = (a: I64, b: I64, carryIn: I32, body: (sum: I64, carry: I32) => Sem): Sem =>
  def(add(a, b), (partial) =>
    def(add(partial, extendU(carryIn)), (sum) => body(sum, or(ltU(partial, a), ltU(sum, partial)))),
  );

/** Gives the high doubleword of the unsigned product. */
export const mulHighU = (a: I64, b: I64, body: (high: I64) => Sem): Sem =>
  def2(zext32(a), shrU(a, i64(32)), (a0, a1) =>
    def2(zext32(b), shrU(b, i64(32)), (b0, b1) =>
      def(add(mul(a1, b0), shrU(mul(a0, b0), i64(32))), (middle) =>
        def(add(mul(a0, b1), zext32(middle)), (middle2) =>
          def(add(add(mul(a1, b1), shrU(middle, i64(32))), shrU(middle2, i64(32))), body),
        ),
      ),
    ),
  );

/** Gives the high doubleword of the signed product. */
export const mulHighS = (a: I64, b: I64, body: (high: I64) => Sem): Sem =>
  mulHighU(a, b, (high) => def(sub(sub(high, and(b, shrS(a, i64(63)))), and(a, shrS(b, i64(63)))), body));

/** Gives the absolute value as an unsigned number, right for the most negative number too. */
export const magnitude = (a: I64, body: (unsigned: I64) => Sem): Sem =>
  def(shrS(a, i64(63)), (sign) => def(sub(xor(a, sign), sign), body));

const ONE = { i32: i32(1), i64: i64(1) };
const ZERO = { i32: i32(0), i64: i64(0) };
const LEAST = { i32: i32(-0x80000000), i64: i64(1n << 63n) };
const MINUS_ONE = { i32: i32(-1), i64: i64(-1) };
const of = <T extends Int>(table: { i32: I32; i64: I64 }, like: Expr<T>): Expr<T> =>
  table[like.ty] as unknown as Expr<T>;

/** True where a / b has no quotient: zero divisor, or the most negative number by -1. */
export const noQuotientS = <T extends Int>(a: Expr<T>, b: Expr<T>): I32 =>
  or(eqz(b), and(eq(a, of(LEAST, a)), eq(b, of(MINUS_ONE, b))));

/** `quotient` of a and b with a harmless divisor in place of b where `bad`, and 0 as the result there. */
const guarded = <T extends Int>(
  quotient: (a: Expr<T>, b: Expr<T>) => Expr<T>,
  [a, b]: readonly [Expr<T>, Expr<T>],
  bad: I32,
): Expr<T> => select(bad, of(ZERO, a), quotient(a, select(bad, of(ONE, b), b)));

/** a / b, and 0 where there is no quotient; `bad` says so (it is {@link noQuotientS} of both, evaluated). */
export const safeDivS = <T extends Int>(a: Expr<T>, b: Expr<T>, bad: I32): Expr<T> =>
  guarded(divS<T>, [a, b], bad);
export const safeRemS = <T extends Int>(a: Expr<T>, b: Expr<T>, bad: I32): Expr<T> =>
  guarded(remS<T>, [a, b], bad);
/** As {@link safeDivS}, unsigned: `bad` is a zero divisor. */
export const safeDivU = <T extends Int>(a: Expr<T>, b: Expr<T>, bad: I32): Expr<T> =>
  guarded(divU<T>, [a, b], bad);
export const safeRemU = <T extends Int>(a: Expr<T>, b: Expr<T>, bad: I32): Expr<T> =>
  guarded(remU<T>, [a, b], bad);

const BASE = i64(1n << 32n);

/**
 * One 32-bit digit of a long division: gives the greatest q with q * d <= high * 2^32, where high < d and d has its
 * top bit set. The estimate from d's upper word is at most two too large (Knuth, TAOCP 2, 4.3.1, theorem B). It is
 * below 2^32 + 2, so that its product with d's lower word fits; a rest of 2^32 or more says that it is right.
 */
const quotientDigit = (high: I64, d: I64, body: (digit: I64) => Sem): Sem =>
  def2(shrU(d, i64(32)), zext32(d), (d1, d0) =>
    variable(divU(high, d1), (q) =>
      variable(sub(high, mul(q, d1)), (rest) => {
        const tooLarge = gtU(mul(q, d0), shl(rest, i64(32)));
        const lower = [assign(q, sub(q, i64(1))), assign(rest, add(rest, d1))];
        return [when(tooLarge, [...lower, when(and(ltU(rest, BASE), tooLarge), lower)]), body(q)];
      }),
    ),
  );

/**
 * Gives the quotient of (high * 2^64) / divisor, unsigned. It needs high < divisor (so the divisor is not 0 and the
 * quotient fits); the row guards that.
 */
export const divideHigh = (high: I64, divisor: I64, body: (quotient: I64) => Sem): Sem =>
  def2(clz(divisor), divisor, (shift, original) =>
    def2(shl(original, shift), shl(high, shift), (d, top) =>
      quotientDigit(top, d, (upper) =>
        def(sub(shl(top, i64(32)), mul(upper, d)), (rest) =>
          quotientDigit(rest, d, (lower) => def(or(shl(upper, i64(32)), lower), body)),
        ),
      ),
    ),
  );

const LAST_BIT = { i32: i32(31), i64: i64(63) };
/** The bits of a word or doubleword from ISA bit `from` to `to`; wraps around where from > to (MASK of Book I, 1.3.2). */
export const maskFromTo = <T extends Int>(from: Expr<T>, to: Expr<T>): Expr<T> => {
  const starting = shrU(of(MINUS_ONE, from), from);
  const ending = shl(of(MINUS_ONE, to), sub(of(LAST_BIT, to), to));
  return select(gtU(from, to), or(starting, ending), and(starting, ending));
};

/** The bits of `inserted` where the mask is 1, of `base` where it is 0. */
export const merge = (mask: I64, inserted: I64, base: I64): I64 =>
  or(and(inserted, mask), and(base, not(mask)));
