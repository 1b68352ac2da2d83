/** How each operator of the vocabulary is encoded in WebAssembly. */
import type { OpName } from '../../isa/vocabulary/ops';
import { eachOf, SIMD_OP } from './wasm/opcodes';
import type { Code } from './wasm/module';

const sequence = (prefix: string, first: number, names: string): [string, number][] =>
  names.split(' ').map((name, i) => [`${prefix}.${name}`, first + i]);

const COMPARES = 'eqz eq ne ltS ltU gtS gtU leS leU geS geU';
const INTEGERS = 'clz ctz popcnt add sub mul divS divU remS remU and or xor shl shrS shrU rotl rotr';
const FLOATS = 'abs neg ceil floor trunc nearest sqrt add sub mul div min max copysign';

/** Operators that are one instruction without immediate. */
const SINGLE = new Map<string, number>([
  ...sequence('i32', 0x45, COMPARES),
  ...sequence('i64', 0x50, COMPARES),
  ...sequence('f32', 0x5b, 'eq ne lt gt le ge'),
  ...sequence('f64', 0x61, 'eq ne lt gt le ge'),
  ...sequence('i32', 0x67, INTEGERS),
  ...sequence('i64', 0x79, INTEGERS),
  ...sequence('f32', 0x8b, FLOATS),
  ...sequence('f64', 0x99, FLOATS),
  ['i32.wrap', 0xa7],
  ['i64.extendS', 0xac],
  ['i64.extendU', 0xad],
  ['f32.demote', 0xb6],
  ['f64.promote', 0xbb],
  ['i32.reinterpret', 0xbc],
  ['i64.reinterpret', 0xbd],
  ['f32.reinterpret', 0xbe],
  ['f64.reinterpret', 0xbf],
  ['i32.sext8', 0xc0],
  ['i32.sext16', 0xc1],
  ['i64.sext8', 0xc2],
  ['i64.sext16', 0xc3],
  ['i64.sext32', 0xc4],
]);

type Encoding = readonly [name: string, code: readonly [opcode: number, lane?: number]];
const SIZES = [8, 16, 32, 64] as const;
const SATURATING = ['addSatS', 'addSatU', 'subSatS', 'subSatU', 'avgU'] as const;
const EXTREMES = ['minS', 'minU', 'maxS', 'maxU'] as const;
/** Operators on elements, by the sizes that have them. */
const EACH: readonly Encoding[] = SIZES.flatMap((bits) =>
  [
    ...(['add', 'sub', 'shl', 'shrS', 'shrU', 'bitmask'] as const),
    ...(bits > 8 ? (['mul'] as const) : []),
    ...(bits < 32 ? SATURATING : []),
    ...(bits < 64 ? EXTREMES : []),
  ].map((name): Encoding => [`v128.${name}${bits}`, [eachOf(name, bits)]]),
);
const WIDENING: readonly Encoding[] = ([8, 16, 32] as const).flatMap((bits) =>
  (['lowS', 'highS'] as const).map((name): Encoding => [
    `v128.${name}${bits}`,
    [eachOf(name, bits === 8 ? 16 : bits === 16 ? 32 : 64)],
  ]),
);
/** Word 0 is lane 3. */
const WORDS: readonly Encoding[] = [0, 1, 2, 3].flatMap((n): Encoding[] => [
  [`v128.w${n}`, [SIMD_OP.i32x4ExtractLane, 3 - n]],
  [`v128.withW${n}`, [SIMD_OP.i32x4ReplaceLane, 3 - n]],
]);

/** Vector operators: instruction after the SIMD prefix, and the lane where there is one. Lane 1 is doubleword 0. */
const VECTOR = new Map<string, readonly [opcode: number, lane?: number]>([
  ['v128.not', [SIMD_OP.v128Not]],
  ['v128.and', [SIMD_OP.v128And]],
  ['v128.or', [SIMD_OP.v128Or]],
  ['v128.xor', [SIMD_OP.v128Xor]],
  ['v128.andnot', [SIMD_OP.v128Andnot]],
  ['v128.swizzle', [SIMD_OP.i8x16Swizzle]],
  ['v128.eq8', [SIMD_OP.i8x16Eq]],
  ['v128.eq16', [SIMD_OP.i16x8Eq]],
  ['v128.eq32', [SIMD_OP.i32x4Eq]],
  ['v128.eq64', [SIMD_OP.i64x2Eq]],
  ['v128.gtS8', [SIMD_OP.i8x16GtS]],
  ['v128.gtS16', [SIMD_OP.i16x8GtS]],
  ['v128.gtS32', [SIMD_OP.i32x4GtS]],
  ['v128.gtS64', [SIMD_OP.i64x2GtS]],
  ['v128.splat64', [SIMD_OP.i64x2Splat]],
  ['v128.dw0', [SIMD_OP.i64x2ExtractLane, 1]],
  ['v128.dw1', [SIMD_OP.i64x2ExtractLane, 0]],
  ['v128.withDw0', [SIMD_OP.i64x2ReplaceLane, 1]],
  ['v128.withDw1', [SIMD_OP.i64x2ReplaceLane, 0]],
  ['v128.gtU8', [SIMD_OP.i8x16GtU]],
  ['v128.gtU16', [SIMD_OP.i16x8GtU]],
  ['v128.gtU32', [SIMD_OP.i32x4GtU]],
  ['v128.splat8', [SIMD_OP.i8x16Splat]],
  ['v128.splat16', [SIMD_OP.i16x8Splat]],
  ['v128.splat32', [SIMD_OP.i32x4Splat]],
  ['v128.bitselect', [SIMD_OP.v128Bitselect]],
  ['v128.any', [SIMD_OP.v128AnyTrue]],
  ['v128.popcnt8', [SIMD_OP.i8x16Popcnt]],
  ['v128.pairsS8', [SIMD_OP.i16x8PairsS]],
  ['v128.pairsU8', [SIMD_OP.i16x8PairsU]],
  ['v128.pairsS16', [SIMD_OP.i32x4PairsS]],
  ['v128.pairsU16', [SIMD_OP.i32x4PairsU]],
  ['v128.addF', [SIMD_OP.f32x4Add]],
  ['v128.subF', [SIMD_OP.f32x4Sub]],
  ['v128.mulF', [SIMD_OP.f32x4Mul]],
  ['v128.divF', [SIMD_OP.f32x4Div]],
  ['v128.minF', [SIMD_OP.f32x4Min]],
  ['v128.maxF', [SIMD_OP.f32x4Max]],
  ['v128.eqF', [SIMD_OP.f32x4Eq]],
  ['v128.gtF', [SIMD_OP.f32x4Gt]],
  ['v128.leF', [SIMD_OP.f32x4Le]],
  ['v128.geF', [SIMD_OP.f32x4Ge]],
  ['v128.sqrtF', [SIMD_OP.f32x4Sqrt]],
  ['v128.ceilF', [SIMD_OP.f32x4Ceil]],
  ['v128.floorF', [SIMD_OP.f32x4Floor]],
  ['v128.truncF', [SIMD_OP.f32x4Trunc]],
  ['v128.nearestF', [SIMD_OP.f32x4Nearest]],
  ['v128.toIntegerS', [SIMD_OP.i32x4TruncSatS]],
  ['v128.toIntegerU', [SIMD_OP.i32x4TruncSatU]],
  ['v128.fromIntegerS', [SIMD_OP.f32x4ConvertS]],
  ['v128.fromIntegerU', [SIMD_OP.f32x4ConvertU]],
  ...EACH,
  ...WIDENING,
  ...WORDS,
]);

/** Emits an operator whose operands are on the stack. */
export function emitOperator(code: Code, op: OpName): void {
  const single = SINGLE.get(op);
  if (single !== undefined) {
    code.op(single);
    return;
  }
  const vector = VECTOR.get(op);
  if (!vector) throw new Error(`operator ${op} has no encoding`);
  code.simd(vector[0]);
  if (vector[1] !== undefined) code.op(vector[1]);
}

/** Emits v128.shuffle of two vectors on the stack: `numbers` as the vocabulary has them, byte 0 the most significant. */
export function emitShuffle(code: Code, numbers: bigint): void {
  code.simd(SIMD_OP.i8x16Shuffle);
  for (let lane = 0; lane < 16; lane++) {
    const number = Number((numbers >> BigInt(8 * lane)) & 0x1fn);
    // Bytes 0 to 15 are lanes 15 to 0 of the first vector, bytes 16 to 31 lanes 31 to 16.
    code.op(number < 16 ? 15 - number : 47 - number);
  }
}
