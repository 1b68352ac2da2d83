/**
 * L0's record of one nested guest: the shadow tree, the LPID that the hardware knows it by, and what is cached of L1's
 * partition table (Linux struct kvm_nested_guest). It is a cache: all of it can be made again from L1's tables.
 */
import { hiOf, loOf } from '../../core/u64';
import { RadixTable } from '../guest/radix-table';
import type { RadixLeaf } from '../guest/radix-leaf';
import { Mutex } from '../locks';
import type { Kvm } from '../vm';

/** Bytes of a root directory, and of the largest of all other tables. */
const ROOT_BYTES = 65536;
const TABLE_BYTES = 4096;

export interface NestedGuestOptions {
  readonly lpid: number;
  readonly shadowLpid: number;
  readonly vm: Kvm;
  /** Root directory of a shadow tree that exists already; absent: a new one. */
  readonly root?: number;
  /** A shadow entry was emptied; `address` is the first byte that it mapped. */
  readonly dropped: (guest: NestedGuest, address: number, leaf: RadixLeaf) => void;
  readonly tableRemoved: (guest: NestedGuest) => void;
}

export class NestedGuest {
  /** The LPID that L1 uses. */
  readonly lpid: number;
  /** The hardware's. */
  readonly shadowLpid: number;
  readonly tree: RadixTable;
  /** The root of L1's tree: {@link pate0} by halves. */
  readonly root = { hi: 0, lo: 0 };
  /** L1 has a partition table entry for it. */
  hasTable = false;
  /** Doubleword 1 of L1's partition table entry as it was read last. */
  pate1 = 0n;
  private entry0 = 0n;
  /** The lookup map counts one, every user one. */
  references = 0;
  /** Page faults against invalidations and copies. */
  readonly tlbLock = new Mutex('tlb_lock');
  /** Physical CPU that each vCPU token ran on last. */
  readonly previousCpu = new Map<number, number>();
  /** Why entries go at the moment, for traces. */
  cause = '';
  /** `linux` H-4: entries that go are below a table that is being replaced by a page of this size; 0 otherwise. */
  replacing = 0;
  /** Removed from the lookup while somebody used it (hazard H-6). */
  isOrphan = false;

  constructor({ lpid, shadowLpid, vm, root, dropped, tableRemoved }: NestedGuestOptions) {
    this.lpid = lpid;
    this.shadowLpid = shadowLpid;
    this.tree = new RadixTable({
      memory: vm.mm.frames.memory,
      heap: vm.heap,
      geometry: vm.geometry,
      ...(root === undefined ? {} : { root }),
      dropped: (address, leaf) => dropped(this, address, leaf),
      tableRemoved: () => tableRemoved(this),
    });
  }

  /** Doubleword 0 of L1's partition table entry as it was read last; 0 where there is none. */
  get pate0(): bigint {
    return this.entry0;
  }

  set pate0(entry: bigint) {
    this.entry0 = entry;
    this.hasTable = entry !== 0n;
    this.root.hi = hiOf(entry);
    this.root.lo = loOf(entry);
  }

  /** Host memory of the shadow tree, at most. */
  get shadowBytes(): number {
    return ROOT_BYTES + this.tree.tables * TABLE_BYTES;
  }
}
