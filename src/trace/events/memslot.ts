/**
 * Trace events of the L0 hypervisor's memory: slots, notifiers, pfn caches, dirty logs. Types only. Addresses and
 * generations are 64-bit values; frame numbers and page counts fit a double.
 */
import type { EventBase } from '../events';

/** A change of a memory slot was asked for; `result` is `OK` or the name of the error. */
export interface MemslotChangeEvent extends EventBase {
  readonly ev: 'memslot';
  readonly op: 'create' | 'delete' | 'move' | 'flags' | 'none';
  readonly result: string;
  readonly as: number;
  readonly id: number;
  readonly gpa: bigint;
  readonly size: bigint;
  readonly hva: bigint;
  readonly flags: number;
}

/** The steps of a slot update, in the order in which they happen. */
export type MemslotStep =
  | 'replace'
  | 'publish'
  | 'grace'
  | 'updated'
  | 'generation'
  | 'settle'
  | 'flush'
  | 'reclaimed'
  | 'lock'
  | 'copy-arch'
  | 'prepare'
  | 'rollback'
  | 'commit';

/** One step of a slot update. `generation` is the active set's after the step, bit 63 while the update runs. */
export interface MemslotStepEvent extends EventBase {
  readonly ev: 'memslot.step';
  readonly step: MemslotStep;
  readonly as: number;
  readonly generation: bigint;
}

/** Another set of an address space became the active one. */
export interface MemslotActivateEvent extends EventBase {
  readonly ev: 'memslot.activate';
  readonly as: number;
  readonly node: 0 | 1;
  readonly generation: bigint;
}

/** The host told the hypervisor of a change; `slots` says whether a slot maps the range. */
export interface MmuNotifierEvent extends EventBase {
  readonly ev: 'notifier';
  readonly call:
    'start' | 'end' | 'change_pte' | 'clear_flush_young' | 'clear_young' | 'test_young' | 'release';
  readonly hva: bigint;
  readonly end: bigint;
  readonly slots: boolean;
  /** The invalidation sequence after the call. */
  readonly seq: number;
}

/** A gfn-to-pfn cache changed its state; `pfn` is -1 where it has none. */
export interface PfnCacheEvent extends EventBase {
  readonly ev: 'gpc';
  readonly op: 'activate' | 'refresh' | 'invalidate' | 'deactivate';
  readonly result: string;
  readonly gpa: bigint;
  readonly hva: bigint;
  readonly pfn: number;
}

/** A dirty log was read, cleared or a ring reset; `pages` were dirty, cleared or reset. */
export interface DirtyLogEvent extends EventBase {
  readonly ev: 'dirtylog';
  readonly op: 'get' | 'clear' | 'reset';
  readonly result: string;
  readonly as: number;
  readonly id: number;
  readonly pages: number;
}

/** Something happened that a correct caller never does. */
export interface KvmWarningEvent extends EventBase {
  readonly ev: 'kvm.warning';
  readonly message: string;
}

export type MemslotEvent =
  | MemslotChangeEvent
  | MemslotStepEvent
  | MemslotActivateEvent
  | MmuNotifierEvent
  | PfnCacheEvent
  | DirtyLogEvent
  | KvmWarningEvent;
