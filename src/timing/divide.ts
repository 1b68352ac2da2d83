/** Cycles of a divide from its operands, for profiles that describe a divider by the bits of its operands. */
import type { DivideTiming } from './profile';
import type { DivideKind } from './schedule';

/** Number of bits of a magnitude: 0 for 0. */
const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

function magnitude(value: bigint, { bits, signed }: DivideKind): bigint {
  if (!signed) return BigInt.asUintN(bits, value);
  const number = BigInt.asIntN(bits, value);
  return number < 0n ? -number : number;
}

/** @param a @param b contents of RA and RB */
export function divideCycles(timing: DivideTiming, kind: DivideKind, a: bigint, b: bigint): number {
  const operand = magnitude(a, kind);
  const divisor = magnitude(b, kind);
  if (operand === 0n || divisor === 0n) return timing.trivial;
  if (kind.extended && operand >= divisor) return timing.overflow;
  const dividendBits = bitLength(operand) + (kind.extended ? kind.bits : 0);
  if (!kind.extended && !kind.remainder && operand < divisor) return timing.smaller;
  const step = dividendBits <= 16 ? 0 : dividendBits <= 32 ? 1 : 2;
  const { longQuotient, iterations, half } = timing;
  const long = dividendBits - bitLength(divisor) >= longQuotient.bits ? longQuotient.cycles : 0;
  const inverse = half && roundsUp(divisor, half.bits) ? half.cycles : iterations[step];
  return inverse + long + kindCycles(timing, kind) + operandCycles(timing, kind, { a, operand, divisor });
}

/** Whether the first bits of a number are all ones, and others behind those not all zeros. */
function roundsUp(value: bigint, bits: number): boolean {
  const behind = BigInt(Math.max(0, bitLength(value) - bits));
  const ones = (1n << BigInt(bits)) - 1n;
  return value >> behind === ones && ones << behind !== value;
}

/** What a kind of divide adds, with any operands. */
export function kindCycles(
  { remainder, unsigned = 0, extended = { word: 0, doubleword: 0 } }: DivideTiming,
  kind: DivideKind,
): number {
  if (kind.remainder) return remainder;
  const sign = kind.signed ? 0 : unsigned;
  return sign + (kind.extended ? extended[kind.bits === 32 ? 'word' : 'doubleword'] : 0);
}

/** What signs and lengths of operands add. @param operands that of RA, and the magnitudes */
function operandCycles(
  { negativeRemainder = 0, close = 0 }: DivideTiming,
  { bits, signed, extended, remainder }: DivideKind,
  { a, operand, divisor }: Record<'a' | 'operand' | 'divisor', bigint>,
): number {
  if (remainder) {
    const negative = signed && BigInt.asIntN(bits, a) < 0n && operand % divisor !== 0n;
    return negative ? negativeRemainder : 0;
  }
  return extended && bits === 64 && bitLength(operand) === bitLength(divisor) ? close : 0;
}
