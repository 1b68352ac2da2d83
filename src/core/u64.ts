/**
 * 64-bit values at the edges of the machine: API, traces, tests. They are `bigint` here, always in the range
 * 0..2^64-1. Hot code does not come here: it works on 32-bit halves or in generated wasm.
 */

/** Any integer, wrapped to 0..2^64-1. */
export function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** The 64-bit value made of two 32-bit halves; each half may be given signed or unsigned. */
export function joinHalves(hi: number, lo: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** The upper 32 bits (ISA bits 0:31) as a signed int32. */
export function hiOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}

/** The lower 32 bits (ISA bits 32:63) as a signed int32. */
export function loOf(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

const WORD = 2 ** 32;

/** A doubleword given by halves as a number: exact up to 2^53. */
export function numberOf(hi: number, lo: number): number {
  return (hi >>> 0) * WORD + (lo >>> 0);
}

/** 16 upper-case hexadecimal digits, as register dumps show them. */
export function hex16(value: bigint): string {
  return u64(value).toString(16).toUpperCase().padStart(16, '0');
}

/** `0x` and lower-case digits without padding, as JSON streams carry 64-bit values. */
export function hex0x(value: bigint): string {
  return `0x${u64(value).toString(16)}`;
}
