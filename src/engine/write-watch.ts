/**
 * Which real pages generated code may store to by itself. Pages that hold decoded code, tables of translation or the
 * reservation of a CPU that is not running must not be among them: stores there have to be seen.
 */
import type { TranslationCache } from './translation-cache';

/** A place that is not in use; in the second one: there are more than two. */
const NOWHERE = -1;
const SEVERAL = -2;

export class WriteWatch {
  /**
   * Two for each real page: CPU and entry of a write permission as one number, or one of the constants. Most pages
   * have two at most: the kernel's mapping of all memory and a process's.
   */
  private readonly where: Int32Array;
  /** By real page: for how many reservations it is withheld. */
  private readonly withheld: Uint8Array;

  constructor(
    private readonly caches: readonly TranslationCache[],
    pages: number,
  ) {
    this.where = new Int32Array(2 * pages).fill(NOWHERE);
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
    const { where } = this;
    const place = entry * this.caches.length + cpu;
    const first = where[2 * page]!;
    if (first === place) return;
    const second = where[2 * page + 1]!;
    if (first === NOWHERE) where[2 * page] = place;
    else if (second !== place) where[2 * page + 1] = second === NOWHERE ? place : SEVERAL;
  }

  /** Takes all write permissions for a page away. */
  revoke(page: number): void {
    const first = this.where[2 * page]!;
    if (first === NOWHERE) return;
    const second = this.where[2 * page + 1]!;
    this.where[2 * page] = this.where[2 * page + 1] = NOWHERE;
    if (second === SEVERAL) {
      for (const cache of this.caches) cache.dropWrites(page * 4096);
      return;
    }
    this.drop(page, first);
    if (second !== NOWHERE) this.drop(page, second);
  }

  private drop(page: number, place: number): void {
    const count = this.caches.length;
    this.caches[place % count]!.dropWrites(page * 4096, Math.floor(place / count));
  }
}
