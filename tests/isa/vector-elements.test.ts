/** Vector integer instructions against lists of elements, from the manual's words and not from the rows. */
import fc from 'fast-check';
import { VSCR } from '../../isa/registers/vector';
import { elementsOf, ofElements } from '../support/vector-operators';
import { runVector } from '../support/vector-run';
import { integers } from '../support/vector-values';

type Elements = readonly bigint[];
/** The result's elements from those of VRA, VRB, VRC and the old VRT. */
type Operands = readonly [a: Elements, b: Elements, c: Elements, t: Elements];
type Twin = (...operands: Operands) => Elements;

const u = (x: bigint, bits: number): bigint => BigInt.asUintN(bits, x);
const s = (x: bigint, bits: number): bigint => BigInt.asIntN(bits, x);
let saturated = false;
/** Saturates, and remembers that. */
function cut(x: bigint, bits: number, sign: Sign): bigint {
  const most = (1n << BigInt(sign === 's' ? bits - 1 : bits)) - 1n;
  const least = sign === 's' ? -most - 1n : 0n;
  const result = x < least ? least : x > most ? most : x;
  if (result !== x) saturated = true;
  return result;
}

/** Runs an instruction on random vectors; sizes are those of the elements that the twin reads and writes. */
function check(name: string, [from, to]: readonly [number, number], twin: Twin): void {
  fc.assert(
    fc.property(integers, integers, integers, integers, (t, a, b, c) => {
      const { result, machine } = runVector(name, { t, a, b, c });
      const of = (v: bigint): Elements => elementsOf(v, from);
      const lists: Operands = [of(a), of(b), of(c), of(t)];
      saturated = false;
      const expected = elementsOf(ofElements(twin(...lists), to), to);
      expect([name, elementsOf(result, to)]).toEqual([name, expected]);
      expect([name, machine.resources.VSCR]).toEqual([name, saturated ? VSCR.SAT.mask : 0n]);
    }),
    { numRuns: 25 },
  );
}

type Sign = 'u' | 's';
const SIGNS: readonly Sign[] = ['u', 's'];
const LETTERS: Readonly<Record<string, number>> = { b: 8, h: 16, w: 32, d: 64, q: 128 };
const number = (x: bigint, bits: number, sign: Sign): bigint => (sign === 's' ? s(x, bits) : u(x, bits));
/** Elements by themselves. */
const each = (name: string, bits: number, one: (a: bigint, b: bigint, t: bigint) => bigint): void =>
  check(name, [bits, bits], (a, b, _c, t) => a.map((x, i) => one(x, b[i]!, t[i]!)));
const sizes = (letters: string): readonly (readonly [letter: string, bits: number])[] =>
  [...letters].map((letter) => [letter, LETTERS[letter]!]);
const mod = (x: bigint, n: number): bigint => x & BigInt(n - 1);
const rotl = (x: bigint, n: bigint, bits: number): bigint => (x << n) | (u(x, bits) >> (BigInt(bits) - n));
const bitsOf = (x: bigint, bits: number): string => u(x, bits).toString(2).padStart(bits, '0');

describe('elements by themselves', () => {
  test.each(sizes('bhwdq'))('modulo sums and differences, %s', (letter, bits) => {
    each(`vaddu${letter}m`, bits, (a, b) => a + b);
    each(`vsubu${letter}m`, bits, (a, b) => a - b);
  });

  test.each(sizes('bhw'))('saturated ones, averages, differences, %s', (letter, bits) => {
    for (const sign of SIGNS) {
      const n = (x: bigint): bigint => number(x, bits, sign);
      each(`vadd${sign}${letter}s`, bits, (a, b) => cut(n(a) + n(b), bits, sign));
      each(`vsub${sign}${letter}s`, bits, (a, b) => cut(n(a) - n(b), bits, sign));
      each(`vavg${sign}${letter}`, bits, (a, b) => (n(a) + n(b) + 1n) >> 1n);
    }
    each(`vabsdu${letter}`, bits, (a, b) => (a > b ? a - b : b - a));
  });

  test.each(sizes('bhwd'))('extremes, shifts, counts, %s', (letter, bits) => {
    for (const sign of SIGNS) {
      const less = (a: bigint, b: bigint): boolean => number(a, bits, sign) < number(b, bits, sign);
      each(`vmax${sign}${letter}`, bits, (a, b) => (less(a, b) ? b : a));
      each(`vmin${sign}${letter}`, bits, (a, b) => (less(a, b) ? a : b));
    }
    each(`vsl${letter}`, bits, (a, b) => a << mod(b, bits));
    each(`vsr${letter}`, bits, (a, b) => a >> mod(b, bits));
    each(`vsra${letter}`, bits, (a, b) => s(a, bits) >> mod(b, bits));
    each(`vrl${letter}`, bits, (a, b) => rotl(a, mod(b, bits), bits));
    each(`vclz${letter}`, bits, (_, b) => BigInt(bitsOf(b, bits).replace(/1.*/, '').length));
    each(`vctz${letter}`, bits, (_, b) => BigInt(bitsOf(b, bits).replace(/.*1/, '').length));
    each(`vpopcnt${letter}`, bits, (_, b) => BigInt(bitsOf(b, bits).replaceAll('0', '').length));
    each(`vexpand${letter}m`, bits, (_, b) => s(b, bits) >> BigInt(bits));
  });

  test.each(sizes('wdq'))('rotates under a mask, %s', (letter, bits) => {
    const parts = (x: bigint): readonly [number, number, bigint] => {
      // A quadword has them at the end of its first half.
      const y = bits === 128 ? x >> 64n : x;
      const field = (right: bigint): number => Number((y >> right) & BigInt(bits - 1));
      return [field(16n), field(8n), BigInt(field(0n))];
    };
    const masked = (a: bigint, b: bigint, under: bigint): bigint => {
      const [from, to, by] = parts(b);
      const isIn = (i: number): boolean => (from <= to ? i >= from && i <= to : i >= from || i <= to);
      const rotated = bitsOf(rotl(a, by, bits), bits);
      return BigInt(`0b${[...bitsOf(under, bits)].map((bit, i) => (isIn(i) ? rotated[i] : bit)).join('')}`);
    };
    each(`vrl${letter}mi`, bits, masked);
    each(`vrl${letter}nm`, bits, (a, b) => masked(a, b, 0n));
  });

  test('quadwords', () => {
    const by = (b: bigint): bigint => (b >> 64n) & 127n;
    each('vslq', 128, (a, b) => a << by(b));
    each('vsrq', 128, (a, b) => a >> by(b));
    each('vsraq', 128, (a, b) => s(a, 128) >> by(b));
    each('vrlq', 128, (a, b) => rotl(a, by(b), 128));
    each('vsl', 128, (a, b) => a << (b & 7n));
    each('vsr', 128, (a, b) => a >> (b & 7n));
    each('vslo', 128, (a, b) => a << (b & 0x78n));
    each('vsro', 128, (a, b) => a >> (b & 0x78n));
    check('vaddcuq', [128, 128], ([a], [b]) => [(a! + b!) >> 128n]);
    check('vsubcuq', [128, 128], ([a], [b]) => [a! >= b! ? 1n : 0n]);
    check('vaddeuqm', [128, 128], ([a], [b], [c]) => [a! + b! + (c! & 1n)]);
    check('vaddecuq', [128, 128], ([a], [b], [c]) => [(a! + b! + (c! & 1n)) >> 128n]);
    check('vsubeuqm', [128, 128], ([a], [b], [c]) => [a! - b! - 1n + (c! & 1n)]);
    check('vsubecuq', [128, 128], ([a], [b], [c]) => [a! - b! - 1n + (c! & 1n) >= 0n ? 1n : 0n]);
    each('vmul10uq', 128, (a) => a * 10n);
    each('vmul10cuq', 128, (a) => (a * 10n) >> 128n);
    each('vmul10euq', 128, (a, b) => a * 10n + (b & 15n));
    each('vmul10ecuq', 128, (a, b) => (a * 10n + (b & 15n)) >> 128n);
  });

  test('carries of words, signs', () => {
    each('vaddcuw', 32, (a, b) => (a + b) >> 32n);
    each('vsubcuw', 32, (a, b) => (a >= b ? 1n : 0n));
    each('vnegw', 32, (_, b) => -b);
    each('vnegd', 64, (_, b) => -b);
    for (const [from, to] of ['bw', 'hw', 'bd', 'hd', 'wd', 'dq'] as const)
      each(`vexts${from}2${to}`, LETTERS[to!]!, (_, b) => s(b, LETTERS[from!]!));
    for (const [letter, bits] of sizes('wdq'))
      each(`vprtyb${letter}`, bits, (_, b) => elementsOf(b, 8).reduce((p, x) => p ^ (x & 1n), 0n));
  });
});

describe('products', () => {
  const pairs = (a: Elements, first: 0 | 1): bigint[] => a.filter((_, i) => i % 2 === first);
  test.each(sizes('bhwd'))('of twice the size, %s', (letter, bits) => {
    for (const sign of SIGNS)
      for (const [name, first] of [['e', 0], ['o', 1]] as const)
        check(`vmul${name}${sign}${letter}`, [bits, 2 * bits], (a, b) => {
          const others = pairs(b, first);
          return pairs(a, first).map((x, i) => number(x, bits, sign) * number(others[i]!, bits, sign));
        }); // prettier-ignore
  });

  test('halves', () => {
    each('vmuluwm', 32, (a, b) => a * b);
    each('vmulld', 64, (a, b) => a * b);
    for (const [letter, bits] of sizes('wd'))
      for (const sign of SIGNS)
        each(
          `vmulh${sign}${letter}`,
          bits,
          (a, b) => (number(a, bits, sign) * number(b, bits, sign)) >> BigInt(bits),
        );
  });

  /** Sums of the products of every group of elements and an element of VRC. */
  const sums = (name: string, [bits, to]: readonly [number, number], signs: readonly [Sign, Sign, Sign], saturates = false): void =>
    check(name, [bits, to], (a, b, c) => {
      const wide = elementsOf(ofElements(c, bits), to);
      const size = to / bits;
      return wide.map((x, i) => {
        const products = a.slice(i * size, (i + 1) * size).map((y, k) => number(y, bits, signs[0]) * number(b[i * size + k]!, bits, signs[1]));
        const sum = products.reduce((all, p) => all + p, number(x, to, signs[2]));
        return saturates ? cut(sum, to, signs[2]) : sum;
      });
    }); // prettier-ignore
  test('summed', () => {
    sums('vmsumubm', [8, 32], ['u', 'u', 'u']);
    sums('vmsummbm', [8, 32], ['s', 'u', 's']);
    sums('vmsumuhm', [16, 32], ['u', 'u', 'u']);
    sums('vmsumshm', [16, 32], ['s', 's', 's']);
    sums('vmsumuhs', [16, 32], ['u', 'u', 'u'], true);
    sums('vmsumshs', [16, 32], ['s', 's', 's'], true);
    sums('vmsumudm', [64, 128], ['u', 'u', 'u']);
    check('vmsumcud', [64, 128], (a, b, c) => [(a[0]! * b[0]! + a[1]! * b[1]! + ((c[0]! << 64n) | c[1]!)) >> 128n]);
    const high = (rounding: bigint): Twin => (a, b, c) =>
      a.map((x, i) => cut(((s(x, 16) * s(b[i]!, 16) + rounding) >> 15n) + s(c[i]!, 16), 16, 's'));
    check('vmhaddshs', [16, 16], high(0n));
    check('vmhraddshs', [16, 16], high(1n << 14n));
    check('vmladduhm', [16, 16], (a, b, c) => a.map((x, i) => x * b[i]! + c[i]!));
  }); // prettier-ignore

  test('sums across', () => {
    const across = (name: string, bits: number, sign: Sign): void =>
      check(name, [bits, 32], (a, b) => {
        const size = 32 / bits;
        return elementsOf(ofElements(b, bits), 32).map((x, i) =>
          cut(a.slice(i * size, (i + 1) * size).reduce((all, y) => all + number(y, bits, sign), number(x, 32, sign)), 32, sign),
        );
      }); // prettier-ignore
    across('vsum4ubs', 8, 'u');
    across('vsum4sbs', 8, 's');
    across('vsum4shs', 16, 's');
    const n = (x: bigint | undefined): bigint => s(x!, 32);
    check('vsum2sws', [32, 32], (a, b) => [0n, cut(n(a[0]) + n(a[1]) + n(b[1]), 32, 's'), 0n, cut(n(a[2]) + n(a[3]) + n(b[3]), 32, 's')]); // prettier-ignore
    check('vsumsws', [32, 32], (a, b) => [
      0n,
      0n,
      0n,
      cut(
        a.reduce((all, x) => all + n(x), n(b[3])),
        32,
        's',
      ),
    ]);
  });

  test('quotients and remainders, where there are any', () => {
    const safe = (bits: number, sign: Sign, one: (a: bigint, b: bigint) => bigint) => (a: bigint, b: bigint): bigint => {
      const [x, y] = [number(a, bits, sign), number(b, bits, sign)];
      return y === 0n ? -1n : one(x, y);
    }; // prettier-ignore
    for (const [letter, bits] of sizes('wdq'))
      for (const sign of SIGNS)
        fc.assert(
          fc.property(integers, integers, fc.nat(100), (a, x, shift) => {
            // Divisors that are not 0, of all lengths.
            const b = ofElements(elementsOf(x >> BigInt(shift), bits).map((y) => (y === 0n ? 1n : y)), bits); // prettier-ignore
            const of = (name: string, one: (p: bigint, q: bigint) => bigint): void => {
              const expected = elementsOf(a, bits).map((p, i) => u(safe(bits, sign, one)(p, elementsOf(b, bits)[i]!), bits)); // prettier-ignore
              expect([name, elementsOf(runVector(name, { a, b }).result, bits)]).toEqual([name, expected]);
            };
            of(`vdiv${sign}${letter}`, (p, q) => p / q);
            of(`vmod${sign}${letter}`, (p, q) => p % q);
          }),
          { numRuns: 20 },
        );
  });

  test('quotients of extended dividends, where they fit', () => {
    for (const [letter, bits] of sizes('wdq'))
      for (const sign of SIGNS)
        fc.assert(
          fc.property(
            fc.bigInt(0n, 255n),
            fc.bigInt(256n, (1n << 30n) - 1n),
            fc.boolean(),
            (p, q, negative) => {
              const [x, y] = [p, sign === 's' && negative ? -q : q];
              const vector = (value: bigint): bigint =>
                ofElements(Array<bigint>(128 / bits).fill(value), bits);
              const { result } = runVector(`vdive${sign}${letter}`, { a: vector(x), b: vector(y) });
              expect(elementsOf(result, bits)[0]).toBe(u((x << BigInt(bits)) / y, bits));
            },
          ),
          { numRuns: 20 },
        );
  });
});
