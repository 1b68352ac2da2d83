/** What the benchmarks of single translations share: the order of pages, the time of one call, walks that are kept. */
import { performance } from 'node:perf_hooks';
import type { WalkEvent } from '../../trace/events/walk';

/** Pages in the order of a fixed stride that is coprime to their number, so that no two in a row are neighbours. */
const STRIDE = 197;
const PAGE_SIZE = 4096;
/** Where in its page an access is. */
const OFFSET = 8;

export interface Repeats {
  /** Calls of one repeat. */
  readonly count: number;
  readonly repeats: number;
  /** Pages of 4K from address 0 on that are accessed in turn, a power of 2. */
  readonly pages: number;
}

/**
 * Nanoseconds of one call: the best of several repeats, for what else the machine does only adds.
 * @throws Error where a call says that it did not translate
 */
export function nanoseconds({ count, repeats, pages }: Repeats, once: (eaLo: number) => boolean): number {
  const run = (): number => {
    const start = performance.now();
    for (let i = 0, page = 0; i < count; i++, page = (page + STRIDE) & (pages - 1))
      if (!once(page * PAGE_SIZE + OFFSET)) throw new Error('the benchmark tables do not translate');
    return ((performance.now() - start) * 1e6) / count;
  };
  run();
  return Math.round(Math.min(...Array.from({ length: repeats }, run)) * 10) / 10;
}

const KEPT = 1024;
/** An observer that keeps events, as a trace would, and lets them go before they are many. */
export class KeptWalks {
  private readonly kept: WalkEvent[] = [];

  walk(event: WalkEvent): void {
    this.kept.push(event);
    if (this.kept.length >= KEPT) this.kept.length = 0;
  }
}
