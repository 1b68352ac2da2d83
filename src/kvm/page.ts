/**
 * Page sizes. The base page of a VM and its host is a parameter: 64 KiB is what ppc64 kernels use, 4 KiB serves
 * comparison with other architectures. Larger host pages are 2 MiB and 1 GiB. Nothing else hard-codes a size.
 */
export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;

/** Sizes a host mapping can have, as names. `base` is the base page. */
export type HostPageSize = 'base' | '2M' | '1G';

/** The base page and what follows from it. */
export class PageGeometry {
  /** log2 of the base page. */
  readonly shift: number;

  /** @param size bytes of the base page: 4096 or 65536 */
  constructor(readonly size: number) {
    if (size !== 4 * KIB && size !== 64 * KIB)
      throw new RangeError(`page size ${size}: 4096 or 65536 expected`);
    this.shift = Math.log2(size);
  }

  /** Base pages in a host page. */
  pagesIn(pageSize: HostPageSize): number {
    if (pageSize === 'base') return 1;
    return (pageSize === '2M' ? 2 * MIB : GIB) / this.size;
  }

  /** Number of the page that a byte address lies in. */
  pageOf(address: number): number {
    return Math.floor(address / this.size);
  }

  isAligned(address: number): boolean {
    return address % this.size === 0;
  }

  alignUp(bytes: number): number {
    return Math.ceil(bytes / this.size) * this.size;
  }
}
