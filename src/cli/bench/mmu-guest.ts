/**
 * `book3s bench mmu`, second part: guests that touch memory at random with relocation on, beside QEMU. What counts is
 * the whole: the loop's instructions, the translation caches' hits and misses, the walks.
 */
import { bestRounds, QEMU_MISSING, QEMU_NOTE, type Symbols } from './guest-timing';
import type { BenchReport, Figure } from './report';

export interface MmuGuestOptions {
  /** Touches in a round. Default one million. */
  readonly touches?: number;
  /** Rounds of a run, and runs of each emulator. Default 5 and 2. */
  readonly rounds?: number;
  readonly repeats?: number;
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

const NANOSECONDS = 1e6;

/** Measures; takes about a minute where QEMU is installed. */
export async function benchMmuGuest(options: MmuGuestOptions = {}): Promise<BenchReport> {
  const { touches = 1_000_000, rounds = 5, repeats = 2 } = options;
  const run = ({ program, symbols }: Workload) =>
    bestRounds(program, { ...symbols, TOUCHES: touches, ROUNDS: rounds }, repeats);
  const figures: Figure[] = [];
  let hasPeer = true;
  for (const workload of WORKLOADS) {
    const { here, qemu } = await run(workload);
    const perSecond = (ms: number): number => touches / ms / 1000;
    hasPeer &&= qemu !== undefined;
    figures.push({
      name: workload.name,
      value: perSecond(here),
      unit: 'M touches/s',
      ...(qemu === undefined ? {} : { peer: perSecond(qemu), ratio: qemu / here }),
    });
  }
  const { here } = await run(MISSES);
  figures.push({ name: MISSES.name, value: (here * NANOSECONDS) / touches, unit: 'ns' });
  return {
    figures,
    notes: [
      hasPeer ? QEMU_NOTE : QEMU_MISSING,
      'a touch is 10 instructions and a load, and a store of the same doubleword where it does not say otherwise',
    ],
  };
}
