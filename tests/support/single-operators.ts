/** The operators of the vocabulary on vectors of four singles, on lists of JavaScript numbers. */
import { elementsOf, ofElements } from './vector-operators';

type Operator = (a: bigint, b: bigint) => bigint;

const view = new DataView(new ArrayBuffer(4));
const toNumber = (bits: bigint): number => (view.setUint32(0, Number(bits)), view.getFloat32(0));
/** Rounds to the single format; of a NaN, whose bits nobody may look at, one. */
const toBits = (value: number): bigint => (view.setFloat32(0, value), BigInt(view.getUint32(0)));

/** Of ties the even one; -0 stays. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const above = x - floor;
  const rounded = above < 0.5 || (above === 0.5 && floor % 2 === 0) ? floor : floor + 1;
  return Number.isFinite(x) ? (rounded === 0 ? Math.sign(x) * 0 : rounded) : x;
}
const clamped = (x: number, least: number, most: number): bigint =>
  Number.isNaN(x) ? 0n : BigInt(Math.trunc(Math.min(Math.max(x, least), most)));
const mask = (truth: boolean): bigint => (truth ? 0xffff_ffffn : 0n);

const BINARY: Readonly<Record<string, (a: number, b: number) => number>> = {
  addF: (a, b) => a + b,
  subF: (a, b) => a - b,
  mulF: (a, b) => a * b,
  divF: (a, b) => a / b,
  minF: Math.min,
  maxF: Math.max,
};
const COMPARE: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  eqF: (a, b) => a === b,
  gtF: (a, b) => a > b,
  leF: (a, b) => a <= b,
  geF: (a, b) => a >= b,
};
const UNARY: Readonly<Record<string, (a: number) => number>> = {
  sqrtF: Math.sqrt,
  ceilF: Math.ceil,
  floorF: Math.floor,
  truncF: Math.trunc,
  nearestF: nearest,
};
const FROM_BITS: Readonly<Record<string, (a: bigint) => bigint>> = {
  toIntegerS: (a) => clamped(toNumber(a), -(2 ** 31), 2 ** 31 - 1),
  toIntegerU: (a) => clamped(toNumber(a), 0, 2 ** 32 - 1),
  fromIntegerS: (a) => toBits(Number(BigInt.asIntN(32, a))),
  fromIntegerU: (a) => toBits(Number(a)),
};

const each =
  (one: (a: bigint, b: bigint) => bigint): Operator =>
  (a, b) => {
    const others = elementsOf(b, 32);
    return ofElements(
      elementsOf(a, 32).map((x, i) => one(x, others[i]!)),
      32,
    );
  };
const named = <F>(table: Readonly<Record<string, F>>, one: (f: F) => (a: bigint, b: bigint) => bigint) =>
  Object.entries(table).map(([name, f]): [string, Operator] => [`v128.${name}`, each(one(f))]);

/** Operators by name. */
export const SINGLES: Readonly<Record<string, Operator>> = Object.fromEntries([
  ...named(BINARY, (f) => (a, b) => toBits(f(toNumber(a), toNumber(b)))),
  ...named(COMPARE, (f) => (a, b) => mask(f(toNumber(a), toNumber(b)))),
  ...named(UNARY, (f) => (a) => toBits(f(toNumber(a)))),
  ...named(FROM_BITS, (f) => f),
]);
