/** Fixed-point compare and select (Power ISA Book I, 3.3.10). */
import { def2, repeated } from '../vocabulary/arith';
import { crBit } from '../vocabulary/cr';
import {
  and,
  eq,
  field,
  geU,
  gpr,
  gprOrZero,
  gtS,
  gtU,
  i32,
  i64,
  leU,
  ltS,
  ltU,
  mul,
  ne,
  not,
  or,
  select,
  sext,
  shl,
  shrU,
  signedField,
  sub,
  wrap,
  xor,
  zext32,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { comparison, wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setCrField, setGpr, type Sem } from '../vocabulary/stmt';

const P1: RowProperties = { level: 'P1', timing: 'alu' };
const V30: RowProperties = { level: 'v3.0', timing: 'alu' };

/** An operand as L chooses: the doubleword (1) or its low word (0), by the mode of extension. */
const signedBy = (value: I64): I64 => select(field('L'), value, sext(32, value));
const unsignedBy = (value: I64): I64 => select(field('L'), value, zext32(value));

const compareSigned = (a: I64, b: I64): Sem =>
  def2(a, b, (x, y) => setCrField('BF', comparison(ltS(x, y), gtS(x, y), eq(x, y))));
const compareUnsigned = (a: I64, b: I64): Sem =>
  def2(a, b, (x, y) => setCrField('BF', comparison(ltU(x, y), gtU(x, y), eq(x, y))));

/** A truth value as the GT bit of a CR field whose other bits are 0. */
const asGt = (truth: I32): I32 => shl(truth, i32(2));

/** A byte of RB by its distance in bits from the right. */
const byteOfRb = (lsb: number): I32 => and(shrU(wrap(gpr('RB')), i32(lsb)), i32(0xff));
const inRange = (value: I32, low: number, high: number): I32 =>
  and(leU(byteOfRb(low), value), geU(byteOfRb(high), value));

/** True where some byte of x is 0. */
const hasZeroByte = (x: I64): I32 =>
  ne(and(and(sub(x, repeated(8, 1n)), not(x)), repeated(8, 0x80n)), i64(0));

export const COMPARE_ROWS: readonly InsnRow[] = [
  insn('cmpi', 'D', { PO: 11 }, 'BF,L,RA,SI', P1, compareSigned(signedBy(gpr('RA')), signedField('SI'))),
  insn(
    'cmp', 'X', { PO: 31, XO: 0 }, 'BF,L,RA,RB', P1,
    compareSigned(signedBy(gpr('RA')), signedBy(gpr('RB'))),
  ),
  insn('cmpli', 'D', { PO: 10 }, 'BF,L,RA,UI', P1, compareUnsigned(unsignedBy(gpr('RA')), wideField('UI'))),
  insn(
    'cmpl', 'X', { PO: 31, XO: 32 }, 'BF,L,RA,RB', P1,
    compareUnsigned(unsignedBy(gpr('RA')), unsignedBy(gpr('RB'))),
  ),
  insn(
    // RB holds one range, or with L=1 two: bytes high, low from the left.
    'cmprb', 'X', { PO: 31, XO: 192 }, 'BF,L,RA,RB', V30,
    def(and(wrap(gpr('RA')), i32(0xff)), (value) =>
      setCrField('BF', asGt(or(inRange(value, 0, 8), and(field('L'), inRange(value, 16, 24))))),
    ),
  ),
  insn(
    'cmpeqb', 'X', { PO: 31, XO: 224 }, 'BF,RA,RB', V30,
    def(xor(gpr('RB'), mul(and(gpr('RA'), i64(0xff)), repeated(8, 1n))), (difference) =>
      setCrField('BF', asGt(hasZeroByte(difference))),
    ),
  ),
  insn(
    'isel', 'A', { PO: 31, XO: 15 }, 'RT,RA,RB,BC', { level: 'v2.03', timing: 'alu' },
    setGpr('RT', select(crBit('BC'), gprOrZero('RA'), gpr('RB'))),
  ),
]; // prettier-ignore
