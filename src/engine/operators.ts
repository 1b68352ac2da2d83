/** How each operator of the vocabulary is encoded in WebAssembly. */
import type { OpName } from '../../isa/vocabulary/ops';
import { SIMD_OP } from './wasm/opcodes';
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
