/**
 * The two structures by which L1 hands a nested guest's vCPU to L0 and gets it back: hv_guest_state and pt_regs, as they
 * lie in L1's memory in L1's byte order (Linux arch/powerpc/include/asm/hvcall.h, struct hv_guest_state; ptrace.h).
 * Layout and byte order only.
 */

/** Offsets of hv_guest_state; all fields have 8 bytes but `lpid` and `vcpuToken`, which have 4. */
export const HV_STATE = {
  version: 0x00,
  lpid: 0x08,
  vcpuToken: 0x0c,
  lpcr: 0x10,
  pcr: 0x18,
  amor: 0x20,
  dpdes: 0x28,
  hfscr: 0x30,
  tbOffset: 0x38,
  dawr0: 0x40,
  dawrx0: 0x48,
  ciabr: 0x50,
  hdecExpiry: 0x58,
  purr: 0x60,
  spurr: 0x68,
  ic: 0x70,
  vtb: 0x78,
  hdar: 0x80,
  hdsisr: 0x88,
  heir: 0x90,
  asdr: 0x98,
  srr0: 0xa0,
  srr1: 0xa8,
  sprg: 0xb0,
  pidr: 0xd0,
  cfar: 0xd8,
  ppr: 0xe0,
  dawr1: 0xe8,
  dawrx1: 0xf0,
} as const;

/** Bytes of each version; L0 reads and writes exactly as many as L1's version has. */
export const HV_STATE_BYTES: Readonly<Record<number, number>> = { 1: 0xe8, 2: 0xf8 };
export const LARGEST_HV_STATE = 0xf8;

/** Offsets of pt_regs that mean something here; every word has 8 bytes, the GPRs come first. */
export const PT_REGS = {
  gpr: 0x00,
  nip: 0x100,
  msr: 0x108,
  ctr: 0x118,
  link: 0x120,
  xer: 0x128,
  ccr: 0x130,
} as const;

/** The part of pt_regs that is ABI, and all of it in Linux 6.x, which is what that L0 reads and writes. */
export const PT_REGS_BYTES = { abi: 352, linux: 384 } as const;

/** Doublewords of a structure that lie one behind the other: the offset of the first, and how many. */
export interface Doublewords {
  readonly offset: number;
  readonly count: number;
}

/** A 32-bit word with its bytes reversed. */
const reversed = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/** A structure of L1's, in L1's byte order. */
export class GuestStruct {
  readonly bytes: Uint8Array;
  /** The same in words of the host, which is little-endian as the CPU block is. */
  readonly words: Int32Array;
  private readonly view: DataView;
  little = false;

  /** @param size the most bytes that it can have */
  constructor(size: number) {
    this.bytes = new Uint8Array(size);
    this.words = new Int32Array(this.bytes.buffer);
    this.view = new DataView(this.bytes.buffer);
  }

  get(offset: number): bigint {
    return this.view.getBigUint64(offset, this.little);
  }

  set(offset: number, value: bigint): void {
    this.view.setBigUint64(offset, value, this.little);
  }

  /** A field of 4 bytes. */
  word(offset: number): number {
    return this.view.getUint32(offset, this.little);
  }

  setWord(offset: number, value: number): void {
    this.view.setUint32(offset, value, this.little);
  }

  /** Carries `count` doublewords to a CPU block, whose words `to` are, from word `at` on. */
  load(to: Int32Array, at: number, { offset, count }: Doublewords): void {
    const { words } = this;
    const from = offset >> 2;
    if (this.little) for (let i = 0; i < 2 * count; i++) to[at + i] = words[from + i]!;
    else for (let i = 0; i < 2 * count; i++) to[at + i] = reversed(words[from + (i ^ 1)]!);
  }

  /** The opposite of {@link load}. */
  store(from: Int32Array, at: number, { offset, count }: Doublewords): void {
    const { words } = this;
    const to = offset >> 2;
    if (this.little) for (let i = 0; i < 2 * count; i++) words[to + i] = from[at + i]!;
    else for (let i = 0; i < 2 * count; i++) words[to + (i ^ 1)] = reversed(from[at + i]!);
  }

  /** Halves of a doubleword as signed int32. */
  hi(offset: number): number {
    return this.view.getInt32(this.little ? offset + 4 : offset, this.little);
  }

  lo(offset: number): number {
    return this.view.getInt32(this.little ? offset : offset + 4, this.little);
  }

  setHalves(offset: number, hi: number, lo: number): void {
    this.view.setInt32(this.little ? offset + 4 : offset, hi, this.little);
    this.view.setInt32(this.little ? offset : offset + 4, lo, this.little);
  }
}
