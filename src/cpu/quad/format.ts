/** Binary formats as exact numbers: taking apart, classes, NaNs (Power ISA Book I, 7.3.2 and 7.4). */
import { FPSCR } from '../../../isa/registers/float';
import { FPRF_CLASS } from '../../../isa/vocabulary/float-arithmetic';

export interface Format {
  /** Bits of the fraction and of the whole. */
  readonly fraction: number;
  readonly bits: number;
  /** Least and greatest exponent of normal numbers. */
  readonly least: number;
  readonly greatest: number;
  /** What enabled overflow and underflow move the exponent by. */
  readonly adjustment: number;
}
export const QUAD: Format = { fraction: 112, bits: 128, least: -16382, greatest: 16383, adjustment: 24576 };
export const DOUBLE: Format = { fraction: 52, bits: 64, least: -1022, greatest: 1023, adjustment: 1536 };

/** sign * significand * 2^exponent, exactly. */
export interface Finite {
  readonly kind: 'finite';
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
}
export interface Infinite {
  readonly kind: 'infinity';
  readonly negative: boolean;
}
export interface NaNumber {
  readonly kind: 'nan';
  readonly bits: bigint;
  readonly signalling: boolean;
}
export type Operand = Finite | Infinite | NaNumber;

/** A result and its status, in the places of FPSCR. */
export interface Answer {
  readonly value: bigint;
  readonly status: bigint;
}

const one = (shift: number): bigint => 1n << BigInt(shift);
const specialExponent = (f: Format): bigint => one(f.bits - 1 - f.fraction) - 1n;
const signOf = (negative: boolean, { bits }: Format): bigint => (negative ? one(bits - 1) : 0n);
const quietBit = ({ fraction }: Format): bigint => one(fraction - 1);
const infinityOf = (f: Format): bigint => specialExponent(f) << BigInt(f.fraction);

export function decode(bits: bigint, f: Format): Operand {
  const negative = bits >> BigInt(f.bits - 1) === 1n;
  const field = (bits >> BigInt(f.fraction)) & specialExponent(f);
  const fraction = bits & (one(f.fraction) - 1n);
  if (field === specialExponent(f)) {
    if (fraction === 0n) return { kind: 'infinity', negative };
    return { kind: 'nan', bits, signalling: (bits & quietBit(f)) === 0n };
  }
  const significand = field === 0n ? fraction : fraction | one(f.fraction);
  const exponent = (field === 0n ? f.least : Number(field) - f.greatest) - f.fraction;
  return { kind: 'finite', negative, significand, exponent };
}

const fprf = (name: keyof typeof FPRF_CLASS): bigint => BigInt(FPRF_CLASS[name]) << BigInt(FPSCR.FPRF.shift);
const signed = (negative: boolean, kind: 'ZERO' | 'DENORMAL' | 'NORMAL' | 'INFINITY'): bigint =>
  fprf(`${negative ? 'NEGATIVE' : 'POSITIVE'}_${kind}`);

export const infinite = (negative: boolean, f: Format, status = 0n): Answer => ({
  value: signOf(negative, f) | infinityOf(f),
  status: status | signed(negative, 'INFINITY'),
});
export const zero = (negative: boolean, f: Format): Answer => ({
  value: signOf(negative, f),
  status: signed(negative, 'ZERO'),
});
/** The default NaN, for an invalid operation. */
export const invalid = (cause: bigint, f: Format): Answer => ({
  value: infinityOf(f) | quietBit(f),
  status: cause | fprf('QNAN'),
});
/** The greatest finite number. */
export const largest = (negative: boolean, f: Format, status: bigint): Answer => ({
  value: signOf(negative, f) | (infinityOf(f) - 1n),
  status: status | signed(negative, 'NORMAL'),
});
/** A finite number whose fraction and exponent fit. @param exponent of the most significant bit of normal numbers */
export function encode(
  number: { readonly negative: boolean; readonly significand: bigint; readonly exponent: number },
  f: Format,
  status: bigint,
): Answer {
  const { negative, significand, exponent } = number;
  const isNormal = significand >> BigInt(f.fraction) !== 0n;
  const field = isNormal ? BigInt(exponent + f.greatest) & specialExponent(f) : 0n;
  const value = signOf(negative, f) | (field << BigInt(f.fraction)) | (significand & (one(f.fraction) - 1n));
  const kind = isNormal ? 'NORMAL' : significand === 0n ? 'ZERO' : 'DENORMAL';
  return { value, status: status | signed(negative, kind) };
}

/** The first NaN, quiet, in another format or the same; or undefined. SNaNs anywhere are invalid. */
export function propagated(
  operands: readonly Operand[],
  { from, to }: { readonly from: Format; readonly to: Format },
  status = 0n,
): Answer | undefined {
  const nans = operands.filter((x) => x.kind === 'nan');
  const first = nans[0];
  if (!first) return undefined;
  const negative = first.bits >> BigInt(from.bits - 1) === 1n;
  const payload = first.bits & (one(from.fraction) - 1n);
  const narrower = from.fraction - to.fraction;
  const moved = narrower >= 0 ? payload >> BigInt(narrower) : payload << BigInt(-narrower);
  const cause = nans.some((x) => x.signalling) ? FPSCR.VXSNAN.mask : 0n;
  const value = signOf(negative, to) | infinityOf(to) | quietBit(to) | moved;
  return { value, status: status | cause | fprf('QNAN') };
}
