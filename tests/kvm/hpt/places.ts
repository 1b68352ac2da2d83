/** What the pages of a random guest may be: their places and sizes, their memory, their keys and protection. */
import { segment1T, segment256M } from './support';

export const PAGE = 0x1_0000;

/** Places where the guest may have a page: segment and sizes are the place's. */
export interface Place {
  readonly ea: bigint;
  readonly segment: bigint;
  readonly base: number;
  readonly actual: number;
}

const KP = 0x400n;
const places = (count: number, make: (i: number) => Place): Place[] =>
  Array.from({ length: count }, (_, i) => make(i));
export const PLACES: readonly Place[] = [
  ...places(8, (i) => ({
    ea: 0x1000_0000n + BigInt(i) * 0x1000n,
    segment: segment256M(0x101n, 12, KP),
    base: 12,
    actual: 12,
  })),
  ...places(6, (i) => ({
    ea: 0x2000_0000n + BigInt(i * PAGE),
    segment: segment256M(0x102n, 16, KP),
    base: 16,
    actual: 16,
  })),
  ...places(4, (i) => ({
    ea: 0x3000_0000n + BigInt(i * PAGE),
    segment: segment256M(0x103n, 12, KP),
    base: 12,
    actual: 16,
  })),
  ...places(6, (i) => ({
    ea: 0x100_0000_0000n + BigInt(i) * 0x90_1000n,
    segment: segment1T(0x55n, 12, KP),
    base: 12,
    actual: 12,
  })),
];

/** Slot 1, where it is first and where it moves to, and a place where there is never memory. */
export const SLOT1 = { bytes: 16 * PAGE, homes: [0x1000_0000n, 0x2000_0000n] } as const;
export const SLOT0_PAGES = 0x10_0000n;
export const HOLE = 0x4000_0000n;
/** Key 5 denies stores, key 9 loads, key 24 fetches. */
export const AMR = (2n << 52n) | (1n << 44n);
export const IAMR = 1n << 14n;
export const KEYED: readonly Readonly<Record<'load' | 'store' | 'fetch', boolean> & { bits: bigint }>[] = [
  { bits: 0xa00n, store: true, load: false, fetch: false },
  { bits: (1n << 60n) | 0x200n, store: false, load: true, fetch: false },
  { bits: 3n << 60n, store: false, load: false, fetch: true },
];
/** What PP grants: kernel and program, store. */
export const PP: readonly {
  readonly bits: bigint;
  readonly may: (program: boolean, store: boolean) => boolean;
}[] = [
  { bits: 0n, may: (program) => !program },
  { bits: 1n, may: (program, store) => !(program && store) },
  { bits: 2n, may: () => true },
  { bits: 3n, may: (_program, store) => !store },
  { bits: (1n << 63n) | 2n, may: (program, store) => !program && !store },
];
