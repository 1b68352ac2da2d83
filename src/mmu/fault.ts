/**
 * A translation that failed, as a value: what is wrong, in whose tables, at which level. What interrupt it is, is
 * decided in to-interrupt.ts and nowhere else.
 */
import { ACCESS, type Access } from './access';

/** What is wrong. */
export type FaultKind =
  /** The effective address has no segment: quadrant, bits above the tree, no SLB entry. */
  | 'segment'
  /** Invalid entry, no HPTE, PID beyond the process table. */
  | 'noTranslation'
  /** A radix configuration that the implementation does not have. */
  | 'badTree'
  /** Data access that EAA, key 0 or PP denies; fetch that PP denies (hashed). */
  | 'protection'
  /** Fetch from no-execute or guarded storage; every denied radix fetch. */
  | 'noExecute'
  /** Hashed: the virtual page class key denies it; with PP or without. */
  | 'key'
  | 'protectionAndKey'
  /** Hashed fetch: from no-execute or guarded storage, and the key denies it too. */
  | 'noExecuteAndKey'
  /** The reference or change bit has to be set and this implementation leaves that to software. */
  | 'referenceChange'
  /** Access that must not touch caching-inhibited storage. */
  | 'attribute'
  | 'copyPaste'
  | 'alignment'
  /** Caching-inhibited form with relocation on. */
  | 'inhibitedMisuse'
  /** A table lies where there is no memory. */
  | 'tableOutsideMemory'
  /** Not a fault of translation: its result is the address of nothing. Callers raise it. */
  | 'badRealAddress'
  /** Two SLB entries match. */
  | 'slbMultihit'
  /** Two entries of the hashed page table match. */
  | 'hpteMultihit';

/**
 * In whose translation: `effective` before any table, `process` the program's own tables, `partition` the
 * hypervisor's, `hash` hashed translation with relocation on, `hashReal` hashed translation of guest real mode.
 */
export type FaultStage = 'effective' | 'process' | 'partition' | 'hash' | 'hashReal';

/**
 * One failed translation. The object belongs to the translator and is overwritten by the next one: callers that keep
 * it take a copy. 64-bit values are signed 32-bit halves.
 */
export interface Fault {
  readonly kind: FaultKind;
  readonly stage: FaultStage;
  /** Level of the tree, the root being 0; -1 where no tree is involved. */
  readonly level: number;
  readonly access: Access;
  /** Effective address as the access had it (after truncation in 32-bit mode). */
  readonly eaHi: number;
  readonly eaLo: number;
  /** Effective LPID of the access. */
  readonly lpid: number;
  /** True where the partition-scoped translation was of a table entry's address and not of the operand's. */
  readonly tableWalk: boolean;
  /** ... and the entry was to be written, to set its reference or change bit. */
  readonly tableStore: boolean;
  /** Stage `partition`: the guest real address that has no translation. Stage `hash`: the segment descriptor. */
  readonly asdrHi: number;
  readonly asdrLo: number;
}

/** The writable fault that a translation context owns. */
export class FaultRecord implements Fault {
  kind: FaultKind = 'segment';
  stage: FaultStage = 'effective';
  level = -1;
  access: Access = ACCESS.load;
  eaHi = 0;
  eaLo = 0;
  lpid = 0;
  tableWalk = false;
  tableStore = false;
  asdrHi = 0;
  asdrLo = 0;
}
