/**
 * Load and store quadword (Power ISA Book I, 3.3.4). choice: of the accesses whose address is no multiple of 16, which may
 * all give an alignment interrupt, only `lq` in little-endian mode gives one; the others are two accesses to doublewords.
 * In that mode the odd register, which may be the base, is loaded first where a core loads one after the other.
 */
import { and, i64, mode, ne } from '../vocabulary/expr';
import { dispDQ, dispDS, displaced } from '../vocabulary/patterns';
import { invalidPairLoad, isOdd, loadPair, storePair, wordForm } from '../vocabulary/quad';
import { insn, type InsnRow } from '../vocabulary/row';
import { raise, when } from '../vocabulary/stmt';
import { atEffective } from '../vocabulary/storage';

export const QUAD_ROWS: readonly InsnRow[] = [
  insn(
    'lq', 'DQ', { PO: 56 }, 'RTp,DQ(RA)', { level: 'v2.03', timing: 'load', invalid: invalidPairLoad },
    atEffective(displaced(dispDQ), (ea) => [
      when(mode('le'), when(ne(and(ea, i64(15)), i64(0)), raise('alignment', ea))),
      loadPair(ea, wordForm),
    ]),
  ),
  insn(
    'stq', 'DS', { PO: 62, XO: 2 }, 'RSp,DS(RA)', { level: 'v2.03', timing: 'store', invalid: isOdd('RSp') },
    atEffective(displaced(dispDS), (ea) => storePair(ea, wordForm)),
  ),
]; // prettier-ignore
