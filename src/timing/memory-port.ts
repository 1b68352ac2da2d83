/** The port to memory that the refills of both caches and stores share: one refill at a time. */
import type { CacheTiming } from './profile';
import { CELL, ticksOf, type Cells } from './state';

export class MemoryPort {
  constructor(private readonly cells: Cells) {}

  /** A line is brought in as soon as the port is free. @returns when that is, `at` or later */
  refill(at: number, { refill }: CacheTiming): number {
    const { cells } = this;
    const start = Math.max(at, cells.get(CELL.port));
    if (refill > 0) cells.set(CELL.port, start + ticksOf(refill));
    return start;
  }

  /** Until when it is busy. */
  get busyUntil(): number {
    return this.cells.get(CELL.port);
  }
}
