/**
 * Writes the pipeline trace of a window of instructions of one CPU. It watches the model that runs, from the observer
 * that is called before each instruction, and changes nothing.
 */
import type { Cpu } from '../cpu/cpu';
import { UserError } from '../core/errors';
import { CAUSES } from './causes';
import { KanataWriter } from './kanata';
import type { Place } from './core';
import type { Schedule } from './schedule';
import { CELL, TICKS } from './state';
import type { Timing } from './timing';

/** Which instructions of a CPU are traced: `count` from the `first` on, the first of the run being 0. */
export interface TraceWindow {
  readonly first: number;
  readonly count: number;
}

/** Instructions that one trace may have. */
export const MOST_TRACED = 10_000_000;

/** An instruction that has been seen and has not executed yet. */
interface Begun {
  readonly schedule: Schedule;
  readonly place: Place;
  readonly address: bigint;
  readonly text: string;
  readonly fetched: number;
  readonly retired: bigint;
  /** Ticks booked by cause. */
  readonly booked: readonly number[];
}

export class PipelineTrace {
  private readonly writer: KanataWriter;
  private begun: Begun | undefined;
  private traced = 0;

  /**
   * @param disassemble text of the instruction that the CPU is at
   * @throws UserError where the window is none
   */
  constructor(
    private readonly timing: Timing,
    private readonly options: {
      readonly window: TraceWindow;
      readonly disassemble: (cpu: Cpu) => string;
      readonly write: (text: string) => void;
    },
  ) {
    const { first, count } = options.window;
    if (!Number.isInteger(first) || first < 0 || !Number.isInteger(count) || count < 1 || count > MOST_TRACED)
      throw new UserError(
        `pipeline trace: expected the first instruction from 0 on and 1 to ${MOST_TRACED} instructions, got ${first} and ${count}`,
      );
    this.writer = new KanataWriter(options.write);
  }

  /** Instructions that are still to be seen. */
  get left(): number {
    return this.options.window.count - this.traced;
  }

  /** To be called before each instruction of the window. */
  before(cpu: Cpu): void {
    this.finish(cpu);
    if (this.left <= 0) return;
    const { schedule, place } = this.timing.instructionAt(cpu);
    this.begun = {
      schedule,
      place,
      address: cpu.nia,
      text: this.options.disassemble(cpu),
      fetched: this.timing.pipeline(cpu).fetchable(place),
      retired: cpu.hooks.retired!(cpu),
      booked: this.booked(cpu),
    };
    this.traced++;
  }

  /** The CPU has executed what was begun. */
  finish(cpu: Cpu): void {
    const { begun } = this;
    if (!begun) return;
    this.begun = undefined;
    const { place, schedule, address, text, fetched, retired } = begun;
    this.writer.add({
      cpu: cpu.state.index,
      number: this.options.window.first + this.traced - 1,
      address,
      text,
      detail: this.detail(cpu, begun),
      fetched,
      ...this.timing.pipeline(cpu).timesOf(schedule, place),
      flushed: cpu.hooks.retired!(cpu) === retired,
    });
  }

  /** Ends the trace. */
  close(cpu: Cpu): void {
    this.finish(cpu);
    this.writer.close();
  }

  private booked(cpu: Cpu): number[] {
    const { cells } = this.timing.pipeline(cpu);
    return CAUSES.map((_, i) => cells.get(CELL.stalls + i));
  }

  /** What was booked since: `loadUse 2, dataCache 7.42`. */
  private detail(cpu: Cpu, { booked }: Begun): string {
    const now = this.booked(cpu);
    const waits = CAUSES.map((cause, i) => [cause, (now[i]! - booked[i]!) / TICKS.cycle] as const);
    return waits
      .filter(([, cycles]) => cycles > 0)
      .map(([cause, cycles]) => `${cause} ${Number(cycles.toFixed(2))}`)
      .join(', ');
  }
}
