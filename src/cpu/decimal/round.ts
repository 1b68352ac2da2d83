/** Rounding of exact numbers to a decimal format, with overflow, underflow and ideal exponents (Power ISA Book I, 5.5). */
import { FPSCR } from '../../../isa/registers/float';
import { DECIMAL_CONTROL, DECIMAL_ROUND } from '../../../isa/vocabulary/decimal-float';
import {
  answer, digitsOf, greatestExponent, greatestNormal, infinite, leastExponent, leastNormal, powerOfTen, topOf, zero,
  type Answer, type Format,
} from './format'; // prettier-ignore

/** A number, exact but for what `sticky` stands for: something below its last digit. */
export interface Exact {
  readonly negative: boolean;
  readonly coefficient: bigint;
  readonly exponent: number;
  readonly sticky?: boolean;
}

interface Magnitude {
  readonly coefficient: bigint;
  readonly exponent: number;
}

export const INEXACT = FPSCR.XX.mask | FPSCR.FI.mask;
const isSet = (control: number, mask: bigint): boolean => (control & Number(mask)) !== 0;
const MODES = 7;
export const roundingOf = (control: number): number => (control >> DECIMAL_CONTROL.round) & MODES;

export interface Cut {
  readonly kept: bigint;
  /** What was cut off, compared with half of the last place. */
  readonly rest: 'none' | 'below' | 'half' | 'above';
}
/** Cuts a number to a multiple of 10^unit. */
export function cutAt({ coefficient, exponent, sticky = false }: Exact, unit: number): Cut {
  const shift = unit - exponent;
  if (shift <= 0) return { kept: coefficient * powerOfTen(-shift), rest: sticky ? 'below' : 'none' };
  if (shift > digitsOf(coefficient))
    return { kept: 0n, rest: coefficient === 0n && !sticky ? 'none' : 'below' };
  const scale = powerOfTen(shift);
  const kept = coefficient / scale;
  const doubled = 2n * (coefficient - kept * scale);
  if (doubled === 0n) return { kept, rest: sticky ? 'below' : 'none' };
  if (doubled === scale) return { kept, rest: sticky ? 'above' : 'half' };
  return { kept, rest: doubled < scale ? 'below' : 'above' };
}

/** Rounds what was cut off. @param mode one of DECIMAL_ROUND */
export function rounded({ kept, rest }: Cut, negative: boolean, mode: number): bigint {
  if (rest === 'none') return kept;
  const away = ((): boolean => {
    switch (mode) {
      case DECIMAL_ROUND.NEAREST_EVEN:
        return rest === 'above' || (rest === 'half' && kept % 2n === 1n);
      case DECIMAL_ROUND.UP:
        return !negative;
      case DECIMAL_ROUND.DOWN:
        return negative;
      case DECIMAL_ROUND.NEAREST_AWAY:
        return rest !== 'below';
      case DECIMAL_ROUND.NEAREST_ZERO:
        return rest === 'above';
      case DECIMAL_ROUND.AWAY:
        return true;
      case DECIMAL_ROUND.PREPARE:
        return kept % 5n === 0n;
      default:
        return false;
    }
  })();
  return away ? kept + 1n : kept;
}

/** XX, FI and FR of a cut. */
export const statusOfCut = (cut: Cut, whole: bigint): bigint =>
  (cut.rest === 'none' ? 0n : INEXACT) | (whole === cut.kept ? 0n : FPSCR.FR.mask);

function overflowed(negative: boolean, f: Format, mode: number): Answer {
  const finite =
    mode === DECIMAL_ROUND.ZERO ||
    mode === DECIMAL_ROUND.PREPARE ||
    mode === (negative ? DECIMAL_ROUND.UP : DECIMAL_ROUND.DOWN);
  const status = FPSCR.OX.mask | INEXACT;
  if (!finite) return infinite(negative, f, status | FPSCR.FR.mask);
  const coefficient = powerOfTen(f.precision) - 1n;
  return answer({ kind: 'finite', negative, coefficient, exponent: greatestExponent(f) }, f, status);
}

interface Ideal {
  readonly ideal: number;
  readonly precision: number;
  /** The format that has the exponent. */
  readonly range: Format;
}
/** Moves an exact result's exponent as near to the ideal as digits and the format allow. */
function towardsIdeal(coefficient: bigint, exponent: number, { ideal, precision, range }: Ideal): Magnitude {
  const wanted = Math.min(Math.max(ideal, leastExponent(range)), greatestExponent(range));
  if (exponent > wanted) {
    const down = Math.min(exponent - wanted, precision - digitsOf(coefficient));
    return { coefficient: coefficient * powerOfTen(down), exponent: exponent - down };
  }
  let [digits, at] = [coefficient, exponent];
  while (at < wanted && digits % 10n === 0n) [digits, at] = [digits / 10n, at + 1];
  return { coefficient: digits, exponent: at };
}

export interface Target {
  readonly f: Format;
  /** The exponent of an exact result, where it can have it. */
  readonly ideal: number;
  readonly control: number;
  /** The format in which results of enabled overflow and underflow are delivered, where it is another. */
  readonly wrapped?: Format;
}

/** The rounded magnitude before overflow, and its status. */
function roundedMagnitude(
  number: Exact,
  { f, range, mode }: { f: Format; range: Format; mode: number },
): Magnitude & { readonly cut: Cut; readonly whole: bigint } {
  const unit = Math.max(topOf(number) - (f.precision - 1), leastExponent(range), number.exponent);
  const cut = cutAt(number, unit);
  const whole = rounded(cut, number.negative, mode);
  // A carry out of the significand makes a power of ten.
  const carried = digitsOf(whole) > f.precision ? 1 : 0;
  return { coefficient: carried ? whole / 10n : whole, exponent: unit + carried, cut, whole };
}

/** Rounds to the target. */
export function round(number: Exact, { f, ideal, control, wrapped = f }: Target): Answer {
  const { negative } = number;
  if (number.coefficient === 0n) return zero(negative, f, ideal);
  const adjustment = wrapped === f ? f.adjustment : wrapped.narrowing;
  const mode = roundingOf(control);
  const isTiny = topOf(number) < leastNormal(f);
  let moved = isTiny && isSet(control, FPSCR.UE.mask) ? adjustment : 0;
  const raised = { ...number, exponent: number.exponent + moved };
  const { cut, whole, ...magnitude } = roundedMagnitude(raised, { f, range: moved ? wrapped : f, mode });
  const isExact = cut.rest === 'none';
  let status = statusOfCut(cut, whole);
  if (isTiny && (!isExact || moved)) status |= FPSCR.UX.mask;
  let result: Magnitude = magnitude;
  if (!moved && topOf(result) > greatestNormal(f)) {
    if (!isSet(control, FPSCR.OE.mask)) return overflowed(negative, f, mode);
    status |= FPSCR.OX.mask;
    moved = -adjustment;
    result = { ...result, exponent: result.exponent + moved };
  }
  const range = moved ? wrapped : f;
  if (isExact) result = towardsIdeal(result.coefficient, result.exponent, { ideal: ideal + moved, precision: f.precision, range }); // prettier-ignore
  return answer({ kind: 'finite', negative, ...result }, range, status);
}
