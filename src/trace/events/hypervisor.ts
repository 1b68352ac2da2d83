/** Trace events of the built-in L0 hypervisor: hypercalls, page faults of its guest. Types only. */
import type { EventBase } from '../events';

/** One register of a hypercall by the name that it has there. */
export interface HypercallValue {
  readonly name: string;
  readonly value: bigint;
}

/** A hypercall that was answered. One that enters an L2 guest is told when it enters. */
export interface HypercallEvent extends EventBase {
  readonly ev: 'hcall';
  readonly number: number;
  /** Name of PAPR, or `0x...` for a number that L0 does not know. */
  readonly name: string;
  readonly args: readonly HypercallValue[];
  /** r3 afterwards: name of the status, or a number; `entered` where a nested guest goes on, `trap 0x...` after one. */
  readonly result: string;
  readonly results: readonly HypercallValue[];
  /** Calls of a hypervisor: the fields of the arguments, and in words what is asked for. */
  readonly fields?: readonly HypercallValue[];
  readonly effect?: string;
}

/** L0 dealt with a page fault of L1. */
export interface GuestFaultEvent extends EventBase {
  readonly ev: 'l0.fault';
  /** Guest real address, and the effective address of the access. */
  readonly gpa: bigint;
  readonly ea: bigint;
  readonly access: 'fetch' | 'load' | 'store';
  /** `mapped`, `retry`, `updated` (R or C), or the interrupt that L1 gets instead. */
  readonly outcome: string;
  /** Host real address and log2 of the page, where one was mapped. */
  readonly host?: bigint;
  readonly shift?: number;
}

/** L0 dealt with a page fault of an HPT guest. */
export interface HptFaultEvent extends EventBase {
  readonly ev: 'hpt.fault';
  /** Effective address of the access, and the VSID word of its segment as ASDR has it. */
  readonly ea: bigint;
  readonly segment: bigint;
  readonly access: 'fetch' | 'load' | 'store';
  /** `mapped`, `retry`, or what the guest gets instead: `storage`, `noMemory`, `hostFailed`. */
  readonly outcome: string;
  /** `storage`: the causes in its DSISR or SRR1. */
  readonly cause?: bigint;
  /** The entry that is about the page, and its guest real address. */
  readonly ptex?: number;
  readonly gpa?: bigint;
  /** Host real address and log2 of the page, where one was mapped. */
  readonly host?: bigint;
  readonly shift?: number;
}

export type HypervisorEvent = HypercallEvent | GuestFaultEvent | HptFaultEvent;
