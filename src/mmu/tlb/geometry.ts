/**
 * Sizes of the architected translation caches by CPU model. Set counts of POWER are what software loops over with
 * tlbiel; associativity and the walk caches are not published: those are choices and say so.
 */

export interface CacheGeometry {
  /** A power of two. */
  readonly sets: number;
  readonly ways: number;
}

export interface TlbGeometry {
  readonly tlb: CacheGeometry;
  /** The same for hashed translation; absent where there is none. */
  readonly hashTlb?: CacheGeometry;
  /** What a tlbiel of a whole context takes: the congruence class that it names, or all of them. */
  readonly tlbiel: 'class' | 'all';
  /** Page sizes (log2) that an entry may have; a larger page takes entries of the largest that fits. */
  readonly pageShifts: readonly number[];
  /** How the set is found: low bits of the page number, or Microwatt's hash of address and PID. */
  readonly index: 'page' | 'hash';
  readonly pageWalkCache: CacheGeometry;
  /** Page directory entries that are cached: log2 of the bytes that they map, the smallest first. */
  readonly directoryShifts: readonly number[];
  readonly processTable: CacheGeometry;
  readonly partitionTable: CacheGeometry;
}

const RADIX_SHIFTS = [12, 16, 21, 30];
const DIRECTORY_SHIFTS = [21, 30, 39];

const POWER9: TlbGeometry = {
  // 128 congruence classes (Linux loops over them); choice: 8 ways, 1024 entries.
  tlb: { sets: 128, ways: 8 },
  hashTlb: { sets: 256, ways: 4 },
  tlbiel: 'class',
  pageShifts: RADIX_SHIFTS,
  index: 'page',
  // choice: sizes of the walk caches.
  pageWalkCache: { sets: 16, ways: 4 },
  directoryShifts: DIRECTORY_SHIFTS,
  processTable: { sets: 1, ways: 16 },
  partitionTable: { sets: 1, ways: 8 },
};

export const TLB_GEOMETRIES: Readonly<Record<'power8' | 'power9' | 'power10' | 'microwatt', TlbGeometry>> = {
  power8: { ...POWER9, tlb: { sets: 512, ways: 4 }, hashTlb: { sets: 512, ways: 4 } },
  power9: POWER9,
  // choice: 4096 entries in 8 ways.
  power10: { ...POWER9, tlb: { sets: 512, ways: 8 }, hashTlb: { sets: 1, ways: 64 }, tlbiel: 'all' },
  // The second-level TLB and the walk cache of its MMU; the first level is cleared with them and adds nothing to see.
  microwatt: {
    tlb: { sets: 64, ways: 4 },
    tlbiel: 'all',
    pageShifts: [12],
    index: 'hash',
    pageWalkCache: { sets: 64, ways: 4 },
    directoryShifts: DIRECTORY_SHIFTS,
    processTable: { sets: 1, ways: 1 },
    partitionTable: { sets: 1, ways: 1 },
  },
};
