/** Fetching: the instruction cache, and the translation of where instructions are. */
import { CAUSE } from './causes';
import { slotOf, type Core, type Place } from './core';
import type { MemoryPort } from './memory-port';
import type { PageFilter } from './page-filter';
import { CELL, ticksOf } from './state';

export class FetchUnit {
  private readonly runAhead: number;

  constructor(
    private readonly core: Core,
    private readonly port: MemoryPort,
    private readonly pages: PageFilter,
  ) {
    const { runAhead, issueWidth } = core.profile.core;
    this.runAhead = ticksOf(runAhead / issueWidth);
  }

  /** When an instruction could be fetched: fetching is ahead by so many instructions, if nothing changed. */
  earliest({ lo }: Place): number {
    const { cells } = this.core;
    const ahead = cells.get(CELL.history + slotOf(lo));
    return Math.max(ahead, cells.get(CELL.redirect) - this.runAhead, 0);
  }

  /** Fetching of a line other than the one before. */
  fetch(place: Place): void {
    const { cells, profile } = this.core;
    const line = place.real >>> profile.fetch.lineShift;
    if (cells.hi(CELL.line) === line) return;
    cells.setHalves(CELL.line, line, line);
    this.line(place);
  }

  /** Fetching of a line that is not the one before. */
  line({ hi, lo, real }: Place): void {
    const { cells, structures, profile } = this.core;
    const line = real >>> profile.fetch.lineShift;
    cells.count('fetchedLines');
    let cause: number = CAUSE.instructionCache;
    const translation = this.pages.ticks('fetch', hi, lo);
    if (translation > 0) cause = CAUSE.instructionTranslation;
    const set = line & (profile.fetch.sets - 1);
    const isThere = structures.fetch.lookup(set, 0, line);
    if (isThere && translation === 0) return;
    const next = cells.get(CELL.next);
    const from = Math.max(cells.get(CELL.history + slotOf(lo)) + this.runAhead, cells.get(CELL.redirect));
    let ready = from + translation;
    if (!isThere) {
      structures.fetch.insert(set, 0, line);
      cells.count('instructionMisses');
      ready = this.port.refill(ready, profile.fetch) + ticksOf(profile.fetch.miss);
    }
    if (ready <= next) return;
    this.core.book(cause, ready - next);
    cells.set(CELL.next, ready);
  }
}
