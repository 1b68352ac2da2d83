/** Translation of the last page of each kind is known; that of another one is asked for. */
import { RELOCATION, type Core } from './core';
import { CELL, ticksOf } from './state';
import type { TranslationModel } from './translation';

export class PageFilter {
  /** The last pages of fetches, the newest first. */
  private pages: { hi: number; lo: number }[] = [];

  constructor(
    private readonly core: Core,
    private readonly translation: TranslationModel,
  ) {}

  /** Ticks of translating an address that is asked for at `at`, where it is on another page than the one before. */
  ticks(use: 'fetch' | 'data', { hi, lo }: { hi: number; lo: number }, at: number): number {
    const { cells } = this.core;
    const mode = use === 'fetch' ? cells.hi(CELL.relocation) : cells.lo(CELL.relocation);
    if (mode === RELOCATION.real) return 0;
    const cell = use === 'fetch' ? CELL.fetchPage : CELL.dataPage;
    const pageHi = hi >>> 12;
    const pageLo = (lo >>> 12) | (hi << 20);
    if (cells.hi(cell) === pageHi && cells.lo(cell) === pageLo) return 0;
    cells.setHalves(cell, pageHi, pageLo);
    const ticks = this.translation.cost(use, hi, lo, at);
    return use === 'fetch' ? ticks + this.recent(pageHi, pageLo, ticks > 0) : ticks;
  }

  /**
   * What a fetch costs whose page is none of the last two. An entry that comes from behind the first level is the only
   * one for the time being.
   */
  private recent(hi: number, lo: number, loaded: boolean): number {
    const cost = this.core.profile.translation.recentPages ?? 0;
    if (cost === 0) return 0;
    const { pages } = this;
    const at = pages.findIndex((page) => page.hi === hi && page.lo === lo);
    if (loaded) this.pages = [{ hi, lo }];
    else if (at >= 0) pages.unshift(...pages.splice(at, 1));
    else this.pages = [{ hi, lo }, ...pages.slice(0, 1)];
    return loaded || at >= 0 ? 0 : ticksOf(cost);
  }

  /** The next access of each kind is looked up. */
  forget(): void {
    const { cells } = this.core;
    this.pages = [];
    cells.setHalves(CELL.fetchPage, -1, -1);
    cells.setHalves(CELL.dataPage, -1, -1);
    cells.setHalves(CELL.line, -1, -1);
  }
}
