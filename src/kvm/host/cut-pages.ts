/** Which pages the heap has, while a snapshot is restored: whole ones, and ones cut into pieces of one size. */
import type { PageGeometry } from '../page';
import type { FrameClaims } from './frame-claims';

interface CutPage {
  readonly bytes: number;
  readonly pieces: Set<number>;
}

export class CutPages {
  private readonly pages = new Map<number, CutPage>();

  constructor(
    private readonly geometry: PageGeometry,
    private readonly frames: FrameClaims,
  ) {}

  /** Adds a small piece, in use or free; false where there is none, or it is there already. */
  add(address: number, bytes: number): boolean {
    if (!Number.isInteger(address / bytes) || address < 0) return false;
    const number = this.geometry.pageOf(address);
    const page = this.pages.get(number) ?? this.cut(number, bytes);
    if (page?.bytes !== bytes || page.pieces.has(address)) return false;
    page.pieces.add(address);
    return true;
  }

  /** Adds whole pages from an address on. */
  addWhole(address: number, count: number): boolean {
    if (!this.geometry.isAligned(address)) return false;
    const first = this.geometry.pageOf(address);
    for (let page = first; page < first + count; page++) if (!this.frames.own(page)) return false;
    return true;
  }

  /** Every piece of every page that is cut up has been added. */
  get areComplete(): boolean {
    const { size } = this.geometry;
    return [...this.pages.values()].every(({ bytes, pieces }) => pieces.size === size / bytes);
  }

  private cut(number: number, bytes: number): CutPage | undefined {
    if (!this.frames.own(number)) return undefined;
    const page = { bytes, pieces: new Set<number>() };
    this.pages.set(number, page);
    return page;
  }
}
