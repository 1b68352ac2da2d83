/** Random numbers of every binary format, with the values at which formats, rounding and exceptions change. */
import fc from 'fast-check';

/** A binary format: bits of exponent and fraction. */
export interface BinaryFormat {
  readonly exponent: number;
  readonly fraction: number;
}
export const HALF: BinaryFormat = { exponent: 5, fraction: 10 };
export const BFLOAT16: BinaryFormat = { exponent: 8, fraction: 7 };
export const SINGLE: BinaryFormat = { exponent: 8, fraction: 23 };
export const DOUBLE: BinaryFormat = { exponent: 11, fraction: 52 };
export const QUAD: BinaryFormat = { exponent: 15, fraction: 112 };

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;
export const widthOf = ({ exponent, fraction }: BinaryFormat): number => 1 + exponent + fraction;

/** How far from the bias exponents are interesting: widths of integers, limits of other formats. */
const DISTANCES = [
  0, 7, 8, 15, 16, 23, 31, 32, 52, 63, 64, 112, 127, 128, -14, -25, -126, -149, -1022, -1074,
] as const; // prettier-ignore

const exponentOf = ({ exponent }: BinaryFormat): fc.Arbitrary<bigint> => {
  const most = Number(ones(exponent));
  const bias = most >> 1;
  const near = (value: number, by: number): number => Math.min(most, Math.max(0, value + by));
  return fc
    .oneof(
      { weight: 2, arbitrary: fc.constantFrom(0, 0, 1, 2, most, most, most - 1, most - 2) },
      { weight: 3, arbitrary: fc.integer({ min: -8, max: 8 }).map((by) => near(bias, by)) },
      {
        weight: 3,
        arbitrary: fc
          .tuple(fc.constantFrom(...DISTANCES), fc.integer({ min: -3, max: 3 }))
          .map(([distance, by]) => near(bias + distance, by)),
      },
      { weight: 2, arbitrary: fc.nat(most) },
    )
    .map(BigInt);
};

/** Fractions: few ones, few zeros, exact in narrower formats, half-way between their numbers, any. */
const fractionOf = ({ fraction }: BinaryFormat): fc.Arbitrary<bigint> => {
  const any = fc.bigInt(0n, ones(fraction));
  const cut = ([value, kept]: [bigint, number]): bigint =>
    kept >= fraction ? value : value & (ones(kept) << BigInt(fraction - kept));
  return fc.oneof(
    fc.constantFrom(0n, 0n, 1n, ones(fraction), ones(fraction) - 1n, 1n << BigInt(fraction - 1)),
    any,
    fc.tuple(any, fc.constantFrom(7, 8, 10, 11, 23, 24, 52, 53)).map(cut),
    fc.nat(fraction - 1).map((n) => 1n << BigInt(n)),
  );
};

/** A number of a format. */
export const floatOf = (format: BinaryFormat): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.bigInt(0n, 1n), exponentOf(format), fractionOf(format))
    .map(
      ([sign, exponent, fraction]) =>
        (((sign << BigInt(format.exponent)) | exponent) << BigInt(format.fraction)) | fraction,
    );

/** 128 bits of numbers of a format. */
export const vectorOf = (format: BinaryFormat): fc.Arbitrary<bigint> => {
  const width = widthOf(format);
  return fc
    .array(floatOf(format), { minLength: 128 / width, maxLength: 128 / width })
    .map((all) => all.reduce((whole, one) => (whole << BigInt(width)) | one, 0n));
};

const integer = fc.oneof(
  fc.bigInt(0n, ones(128)),
  fc.nat(127).map((n) => 1n << BigInt(n)),
  fc.nat(127).map((n) => ones(128) ^ ones(n)),
  fc.constantFrom(0n, ones(128), 1n, ones(127), ones(63), ones(64)),
);

/** What a vector-scalar register may hold. */
export const anyRegister: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 6, arbitrary: vectorOf(DOUBLE) },
  { weight: 6, arbitrary: vectorOf(SINGLE) },
  { weight: 4, arbitrary: vectorOf(QUAD) },
  { weight: 2, arbitrary: vectorOf(HALF) },
  { weight: 2, arbitrary: integer },
);
