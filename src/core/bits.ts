/**
 * Bit fields declared once with their ISA (big-endian) bit numbers: bit 0 is the most significant. No mask and no
 * shift is written anywhere else.
 */

/** One field of a 32- or 64-bit register, table entry or operand. */
export interface Field {
  /** First and last ISA bit, as the manual numbers them for this register. */
  readonly from: number;
  readonly to: number;
  /** Number of bits. */
  readonly width: number;
  /** Distance of the field's last bit from the least significant bit. */
  readonly shift: number;
  /** The field's bits in place. */
  readonly mask: bigint;
  /** The field's bits in place in the upper and the lower 32-bit half, as signed int32. */
  readonly hi: number;
  readonly lo: number;
}

type BitRange = number | readonly [from: number, to: number];

/** The field that covers ISA bits `from..to` of a register of `size` bits whose first bit has number `first`. */
export function field(range: BitRange, size: 32 | 64 = 64, first = 0): Field {
  const [from, to] = typeof range === 'number' ? [range, range] : range;
  if (from < first || to < from || to >= first + size)
    throw new RangeError(`bit range ${from}..${to} is outside ${first}..${first + size - 1}`);
  const width = to - from + 1;
  const shift = first + size - 1 - to;
  const mask = ((1n << BigInt(width)) - 1n) << BigInt(shift);
  return {
    from,
    to,
    width,
    shift,
    mask,
    hi: Number(BigInt.asIntN(32, mask >> 32n)),
    lo: Number(BigInt.asIntN(32, mask)),
  };
}

/** Declares the fields of a 64-bit register or table entry: `fields({ SF: 0, HV: 3, PR: 49 })`. */
export function fields<K extends string>(spec: Record<K, BitRange>): Readonly<Record<K, Field>> {
  return declare(spec, 64, 0);
}

/** Declares the fields of a 32-bit register that the ISA numbers 32..63 (CR, DSISR, XER's low word...). */
export function lowWordFields<K extends string>(spec: Record<K, BitRange>): Readonly<Record<K, Field>> {
  return declare(spec, 32, 32);
}

function declare<K extends string>(spec: Record<K, BitRange>, size: 32 | 64, first: number) {
  const out = {} as Record<K, Field>;
  for (const name of Object.keys(spec) as K[]) out[name] = field(spec[name], size, first);
  return out;
}

/** The field's value, right-aligned. */
export function get(value: bigint, f: Field): bigint {
  return (value & f.mask) >> BigInt(f.shift);
}

/** `value` with the field replaced; bits of `to` that do not fit are dropped. */
export function put(value: bigint, f: Field, to: bigint): bigint {
  return (value & ~f.mask) | ((to << BigInt(f.shift)) & f.mask);
}

/** True where any bit of the field is set. */
export function has(value: bigint, f: Field): boolean {
  return (value & f.mask) !== 0n;
}

/** A mask or value in its halves, as signed int32: for hot code. */
export interface Halves {
  readonly hi: number;
  readonly lo: number;
}

/** The halves of a 64-bit mask or value. */
export function halvesOf(value: bigint): Halves {
  return {
    hi: Number(BigInt.asIntN(32, value >> 32n)),
    lo: Number(BigInt.asIntN(32, value)),
  };
}

/** One half of a register with the bits of `mask` replaced. */
export function mergeHalf(old: number, by: number, mask: number): number {
  return (old & ~mask) | (by & mask);
}

/** The union of fields, in place. */
export function maskOf(...of: readonly Field[]): bigint {
  return of.reduce((mask, f) => mask | f.mask, 0n);
}

/**
 * The value, right-aligned and unsigned, of a field that lies within one 32-bit half, from that half: for hot code.
 * Pass the upper half for a field of bits 0..31 and the lower half for one of bits 32..63.
 */
export function getInHalf(half: number, f: Field): number {
  return f.shift >= 32 ? (half & f.hi) >>> (f.shift - 32) : (half & f.lo) >>> f.shift;
}
