/**
 * The hashed page table of L0's guest, while it has one: `l0.hpt`. Table, reverse map, resize that is being prepared,
 * and what the operations on them share; the operations are the other files of this folder.
 *
 * | file             | what                                                              |
 * | ---------------- | ----------------------------------------------------------------- |
 * | hpte, hash       | the entry as the guest has it; from address to group and back     |
 * | table, rmap      | table, reverse map and rings in emulated host memory              |
 * | enter, remove, protect | the hypercalls on entries; hypercalls.ts lists them         |
 * | page-fault       | an access without a valid entry, or against one                   |
 * | host-events      | what the host does to pages, through the rings                    |
 * | resize, vrma     | a table of another size; the area that guest real mode uses       |
 * | switch           | from radix to HPT and back                                        |
 * | check, describe  | whether all of it fits together; dumps                            |
 */
import { HASH_PAGE_SIZES, HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { PATE1 } from '../../../isa/tables/partition-table';
import { InternalError } from '../../core/errors';
import type { Json, StateReader } from '../../core/saved-state';
import { readCounters } from '../counters';
import type { MemSlot } from '../memslot';
import type { Partitions } from '../partitions';
import type { PowerArch } from '../power-arch';
import type { HypervisorTlb } from '../tlb';
import type { Kvm } from '../vm';
import { addressOfEntry, lowVirtualAddress, realAddressOf } from './hash';
import { HPTE_SW, KEY, pageOf, RC, type Hpte, type HpteForm } from './hpte';
import { MmioCache } from './mmio-cache';
import { Ring } from './rmap';
import { HashedPageTable, LARGEST_ORDER, SMALLEST_ORDER, type SavedTable, type TableContext } from './table';

/**
 * Pages of the virtual real mode area. choice: 64K whatever the host's memory is made of. Linux takes 16M where such
 * pages back the memory; they could not be mapped again once the host has broken one up.
 */
export const VRMA_PAGES = HASH_PAGE_SIZES.find(({ shift }) => shift === 16)!;
/** L || LP of the area, for the partition table entry. */
export const VRMA_LLP = VRMA_PAGES.llp;

export interface HptGuestOptions {
  readonly vm: Kvm;
  readonly arch: PowerArch;
  readonly tlb: HypervisorTlb;
  readonly partitions: Partitions;
  /** The guest's hardware LPID. */
  readonly lpid: number;
  readonly form: HpteForm;
  readonly vcpus: number;
  /** Host real memory that holds something new: decoded code and tables of it are stale. */
  readonly memoryChanged: (address: number, bytes: number) => void;
}

/** A table of another size that H_RESIZE_HPT_PREPARE made. */
export interface PendingResize {
  readonly order: number;
  /** undefined: host memory was short. */
  readonly table: HashedPageTable | undefined;
  /** Calls that are still answered with "not yet". */
  polls: number;
}

/** The pieces of kernel memory of a snapshot: false where there is none of this size, or somebody has it. */
export interface HeapPieces {
  take(address: number, bytes: number): boolean;
}

/** A page of the guest as its entry has it. */
export interface GuestPage {
  readonly base: number;
  /** log2 of its bytes. */
  readonly actual: number;
  /** Guest real address of its first byte, which may be none that a slot can have. */
  readonly gpa: bigint;
  /** Guest frame of the first byte. */
  readonly gfn: number;
  /** Frames that it touches. */
  readonly frames: number;
}

export class HptGuest {
  readonly vm: Kvm;
  /** The table, while the guest is an HPT guest. */
  table: HashedPageTable | undefined;
  pending: PendingResize | undefined;
  /** Per vCPU: accesses that are known to be no memory. */
  readonly mmioCaches: readonly MmioCache[];
  readonly counters = { faults: 0, resizes: 0 };
  /** log2 of the largest page that any valid entry ever had: how far before a frame a page can begin. */
  largestPage: number;
  private readonly context: TableContext;

  constructor(readonly options: HptGuestOptions) {
    const { vm, form } = options;
    this.vm = vm;
    this.largestPage = vm.geometry.shift;
    this.context = { memory: vm.mm.frames.memory, heap: vm.heap, form };
    this.mmioCaches = Array.from({ length: options.vcpus }, () => new MmioCache());
  }

  /** The guest is an HPT guest now. */
  get isActive(): boolean {
    return this.table !== undefined;
  }

  /** The table of a guest that has one. */
  get current(): HashedPageTable {
    if (!this.table) throw new InternalError('the guest has no hashed page table');
    return this.table;
  }

  /** Makes a table the guest's, which hardware walks from now on; undefined where it becomes a radix guest. */
  use(table: HashedPageTable | undefined): void {
    const { partitions, tlb, lpid } = this.options;
    this.table = table;
    this.largestPage = this.vm.geometry.shift;
    for (const cache of this.mmioCaches) cache.clear();
    if (!table) return;
    const [, dw1] = partitions.get(lpid);
    partitions.set(lpid, table.partitionEntry0(VRMA_LLP), dw1 & ~PATE1.GR.mask);
    tlb.partition(lpid);
  }

  allocateTable(order: number): HashedPageTable | undefined {
    return HashedPageTable.allocate(this.context, order);
  }

  /** An entry's page; undefined where it has no page size. */
  pageOf(entry: Hpte): GuestPage | undefined {
    const size = pageOf(entry);
    if (!size) return undefined;
    const gpa = realAddressOf(entry.r & HPTE1.RPN.mask, size.actual);
    const { pageSize, geometry } = this.vm;
    const frames = size.actual > geometry.shift ? 2 ** (size.actual - geometry.shift) : 1;
    return { ...size, gpa, gfn: Number(gpa / BigInt(pageSize)), frames };
  }

  /** The page of an entry in the table, by the guest's own doubleword 1. */
  pageAt(index: number, v: bigint, table = this.current): GuestPage | undefined {
    return this.pageOf({ v, r: table.guestR(index) });
  }

  /** The ring of a frame that a slot contains. */
  ring(slot: MemSlot, gfn: number, table = this.current): Ring {
    return new Ring(this.vm.mm.frames.memory, table, this.options.arch.rmapAddress(slot, gfn));
  }

  /** The ring that a valid entry is in. */
  ringOf(page: GuestPage, table = this.current): { slot: MemSlot; ring: Ring } | undefined {
    const slot = this.vm.gfnToMemslot(page.gfn);
    return slot ? { slot, ring: this.ring(slot, page.gfn, table) } : undefined;
  }

  /** tlbie of an entry's page. */
  flush(index: number, v: bigint, page: GuestPage): void {
    const { tlb, lpid } = this.options;
    const at = addressOfEntry(v, page.base, { index, groups: this.current.groups });
    const shift = BigInt(page.actual);
    const address = (lowVirtualAddress(at) >> shift) << shift;
    tlb.virtualPage(lpid, { address, shift: page.actual });
  }

  /**
   * Makes a valid entry absent: translations of it go, what hardware recorded is kept in the ring's word, in the
   * guest's view and in the dirty log. It is not in the ring any more.
   */
  invalidate(index: number, at: { slot: MemSlot; ring: Ring; page: GuestPage }): void {
    const { current } = this;
    const { v } = current.read(index);
    at.ring.remove(index);
    this.flush(index, v, at.page);
    // Hardware may record until the translation is gone.
    const { r } = current.read(index);
    const absent = (v & ~HPTE0.V.mask) | HPTE_SW.ABSENT.mask;
    // What was recorded is the guest's view's now: it must not come back when the guest clears it there.
    current.write(index, { v: absent, r: r & ~(KEY | RC) });
    this.harvest(index, r, at);
  }

  /** R and C of an entry that is leaving its ring. */
  harvest(
    index: number,
    r: bigint,
    { slot, ring, page }: { slot: MemSlot; ring: Ring; page: GuestPage },
  ): void {
    const rc = r & RC;
    if (rc === 0n) return;
    ring.record(rc);
    this.current.setGuestR(index, this.current.guestR(index) | rc);
    if ((rc & HPTE1.C.mask) !== 0n) markDirty(slot, page);
  }

  /** What was cached as no memory may not be that any more. */
  forgetMmio(): void {
    this.options.arch.mmioUpdate++;
  }

  /** What a snapshot needs beside real memory. Read back by {@link restore}. */
  save(): Json {
    const plain = ({ order, base, reverse }: SavedTable): Json => ({ order, base, reverse });
    return {
      ...(this.table ? { table: plain(this.table) } : {}),
      ...(this.pending
        ? {
            pending: {
              order: this.pending.order,
              polls: this.pending.polls,
              ...(this.pending.table ? { table: plain(this.pending.table) } : {}),
            },
          }
        : {}),
      largestPage: this.largestPage,
      counters: { ...this.counters },
    };
  }

  /**
   * Takes over what {@link save} returned; real memory and heap are those of the snapshot, and no table is taken yet.
   * @throws UserError where a table is no piece of the heap; what is in it is `checkHpt`'s to tell
   */
  restore(saved: StateReader, pieces: HeapPieces): void {
    this.table = this.readTable(saved, 'table', pieces);
    this.pending = undefined;
    if (saved.any('pending') !== undefined) {
      const pending = saved.child('pending');
      const order = pending.integer('order', SMALLEST_ORDER, LARGEST_ORDER);
      this.pending = {
        order,
        table: this.readTable(pending, 'table', pieces),
        polls: pending.integer('polls', 0, 2 ** 31),
      };
      pending.done();
    }
    this.largestPage = saved.integer('largestPage', 0, LARGEST_ORDER);
    readCounters(saved.child('counters'), this.counters);
    saved.done();
    for (const cache of this.mmioCaches) cache.clear();
  }

  private readTable(saved: StateReader, key: string, pieces: HeapPieces): HashedPageTable | undefined {
    if (saved.any(key) === undefined) return undefined;
    const { memory } = this.context;
    const reader = saved.child(key);
    const order = reader.integer('order', SMALLEST_ORDER, Math.floor(Math.log2(memory.size)));
    const base = reader.integer('base', 0, memory.size);
    const reverse = reader.integer('reverse', 0, memory.size);
    reader.done();
    const table = new HashedPageTable(this.context, { order, base, reverse });
    if (base % 2 ** order !== 0 || !table.pieces.every(([at, bytes]) => pieces.take(at, bytes)))
      saved.fail(key, 'a table and its reverse map in the memory of the hypervisor');
    return table;
  }
}

/** Every frame of a page, as far as the slot has it. */
export function markDirty(slot: MemSlot, { gfn, frames }: GuestPage): void {
  if (!slot.dirtyBitmap) return;
  for (let i = Math.max(gfn, slot.baseGfn); i < Math.min(gfn + frames, slot.endGfn); i++)
    slot.dirtyBitmap.set(i - slot.baseGfn);
}
