/** Fixed-point stores, plain, with update and byte-reversed (Power ISA Book I, 3.3.3 and 3.3.5). */
import { eqz, field, gpr, type I64 } from '../vocabulary/expr';
import type { FormName } from '../vocabulary/forms';
import { dispD, dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { setGpr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';

type Bytes = 1 | 2 | 4 | 8;

const plain = (level: IsaLevel): RowProperties => ({ level, timing: 'store' });
/** With update, RA = 0 has no register to update. */
const updating = (level: IsaLevel): RowProperties => ({ ...plain(level), invalid: eqz(field('RA')) });

/** How a form gives the address. */
interface Addressing {
  readonly form: FormName;
  readonly operands: string;
  readonly address: I64;
}
const D: Addressing = { form: 'D', operands: 'RS,D(RA)', address: displaced(dispD) };
const DS: Addressing = { form: 'DS', operands: 'RS,DS(RA)', address: displaced(dispDS) };
const X: Addressing = { form: 'X', operands: 'RS,RA,RB', address: indexed };

/** RS is stored as it was also where RA, written after the store, is the same register. */
const updated = (bytes: Bytes, address: I64): Sem =>
  atEffective(address, (ea) => [store(bytes, ea, gpr('RS')), setGpr('RA', ea)]);

type Opcode = Readonly<Record<string, number>>;
const at =
  (a: Addressing, level: IsaLevel) =>
  (mnemonic: string, opcode: Opcode, bytes: Bytes): InsnRow =>
    insn(mnemonic, a.form, opcode, a.operands, plain(level), store(bytes, a.address, gpr('RS')));
const atUpdating =
  (a: Addressing, level: IsaLevel) =>
  (mnemonic: string, opcode: Opcode, bytes: Bytes): InsnRow =>
    insn(mnemonic, a.form, opcode, a.operands, updating(level), updated(bytes, a.address));
const reversed =
  (level: IsaLevel) =>
  (mnemonic: string, opcode: Opcode, bytes: Bytes): InsnRow =>
    insn(
      mnemonic, X.form, opcode, X.operands, plain(level),
      store(bytes, X.address, gpr('RS'), { reversed: true }),
    ); // prettier-ignore

export const STORE_ROWS: readonly InsnRow[] = [
  at(D, 'P1')('stb', { PO: 38 }, 1),
  atUpdating(D, 'P1')('stbu', { PO: 39 }, 1),
  at(X, 'P1')('stbx', { PO: 31, XO: 215 }, 1),
  atUpdating(X, 'P1')('stbux', { PO: 31, XO: 247 }, 1),
  at(D, 'P1')('sth', { PO: 44 }, 2),
  atUpdating(D, 'P1')('sthu', { PO: 45 }, 2),
  at(X, 'P1')('sthx', { PO: 31, XO: 407 }, 2),
  atUpdating(X, 'P1')('sthux', { PO: 31, XO: 439 }, 2),
  at(D, 'P1')('stw', { PO: 36 }, 4),
  atUpdating(D, 'P1')('stwu', { PO: 37 }, 4),
  at(X, 'P1')('stwx', { PO: 31, XO: 151 }, 4),
  atUpdating(X, 'P1')('stwux', { PO: 31, XO: 183 }, 4),
  at(DS, 'PPC')('std', { PO: 62, XO: 0 }, 8),
  atUpdating(DS, 'PPC')('stdu', { PO: 62, XO: 1 }, 8),
  at(X, 'PPC')('stdx', { PO: 31, XO: 149 }, 8),
  atUpdating(X, 'PPC')('stdux', { PO: 31, XO: 181 }, 8),

  reversed('P1')('sthbrx', { PO: 31, XO: 918 }, 2),
  reversed('P1')('stwbrx', { PO: 31, XO: 662 }, 4),
  reversed('v2.06')('stdbrx', { PO: 31, XO: 660 }, 8),
];
