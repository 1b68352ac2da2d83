/**
 * A hashed page table of a guest in emulated host memory, and beside it the reverse map: for each entry the guest's
 * own doubleword 1, and the two links of the ring of entries that map the same guest frame (Linux
 * arch/powerpc/kvm/book3s_64_mmu_hv.c, kvmppc_allocate_hpt; struct revmap_entry). The hardware walks the table through
 * the partition table; nothing but L0 reads the reverse map.
 */
import { HPTE0, HPTE1, HPTE_SIZE, PTEG_SLOTS, SMALLEST_HPT_SHIFT } from '../../../isa/tables/hpte';
import { PATE0_HPT } from '../../../isa/tables/partition-table';
import { maskOf, put } from '../../core/bits';
import type { RealMemory } from '../../core/memory';
import { loOf } from '../../core/u64';
import { BASE_BY_LLP, llpOf } from '../../mmu/hash/page-sizes';
import type { HostHeap } from '../host/heap';
import { ADDRESS_BITS, addressInSegment, avpnOf, groupOf, hashOf } from './hash';
import { fromV3, guestView, HPTE_SW, pageOf, toV3, type Hpte, type HpteForm } from './hpte';

/** Bytes of a reverse map entry and its parts. */
const REVERSE = { BYTES: 16, GUEST_R: 0, FORW: 8, BACK: 12 } as const;
const DW1 = 8;
/** An entry with one of these is the guest's: what of them is in the lower half of doubleword 0. */
const USED_LO = loOf(maskOf(HPTE0.V, HPTE_SW.ABSENT));
/** log2 of the bytes of the largest table that PAPR and the architecture know. */
export const LARGEST_ORDER = 46;
export const SMALLEST_ORDER = SMALLEST_HPT_SHIFT;

/** A table as plain data; its contents are real memory's. */
export interface SavedTable {
  readonly order: number;
  readonly base: number;
  readonly reverse: number;
}

/** What a page is looked for by. */
export interface HpteSearch {
  readonly ea: bigint;
  /** The VSID word of its segment, as ASDR has it. */
  readonly segment: bigint;
  /** Bits of which an entry must have one: V, or V and ABSENT. */
  readonly valid: bigint;
}

export interface TableContext {
  readonly memory: RealMemory;
  readonly heap: HostHeap;
  readonly form: HpteForm;
}

export class HashedPageTable implements SavedTable {
  readonly order: number;
  readonly base: number;
  readonly reverse: number;

  /** A table that exists in memory. */
  constructor(
    private readonly context: TableContext,
    { order, base, reverse }: SavedTable,
  ) {
    this.order = order;
    this.base = base;
    this.reverse = reverse;
  }

  /** An empty table of 2^`order` bytes with its reverse map, or undefined where memory is short. */
  static allocate(context: TableContext, order: number): HashedPageTable | undefined {
    const { heap, memory } = context;
    const bytes = 2 ** order;
    if (bytes > memory.size) return undefined;
    const base = heap.allocate(bytes);
    const reverse = base < 0 ? -1 : heap.allocate((bytes / HPTE_SIZE) * REVERSE.BYTES);
    if (reverse >= 0) return new HashedPageTable(context, { order, base, reverse });
    if (base >= 0) heap.free(base);
    return undefined;
  }

  free(): void {
    this.context.heap.free(this.base);
    this.context.heap.free(this.reverse);
  }

  get entries(): number {
    return 2 ** this.order / HPTE_SIZE;
  }

  get groups(): number {
    return this.entries / PTEG_SLOTS;
  }

  /** Bytes of table and reverse map. */
  get bytes(): number {
    return this.entries * (HPTE_SIZE + REVERSE.BYTES);
  }

  /** What of the heap it has: addresses and bytes of table and reverse map. */
  get pieces(): readonly (readonly [address: number, bytes: number])[] {
    return [
      [this.base, this.entries * HPTE_SIZE],
      [this.reverse, this.entries * REVERSE.BYTES],
    ];
  }

  /** Doubleword 0 of the partition table entry. @param llp L || LP of the virtual real mode area */
  partitionEntry0(llp: number): bigint {
    const word = BigInt(this.base) & PATE0_HPT.HTABORG.mask;
    return put(put(word, PATE0_HPT.PS, BigInt(llp)), PATE0_HPT.HTABSIZE, BigInt(this.order - SMALLEST_ORDER));
  }

  /** Real address of an entry. */
  addressOf(index: number): number {
    return this.base + index * HPTE_SIZE;
  }

  /** The hardware's entry, in the guest's form. */
  read(index: number): Hpte {
    const stored = this.readRaw(index);
    return this.context.form === 'v3.0' ? fromV3(stored) : stored;
  }

  /** The two doublewords as the hardware has them. */
  readRaw(index: number): Hpte {
    const { memory } = this.context;
    const at = this.addressOf(index);
    return { v: memory.getDoubleword(at), r: memory.getDoubleword(at + DW1) };
  }

  /** Doubleword 1 first, so that an entry is never valid with another one's. */
  write(index: number, entry: Hpte): void {
    const { memory, form } = this.context;
    const { v, r } = form === 'v3.0' ? toV3(entry) : entry;
    const at = this.addressOf(index);
    memory.setDoubleword(at + DW1, r);
    memory.setDoubleword(at, v);
  }

  /** True where neither V nor ABSENT is set, without reading more than a word. */
  isFree(index: number): boolean {
    return (this.context.memory.getWord(this.addressOf(index) + 4) & USED_LO) === 0;
  }

  /** The guest's doubleword 1. */
  guestR(index: number): bigint {
    return this.context.memory.getDoubleword(this.reverseOf(index) + REVERSE.GUEST_R);
  }

  setGuestR(index: number, r: bigint): void {
    this.context.memory.setDoubleword(this.reverseOf(index) + REVERSE.GUEST_R, r);
  }

  forw(index: number): number {
    return this.context.memory.getWord(this.reverseOf(index) + REVERSE.FORW) >>> 0;
  }

  back(index: number): number {
    return this.context.memory.getWord(this.reverseOf(index) + REVERSE.BACK) >>> 0;
  }

  /** Makes `to` follow `from` in a ring. */
  link(from: number, to: number): void {
    const { memory } = this.context;
    memory.setWord(this.reverseOf(from) + REVERSE.FORW, to);
    memory.setWord(this.reverseOf(to) + REVERSE.BACK, from);
  }

  /** The entry as the guest reads it: its own doubleword 1 with what hardware has recorded. */
  guestEntry(index: number): Hpte {
    const { v, r } = this.read(index);
    return { v: guestView(v), r: this.guestR(index) | (r & (HPTE1.R.mask | HPTE1.C.mask)) };
  }

  /** The entry that hardware would find; -1 where there is none. The primary group first. */
  find({ ea, segment, valid }: HpteSearch): number {
    const base = BASE_BY_LLP[llpOf(loOf(segment))];
    if (!base) return -1;
    const at = addressInSegment(ea, segment);
    const avpn = avpnOf(at, base.shift);
    const hash = hashOf(at, base.shift);
    const primary = this.findIn(groupOf(hash, this.groups, false), { want: avpn, valid, base: base.shift });
    if (primary >= 0) return primary;
    const want = avpn | HPTE0.H.mask;
    return this.findIn(groupOf(hash, this.groups, true), { want, valid, base: base.shift });
  }

  private findIn(
    group: number,
    { want, valid, base }: { want: bigint; valid: bigint; base: number },
  ): number {
    const first = group * PTEG_SLOTS;
    for (let index = first; index < first + PTEG_SLOTS; index++) {
      if (this.isFree(index)) continue;
      const entry = this.read(index);
      if ((entry.v & valid) === 0n || (entry.v & (ADDRESS_BITS | HPTE0.H.mask)) !== want) continue;
      if (pageOf(entry)?.base === base) return index;
    }
    return -1;
  }

  private reverseOf(index: number): number {
    return this.reverse + index * REVERSE.BYTES;
  }
}
