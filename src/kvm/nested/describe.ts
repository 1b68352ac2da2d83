/**
 * What there is of nested guests, as data and as text for people: the reverse map with each entry live or stale, shadow
 * entries beside the entries of L1 and L0 that they are made of, L0's records, L1's partition table. It changes nothing.
 */
import { PTE } from '../../../isa/tables/radix';
import { hex0x, hiOf, joinHalves, loOf } from '../../core/u64';
import type { RadixLeaf } from '../guest/radix-table';
import { liveShadow } from './host-events';
import { GuestTreeWalk, type GuestWalkVerdict } from './guest-tree-walk';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';

const TREE_END = 2 ** 52;
/** Where L0's page begins that a list's frame is in, whatever its size. */
const wholePage = (leaf: RadixLeaf): { host: number; bytes: number } => ({
  host: Number(leaf.pte & PTE.RPN.mask),
  bytes: 2 ** leaf.shift,
});

/** An entry of the reverse map. */
export interface DescribedRmapEntry {
  readonly gfn: number;
  readonly lpid: number;
  readonly nGpa: number;
  readonly state: 'live' | 'stale';
  readonly shadow?: bigint;
}

/** One list: the page's frame, how it is stored, its entries newest first. */
export interface DescribedList {
  readonly gfn: number;
  readonly shape: 'single' | 'list';
  readonly entries: readonly DescribedRmapEntry[];
}

/** Every list that is not empty, by ascending frame. */
export function listRmap(nested: Nested): DescribedList[] {
  const lists: DescribedList[] = [];
  for (const slot of [...nested.vm.sets.active(0).slots()].sort((a, b) => a.baseGfn - b.baseGfn))
    for (let gfn = slot.baseGfn; gfn < slot.endGfn; gfn++) {
      const head = nested.headAt(slot, gfn);
      const shape = head < 0 ? 'empty' : nested.rmap.shape(head);
      if (shape === 'empty') continue;
      lists.push({
        gfn,
        shape,
        entries: nested.rmap.entries(head).map((entry) => describeEntry(nested, gfn, entry)),
      });
    }
  return lists;
}

function describeEntry(
  nested: Nested,
  gfn: number,
  entry: { lpid: number; nGpa: number },
): DescribedRmapEntry {
  const leaf = nested.host.tree.find(gfn * nested.vm.pageSize);
  const found = leaf && liveShadow(nested, entry, wholePage(leaf));
  return { gfn, ...entry, state: found ? 'live' : 'stale', ...(found ? { shadow: found.leaf.pte } : {}) };
}

/** A shadow entry with what it is made of. */
export interface DescribedShadow {
  readonly lpid: number;
  readonly nGpa: number;
  readonly shift: number;
  readonly shadow: bigint;
  /** L1's leaf and real address, where its table maps the page. */
  readonly l1?: { readonly pte: bigint; readonly shift: number; readonly gpa: number };
  readonly l1Verdict: GuestWalkVerdict;
  readonly l0?: { readonly pte: bigint; readonly shift: number };
}

/** Every shadow entry of one nested guest, by ascending address. */
export function listShadow(nested: Nested, guest: NestedGuest): DescribedShadow[] {
  const entries: DescribedShadow[] = [];
  const walk = new GuestTreeWalk(nested.words);
  guest.tree.each(0, TREE_END, (nGpa, leaf) => {
    const l1Verdict = walk.walk({ hi: hiOf(guest.pate0), lo: loOf(guest.pate0) }, nGpa);
    const base = { lpid: guest.lpid, nGpa, shift: leaf.shift, shadow: leaf.pte, l1Verdict };
    if (l1Verdict !== 'ok') {
      entries.push(base);
      return;
    }
    const l1 = { pte: joinHalves(walk.pteHi, walk.pteLo), shift: walk.shift, gpa: walk.raddr };
    const l0 = walk.raddr < TREE_END ? nested.host.tree.find(walk.raddr) : undefined;
    entries.push({ ...base, l1, ...(l0 ? { l0: { pte: l0.pte, shift: l0.shift } } : {}) });
  });
  return entries;
}

/** An entry of L1's partition table. */
export interface DescribedPartition {
  readonly lpid: number;
  readonly dw0: bigint;
  readonly dw1: bigint;
  /** What L0 has cached, where that is something else. */
  readonly cached?: bigint;
}

/** The entries that are not 0. */
export function listPartitions(nested: Nested): DescribedPartition[] {
  const rows: DescribedPartition[] = [];
  for (let lpid = 0; lpid < nested.tableEntries; lpid++) {
    const entry = nested.readPartitionEntry(lpid);
    const cached = nested.find(lpid)?.pate0;
    const [dw0, dw1] = entry ?? [0n, 0n];
    if (dw0 === 0n && dw1 === 0n && !cached) continue;
    rows.push({ lpid, dw0, dw1, ...(cached !== undefined && cached !== dw0 ? { cached } : {}) });
  }
  return rows;
}

const hex = (value: number): string => hex0x(BigInt(value));
const BITS: readonly (readonly [bigint, string])[] = [
  [PTE.READ.mask, 'r'],
  [PTE.WRITE.mask, 'w'],
  [PTE.EXECUTE.mask, 'x'],
  [PTE.R.mask, 'R'],
  [PTE.C.mask, 'C'],
];
const bitsOf = (pte: bigint): string => BITS.map(([mask, name]) => (pte & mask ? name : '-')).join('');
const leafText = (pte: bigint, shift: number): string => `${hex0x(pte)} 2^${shift} ${bitsOf(pte)}`;

export function describeRmap(nested: Nested): string {
  const lists = listRmap(nested);
  const lines = [
    `${lists.length} frames of L1 with nested mappings, ${nested.rmap.bytes} bytes of list nodes`,
  ];
  for (const { gfn, shape, entries } of lists) {
    lines.push(`gfn ${hex(gfn)}  ${shape}, ${entries.length}`);
    for (const { lpid, nGpa, state, shadow } of entries)
      lines.push(`  lpid ${lpid}  ${hex(nGpa)}  ${state}${shadow === undefined ? '' : `  ${hex0x(shadow)}`}`);
  }
  return `${lines.join('\n')}\n`;
}

export function describeShadow(nested: Nested, guest: NestedGuest): string {
  const lines = [`nested guest ${guest.lpid}, shadow LPID ${guest.shadowLpid}, root ${hex(guest.tree.root)}`];
  for (const { nGpa, shift, shadow, l1, l1Verdict, l0 } of listShadow(nested, guest)) {
    lines.push(`${hex(nGpa)}`, `  shadow ${leafText(shadow, shift)}`);
    lines.push(`  L1     ${l1 ? `${leafText(l1.pte, l1.shift)}, real address ${hex(l1.gpa)}` : l1Verdict}`);
    lines.push(`  L0     ${l0 ? leafText(l0.pte, l0.shift) : 'not mapped'}`);
  }
  return `${lines.join('\n')}\n`;
}

export function describeNestedGuests(nested: Nested): string {
  const guests = [...nested.guests.values(), ...nested.orphans];
  const lines = [`${guests.length} nested guests, ${nested.shadowBytes} bytes of shadow tables`];
  for (const guest of guests) {
    const { lpid, shadowLpid, references, pate0, pate1, isOrphan, tree } = guest;
    const orphan = isOrphan ? '  orphan' : '';
    lines.push(
      `lpid ${lpid}  shadow LPID ${shadowLpid}  references ${references}  tables ${tree.tables}  ` +
        `PATE ${hex0x(pate0)} ${hex0x(pate1)}${orphan}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

export function describePartitionTable(nested: Nested): string {
  const lines = [`PTCR ${hex0x(nested.l1Ptcr)}, ${nested.tableEntries} entries`];
  for (const { lpid, dw0, dw1, cached } of listPartitions(nested))
    lines.push(
      `lpid ${lpid}  ${hex0x(dw0)} ${hex0x(dw1)}${cached === undefined ? '' : `  L0 has ${hex0x(cached)}`}`,
    );
  return `${lines.join('\n')}\n`;
}
