/**
 * `book3s bench nested`: an L1 hypervisor (`fixtures/bench/nested.s`) that enters its nested guest and is asked for
 * page faults, here and on QEMU's L0; then L0's own parts one by one (`nested-faults.ts`).
 */
import { bestRates, HYPERVISOR_GUEST, peerNote } from './guest-timing';
import { benchNestedFaults } from './nested-faults';
import type { BenchReport, Figure } from './report';

export interface NestedWorkload {
  readonly name: string;
  /** Value of the symbol WORKLOAD. */
  readonly workload: number;
  readonly unit: string;
  /** Entries or loads of a round, and how many times as many on QEMU. */
  readonly count: number;
  readonly peerFactor: number;
}

export const NESTED_WORKLOADS: readonly NestedWorkload[] = [
  { name: 'nested entry and exit', workload: 0, unit: 'pairs/s', count: 10_240, peerFactor: 2 },
  { name: 'loads that each fault for L0', workload: 1, unit: 'faults/s', count: 10_240, peerFactor: 10 },
];
const ROUNDS = 10;

async function benchGuest({ name, workload, unit, count, peerFactor }: NestedWorkload): Promise<Figure> {
  const { here, qemu } = await bestRates({
    name: 'nested.s',
    symbols: { WORKLOAD: workload },
    counter: 'COUNT',
    count,
    peerCount: count * peerFactor,
    rounds: ROUNDS,
    platform: HYPERVISOR_GUEST,
  });
  return { name, value: here, unit, ...(qemu === undefined ? {} : { peer: qemu, ratio: here / qemu }) };
}

/** Measures; takes about a quarter of a minute. */
export async function benchNested(): Promise<BenchReport> {
  const figures: Figure[] = [];
  for (const workload of NESTED_WORKLOADS) figures.push(await benchGuest(workload));
  const note = peerNote(figures).replace('powernv9', 'pseries, cap-nested-hv=on');
  return {
    figures: [...figures, ...benchNestedFaults()],
    notes: [
      note,
      'QEMU makes no shadow tables: where a fault is served here, it walks both tables and forgets them at each switch',
      'faults of many mappings of one page look for a duplicate in its list, by an index where the list is long',
    ],
  };
}
