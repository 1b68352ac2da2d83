/** A leaf of one of the three trees as data for people: L1's for its nested guest, L0's for L1, the shadow tree's. */
import { ATT, PTE } from '../../../isa/tables/radix';
import { get, has, type Field } from '../../core/bits';

/** What {@link leafView} makes of a leaf. */
export interface LeafView {
  readonly pte: bigint;
  /** log2 of the page. */
  readonly shift: number;
  /** Where the entry is: host real, for L1's leaf real in L1. */
  readonly at: number;
  /** `rwxRC` with `-` for what is not set. */
  readonly bits: string;
  /** Storage attribute. */
  readonly attribute: string;
}

/** The permission, reference and change bits by the letters that they are shown with. */
export const LEAF_BITS = {
  r: PTE.READ,
  w: PTE.WRITE,
  x: PTE.EXECUTE,
  R: PTE.R,
  C: PTE.C,
} as const satisfies Record<string, Field>;
export type LeafBit = keyof typeof LEAF_BITS;
export const LEAF_BIT_NAMES = Object.keys(LEAF_BITS) as LeafBit[];

const bitsText = (pte: bigint): string =>
  LEAF_BIT_NAMES.map((bit) => (has(pte, LEAF_BITS[bit]) ? bit : '-')).join('');

export const attributeText = (pte: bigint): string => ATT[Number(get(pte, PTE.ATT))]!.name;

export const leafView = ({ pte, shift, at }: { pte: bigint; shift: number; at: number }): LeafView => ({
  pte,
  shift,
  at,
  bits: bitsText(pte),
  attribute: attributeText(pte),
});

/** Host real address of the byte that a leaf maps an address to. */
export const hostOf = (pte: bigint, shift: number, address: number): number =>
  Number(pte & PTE.RPN.mask) + (address % 2 ** shift);
