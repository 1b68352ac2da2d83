/**
 * Which radix trees an implementation walks: sizes of the tree, of the tables at each level, and levels that may
 * hold leaves, as data.
 */
import { SMALLEST_PAGE_SHIFT } from '../../../isa/tables/radix';

/** A constant of this module need not be loaded in a walk's loop; one of another module's exports is. */
const SMALLEST_SHIFT: number = SMALLEST_PAGE_SHIFT;

export interface RadixGeometry {
  /** Bit n set: RTS = n is supported. */
  readonly treeSizes: number;
  /** By level, the root being 0. Bit n set: a table of 2^n entries is supported there; 0: there is no such level. */
  readonly tableSizes: readonly number[];
  /** By level: a leaf may be there. */
  readonly leaves: readonly boolean[];
  /** RPDS = 0: software's way to say that there is no tree, or a bad tree like any other. */
  readonly emptyRoot: 'noTranslation' | 'badTree';
  /** Effective address bits that must be 0: EA[2:11] before any table is read, or those above this tree. */
  readonly segmentCheck: 'fixed' | 'tree';
}

function sizes(...log2: number[]): number {
  return log2.reduce((set, n) => set | (1 << n), 0);
}

/**
 * POWER9 and POWER10 (user's manuals): 52-bit trees, 13-9-9-9 or 13-9-9-5. QEMU also takes a leaf in the root
 * directory (512 GiB); silicon has only 4K, 64K, 2M and 1G pages, and so have we.
 */
export const POWER9_GEOMETRY: RadixGeometry = {
  treeSizes: sizes(21),
  tableSizes: [sizes(13), sizes(9), sizes(9), sizes(9, 5), 0],
  leaves: [false, true, true, true],
  emptyRoot: 'badTree',
  segmentCheck: 'fixed',
};

/** Tables of 2^5 to 2^16 entries. */
const ANY_SIZE = sizes(5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
/** A tree translates at most 2^62 bytes and a level at least 5 bits: no tree that consumes address bits is deeper. */
const MOST_LEVELS = 10;

/** What the format allows, as Microwatt implements it: any consistent tree, a leaf at any level. */
export const ISA_GEOMETRY: RadixGeometry = {
  treeSizes: -1,
  tableSizes: [...Array<number>(MOST_LEVELS).fill(ANY_SIZE), 0],
  leaves: Array<boolean>(MOST_LEVELS).fill(true),
  emptyRoot: 'noTranslation',
  segmentCheck: 'tree',
};

/**
 * True where a table of 2^`log2Entries` entries is among `supported` sizes and leaves at least the smallest page's
 * offset of the address: `shift` bits are left below it.
 */
export function permitsTable(supported: number, log2Entries: number, shift: number): boolean {
  return ((supported >>> log2Entries) & 1) !== 0 && shift >= SMALLEST_SHIFT;
}
