/** Samples of a cycle model as counters of the Perfetto UI: cycles and misses per instruction over time. */
import type { TimingEvent } from '../events/execution';

/** One counter track; each series is drawn by itself. */
export interface Counter {
  readonly name: string;
  readonly series: Readonly<Record<string, number>>;
}

const THOUSAND = 1000;
const rounded = (value: number): number => Number(value.toFixed(3));

/** Tracks of misses, with what the model counts for them. */
const MISSES: Readonly<Record<string, readonly string[]>> = {
  'instruction cache': ['instructionMisses'],
  'data cache': ['dataMisses', 'storeMisses'],
  'first-level TLB': ['dataTlbMisses', 'instructionTlbMisses'],
  'second-level TLB': ['walks'],
  branches: ['mispredictions'],
};

/** The counters of a sample. A sample without instructions (the CPU waited) has cycles only. */
export function countersOf({ cpu, t, since, elapsed, stack, counts, cycles }: TimingEvent): Counter[] {
  const instructions = t - since;
  const prefix = `CPU ${cpu} `;
  const total = { name: `${prefix}cycles`, series: { cycles } };
  if (instructions <= 0) return [total];
  const per = (value: number): number => rounded(value / instructions);
  const byCause = Object.entries(stack).map(([cause, value]) => [cause, per(value)]);
  const misses = Object.entries(MISSES).map(([name, parts]) => {
    const sum = parts.reduce((all, part) => all + (counts[part] ?? 0), 0);
    return [name, rounded((THOUSAND * sum) / instructions)];
  });
  return [
    total,
    { name: `${prefix}CPI`, series: { CPI: per(elapsed) } },
    { name: `${prefix}CPI by cause`, series: Object.fromEntries(byCause) as Record<string, number> },
    {
      name: `${prefix}misses per 1000 instructions`,
      series: Object.fromEntries(misses) as Record<string, number>,
    },
  ];
}
