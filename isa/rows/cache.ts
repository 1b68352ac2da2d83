/**
 * Cache management (Power ISA Book II, 4.3). There is no cache to manage, but icbi makes the engine see new code, and
 * icbi, dcbst and dcbf translate their address and fault as loads do. The touch instructions are hints, never fault and do
 * nothing; that they compute an address shows what they depend on.
 */
import { add, extendU, i32, i64, mode, shl, shrU, sub, type I64 } from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { nothing, perform, repeat, store } from '../vocabulary/stmt';
import { atEffective, indexed } from '../vocabulary/storage';

const hint = (mnemonic: string, XO: number, operands: string, level: IsaLevel): InsnRow =>
  insn(
    mnemonic, 'X', { PO: 31, XO }, operands, { level, timing: 'cache' },
    atEffective(indexed, () => nothing),
  ); // prettier-ignore

/** The largest cache block of any CPU model, in doublewords. */
const MAX_BLOCK_DOUBLEWORDS = 16;
const blockShift: I64 = extendU(mode('blockShift'));
const blockOf = (ea: I64): I64 => shl(shrU(ea, blockShift), blockShift);

export const CACHE_ROWS: readonly InsnRow[] = [
  insn(
    'icbi', 'X', { PO: 31, XO: 982 }, 'RA,RB', { level: 'PPC', timing: 'cache' },
    atEffective(indexed, (ea) => perform('icbi', ea)),
  ),
  hint('icbt', 22, 'CT,RA,RB', 'v2.07'),
  hint('dcbt', 278, 'RA,RB,TH', 'PPC'),
  hint('dcbtst', 246, 'RA,RB,TH', 'PPC'),
  insn(
    'dcbz', 'X', { PO: 31, XO: 1014 }, 'RA,RB', { level: 'P1', timing: 'cache' },
    atEffective(blockOf(indexed), (block) =>
      repeat(shl(i32(1), sub(mode('blockShift'), i32(3))), MAX_BLOCK_DOUBLEWORDS, (i) =>
        store(8, add(block, extendU(shl(i, i32(3)))), i64(0), { storage: 'zero' }),
      ),
    ),
  ),
  insn(
    'dcbst', 'X', { PO: 31, XO: 54 }, 'RA,RB', { level: 'PPC', timing: 'cache' },
    atEffective(indexed, (ea) => perform('dcbst', ea)),
  ),
  insn(
    'dcbf', 'X', { PO: 31, XO: 86 }, 'RA,RB,LDCBF', { level: 'PPC', timing: 'cache' },
    atEffective(indexed, (ea) => perform('dcbf', ea, wideField('LDCBF'))),
  ),
]; // prettier-ignore
