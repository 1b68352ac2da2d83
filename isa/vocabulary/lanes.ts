/**
 * Vectors element by element (Power ISA Book I, 6.2.2): what acts on every element of a size at once. Elements are
 * numbered from the most significant end; the even one of a pair is its more significant half.
 */
import { VSCR } from '../registers/vector';
import { i32, i64, op, or, resource, select, v128, type Expr, type I32, type I64 } from './expr';
import type { OpName } from './ops';
import { def, setResource, type Sem } from './stmt';
import { setVr, vor, vsel, vxor, type Vector } from './vector';

/** Sizes of elements in bits. */
export type Bits = 8 | 16 | 32 | 64;
/** Sizes of elements that an operation widens. */
export type NarrowBits = 8 | 16 | 32;
/** Whether elements are signed. */
export type Sign = 'S' | 'U';

/** The letter of a size in mnemonics. */
export const LETTER = { 8: 'b', 16: 'h', 32: 'w', 64: 'd' } as const satisfies Record<Bits, string>;
export const SIZES: readonly Bits[] = [8, 16, 32, 64];
export const NARROW: readonly NarrowBits[] = [8, 16, 32];
export const twice = (bits: NarrowBits): Exclude<Bits, 8> => (2 * bits) as Exclude<Bits, 8>;

/** The same number in every element, cut to the size. */
export const every = (bits: Bits, value: bigint | number): Vector => {
  const element = BigInt.asUintN(bits, BigInt(value));
  return v128((element * ((1n << 128n) - 1n)) / ((1n << BigInt(bits)) - 1n));
};
const ZERO = v128(0n);
const signBit = (bits: Bits): Vector => every(bits, 1n << BigInt(bits - 1));

/** The low bits of a value in every element. */
export const splat = (bits: NarrowBits, value: I32): Vector => op(`v128.splat${bits}`, value);

const each =
  (name: 'add' | 'sub' | 'eq') =>
  (bits: Bits, a: Vector, b: Vector): Vector =>
    op(`v128.${name}${bits}`, a, b);
export const addEach = each('add');
export const subEach = each('sub');
/** All ones where the elements are equal, else 0. */
export const eqEach = each('eq');
export const negEach = (bits: Bits, a: Vector): Vector => subEach(bits, ZERO, a);
export const mulEach = (bits: Exclude<Bits, 8>, a: Vector, b: Vector): Vector => op(`v128.mul${bits}`, a, b);
export const avgUEach = (bits: 8 | 16, a: Vector, b: Vector): Vector => op(`v128.avgU${bits}`, a, b);

const shift =
  (name: 'shl' | 'shrS' | 'shrU') =>
  (bits: Bits, a: Vector, by: number | I32): Vector =>
    op(`v128.${name}${bits}` satisfies OpName, a, typeof by === 'number' ? i32(by) : by);
/** Every element shifted by one amount, modulo its size. */
export const shlEach = shift('shl');
export const shrSEach = shift('shrS');
export const shrUEach = shift('shrU');
export const rotlEach = (bits: Bits, a: Vector, by: number): Vector =>
  vor(shlEach(bits, a, by), shrUEach(bits, a, bits - by));

/** All ones where a > b, else 0. Unsigned order is signed order with the sign bits turned over. */
export const gtEach = (sign: Sign, bits: Bits, a: Vector, b: Vector): Vector => {
  if (sign === 'S') return op(`v128.gtS${bits}`, a, b);
  if (bits !== 64) return op(`v128.gtU${bits}`, a, b);
  return op('v128.gtS64', vxor(a, signBit(64)), vxor(b, signBit(64)));
};
/** Doublewords have no operator: they are chosen by a comparison. */
const extreme =
  (name: 'min' | 'max') =>
  (sign: Sign, bits: Bits, a: Vector, b: Vector): Vector => {
    if (bits !== 64) return op(`v128.${name}${sign}${bits}`, a, b);
    return name === 'max' ? vsel(b, a, gtEach(sign, 64, a, b)) : vsel(a, b, gtEach(sign, 64, a, b));
  };
export const minEach = extreme('min');
export const maxEach = extreme('max');

/** The least and greatest number of a size and sign, as numbers of any greater size. */
export const leastOf = (sign: Sign, bits: Bits): bigint => (sign === 'S' ? -(1n << BigInt(bits - 1)) : 0n);
export const greatestOf = (sign: Sign, bits: Bits): bigint =>
  (1n << BigInt(sign === 'S' ? bits - 1 : bits)) - 1n;

/** Every element brought into the range of a smaller size and sign. Unsigned numbers need no lower bound. */
export const clampEach = (
  value: Vector,
  from: { readonly sign: Sign; readonly bits: Bits },
  to: { readonly sign: Sign; readonly bits: Bits },
): Vector => {
  const below = minEach(from.sign, from.bits, value, every(from.bits, greatestOf(to.sign, to.bits)));
  return from.sign === 'U'
    ? below
    : maxEach('S', from.bits, below, every(from.bits, leastOf(to.sign, to.bits)));
};

/** The even elements, and the odd ones, each extended to twice the size in its pair's place. */
export const evenWide = (sign: Sign, bits: NarrowBits, a: Vector): Vector =>
  (sign === 'S' ? shrSEach : shrUEach)(twice(bits), a, bits);
export const oddWide = (sign: Sign, bits: NarrowBits, a: Vector): Vector =>
  sign === 'S'
    ? shrSEach(twice(bits), shlEach(twice(bits), a, bits), bits)
    : op('v128.and', a, every(twice(bits), (1n << BigInt(bits)) - 1n));
/** The converse: even and odd elements from the low halves of elements of twice the size. */
export const fromWide = (bits: NarrowBits, even: Vector, odd: Vector): Vector =>
  vsel(shlEach(twice(bits), even, bits), odd, every(twice(bits), (1n << BigInt(bits)) - 1n));
/** Sums of pairs of neighbours, of twice the size. */
export const pairsEach = (sign: Sign, bits: 8 | 16, a: Vector): Vector => op(`v128.pairs${sign}${bits}`, a);

/** Bytes 0..31 of a followed by b, by number; byte 0 is the most significant. */
export const shuffle = (a: Vector, b: Vector, numbers: readonly number[]): Vector => {
  if (numbers.length !== 16) throw new RangeError('a vector has 16 bytes');
  return op('v128.shuffle', a, b, v128(numbers.reduce((all, n) => (all << 8n) | BigInt(n), 0n)));
};
/** Elements of a followed by b, by number. */
export const shuffleEach = (bits: Bits, a: Vector, b: Vector, numbers: readonly number[]): Vector => {
  const bytes = bits / 8;
  return shuffle(
    a,
    b,
    numbers.flatMap((n) => Array.from({ length: bytes }, (_, i) => n * bytes + i)),
  );
};

/** 1 where some bit is 1. */
export const any = (a: Vector): I32 => op('v128.any', a);
/** The most significant bits of the elements, element 0 first. */
export const bitmask = (bits: Bits, a: Vector): I32 => op(`v128.bitmask${bits}`, a);

/** Word 0 to 3. */
export type WordNumber = 0 | 1 | 2 | 3;
export const WORD_NUMBERS: readonly WordNumber[] = [0, 1, 2, 3];
export const word = (a: Vector, n: WordNumber): I32 => op(`v128.w${n}`, a);
export const withWord = (a: Vector, n: WordNumber, value: I32): Vector => op(`v128.withW${n}`, a, value);
/** A vector of four words. */
export const words = (value: (n: WordNumber) => I32): Vector =>
  ([1, 2, 3] as const).reduce((all, n) => withWord(all, n, value(n)), op<'v128'>('v128.splat32', value(0)));
/** A vector of a doubleword of zeros and a number. */
export const inDw1 = (value: I64): Vector => op('v128.withDw1', ZERO, value);
/** A vector of a number and a doubleword of zeros. */
export const inDw0 = (value: I64): Vector => op('v128.withDw0', ZERO, value);

/** VSCR with SAT set where the condition holds: SAT stays until software clears it (6.3.2). */
const vscrWith = (saturated: I32): Expr<'i64'> =>
  or(resource('VSCR'), select(saturated, i64(VSCR.SAT.mask), i64(0)));
/** Sets VRT to a result that may be saturated, and VSCR[SAT] where a bit of `lost` is 1. */
export const setSaturated = (result: Vector, lost: Vector): Sem =>
  def(result, (value) =>
    def(any(lost), (saturated) => [setVr('VRT', value), setResource('VSCR', vscrWith(saturated))]),
  );
/** {@link setSaturated}, with SAT where the result differs from the exact one modulo the size. */
export const setSaturatedUnless = (result: Vector, exact: Vector): Sem =>
  def(result, (value) => setSaturated(value, vxor(value, exact)));

/** Number of ones in every element. */
export const popcntEach = (bits: Bits, a: Vector): Vector => {
  const bytes: Vector = op('v128.popcnt8', a);
  if (bits === 8) return bytes;
  const halfwords = pairsEach('U', 8, bytes);
  if (bits === 16) return halfwords;
  const wordSums = pairsEach('U', 16, halfwords);
  return bits === 32 ? wordSums : addEach(64, shrUEach(64, wordSums, 32), oddWide('U', 32, wordSums));
};
