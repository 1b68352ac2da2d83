/** Lines of text from what describe.ts and describe-hpt.ts say; plain, without colours. */
import { hex0x } from '../../core/u64';
import type { SlbRow } from './describe';
import { sizeText, type HpteRow, type HptDescription } from './describe-hpt';

const hex = (value: bigint, digits: number): string => value.toString(16).toUpperCase().padStart(digits, '0');
const size = (shift: number | undefined): string => sizeText(shift ?? 0);

/** `Ks Kp N C1`, with `-` for what is not set. */
const flagsText = ({ ks, kp, noExecute, class: c }: SlbRow): string =>
  `${ks ? 'Ks' : '--'} ${kp ? 'Kp' : '--'} ${noExecute ? 'N' : '-'} C${c}`;

const overlapText = ({ overlaps }: SlbRow): string =>
  overlaps.length === 0 ? '' : `  overlaps ${overlaps.join(', ')}: machine check where they meet`;

const segmentText = (row: SlbRow): string =>
  `${hex(row.first, 16)}-${hex(row.last, 16)} ${size(row.segmentShift).padStart(4)} VSID ${hex(row.vsid, 13)} ` +
  `pages ${size(row.basePageShift).padEnd(3)} ${flagsText(row)}`;

/** One line an entry: index, words, what they mean. */
export const slbText = (rows: readonly SlbRow[]): string[] =>
  rows.map((row) => {
    const words = `${String(row.index).padStart(2)}  ${hex(row.esidWord, 16)} ${hex(row.vsidWord, 16)}`;
    return `${words}  ${row.valid ? segmentText(row) : 'invalid'}${overlapText(row)}`;
  });

/** One line a segment, with the entry that it is in. */
export const segmentsText = (rows: readonly SlbRow[]): string[] =>
  rows.map((row) => `${segmentText(row)}  entry ${row.index}${overlapText(row)}`);

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;

/** Table and statistics, then one line an entry. */
export function hptText({ table, statistics, entries, omitted }: HptDescription): string[] {
  const whose = table.lpid === undefined ? table.from : `${table.from} of LPID ${table.lpid}`;
  const place = `${whose}: ${size(table.shift)} at ${hex0x(table.base)}, ${table.groups} groups`;
  const { valid, slots, loadFactor, secondary, fullGroups, longestProbe, unreachable } = statistics;
  const sizes = Object.entries(statistics.pageSizes).map(([name, count]) => `${count} of ${name}`);
  return [
    table.problem === undefined ? place : `${place}; ${table.problem}`,
    `${valid} of ${slots} slots valid (load factor ${percent(loadFactor)}), ${secondary} by secondary hash, ` +
      `${fullGroups} groups full, longest probe ${longestProbe}`,
    ...(sizes.length === 0 ? [] : [`pages: ${sizes.join(', ')}`]),
    ...(unreachable === 0 ? [] : [`${unreachable} valid entries that no search finds`]),
    ...entries.map(entryText),
    ...(omitted === 0 ? [] : [`${omitted} more entries not listed`]),
  ];
}

const WIMG_LETTERS = ['W', 'I', 'M', 'G'];
const wimgText = (wimg: number): string =>
  WIMG_LETTERS.map((letter, i) => ((wimg >> (3 - i)) & 1 ? letter : '-')).join('');

function entryText(row: HpteRow): string {
  const flags =
    (row.referenced ? 'R' : '-') +
    (row.changed ? 'C' : '-') +
    ' ' +
    wimgText(row.wimg) +
    (row.noExecute ? ' N' : ' -');
  const where = `${hex(BigInt(row.at), 8)} ${row.hash === 'primary' ? 'P' : 'S'}${row.group}.${row.slot}`;
  const pages = `${size(row.basePageShift)}/${size(row.pageShift)}`;
  const eas = row.eas.map((ea) => ` EA ${hex(ea, 16)}`).join('');
  return (
    `${where}  VA ${hex(row.va, 17)} -> RA ${hex(row.ra, 15)}  ${pages.padEnd(8)} pp ${row.pp
      .toString(2)
      .padStart(3, '0')} key ${row.keyClass} ${flags}${eas}` + (row.problem ? `  ${row.problem}` : '')
  );
}
