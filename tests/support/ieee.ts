/**
 * IEEE arithmetic as the Power ISA has it, the slow and obvious way: operands are exact rational numbers, results are
 * exact until one rounding. It is the twin of `src/engine/float` and of the vocabulary's `float.` operators.
 */
import { FPSCR, FPSCR_EXCEPTIONS } from '../../isa/registers/float';
import { FLOAT_CONTROL, FPRF_CLASS } from '../../isa/vocabulary/float-arithmetic';
import type { IeeeOpName } from '../../isa/vocabulary/ops';
import { maskOf } from '../../src/core/bits';

/** A magnitude that can be known to any number of bits: how many times 2^unit it is, and whether exactly. */
type Magnitude = (unit: number) => { readonly floor: bigint; readonly exact: boolean };

const rational =
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
const rootOf =
  (square: Magnitude): Magnitude =>
  (unit) => {
    const { floor, exact } = square(2 * unit);
    const root = integerRoot(floor);
    return { floor: root, exact: exact && root * root === floor };
  };

const bitLength = (n: bigint): number => (n === 0n ? 0 : n.toString(2).length);

/** A finite number or not, from its bits: value = ±fraction * 2^power. */
interface Operand {
  readonly bits: bigint;
  readonly negative: boolean;
  readonly kind: 'zero' | 'finite' | 'infinity' | 'quiet' | 'signalling';
  readonly fraction: bigint;
  readonly power: number;
}
function decode(bits: bigint): Operand {
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const low = bits & ((1n << 52n) - 1n);
  const negative = bits >> 63n === 1n;
  const fraction = exponent ? low | (1n << 52n) : low;
  const power = Math.max(exponent, 1) - 1075;
  if (exponent < 2047) return { bits, negative, kind: fraction ? 'finite' : 'zero', fraction, power };
  const kind = low === 0n ? 'infinity' : low >> 51n ? 'quiet' : 'signalling';
  return { bits, negative, kind, fraction: 0n, power: 0 };
}
const isNaN = (x: Operand): boolean => x.kind === 'quiet' || x.kind === 'signalling';
const isZero = (x: Operand): boolean => x.kind === 'zero';
const isInfinity = (x: Operand): boolean => x.kind === 'infinity';

/** The value in units of 2^-2200, of which every double and every product of two is a whole number. */
const UNIT = 2200;
const scaled = (x: Operand): bigint => (x.negative ? -x.fraction : x.fraction) << BigInt(UNIT + x.power);

/** 2^-FAR is less than any result. */
const FAR = 2400;

interface Result {
  readonly value: bigint;
  readonly status: bigint;
}
type ClassName = keyof typeof FPRF_CLASS;
const fprf = (name: ClassName): bigint => BigInt(FPRF_CLASS[name]) << BigInt(FPSCR.FPRF.shift);
const signed = (negative: boolean, kind: 'ZERO' | 'DENORMAL' | 'NORMAL' | 'INFINITY'): bigint =>
  fprf(`${negative ? 'NEGATIVE' : 'POSITIVE'}_${kind}`);
const SIGN = 1n << 63n;
const INFINITY = 0x7ffn << 52n;
const sign = (negative: boolean): bigint => (negative ? SIGN : 0n);
const zero = (negative: boolean): Result => ({ value: sign(negative), status: signed(negative, 'ZERO') });
const infinity = (negative: boolean, status = 0n): Result => ({
  value: sign(negative) | INFINITY,
  status: signed(negative, 'INFINITY') | status,
});
const invalid = (cause: bigint): Result => ({ value: 0x7ff8n << 48n, status: cause | fprf('QNAN') });

const FORMATS = {
  single: { precision: 24, least: -126, greatest: 127, adjustment: 192 },
  double: { precision: 53, least: -1022, greatest: 1023, adjustment: 1536 },
};

class Arithmetic {
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

type Operation = (c: Arithmetic, operands: readonly Operand[]) => Result;

const sum: Operation = (c, [a, second]) => {
  const nan = c.nan([a!, second!]);
  if (nan) return nan;
  const b = c.negatedOperand(second!);
  if (isInfinity(a!) && isInfinity(b) && a!.negative !== b.negative) return invalid(FPSCR.VXISI.mask);
  for (const x of [a!, b]) if (isInfinity(x)) return infinity(x.negative);
  const total = scaled(a!) + scaled(b);
  if (total === 0n) return zero(a!.negative === b.negative ? a!.negative : c.zeroSign);
  return c.roundScaled(total, UNIT);
};

const product: Operation = (c, [a, b]) => {
  const nan = c.nan([a!, b!]);
  if (nan) return nan;
  const negative = a!.negative !== b!.negative;
  if ((isInfinity(a!) && isZero(b!)) || (isZero(a!) && isInfinity(b!))) return invalid(FPSCR.VXIMZ.mask);
  if (isInfinity(a!) || isInfinity(b!)) return infinity(negative);
  if (isZero(a!) || isZero(b!)) return zero(negative);
  return c.roundScaled(scaled(a!) * scaled(b!), 2 * UNIT);
};

const quotient: Operation = (c, [a, b]) => {
  const nan = c.nan([a!, b!]);
  if (nan) return nan;
  const negative = a!.negative !== b!.negative;
  if (isInfinity(a!)) return isInfinity(b!) ? invalid(FPSCR.VXIDI.mask) : infinity(negative);
  if (isInfinity(b!)) return zero(negative);
  if (isZero(b!)) return isZero(a!) ? invalid(FPSCR.VXZDZ.mask) : infinity(negative, FPSCR.ZX.mask);
  if (isZero(a!)) return zero(negative);
  const magnitude = (x: Operand): bigint => x.fraction << BigInt(UNIT + x.power);
  return c.round(rational(magnitude(a!), magnitude(b!)), negative);
};

const root: Operation = (c, [a]) => {
  const nan = c.nan([a!]);
  if (nan) return nan;
  if (isZero(a!)) return zero(a!.negative);
  if (a!.negative) return invalid(FPSCR.VXSQRT.mask);
  if (isInfinity(a!)) return infinity(false);
  return c.round(rootOf(rational(scaled(a!), 1n << BigInt(UNIT))), false);
};

const ONE = decode(0x3ffn << 52n);
const reciprocalRoot: Operation = (c, [a]) => {
  const first = root(new Arithmetic(c.control & 0xff), [a!]);
  const second = quotient(c, [ONE, decode(first.value)]);
  return { value: second.value, status: second.status | (first.status & (FPSCR_EXCEPTIONS | FPSCR.FI.mask)) };
};

const fused: Operation = (c, [a, m, third]) => {
  const undefinedProduct = (isInfinity(a!) && isZero(m!)) || (isZero(a!) && isInfinity(m!));
  const cause = undefinedProduct ? FPSCR.VXIMZ.mask : 0n;
  const nan = c.nan([a!, third!, m!], cause);
  if (nan) return nan;
  if (undefinedProduct) return invalid(cause);
  const b = c.negatedOperand(third!);
  const negative = a!.negative !== m!.negative;
  if (isInfinity(a!) || isInfinity(m!)) {
    if (isInfinity(b) && b.negative !== negative) return invalid(FPSCR.VXISI.mask);
    return infinity(c.negated(negative));
  }
  if (isInfinity(b)) return infinity(c.negated(b.negative));
  const total = scaled(a!) * scaled(m!) + (scaled(b) << BigInt(UNIT));
  if (total !== 0n) return c.roundScaled(total, 2 * UNIT);
  const bothZero = (isZero(a!) || isZero(m!)) && isZero(b);
  return zero(c.negated(bothZero && negative === b.negative ? negative : c.zeroSign));
};

const rounded: Operation = (c, [a]) => {
  const nan = c.nan([a!]);
  if (nan) return nan;
  if (isInfinity(a!)) return infinity(a!.negative);
  return isZero(a!) ? zero(a!.negative) : c.roundScaled(scaled(a!), UNIT);
};

const integral: Operation = (c, [a]) => {
  const nan = c.nan([a!]);
  if (nan) return nan;
  if (isInfinity(a!)) return infinity(a!.negative);
  return isZero(a!) ? zero(a!.negative) : c.integral(a!);
};

const fromInteger: Operation = (c, [a]) => {
  const value = c.has(FLOAT_CONTROL.UNSIGNED) ? a!.bits : BigInt.asIntN(64, a!.bits);
  return value === 0n ? zero(false) : c.roundScaled(value, 0);
};

const comparison: Operation = (c, [a, b]) => {
  if (isNaN(a!) || isNaN(b!)) {
    const signalling = a!.kind === 'signalling' || b!.kind === 'signalling';
    const enabled = c.has(Number(FPSCR.VE.mask));
    const vxvc = c.has(FLOAT_CONTROL.ORDERED) && !(signalling && enabled) ? FPSCR.VXVC.mask : 0n;
    return { value: 1n, status: vxvc | (signalling ? FPSCR.VXSNAN.mask : 0n) };
  }
  const order = (x: Operand): bigint => (isInfinity(x) ? (x.negative ? -1n : 1n) << 5000n : scaled(x)); // beyond every number
  const [x, y] = [order(a!), order(b!)];
  return { value: x < y ? 8n : x > y ? 4n : 2n, status: 0n };
};

const OPERATIONS: Record<IeeeOpName, Operation> = {
  'float.sum': sum,
  'float.product': product,
  'float.quotient': quotient,
  'float.root': root,
  'float.reciprocal': (c, [a]) => quotient(c, [ONE, a!]),
  'float.reciprocalRoot': reciprocalRoot,
  'float.fused': fused,
  'float.rounded': rounded,
  'float.integral': integral,
  'float.toInteger': (c, [a]) => c.integer(a!),
  'float.fromInteger': fromInteger,
  'float.comparison': comparison,
};

/** Result and status of an operator. @param args its operands as bit patterns, the control word last */
export function ieee(op: IeeeOpName, args: readonly bigint[]): Result {
  const control = new Arithmetic(Number(args.at(-1)!));
  return OPERATIONS[op](control, args.slice(0, -1).map(decode));
}

/** The operator's value in the vocabulary: a vector of result and status. */
export function applyIeee(op: IeeeOpName, args: readonly bigint[]): bigint {
  const { value, status } = ieee(op, args);
  return (value << 64n) | status;
}
