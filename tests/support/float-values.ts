/** Generators of operands for floating-point arithmetic, rich in what is special. */
import fc from 'fast-check';

const SPECIAL = [
  0n, 1n, 2n, 0x000f_ffff_ffff_ffffn, 0x0010_0000_0000_0000n, 0x0010_0000_0000_0001n, 0x0008_0000_0000_0000n,
  0x3ff0_0000_0000_0000n, 0x3ff0_0000_0000_0001n, 0x3fef_ffff_ffff_ffffn, 0x3fe0_0000_0000_0000n, 0x4000_0000_0000_0000n,
  0x3ff8_0000_0000_0000n, 0x4004_0000_0000_0000n, 0x7fef_ffff_ffff_ffffn, 0x7fe0_0000_0000_0000n,
  0x7ff0_0000_0000_0000n, 0x7ff8_0000_0000_0000n, 0x7ff8_dead_beef_1234n, 0x7ff0_0000_0000_0001n, 0x7ff4_5678_9abc_def0n,
  // Bounds of single and of integers.
  0x36a0_0000_0000_0000n, 0x3690_0000_0000_0000n, 0x380f_ffff_e000_0000n, 0x3810_0000_0000_0000n, 0x380f_ffff_ffff_ffffn,
  0x47ef_ffff_e000_0000n, 0x47ef_ffff_f000_0000n, 0x47f0_0000_0000_0000n, 0x41df_ffff_ffc0_0000n, 0x41e0_0000_0000_0000n,
  0x41ef_ffff_ffe0_0000n, 0x41f0_0000_0000_0000n, 0x43df_ffff_ffff_ffffn, 0x43e0_0000_0000_0000n, 0x43ef_ffff_ffff_ffffn,
  0x43f0_0000_0000_0000n, 0x4330_0000_0000_0000n, 0x4320_0000_0000_0001n,
]; // prettier-ignore

const FRACTION = 52n;
const build = (sign: bigint, exponent: bigint, fraction: bigint): bigint =>
  (sign << 63n) | (exponent << FRACTION) | fraction;
const sign = fc.bigInt(0n, 1n);
const anyFraction = fc.bigInt(0n, (1n << FRACTION) - 1n);
/** Fractions of few ones, long runs of ones, or nothing beyond what a single has. */
const fraction = fc.oneof(
  anyFraction,
  fc.bigInt(0n, 51n).map((n) => 1n << n),
  fc.bigInt(0n, 52n).map((n) => (1n << FRACTION) - (1n << n)),
  anyFraction.map((f) => (f >> 29n) << 29n),
  anyFraction.map((f) => ((f >> 29n) << 29n) | (1n << 28n)),
  fc.bigInt(0n, 3n),
);
const exponent = fc.oneof(
  fc.bigInt(0n, 2046n),
  fc.bigInt(1023n - 70n, 1023n + 70n),
  fc.bigInt(0n, 60n),
  fc.bigInt(1980n, 2046n),
  fc.bigInt(860n, 910n),
  fc.bigInt(1140n, 1155n),
);
const near = (bits: bigint, by: bigint): bigint => BigInt.asUintN(64, bits + by);

/** Bit patterns of the double format, of which some are also good singles. */
export const double = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(fc.constantFrom(...SPECIAL), sign).map(([x, s]) => x | (s << 63n)) },
  { weight: 5, arbitrary: fc.tuple(sign, exponent, fraction).map(([s, e, f]) => build(s, e, f)) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...SPECIAL), fc.bigInt(-3n, 3n)).map(([x, d]) => near(x, d)) },
  { weight: 1, arbitrary: fc.bigInt(0n, (1n << 64n) - 1n) },
  // Small integers and halves.
  {
    weight: 1,
    arbitrary: fc.integer({ min: -40, max: 40 }).map((n) => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, n / 2);
      return view.getBigUint64(0);
    }),
  },
); // prettier-ignore

/** A pair whose sum cancels or whose difference is in the last places, or any. */
export const related = fc.tuple(double, fc.bigInt(-3n, 3n), sign).map(([x, d, s]) => near(x, d) ^ (s << 63n));

/** Integers of 64 bits, near powers of two and others. */
export const integer = fc.oneof(
  fc.bigInt(0n, (1n << 64n) - 1n),
  fc.tuple(fc.bigInt(0n, 63n), fc.bigInt(-3n, 3n)).map(([n, d]) => BigInt.asUintN(64, (1n << n) + d)),
  fc.bigInt(0n, 10n),
);
