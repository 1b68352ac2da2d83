/**
 * The benchmarks by name. A benchmark is loaded when it is asked for. To add one: a file here that gives a
 * `BenchReport`, and a row below.
 */
import type { BenchReport } from './report';

export interface Benchmark {
  readonly describe: string;
  readonly run: () => BenchReport | Promise<BenchReport>;
}

export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  mmu: {
    describe: 'translation by itself: radix and hashed walks, traced and untraced',
    async run() {
      const [{ benchMmu }, { benchHash }] = await Promise.all([import('./mmu'), import('./mmu-hash')]);
      return { figures: [...benchMmu().figures, ...benchHash().figures] };
    },
  },
  memslots: {
    describe: 'memory slots in trees beside the array that they replaced',
    async run() {
      const { benchMemslots } = await import('./memslots');
      const { figures } = benchMemslots();
      return { figures, notes: ['peer: the array-based implementation, in the same run'] };
    },
  },
};
