/** Rounding of exact numbers to a format, with overflow and underflow (Power ISA Book I, 7.3.2.6 and 7.4). */
import { FPSCR } from '../../../isa/registers/float';
import { ROUND } from '../../../isa/vocabulary/float-arithmetic';
import { QUAD_CONTROL } from '../../../isa/vocabulary/quad-float';
import { encode, infinite, largest, zero, type Answer, type Format } from './format';

/** A number other than 0, exact but for what `sticky` stands for: something below its last bit. */
export interface Exact {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
  readonly sticky?: boolean;
}

const INEXACT = FPSCR.XX.mask | FPSCR.FI.mask;
const RN = 3;
const isSet = (control: number, mask: bigint): boolean => (control & Number(mask)) !== 0;
export const bitLength = (value: bigint): number => (value === 0n ? 0 : value.toString(2).length);

interface Cut {
  readonly kept: bigint;
  /** What was cut off, doubled, compared with the last place: below, equal to, above 1; 0 where nothing was. */
  readonly rest: 'none' | 'below' | 'half' | 'above';
}
/** Cuts a number to a multiple of 2^unit. */
export function cutAt({ significand, exponent, sticky = false }: Exact, unit: number): Cut {
  const shift = unit - exponent;
  if (shift <= 0) return { kept: significand << BigInt(-shift), rest: sticky ? 'below' : 'none' };
  const kept = significand >> BigInt(shift);
  const rest = significand - (kept << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  if (rest === 0n) return { kept, rest: sticky ? 'below' : 'none' };
  if (rest === half) return { kept, rest: sticky ? 'above' : 'half' };
  return { kept, rest: rest < half ? 'below' : 'above' };
}

/** Rounds what was cut off. */
export function rounded({ kept, rest }: Cut, negative: boolean, control: number): bigint {
  if (rest === 'none') return kept;
  if (control & QUAD_CONTROL.ODD) return kept | 1n;
  switch (control & RN) {
    case ROUND.NEAREST: {
      const tieUp = (kept & 1n) === 1n || (control & QUAD_CONTROL.AWAY) !== 0;
      return rest === 'above' || (rest === 'half' && tieUp) ? kept + 1n : kept;
    }
    case ROUND.ZERO:
      return kept;
    default:
      return ((control & RN) === ROUND.UP) === !negative ? kept + 1n : kept;
  }
}

/** The sign after the negation that the control word asks for: what is rounded is not yet negated. */
const negated = (negative: boolean, control: number): boolean =>
  negative !== ((control & QUAD_CONTROL.NEGATE_RESULT) !== 0);

function overflowed(negative: boolean, f: Format, control: number): Answer {
  const directed = (control & RN) === (negative ? ROUND.DOWN : ROUND.UP);
  const toInfinity = !(control & QUAD_CONTROL.ODD) && ((control & RN) === ROUND.NEAREST || directed);
  const status = FPSCR.OX.mask | INEXACT | (toInfinity ? FPSCR.FR.mask : 0n);
  const out = negated(negative, control);
  return toInfinity ? infinite(out, f, status) : largest(out, f, status);
}

/** @param precision of the significand in bits, where it is less than the format's */
export function round(
  number: Exact,
  f: Format,
  { control, precision = f.fraction + 1 }: { readonly control: number; readonly precision?: number },
): Answer {
  if (number.significand === 0n) return zero(number.negative, f);
  let { exponent } = number;
  let status = 0n;
  const top = (): number => exponent + bitLength(number.significand) - 1;
  const isTiny = top() < f.least;
  if (isTiny && isSet(control, FPSCR.UE.mask)) {
    status |= FPSCR.UX.mask;
    exponent += f.adjustment;
  }
  const unit = Math.max(top(), f.least) - (precision - 1);
  const cut = cutAt({ ...number, exponent }, unit);
  const kept = rounded(cut, number.negative, control);
  if (cut.rest !== 'none') {
    status |= INEXACT | (kept === cut.kept ? 0n : FPSCR.FR.mask);
    if (isTiny) status |= FPSCR.UX.mask;
  }
  // A carry out of the significand makes a power of two.
  const carried = kept >> BigInt(precision) !== 0n ? 1 : 0;
  let high = unit + precision - 1 + carried;
  const significand = (kept >> BigInt(carried)) << BigInt(f.fraction + 1 - precision);
  if (high > f.greatest) {
    if (!isSet(control, FPSCR.OE.mask)) return overflowed(number.negative, f, control);
    status |= FPSCR.OX.mask;
    high -= f.adjustment;
  }
  return encode({ negative: negated(number.negative, control), significand, exponent: high }, f, status);
}
