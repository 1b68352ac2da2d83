/** Fixed-point add, subtract and negate (Power ISA Book I, 3.3.9). Multiplication is in `multiply-divide.ts`. */
import { addWithCarry, def2 } from '../vocabulary/arith';
import {
  add,
  and,
  call,
  cia,
  field,
  geU,
  gpr,
  gprOrZero,
  i32,
  i64,
  ltU,
  mode,
  ne,
  not,
  resource,
  select,
  shl,
  shrU,
  signedField,
  sub,
  wrap,
  xor,
  type I64,
} from '../vocabulary/expr';
import { record, setAddOverflow, setCarry, setCr0, wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setGpr, setResource, when, type Sem } from '../vocabulary/stmt';

const immediate = (level: IsaLevel): RowProperties => ({ level, timing: 'alu' });
const full = (level: IsaLevel): RowProperties => ({ level, timing: 'alu', suffixes: ['OE', 'Rc'] });

const overflow = (a: I64, b: I64, sum: I64): Sem => when(field('OE'), setAddOverflow(a, b, sum));
/** RT and what OE and Rc ask for, of sum = a + b (+ 1). */
const finish = (a: I64, b: I64, sum: I64): Sem => [overflow(a, b, sum), setGpr('RT', sum), record(sum)];

/** a + b + CA with carry out: adde and its like. */
const extended = (a: I64, b: I64): Sem =>
  def2(a, b, (x, y) =>
    addWithCarry(x, y, resource('CA'), (sum, carry) => [setCarry(x, y, sum, carry), finish(x, y, sum)]),
  );

/** RA + immediate with carry out. */
const addCarrying = (then: (sum: I64) => Sem): Sem =>
  def2(gpr('RA'), signedField('SI'), (a, b) =>
    def(add(a, b), (sum) => [setCarry(a, b, sum, ltU(sum, a)), setGpr('RT', sum), then(sum)]),
  );

const IMMEDIATE: readonly InsnRow[] = [
  insn(
    'addi', 'D', { PO: 14 }, 'RT,RA,SI', immediate('P1'),
    setGpr('RT', add(gprOrZero('RA'), signedField('SI'))),
  ),
  insn(
    'addis', 'D', { PO: 15 }, 'RT,RA,SI', immediate('P1'),
    setGpr('RT', add(gprOrZero('RA'), shl(signedField('SI'), i64(16)))),
  ),
  insn(
    'addpcis', 'DX', { PO: 19, XO: 2 }, 'RT,D', immediate('v3.0'),
    setGpr('RT', add(add(cia, i64(4)), shl(signedField('D'), i64(16)))),
  ),
  insn('addic', 'D', { PO: 12 }, 'RT,RA,SI', immediate('P1'), addCarrying(() => [])),
  insn('addic.', 'D', { PO: 13 }, 'RT,RA,SI', immediate('P1'), addCarrying(setCr0)),
  insn(
    'subfic', 'D', { PO: 8 }, 'RT,RA,SI', immediate('P1'),
    def2(gpr('RA'), signedField('SI'), (a, b) =>
      def(sub(b, a), (difference) => [
        setCarry(not(a), b, difference, geU(b, a)),
        setGpr('RT', difference),
      ]),
    ),
  ),
]; // prettier-ignore

const REGISTER: readonly InsnRow[] = [
  insn(
    'add', 'XO', { PO: 31, XO: 266 }, 'RT,RA,RB', full('P1'),
    def2(gpr('RA'), gpr('RB'), (a, b) => def(add(a, b), (sum) => finish(a, b, sum))),
  ),
  insn(
    'subf', 'XO', { PO: 31, XO: 40 }, 'RT,RA,RB', full('PPC'),
    def2(gpr('RA'), gpr('RB'), (a, b) => def(sub(b, a), (sum) => finish(not(a), b, sum))),
  ),
  insn(
    'addc', 'XO', { PO: 31, XO: 10 }, 'RT,RA,RB', full('P1'),
    def2(gpr('RA'), gpr('RB'), (a, b) =>
      def(add(a, b), (sum) => [setCarry(a, b, sum, ltU(sum, a)), finish(a, b, sum)]),
    ),
  ),
  insn(
    'subfc', 'XO', { PO: 31, XO: 8 }, 'RT,RA,RB', full('P1'),
    def2(gpr('RA'), gpr('RB'), (a, b) =>
      def(sub(b, a), (sum) => [setCarry(not(a), b, sum, geU(b, a)), finish(not(a), b, sum)]),
    ),
  ),
  insn('adde', 'XO', { PO: 31, XO: 138 }, 'RT,RA,RB', full('P1'), extended(gpr('RA'), gpr('RB'))),
  insn('subfe', 'XO', { PO: 31, XO: 136 }, 'RT,RA,RB', full('P1'), extended(not(gpr('RA')), gpr('RB'))),
  insn('addme', 'XO', { PO: 31, XO: 234 }, 'RT,RA', full('P1'), extended(gpr('RA'), i64(-1))),
  insn('subfme', 'XO', { PO: 31, XO: 232 }, 'RT,RA', full('P1'), extended(not(gpr('RA')), i64(-1))),
  insn('addze', 'XO', { PO: 31, XO: 202 }, 'RT,RA', full('P1'), extended(gpr('RA'), i64(0))),
  insn('subfze', 'XO', { PO: 31, XO: 200 }, 'RT,RA', full('P1'), extended(not(gpr('RA')), i64(0))),
  insn(
    'neg', 'XO', { PO: 31, XO: 104 }, 'RT,RA', full('P1'),
    def(gpr('RA'), (a) => def(sub(i64(0), a), (sum) => finish(not(a), i64(0), sum))),
  ),
  insn(
    // OV stands in for CA, so that two chains of additions can run side by side; SO does not change.
    'addex', 'Z23', { PO: 31, XO: 170 }, 'RT,RA,RB,CY',
    { level: 'v3.0B', timing: 'alu', invalid: ne(field('CY'), i32(0)) },
    def2(gpr('RA'), gpr('RB'), (a, b) =>
      addWithCarry(a, b, resource('OV'), (sum, carry) => [
        def(and(wrap(shrU(xor(xor(a, b), sum), i64(32))), i32(1)), (carry32) => [
          setResource('OV', select(mode('sf'), carry, carry32)),
          setResource('OV32', carry32),
        ]),
        setGpr('RT', sum),
      ]),
    ),
  ),
]; // prettier-ignore

export const FIXED_ARITHMETIC_ROWS: readonly InsnRow[] = [
  ...IMMEDIATE,
  ...REGISTER,
  insn(
    'darn', 'X', { PO: 31, XO: 755 }, 'RT,L2', { level: 'v3.0', timing: 'spr' },
    setGpr('RT', call('darn', wideField('L2'))),
  ), // prettier-ignore
];
