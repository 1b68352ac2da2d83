/**
 * The machine's real memory: `size` bytes from host real address 0, a window of one ArrayBuffer. All in-memory
 * tables of the architecture are big-endian whatever MSR[LE] is (Power ISA Book III, chapter 6), so the accessors
 * here are big-endian. Addresses are JavaScript numbers: memory ends below 4 GiB.
 *
 * It does no translation and knows no device. It remembers which pages translations were read from, because a store to
 * one of them may make a translation wrong that somebody has kept.
 */

const PAGE_SHIFT = 12;

/** What kinds of table a page was read as: a set of bits. */
export const TABLE = {
  /** A radix tree: its leaves may gain permissions without making a kept translation wrong. */
  TREE: 1,
  /** A hashed page table: a doubleword that is zero is no part of a translation. */
  HASHED: 2,
  /** A partition or process table: even a doubleword that is zero means something. */
  ROOT: 4,
} as const;

export class RealMemory {
  /** Exactly the machine's bytes. */
  readonly bytes: Uint8Array;
  /** By 4K page: set of {@link TABLE} bits. */
  readonly tablePages: Uint8Array;
  /** Called when a page is read as a table for the first time; its number. */
  onNewTablePage: ((page: number) => void) | undefined;
  /** Called when a walk has set reference or change bits: a store that no instruction made. */
  onTableUpdate: ((addr: number, bytes: number) => void) | undefined;
  private readonly view: DataView;

  /** @param base offset of real address 0 in `buffer`; @param size in bytes, a multiple of 4096 */
  constructor(
    readonly buffer: ArrayBufferLike,
    readonly base: number,
    readonly size: number,
  ) {
    this.bytes = new Uint8Array(buffer, base, size);
    this.view = new DataView(buffer, base, size);
    this.tablePages = new Uint8Array(size >>> PAGE_SHIFT);
  }

  /** A memory of its own, for tools and tests without a machine. */
  static ofSize(size: number): RealMemory {
    return new RealMemory(new ArrayBuffer(size), 0, size);
  }

  /** True where `length` bytes from a real address given as two 32-bit halves lie inside this memory. */
  contains(hi: number, lo: number, length: number): boolean {
    return hi === 0 && (lo >>> 0) + length <= this.size;
  }

  /** To be called where a table entry is read for a translation. @param kind one of {@link TABLE} */
  noteTable(addr: number, kind: number): void {
    const page = addr >>> PAGE_SHIFT;
    const known = this.tablePages[page]!;
    if ((known & kind) !== 0) return;
    this.tablePages[page] = known | kind;
    if (known === 0) this.onNewTablePage?.(page);
  }

  /** Signed 32 bits; a RangeError outside memory is a defect of the caller, who checks with {@link contains}. */
  getWord(addr: number): number {
    return this.view.getInt32(addr);
  }

  setWord(addr: number, value: number): void {
    this.view.setInt32(addr, value);
  }

  getDoubleword(addr: number): bigint {
    return this.view.getBigUint64(addr);
  }

  setDoubleword(addr: number, value: bigint): void {
    this.view.setBigUint64(addr, value);
  }
}
