/**
 * The mapped areas of a host address space and the page entries in them: which area an address lies in, and how areas
 * are added, cut and removed. Entries are changed elsewhere (`address-space.ts`).
 */
import type { HostPageSize, PageGeometry } from '../page';
import { hasAnyBit, PTE_1G, PTE_2M, withoutBits } from '../page-entry';
import { RbTree } from '../rbtree';
import { NIL } from '../rbtree-links';

/** A mapped area: consecutive base pages with one entry each. */
export interface Vma {
  readonly start: number;
  readonly end: number;
  readonly writable: boolean;
  /** The mapping size to use where the range and the free memory allow it. */
  readonly pageSize: HostPageSize;
  readonly entries: Int32Array;
}

export class VmaTree {
  private readonly tree = new RbTree('distinct starts');
  private readonly byHandle: (Vma | null)[] = [null];
  private readonly freeHandles: number[] = [];
  private cached: Vma | null = null;

  constructor(private readonly geometry: PageGeometry) {}

  /** The area that contains the address, or null. */
  find(hva: number): Vma | null {
    const { cached } = this;
    if (cached && hva >= cached.start && hva < cached.end) return cached;
    const node = this.tree.find(hva);
    if (node === NIL) return null;
    return (this.cached = this.byHandle[node]!);
  }

  /** Index of the entry of an address within its area. */
  indexOf(vma: Vma, hva: number): number {
    return this.geometry.pageOf(hva - vma.start);
  }

  overlaps(start: number, end: number): boolean {
    return !this.meeting(start, end).next().done;
  }

  add(vma: Vma): void {
    const handle = this.freeHandles.pop() ?? this.byHandle.length;
    this.byHandle[handle] = vma;
    this.tree.insert(handle, vma.start, vma.end - 1);
  }

  /** Removes every area, whatever its entries are. */
  clear(): void {
    for (const vma of [...this.all()]) this.drop(vma);
  }

  /** The areas that meet `[start, end)`, ascending. */
  *meeting(start: number, end: number): IterableIterator<Vma> {
    const above = this.tree.upperBound(start);
    let node = above === NIL ? this.tree.last() : this.tree.previous(above);
    if (node === NIL || this.tree.lastOf(node) < start) node = above;
    for (; node !== NIL && this.tree.startOf(node) < end; node = this.tree.next(node))
      yield this.byHandle[node]!;
  }

  /** All areas, ascending. */
  *all(): IterableIterator<Vma> {
    for (let node = this.tree.first(); node !== NIL; node = this.tree.next(node)) yield this.byHandle[node]!;
  }

  /** Takes `[start, end)` out of every area, cutting those that reach over a border; entries must be empty there. */
  remove(start: number, end: number): void {
    for (const vma of [...this.meeting(start, end)]) {
      this.drop(vma);
      if (vma.start < start) this.add(this.part(vma, vma.start, start));
      if (vma.end > end) this.add(this.part(vma, end, vma.end));
    }
  }

  /** Lets the huge mapping that contains entry `index` become base pages; returns whether there was one. */
  splitHuge(vma: Vma, index: number): boolean {
    const entry = vma.entries[index]!;
    if (!hasAnyBit(entry, PTE_2M | PTE_1G)) return false;
    const pages = this.geometry.pagesIn(hasAnyBit(entry, PTE_1G) ? '1G' : '2M');
    const first = this.hugeStart(vma, index, pages);
    for (let i = first; i < first + pages; i++)
      vma.entries[i] = withoutBits(vma.entries[i]!, PTE_2M | PTE_1G);
    return true;
  }

  /** Index of the first entry of the aligned block of `pages` pages around `index`; may lie outside the area. */
  hugeStart(vma: Vma, index: number, pages: number): number {
    return index - ((this.geometry.pageOf(vma.start) + index) % pages);
  }

  private drop(vma: Vma): void {
    const node = this.tree.find(vma.start);
    this.tree.erase(node);
    this.byHandle[node] = null;
    this.freeHandles.push(node);
    this.cached = null;
  }

  private part(vma: Vma, start: number, end: number): Vma {
    const entries = vma.entries.slice(this.indexOf(vma, start), this.indexOf(vma, end));
    return { ...vma, start, end, entries };
  }
}
