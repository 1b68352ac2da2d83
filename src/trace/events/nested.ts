/**
 * Trace events of nested virtualisation: entries into nested guests and exits from them, their page faults, what
 * happens to the reverse map and to shadow page tables. Types only; addresses and table words are 64-bit values.
 */
import type { EventBase } from '../events';

/** A register that H_ENTER_NESTED did not take as L1 gave it. */
export interface SanitisedRegister {
  readonly register: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** A register of hv_guest_state or pt_regs that L1 finds changed. */
export type ChangedRegister = SanitisedRegister;

/** L1's H_ENTER_NESTED was accepted and the nested guest is about to run. */
export interface NestedEnterEvent extends EventBase {
  readonly ev: 'nested.enter';
  readonly lpid: number;
  readonly shadowLpid: number;
  readonly token: number;
  readonly nip: bigint;
  readonly msr: bigint;
  /** The time base at which the nested guest must be left, as L1 counts. */
  readonly deadline: bigint;
  readonly sanitised: readonly SanitisedRegister[];
  /** Ticks until HDEC fires, ticks until L1's deadline, and who set HDEC. */
  readonly budget?: bigint;
  readonly wanted?: bigint;
  readonly hdecBy?: string;
}

/** The nested guest was left and L1 goes on. */
export interface NestedExitEvent extends EventBase {
  readonly ev: 'nested.exit';
  readonly lpid: number;
  readonly shadowLpid: number;
  /** What L1 finds in r3: a trap number, or 0. */
  readonly trap: number;
  readonly reason: string;
  readonly nip: bigint;
  readonly msr: bigint;
  /** Time base ticks since the entry. */
  readonly ticks: bigint;
  /** Page faults of the nested guest that L0 served meanwhile. */
  readonly faults: number;
  /** Instructions that the CPU has retired since the entry. */
  readonly instructions?: number;
  /** What is not as L1 gave it. */
  readonly changed?: readonly ChangedRegister[];
}

/** One entry of L1's tree that L0 read, the root directory being level 3. */
export interface NestedWalkStep {
  readonly level: number;
  readonly guestRa: bigint;
  readonly value: bigint;
}

/** A leaf of one of the three trees: L1's for the nested guest, L0's for L1, the shadow tree's. */
export interface NestedLeaf {
  readonly ra: bigint;
  readonly pte: bigint;
  readonly shift: number;
}

/** One page fault of a nested guest from beginning to end. */
export interface NestedFaultEvent extends EventBase {
  readonly ev: 'nested.fault';
  readonly lpid: number;
  readonly shadowLpid: number;
  /** 0xE00 or 0xE20. */
  readonly trap: number;
  readonly ea: bigint;
  /** Guest real address of the nested guest. */
  readonly nGpa: bigint;
  /** As the hardware reported it. */
  readonly dsisr: bigint;
  /** The walk of L1's tree: what was read and what came of it. */
  readonly walk: readonly NestedWalkStep[];
  readonly verdict: string;
  /** L1's leaf; its `ra` is the real address in L1. */
  readonly l1?: NestedLeaf;
  /** L0's leaf for that address; its `ra` is the host's. */
  readonly l0?: NestedLeaf;
  /** L0 had to make L1's page present or writable. */
  readonly instantiated: boolean;
  /** The combined entry; its `ra` is the first byte that it maps. */
  readonly shadow?: NestedLeaf;
  /** Frame of L1 under which the mapping was filed, and how. */
  readonly rmapGfn?: number;
  readonly rmap?: string;
  readonly outcome: 'resume' | 'reflect' | 'inject' | 'mmio' | 'error';
  /** What L1 is told, where it differs from what the hardware reported. */
  readonly reflectedDsisr?: bigint;
  readonly reflectedAsdr?: bigint;
}

/** A change of the reverse map, or the use of an entry. */
export interface RmapEvent extends EventBase {
  readonly ev: 'rmap';
  /**
   * `insert`, `promote`, `push`, `duplicate`: how an entry was added; `drop`: a list was taken and this was in it;
   * `update`: reference and change bits were changed through it.
   */
  readonly op: 'insert' | 'promote' | 'push' | 'duplicate' | 'drop' | 'update';
  /** Frame of L1. */
  readonly gfn: number;
  readonly lpid: number;
  readonly nGpa: bigint;
  /** The shadow entry that it names maps this page. */
  readonly live: boolean;
  /** `drop`, `update`: what happened to the page. */
  readonly cause?: string;
}

/** Shadow entries went: one, or all of a nested guest. */
export interface ShadowInvalidateEvent extends EventBase {
  readonly ev: 'shadow.invalidate';
  readonly lpid: number;
  readonly shadowLpid: number;
  /** Why. */
  readonly cause: string;
  /** One entry: its address, what it was, log2 of its size. Absent for a whole tree. */
  readonly nGpa?: bigint;
  readonly pte?: bigint;
  readonly shift?: number;
  /** A whole tree: tables that were freed. */
  readonly tables?: number;
}

/** The life of L0's record of a nested guest. */
export interface NestedGuestEvent extends EventBase {
  readonly ev: 'nested.guest';
  readonly op: 'create' | 'refresh' | 'remove' | 'release';
  readonly lpid: number;
  readonly shadowLpid: number;
  /** `remove`: what removed it. */
  readonly cause?: string;
  /** The partition table entry of L1 as it is cached. */
  readonly pate0: bigint;
  readonly pate1: bigint;
}

/** Something that a hypervisor should not do, or that a correct L1 does not ask for. */
export interface NestedWarningEvent extends EventBase {
  readonly ev: 'nested.warning';
  /** `H-1` and so on. */
  readonly hazard: string;
  readonly message: string;
}

export type NestedEvent =
  | NestedEnterEvent
  | NestedExitEvent
  | NestedFaultEvent
  | RmapEvent
  | ShadowInvalidateEvent
  | NestedGuestEvent
  | NestedWarningEvent;
