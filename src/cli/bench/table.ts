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
  cpu: {
    describe: 'instructions a second beside QEMU, and the time until the first one',
    async run() {
      const { benchCpu } = await import('./cpu');
      return benchCpu();
    },
  },
  mmu: {
    describe: 'translation: walks by themselves, and guests that touch memory at random beside QEMU',
    async run() {
      const { benchMmu } = await import('./mmu');
      const { benchHash } = await import('./mmu-hash');
      const { benchMmuGuest } = await import('./mmu-guest');
      const guest = await benchMmuGuest();
      return { ...guest, figures: [...benchMmu().figures, ...benchHash().figures, ...guest.figures] };
    },
  },
  timing: {
    describe: "the cycle model beside Microwatt's RTL, and what a timed run costs",
    async run() {
      const { benchTiming } = await import('./timing');
      return benchTiming();
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
  nested: {
    describe: 'nested guests: entries, page faults, invalidation, memory of the reverse map',
    async run() {
      const { benchNested } = await import('./nested');
      return await benchNested();
    },
  },
};
