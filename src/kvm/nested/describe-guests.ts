/**
 * L0's records of nested guests as data, those included that L1 can not name any more: references, tables, what is
 * cached of L1's partition table and whether that is still what L1 has there, who is inside.
 */
import type { RadixLeaf } from '../guest/radix-leaf';
import { TREE_BITS } from '../guest/radix-format';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import type { NestedRun } from './run';

/** What the cache of a partition table entry is worth. */
export type PateState =
  /** L1's table has the same. */
  | 'current'
  /** L1's table has something else: legal until L1 says so by an invalidation. */
  | 'stale'
  /** L1's entry cannot be read, or its table does not reach so far. */
  | 'unreadable'
  /** Nothing is cached: the next entry or fault reads it. */
  | 'empty';

export interface DescribedGuest {
  readonly lpid: number;
  readonly shadowLpid: number;
  /** `orphan`: removed while in use, so that L1's LPID does not lead to it; `leaving`: goes with its last user. */
  readonly state: 'mapped' | 'leaving' | 'orphan';
  readonly references: number;
  /** Host real address of the shadow root. */
  readonly root: number;
  /** Tables beside the root, and the bytes of all. */
  readonly tables: number;
  readonly bytes: number;
  /** Shadow entries by log2 of their page. */
  readonly pages: Readonly<Record<number, number>>;
  readonly pate: {
    readonly state: PateState;
    readonly cached: readonly [dw0: bigint, dw1: bigint];
    readonly current?: readonly [dw0: bigint, dw1: bigint];
  };
  /** vCPUs of L1 that are in it. */
  readonly inside: readonly { readonly cpu: number; readonly token: number; readonly nia: bigint }[];
  /** CPU that each vCPU token ran on last. */
  readonly lastCpu: readonly { readonly token: number; readonly cpu: number }[];
}

export interface DescribedGuests {
  readonly guests: readonly DescribedGuest[];
  readonly shadowBytes: number;
  readonly rmapBytes: number;
  /** What both together may have; absent without a bound. */
  readonly limit?: number;
  readonly omitted: number;
}

/** The records by ascending LPID, orphans last. */
export function describeGuests(
  nested: Nested,
  runs: readonly NestedRun[],
  limit = Infinity,
): DescribedGuests {
  const byLpid = (a: NestedGuest, b: NestedGuest): number => a.lpid - b.lpid;
  const all = [...[...nested.guests.values()].sort(byLpid), ...[...nested.orphans].sort(byLpid)];
  return {
    guests: all.slice(0, limit).map((guest) => describeGuest(nested, guest, runs)),
    shadowBytes: nested.shadowBytes,
    rmapBytes: nested.rmap.bytes,
    ...(Number.isFinite(nested.shadowBytesLimit) ? { limit: nested.shadowBytesLimit } : {}),
    omitted: Math.max(0, all.length - limit),
  };
}

function describeGuest(nested: Nested, guest: NestedGuest, runs: readonly NestedRun[]): DescribedGuest {
  const { lpid, shadowLpid, references, tree } = guest;
  const isMapped = nested.guests.get(lpid) === guest;
  return {
    lpid,
    shadowLpid,
    state: !isMapped ? 'orphan' : guest.isOrphan ? 'leaving' : 'mapped',
    references,
    root: tree.root,
    tables: tree.tables,
    bytes: guest.shadowBytes,
    pages: countPages(guest),
    pate: describePate(nested, guest),
    inside: runs
      .filter((run) => run.guest === guest)
      .map(({ vcpu, token }) => ({ cpu: vcpu.id, token, nia: vcpu.cpu.nia })),
    lastCpu: [...guest.previousCpu].sort(([a], [b]) => a - b).map(([token, cpu]) => ({ token, cpu })),
  };
}

function countPages({ tree }: NestedGuest): Record<number, number> {
  const pages: Record<number, number> = {};
  tree.each(0, 2 ** TREE_BITS, (_address: number, { shift }: RadixLeaf) => {
    pages[shift] = (pages[shift] ?? 0) + 1;
  });
  return pages;
}

function describePate(nested: Nested, { lpid, pate0, pate1 }: NestedGuest): DescribedGuest['pate'] {
  const cached = [pate0, pate1] as const;
  const current = nested.readPartitionEntry(lpid);
  if (!current) return { state: 'unreadable', cached };
  if (pate0 === 0n) return { state: 'empty', cached, current };
  const same = current[0] === pate0 && current[1] === pate1;
  return { state: same ? 'current' : 'stale', cached, current };
}
