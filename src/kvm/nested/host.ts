/**
 * What nested virtualisation asks of the rest of L0: L1's own tree, the machine's partition table and the flush of
 * translation caches. Types only; the machine wires them.
 */
import type { HypervisorTlb } from '../tlb';
import type { MemSlot } from '../memslot';
import type { Partitions } from '../partitions';
import type { RadixTable } from '../guest/radix-table';
import type { Kvm } from '../vm';
import type { HazardPolicy } from './hazards';
import type { NestedObserver } from './observer';

/** A page of L1 that must be present. */
export interface InstantiateRequest {
  /** Real address in L1, of any byte of the page. */
  readonly gpa: number;
  readonly slot: MemSlot;
  readonly store: boolean;
  /** A large page may not reach over the bounds of the slot; false only for `linux` H-7. */
  readonly withinSlot: boolean;
}

export interface NestedHost {
  readonly vm: Kvm;
  /** L0's partition-scoped tree for L1, which L0's own page faults fill. */
  readonly tree: RadixTable;
  readonly partitions: Partitions;
  readonly tlb: HypervisorTlb;
  /** The hardware's LPID of L1 itself. */
  readonly lpid: number;
  /** L1 has a hashed page table now: no nested guests, and the words of the reverse map are that table's rings. */
  readonly isHashed: boolean;
  /**
   * Makes a page of L1 present (book3s_64_mmu_radix.c, kvmppc_book3s_instantiate_page); mmu_lock not held.
   * @returns 0: the tree has it unless the host took it away again; -EAGAIN, or another negated error number
   */
  instantiate(request: InstantiateRequest): number;
}

export interface NestedOptions {
  readonly hazards?: HazardPolicy;
  /** `strict` H-1: most entries of the rmap list of a base page; a larger host page's has four more for each further one. */
  readonly rmapListLimit?: number;
  /** `strict` H-1: most bytes of shadow tables and rmap nodes of all nested guests together. */
  readonly shadowBytesLimit?: number;
  /** vCPU tokens that H_ENTER_NESTED accepts, Linux NR_CPUS. */
  readonly maxVcpuTokens?: number;
  readonly observer?: NestedObserver;
}
