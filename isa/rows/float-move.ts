/**
 * Floating-point instructions that compute nothing: moves, signs, and the FPSCR (Power ISA Book I, 4.6.5 and 4.6.10).
 */
import { FPSCR, FPSCR_BITS, FPSCR_ENABLES, FPSCR_EXCEPTIONS } from '../registers/float';
import {
  and, extendU, field, i32, i64, ne, not, or, select, shl, shrU, sub, wrap, xor, zext32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { fpr, setFpr } from '../vocabulary/float';
import { fpscr, interruptIfEnabled, recordFloat, setFpscr } from '../vocabulary/fpscr';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { assign, def, setCrField, variable, when, type Sem } from '../vocabulary/stmt';

const properties = (level: IsaLevel): RowProperties => ({ level, feature: 'float', facility: 'FP', timing: 'floatMove' }); // prettier-ignore
const recording: RowProperties = { ...properties('P1'), suffixes: ['Rc'] };

const setRecordInterrupt = (value: I64): Sem => [setFpscr(value), recordFloat, interruptIfEnabled];

/** The value with the bits of a mask from another. */
const withBits = (old: I64, from: I64, mask: I64): I64 => or(and(old, not(mask)), and(from, mask));

const sign = i64(1n << 63n);
const HIGH_WORD = 0xffff_ffffn << 32n;
const move = (name: string, XO: number, value: I64): InsnRow =>
  insn(name, 'X', { PO: 63, XO }, 'FRT,FRB', recording, [setFpr('FRT', value), recordFloat]);

/** mtfsf: FLM chooses fields of four bits, of the upper word with W=1; L=1 stands for all of them. */
const mtfsf: Sem = variable(i64(0), (mask) => [
  Array.from({ length: 8 }, (_, i) =>
    when(ne(and(field('FLM'), i32(1 << i)), i32(0)), assign(mask, or(mask, i64(0xfn << BigInt(4 * i))))),
  ),
  when(field('W'), assign(mask, shl(mask, i64(32)))),
  when(field('L'), assign(mask, i64(-1n))),
  setRecordInterrupt(withBits(fpscr, fpr('FRB'), mask)),
]);

/** mtfsfi: U into field BF, of the upper word with W=1. */
const mtfsfi: Sem = def(extendU(sub(select(field('W'), i32(60), i32(28)), shl(field('FPF'), i32(2)))), (at) =>
  setRecordInterrupt(withBits(fpscr, shl(extendU(field('U')), at), shl(i64(0xfn), at))),
);

const bitNamed: I64 = shrU(i64(1n << 31n), extendU(field('FPB')));
/** mtfsb1. choice: an exception that is new leaves FX alone, as Microwatt's tests have it, and QEMU. */
const setBit: Sem = setRecordInterrupt(or(fpscr, bitNamed));
const clearBit: Sem = [setFpscr(and(fpscr, not(bitNamed))), recordFloat];

/** mcrfs: the exceptions copied are cleared. */
const mcrfs: Sem = def(extendU(sub(i32(28), shl(field('BFA'), i32(2)))), (at) => [
  setCrField('BF', wrap(and(shrU(fpscr, at), i64(15)))),
  setFpscr(and(fpscr, not(and(shl(i64(0xfn), at), i64(FPSCR_EXCEPTIONS | FPSCR.FX.mask))))),
]);

/** v3.0: FPSCR into FRT, and some of its control bits from elsewhere. */
const exchange = (name: string, RA: number, rest: { operands: string; sem: Sem; shown?: bigint }): InsnRow =>
  insn(name, 'X', { PO: 63, RA, XO: 583 }, `FRT${rest.operands}`, properties('v3.0B'), [
    setFpr('FRT', and(fpscr, i64(rest.shown ?? FPSCR_BITS))),
    rest.sem,
  ]);
const CONTROL = FPSCR.DRN.mask | FPSCR_ENABLES | FPSCR.NI.mask | FPSCR.RN.mask;
const STATUS_AND_CONTROL = CONTROL | FPSCR.FPRF.mask | FPSCR.FR.mask | FPSCR.FI.mask;
const drn = (value: I64): Sem => setFpscr(withBits(fpscr, value, i64(FPSCR.DRN.mask)));
const rn = (value: I64): Sem => setFpscr(withBits(fpscr, value, i64(FPSCR.RN.mask)));
/** A register operand is read before FRT, which may be it, is written. */
const exchangeWith = (name: string, RA: number, change: (value: I64) => Sem): InsnRow =>
  insn(name, 'X', { PO: 63, RA, XO: 583 }, 'FRT,FRB', properties('v3.0B'),
    def(fpr('FRB'), (value) => [setFpr('FRT', and(fpscr, i64(CONTROL))), change(value)])); // prettier-ignore

export const FLOAT_MOVE_ROWS: readonly InsnRow[] = [
  move('fmr', 72, fpr('FRB')),
  move('fneg', 40, xor(fpr('FRB'), sign)),
  move('fabs', 264, and(fpr('FRB'), not(sign))),
  move('fnabs', 136, or(fpr('FRB'), sign)),
  insn('fcpsgn', 'X', { PO: 63, XO: 8 }, 'FRT,FRA,FRB', { ...recording, level: 'v2.05' }, [
    setFpr('FRT', withBits(fpr('FRB'), fpr('FRA'), sign)), recordFloat,
  ]),
  insn('fmrgew', 'X', { PO: 63, XO: 966 }, 'FRT,FRA,FRB', properties('v2.07'),
    setFpr('FRT', or(and(fpr('FRA'), i64(HIGH_WORD)), shrU(fpr('FRB'), i64(32))))),
  insn('fmrgow', 'X', { PO: 63, XO: 838 }, 'FRT,FRA,FRB', properties('v2.07'),
    setFpr('FRT', or(shl(fpr('FRA'), i64(32)), zext32(fpr('FRB'))))),
  insn('mffs', 'X', { PO: 63, RA: 0, XO: 583 }, 'FRT', recording, [setFpr('FRT', fpscr), recordFloat]),
  exchange('mffsce', 1, { operands: '', sem: setFpscr(and(fpscr, i64(~FPSCR_ENABLES))) }),
  exchangeWith('mffscdrn', 20, drn),
  exchange('mffscdrni', 21, {
    operands: ',DRM', shown: CONTROL, sem: drn(shl(extendU(field('DRM')), i64(FPSCR.DRN.shift))),
  }),
  exchangeWith('mffscrn', 22, rn),
  exchange('mffscrni', 23, { operands: ',RM', shown: CONTROL, sem: rn(extendU(field('RM'))) }),
  exchange('mffsl', 24, { operands: '', shown: STATUS_AND_CONTROL, sem: [] }),
  insn('mtfsf', 'XFL', { PO: 63, XO: 711 }, 'FLM,FRB,L,W', recording, mtfsf),
  insn('mtfsfi', 'X', { PO: 63, XO: 134 }, 'FPF,U,W', recording, mtfsfi),
  insn('mtfsb0', 'X', { PO: 63, XO: 70 }, 'FPB', recording, clearBit),
  insn('mtfsb1', 'X', { PO: 63, XO: 38 }, 'FPB', recording, setBit),
  insn('mcrfs', 'X', { PO: 63, XO: 64 }, 'BF,BFA', properties('P1'), mcrfs),
]; // prettier-ignore
