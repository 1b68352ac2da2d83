/** `--trace timing`: samples the cycle model of a run that `session.ts` runs in slices. */
import type { Machine } from '../machine/machine';
import { TimingSampler, type Timing } from '../timing';
import type { TraceEvent } from '../trace/events';

/** Instructions of the machine between samples. */
const PERIOD = 10_000;

export class TimingSamples {
  private readonly sampler: TimingSampler;
  private due: number;

  constructor(
    private readonly machine: Machine,
    timing: Timing,
    private readonly emit: (event: TraceEvent) => void,
  ) {
    this.sampler = new TimingSampler(timing, machine.cpus);
    this.due = this.retired() + PERIOD;
  }

  private retired(): number {
    const { cpus, execution } = this.machine;
    return cpus.reduce((sum, cpu) => sum + Number(execution.clock.retired(cpu)), 0);
  }

  /** How many instructions may run until this has to be asked again; samples when it is time. */
  next(): number {
    const now = this.retired();
    if (now >= this.due) {
      this.sampler.sample(this.emit);
      this.due = now + PERIOD;
    }
    return this.due - now;
  }

  /** What came since the last sample. */
  end(): void {
    this.sampler.sample(this.emit);
  }
}
