/**
 * Condition Register instructions: logical, moves, and setting a GPR from a bit (Power ISA Book I, 2.5 and 3.3.10,
 * 3.3.17). mtocrf and mfocrf with other than one bit in FXM are as on IBM's processors: the leftmost one counts, and
 * without one CR7 is meant.
 */
import { def2 } from '../vocabulary/arith';
import {
  allOnes,
  crBit,
  crFieldInPlace,
  setCrBit,
  setCrFieldFrom,
  setCrFields,
  wholeCr,
} from '../vocabulary/cr';
import {
  and,
  clz,
  crField,
  eqz,
  extendU,
  field,
  gpr,
  i32,
  i64,
  or,
  resource,
  select,
  shl,
  sub,
  xor,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setCrField, setGpr } from '../vocabulary/stmt';

const P1: RowProperties = { level: 'P1', timing: 'cr' };
const V30: RowProperties = { level: 'v3.0', timing: 'cr' };
const V31: RowProperties = { level: 'v3.1', timing: 'cr' };
const V201: RowProperties = { level: 'v2.01', timing: 'cr' };

const bitwise = (mnemonic: string, XO: number, value: (a: I32, b: I32) => I32): InsnRow =>
  insn(
    mnemonic,
    'XL',
    { PO: 19, XO },
    'BT,BA,BB',
    P1,
    def2(crBit('BA'), crBit('BB'), (a, b) => setCrBit('BT', value(a, b))),
  );

const inverse = (truth: I32): I32 => xor(truth, i32(1));

/** Sets a GPR from a CR bit. */
const fromBit = (mnemonic: string, XO: number, value: (bit: I32) => I64): InsnRow =>
  insn(mnemonic, 'X', { PO: 31, XO }, 'RT,BI', V31, setGpr('RT', value(crBit('BI'))));

/** The number of the field that FXM's leftmost one selects: 0..7, 7 without a one. */
const selectedField: I32 = sub(clz(or(field('FXM'), i32(1))), i32(24));

export const CONDITION_REGISTER_ROWS: readonly InsnRow[] = [
  bitwise('crand', 257, and),
  bitwise('crnand', 225, (a, b) => inverse(and(a, b))),
  bitwise('cror', 449, or),
  bitwise('crxor', 193, xor),
  bitwise('crnor', 33, (a, b) => inverse(or(a, b))),
  bitwise('creqv', 289, (a, b) => inverse(xor(a, b))),
  bitwise('crandc', 129, (a, b) => and(a, inverse(b))),
  bitwise('crorc', 417, (a, b) => or(a, inverse(b))),
  insn('mcrf', 'XL', { PO: 19, XO: 0 }, 'BF,BFA', P1, setCrField('BF', crField('BFA'))),
  insn(
    'mcrxrx', 'X', { PO: 31, XO: 576 }, 'BF', V30,
    setCrField(
      'BF',
      or(
        or(shl(resource('OV'), i32(3)), shl(resource('OV32'), i32(2))),
        or(shl(resource('CA'), i32(1)), resource('CA32')),
      ),
    ),
  ),
  insn(
    // -1 for LT, 1 for GT, else 0.
    'setb', 'X', { PO: 31, XO: 128 }, 'RT,BFA', V30,
    def(crField('BFA'), (cr) =>
      setGpr('RT', select(and(cr, i32(8)), i64(-1), select(and(cr, i32(4)), i64(1), i64(0)))),
    ),
  ),
  fromBit('setbc', 384, extendU),
  fromBit('setbcr', 416, (bit) => extendU(eqz(bit))),
  fromBit('setnbc', 448, allOnes),
  fromBit('setnbcr', 480, (bit) => allOnes(eqz(bit))),
  insn('mtcrf', 'XFX', { PO: 31, XO: 144, ONE: 0 }, 'FXM,RS', P1, setCrFields(field('FXM'), gpr('RS'))),
  insn(
    'mtocrf', 'XFX', { PO: 31, XO: 144, ONE: 1 }, 'FXM,RS', V201,
    def(selectedField, (n) => setCrFieldFrom(n, gpr('RS'))),
  ),
  insn('mfcr', 'XFX', { PO: 31, XO: 19, ONE: 0 }, 'RT', P1, setGpr('RT', wholeCr())),
  insn(
    'mfocrf', 'XFX', { PO: 31, XO: 19, ONE: 1 }, 'RT,FXM', V201,
    def(selectedField, (n) => setGpr('RT', crFieldInPlace(n))),
  ),
]; // prettier-ignore
