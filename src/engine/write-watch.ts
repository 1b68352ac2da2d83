/**
 * Which real pages generated code may store to by itself. Pages that hold decoded code, tables of translation or the
 * reservation of a CPU that is not running must not be among them: stores there have to be seen.
 */
import type { TranslationCache } from './translation-cache';

/** No cache has a write permission; more than one entry may have one. */
const NOWHERE = -1;
const SEVERAL = -2;

export class WriteWatch {
  /** By real page: CPU and entry of the only write permission as one number, or one of the constants. */
  private readonly where: Int32Array;
  /** By real page: for how many reservations it is withheld. */
  private readonly withheld: Uint8Array;

  constructor(
    private readonly caches: readonly TranslationCache[],
    pages: number,
  ) {
    this.where = new Int32Array(pages).fill(NOWHERE);
    this.withheld = new Uint8Array(pages);
  }

  /** True where no cache may get a write permission for a page now. */
  isWithheld(page: number): boolean {
    return this.withheld[page] !== 0;
  }

  /** Takes all write permissions for a page away until it is released as often; false where there is no such page. */
  hold(page: number): boolean {
    if (page >= this.withheld.length) return false;
    this.withheld[page]!++;
    this.revoke(page);
    return true;
  }

  release(page: number): void {
    this.withheld[page]!--;
  }

  /** A cache has entered a write permission for a page. */
  granted(page: number, cpu: number, entry: number): void {
    const place = entry * this.caches.length + cpu;
    const known = this.where[page]!;
    if (known !== place) this.where[page] = known === NOWHERE ? place : SEVERAL;
  }

  /** Takes all write permissions for a page away. */
  revoke(page: number): void {
    const place = this.where[page]!;
    if (place === NOWHERE) return;
    this.where[page] = NOWHERE;
    const address = page * 4096;
    const count = this.caches.length;
    if (place === SEVERAL) for (const cache of this.caches) cache.dropWrites(address);
    else this.caches[place % count]!.dropWrites(address, Math.floor(place / count));
  }
}
