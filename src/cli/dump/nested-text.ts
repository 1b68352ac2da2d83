/** Text of what src/kvm/nested/describe-*.ts say of nested guests: aligned, one thing a line. */
import type { Chalk } from 'chalk';
import { hex0x } from '../../core/u64';
import type { DescribedGuest, DescribedGuests } from '../../kvm/nested/describe-guests';
import type { LeafView } from '../../kvm/nested/describe-leaf';
import type { DescribedPartition, DescribedPartitionTable } from '../../kvm/nested/describe-partition-table';
import type { DescribedList, DescribedRmap, DescribedRmapEntry } from '../../kvm/nested/describe-rmap';
import type { DescribedShadow } from '../../kvm/nested/describe-shadow';
import { sizeText } from '../../trace/sinks/text-walk';

const hex = (value: number): string => `0x${value.toString(16)}`;
const plural = (count: number, one: string, more = `${one}s`): string =>
  `${count} ${count === 1 ? one : more}`;
/** Widest size: `512G`. */
const SIZE_COLUMNS = 4;

/** Columns padded to the widest cell of each; the last one is as it is. */
export function aligned(rows: readonly (readonly string[])[], margin: string): string[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, i < row.length - 1 ? cell.length : 0)));
  return rows.map((row) => (margin + row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')).trimEnd());
}

/** `0xc000000000400187  64K rwxRC`; `-` for none. */
const leafText = (leaf: LeafView | undefined, none = '-'): string =>
  leaf ? `${hex0x(leaf.pte)} ${sizeText(leaf.shift).padStart(SIZE_COLUMNS)} ${leaf.bits}` : none;

const omittedText = (count: number, what: string): string[] =>
  count === 0 ? [] : [`${plural(count, `more ${what}`, `more ${what.replace(/y$/, 'ie')}s`)} not listed`];

export function rmapText({ totals, lists, omitted }: DescribedRmap, color: Chalk): string[] {
  const { frames, entries, live, stale, nodes, bytes, longest } = totals;
  return [
    color.bold(
      `${plural(frames, 'frame')} of L1 with nested mappings: ${plural(entries, 'entry', 'entries')}, ${live} live, ${stale} stale`,
    ),
    `${plural(nodes, 'list node')}, ${bytes} bytes` +
      (longest ? `; the longest list has ${longest.length}, at gfn ${hex(longest.gfn)}` : ''),
    ...lists.flatMap((list) => listText(list, color)),
    ...omittedText(omitted, 'entry'),
  ];
}

function listText(list: DescribedList, color: Chalk): string[] {
  const { gfn, head, shape, length, entries, l0, problem } = list;
  const how = shape === 'single' ? 'one entry inline' : `a list of ${length}`;
  const rows = [['LPID', 'n_gpa', 'state', 'word', 'L1', 'L0', 'shadow'], ...entries.map(entryCells)];
  const [title, ...lines] = aligned(rows, '  ');
  return [
    color.bold(`gfn ${hex(gfn)}: ${how}, head ${hex0x(head)}, L0 ${leafText(l0, 'does not map it')}`),
    ...(problem === undefined ? [] : [color.red(`  ${problem}`)]),
    ...(entries.length === 0 ? [] : [color.dim(title)]),
    ...entries.flatMap((entry, i) => {
      const line = lines[i]!;
      if (entry.reason === undefined) return [color.green(line)];
      return [color.yellow(line), color.dim(`        ${entry.reason}`)];
    }),
  ];
}

const entryCells = ({ lpid, nGpa, state, word, sources, shadow }: DescribedRmapEntry): string[] => [
  String(lpid),
  hex(nGpa),
  state,
  hex0x(word),
  leafText(sources?.l1, sources?.l1Verdict ?? '-'),
  leafText(sources?.l0),
  leafText(shadow),
];

/** One shadow entry: where it leads, the three entries one below the other, every bit that is not simply both's. */
export function shadowText(row: DescribedShadow, color: Chalk): string[] {
  const { nGpa, shadow, l1, l0, l1Verdict, host, expectedHost, isStale, size, attribute, bits } = row;
  const cells = (name: string, leaf: LeafView | undefined, none: string, note: string): string[] =>
    leaf
      ? [
          name,
          hex0x(leaf.pte),
          sizeText(leaf.shift).padStart(SIZE_COLUMNS),
          leaf.bits,
          note,
          `at ${hex(leaf.at)}`,
        ]
      : [name, none];
  const way = l1 ? `L1 ${hex(l1.gpa)}` : `L1 ${l1Verdict}`;
  const elsewhere = expectedHost === undefined ? 'nowhere' : `to host ${hex(expectedHost)}`;
  const wrong = isStale ? [color.yellow(`  STALE: the tables of L1 and L0 lead ${elsewhere} now`)] : [];
  const special = bits.filter(({ why }) => why !== 'both have it');
  return [
    `${color.bold(hex(nGpa))} -> ${way} -> host ${hex(host)}, ${sizeText(shadow.shift)}: ${size}`,
    ...wrong,
    ...aligned(
      [
        cells('L1', l1, verdictText(l1Verdict), l1?.attribute ?? ''),
        cells('L0', l0, l1 ? 'does not map the page' : '-', l0?.attribute ?? ''),
        cells('shadow', shadow, '-', attribute),
      ],
      '  ',
    ),
    ...(special.length === 0 && !isStale ? [color.dim('  every bit: both have it')] : []),
    ...special.map(({ bit, why }) => {
      const line = `  ${bit}: ${why}`;
      return why.endsWith('broken') ? color.red(line) : color.dim(line);
    }),
  ];
}

const VERDICTS: Readonly<Record<string, string>> = {
  EINVAL: 'a tree that L0 does not serve (EINVAL)',
  ENOENT: 'no valid entry (ENOENT)',
  EFAULT: 'an entry where L1 has no memory (EFAULT)',
};
const verdictText = (verdict: string): string => VERDICTS[verdict] ?? verdict;

/** The head line of one nested guest's shadow entries. */
export const shadowTitle = (
  { lpid, shadowLpid, root, tables }: { lpid: number; shadowLpid: number; root: number; tables: number },
  entries: number,
): string =>
  `nested guest ${lpid}: shadow LPID ${shadowLpid}, root ${hex(root)}, ${plural(tables, 'table')}, ` +
  plural(entries, 'shadow entry', 'shadow entries');

export function guestsText(described: DescribedGuests, color: Chalk): string[] {
  const { guests, shadowBytes, rmapBytes, limit, omitted } = described;
  const most = limit === undefined ? '' : `, at most ${limit} together`;
  return [
    `${plural(guests.length + omitted, 'nested guest')}: ${shadowBytes} bytes of shadow tables, ` +
      `${rmapBytes} of rmap nodes${most}`,
    ...guests.flatMap((guest) => guestText(guest, color)),
    ...omittedText(omitted, 'nested guest'),
  ];
}

const STATES: Readonly<Record<DescribedGuest['state'], string>> = {
  mapped: '',
  leaving: ', goes with its last user',
  orphan: ', ORPHAN: removed while in use',
};

function guestText(guest: DescribedGuest, color: Chalk): string[] {
  const { lpid, shadowLpid, state, references, root, tables, bytes, pages, inside, lastCpu } = guest;
  const title = `LPID ${lpid}: shadow LPID ${shadowLpid}, ${plural(references, 'reference')}${STATES[state]}`;
  const sizes = Object.entries(pages).map(([shift, count]) => `${count} of ${sizeText(Number(shift))}`);
  const who = inside.map(({ cpu, token, nia }) => `CPU ${cpu} as vCPU ${token} at ${hex0x(nia)}`);
  return [
    state === 'orphan' ? color.red(title) : color.bold(title),
    ...aligned(
      [
        ['tables', `root ${hex(root)} and ${tables} more, ${bytes} bytes`],
        ['pages', sizes.join(', ') || 'none'],
        ...pateRows(guest),
        ['inside', who.join(', ') || 'nobody'],
        ['last on', lastCpu.map(({ token, cpu }) => `vCPU ${token}: CPU ${cpu}`).join(', ') || 'no CPU yet'],
      ],
      '  ',
    ),
  ];
}

function pateRows({ pate }: DescribedGuest): string[][] {
  const words = ([dw0, dw1]: readonly [bigint, bigint]): string => `${hex0x(dw0)} ${hex0x(dw1)}`;
  switch (pate.state) {
    case 'current':
      return [['PATE', `${words(pate.cached)}, as L1 has it`]];
    case 'empty':
      return [['PATE', 'nothing cached'], ...(pate.current ? [['', `L1 has ${words(pate.current)}`]] : [])];
    case 'unreadable':
      return [['PATE', `${words(pate.cached)}; L1's entry cannot be read`]];
    case 'stale':
      return [
        ['PATE', `${words(pate.cached)}, STALE: L1 has not invalidated it`],
        ['', `${words(pate.current!)} is what L1 has now`],
      ];
  }
}

export function partitionTableText(table: DescribedPartitionTable, color: Chalk): string[] {
  const { ptcr, base, size, problems, entries, omitted } = table;
  if (size === 0) return ['L1 has registered no partition table'];
  return [
    color.bold(`PTCR ${hex0x(ptcr)}: ${size} entries at ${hex(base)}, ${entries.length + omitted} in use`),
    ...problems.map((problem) => color.red(`  ! ${problem}`)),
    ...entries.flatMap((entry) => partitionText(entry, color)),
    ...omittedText(omitted, 'entry'),
  ];
}

function partitionText(entry: DescribedPartition, color: Chalk): string[] {
  const { lpid, at, dw0, dw1, cached, problems } = entry;
  const bit = (set: boolean): string => (set ? '1' : '0');
  return [
    `${color.bold(`LPID ${lpid}`)} at ${hex(at)}: ${hex0x(dw0)} ${hex0x(dw1)}`,
    `  HR=${bit(entry.hostRadix)} RTS=${entry.treeBits - RTS_BIAS} (2^${entry.treeBits} bytes) ` +
      `RPDB=${hex(entry.root)} RPDS=${entry.rootBits}  ` +
      `GR=${bit(entry.guestRadix)} PRTB=${hex(entry.processTable)} ` +
      `PRTS=${entry.processTableBits - PRTS_BIAS} (${sizeText(entry.processTableBits)})`,
    ...(cached === undefined ? [] : [color.yellow(`  L0 has ${hex0x(cached)} cached`)]),
    ...problems.map((problem) => color.red(`  ! ${problem}`)),
  ];
}
/** A tree translates 2^(31+RTS) bytes; a process table has 2^(12+PRTS). */
const RTS_BIAS = 31;
const PRTS_BIAS = 12;
