/**
 * IEEE arithmetic as the Power ISA has it, the slow and obvious way: operands are exact rational numbers, results are
 * exact until one rounding. It is the twin of `src/engine/float` and of the vocabulary's `float.` operators.
 */
import { FPSCR, FPSCR_EXCEPTIONS } from '../../isa/registers/float';
import { FLOAT_CONTROL } from '../../isa/vocabulary/float-arithmetic';
import type { IeeeOpName } from '../../isa/vocabulary/ops';
import { Arithmetic } from './ieee-rounding';
import {
  decode,
  infinity,
  invalid,
  isInfinity,
  isNaN,
  isZero,
  rational,
  rootOf,
  scaled,
  UNIT,
  zero,
  type Operand,
  type Result,
} from './ieee-values';

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
