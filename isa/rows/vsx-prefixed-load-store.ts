/** Prefixed vector-scalar loads and stores (Power ISA v3.1 Book I, 7.6.3); pairs are in `vsx-load-store-pair.ts`. */
import { i64, load, vsr } from '../vocabulary/expr';
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setVsr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, prefixedAddress, relativeWithBase } from '../vocabulary/storage';
import { dw0, isUpperVsr, setVr, vector, vr, vsxOrVector } from '../vocabulary/vector';
import { loadTwo, quadLoaded, quadStored, storeTwo } from '../vocabulary/vector-storage';

const V3_1 = { level: 'v3.1', feature: 'vsx', invalid: relativeWithBase } as const;

/** The register's upper bit is the last of the suffix's opcode. */
const whole = (name: string, PO5: number, register: 'XT' | 'XS', sem: Sem): InsnRow =>
  insn(
    name, '8LS:D', { PPO: 1, PTYPE: 0, PST: 0, PO5 }, `${register},D(RA),R`,
    { ...V3_1, timing: register === 'XT' ? 'load' : 'store' },
    [vsxOrVector(isUpperVsr(register)), sem],
  ); // prettier-ignore
const scalar = (name: string, PO: number, register: 'VRT' | 'VRS', sem: Sem): InsnRow => {
  const properties: RowProperties = { ...V3_1, facility: 'VEC', timing: register === 'VRT' ? 'load' : 'store' }; // prettier-ignore
  return insn(name, '8LS:D', { PPO: 1, PTYPE: 0, PST: 0, PO }, `${register},D(RA),R`, properties, sem);
};

export const VSX_PREFIXED_LOAD_STORE_ROWS: readonly InsnRow[] = [
  whole(
    'plxv', 25, 'XT',
    atEffective(prefixedAddress, (ea) => loadTwo(ea, (a, b) => setVsr('XT', quadLoaded(a, b)))),
  ),
  whole(
    'pstxv', 27, 'XS',
    atEffective(prefixedAddress, (ea) => def(vsr('XS'), (value) => storeTwo(ea, quadStored(value)))),
  ),
  scalar('plxsd', 42, 'VRT', setVr('VRT', vector(load(8, prefixedAddress), i64(0)))),
  scalar('pstxsd', 46, 'VRS', store(8, prefixedAddress, dw0(vr('VRS')))),
  scalar(
    'plxssp', 43, 'VRT',
    def(load(4, prefixedAddress), (word) =>
      singleToDouble(word, (value) => setVr('VRT', vector(value, i64(0)))),
    ),
  ),
  scalar(
    'pstxssp', 47, 'VRS', doubleToSingle(dw0(vr('VRS')), (word) => store(4, prefixedAddress, word)),
  ),
]; // prettier-ignore
