/**
 * Floating-point loads and stores that move bits unchanged: doublewords, and words as integers (Power ISA Book I, 4.6.2
 * and 4.6.3).
 */
import { eqz, field, load, type I64 } from '../vocabulary/expr';
import { fpr, setFpr } from '../vocabulary/float';
import type { FormName } from '../vocabulary/forms';
import { dispD, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setGpr, store, type Sem } from '../vocabulary/stmt';
import { atEffective, indexed, prefixedAddress, relativeWithBase } from '../vocabulary/storage';

const FLOAT = { feature: 'float', facility: 'FP' } as const;
const loading = (level: IsaLevel): RowProperties => ({ ...FLOAT, level, timing: 'load' });
const storing = (level: IsaLevel): RowProperties => ({ ...FLOAT, level, timing: 'store' });
/** With update, RA = 0 has no register to update. */
const updating = (properties: RowProperties): RowProperties => ({ ...properties, invalid: eqz(field('RA')) });

/** How a form gives the address. */
interface Addressing {
  readonly form: FormName;
  readonly operands: string;
  readonly address: I64;
}
const D: Addressing = { form: 'D', operands: 'D(RA)', address: displaced(dispD) };
const X: Addressing = { form: 'X', operands: 'RA,RB', address: indexed };

type Opcode = Readonly<Record<string, number>>;

/** A load of a doubleword and the one with update. */
const loads = (a: Addressing, plain: [string, Opcode], update: [string, Opcode]): InsnRow[] => {
  const properties = loading('P1');
  const updated: Sem = atEffective(a.address, (ea) =>
    def(load(8, ea), (value) => [setFpr('FRT', value), setGpr('RA', ea)]),
  );
  return [
    insn(plain[0], a.form, plain[1], `FRT,${a.operands}`, properties, setFpr('FRT', load(8, a.address))),
    insn(update[0], a.form, update[1], `FRT,${a.operands}`, updating(properties), updated),
  ];
};

/** A store of a doubleword and the one with update. */
const stores = (a: Addressing, plain: [string, Opcode], update: [string, Opcode]): InsnRow[] => {
  const properties = storing('P1');
  const updated = atEffective(a.address, (ea) => [store(8, ea, fpr('FRS')), setGpr('RA', ea)]);
  return [
    insn(plain[0], a.form, plain[1], `FRS,${a.operands}`, properties, store(8, a.address, fpr('FRS'))),
    insn(update[0], a.form, update[1], `FRS,${a.operands}`, updating(properties), updated),
  ];
};

/** Type 2 prefixes: modified load or store. */
const prefixed = (PO: number): Opcode => ({ PPO: 1, PTYPE: 2, PST: 0, PO });
const PREFIXED = { level: 'v3.1', invalid: relativeWithBase } as const;

export const FLOAT_LOAD_STORE_ROWS: readonly InsnRow[] = [
  ...loads(D, ['lfd', { PO: 50 }], ['lfdu', { PO: 51 }]),
  ...loads(X, ['lfdx', { PO: 31, XO: 599 }], ['lfdux', { PO: 31, XO: 631 }]),
  ...stores(D, ['stfd', { PO: 54 }], ['stfdu', { PO: 55 }]),
  ...stores(X, ['stfdx', { PO: 31, XO: 727 }], ['stfdux', { PO: 31, XO: 759 }]),
  insn(
    'lfiwax', 'X', { PO: 31, XO: 855 }, 'FRT,RA,RB', loading('v2.05'),
    setFpr('FRT', load(4, indexed, { signed: true })),
  ),
  insn('lfiwzx', 'X', { PO: 31, XO: 887 }, 'FRT,RA,RB', loading('v2.06'), setFpr('FRT', load(4, indexed))),
  insn('stfiwx', 'X', { PO: 31, XO: 983 }, 'FRS,RA,RB', storing('PPC'), store(4, indexed, fpr('FRS'))),
  insn(
    'plfd', 'MLS:D', prefixed(50), 'FRT,D(RA),R', { ...loading('v3.1'), ...PREFIXED },
    setFpr('FRT', load(8, prefixedAddress)),
  ),
  insn(
    'pstfd', 'MLS:D', prefixed(54), 'FRS,D(RA),R', { ...storing('v3.1'), ...PREFIXED },
    store(8, prefixedAddress, fpr('FRS')),
  ),
]; // prettier-ignore
