/** A table entry of a walk, field by field: which fields it has follows from what it is. */
import { PATE0_HPT, PATE0_RADIX, PATE1 } from '../../../isa/tables/partition-table';
import { PRTE0_RADIX } from '../../../isa/tables/process-table';
import { HASH_PAGE_SIZES, HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { PDE, PTE } from '../../../isa/tables/radix';
import { SEGMENT_SIZES, SLBE, SLBV } from '../../../isa/tables/slb-entry';
import { get, has, type Field } from '../../core/bits';
import type { WalkEntryKind, WalkEvent, WalkStep } from '../events/walk';

type Fields = Readonly<Record<string, Field>>;

/** Where entries of a hashed page table have what moved in v3.0. */
export type HpteFormat = 'v2.07' | 'v3.0';

/** The format of a walk's entries: before v3.0 there was no partition table. */
export const formatOf = ({ steps }: Pick<WalkEvent, 'steps'>): HpteFormat =>
  steps.some(({ what }) => what === 'HPTE') && !steps.some(({ what }) => what === 'PATE') ? 'v2.07' : 'v3.0';

const { B, AVPN, AVPN_V3, SW, L, H, V } = HPTE0;
const { PP0, KEY_HIGH, B_V3, RPN, RPN_V3, KEY_LOW, R, C, WIMG, N, PP } = HPTE1;
const HPTE: Readonly<Record<HpteFormat, readonly Fields[]>> = {
  'v2.07': [
    { B, AVPN, SW, L, H, V },
    { PP0, KEY_HIGH, RPN, KEY_LOW, R, C, WIMG, N, PP },
  ],
  'v3.0': [
    { AVPN: AVPN_V3, SW, L, H, V },
    { PP0, KEY_HIGH, B: B_V3, RPN: RPN_V3, KEY_LOW, R, C, WIMG, N, PP },
  ],
};

/** By segment size: a segment of 1 TiB counts less of ESID and VSID. */
const { KS, KP } = SLBV;
const SLB: readonly (readonly Fields[])[] = [SLBE.ESID, SLBE.ESID_1T].map((ESID, size) => [
  { ESID, V: SLBE.V },
  {
    B: SLBV.B,
    VSID: size === 0 ? SLBV.VSID : SLBV.VSID_1T,
    KS,
    KP,
    N: SLBV.N,
    L: SLBV.L,
    C: SLBV.C,
    LP: SLBV.LP,
  },
]);

/** The fields of each kind of entry by doubleword. */
const LAYOUTS: Readonly<Record<WalkEntryKind, (step: WalkStep, format: HpteFormat) => readonly Fields[]>> = {
  PATE: ({ value }) => [has(value, PATE0_RADIX.HR) ? PATE0_RADIX : PATE0_HPT, PATE1],
  PRTE: () => [PRTE0_RADIX],
  PDE: () => [PDE],
  PTE: () => [PTE],
  SLBE: ({ value1 = 0n }) => SLB[get(value1, SLBV.B) === 1n ? 1 : 0]!,
  HPTE: (_, format) => HPTE[format],
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
export function entryFields(step: WalkStep, format: HpteFormat): EntryField[] {
  if (!Object.hasOwn(LAYOUTS, step.what)) return [];
  const words = [step.value, step.value1];
  return LAYOUTS[step.what](step, format).flatMap((fields, i) => {
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
const ADDRESSES = new Set(['RPDB', 'PRTB', 'NLB', 'RPN', 'HTABORG', 'ESID']);
const GLANCE: Readonly<Record<WalkEntryKind, readonly string[]>> = {
  PATE: ['HR', 'RPDB', 'RPDS', 'HTABORG', 'HTABSIZE', 'GR', 'PRTB', 'PRTS'],
  PRTE: ['RPDB', 'RPDS'],
  PDE: ['NLB', 'NLS'],
  PTE: ['RPN', 'R', 'C', 'ATT', 'EAA'],
  SLBE: ['ESID', 'VSID', 'KS', 'KP', 'N'],
  HPTE: ['AVPN', 'H', 'RPN', 'R', 'C', 'PP'],
  STE: [],
};

/** The fields that matter at a glance: `NLB=0x12000 NLS=9`. */
export function entryGlance(step: WalkStep, format: HpteFormat): string {
  const wanted = Object.hasOwn(GLANCE, step.what) ? GLANCE[step.what] : [];
  const shown = entryFields(step, format)
    .filter(({ name }) => wanted.includes(name))
    .map(({ name, value, inPlace }) =>
      ADDRESSES.has(name)
        ? `${name}=0x${inPlace.toString(16)}`
        : `${name}=${value > 9n ? '0x' : ''}${value.toString(16)}`,
    );
  return [...shown, ...(step.what === 'SLBE' ? sizesOf(step) : [])].join(' ');
}

/** Segment and base page size of an SLB entry, where they are not reserved. */
function sizesOf({ value1 = 0n }: WalkStep): string[] {
  const segment = SEGMENT_SIZES[Number(get(value1, SLBV.B))];
  const llp = Number((get(value1, SLBV.L) << BigInt(SLBV.LP.width)) | get(value1, SLBV.LP));
  const base = HASH_PAGE_SIZES.find((size) => size.llp === llp);
  return [
    `segment=${segment === undefined ? 'reserved' : sizeText(segment)}`,
    `page=${base === undefined ? 'reserved' : sizeText(base.shift)}`,
  ];
}

/** log2 of bytes as people say it: `4K`, `2M`, `1G`. */
export function sizeText(shift: number): string {
  if (!Number.isInteger(shift) || shift < 0 || shift > 63) return `2^${shift}`;
  const units = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
  const unit = Math.floor(shift / 10);
  return `${2 ** (shift - unit * 10)}${units[unit]}`;
}
