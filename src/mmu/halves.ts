/**
 * Arithmetic on addresses given as two 32-bit halves, for the walkers. Halves are signed int32 throughout: V8 keeps
 * them unboxed. Shift counts are what the callers guarantee, no more.
 */

/** `count` bits (1..16) of the address from `shift` (1..63) upwards, right-aligned. */
export function bitsAt(hi: number, lo: number, shift: number, count: number): number {
  // Both int32: of an unsigned and a signed one V8 makes a floating-point number.
  const from = shift >= 32 ? (hi >>> (shift - 32)) | 0 : (lo >>> shift) | (hi << (32 - shift));
  return from & ((1 << count) - 1);
}

/** Masks of the bits at and above `log2` (12..63), in each half: keep these to align down. */
export function keepHi(log2: number): number {
  return log2 > 32 ? -1 << (log2 - 32) : -1;
}
export function keepLo(log2: number): number {
  return log2 < 32 ? -1 << log2 : 0;
}

/** True where the address is a multiple of 2^`log2` (12..63). */
export function isAligned(hi: number, lo: number, log2: number): boolean {
  return (lo & ~keepLo(log2)) === 0 && (hi & ~keepHi(log2)) === 0;
}

/** True where the unsigned address has a bit set at or above 2^`log2` (31..63). */
export function exceeds(hi: number, lo: number, log2: number): boolean {
  return (hi & keepHi(log2)) !== 0 || (lo & keepLo(log2)) !== 0;
}

/** True where a table of 2^`log2` entries has no entry `index` (below 2^31). */
export function beyond(index: number, log2: number): boolean {
  return log2 < 31 && index >>> log2 !== 0;
}

/** The offset of an address, a number below 2^53, in an aligned page of 2^`log2` bytes (up to 30). */
export function offsetIn(address: number, log2: number): number {
  return (address | 0) & ((1 << log2) - 1);
}
