import { field, lowWordFields } from '../../src/core/bits';

/**
 * Causes of a storage interrupt, in the numbering that DSISR, HDSISR, SRR1 (ISI) and HSRR1 (HISI) share (Power ISA
 * v3.1 Book III, 7.5.3, 7.5.5, 7.5.16, 7.5.17). Fields that only one of them has say so.
 */
export const STORAGE_CAUSE = lowWordFields({
  /** No translation: invalid entry, no HPTE, PID beyond the process table. */
  NO_TRANSLATION: 33,
  /** Attributes of the two stages conflict (v3.0). */
  ATTRIBUTE_CONFLICT: 34,
  /** SRR1, HSRR1: fetch from no-execute or guarded storage; every permission failure of a radix fetch. */
  NO_EXECUTE: 35,
  /** Protection: EAA and radix key 0, hashed PP. */
  PROTECTION: 36,
  /** DSISR, HDSISR: reservation, atomic operation or copy/paste on caching-inhibited storage. */
  ATTRIBUTE: 37,
  /** DSISR, HDSISR: the access was a store. */
  STORE: 38,
  /** DSISR: data address watchpoint. */
  DAWR: 41,
  /** Virtual page class key (hashed). */
  KEY: 42,
  /** Unsupported or invalid radix configuration. */
  BAD_TREE: 44,
  /** Reference or change bit has to be set by software. */
  REFERENCE_CHANGE: 45,
  /** HDSISR, HSRR1: translating the address of a process table entry, guest PDE or guest PTE. */
  TABLE_WALK: 46,
  /** HSRR1: ... to write it. */
  TABLE_WALK_STORE: 47,
  /** DSISR: copy or paste to storage of the wrong type. */
  COPY_PASTE: 60,
  /** DSISR: invalid function code of an atomic memory operation. */
  AMO_FUNCTION: 61,
  /** DSISR: caching-inhibited load or store instruction with relocation on. */
  INHIBITED_MISUSE: 62,
});

/** SRR1 of a machine check (POWER9; implementation-dependent). */
export const MACHINE_CHECK_SRR1 = {
  /** 1: data side, the cause is in DSISR and the address in DAR. */
  DATA: field(42),
  /** Instruction-side causes: values in place. */
  SLB_MULTIHIT: 0x000c0000n,
  TLB_MULTIHIT: 0x00140000n,
  BAD_RA_FETCH: 0x080c0000n,
  BAD_RA_IN_WALK: 0x08100000n,
} as const;

/** DSISR of a data-side machine check (POWER9; implementation-dependent). */
export const MACHINE_CHECK_DSISR = {
  TLB_MULTIHIT: 0x0400n,
  SLB_MULTIHIT: 0x0080n,
  BAD_RA_LOAD: 0x0040n,
  BAD_RA_IN_WALK: 0x0020n,
} as const;
