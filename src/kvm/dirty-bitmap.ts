/**
 * The dirty bitmap of one slot: two halves of one bit a page, rounded up to 64 bits. Half 0 has the live bits, half 1
 * is scratch that a harvest under slots_lock copies out (Linux virt/kvm/kvm_main.c). Bit order is little-endian:
 * page 0 is bit 0 of byte 0.
 */
const BITS_PER_WORD = 32;
const PAGES_PER_UNIT = 64;
const BYTES_PER_UNIT = 8;
const ALL_ONES = -1;

/** Bytes of one half, which is also the size that the ioctls copy out. */
export const bitmapBytes = (npages: number): number => Math.ceil(npages / PAGES_PER_UNIT) * BYTES_PER_UNIT;

/** Number of bits that are set in a 32-bit word. */
export function popcount32(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

export class DirtyBitmap {
  readonly live: Int32Array;
  readonly scratch: Int32Array;

  constructor(readonly npages: number) {
    const words = bitmapBytes(npages) / (BITS_PER_WORD / 8);
    this.live = new Int32Array(words);
    this.scratch = new Int32Array(words);
  }

  /** Words of one half; word `i` has the pages from `i * 32`. */
  get wordCount(): number {
    return this.live.length;
  }

  set(page: number): void {
    this.live[Math.floor(page / BITS_PER_WORD)]! |= 1 << (page % BITS_PER_WORD);
  }

  /** Marks a page in the scratch half. */
  setScratch(page: number): void {
    this.scratch[Math.floor(page / BITS_PER_WORD)]! |= 1 << (page % BITS_PER_WORD);
  }

  has(page: number): boolean {
    return (this.live[Math.floor(page / BITS_PER_WORD)]! & (1 << (page % BITS_PER_WORD))) !== 0;
  }

  /** Sets every page of the slot and no bit past it. */
  setAll(): void {
    this.live.fill(0);
    this.live.fill(ALL_ONES, 0, Math.floor(this.npages / BITS_PER_WORD));
    for (let page = this.npages - (this.npages % BITS_PER_WORD); page < this.npages; page++) this.set(page);
  }

  /** Pages that are dirty now. */
  count(): number {
    return this.live.reduce((sum, word) => sum + popcount32(word), 0);
  }

  /** Takes word `index` out of the live half: returns it and leaves 0. */
  exchange(index: number): number {
    const word = this.live[index]!;
    this.live[index] = 0;
    return word;
  }

  /** Clears in word `index` the bits of `mask`; returns those that were set. */
  clearMasked(index: number, mask: number): number {
    const was = this.live[index]! & mask;
    this.live[index]! &= ~mask;
    return was;
  }
}

/** A half as the bytes that user space sees. */
export function wordsToBytes(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setInt32(i * 4, word, true));
  return bytes;
}

/** Word `index` of a bitmap that user space passed in; bytes past its end count as 0. */
export function wordOf(bytes: Uint8Array, index: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word |= (bytes[index * 4 + i] ?? 0) << (8 * i);
  return word;
}
