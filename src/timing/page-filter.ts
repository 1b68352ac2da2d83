/** Translation of the last page of each kind is known; that of another one is asked for. */
import { RELOCATION, type Core } from './core';
import { CELL, ticksOf } from './state';
import type { TranslationModel } from './translation';

export class PageFilter {
  /** Ticks. */
  private readonly recentPages: number;

  constructor(
    private readonly core: Core,
    private readonly translation: TranslationModel,
  ) {
    this.recentPages = ticksOf(core.profile.translation.recentPages ?? 0);
  }

  /** Ticks of translating an address that is asked for at `at`, where it is on another page than the one before. */
  ticks(use: 'fetch' | 'data', { hi, lo }: { hi: number; lo: number }, at: number): number {
    const { cells } = this.core;
    const mode = use === 'fetch' ? cells.hi(CELL.relocation) : cells.lo(CELL.relocation);
    if (mode === RELOCATION.real) return 0;
    const cell = use === 'fetch' ? CELL.fetchPage : CELL.dataPage;
    const pageHi = hi >>> 12;
    const pageLo = (lo >>> 12) | (hi << 20);
    if (cells.hi(cell) === pageHi && cells.lo(cell) === pageLo) return 0;
    const ticks = this.translation.cost(use, hi, lo, at);
    const more = use === 'fetch' ? this.recent(pageHi, pageLo, ticks > 0) : 0;
    cells.setHalves(cell, pageHi, pageLo);
    return ticks + more;
  }

  /**
   * What a fetch costs whose page is none of the last two. An entry that comes from behind the first level is the only
   * one for the time being.
   */
  private recent(hi: number, lo: number, loaded: boolean): number {
    if (this.recentPages === 0) return 0;
    const { cells } = this.core;
    const known = cells.hi(CELL.fetchBefore) === hi && cells.lo(CELL.fetchBefore) === lo;
    if (loaded) cells.setHalves(CELL.fetchBefore, -1, -1);
    else cells.setHalves(CELL.fetchBefore, cells.hi(CELL.fetchPage), cells.lo(CELL.fetchPage));
    return loaded || known ? 0 : this.recentPages;
  }

  /** The next access of each kind is looked up. */
  forget(): void {
    const { cells } = this.core;
    cells.setHalves(CELL.fetchBefore, -1, -1);
    cells.setHalves(CELL.fetchPage, -1, -1);
    cells.setHalves(CELL.dataPage, -1, -1);
    cells.setHalves(CELL.line, -1, -1);
  }
}
