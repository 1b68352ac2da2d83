/**
 * The machine's real memory: `size` bytes from host real address 0, a window of one ArrayBuffer. All in-memory
 * tables of the architecture are big-endian whatever MSR[LE] is (Power ISA Book III, chapter 6), so the accessors
 * here are big-endian. Addresses are JavaScript numbers: memory ends below 4 GiB.
 *
 * It does no translation and knows no device.
 */
export class RealMemory {
  /** Exactly the machine's bytes. */
  readonly bytes: Uint8Array;
  private readonly view: DataView;

  /** @param base offset of real address 0 in `buffer`; @param size in bytes, a multiple of 4096 */
  constructor(
    readonly buffer: ArrayBufferLike,
    readonly base: number,
    readonly size: number,
  ) {
    this.bytes = new Uint8Array(buffer, base, size);
    this.view = new DataView(buffer, base, size);
  }

  /** A memory of its own, for tools and tests without a machine. */
  static ofSize(size: number): RealMemory {
    return new RealMemory(new ArrayBuffer(size), 0, size);
  }

  /** True where `length` bytes from a real address given as two 32-bit halves lie inside this memory. */
  contains(hi: number, lo: number, length: number): boolean {
    return hi === 0 && (lo >>> 0) + length <= this.size;
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
