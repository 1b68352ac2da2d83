/** Random contents of vector registers: elements of every size at their limits, decimals, singles, numbers of bytes. */
import fc from 'fast-check';
import { SINGLE, vectorOf } from './format-values';

const ones = (bits: number): bigint => (1n << BigInt(bits)) - 1n;
/** A number of a size: any, small, at the limits of signed and unsigned numbers. */
const element = (bits: number): fc.Arbitrary<bigint> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.bigInt(0n, ones(bits)) },
    { weight: 2, arbitrary: fc.bigInt(0n, 31n) },
    fc.constantFrom(0n, 1n, ones(bits), ones(bits - 1), ones(bits - 1) + 1n, ones(bits) - 1n),
  );
const of = (bits: number): fc.Arbitrary<bigint> =>
  fc
    .array(element(bits), { minLength: 128 / bits, maxLength: 128 / bits })
    .map((parts) => parts.reduce((all, part) => (all << BigInt(bits)) | part, 0n));
/** Elements of one size. */
export const integers: fc.Arbitrary<bigint> = fc.oneof(...[8, 16, 32, 64, 128].map(of));

const digit = fc.bigInt(0n, 9n);
const number = (digits: readonly bigint[], bits: bigint, above = 0n): bigint =>
  digits.reduce((all, d) => (all << bits) | above | d, 0n);
const digits = (most: number): fc.Arbitrary<bigint[]> =>
  fc.oneof(
    fc.array(digit, { maxLength: most }),
    fc.nat(most).map((n) => Array<bigint>(n).fill(9n)),
  );
const packed = fc
  .tuple(digits(31), fc.constantFrom(10n, 11n, 12n, 13n, 14n, 15n, 12n, 13n, 9n))
  .map(([all, sign]) => (number(all, 4n) << 4n) | sign);
const national = fc
  .tuple(fc.array(digit, { minLength: 7, maxLength: 7 }), fc.constantFrom(0x2bn, 0x2dn, 0x2bn, 0x2dn, 0x2cn))
  .map(([all, sign]) => (number(all, 16n, 0x30n) << 16n) | sign);
const zoned = fc
  .tuple(
    fc.array(digit, { minLength: 15, maxLength: 15 }),
    fc.constantFrom(0x30n, 0xf0n),
    fc.bigInt(0n, 15n),
    digit,
  )
  .map(([all, zone, sign, last]) => (number(all, 8n, zone) << 8n) | (sign << 4n) | last);
/** A count of digits where shifts and truncations have it, over any decimal. */
const counted = fc
  .tuple(fc.integer({ min: -40, max: 40 }), digits(16))
  .map(([count, all]) => (BigInt.asUintN(64, BigInt(count)) << 64n) | number(all, 4n));
const binary = fc
  .tuple(fc.bigInt(0n, ones(127)), fc.bigInt(0n, 127n), fc.boolean())
  .map(([value, shift, negative]) => BigInt.asUintN(128, (negative ? -1n : 1n) * (value >> shift)));
/** Decimals in all their formats, right and nearly right. */
export const decimals: fc.Arbitrary<bigint> = fc.oneof(
  { weight: 4, arbitrary: packed },
  national,
  zoned,
  { weight: 2, arbitrary: counted },
  binary,
  digits(32).map((all) => number(all, 4n)),
);
export const singles: fc.Arbitrary<bigint> = fc.oneof({ weight: 5, arbitrary: vectorOf(SINGLE) }, integers);
