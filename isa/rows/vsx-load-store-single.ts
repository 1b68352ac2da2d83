/**
 * Vector-scalar loads and stores of a single-precision number, which the register has in double format (Power ISA Book I,
 * 7.6.3 and 4.6.2).
 */
import { load, vsr, i64 } from '../vocabulary/expr';
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import { dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, setVsr, store } from '../vocabulary/stmt';
import { indexed } from '../vocabulary/storage';
import { dw0, setVr, vector, vr } from '../vocabulary/vector';

const INDEXED = { level: 'v2.07', feature: 'vsx', facility: 'VSX' } as const;
const DISPLACED = { level: 'v3.0', feature: 'vsx', facility: 'VEC' } as const;

/** choice: doubleword 1, undefined before v3.1, becomes 0. */
export const VSX_SINGLE_ROWS: readonly InsnRow[] = [
  insn(
    'lxsspx', 'XX1', { PO: 31, XO: 524 }, 'XT,RA,RB', { ...INDEXED, timing: 'load' },
    def(load(4, indexed), (word) => singleToDouble(word, (value) => setVsr('XT', vector(value, i64(0))))),
  ),
  insn(
    'lxssp', 'DS', { PO: 57, XO: 3 }, 'VRT,DS(RA)', { ...DISPLACED, timing: 'load' },
    def(load(4, displaced(dispDS)), (word) =>
      singleToDouble(word, (value) => setVr('VRT', vector(value, i64(0)))),
    ),
  ),
  insn(
    'stxsspx', 'XX1', { PO: 31, XO: 652 }, 'XS,RA,RB', { ...INDEXED, timing: 'store' },
    doubleToSingle(dw0(vsr('XS')), (word) => store(4, indexed, word)),
  ),
  insn(
    'stxssp', 'DS', { PO: 61, XO: 3 }, 'VRS,DS(RA)', { ...DISPLACED, timing: 'store' },
    doubleToSingle(dw0(vr('VRS')), (word) => store(4, displaced(dispDS), word)),
  ),
]; // prettier-ignore
