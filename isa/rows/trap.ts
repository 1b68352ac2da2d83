/** Fixed-point traps (Power ISA Book I, 3.3.11). */
import { def2 } from '../vocabulary/arith';
import { chosen } from '../vocabulary/cr';
import { eq, field, gpr, gtS, gtU, ltS, ltU, or, sext, signedField, type I64 } from '../vocabulary/expr';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { raise, when, type Sem } from '../vocabulary/stmt';

/** TO, from its left: less than, greater than, equal, less than and greater than as unsigned. */
const trapIf = (a: I64, b: I64): Sem =>
  def2(a, b, (x, y) =>
    when(
      or(
        or(chosen(field('TO'), 4, ltS(x, y)), chosen(field('TO'), 3, gtS(x, y))),
        or(
          chosen(field('TO'), 2, eq(x, y)),
          or(chosen(field('TO'), 1, ltU(x, y)), chosen(field('TO'), 0, gtU(x, y))),
        ),
      ),
      raise('trap'),
    ),
  );

const SI = signedField('SI');
/** Words are compared sign-extended, which keeps their unsigned order too. */
const word = (name: 'RA' | 'RB'): I64 => sext(32, gpr(name));

const P1: RowProperties = { level: 'P1', timing: 'trap' };
const PPC: RowProperties = { level: 'PPC', timing: 'trap' };

export const TRAP_ROWS: readonly InsnRow[] = [
  insn('twi', 'D', { PO: 3 }, 'TO,RA,SI', P1, trapIf(word('RA'), SI)),
  insn('tw', 'X', { PO: 31, XO: 4 }, 'TO,RA,RB', P1, trapIf(word('RA'), word('RB'))),
  insn('tdi', 'D', { PO: 2 }, 'TO,RA,SI', PPC, trapIf(gpr('RA'), SI)),
  insn('td', 'X', { PO: 31, XO: 68 }, 'TO,RA,RB', PPC, trapIf(gpr('RA'), gpr('RB'))),
];
