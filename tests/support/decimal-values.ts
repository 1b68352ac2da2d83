/** Decimal numbers for tests, as bits: all classes, nearly all encodings, exponents that are near to each other. */
import fc from 'fast-check';
import { EXTENDED, encode, greatestExponent, leastExponent, LONG, SHORT, type Format, type Operand } from '../../src/cpu/decimal/format'; // prettier-ignore

export const FORMATS = { SHORT, LONG, EXTENDED } as const;

/** `-123E-4`, `inf`, `-inf`, `nan123`, `snan`. */
export function decimal(text: string, f: Format): bigint {
  const { sign, name, digits, exponent } = /^(?<sign>-?)(?<name>inf|nan|snan|)(?<digits>\d*)(?:E(?<exponent>-?\d+))?$/.exec(
    text,
  )!.groups as Record<string, string>; // prettier-ignore
  const common = { negative: sign === '-', coefficient: BigInt(digits || '0') };
  const kinds = { inf: 'infinity', nan: 'quiet', snan: 'signalling' } as const;
  const x: Operand =
    name === 'inf' || name === 'nan' || name === 'snan'
      ? { kind: kinds[name], ...common }
      : { kind: 'finite', ...common, exponent: Number(exponent ?? 0) };
  return encode(x, f);
}

const coefficientOf = (f: Format): fc.Arbitrary<bigint> =>
  fc.oneof(
    fc.constant(0n),
    fc.integer({ min: 1, max: f.precision }).chain((n) => fc.bigInt(10n ** BigInt(n - 1), 10n ** BigInt(n) - 1n)),
    // Ends in zeros, nines or fives: ties and carries.
    fc
      .tuple(fc.nat(f.precision), fc.bigInt(1n, 999n), fc.constantFrom('0', '9', '5', '49', '50'))
      .map(([n, head, fill]) => BigInt((head.toString() + fill.repeat(n)).slice(0, f.precision))),
  ); // prettier-ignore
function exponentOf(f: Format): fc.Arbitrary<number> {
  const [least, most] = [leastExponent(f), greatestExponent(f)];
  return fc
    .oneof(
      { weight: 4, arbitrary: fc.integer({ min: -f.precision - 4, max: f.precision + 4 }) },
      fc.integer({ min: least, max: least + 2 * f.precision }),
      fc.integer({ min: most - 2 * f.precision, max: most }),
      fc.integer({ min: Math.floor(least / 2) - f.precision, max: Math.floor(least / 2) + f.precision }),
      fc.integer({ min: least, max: most }),
      fc.integer({ min: -110, max: 110 }),
    )
    .map((exponent) => Math.min(Math.max(exponent, least), most));
}
export const finiteOf = (f: Format): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.boolean(), coefficientOf(f), exponentOf(f))
    .map(([negative, coefficient, exponent]) =>
      encode({ kind: 'finite', negative, coefficient, exponent }, f),
    );

/** Infinities and NaNs with and without digits; the digits of infinities are 0. */
const specialOf = (f: Format): fc.Arbitrary<bigint> =>
  fc
    .tuple(fc.boolean(), fc.constantFrom('infinity', 'quiet', 'signalling'), coefficientOf(f))
    .map(([negative, kind, coefficient]) =>
      encode({ kind, negative, coefficient: kind === 'infinity' ? 0n : coefficient }, f),
    );
export const decimalBits = (f: Format): fc.Arbitrary<bigint> =>
  fc.oneof(
    { weight: 12, arbitrary: finiteOf(f) },
    { weight: 2, arbitrary: specialOf(f) },
    // Declets that are not canonical.
    { weight: 2, arbitrary: fc.bigInt(0n, (1n << BigInt(f.bits)) - 1n) },
  );
