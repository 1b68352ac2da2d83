/**
 * Typed access to one CPU block. Registers are read as 32-bit halves by hot code and as `bigint` elsewhere. Nothing
 * has a side effect here: what writing a register *does* is in `src/cpu/`.
 */
import type { Field } from '../core/bits';
import { numberOf } from '../core/u64';
import { CPU_BLOCK_SIZE, offsetOf, slot, type Slot } from './layout';

const WORD = 2 ** 32;
const CR = offsetOf('CR');
const GPR = offsetOf('GPR');
const VSR = offsetOf('VSR');

export class CpuState {
  /** The CPU block as 32-bit words (little-endian halves: low word first), doublewords and bytes. */
  readonly words: Int32Array;
  readonly doublewords: BigUint64Array;
  readonly bytes: Uint8Array;
  /** Counts the changes of the SLB: who remembers something of it looks whether it is as it was. */
  segmentChanges = 0;

  /** @param base byte offset of the CPU block: the first parameter of every generated function */
  constructor(
    buffer: ArrayBufferLike,
    readonly base: number,
    readonly index: number,
  ) {
    this.words = new Int32Array(buffer, base, CPU_BLOCK_SIZE / 4);
    this.doublewords = new BigUint64Array(buffer, base, CPU_BLOCK_SIZE / 8);
    this.bytes = new Uint8Array(buffer, base, CPU_BLOCK_SIZE);
  }

  /** A CPU block of its own, for tools and tests without an engine. */
  static detached(): CpuState {
    return new CpuState(new ArrayBuffer(CPU_BLOCK_SIZE), 0, 0);
  }

  /** The doubleword register at a byte offset of the block (`offsetOf('MSR')`). */
  get(offset: number): bigint {
    return this.doublewords[offset >> 3]!;
  }

  set(offset: number, value: bigint): void {
    this.doublewords[offset >> 3] = value;
  }

  /** Upper and lower half of the doubleword register at a byte offset, as signed int32. */
  hi(offset: number): number {
    return this.words[(offset >> 2) + 1]!;
  }

  lo(offset: number): number {
    return this.words[offset >> 2]!;
  }

  setHalves(offset: number, hi: number, lo: number): void {
    this.words[(offset >> 2) + 1] = hi;
    this.words[offset >> 2] = lo;
  }

  /** The doubleword as a number: exact up to 2^53, enough for everything that counts from 0. */
  number(offset: number): number {
    return numberOf(this.hi(offset), this.lo(offset));
  }

  /** Adds a number (0 to 2^31-1) to the doubleword register at a byte offset. */
  add(offset: number, by: number): void {
    const low = (this.lo(offset) >>> 0) + by;
    this.words[offset >> 2] = low | 0;
    if (low >= WORD) this.words[(offset >> 2) + 1]!++;
  }

  /** Adds a doubleword, given by halves, to the register at a byte offset. */
  addHalves(offset: number, hi: number, lo: number): void {
    const low = (this.lo(offset) + lo) | 0;
    const carry = low >>> 0 < lo >>> 0 ? 1 : 0;
    this.setHalves(offset, this.hi(offset) + hi + carry, low);
  }

  /** True where any bit of the field is set in the doubleword register at a byte offset. */
  has(offset: number, f: Field): boolean {
    return (this.hi(offset) & f.hi) !== 0 || (this.lo(offset) & f.lo) !== 0;
  }

  /** A 32-bit engine variable or register part. */
  int(offset: number): number {
    return this.words[offset >> 2]!;
  }

  setInt(offset: number, value: number): void {
    this.words[offset >> 2] = value;
  }

  gpr(n: number): bigint {
    return this.doublewords[(GPR >> 3) + n]!;
  }

  setGpr(n: number, value: bigint): void {
    this.doublewords[(GPR >> 3) + n] = value;
  }

  /** VSR n as its two doublewords, doubleword 0 first (FPR n is doubleword 0 of VSR n, VR n is VSR 32+n). */
  vsr(n: number): [bigint, bigint] {
    const at = (VSR >> 3) + 2 * n;
    return [this.doublewords[at + 1]!, this.doublewords[at]!];
  }

  setVsr(n: number, dw0: bigint, dw1: bigint): void {
    const at = (VSR >> 3) + 2 * n;
    this.doublewords[at + 1] = dw0;
    this.doublewords[at] = dw1;
  }

  /** The 32-bit condition register. */
  get cr(): number {
    let value = 0;
    for (let field = 0; field < 8; field++) value = (value << 4) | this.bytes[CR + field]!;
    return value >>> 0;
  }

  set cr(value: number) {
    for (let field = 0; field < 8; field++) this.bytes[CR + field] = (value >>> (28 - 4 * field)) & 0xf;
  }

  /** The register named `name`, for tools: slow, checked. */
  named(name: string): bigint {
    return this.read(slot(name), 0);
  }

  setNamed(name: string, value: bigint): void {
    this.write(slot(name), 0, value);
  }

  /** Element `index` of any slot, for snapshots and debuggers. */
  read(s: Slot, index: number): bigint {
    switch (s.type) {
      case 'u8':
        return BigInt(this.bytes[s.offset + index]!);
      case 'i32':
        return BigInt(this.words[(s.offset >> 2) + index]! >>> 0);
      case 'i64':
        return this.doublewords[(s.offset >> 3) + index]!;
      case 'v128': {
        const at = (s.offset >> 3) + 2 * index;
        return (this.doublewords[at + 1]! << 64n) | this.doublewords[at]!;
      }
    }
  }

  write(s: Slot, index: number, value: bigint): void {
    this.segmentChanges++;
    switch (s.type) {
      case 'u8':
        this.bytes[s.offset + index] = Number(value & 0xffn);
        break;
      case 'i32':
        this.words[(s.offset >> 2) + index] = Number(BigInt.asIntN(32, value));
        break;
      case 'i64':
        this.doublewords[(s.offset >> 3) + index] = BigInt.asUintN(64, value);
        break;
      case 'v128': {
        const at = (s.offset >> 3) + 2 * index;
        this.doublewords[at] = BigInt.asUintN(64, value);
        this.doublewords[at + 1] = BigInt.asUintN(64, value >> 64n);
        break;
      }
    }
  }
}
