/** Fixed-point loads, plain, with update and byte-reversed (Power ISA Book I, 3.3.2 and 3.3.5). */
import { eq, eqz, field, load, or, type I64 } from '../vocabulary/expr';
import type { FormName } from '../vocabulary/forms';
import { dispD, dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setGpr, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';

/** What is loaded from an address. */
type From = (ea: I64) => I64;
const byte: From = (ea) => load(1, ea);
const half: From = (ea) => load(2, ea);
const halfAlgebraic: From = (ea) => load(2, ea, { signed: true });
const word: From = (ea) => load(4, ea);
const wordAlgebraic: From = (ea) => load(4, ea, { signed: true });
const doubleword: From = (ea) => load(8, ea);

const plain = (level: IsaLevel): RowProperties => ({ level, timing: 'load' });
/** With update, RA = 0 has no register to update, and RA = RT two values for one. */
const updating = (level: IsaLevel): RowProperties => ({
  ...plain(level),
  invalid: or(eqz(field('RA')), eq(field('RA'), field('RT'))),
});

/** How a form gives the address. */
interface Addressing {
  readonly form: FormName;
  readonly operands: string;
  readonly address: I64;
}
const D: Addressing = { form: 'D', operands: 'RT,D(RA)', address: displaced(dispD) };
const DS: Addressing = { form: 'DS', operands: 'RT,DS(RA)', address: displaced(dispDS) };
const X: Addressing = { form: 'X', operands: 'RT,RA,RB', address: indexed };

/** RT and RA are written after the load: where it faults, neither is changed. */
const updated = (from: From, address: I64): Sem =>
  atEffective(address, (ea) => def(from(ea), (value) => [setGpr('RT', value), setGpr('RA', ea)]));

type Opcode = Readonly<Record<string, number>>;
const at =
  (a: Addressing, level: IsaLevel) =>
  (mnemonic: string, opcode: Opcode, from: From): InsnRow =>
    insn(mnemonic, a.form, opcode, a.operands, plain(level), setGpr('RT', from(a.address)));
const atUpdating =
  (a: Addressing, level: IsaLevel) =>
  (mnemonic: string, opcode: Opcode, from: From): InsnRow =>
    insn(mnemonic, a.form, opcode, a.operands, updating(level), updated(from, a.address));

export const LOAD_ROWS: readonly InsnRow[] = [
  at(D, 'P1')('lbz', { PO: 34 }, byte),
  atUpdating(D, 'P1')('lbzu', { PO: 35 }, byte),
  at(X, 'P1')('lbzx', { PO: 31, XO: 87 }, byte),
  atUpdating(X, 'P1')('lbzux', { PO: 31, XO: 119 }, byte),
  at(D, 'P1')('lhz', { PO: 40 }, half),
  atUpdating(D, 'P1')('lhzu', { PO: 41 }, half),
  at(X, 'P1')('lhzx', { PO: 31, XO: 279 }, half),
  atUpdating(X, 'P1')('lhzux', { PO: 31, XO: 311 }, half),
  at(D, 'P1')('lha', { PO: 42 }, halfAlgebraic),
  atUpdating(D, 'P1')('lhau', { PO: 43 }, halfAlgebraic),
  at(X, 'P1')('lhax', { PO: 31, XO: 343 }, halfAlgebraic),
  atUpdating(X, 'P1')('lhaux', { PO: 31, XO: 375 }, halfAlgebraic),
  at(D, 'P1')('lwz', { PO: 32 }, word),
  atUpdating(D, 'P1')('lwzu', { PO: 33 }, word),
  at(X, 'P1')('lwzx', { PO: 31, XO: 23 }, word),
  atUpdating(X, 'P1')('lwzux', { PO: 31, XO: 55 }, word),
  at(DS, 'PPC')('lwa', { PO: 58, XO: 2 }, wordAlgebraic),
  at(X, 'PPC')('lwax', { PO: 31, XO: 341 }, wordAlgebraic),
  atUpdating(X, 'PPC')('lwaux', { PO: 31, XO: 373 }, wordAlgebraic),
  at(DS, 'PPC')('ld', { PO: 58, XO: 0 }, doubleword),
  atUpdating(DS, 'PPC')('ldu', { PO: 58, XO: 1 }, doubleword),
  at(X, 'PPC')('ldx', { PO: 31, XO: 21 }, doubleword),
  atUpdating(X, 'PPC')('ldux', { PO: 31, XO: 53 }, doubleword),

  at(X, 'P1')('lhbrx', { PO: 31, XO: 790 }, (ea) => load(2, ea, { reversed: true })),
  at(X, 'P1')('lwbrx', { PO: 31, XO: 534 }, (ea) => load(4, ea, { reversed: true })),
  at(X, 'v2.06')('ldbrx', { PO: 31, XO: 532 }, (ea) => load(8, ea, { reversed: true })),
];
