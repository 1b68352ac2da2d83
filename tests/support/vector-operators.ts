/** The vector operators of the vocabulary on lists of elements, in BigInt: vectors are unsigned 128-bit numbers. */

type Operator = (a: bigint, b: bigint, c: bigint) => bigint;
type Pair = (a: bigint, b: bigint, bits: number) => bigint;

const LOW = (1n << 64n) - 1n;
const s = (value: bigint, bits: number): bigint => BigInt.asIntN(bits, value);
const u = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
const clamp = (value: bigint, least: bigint, most: bigint): bigint =>
  value < least ? least : value > most ? most : value;
const clampS = (value: bigint, bits: number): bigint =>
  clamp(value, -(1n << BigInt(bits - 1)), (1n << BigInt(bits - 1)) - 1n);
const clampU = (value: bigint, bits: number): bigint => clamp(value, 0n, (1n << BigInt(bits)) - 1n);
const truth = (value: boolean): bigint => (value ? -1n : 0n);

/** The elements of a vector, unsigned, element 0 (the most significant) first. */
export const elementsOf = (value: bigint, bits: number): bigint[] =>
  Array.from({ length: 128 / bits }, (_, i) => u(value >> BigInt(128 - bits * (i + 1)), bits));
/** A vector of elements, which are cut to their size. */
export const ofElements = (parts: readonly bigint[], bits: number): bigint =>
  parts.reduce((all, part) => (all << BigInt(bits)) | u(part, bits), 0n);

const BINARY: Readonly<Record<string, Pair>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  addSatS: (a, b, n) => clampS(s(a, n) + s(b, n), n),
  addSatU: (a, b, n) => clampU(a + b, n),
  subSatS: (a, b, n) => clampS(s(a, n) - s(b, n), n),
  subSatU: (a, b, n) => clampU(a - b, n),
  minS: (a, b, n) => (s(a, n) < s(b, n) ? a : b),
  minU: (a, b) => (a < b ? a : b),
  maxS: (a, b, n) => (s(a, n) > s(b, n) ? a : b),
  maxU: (a, b) => (a > b ? a : b),
  avgU: (a, b) => (a + b + 1n) >> 1n,
  eq: (a, b) => truth(a === b),
  gtS: (a, b, n) => truth(s(a, n) > s(b, n)),
  gtU: (a, b) => truth(a > b),
};
const SHIFTS: Readonly<Record<string, Pair>> = {
  shl: (a, b, n) => a << (b % BigInt(n)),
  shrS: (a, b, n) => s(a, n) >> (b % BigInt(n)),
  shrU: (a, b, n) => a >> (b % BigInt(n)),
};
const SIZES = [8, 16, 32, 64];
const table = (entries: readonly (readonly [string, Operator])[]): Record<string, Operator> =>
  Object.fromEntries(entries);

const each = table(
  SIZES.flatMap((bits) => [
    ...Object.entries(BINARY).map(([name, pair]): [string, Operator] => [
      `v128.${name}${bits}`,
      (a, b) => {
        const others = elementsOf(b, bits);
        return ofElements(elementsOf(a, bits).map((x, i) => pair(x, others[i]!, bits)), bits); // prettier-ignore
      },
    ]),
    ...Object.entries(SHIFTS).map(([name, pair]): [string, Operator] => [
      `v128.${name}${bits}`,
      (a, b) => ofElements(elementsOf(a, bits).map((x) => pair(x, b, bits)), bits), // prettier-ignore
    ]),
    [`v128.bitmask${bits}`, (a) => elementsOf(a, bits).reduce((all, x) => (all << 1n) | (x >> BigInt(bits - 1)), 0n)], // prettier-ignore
    [`v128.splat${bits}`, (a) => ofElements(Array<bigint>(128 / bits).fill(a), bits)],
  ]),
);

const widening = table(
  [8, 16, 32].flatMap((bits): [string, Operator][] => {
    const half = (a: bigint, first: number): bigint =>
      ofElements(
        elementsOf(a, bits)
          .slice(first, first + 64 / bits)
          .map((x) => s(x, bits)),
        2 * bits,
      );
    const pairs = (a: bigint, value: (x: bigint) => bigint): bigint => {
      const parts = elementsOf(a, bits).map(value);
      const sums = Array.from({ length: 64 / bits }, (_, i) => parts[2 * i]! + parts[2 * i + 1]!);
      return ofElements(sums, 2 * bits);
    };
    return [
      [`v128.highS${bits}`, (a) => half(a, 0)],
      [`v128.lowS${bits}`, (a) => half(a, 64 / bits)],
      [`v128.pairsS${bits}`, (a) => pairs(a, (x) => s(x, bits))],
      [`v128.pairsU${bits}`, (a) => pairs(a, (x) => x)],
    ];
  }),
);

const words = table(
  [0, 1, 2, 3].flatMap((n): [string, Operator][] => [
    [`v128.w${n}`, (a) => elementsOf(a, 32)[n]!],
    [
      `v128.withW${n}`,
      (a, b) =>
        ofElements(
          elementsOf(a, 32).map((x, i) => (i === n ? b : x)),
          32,
        ),
    ],
  ]),
);

/** Bytes of a list of bytes by numbers; 0 where there is no such byte. */
const byNumbers = (bytes: readonly bigint[], numbers: readonly bigint[]): bigint =>
  ofElements(numbers.map((n) => bytes[Number(n)] ?? 0n), 8); // prettier-ignore

/** Operators by name. */
export const VECTOR: Readonly<Record<string, Operator>> = {
  ...each,
  ...widening,
  ...words,
  'v128.popcnt8': (a) =>
    ofElements(elementsOf(a, 8).map((x) => BigInt(x.toString(2).replaceAll('0', '').length)), 8), // prettier-ignore
  'v128.swizzle': (a, b) =>
    byNumbers(
      elementsOf(a, 8),
      // Numbers count from the least significant byte.
      elementsOf(b, 8).map((n) => 15n - n),
    ),
  'v128.shuffle': (a, b, c) => byNumbers([...elementsOf(a, 8), ...elementsOf(b, 8)], elementsOf(c, 8)),
  'v128.bitselect': (a, b, c) => (a & c) | (b & ~c),
  'v128.any': (a) => (a === 0n ? 0n : 1n),
  'v128.and': (a, b) => a & b,
  'v128.or': (a, b) => a | b,
  'v128.xor': (a, b) => a ^ b,
  'v128.andnot': (a, b) => a & ~b,
  'v128.not': (a) => ~a,
  'v128.dw0': (a) => a >> 64n,
  'v128.dw1': (a) => a & LOW,
  'v128.withDw0': (a, b) => (a & LOW) | (b << 64n),
  'v128.withDw1': (a, b) => (a & ~LOW) | b,
};
