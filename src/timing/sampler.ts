/** Events of the cycle model over time: what happened since the last sample, as differences of its counters. */
import type { Cpu } from '../cpu/cpu';
import type { TimingEvent } from '../trace/events/execution';
import { CAUSES } from './causes';
import { CELL, COUNTS, TICKS } from './state';
import type { Timing } from './timing';

/** Counters of one CPU at one time. */
interface Mark {
  readonly retired: number;
  readonly cycles: number;
  readonly ticks: number;
  readonly stalls: readonly number[];
  readonly counts: readonly number[];
}

const ISSUE = CAUSES.indexOf('issue');

export class TimingSampler {
  private readonly marks: Mark[];

  constructor(
    private readonly timing: Timing,
    private readonly cpus: readonly Cpu[],
  ) {
    this.marks = cpus.map((cpu) => this.mark(cpu));
  }

  private mark(cpu: Cpu): Mark {
    const { cells } = this.timing.pipeline(cpu);
    return {
      retired: Number(cpu.hooks.retired!(cpu)),
      cycles: this.timing.cycles(cpu),
      ticks: cells.get(CELL.next),
      stalls: CAUSES.map((_, i) => cells.get(CELL.stalls + i)),
      counts: COUNTS.map((_, i) => cells.get(CELL.counts + i)),
    };
  }

  /** One event for each CPU that has not stood still since the last sample. */
  sample(emit: (event: TimingEvent) => void): void {
    this.cpus.forEach((cpu, i) => {
      const [before, now] = [this.marks[i]!, this.mark(cpu)];
      if (now.ticks === before.ticks) return;
      this.marks[i] = now;
      emit(between(cpu.state.index, before, now));
    });
  }
}

function between(cpu: number, before: Mark, now: Mark): TimingEvent {
  const stalls = now.stalls.map((ticks, i) => ticks - before.stalls[i]!);
  stalls[ISSUE] = now.ticks - before.ticks - stalls.reduce((a, b) => a + b, 0);
  return {
    ev: 'timing',
    t: now.retired,
    cpu,
    since: before.retired,
    cycles: now.cycles,
    elapsed: now.cycles - before.cycles,
    stack: named(
      CAUSES,
      stalls.map((ticks) => Math.round((ticks / TICKS.cycle) * 100) / 100),
    ),
    counts: named(
      COUNTS,
      now.counts.map((n, i) => n - before.counts[i]!),
    ),
  };
}

/** What is not 0, by name. */
const named = (names: readonly string[], values: readonly number[]): Record<string, number> =>
  Object.fromEntries(names.map((name, i) => [name, values[i]!] as const).filter(([, value]) => value !== 0));
