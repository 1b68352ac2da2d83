/**
 * Vector and vector-scalar registers (Power ISA Book I, 6.2.2 and 7.2.1): VR n is VSR 32 + n. Elements are numbered from
 * the most significant end, as the manual does, whatever the byte order of storage is.
 */
import { MSR } from '../registers/msr';
import {
  add, and, eqz, field, i32, i64, mul, ne, op, resource, v128, vsr, zext32, type Expr, type I32, type I64,
} from './expr'; // prettier-ignore
import { raise, setVsr, when, type Sem, type Stmt } from './stmt';

export type Vector = Expr<'v128'>;

const FIRST_VR = 32;
const vrNumber = (name: string): I32 => add(field(name), i32(FIRST_VR));

/** The VR that a field numbers. */
export const vr = (name: string): Vector => vsr(vrNumber(name));
export const setVr = (name: string, value: Vector): Stmt => setVsr(vrNumber(name), value);

export const splat64 = (value: I64): Vector => op('v128.splat64', value);
/** A vector of two doublewords. */
export const vector = (dw0: I64, dw1: I64): Vector => op('v128.withDw1', splat64(dw0), dw1);
/** The same byte 16 times. */
export const splatByte = (byte: number): Vector =>
  v128(BigInt(byte) * 0x0101_0101_0101_0101_0101_0101_0101_0101n);
/** The same word four times: the low word of a doubleword. */
export const splatWord = (word: I64): Vector => splat64(mul(zext32(word), i64(0x0000_0001_0000_0001n)));
export const dw0 = (value: Vector): I64 => op('v128.dw0', value);
export const dw1 = (value: Vector): I64 => op('v128.dw1', value);

export const vand = (a: Vector, b: Vector): Vector => op('v128.and', a, b);
export const vor = (a: Vector, b: Vector): Vector => op('v128.or', a, b);
export const vxor = (a: Vector, b: Vector): Vector => op('v128.xor', a, b);
/** a AND NOT b. */
export const vandc = (a: Vector, b: Vector): Vector => op('v128.andnot', a, b);
export const vnot = (a: Vector): Vector => op('v128.not', a);
/** Bits of b where the mask has ones, of a elsewhere. */
export const vsel = (a: Vector, b: Vector, mask: Vector): Vector => op('v128.bitselect', b, a, mask);

const BYTE_NUMBER = 0x0f;
const BYTE_OF_PAIR = 0x1f;
/** Byte i is byte `numbers[i]` of a vector; 0 where the number is above 15. */
export const swizzle = (a: Vector, numbers: Vector): Vector =>
  op('v128.swizzle', a, vxor(numbers, splatByte(BYTE_NUMBER)));
/**
 * Byte i of the result is byte `numbers[i] mod 32` of a followed by b. The operator counts bytes from the other end
 * and gives 0 for numbers above 15.
 */
export const permute = (a: Vector, b: Vector, numbers: Vector): Vector => {
  const chosen = vand(numbers, splatByte(BYTE_OF_PAIR));
  return vor(swizzle(a, chosen), op<'v128'>('v128.swizzle', b, vxor(chosen, splatByte(BYTE_OF_PAIR))));
};

/** True where a field of six bits numbers one of VSR 32 to 63, which are the VRs. */
export const isUpperVsr = (name: string): I32 => ne(and(field(name), i32(FIRST_VR)), i32(0));

/** The prologue of instructions that need VEC for VSRs 32 to 63 and another facility for the others. */
const eitherFacility =
  (low: 'VSX' | 'FP', reason: 'vsxUnavailable' | 'fpUnavailable') =>
  (high: I32): Sem =>
    when(
      high,
      when(eqz(and(resource('MSR'), i64(MSR.VEC.mask))), raise('vectorUnavailable')),
      when(eqz(and(resource('MSR'), i64(MSR[low].mask))), raise(reason)),
    );
/** @param high the bit that makes the register one of VSR 32 to 63 */
export const vsxOrVector = eitherFacility('VSX', 'vsxUnavailable');
export const floatOrVector = eitherFacility('FP', 'fpUnavailable');
