/**
 * Hash instructions against return-oriented programming (Power ISA v3.1B Book I, 3.3.17; Book III, 5.4.6). The hash is of
 * RB, the return address, and RA, the stack pointer. Up to v3.1 the opcodes are reserved no-ops: code that has the
 * checks runs on older CPUs, without protection.
 */
import {
  add,
  call,
  eqz,
  field,
  gpr,
  i64,
  load,
  ne,
  resource,
  shl,
  sub,
  wrap,
  type I64,
} from '../vocabulary/expr';
import { wideField } from '../vocabulary/patterns';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, nothing, raise, store, when, type Sem } from '../vocabulary/stmt';
import { atEffective } from '../vocabulary/storage';

/** The displacement is negative, -512..-8: HD counts doublewords from its low end. */
const address: I64 = add(gpr('RA'), sub(shl(wideField('HD'), i64(3)), i64(512)));

interface Kind {
  /** Number of the DEXCR aspect, as the service `hashEnabled` has it. */
  readonly aspect: number;
  readonly key: I64;
}
const problem: Kind = { aspect: 0, key: resource('HASHKEYR') };
const privileged: Kind = { aspect: 1, key: resource('HASHPKEYR') };

const enabled = (kind: Kind, body: (digest: I64, ea: I64) => Sem): Sem =>
  when(
    wrap(call('hashEnabled', i64(kind.aspect))),
    atEffective(address, (ea) =>
      def(call('hashDigest', gpr('RA'), gpr('RB'), kind.key), (digest) => body(digest, ea)),
    ),
  );
const storeHash = (kind: Kind): Sem => enabled(kind, (digest, ea) => store(8, ea, digest));
const checkHash = (kind: Kind): Sem =>
  enabled(kind, (digest, ea) => when(ne(load(8, ea), digest), raise('trap')));

/** The row, and the reserved no-op that it was. */
const rows = (mnemonic: string, XO: number, kind: Kind, sem: Sem): InsnRow[] => {
  const storing = mnemonic.startsWith('hashst');
  return [
    insn(
      mnemonic, 'X', { PO: 31, XO }, 'RB,HD(RA)',
      {
        level: 'v3.1B', feature: 'hash', privilege: kind === privileged ? 'privileged' : 'problem',
        timing: storing ? 'store' : 'load', invalid: eqz(field('RA')),
      },
      sem,
    ),
    insn(mnemonic, 'X', { PO: 31, XO }, 'RB,HD(RA)', { level: 'v2.05', until: 'v3.1', timing: 'alu' }, nothing),
  ]; // prettier-ignore
};

export const HASH_ROWS: readonly InsnRow[] = [
  ...rows('hashst', 722, problem, storeHash(problem)),
  ...rows('hashchk', 754, problem, checkHash(problem)),
  ...rows('hashstp', 658, privileged, storeHash(privileged)),
  ...rows('hashchkp', 690, privileged, checkHash(privileged)),
];
