/** Fixed-point logical instructions, sign extension and byte reversal (Power ISA Book I, 3.3.13). */
import { add, and, gpr, i64, mul, not, or, rotl, sext, shl, shrU, xor, type I64 } from '../vocabulary/expr';
import { repeated } from '../vocabulary/arith';
import { record, setCr0, wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, setGpr, type Sem } from '../vocabulary/stmt';

const UI = wideField('UI');
const UI_SHIFTED = shl(UI, i64(16));

const immediate = (
  mnemonic: string,
  PO: number,
  value: I64,
  then: (result: I64) => Sem = () => [],
): InsnRow =>
  insn(
    mnemonic,
    'D',
    { PO },
    'RA,RS,UI',
    { level: 'P1', timing: 'alu' },
    def(value, (result) => [setGpr('RA', result), then(result)]),
  );

/** An X-form instruction with Rc whose result goes to RA. */
const logical = (mnemonic: string, XO: number, operands: string, value: I64, level: IsaLevel): InsnRow =>
  insn(
    mnemonic,
    'X',
    { PO: 31, XO },
    operands,
    { level, timing: 'alu', suffixes: ['Rc'] },
    def(value, (result) => [setGpr('RA', result), record(result)]),
  );

const RS = gpr('RS');
const RB = gpr('RB');

/** 0xff in every byte where the two doublewords are equal, 0 elsewhere, without a carry between bytes. */
const equalBytes = (a: I64, b: I64): Sem =>
  def(xor(a, b), (x) => {
    const low7 = repeated(8, 0x7fn);
    const differs = or(or(add(and(x, low7), low7), x), low7);
    return setGpr('RA', mul(shrU(not(differs), i64(7)), i64(0xff)));
  });

/** Swaps neighbours of `bits` bits each. */
const swapNeighbours = (bits: 8 | 16, value: I64): I64 => {
  const low = bits === 8 ? repeated(16, 0xffn) : repeated(32, 0xffffn);
  return or(and(shrU(value, i64(bits)), low), shl(and(value, low), i64(bits)));
};

const reversal = (mnemonic: string, XO: number, sem: Sem): InsnRow =>
  insn(mnemonic, 'X', { PO: 31, XO }, 'RA,RS', { level: 'v3.1', timing: 'alu' }, sem);

export const LOGICAL_ROWS: readonly InsnRow[] = [
  immediate('andi.', 28, and(RS, UI), setCr0),
  immediate('andis.', 29, and(RS, UI_SHIFTED), setCr0),
  immediate('ori', 24, or(RS, UI)),
  immediate('oris', 25, or(RS, UI_SHIFTED)),
  immediate('xori', 26, xor(RS, UI)),
  immediate('xoris', 27, xor(RS, UI_SHIFTED)),
  logical('and', 28, 'RA,RS,RB', and(RS, RB), 'P1'),
  logical('xor', 316, 'RA,RS,RB', xor(RS, RB), 'P1'),
  logical('nand', 476, 'RA,RS,RB', not(and(RS, RB)), 'P1'),
  logical('or', 444, 'RA,RS,RB', or(RS, RB), 'P1'),
  logical('nor', 124, 'RA,RS,RB', not(or(RS, RB)), 'P1'),
  logical('eqv', 284, 'RA,RS,RB', not(xor(RS, RB)), 'P1'),
  logical('andc', 60, 'RA,RS,RB', and(RS, not(RB)), 'P1'),
  logical('orc', 412, 'RA,RS,RB', or(RS, not(RB)), 'P1'),
  logical('extsb', 954, 'RA,RS', sext(8, RS), 'PPC'),
  logical('extsh', 922, 'RA,RS', sext(16, RS), 'P1'),
  logical('extsw', 986, 'RA,RS', sext(32, RS), 'PPC'),
  insn(
    'cmpb', 'X', { PO: 31, XO: 508 }, 'RA,RS,RB', { level: 'v2.05', timing: 'alu' },
    equalBytes(RS, RB),
  ), // prettier-ignore
  reversal('brh', 219, setGpr('RA', swapNeighbours(8, RS))),
  reversal(
    'brw', 155,
    def(swapNeighbours(8, RS), (halves) => setGpr('RA', swapNeighbours(16, halves))),
  ), // prettier-ignore
  reversal(
    'brd', 187,
    def(swapNeighbours(8, RS), (halves) =>
      def(swapNeighbours(16, halves), (words) => setGpr('RA', rotl(words, i64(32)))),
    ),
  ), // prettier-ignore
];
