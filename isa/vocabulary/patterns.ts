/** Pieces of semantics that many rows share, named as the ISA's pseudocode names them. */
import {
  add,
  and,
  eqz,
  extendU,
  field,
  gprOrZero,
  gtS,
  i32,
  i64,
  ltS,
  mode,
  or,
  resource,
  select,
  sext,
  shl,
  shrU,
  signedField,
  wrap,
  xor,
  type I32,
  type I64,
} from './expr';
import { def, setCrField, setResource, when, type Sem } from './stmt';

/** The value as the current mode sees it: all of it in 64-bit mode, the low word sign-extended in 32-bit mode. */
export const inMode = (value: I64): I64 => select(mode('sf'), value, sext(32, value));

/** A truth value (0 or 1) moved to a bit position. */
const at = (bit: number, truth: I32): I32 => shl(truth, i32(bit));

/** The 4-bit result of a comparison: LT, GT, EQ and a copy of XER[SO]. */
export const comparison = (lt: I32, gt: I32, eq: I32): I32 =>
  or(or(at(3, lt), at(2, gt)), or(at(1, eq), resource('SO')));

/** Sets CR0 from a result compared with zero (Book I, 2.3.1). */
export const setCr0 = (result: I64): Sem =>
  def(inMode(result), (x) => setCrField(i32(0), comparison(ltS(x, i64(0)), gtS(x, i64(0)), eqz(x))));

/** What Rc=1 adds to an instruction with this result. */
export const record = (result: I64): Sem => when(field('Rc'), setCr0(result));

/** Sets OV and OV32, and SO with OV (Book I, 3.2.2). */
export const setOverflow = (ov: I32, ov32: I32): Sem => [
  setResource('OV', ov),
  setResource('OV32', ov32),
  setResource('SO', or(resource('SO'), ov)),
];

/** Bit 63 - n of a doubleword as a truth value. */
const bitAt = (value: I64, lsb: number): I32 => wrap(and(shrU(value, i64(lsb)), i64(1)));

/** Signed overflow of sum = a + b (+ carry): out of 64 bits, or of the low 32 (in 32-bit mode OV is that too). */
export const setAddOverflow = (a: I64, b: I64, sum: I64): Sem =>
  def(and(xor(sum, a), xor(sum, b)), (signs) => [
    setOverflow(select(mode('sf'), bitAt(signs, 63), bitAt(signs, 31)), bitAt(signs, 31)),
  ]);

/** CA and CA32 of sum = a + b + carry, where `carry` says whether the 64-bit addition carried out. */
export const setCarry = (a: I64, b: I64, sum: I64, carry: I32): Sem =>
  def(bitAt(xor(xor(a, b), sum), 32), (carry32) => [
    setResource('CA', select(mode('sf'), carry, carry32)),
    setResource('CA32', carry32),
  ]);

/** (RA|0) + a signed displacement field. */
export const displaced = (displacement: I64): I64 => add(gprOrZero('RA'), displacement);
/** The displacement of D-form: D, sign-extended. */
export const dispD = signedField('D');
/** The displacements of DS- and DQ-form: multiples of 4 and 16. */
export const dispDS = shl(signedField('DS'), i64(2));
export const dispDQ = shl(signedField('DQ'), i64(4));

/** The 34-bit displacement or immediate of prefixed forms, sign-extended. */
export const prefixedDisplacement = or(shl(signedField('D0'), i64(16)), extendU(field('D1')));

/** A field as a 64-bit value, zero-extended. */
export const wideField = (name: string): I64 => extendU(field(name));
