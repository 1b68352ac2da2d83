/** What IEEE arithmetic is about (./ieee.ts): operands and results by their bits, and magnitudes that are exact. */
import { FPSCR } from '../../isa/registers/float';
import { FPRF_CLASS } from '../../isa/vocabulary/float-arithmetic';

/** A magnitude that can be known to any number of bits: how many times 2^unit it is, and whether exactly. */
export type Magnitude = (unit: number) => { readonly floor: bigint; readonly exact: boolean };

export const rational =
  (numerator: bigint, denominator: bigint): Magnitude =>
  (unit) => {
    const n = unit < 0 ? numerator << BigInt(-unit) : numerator;
    const d = unit > 0 ? denominator << BigInt(unit) : denominator;
    return { floor: n / d, exact: n % d === 0n };
  };
/** Newton's iteration, from above. */
function integerRoot(n: bigint): bigint {
  if (n === 0n) return 0n;
  let root = 1n << BigInt(Math.ceil(n.toString(2).length / 2) + 1);
  for (;;) {
    const next = (root + n / root) / 2n;
    if (next >= root) return root;
    root = next;
  }
}
export const rootOf =
  (square: Magnitude): Magnitude =>
  (unit) => {
    const { floor, exact } = square(2 * unit);
    const root = integerRoot(floor);
    return { floor: root, exact: exact && root * root === floor };
  };

export const bitLength = (n: bigint): number => (n === 0n ? 0 : n.toString(2).length);

/** A finite number or not, from its bits: value = ±fraction * 2^power. */
export interface Operand {
  readonly bits: bigint;
  readonly negative: boolean;
  readonly kind: 'zero' | 'finite' | 'infinity' | 'quiet' | 'signalling';
  readonly fraction: bigint;
  readonly power: number;
}
export function decode(bits: bigint): Operand {
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const low = bits & ((1n << 52n) - 1n);
  const negative = bits >> 63n === 1n;
  const fraction = exponent ? low | (1n << 52n) : low;
  const power = Math.max(exponent, 1) - 1075;
  if (exponent < 2047) return { bits, negative, kind: fraction ? 'finite' : 'zero', fraction, power };
  const kind = low === 0n ? 'infinity' : low >> 51n ? 'quiet' : 'signalling';
  return { bits, negative, kind, fraction: 0n, power: 0 };
}
export const isNaN = (x: Operand): boolean => x.kind === 'quiet' || x.kind === 'signalling';
export const isZero = (x: Operand): boolean => x.kind === 'zero';
export const isInfinity = (x: Operand): boolean => x.kind === 'infinity';

/** The value in units of 2^-2200, of which every double and every product of two is a whole number. */
export const UNIT = 2200;
export const scaled = (x: Operand): bigint =>
  (x.negative ? -x.fraction : x.fraction) << BigInt(UNIT + x.power);

export interface Result {
  readonly value: bigint;
  readonly status: bigint;
}
type ClassName = keyof typeof FPRF_CLASS;
export const fprf = (name: ClassName): bigint => BigInt(FPRF_CLASS[name]) << BigInt(FPSCR.FPRF.shift);
export const signed = (negative: boolean, kind: 'ZERO' | 'DENORMAL' | 'NORMAL' | 'INFINITY'): bigint =>
  fprf(`${negative ? 'NEGATIVE' : 'POSITIVE'}_${kind}`);
export const SIGN = 1n << 63n;
export const INFINITY = 0x7ffn << 52n;
export const sign = (negative: boolean): bigint => (negative ? SIGN : 0n);
export const zero = (negative: boolean): Result => ({
  value: sign(negative),
  status: signed(negative, 'ZERO'),
});
export const infinity = (negative: boolean, status = 0n): Result => ({
  value: sign(negative) | INFINITY,
  status: signed(negative, 'INFINITY') | status,
});
export const invalid = (cause: bigint): Result => ({ value: 0x7ff8n << 48n, status: cause | fprf('QNAN') });
