/**
 * `book3s bench mmu`, second part: guests that touch memory at random with relocation on, beside QEMU. What counts is
 * the whole: the loop's instructions, the translation caches' hits and misses, the walks.
 */
import { bestRates, peerNote, rateFigure, type Symbols } from './guest-timing';
import type { BenchReport, Figure } from './report';

export interface MmuGuestOptions {
  /** Touches in a round. Default 200000: three a page. */
  readonly touches?: number;
  /** Rounds of a run. Default 20. */
  readonly rounds?: number;
}

interface Workload {
  readonly name: string;
  readonly program: string;
  readonly symbols: Symbols;
}

const RADIX = 'random-touch.s';
const HASHED = 'random-touch-hpt.s';

export const WORKLOADS: readonly Workload[] = [
  { name: '256 MiB at random, radix, 4K pages', program: RADIX, symbols: { PAGE_SHIFT: 12 } },
  { name: '256 MiB at random, radix, 64K pages', program: RADIX, symbols: { PAGE_SHIFT: 16 } },
  { name: '256 MiB at random, radix, 2M pages', program: RADIX, symbols: { PAGE_SHIFT: 21 } },
  { name: '256 MiB at random, radix, 4K pages, loads only', program: RADIX, symbols: { PAGE_SHIFT: 12, STORES: 0 } },
  { name: 'the same by 1 GiB of addresses, 4K pages', program: RADIX, symbols: { PAGE_SHIFT: 12, SPAN_SHIFT: 30 } },
  { name: '256 MiB at random, HPT, 64K pages', program: HASHED, symbols: {} },
]; // prettier-ignore

/** Two addresses by turns that the translation cache cannot hold both: every load misses. */
const MISSES: Workload = {
  name: 'a load that misses the translation cache, radix, 4 levels',
  program: RADIX,
  symbols: { PAGE_SHIFT: 12, SPAN_SHIFT: 29, ALTERNATE: 1, STORES: 0 },
};

const NANOSECONDS = 1e9;
const PEER_FACTOR = 2;

/** Measures; takes about a minute where QEMU is installed. */
export async function benchMmuGuest(options: MmuGuestOptions = {}): Promise<BenchReport> {
  const { touches = 200_000, rounds = 20 } = options;
  const run = ({ program, symbols }: Workload) =>
    bestRates({
      name: program,
      symbols,
      counter: 'TOUCHES',
      count: touches,
      peerCount: touches * PEER_FACTOR,
      rounds,
    });
  const figures: Figure[] = [];
  for (const workload of WORKLOADS)
    figures.push(rateFigure(workload.name, 'M touches/s', await run(workload)));
  const note = peerNote(figures);
  const { here } = await run(MISSES);
  figures.push({ name: MISSES.name, value: NANOSECONDS / here, unit: 'ns' });
  return {
    figures,
    notes: [
      note,
      'a touch is 11 instructions, among them a load and a store of one doubleword; 9 with loads only',
    ],
  };
}
