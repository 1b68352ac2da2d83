/** The state of one hashed translation beside the translation context: segment, table, what is searched, what was found. */
import { BASE_SIZES, type BaseSize } from './page-sizes';
import type { HashPolicy } from './policy';
import { SegmentMemo } from './segment-memo';

/** Index of the segment that is in no SLB entry: the virtual real mode area. */
export const IMPLICIT_ENTRY = -1;

export class HashWalk {
  readonly segments = new SegmentMemo();
  /** The segment: entry of the SLB, VSID word, segment and page size. */
  entry = IMPLICIT_ENTRY;
  vsidHi = 0;
  vsidLo = 0;
  /** B of the segment: 0 for 256 MiB, 1 for 1 TiB. */
  segmentSize = 0;
  base: BaseSize = BASE_SIZES[0]!;

  /** Page size encoding of the virtual real mode area, L || LP. */
  realLlp = 0;

  /** The table: host real address of its first group, mask of a group's number. */
  tableHi = 0;
  tableLo = 0;
  groupsHi = 0;
  groupsLo = 0;

  /** The hash, 39 bits. */
  hashHi = 0;
  hashLo = 0;
  /** What an entry must be: doubleword 0 (V and AVPN, H of the primary hash), segment size in doubleword 1. */
  wantHi = 0;
  wantLo = 0;
  wantSize = 0;

  /** How many entries match, and the first: its address, whether that is in the primary group, doubleword 1, log2 of its page. */
  matches = 0;
  at = 0;
  isPrimary = false;
  valueHi = 0;
  valueLo = 0;
  actualShift = 0;

  /** What protection leaves: a set of RIGHT bits. */
  rights = 0;

  constructor(readonly policy: HashPolicy) {}
}
