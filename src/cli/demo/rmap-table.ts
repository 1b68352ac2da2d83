/** The reverse map at several moments side by side: a row for each entry that is not the same at all of them. */
import type { Chalk } from 'chalk';
import { guestName, hex } from './guests';
import type { Moment } from './play';

interface Row {
  readonly gfn: number;
  readonly lpid: number;
  readonly nGpa: number;
  /** `live`, `stale`, or nothing, at each moment. */
  readonly states: (string | undefined)[];
}

/** By frame, newest entry first, as they were when a row was first seen. */
function rowsOf(moments: readonly Moment[]): Row[] {
  const rows = new Map<string, Row>();
  moments.forEach(({ rmap }, moment) => {
    for (const { gfn, entries } of rmap.lists)
      for (const { lpid, nGpa, state } of entries) {
        const key = `${gfn} ${lpid} ${nGpa}`;
        const row = rows.get(key) ?? { gfn, lpid, nGpa, states: moments.map(() => undefined) };
        row.states[moment] = state;
        rows.set(key, row);
      }
  });
  return [...rows.values()].sort((a, b) => a.gfn - b.gfn);
}

const TEXT_COLUMNS = 22;

/** The table's lines: the entries that change, and how many others there are. */
export function rmapTable(moments: readonly Moment[], paint: Chalk): string[] {
  // No blanks at the end of a line.
  const widths = moments.map(({ title }, i) => (i === moments.length - 1 ? 0 : title.length));
  const cell = (text: string, i: number): string => text.padEnd(widths[i]!);
  const tint = (text: string): string =>
    text.startsWith('live')
      ? paint.green(text)
      : text.startsWith('stale')
        ? paint.red(text)
        : paint.dim(text);
  const head = 'frame  guest, its page'.padEnd(TEXT_COLUMNS);
  const rows = rowsOf(moments);
  const changed = rows.filter(({ states }) => states.some((state) => state !== states[0]));
  return [
    paint.dim([head, ...moments.map(({ title }) => title)].join('  ')),
    ...changed.map(({ gfn, lpid, nGpa, states }) =>
      [
        `${hex(gfn).padStart(5)}  ${guestName(lpid)} ${hex(nGpa)}`.padEnd(TEXT_COLUMNS),
        ...states.map((state, i) => tint(cell(state ?? '-', i))),
      ].join('  '),
    ),
    paint.dim(`       and ${rows.length - changed.length} that stay as they are`),
  ];
}
