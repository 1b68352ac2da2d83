/** Decimal formats as exact numbers: taking apart, putting together, classes, NaNs (Power ISA Book I, 5.2 to 5.4). */
import { FPSCR } from '../../../isa/registers/float';
import { FPRF_CLASS } from '../../../isa/vocabulary/float-arithmetic';
import { decletsOfNumber, numberOfDeclets } from './declets';

export interface Format {
  readonly bits: number;
  readonly declets: number;
  /** Digits of the significand. */
  readonly precision: number;
  /** Bits of the exponent after its first two. */
  readonly continuation: number;
  readonly bias: number;
  /** What enabled overflow and underflow move the exponent by, and where they do so in rounding to a narrower format. */
  readonly adjustment: number;
  readonly narrowing: number;
}
export const SHORT: Format = {
  ...{ bits: 32, declets: 2, precision: 7, continuation: 6, bias: 101 },
  ...{ adjustment: 192, narrowing: 0 },
};
export const LONG: Format = {
  ...{ bits: 64, declets: 5, precision: 16, continuation: 8, bias: 398 },
  ...{ adjustment: 576, narrowing: 192 },
};
export const EXTENDED: Format = {
  ...{ bits: 128, declets: 11, precision: 34, continuation: 12, bias: 6176 },
  ...{ adjustment: 9216, narrowing: 3072 },
};

/** sign * coefficient * 10^exponent, exactly. */
export interface Finite {
  readonly kind: 'finite';
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
}
/** The coefficient of an infinity or a NaN are the digits of its trailing significand. */
interface SpecialOf<K> {
  readonly kind: K;
  readonly negative: boolean;
  readonly coefficient: bigint;
}
export type Infinite = SpecialOf<'infinity'>;
export type NaNumber = SpecialOf<'quiet' | 'signalling'>;
export type Operand = Finite | Infinite | NaNumber;

/** A result and its status, in the places of FPSCR. */
export interface Answer {
  readonly value: bigint;
  readonly status: bigint;
}

export const isNan = (x: Operand): x is NaNumber => x.kind === 'quiet' || x.kind === 'signalling';
export const powerOfTen = (n: number): bigint => 10n ** BigInt(n);
/** Digits of a number; 0 has none. */
export const digitsOf = (n: bigint): number => (n === 0n ? 0 : n.toString().length);
/** The least and greatest exponents of coefficients. */
export const leastExponent = ({ bias }: Format): number => -bias;
export const greatestBiased = ({ continuation }: Format): number => 3 * 2 ** continuation - 1;
export const greatestExponent = (f: Format): number => greatestBiased(f) - f.bias;
/** The exponents of the first digit of the least normal number and of the greatest number. */
export const leastNormal = (f: Format): number => leastExponent(f) + f.precision - 1;
export const greatestNormal = (f: Format): number => greatestExponent(f) + f.precision - 1;
/** The exponent of the first digit. */
export const topOf = (x: Pick<Finite, 'coefficient' | 'exponent'>): number =>
  x.exponent + digitsOf(x.coefficient) - 1;

const low = (value: bigint, bits: number): bigint => BigInt.asUintN(bits, value);
/** The leading five bits of the combination field of infinities and of NaNs. */
const INFINITY = 0b11110;
const NAN = 0b11111;

export function decode(bits: bigint, f: Format): Operand {
  const negative = ((bits >> BigInt(f.bits - 1)) & 1n) === 1n;
  const trailing = numberOfDeclets(low(bits, 10 * f.declets), f.declets);
  const leading = Number(low(bits >> BigInt(f.bits - 6), 5));
  const rest = Number(low(bits >> BigInt(10 * f.declets), f.continuation));
  if (leading === INFINITY) return { kind: 'infinity', negative, coefficient: trailing };
  if (leading === NAN) {
    const signalling = rest >> (f.continuation - 1) === 1;
    return { kind: signalling ? 'signalling' : 'quiet', negative, coefficient: trailing };
  }
  const isLarge = leading >> 3 === 3;
  const digit = isLarge ? 8 + (leading & 1) : leading & 7;
  const high = isLarge ? (leading >> 1) & 3 : leading >> 3;
  const coefficient = BigInt(digit) * powerOfTen(3 * f.declets) + trailing;
  return { kind: 'finite', negative, coefficient, exponent: high * 2 ** f.continuation + rest - f.bias };
}

/** The encoding; what does not fit of the digits of an infinity or a NaN is lost on the left. */
export function encode(x: Operand, f: Format): bigint {
  const scale = powerOfTen(3 * f.declets);
  const place = (leading: number, rest: number): bigint =>
    (x.negative ? 1n << BigInt(f.bits - 1) : 0n) |
    (BigInt(leading) << BigInt(f.bits - 6)) |
    (BigInt(rest) << BigInt(10 * f.declets)) |
    decletsOfNumber(x.coefficient % scale, f.declets);
  if (x.kind === 'infinity') return place(INFINITY, 0);
  if (x.kind !== 'finite') return place(NAN, x.kind === 'signalling' ? 1 << (f.continuation - 1) : 0);
  const biased = x.exponent + f.bias;
  const digit = Number(x.coefficient / scale);
  const high = biased >> f.continuation;
  const leading = digit >= 8 ? 0b11000 | (high << 1) | (digit & 1) : (high << 3) | digit;
  return place(leading, biased & ((1 << f.continuation) - 1));
}

const SIGNALLING_CLASS = 1;
/** FPRF of a number in a format. */
export function classOf(x: Operand, f: Format): bigint {
  const placed = (fprf: number): bigint => BigInt(fprf) << BigInt(FPSCR.FPRF.shift);
  if (x.kind === 'quiet') return placed(FPRF_CLASS.QNAN);
  if (x.kind === 'signalling') return placed(SIGNALLING_CLASS);
  const kindOf = (finite: Finite): 'ZERO' | 'DENORMAL' | 'NORMAL' => {
    if (finite.coefficient === 0n) return 'ZERO';
    return topOf(finite) < leastNormal(f) ? 'DENORMAL' : 'NORMAL';
  };
  const kind = x.kind === 'finite' ? kindOf(x) : 'INFINITY';
  return placed(FPRF_CLASS[`${x.negative ? 'NEGATIVE' : 'POSITIVE'}_${kind}`]);
}

/** A result as it is, with the status of its class. */
export const answer = (x: Operand, f: Format, status = 0n): Answer => ({
  value: encode(x, f),
  status: status | classOf(x, f),
});
export const infinite = (negative: boolean, f: Format, status = 0n): Answer =>
  answer({ kind: 'infinity', negative, coefficient: 0n }, f, status);
/** Zero with the exponent that is nearest to the ideal one. */
export const zero = (negative: boolean, f: Format, ideal: number): Answer => {
  const exponent = Math.min(Math.max(ideal, leastExponent(f)), greatestExponent(f));
  return answer({ kind: 'finite', negative, coefficient: 0n, exponent }, f);
};
/** The default NaN, for an invalid operation. */
export const invalid = (cause: bigint, f: Format): Answer =>
  answer({ kind: 'quiet', negative: false, coefficient: 0n }, f, cause);

/** The NaN that is the result, quiet: the first that signals, or the first; or undefined. Those that signal are invalid. */
export function propagated(operands: readonly Operand[], f: Format): Answer | undefined {
  const signalling = operands.find((x) => x.kind === 'signalling');
  const nan = signalling ?? operands.find(isNan);
  if (!nan) return undefined;
  return answer({ ...nan, kind: 'quiet' }, f, signalling ? FPSCR.VXSNAN.mask : 0n);
}
