/**
 * L1 as a test plays it: its memory, its tables and what it asks of L0. Who translates the accesses of its nested guests
 * is the subclasses' business: a model of the hardware (`support.ts`) or a whole machine (`machine-world.ts`).
 */
import { PTE } from '../../../isa/tables/radix';
import type { L0 } from '../../../src/kvm/l0';
import type { Nested } from '../../../src/kvm/nested/nested';
import type { NestedGuest } from '../../../src/kvm/nested/nested-guest';
import { getOrCreateNested, putNested } from '../../../src/kvm/nested/nested-guests';
import type { NestedGuests } from '../../../src/kvm/nested/part';
import { setUserMemoryRegion } from '../../../src/kvm/set-memory-region';
import { readGuest } from '../../../src/kvm/translate';

/** Hypercalls of a nested hypervisor by their numbers (Linux arch/powerpc/include/asm/hvcall.h). */
export const CALL = { partition: 0xf800, enter: 0xf804, tlbie: 0xf808, copy: 0xf80c, rpt: 0x448 } as const;
/** First arguments of H_TLB_INVALIDATE: the translations of a page; all, with what is cached of tables. */
export const TLBIE = { page: 0x1_0000, full: 0x9_0000 } as const;

/** Where the test's L1 keeps its partition table, and L2's tree. */
export const PARTITION_TABLE = 0x10_0000;
export const LPID = 5;
export const RWX = PTE.READ.mask | PTE.WRITE.mask | PTE.EXECUTE.mask;
export const RC = PTE.R.mask | PTE.C.mask;

export abstract class L1World {
  abstract readonly l0: L0;
  abstract readonly part: NestedGuests;
  /** Host virtual address of L1's memory. */
  abstract readonly hva: number;
  abstract readonly l1Bytes: number;
  /** A hypercall of L1; what it finds in r3, as a signed number. */
  abstract hypercall(number: number, ...args: (bigint | number)[]): number;

  /** Next free byte for L1's tables. */
  private nextTable = 0x11_0000;

  get nested(): Nested {
    return this.part.nested;
  }

  get vm() {
    return this.l0.vm;
  }

  slot(shape: { id: number; gpa: number; bytes: number; hva: number; flags?: number }): number {
    return setUserMemoryRegion(this.vm, {
      slot: shape.id,
      flags: shape.flags ?? 0,
      guestPhysAddr: BigInt(shape.gpa),
      memorySize: BigInt(shape.bytes),
      userspaceAddr: BigInt(shape.hva),
    });
  }

  /** A doubleword of L1's memory. */
  write(gpa: number, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value);
    if (!this.l0.guestMemory.write(BigInt(gpa), bytes)) throw new Error(`L1 has no memory at ${gpa}`);
  }

  read(gpa: number): bigint {
    const bytes = new Uint8Array(8);
    if (readGuest(this.vm, { gpa: BigInt(gpa), bytes }) !== 0) throw new Error(`L1 has no memory at ${gpa}`);
    return new DataView(bytes.buffer).getBigUint64(0);
  }

  /** A table in L1's memory, aligned to its size. */
  table(bits: number): number {
    const bytes = 8 << bits;
    const at = Math.ceil(this.nextTable / bytes) * bytes;
    this.nextTable = at + bytes;
    return at;
  }

  /** Writes L1's partition table entry. */
  setEntry(lpid: number, dw0: bigint, dw1 = 0n): void {
    this.write(PARTITION_TABLE + lpid * 16, dw0);
    this.write(PARTITION_TABLE + lpid * 16 + 8, dw1);
  }

  /** The record of a nested guest; the reference is given back at once. */
  guest(lpid = LPID): NestedGuest {
    const guest = getOrCreateNested(this.nested, lpid)!;
    putNested(this.nested, guest);
    return guest;
  }

  /** The host address that L1's and the host's tables give now, by the memory slots alone. */
  hostOf(gpa: number): number {
    const slot = this.vm.gfnToMemslot(Math.floor(gpa / this.vm.pageSize))!;
    const hva = slot.userspaceAddr + gpa - slot.baseGfn * this.vm.pageSize;
    return this.l0.frames.addressOf(this.l0.mm.resolve(hva, 'read')) + (gpa % this.vm.pageSize);
  }

  /** The head word of an L1 frame. */
  head(gfn: number): bigint {
    return this.l0.arch.readRmap(this.vm.gfnToMemslot(gfn)!, gfn);
  }

  headAt(gfn: number): number {
    return this.l0.arch.rmapAddress(this.vm.gfnToMemslot(gfn)!, gfn);
  }

  shadow(nGpa: number, lpid = LPID) {
    return getNestedQuietly(this.nested, lpid)?.tree.find(nGpa);
  }
}

const getNestedQuietly = (nested: Nested, lpid: number): NestedGuest | undefined => nested.guests.get(lpid);

/** An L2 tree in L1's memory that a test maps pages in. */
export class L2Tree {
  readonly root: number;

  constructor(
    readonly world: L1World,
    readonly lpid = LPID,
    readonly leafBits: 5 | 9 = 5,
  ) {
    this.root = world.table(13);
    world.setEntry(lpid, this.pate0);
  }

  get pate0(): bigint {
    return 0xc000_0000_0000_00adn | BigInt(this.root);
  }

  /** Address of the entry of a level (3 the root) that maps an address, making tables on the way. */
  entry(nGpa: number, shift: number): number {
    let table = this.root;
    for (const [at, bits, below] of [
      [39, 13, 9],
      [30, 9, 9],
      [21, 9, this.leafBits],
    ] as const) {
      const entry = table + (Math.floor(nGpa / 2 ** at) % 2 ** bits) * 8;
      if (at === shift) return entry;
      let word = this.world.read(entry);
      if (word >> 62n !== 2n) {
        word = (1n << 63n) | BigInt(this.world.table(below)) | BigInt(below);
        this.world.write(entry, word);
      }
      table = Number(word & 0x0fff_ffff_ffff_ff00n);
    }
    return table + (Math.floor(nGpa / 2 ** (21 - this.leafBits)) % 2 ** this.leafBits) * 8;
  }

  map(
    nGpa: number,
    gpa: number,
    { shift = 21 - this.leafBits, bits = RWX | RC }: { shift?: number; bits?: bigint } = {},
  ): number {
    const at = this.entry(nGpa, shift);
    this.world.write(at, (3n << 62n) | BigInt(gpa) | bits);
    return at;
  }

  unmap(nGpa: number, shift: number = 21 - this.leafBits): void {
    this.world.write(this.entry(nGpa, shift), 0n);
  }
}
