/** A table entry of a walk, field by field: which fields it has follows from what it is. */
import { PATE0_HPT, PATE0_RADIX, PATE1 } from '../../../isa/tables/partition-table';
import { PRTE0_RADIX } from '../../../isa/tables/process-table';
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { PDE, PTE } from '../../../isa/tables/radix';
import { SLBE, SLBV } from '../../../isa/tables/slb-entry';
import { get, has, type Field } from '../../core/bits';
import type { WalkEntryKind, WalkStep } from '../events/walk';

type Fields = Readonly<Record<string, Field>>;

/** The fields of each kind of entry by doubleword. */
const LAYOUTS: Readonly<Record<WalkEntryKind, (value: bigint) => readonly Fields[]>> = {
  PATE: (value) => [has(value, PATE0_RADIX.HR) ? PATE0_RADIX : PATE0_HPT, PATE1],
  PRTE: () => [PRTE0_RADIX],
  PDE: () => [PDE],
  PTE: () => [PTE],
  SLBE: () => [SLBE, SLBV],
  HPTE: () => [HPTE0, HPTE1],
  STE: () => [],
};

export interface EntryField {
  readonly name: string;
  /** Right-aligned. */
  readonly value: bigint;
  /** Where the field is: for an address field, the address itself. */
  readonly inPlace: bigint;
}

/** Every field of the entry with its value, in the order of the table's declaration; none for an unknown kind. */
export function entryFields(step: WalkStep): EntryField[] {
  if (!Object.hasOwn(LAYOUTS, step.what)) return [];
  const words = [step.value, step.value1];
  return LAYOUTS[step.what](step.value).flatMap((fields, i) => {
    const word = words[i];
    if (word === undefined) return [];
    return Object.entries(fields).map(([name, field]) => ({
      name,
      value: get(word, field),
      inPlace: word & field.mask,
    }));
  });
}

/** What one glance needs: bases as addresses, then the rest. */
const ADDRESSES = new Set(['RPDB', 'PRTB', 'NLB', 'RPN', 'RPN_V3', 'HTABORG']);
const GLANCE: Readonly<Record<WalkEntryKind, readonly string[]>> = {
  PATE: ['HR', 'RPDB', 'RPDS', 'HTABORG', 'GR', 'PRTB', 'PRTS'],
  PRTE: ['RPDB', 'RPDS'],
  PDE: ['NLB', 'NLS'],
  PTE: ['RPN', 'R', 'C', 'ATT', 'EAA'],
  SLBE: ['ESID', 'B', 'VSID', 'KS', 'KP', 'N'],
  HPTE: ['AVPN', 'V', 'RPN', 'R', 'C', 'PP'],
  STE: [],
};

/** The fields that matter at a glance: `NLB=0x12000 NLS=9`. */
export function entryGlance(step: WalkStep): string {
  const wanted = Object.hasOwn(GLANCE, step.what) ? GLANCE[step.what] : [];
  const shown = entryFields(step).filter(({ name }) => wanted.includes(name));
  return shown
    .map(({ name, value, inPlace }) =>
      ADDRESSES.has(name)
        ? `${name}=0x${inPlace.toString(16)}`
        : `${name}=${value > 9n ? '0x' : ''}${value.toString(16)}`,
    )
    .join(' ');
}
