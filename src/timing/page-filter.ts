/** Translation of the last page of each kind is known; that of another one is asked for. */
import { RELOCATION, type Core } from './core';
import { CELL } from './state';
import type { TranslationModel } from './translation';

export class PageFilter {
  constructor(
    private readonly core: Core,
    private readonly translation: TranslationModel,
  ) {}

  /** Ticks of translating an address, where it is on another page than the one before. */
  ticks(use: 'fetch' | 'data', hi: number, lo: number): number {
    const { cells } = this.core;
    const mode = use === 'fetch' ? cells.hi(CELL.relocation) : cells.lo(CELL.relocation);
    if (mode === RELOCATION.real) return 0;
    const cell = use === 'fetch' ? CELL.fetchPage : CELL.dataPage;
    const pageHi = hi >>> 12;
    const pageLo = (lo >>> 12) | (hi << 20);
    if (cells.hi(cell) === pageHi && cells.lo(cell) === pageLo) return 0;
    cells.setHalves(cell, pageHi, pageLo);
    return this.translation.cost(use, hi, lo);
  }

  /** The next access of each kind is looked up. */
  forget(): void {
    const { cells } = this.core;
    cells.setHalves(CELL.fetchPage, -1, -1);
    cells.setHalves(CELL.dataPage, -1, -1);
    cells.setHalves(CELL.line, -1, -1);
  }
}
