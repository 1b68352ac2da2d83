/** Prefixed fixed-point loads and stores (Power ISA v3.1 Book I, 3.3.2 to 3.3.4). */
import { gpr, load, or, type I32, type I64 } from '../vocabulary/expr';
import { invalidPairLoad, isOdd, loadPair, prefixedForm, storePair } from '../vocabulary/quad';
import { insn, type InsnRow, type TimingClass } from '../vocabulary/row';
import { setGpr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, prefixedAddress, relativeWithBase } from '../vocabulary/storage';

interface Opcode {
  readonly form: '8LS:D' | 'MLS:D';
  readonly PO: number;
}
/** Types of prefixes (Book I, 1.6.3). */
const PREFIX_TYPE = { '8LS:D': 0, 'MLS:D': 2 } as const;
const eightByte = (PO: number): Opcode => ({ form: '8LS:D', PO });
const modified = (PO: number): Opcode => ({ form: 'MLS:D', PO });

function prefixed(
  mnemonic: string,
  { form, PO }: Opcode,
  access: { readonly register: string; readonly timing: TimingClass; readonly invalid?: I32 },
  sem: Sem,
): InsnRow {
  const fixed = { PPO: 1, PTYPE: PREFIX_TYPE[form], PST: 0, PO };
  const invalid = access.invalid ? or(relativeWithBase, access.invalid) : relativeWithBase;
  const { timing } = access;
  return insn(
    mnemonic, form, fixed, `${access.register},D(RA),R`,
    { level: 'v3.1', feature: 'prefixed', facility: 'PREFIX', timing, invalid },
    sem,
  ); // prettier-ignore
}

const loading = (mnemonic: string, opcode: Opcode, from: (ea: I64) => I64): InsnRow =>
  prefixed(mnemonic, opcode, { register: 'RT', timing: 'load' }, setGpr('RT', from(prefixedAddress)));
const storing = (mnemonic: string, opcode: Opcode, bytes: 1 | 2 | 4 | 8): InsnRow =>
  prefixed(mnemonic, opcode, { register: 'RS', timing: 'store' }, store(bytes, prefixedAddress, gpr('RS')));

export const PREFIXED_LOAD_STORE_ROWS: readonly InsnRow[] = [
  loading('plbz', modified(34), (ea) => load(1, ea)),
  loading('plhz', modified(40), (ea) => load(2, ea)),
  loading('plha', modified(42), (ea) => load(2, ea, { signed: true })),
  loading('plwz', modified(32), (ea) => load(4, ea)),
  loading('plwa', eightByte(41), (ea) => load(4, ea, { signed: true })),
  loading('pld', eightByte(57), (ea) => load(8, ea)),
  prefixed(
    'plq', eightByte(56), { register: 'RTp', timing: 'load', invalid: invalidPairLoad },
    atEffective(prefixedAddress, (ea) => loadPair(ea, prefixedForm)),
  ), // prettier-ignore
  storing('pstb', modified(38), 1),
  storing('psth', modified(44), 2),
  storing('pstw', modified(36), 4),
  storing('pstd', eightByte(61), 8),
  prefixed(
    'pstq', eightByte(60), { register: 'RSp', timing: 'store', invalid: isOdd('RSp') },
    atEffective(prefixedAddress, (ea) => storePair(ea, prefixedForm)),
  ), // prettier-ignore
];
