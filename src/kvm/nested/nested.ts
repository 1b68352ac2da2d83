/**
 * The nested half of one L1: its partition table, its nested guests, the reverse map, and what all operations on them
 * share. One object per virtual machine that may be a hypervisor; the operations are the other files of this folder.
 */
import { PTCR } from '../../../isa/registers/translation';
import { PATE_SIZE } from '../../../isa/tables/partition-table';
import { get } from '../../core/bits';
import { joinHalves } from '../../core/u64';
import type { RadixLeaf } from '../guest/radix-leaf';
import type { Kvm } from '../vm';
import { FaultWork } from './fault-work';
import { GuestWords } from './guest-memory';
import { GuestTreeWalk } from './guest-tree-walk';
import { STRICT, type HazardId, type HazardPolicy } from './hazards';
import type { NestedHost, NestedOptions } from './host';
import type { NestedGuest } from './nested-guest';
import { note, type NestedObserver } from './observer';
import { NestedRmap } from './rmap';

/** Entries of one list, for a base page. */
const DEFAULT_LIST_LIMIT = 1024;
/** A list has room for this many more for each further base page of the host page that it stands for. */
const MAPPINGS_OF_A_FRAME = 4;
/** Of the host's memory, for shadow tables and list nodes. */
const SHADOW_SHARE = 1 / 4;
/** Linux' NR_CPUS of ppc64 kernels. */
const DEFAULT_TOKENS = 2048;
/** PATS = 0 is 2^8 entries. */
const SMALLEST_TABLE = 8;

export class Nested {
  readonly vm: Kvm;
  readonly hazards: HazardPolicy;
  readonly rmap: NestedRmap;
  readonly words: GuestWords;
  readonly treeWalk: GuestTreeWalk;
  /** Of the faults that are dealt with at once. */
  readonly faultWork = new FaultWork();
  private watcher: NestedObserver | undefined;
  readonly maxVcpuTokens: number;
  readonly shadowBytesLimit: number;
  private readonly baseListLimit: number;
  /** By L1's LPID. Changed under mmu_lock. */
  readonly guests = new Map<number, NestedGuest>();
  /** LPIDs whose record is being made. */
  readonly reserved = new Set<number>();
  /** Records that are used but not in the map any more (hazard H-6). */
  readonly orphans = new Set<NestedGuest>();
  /** Bytes of all shadow trees. */
  shadowBytes = 0;
  /** Tick of the next timer of L0's own, where it has one. */
  l0Timer: bigint | undefined;
  /** What H_SET_PARTITION_TABLE was given; 0: no table. */
  l1Ptcr = 0n;
  readonly counters = { entries: 0, faults: 0, reclaims: 0, listLimits: 0, warnings: 0 };

  constructor(
    readonly host: NestedHost,
    options: NestedOptions = {},
  ) {
    const { vm } = host;
    const { memory } = vm.mm.frames;
    this.vm = vm;
    this.hazards = options.hazards ?? STRICT;
    this.maxVcpuTokens = options.maxVcpuTokens ?? DEFAULT_TOKENS;
    const bounded = this.hazards['H-1'] === 'strict';
    this.shadowBytesLimit = bounded ? (options.shadowBytesLimit ?? memory.size * SHADOW_SHARE) : Infinity;
    this.baseListLimit = bounded ? (options.rmapListLimit ?? DEFAULT_LIST_LIMIT) : Infinity;
    this.words = new GuestWords(vm);
    this.treeWalk = new GuestTreeWalk(this.words);
    this.observer = options.observer;
    this.rmap = new NestedRmap({
      memory,
      heap: vm.heap,
      listLimit: this.baseListLimit,
      zeroEndsWalk: this.hazards['H-3'] === 'linux',
    });
  }

  /** Sees what happens while it is set. */
  get observer(): NestedObserver | undefined {
    return this.watcher;
  }

  set observer(observer: NestedObserver | undefined) {
    this.watcher = observer;
    this.treeWalk.records = observer !== undefined;
  }

  isStrict(hazard: HazardId): boolean {
    return this.hazards[hazard] === 'strict';
  }

  /** Entries of L1's partition table, 0 where there is none. */
  get tableEntries(): number {
    return this.l1Ptcr === 0n ? 0 : 2 ** (SMALLEST_TABLE + Number(get(this.l1Ptcr, PTCR.PATS)));
  }

  /**
   * Most entries of the list of a host page of 2^`shift` bytes. All that is mapped through the page is in its one list, so
   * that a larger page has room for more.
   */
  listLimit(shift: number): number {
    return this.baseListLimit + MAPPINGS_OF_A_FRAME * ((1 << (shift - this.vm.geometry.shift)) - 1);
  }

  /** The record of a nested guest, for callers that hold mmu_lock. */
  find(lpid: number): NestedGuest | undefined {
    return this.guests.get(lpid);
  }

  /**
   * Reads L1's partition table entry.
   * @returns undefined where the table has no such entry or it cannot be read
   */
  readPartitionEntry(lpid: number): readonly [dw0: bigint, dw1: bigint] | undefined {
    if (lpid >= this.tableEntries) return undefined;
    const at = Number(this.l1Ptcr & PTCR.PATB.mask) + lpid * PATE_SIZE;
    const { words } = this;
    if (!words.read(at)) return undefined;
    const dw0 = joinHalves(words.hi, words.lo);
    if (!words.read(at + 8)) return undefined;
    return [dw0, joinHalves(words.hi, words.lo)];
  }

  /** Host real address of the head word of an L1 frame that a slot contains; -1 outside the slot. */
  headAt(
    slot: { readonly rmap: number; readonly baseGfn: number; readonly npages: number },
    gfn: number,
  ): number {
    const index = gfn - slot.baseGfn;
    return slot.rmap < 0 || index < 0 || index >= slot.npages ? -1 : slot.rmap + index * 8;
  }

  /**
   * Removes the shadow entry that maps an address, if any, and flushes it. mmu_lock held.
   * @returns the leaf that went
   */
  dropShadow(guest: NestedGuest, nGpa: number, cause: string): RadixLeaf | undefined {
    const leaf = guest.tree.find(nGpa);
    if (!leaf) return undefined;
    guest.cause = cause;
    guest.tree.drop(nGpa - (nGpa % 2 ** leaf.shift), leaf);
    return leaf;
  }

  /** A correct hypervisor or a correct L1 does not come here. */
  warn(hazard: HazardId, message: string): void {
    this.counters.warnings++;
    if (this.observer) note(this.observer, { ev: 'nested.warning', hazard, message });
  }
}
