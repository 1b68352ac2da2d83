/**
 * Floating-point loads and stores: doublewords and words as integers, whose bits stay as they are, singles, which change
 * their format, and pairs of doublewords (Power ISA Book I, 4.6.2 to 4.6.4).
 */
import {
  add,
  and,
  eqz,
  field,
  i32,
  i64,
  load,
  mode,
  ne,
  op,
  or,
  select,
  vsr,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { doubleToSingle, fpr, setFpr, singleToDouble } from '../vocabulary/float';
import type { FormName } from '../vocabulary/forms';
import { dispD, dispDS, displaced } from '../vocabulary/patterns';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { def, setGpr, setVsr, store, type Sem } from '../vocabulary/stmt';
import { vector } from '../vocabulary/vector';
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

/** What is in storage, and how it becomes what is in the register and the other way. */
interface Format {
  readonly load: (ea: I64, body: (value: I64) => Sem) => Sem;
  readonly store: (ea: I64, value: I64) => Sem;
}
const DOUBLE: Format = {
  load: (ea, body) => def(load(8, ea), body),
  store: (ea, value) => store(8, ea, value),
};
const SINGLE: Format = {
  load: (ea, body) => def(load(4, ea), (word) => singleToDouble(word, body)),
  store: (ea, value) => doubleToSingle(value, (word) => store(4, ea, word)),
};

const loadPlain = (format: Format, ea: I64): Sem => format.load(ea, (value) => setFpr('FRT', value));
const storePlain = (format: Format, ea: I64): Sem => format.store(ea, fpr('FRS'));

/** A load and the one with update. */
const loads = (
  format: Format,
  a: Addressing,
  plain: [string, Opcode],
  update: [string, Opcode],
): InsnRow[] => {
  const properties = loading('P1');
  const updated: Sem = atEffective(a.address, (ea) =>
    format.load(ea, (value) => [setFpr('FRT', value), setGpr('RA', ea)]),
  );
  return [
    insn(plain[0], a.form, plain[1], `FRT,${a.operands}`, properties, loadPlain(format, a.address)),
    insn(update[0], a.form, update[1], `FRT,${a.operands}`, updating(properties), updated),
  ];
};

/** A store and the one with update. */
const stores = (
  format: Format,
  a: Addressing,
  plain: [string, Opcode],
  update: [string, Opcode],
): InsnRow[] => {
  const properties = storing('P1');
  const updated = atEffective(a.address, (ea) => [format.store(ea, fpr('FRS')), setGpr('RA', ea)]);
  return [
    insn(plain[0], a.form, plain[1], `FRS,${a.operands}`, properties, storePlain(format, a.address)),
    insn(update[0], a.form, update[1], `FRS,${a.operands}`, updating(properties), updated),
  ];
};

/**
 * Pairs: the even register is the more significant half of a quadword, so that in little-endian storage it comes last.
 * An odd number is an invalid form.
 */
const isOdd = (name: string): I32 => ne(and(field(name), i32(1)), i32(0));
const odd = (name: string): I32 => or(field(name), i32(1));
const fprNumber = (index: I32): I64 => op('v128.dw0', vsr(index));
const halves = (ea: I64): { even: I64; odd: I64 } => ({
  even: add(ea, select(mode('le'), i64(8), i64(0))),
  odd: add(ea, select(mode('le'), i64(0), i64(8))),
});
const loadPair = (address: I64): Sem =>
  def(address, (ea) =>
    def(load(8, halves(ea).even), (high) =>
      def(load(8, halves(ea).odd), (low) => [
        setVsr('FRTp', vector(high, i64(0))),
        setVsr(odd('FRTp'), vector(low, i64(0))),
      ]),
    ),
  );
const storePair = (address: I64): Sem =>
  def(address, (ea) => [
    store(8, halves(ea).even, fprNumber(field('FRSp'))),
    store(8, halves(ea).odd, fprNumber(odd('FRSp'))),
  ]);
const pair = (properties: RowProperties, name: string): RowProperties => ({
  ...properties,
  invalid: isOdd(name),
});

/** Type 2 prefixes: modified load or store. */
const prefixed = (PO: number): Opcode => ({ PPO: 1, PTYPE: 2, PST: 0, PO });
const PREFIXED = { level: 'v3.1', invalid: relativeWithBase } as const;

export const FLOAT_LOAD_STORE_ROWS: readonly InsnRow[] = [
  ...loads(SINGLE, D, ['lfs', { PO: 48 }], ['lfsu', { PO: 49 }]),
  ...loads(SINGLE, X, ['lfsx', { PO: 31, XO: 535 }], ['lfsux', { PO: 31, XO: 567 }]),
  ...stores(SINGLE, D, ['stfs', { PO: 52 }], ['stfsu', { PO: 53 }]),
  ...stores(SINGLE, X, ['stfsx', { PO: 31, XO: 663 }], ['stfsux', { PO: 31, XO: 695 }]),
  ...loads(DOUBLE, D, ['lfd', { PO: 50 }], ['lfdu', { PO: 51 }]),
  ...loads(DOUBLE, X, ['lfdx', { PO: 31, XO: 599 }], ['lfdux', { PO: 31, XO: 631 }]),
  ...stores(DOUBLE, D, ['stfd', { PO: 54 }], ['stfdu', { PO: 55 }]),
  ...stores(DOUBLE, X, ['stfdx', { PO: 31, XO: 727 }], ['stfdux', { PO: 31, XO: 759 }]),
  insn(
    'lfiwax', 'X', { PO: 31, XO: 855 }, 'FRT,RA,RB', loading('v2.05'),
    setFpr('FRT', load(4, indexed, { signed: true })),
  ),
  insn('lfiwzx', 'X', { PO: 31, XO: 887 }, 'FRT,RA,RB', loading('v2.06'), setFpr('FRT', load(4, indexed))),
  insn('stfiwx', 'X', { PO: 31, XO: 983 }, 'FRS,RA,RB', storing('PPC'), store(4, indexed, fpr('FRS'))),
  insn('lfdp', 'DS', { PO: 57, XO: 0 }, 'FRTp,DS(RA)', pair(loading('v2.05'), 'FRTp'), loadPair(displaced(dispDS))),
  insn('lfdpx', 'X', { PO: 31, XO: 791 }, 'FRTp,RA,RB', pair(loading('v2.05'), 'FRTp'), loadPair(indexed)),
  insn('stfdp', 'DS', { PO: 61, XO: 0 }, 'FRSp,DS(RA)', pair(storing('v2.05'), 'FRSp'), storePair(displaced(dispDS))),
  insn('stfdpx', 'X', { PO: 31, XO: 919 }, 'FRSp,RA,RB', pair(storing('v2.05'), 'FRSp'), storePair(indexed)),
  insn(
    'plfs', 'MLS:D', prefixed(48), 'FRT,D(RA),R', { ...loading('v3.1'), ...PREFIXED },
    loadPlain(SINGLE, prefixedAddress),
  ),
  insn(
    'pstfs', 'MLS:D', prefixed(52), 'FRS,D(RA),R', { ...storing('v3.1'), ...PREFIXED },
    storePlain(SINGLE, prefixedAddress),
  ),
  insn(
    'plfd', 'MLS:D', prefixed(50), 'FRT,D(RA),R', { ...loading('v3.1'), ...PREFIXED },
    setFpr('FRT', load(8, prefixedAddress)),
  ),
  insn(
    'pstfd', 'MLS:D', prefixed(54), 'FRS,D(RA),R', { ...storing('v3.1'), ...PREFIXED },
    store(8, prefixedAddress, fpr('FRS')),
  ),
]; // prettier-ignore
