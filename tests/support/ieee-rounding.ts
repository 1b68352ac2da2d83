/** IEEE arithmetic under one control word: rounding to a format, overflow and underflow, NaNs, conversions (./ieee.ts). */
import { FPSCR } from '../../isa/registers/float';
import { FLOAT_CONTROL } from '../../isa/vocabulary/float-arithmetic';
import { maskOf } from '../../src/core/bits';
import {
  bitLength,
  fprf,
  INFINITY,
  infinity,
  isInfinity,
  isNaN,
  isZero,
  rational,
  SIGN,
  sign,
  signed,
  zero,
  type Magnitude,
  type Operand,
  type Result,
} from './ieee-values';

/** 2^-FAR is less than any result. */
const FAR = 2400;

const FORMATS = {
  single: { precision: 24, least: -126, greatest: 127, adjustment: 192 },
  double: { precision: 53, least: -1022, greatest: 1023, adjustment: 1536 },
};

export class Arithmetic {
  private readonly format;

  constructor(readonly control: number) {
    this.format = FORMATS[this.has(FLOAT_CONTROL.SINGLE) ? 'single' : 'double'];
  }

  has(bits: number): boolean {
    return (this.control & bits) !== 0;
  }
  private get rounding(): number {
    return this.control & 3;
  }
  /** The sign of a zero that is the sum of numbers of opposite signs. */
  get zeroSign(): boolean {
    return this.rounding === 3;
  }
  negated(negative: boolean): boolean {
    return negative !== this.has(FLOAT_CONTROL.NEGATE_RESULT);
  }

  /** The nearest multiple of 2^unit as the rounding mode has it, in that unit. */
  toMultiple(
    x: Magnitude,
    negative: boolean,
    unit: number,
  ): { multiple: bigint; up: boolean; exact: boolean } {
    const { floor: halves, exact: inHalves } = x(unit - 1);
    const floor = halves >> 1n;
    const exact = inHalves && (halves & 1n) === 0n;
    const half = (halves & 1n) === 1n;
    const modes = [
      half && (!inHalves || (floor & 1n) === 1n || this.has(FLOAT_CONTROL.AWAY)),
      false,
      !negative,
      negative,
    ];
    const up = !exact && modes[this.rounding]!;
    return { multiple: floor + (up ? 1n : 0n), up, exact };
  }

  /** Any magnitude but 0, rounded to the format. */
  round(x: Magnitude, negative: boolean): Result {
    const { precision, least, greatest, adjustment } = this.format;
    const exponent = bitLength(x(-FAR).floor) - 1 - FAR;
    const tiny = exponent < least;
    const enabledUnderflow = tiny && this.has(Number(FPSCR.UE.mask));
    const unit = (tiny && !enabledUnderflow ? least : exponent) - (precision - 1);
    const { multiple, up, exact } = this.toMultiple(x, negative, unit);
    let status = exact ? 0n : maskOf(FPSCR.XX, FPSCR.FI);
    if (up) status |= FPSCR.FR.mask;
    if (enabledUnderflow || (tiny && !exact)) status |= FPSCR.UX.mask;
    if (enabledUnderflow) return this.encode(multiple, unit + adjustment, { negative, status });
    if (multiple && bitLength(multiple) - 1 + unit > greatest) {
      if (!this.has(Number(FPSCR.OE.mask))) return this.overflow(negative);
      return this.encode(multiple, unit - adjustment, { negative, status: status | FPSCR.OX.mask });
    }
    return this.encode(multiple, unit, { negative, status });
  }

  private overflow(negative: boolean): Result {
    const toInfinity = this.rounding === 0 || this.rounding === (negative ? 3 : 2);
    const out = this.negated(negative);
    const status = maskOf(FPSCR.OX, FPSCR.XX, FPSCR.FI);
    if (toInfinity) return infinity(out, status | FPSCR.FR.mask);
    const largest = this.has(FLOAT_CONTROL.SINGLE) ? 0x47ef_ffff_e000_0000n : INFINITY - 1n;
    return { value: sign(out) | largest, status: signed(out, 'NORMAL') | status };
  }

  /** multiple * 2^unit, which a double can be, its sign as the control word wants it. */
  private encode(multiple: bigint, unit: number, r: { negative: boolean; status: bigint }): Result {
    const out = this.negated(r.negative);
    if (multiple === 0n) return { value: sign(out), status: r.status | signed(out, 'ZERO') };
    const exponent = bitLength(multiple) - 1 + unit;
    const adjusted = (r.status & FPSCR.OX.mask) !== 0n || this.has(Number(FPSCR.UE.mask));
    const isDenormal = exponent < this.format.least && !adjusted;
    const status = r.status | signed(out, isDenormal ? 'DENORMAL' : 'NORMAL');
    if (exponent < -1022 && !adjusted) {
      const fraction = unit + 1074 >= 0 ? multiple << BigInt(unit + 1074) : multiple >> BigInt(-1074 - unit);
      return { value: sign(out) | fraction, status };
    }
    const fraction = (multiple << 60n) >> BigInt(bitLength(multiple) - 1 + 60 - 52);
    const biased = BigInt.asUintN(11, BigInt(exponent + 1023));
    return { value: sign(out) | (biased << 52n) | (fraction & ((1n << 52n) - 1n)), status };
  }

  /** A signed number of units of 2^-unit, rounded to the format. */
  roundScaled(value: bigint, unit: number): Result {
    const negative = value < 0n;
    const magnitude = negative ? -value : value;
    return this.round(rational(magnitude, 1n << BigInt(unit)), negative);
  }

  /** The first operand that is a NaN, quieted; undefined where none is. */
  nan(operands: readonly Operand[], cause = 0n): Result | undefined {
    const first = operands.find(isNaN);
    if (!first) return undefined;
    const value = first.bits | (1n << 51n);
    const signalling = operands.some((x) => x.kind === 'signalling') ? FPSCR.VXSNAN.mask : 0n;
    return {
      value: this.has(FLOAT_CONTROL.SINGLE) ? (value >> 29n) << 29n : value,
      status: cause | signalling | fprf('QNAN'),
    };
  }

  negatedOperand(x: Operand): Operand {
    return this.has(FLOAT_CONTROL.NEGATE_ADDEND) ? { ...x, bits: x.bits ^ SIGN, negative: !x.negative } : x;
  }

  integer(x: Operand): Result {
    const bits = this.has(FLOAT_CONTROL.WORD) ? 32n : 64n;
    const [least, most] = this.has(FLOAT_CONTROL.UNSIGNED)
      ? [0n, (1n << bits) - 1n]
      : [-(1n << (bits - 1n)), (1n << (bits - 1n)) - 1n];
    const cause = FPSCR.VXCVI.mask | (x.kind === 'signalling' ? FPSCR.VXSNAN.mask : 0n);
    if (isNaN(x)) return { value: BigInt.asUintN(Number(bits), least), status: cause };
    const bound = { value: BigInt.asUintN(64, x.negative ? least : most), status: FPSCR.VXCVI.mask };
    if (isInfinity(x)) return bound;
    if (isZero(x)) return { value: 0n, status: 0n };
    const magnitude = rational(x.fraction << 1100n, 1n << BigInt(1100 - x.power));
    const { multiple, up, exact } = this.toMultiple(magnitude, x.negative, 0);
    const value = x.negative ? -multiple : multiple;
    if (value < least || value > most) return bound;
    const status = (exact ? 0n : maskOf(FPSCR.XX, FPSCR.FI)) | (up ? FPSCR.FR.mask : 0n);
    return { value: BigInt.asUintN(64, value), status };
  }

  integral(x: Operand): Result {
    const magnitude = rational(x.fraction << 1100n, 1n << BigInt(1100 - x.power));
    const { multiple, up, exact } = this.toMultiple(magnitude, x.negative, 0);
    const { value } = multiple ? new Arithmetic(0).roundScaled(multiple, 0) : zero(false);
    const inexact = (exact ? 0n : maskOf(FPSCR.XX, FPSCR.FI)) | (up ? FPSCR.FR.mask : 0n);
    const kind = multiple ? 'NORMAL' : 'ZERO';
    return { value: value | sign(x.negative), status: signed(x.negative, kind) | inexact };
  }
}
