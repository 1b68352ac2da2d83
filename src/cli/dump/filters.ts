/** Options of `book3s dump` that only some subjects take; which ones is said by the subjects. */
import type { Options } from 'yargs';
import { defined, flag, parsed, value, type Parsed } from '../options';
import { parseAddressRange, parseCount } from '../values';

export const FILTERS: Readonly<Record<string, Options>> = {
  ea: value('slb, segments, hpt: only what has this effective address'),
  vsid: value('slb, segments, hpt: only this virtual segment: 0x12345'),
  ra: value('hpt: only the pages that have this real address'),
  group: value('hpt: only the entries of this group'),
  gfn: value('rmap: only these frames of L1: 0x40, 0x40-0x4f'),
  lpid: value(
    "hpt: the table of this partition (default: LPIDR's); rmap, shadow: L1's LPID of the nested guest",
  ),
  limit: value(
    'hpt, rmap, shadow, nested, partition-table, check: list at most this many entries and say how many are left out ' +
      '(default: 4096; radix: all); 0 for the totals alone',
  ),
  invalid: flag('slb: also entries that are not valid'),
  trees: flag('memslots: also the shape of the trees'),
  stale: flag('check: also shadow entries that L1 has made stale and not invalidated, which is legal'),
};

/** Entries that are listed where nobody says how many. */
const DEFAULT_LIMIT = 4096;

/** Largest number that a partition can have. */
const MAX_LPID = 0xfff;

export const limitOf = (argv: Parsed): number =>
  parsed(argv, 'limit', (option, text) => parseCount(option, text)) ?? DEFAULT_LIMIT;

/** `{ lpid }` where one is asked for. */
export const lpidOf = (argv: Parsed): { readonly lpid?: number } =>
  defined(
    'lpid',
    parsed(argv, 'lpid', (option, text) => parseCount(option, text, { max: MAX_LPID })),
  );

/** `{ gfn }` where frames are asked for. */
export function gfnOf(argv: Parsed): { readonly gfn?: { readonly from: number; readonly to: number } } {
  const range = parsed(argv, 'gfn', parseAddressRange);
  return range ? { gfn: { from: Number(range.from), to: Number(range.to) } } : {};
}
