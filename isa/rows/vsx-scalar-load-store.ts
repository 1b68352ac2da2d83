/**
 * Loads of a scalar into doubleword 0 of a VSR, and loads and stores of single-precision numbers, which the register has
 * in double format (Power ISA Book I, 7.6.3 and 4.6.2).
 */
import { load, op, vsr, type I64 } from '../vocabulary/expr';
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import { inDw0 } from '../vocabulary/lanes';
import { dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setVsr, store, type Sem } from '../vocabulary/stmt';
import { indexed } from '../vocabulary/storage';
import { dw0, isUpperVsr, setVr, vr, vsxOrVector, type Vector } from '../vocabulary/vector';

const DISPLACED = { level: 'v3.0', feature: 'vsx', facility: 'VEC' } as const;
const keepingDw1 = (value: I64): Vector => op('v128.withDw0', vsr('XT'), value);

/** A load, by how its value is put into the register. */
type Loading = (put: (value: I64) => Sem) => Sem;
const whole =
  (value: I64): Loading =>
  (put) =>
    put(value);
const single: Loading = (put) => def(load(4, indexed), (word) => singleToDouble(word, put));

/**
 * Indexed loads: doubleword 1, undefined before v3.1, is 0 from then on. choice: before, it stays as it was, as in QEMU.
 */
const indexedLoad = (name: string, XO: number, level: IsaLevel, loading: Loading): InsnRow[] => {
  const row = (properties: Pick<RowProperties, 'level' | 'until'>, put: (value: I64) => Vector): InsnRow => {
    const common: RowProperties = { ...properties, feature: 'vsx', timing: 'load' };
    const sem = loading((value) => setVsr('XT', put(value)));
    return level === 'v3.0'
      ? insn(name, 'XX1', { PO: 31, XO }, 'XT,RA,RB', common, [vsxOrVector(isUpperVsr('XT')), sem])
      : insn(name, 'XX1', { PO: 31, XO }, 'XT,RA,RB', { ...common, facility: 'VSX' }, sem);
  };
  return [row({ level, until: 'v3.0C' }, keepingDw1), row({ level: 'v3.1' }, inDw0)];
};

/** choice: doubleword 1, undefined before v3.1, becomes 0. */
const setScalar = (value: I64): Sem => setVr('VRT', inDw0(value));

export const VSX_SCALAR_LOAD_STORE_ROWS: readonly InsnRow[] = [
  ...indexedLoad('lxsdx', 588, 'v2.06', whole(load(8, indexed))),
  ...indexedLoad('lxsiwax', 76, 'v2.07', whole(load(4, indexed, { signed: true }))),
  ...indexedLoad('lxsiwzx', 12, 'v2.07', whole(load(4, indexed))),
  ...indexedLoad('lxsibzx', 781, 'v3.0', whole(load(1, indexed))),
  ...indexedLoad('lxsihzx', 813, 'v3.0', whole(load(2, indexed))),
  ...indexedLoad('lxsspx', 524, 'v2.07', single),
  insn(
    'lxssp', 'DS', { PO: 57, XO: 3 }, 'VRT,DS(RA)', { ...DISPLACED, timing: 'load' },
    def(load(4, displaced(dispDS)), (word) => singleToDouble(word, setScalar)),
  ),
  insn(
    'stxsspx', 'XX1', { PO: 31, XO: 652 }, 'XS,RA,RB',
    { level: 'v2.07', feature: 'vsx', facility: 'VSX', timing: 'store' },
    doubleToSingle(dw0(vsr('XS')), (word) => store(4, indexed, word)),
  ),
  insn(
    'stxssp', 'DS', { PO: 61, XO: 3 }, 'VRS,DS(RA)', { ...DISPLACED, timing: 'store' },
    doubleToSingle(dw0(vr('VRS')), (word) => store(4, displaced(dispDS), word)),
  ),
]; // prettier-ignore
