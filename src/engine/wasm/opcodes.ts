/** WebAssembly opcodes that the engine emits (core specification 2.0, section 5.4; tail calls; fixed-width SIMD). */
export const OP = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  i32Load: 0x28,
  i64Load: 0x29,
  f32Load: 0x2a,
  f64Load: 0x2b,
  i32Load8U: 0x2d,
  i32Load16U: 0x2f,
  i64Load8S: 0x30,
  i64Load8U: 0x31,
  i64Load16S: 0x32,
  i64Load16U: 0x33,
  i64Load32S: 0x34,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  f32Store: 0x38,
  f64Store: 0x39,
  i32Store8: 0x3a,
  i64Store8: 0x3c,
  i64Store16: 0x3d,
  i64Store32: 0x3e,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
} as const;

/** Value types. */
export const TYPE = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b, empty: 0x40 } as const;

/** Prefix byte of vector instructions. */
export const SIMD = 0xfd;
/** Vector instructions, after the prefix. Those on every element of a size are at {@link eachOf}. */
export const SIMD_OP = {
  v128Load: 0,
  v128Store: 11,
  v128Const: 12,
  i8x16Shuffle: 13,
  i8x16Swizzle: 14,
  i8x16Splat: 15,
  i16x8Splat: 16,
  i32x4Splat: 17,
  i64x2Splat: 18,
  i32x4ExtractLane: 27,
  i32x4ReplaceLane: 28,
  i64x2ExtractLane: 29,
  i64x2ReplaceLane: 30,
  i8x16Eq: 35,
  i8x16GtS: 39,
  i8x16GtU: 40,
  i16x8Eq: 45,
  i16x8GtS: 49,
  i16x8GtU: 50,
  i32x4Eq: 55,
  i32x4GtS: 59,
  i32x4GtU: 60,
  v128Not: 77,
  v128And: 78,
  v128Andnot: 79,
  v128Or: 80,
  v128Xor: 81,
  v128Bitselect: 82,
  v128AnyTrue: 83,
  i8x16Popcnt: 98,
  i16x8PairsS: 124,
  i16x8PairsU: 125,
  i32x4PairsS: 126,
  i32x4PairsU: 127,
  i64x2Eq: 214,
  i64x2GtS: 217,
} as const;

/** Distances from the first of the instructions on elements of a size, the same for all sizes that have them. */
const EACH = {
  bitmask: 4, lowS: 7, highS: 8, shl: 11, shrS: 12, shrU: 13, add: 14, addSatS: 15, addSatU: 16, sub: 17,
  subSatS: 18, subSatU: 19, mul: 21, minS: 22, minU: 23, maxS: 24, maxU: 25, avgU: 27,
} as const; // prettier-ignore
/** The instruction on every element of a size; of lowS and highS the size of the result. */
export const eachOf = (name: keyof typeof EACH, bits: 8 | 16 | 32 | 64): number =>
  96 + 32 * Math.log2(bits / 8) + EACH[name];
