/**
 * The invariants of nested virtualisation, checked from outside: every shadow entry is justified by an entry of L1 and
 * one of L0, gives no more than both, and can be found through the reverse map; the lists are well formed and memory
 * is accounted for. It reads memory and changes nothing.
 */
import { PTE } from '../../../isa/tables/radix';
import { hex0x, hiOf, loOf } from '../../core/u64';
import { maskOf } from '../../core/bits';
import type { RadixLeaf } from '../guest/radix-leaf';
import { partitionEntry0 } from '../guest/radix-format';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { decodeEntry, RMAP } from './rmap-entry';
import { listWords, usedHeads } from './rmap-list';

const RIGHTS = maskOf(PTE.READ, PTE.WRITE, PTE.EXECUTE);
const LIMIT = 2 ** 52;

export type NestedProblemKind =
  /** L1's table does not map the page, or not there, and L1 did not invalidate it: legal until it does. */
  | 'stale'
  /** L0 does not map the page of L1, or elsewhere: a host page that may be another's by now. */
  | 'orphan'
  /** Permissions, R or C that one of the two does not give. */
  | 'rights'
  /** The reverse map does not lead to the entry. */
  | 'unfiled'
  | 'list'
  | 'accounting';

export interface NestedProblem {
  readonly kind: NestedProblemKind;
  readonly message: string;
  readonly lpid?: number;
  readonly nGpa?: number;
  /** The hardware's LPID of the nested guest. */
  readonly shadowLpid?: number;
}

/** Where a shadow entry may be filed: by host real address of the base page, the L1 frames that have it. */
type Filed = Map<number, Set<string>>;

/** What is broken, nothing where all is well. `stale` problems are L1's business and come only with `withStale`. */
export function checkNested(nested: Nested, { withStale = false } = {}): NestedProblem[] {
  const problems: NestedProblem[] = [];
  const filed = readLists(nested, problems);
  for (const guest of [...nested.guests.values(), ...nested.orphans])
    checkGuest(nested, guest, { problems, filed });
  checkAccounting(nested, problems);
  return withStale ? problems : problems.filter(({ kind }) => kind !== 'stale');
}

const keyOf = (lpid: number, nGpa: number): string => `${lpid}:${nGpa}`;

/** Follows every list word by word; entries by the host page that L0 maps their frame to. */
function readLists(nested: Nested, problems: NestedProblem[]): Filed {
  const { vm, host } = nested;
  const filed: Filed = new Map();
  let nodes = 0;
  for (const { gfn, head } of usedHeads(nested)) {
    nodes += checkList(nested, head, { gfn, problems });
    const leaf = host.tree.find(gfn * vm.pageSize);
    if (!leaf) {
      problems.push({ kind: 'list', message: `frame ${gfn} has a list, but L0 does not map it` });
      continue;
    }
    // What is filed under a frame may map any part of L0's page.
    const first = Number(leaf.pte & PTE.RPN.mask);
    const places = filed.get(first) ?? new Set();
    for (const { word } of listWords(nested, head, () => undefined)) {
      const { lpid, nGpa } = decodeEntry(word);
      places.add(keyOf(lpid, nGpa));
    }
    filed.set(first, places);
  }
  if (nodes !== nested.rmap.nodes)
    problems.push({ kind: 'accounting', message: `${nodes} list nodes found, ${nested.rmap.nodes} counted` });
  return filed;
}

/** @returns the nodes of the list */
function checkList(
  nested: Nested,
  head: number,
  { gfn, problems }: { gfn: number; problems: NestedProblem[] },
): number {
  const seen = new Set<string>();
  let nodes = 0;
  const wrong = (message: string): void =>
    void problems.push({ kind: 'list', message: `frame ${gfn}: ${message}` });
  for (const { word, node } of listWords(nested, head, wrong)) {
    if (node !== undefined) {
      nodes++;
      if ((word & RMAP.SINGLE.mask) !== 0n) wrong(`the entry of a node has the flag: ${hex0x(word)}`);
    }
    const text = hex0x(word & (RMAP.LPID.mask | RMAP.GFN.mask));
    if (seen.has(text)) wrong(`${text} is in the list twice`);
    seen.add(text);
  }
  return nodes;
}

function checkGuest(
  nested: Nested,
  guest: NestedGuest,
  { problems, filed }: { problems: NestedProblem[]; filed: Filed },
): void {
  const [dw0] = nested.host.partitions.get(guest.shadowLpid);
  if (guest.pate0 !== 0n && dw0 !== partitionEntry0(guest.tree.root))
    problems.push({
      kind: 'accounting',
      message: `LPID ${guest.shadowLpid} does not name its shadow tree`,
      lpid: guest.lpid,
      shadowLpid: guest.shadowLpid,
    });
  guest.tree.each(0, LIMIT, (nGpa, leaf) => {
    const problem = judge(nested, guest, { nGpa, leaf, filed });
    if (problem) problems.push({ ...problem, lpid: guest.lpid, nGpa, shadowLpid: guest.shadowLpid });
  });
}

/** What is wrong with one shadow entry, the worst first. */
function judge(
  nested: Nested,
  guest: NestedGuest,
  { nGpa, leaf, filed }: { nGpa: number; leaf: RadixLeaf; filed: Filed },
): NestedProblem | undefined {
  const { host, treeWalk: walk } = nested;
  const what = `shadow entry ${hex0x(leaf.pte)} at ${hex0x(BigInt(nGpa))} of LPID ${guest.lpid}`;
  const mapped = Number(leaf.pte & PTE.RPN.mask);
  const l0 = findByHost(nested, mapped, filed, keyOf(guest.lpid, nGpa));
  if (guest.isOrphan && !nested.guests.has(guest.lpid))
    return { kind: 'unfiled', message: `${what}: the nested guest was removed, nobody finds the entry` };
  if (l0 === 'unfiled') return { kind: 'unfiled', message: `${what}: no list leads to it` };
  const records = walk.records;
  walk.records = false;
  const verdict = walk.walk({ hi: hiOf(guest.pate0), lo: loOf(guest.pate0) }, nGpa);
  walk.records = records;
  if (verdict !== 'ok') return { kind: 'stale', message: `${what}: L1 does not map it (${verdict})` };
  const own = walk.raddr < LIMIT ? host.tree.find(walk.raddr) : undefined;
  const there = own && Number(own.pte & PTE.RPN.mask) + (walk.raddr % 2 ** own.shift);
  if (there !== mapped) return { kind: 'stale', message: `${what}: L1 maps another page` };
  const l1Rights =
    (walk.mayRead || walk.mayWrite ? PTE.READ.mask : 0n) |
    (walk.mayWrite ? PTE.WRITE.mask : 0n) |
    (walk.mayExecute ? PTE.EXECUTE.mask : 0n);
  const beyondL0 = leaf.pte & (RIGHTS | PTE.R.mask | PTE.C.mask) & ~own!.pte;
  if (beyondL0 !== 0n)
    return { kind: 'rights', message: `${what} has ${hex0x(beyondL0)} that L0 does not have for L1` };
  return (leaf.pte & RIGHTS & ~l1Rights) === 0n
    ? undefined
    : { kind: 'stale', message: `${what} permits more than L1` };
}

/** The list that has the entry, among those of the L0 pages that contain the host page. */
function findByHost(nested: Nested, mapped: number, filed: Filed, key: string): 'filed' | 'unfiled' {
  for (const shift of [nested.vm.geometry.shift, 21, 30])
    if (filed.get(mapped - (mapped % 2 ** shift))?.has(key)) return 'filed';
  return 'unfiled';
}

function checkAccounting(nested: Nested, problems: NestedProblem[]): void {
  const guests = new Set([...nested.guests.values(), ...nested.orphans]);
  const bytes = [...guests].reduce((sum, guest) => sum + guest.shadowBytes, 0);
  if (bytes !== nested.shadowBytes)
    problems.push({
      kind: 'accounting',
      message: `${bytes} bytes of shadow trees found, ${nested.shadowBytes} counted`,
    });
  const lpids = [...guests].map(({ shadowLpid }) => shadowLpid);
  if (new Set(lpids).size !== lpids.length || lpids.includes(nested.host.lpid))
    problems.push({ kind: 'accounting', message: 'a shadow LPID is used twice' });
  for (const lpid of lpids)
    if (!nested.host.partitions.isUsed(lpid))
      problems.push({ kind: 'accounting', message: `shadow LPID ${lpid} is free` });
}
