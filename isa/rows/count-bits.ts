/** Counts, parity, bit permutation, gathering and scattering of bits (Power ISA Book I, 3.3.13). */
import { def2, repeated } from '../vocabulary/arith';
import {
  add,
  and,
  clz,
  ctz,
  extendU,
  gpr,
  i32,
  i64,
  ltU,
  or,
  popcnt,
  select,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { record } from '../vocabulary/patterns';
import { afterLast, beforeFirst, centrifuge, deposit, gather } from '../vocabulary/bit-gather';
import { insn, type InsnRow, type IsaLevel, type TimingClass } from '../vocabulary/row';
import { assign, def, repeat, setGpr, variable, type Sem } from '../vocabulary/stmt';

const RS = gpr('RS');
const RB = gpr('RB');

/** A zero count: X-form with Rc. */
const zeros = (mnemonic: string, XO: number, level: IsaLevel, value: I64): InsnRow =>
  insn(
    mnemonic,
    'X',
    { PO: 31, XO },
    'RA,RS',
    { level, timing: 'count', suffixes: ['Rc'] },
    def(value, (result) => [setGpr('RA', result), record(result)]),
  );

const ofRs = (mnemonic: string, XO: number, level: IsaLevel, sem: Sem): InsnRow =>
  insn(mnemonic, 'X', { PO: 31, XO }, 'RA,RS', { level, timing: 'count' }, sem);

const ofRsAndRb = (
  mnemonic: string,
  XO: number,
  properties: { level: IsaLevel; timing: TimingClass },
  sem: Sem,
) => insn(mnemonic, 'X', { PO: 31, XO }, 'RA,RS,RB', properties, sem);

/** Adds the upper half of each group of 2n bits to the lower: one step of counting ones in parallel. */
const foldPairs = (value: I64, n: number, mask: I64): I64 =>
  add(and(value, mask), and(shrU(value, i64(n)), mask));

/** The number of ones in each byte. */
const onesInBytes = (value: I64, then: (counts: I64) => Sem): Sem =>
  def(foldPairs(value, 1, repeated(8, 0x55n)), (pairs) =>
    def(foldPairs(pairs, 2, repeated(8, 0x33n)), (nibbles) =>
      def(foldPairs(nibbles, 4, repeated(8, 0x0fn)), then),
    ),
  );

const onesInWords = or(shl(popcnt(shrU(RS, i64(32))), i64(32)), extendU(popcnt(wrap(RS))));

/** Parity of the least significant bits of a word's bytes. */
const parity = (word: I32): I64 => extendU(and(popcnt(and(word, i32(0x01010101))), i32(1)));

/** bpermd: byte i of RS selects a bit of RB by number (64 and above: 0) as bit 56 + i of RA. */
const bpermd: Sem = variable(i64(0), (bits) => [
  repeat(i32(8), 8, (i) =>
    def(and(shrU(RS, extendU(sub(i32(56), shl(i, i32(3))))), i64(0xff)), (number) => [
      def(and(shrU(RB, sub(i64(63), number)), i64(1)), (bit) =>
        assign(bits, or(shl(bits, i64(1)), select(ltU(number, i64(64)), bit, i64(0)))),
      ),
    ]),
  ),
  setGpr('RA', bits),
]);

const toRa = (value: I64): Sem => setGpr('RA', value);
const underMask = (operation: (source: I64, mask: I64, then: (result: I64) => Sem) => Sem): Sem =>
  def2(RS, RB, (source, mask) => operation(source, mask, toRa));

const countUnderMask = (outside: (mask: I64, selected: I64) => I64): Sem =>
  def(RB, (mask) => def(and(RS, mask), (selected) => setGpr('RA', popcnt(outside(mask, selected)))));

const V31 = { level: 'v3.1', timing: 'count' } as const;
const V31_SLOW = { level: 'v3.1', timing: 'bitPermute' } as const;

export const COUNT_BITS_ROWS: readonly InsnRow[] = [
  zeros('cntlzw', 26, 'P1', extendU(clz(wrap(RS)))),
  zeros('cntlzd', 58, 'PPC', clz(RS)),
  zeros('cnttzw', 538, 'v3.0', extendU(ctz(wrap(RS)))),
  zeros('cnttzd', 570, 'v3.0', ctz(RS)),
  ofRs('popcntb', 122, 'v2.02', onesInBytes(RS, (counts) => setGpr('RA', counts))),
  ofRs('popcntw', 378, 'v2.06', setGpr('RA', onesInWords)),
  ofRs('popcntd', 506, 'v2.06', setGpr('RA', popcnt(RS))),
  ofRs('prtyw', 154, 'v2.05', setGpr('RA', or(shl(parity(wrap(shrU(RS, i64(32)))), i64(32)), parity(wrap(RS))))),
  ofRs('prtyd', 186, 'v2.05', setGpr('RA', and(popcnt(and(RS, repeated(8, 1n))), i64(1)))),
  ofRsAndRb('bpermd', 252, { level: 'v2.06', timing: 'bitPermute' }, bpermd),
  ofRsAndRb('cntlzdm', 59, V31, countUnderMask(beforeFirst)),
  ofRsAndRb('cnttzdm', 571, V31, countUnderMask(afterLast)),
  ofRsAndRb('cfuged', 220, V31_SLOW, underMask(centrifuge)),
  ofRsAndRb('pdepd', 156, V31_SLOW, underMask(deposit)),
  ofRsAndRb('pextd', 188, V31_SLOW, underMask(gather)),
]; // prettier-ignore
