/** Fixed-point rotate and shift (Power ISA Book I, 3.3.14). */
import { bothHalves, def2, maskFromTo, merge } from '../vocabulary/arith';
import {
  add,
  and,
  field,
  gpr,
  i32,
  i64,
  ltS,
  ne,
  or,
  rotl,
  select,
  sext,
  shl,
  shrS,
  shrU,
  sub,
  wrap,
  zext32,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { record, wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setGpr, setResource, type Sem } from '../vocabulary/stmt';

const recorded = (level: RowProperties['level']): RowProperties => ({
  level,
  timing: 'alu',
  suffixes: ['Rc'],
});
const P1 = recorded('P1');
const PPC = recorded('PPC');

const RS = gpr('RS');
const SH = wideField('SH');
const MB = wideField('MB');
const ME = wideField('ME');

const toRa = (value: I64): Sem => def(value, (result) => [setGpr('RA', result), record(result)]);

/** The low word of RS rotated, in both halves: ROTL32. */
const rotated32 = (amount: I32): I64 => bothHalves(rotl(wrap(RS), amount));
/** The mask of the word instructions: MB and ME count within the low word; a wrapped one covers the high word. */
const wordMask: I64 = maskFromTo(add(MB, i64(32)), add(ME, i64(32)));
const fromBit = (mb: I64): I64 => shrU(i64(-1), mb);
const toBit = (me: I64): I64 => shl(i64(-1), sub(i64(63), me));

const ROTATES: readonly InsnRow[] = [
  insn('rlwinm', 'M', { PO: 21 }, 'RA,RS,SH,MB,ME', P1, toRa(and(rotated32(field('SH')), wordMask))),
  insn('rlwnm', 'M', { PO: 23 }, 'RA,RS,RB,MB,ME', P1, toRa(and(rotated32(wrap(gpr('RB'))), wordMask))),
  insn(
    'rlwimi', 'M', { PO: 20 }, 'RA,RS,SH,MB,ME', P1,
    def(wordMask, (mask) => toRa(merge(mask, rotated32(field('SH')), gpr('RA')))),
  ),
  insn('rldicl', 'MD', { PO: 30, XO: 0 }, 'RA,RS,SH,MB', PPC, toRa(and(rotl(RS, SH), fromBit(MB)))),
  insn('rldicr', 'MD', { PO: 30, XO: 1 }, 'RA,RS,SH,ME', PPC, toRa(and(rotl(RS, SH), toBit(ME)))),
  insn(
    'rldic', 'MD', { PO: 30, XO: 2 }, 'RA,RS,SH,MB', PPC,
    toRa(and(rotl(RS, SH), maskFromTo(MB, sub(i64(63), SH)))),
  ),
  insn(
    'rldimi', 'MD', { PO: 30, XO: 3 }, 'RA,RS,SH,MB', PPC,
    def(maskFromTo(MB, sub(i64(63), SH)), (mask) => toRa(merge(mask, rotl(RS, SH), gpr('RA')))),
  ),
  insn('rldcl', 'MDS', { PO: 30, XO: 8 }, 'RA,RS,RB,MB', PPC, toRa(and(rotl(RS, gpr('RB')), fromBit(MB)))),
  insn('rldcr', 'MDS', { PO: 30, XO: 9 }, 'RA,RS,RB,ME', PPC, toRa(and(rotl(RS, gpr('RB')), toBit(ME)))),
]; // prettier-ignore

/** The value where bit 57 of RB (a doubleword shift by 64 or more) is 0, else 0. */
const unlessAll = (value: I64): I64 => select(wrap(and(gpr('RB'), i64(64))), i64(0), value);

/** Shift right algebraic: CA and CA32 tell that ones were shifted out of a negative number. */
const algebraic = (value: I64, amount: I64, lost: (value: I64, result: I64) => I32): Sem =>
  def2(value, amount, (x, n) =>
    def(shrS(x, n), (result) =>
      def(and(ltS(x, i64(0)), lost(x, shl(result, n))), (carry) => [
        setResource('CA', carry),
        setResource('CA32', carry),
        setGpr('RA', result),
        record(result),
      ]),
    ),
  );

const word = sext(32, RS);
/** A shift of a word by 32..63 leaves its sign only: that the amount fits 64 bits makes it one operation. */
const amount6 = and(gpr('RB'), i64(63));
const beyond = wrap(and(gpr('RB'), i64(64)));

const SHIFTS: readonly InsnRow[] = [
  insn('slw', 'X', { PO: 31, XO: 24 }, 'RA,RS,RB', P1, toRa(zext32(shl(RS, gpr('RB'))))),
  insn('srw', 'X', { PO: 31, XO: 536 }, 'RA,RS,RB', P1, toRa(shrU(zext32(RS), gpr('RB')))),
  insn('srawi', 'X', { PO: 31, XO: 824 }, 'RA,RS,SH', P1, algebraic(word, SH, ne)),
  insn('sraw', 'X', { PO: 31, XO: 792 }, 'RA,RS,RB', P1, algebraic(word, amount6, ne)),
  insn('sld', 'X', { PO: 31, XO: 27 }, 'RA,RS,RB', PPC, toRa(unlessAll(shl(RS, gpr('RB'))))),
  insn('srd', 'X', { PO: 31, XO: 539 }, 'RA,RS,RB', PPC, toRa(unlessAll(shrU(RS, gpr('RB'))))),
  insn('sradi', 'XS', { PO: 31, XO: 413 }, 'RA,RS,SH', PPC, algebraic(RS, SH, ne)),
  insn(
    'srad', 'X', { PO: 31, XO: 794 }, 'RA,RS,RB', PPC,
    def(beyond, (all) =>
      algebraic(RS, select(all, i64(63), amount6), (x, back) => or(ne(all, i32(0)), ne(x, back))),
    ),
  ),
  insn('extswsli', 'XS', { PO: 31, XO: 445 }, 'RA,RS,SH', recorded('v3.0'), toRa(shl(word, SH))),
]; // prettier-ignore

export const ROTATE_SHIFT_ROWS: readonly InsnRow[] = [...ROTATES, ...SHIFTS];
