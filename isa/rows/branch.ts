/** Branch instructions (Power ISA Book I, 2.4). */
import {
  add,
  and,
  cia,
  crField,
  eqz,
  field,
  i32,
  i64,
  mode,
  eq,
  or,
  resource,
  select,
  shl,
  shrU,
  signedField,
  sub,
  wrap,
  xor,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { insn, type InsnRow } from '../vocabulary/row';
import { branchBy, branchTo, def, setResource, when, type Sem } from '../vocabulary/stmt';

/**
 * What LK=1 does. choice: after the last word of the 32-bit address space, where the value is undefined in 32-bit mode,
 * the sum keeps its carry.
 */
const link: Sem = when(field('LK'), setResource('LR', add(cia, i64(4))));

/** A bit of BO (0..4, most significant first) as a truth value. */
const bo = (bit: number): I32 => and(shrU(field('BO'), i32(4 - bit)), i32(1));

/** The CR bit that BI names. */
const conditionBit: I32 = and(
  shrU(crField(shrU(field('BI'), i32(2))), sub(i32(3), and(field('BI'), i32(3)))),
  i32(1),
);
const conditionOk: I32 = or(bo(0), eqz(xor(conditionBit, bo(1))));

/** CTR as the mode sees it, compared with zero. */
const countIsZero = (ctr: I64): I32 => select(mode('sf'), eqz(ctr), eqz(wrap(ctr)));

/** Decrements CTR where BO asks for it, then gives the branch condition. */
const counted = (taken: (ok: I32) => Sem): Sem =>
  def(select(bo(2), resource('CTR'), sub(resource('CTR'), i64(1))), (ctr) => [
    when(eqz(bo(2)), setResource('CTR', ctr)),
    def(or(bo(2), eq(countIsZero(ctr), bo(3))), (countOk) => taken(and(countOk, conditionOk))),
  ]);

const conditionalTo = (target: I64): Sem =>
  def(target, (to) => counted((ok) => def(ok, (go) => [link, when(go, branchTo(to))])));

const byDisplacement = (displacement: I64): Sem =>
  when(field('AA'), branchTo(displacement), branchBy(displacement));

export const BRANCH_ROWS: readonly InsnRow[] = [
  insn('b', 'I', { PO: 18 }, 'LI', { level: 'P1', timing: 'branch', suffixes: ['AA', 'LK'] }, [
    link,
    byDisplacement(shl(signedField('LI'), i64(2))),
  ]),
  insn('bc', 'B', { PO: 16 }, 'BO,BI,BD', { level: 'P1', timing: 'branch', suffixes: ['AA', 'LK'] }, [
    counted((ok) => def(ok, (go) => [link, when(go, byDisplacement(shl(signedField('BD'), i64(2))))])),
  ]),
  insn(
    'bclr', 'XL', { PO: 19, XO: 16 }, 'BO,BI,BH', { level: 'P1', timing: 'branch', suffixes: ['LK'] },
    conditionalTo(resource('LR')),
  ), // prettier-ignore
  insn(
    'bcctr', 'XL', { PO: 19, XO: 528 }, 'BO,BI,BH',
    // Counting down the register that is the target is an invalid form; hardware branches without testing CTR.
    { level: 'P1', timing: 'branch', suffixes: ['LK'] },
    def(conditionOk, (go) => [link, when(go, branchTo(resource('CTR')))]),
  ), // prettier-ignore
  insn(
    'bctar', 'XL', { PO: 19, XO: 560 }, 'BO,BI,BH',
    { level: 'v2.07', timing: 'branch', suffixes: ['LK'], facility: 'TAR' },
    conditionalTo(resource('TAR')),
  ), // prettier-ignore
];
