/**
 * Trace events of address translation: one event per translation with the table reads that it made, and what the
 * architected lookaside buffers did. Types only; all 64-bit values are `bigint`. One vocabulary serves radix trees
 * and hashed page tables.
 */
import type { EventBase } from '../events';

/** What was read: an entry of an in-memory table, or of the segment lookaside buffer. */
export type WalkEntryKind = 'PATE' | 'PRTE' | 'PDE' | 'PTE' | 'SLBE' | 'STE' | 'HPTE';

/** What an address is translated for: the access itself, or a table entry met on the way. */
export type WalkPurpose = 'access' | 'PRTE' | 'PDE/PTE';

/** What the walk concluded from one entry. */
export type WalkDecision =
  | 'next level'
  | 'leaf'
  | 'used'
  | 'invalid'
  | 'bad tree'
  | 'beyond the table'
  | 'outside memory'
  /** HPTE: why a slot is not the one. */
  | 'match'
  | 'other hash'
  | 'other page'
  | 'other page size'
  | 'other segment size'
  /** SLBE: the address is not in its segment; more than one entry has it. */
  | 'other segment'
  | 'several match'
  /** An encoding that does not exist; a structure that is not implemented (STE). */
  | 'unsupported'
  /** Taken from an architected walk cache instead of memory. */
  | 'cached';

/** One table entry that a walk looked at, in order. */
export interface WalkStep {
  /** Whose table: a process's tree, a partition's tree or table, or hashed translation's structures. */
  readonly scope: 'process' | 'partition' | 'hash';
  readonly what: WalkEntryKind;
  /** For steps of the partition scope: what address is being translated. */
  readonly purpose: WalkPurpose;
  /** Guest real address of the entry, where its table is addressed by one. */
  readonly guestRa?: bigint;
  /** Host real address of the entry; absent for the SLB, which is in the CPU. */
  readonly hostRa?: bigint;
  /** The entry, and its second doubleword where it has one (PATE, PRTE, SLBE, HPTE). */
  readonly value: bigint;
  readonly value1?: bigint;
  /** Level of a radix tree, the root being 0. */
  readonly level?: number;
  /** Index into the table: of the entry, for an HPTE of its slot in the PTEG; -1: no particular SLBE or STE. */
  readonly index: number;
  /** Radix: log2 of the bytes that the entry maps. */
  readonly shift?: number;
  /**
   * HPTE: which of the two hashes, the number of the PTEG, the primary hash that it comes from (39 bits), and the
   * abbreviated virtual page number that the entry has to have.
   */
  readonly group?: {
    readonly hash: 'primary' | 'secondary';
    readonly pteg: number;
    readonly hashValue?: bigint;
    readonly avpn?: bigint;
  };
  readonly decision: WalkDecision;
}

/** Permissions: any of reading, writing, fetching, as `r`, `w`, `x` or `-` (`rw-`). */
export type Rights = string;

/** How the storage protection of one leaf was decided. */
export interface PermissionStep {
  readonly scope: 'process' | 'partition' | 'hash';
  readonly purpose: WalkPurpose;
  /** Radix: the four EAA bits. Hashed: pp0 || pp. */
  readonly authority: number;
  /** What the keys (AMR, IAMR) leave, where the page is subject to them. */
  readonly keyRights?: Rights;
  /** Hashed: the page's key class, and the segment's Ks or Kp. */
  readonly keyClass?: number;
  readonly segmentKey?: number;
  readonly granted: Rights;
  readonly needed: Rights;
  readonly allowed: boolean;
}

/** What became of the reference and change bits of one leaf. */
export interface ReferenceChangeStep {
  readonly scope: 'process' | 'partition' | 'hash';
  /** Host real address of the entry. */
  readonly hostRa: bigint;
  readonly sets: 'R' | 'C' | 'RC';
  /** `pending`: a probe, which changes nothing. */
  readonly action: 'updated' | 'interrupt' | 'pending';
}

/** Why a translation failed, and the interrupt that it is. */
export interface WalkFault {
  readonly kind: string;
  readonly stage: string;
  readonly level?: number;
  /** Key of `INTERRUPTS` (isa/interrupts.ts) and its vector offset. */
  readonly interrupt: string;
  readonly vector: number;
  /** The image: the cause bits of SRR1 or HSRR1, and the registers that the interrupt writes. */
  readonly cause: bigint;
  readonly dar?: bigint;
  readonly dsisr?: bigint;
  readonly hdar?: bigint;
  readonly hdsisr?: bigint;
  readonly asdr?: bigint;
}

export interface WalkResult {
  readonly ra: bigint;
  /** Two stages: the guest real address in between. */
  readonly guestRa?: bigint;
  /** log2 of the bytes that one such translation covers: the smaller page of the two stages. */
  readonly pageShift: number;
  readonly cachingInhibited: boolean;
  readonly guarded: boolean;
  /** What may be done to the page without another walk. */
  readonly rights: Rights;
}

/** One translation of one effective address. Exactly one of `result` and `fault` is there. */
export interface WalkEvent extends EventBase {
  readonly ev: 'walk';
  readonly ea: bigint;
  readonly access: string;
  readonly hv: boolean;
  readonly pr: boolean;
  /** MSR[IR] for a fetch, MSR[DR] for the rest. */
  readonly relocation: boolean;
  readonly mode: 'hypervisor real' | 'guest real' | 'radix' | 'hash' | 'hash real';
  /** False for a probe: nothing was changed by it. */
  readonly sideEffects: boolean;
  readonly effLPID: number;
  readonly effPID: number;
  /** `hit`: the architected TLB had it and no table was read. */
  readonly tlb?: 'hit' | 'miss' | 'hit, walked again';
  readonly steps: readonly WalkStep[];
  readonly permissions: readonly PermissionStep[];
  readonly referenceChange: readonly ReferenceChangeStep[];
  readonly result?: WalkResult;
  readonly fault?: WalkFault;
}

/** The architected structures that software has to invalidate. */
export type TlbStructure = 'TLB' | 'PWC' | 'PRTE cache' | 'PATE cache' | 'ERAT' | 'SLB';

/** What an architected translation cache did. */
export interface TlbEvent extends EventBase {
  readonly ev: 'tlb';
  readonly action: 'hit' | 'miss' | 'insert' | 'evict' | 'invalidate';
  readonly structure: TlbStructure;
  /** Absent where an invalidation is of every partition. */
  readonly lpid?: number;
  readonly pid?: number;
  /** Address of the page (or of the prefix that a walk cache entry covers). */
  readonly ea?: bigint;
  readonly ra?: bigint;
  readonly pageShift?: number;
  readonly set?: number;
  readonly way?: number;
  /** `invalidate`: how many entries went, and the operation as text (`tlbie RIC=2 PRS=1 IS=1`). */
  readonly count?: number;
  readonly by?: string;
}
