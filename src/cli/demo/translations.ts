/** A short table of how the nested guests' addresses were translated: a row for each page, with its uses since. */
import type { Chalk } from 'chalk';
import type { WalkEvent } from '../../trace/events/walk';
import type { NestedEnterEvent } from '../../trace/events/nested';
import { sizeText } from '../../trace/sinks/text-walk';
import { guestName } from './guests';
import type { DemoEvent } from './play';

const COLUMNS = [
  't',
  'access',
  'guest',
  'EA',
  'L2 real',
  'host real',
  'page',
  'levels',
  'reads',
  'TLB hits',
] as const;
const WIDTHS = [6, 6, 8, 8, 8, 9, 4, 6, 5, 8] as const;
const TEXT_COLUMNS = [1, 2];

const line = (cells: readonly string[]): string =>
  cells
    .map((cell, i) => (TEXT_COLUMNS.includes(i) ? cell.padEnd(WIDTHS[i]!) : cell.padStart(WIDTHS[i]!)))
    .join('  ');
const hex = (value: bigint | undefined): string => (value === undefined ? '-' : value.toString(16));

/** A walk and how often its translation was used again. */
interface Row {
  readonly walk: WalkEvent;
  readonly lpid: number;
  hits: number;
}

/** Translations of one page in one context: the TLB does not distinguish kinds of access. */
const pageOf = (walk: WalkEvent): string =>
  [walk.mode, walk.effLPID, walk.effPID, walk.ea >> PAGE_SHIFT].join();
const PAGE_SHIFT = 12n;

/** Walks of nested guests that gave a translation, up to the first invalidation. */
function rowsOf(events: readonly DemoEvent[]): Row[] {
  const rows = new Map<string, Row>();
  /** L1's LPID by the hardware's. */
  const lpids = new Map<number, number>();
  for (const event of events) {
    if (event.ev === 'shadow.invalidate') break;
    if (event.ev === 'nested.enter') noteLpid(lpids, event);
    if (event.ev !== 'walk' || event.fault) continue;
    const lpid = lpids.get(event.effLPID);
    const known = rows.get(pageOf(event));
    if (known) known.hits++;
    else if (lpid !== undefined) rows.set(pageOf(event), { walk: event, lpid, hits: 0 });
  }
  return [...rows.values()];
}

const noteLpid = (lpids: Map<number, number>, { lpid, shadowLpid }: NestedEnterEvent): void =>
  void lpids.set(shadowLpid, lpid);

/** Levels of the guest's own tree and of the shadow tree that led to the page. */
function levelsOf({ steps }: WalkEvent): string {
  const entries = steps.filter(({ what }) => what === 'PDE' || what === 'PTE');
  const process = entries.filter(({ scope }) => scope === 'process').length;
  const partition = entries.filter(
    ({ scope, purpose }) => scope === 'partition' && purpose === 'access',
  ).length;
  return `${process}+${partition}`;
}

function rowText({ walk, lpid, hits }: Row): string {
  const { ra, guestRa, pageShift } = walk.result!;
  const pid = walk.mode === 'radix' ? ` PID ${walk.effPID}` : ' real';
  return line([
    String(walk.t),
    walk.access,
    `${guestName(lpid)}${pid}`,
    hex(walk.ea),
    hex(guestRa),
    hex(ra),
    sizeText(pageShift),
    levelsOf(walk),
    String(walk.steps.length),
    String(hits),
  ]);
}

/** The table's lines. */
export const translationLines = (events: readonly DemoEvent[], paint: Chalk): string[] => [
  paint.dim(line(COLUMNS)),
  ...rowsOf(events).map(rowText),
];
