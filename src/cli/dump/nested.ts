/**
 * `book3s dump rmap|shadow|nested|partition-table|radix`: nested guests of a snapshot of machine pseries. The snapshot
 * is restored and looked at with the functions that L0 itself has; nothing here decodes L0's state a second time.
 */
import type { Chalk } from 'chalk';
import { UserError } from '../../core/errors';
import { describeGuests } from '../../kvm/nested/describe-guests';
import { describePartitionTable } from '../../kvm/nested/describe-partition-table';
import { writeDebugfsRadix } from '../../kvm/nested/describe-radix';
import { describeRmap, type RmapFilter } from '../../kvm/nested/describe-rmap';
import { eachShadow, type DescribedShadow } from '../../kvm/nested/describe-shadow';
import type { Nested } from '../../kvm/nested/nested';
import type { NestedGuest } from '../../kvm/nested/nested-guest';
import { NestedGuests } from '../../kvm/nested/part';
import { jsonable } from '../../mmu/hash/describe';
import type { Machine } from '../../machine/machine';
import { setUp } from '../machine-setup';
import { textOf, type Parsed } from '../options';
import { gfnOf, limitOf, lpidOf } from './filters';
import { guestsText, partitionTableText, rmapText, shadowText, shadowTitle } from './nested-text';
import type { Dumped, Subject } from './subject';

/** The machine of a snapshot with its built-in hypervisor. @throws UserError for another machine's */
export function restorePseries(argv: Parsed, what: string): { name: string; machine: Machine } {
  const name = textOf(argv, 'snapshot')!;
  const { machine } = setUp({ snapshot: name }, () => undefined);
  if (!machine.l0)
    throw new UserError(`${name}: machine ${machine.description.name} has no ${what}; machine pseries has`);
  return { name, machine };
}

/** L0's nested half in a snapshot. */
function nestedOf(argv: Parsed): NestedGuests {
  const { name, machine } = restorePseries(argv, 'nested guests');
  const part = machine.l0?.nested;
  if (!(part instanceof NestedGuests)) throw new UserError(`${name}: its hypervisor has no nested guests`);
  return part;
}

const lines = (all: readonly string[]): string => `${all.join('\n')}\n`;
const dumped = (text: (color: Chalk) => readonly string[], data: unknown): Dumped => ({
  text: (color) => lines(text(color)),
  json: () => jsonable(data),
});

export function dumpRmap(nested: Nested, filter: RmapFilter): Dumped {
  const described = describeRmap(nested, filter);
  return dumped((color) => rmapText(described, color), described);
}

/** The shadow trees of one nested guest, or of all, orphans included. */
export function dumpShadow(nested: Nested, { lpid, limit }: { lpid?: number; limit: number }): Dumped {
  let left = limit;
  let omitted = 0;
  const guests = guestsOf(nested, lpid).map((guest) => {
    const entries: DescribedShadow[] = [];
    let count = 0;
    eachShadow(nested, guest, (_nGpa, _leaf, describe) => {
      count++;
      if (left > 0) {
        left--;
        entries.push(describe());
      } else omitted++;
    });
    const { lpid: number, shadowLpid, isOrphan, tree } = guest;
    return { lpid: number, shadowLpid, isOrphan, root: tree.root, tables: tree.tables, count, entries };
  });
  const text = (color: Chalk): string[] => [
    ...guests.flatMap(({ entries, ...guest }) => [
      color.bold(shadowTitle(guest, guest.count)) + (guest.isOrphan ? color.red(', ORPHAN') : ''),
      ...entries.flatMap((entry) => shadowText(entry, color)),
    ]),
    ...(guests.length === 0 ? ['no nested guest'] : []),
    ...(omitted === 0 ? [] : [`${omitted} more shadow entries not listed`]),
  ];
  return dumped(text, { guests, omitted });
}

/** Those of an LPID, by ascending LPID, orphans last. */
function guestsOf(nested: Nested, lpid: number | undefined): NestedGuest[] {
  const all = [...[...nested.guests.values()].sort((a, b) => a.lpid - b.lpid), ...nested.orphans];
  const found = all.filter((guest) => lpid === undefined || guest.lpid === lpid);
  if (found.length === 0 && lpid !== undefined) {
    const known = all.map((guest) => guest.lpid);
    throw new UserError(
      `--lpid ${lpid}: L0 has no such nested guest; it has ${known.length === 0 ? 'none' : known.join(', ')}`,
    );
  }
  return found;
}

export function dumpGuests({ nested, runs }: NestedGuests, limit: number): Dumped {
  const described = describeGuests(nested, runs, limit);
  return dumped((color) => guestsText(described, color), described);
}

export function dumpPartitionTable(nested: Nested, limit: number): Dumped {
  const described = describePartitionTable(nested, limit);
  return dumped((color) => partitionTableText(described, color), described);
}

export const RMAP: Subject = {
  describe: "machine pseries: L1's pages and the nested mappings of each, live or stale",
  options: ['gfn', 'lpid', 'limit'],
  run: (argv) => dumpRmap(nestedOf(argv).nested, { ...gfnOf(argv), ...lpidOf(argv), limit: limitOf(argv) }),
};

export const SHADOW: Subject = {
  describe: 'machine pseries: shadow entries beside those of L1 and L0, bit by bit',
  options: ['lpid', 'limit'],
  run: (argv) => dumpShadow(nestedOf(argv).nested, { ...lpidOf(argv), limit: limitOf(argv) }),
};

export const NESTED: Subject = {
  describe: "machine pseries: L0's records of nested guests, orphans, who is inside",
  options: ['limit'],
  run: (argv) => dumpGuests(nestedOf(argv), limitOf(argv)),
};

export const PARTITION_TABLE: Subject = {
  describe: "machine pseries: L1's partition table decoded, and what is wrong in it",
  options: ['limit'],
  run: (argv) => dumpPartitionTable(nestedOf(argv).nested, limitOf(argv)),
};

export const RADIX: Subject = {
  describe: "machine pseries: L0's trees in the format of the kernel's debugfs file radix",
  options: [],
  run(argv) {
    const { nested } = nestedOf(argv);
    return { write: (write) => writeDebugfsRadix(nested, write) };
  },
};
