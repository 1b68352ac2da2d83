/**
 * The choices in which implementations of the MMU differ, as data: one object per CPU model. Variants are made by
 * spreading: `{ ...POWER9, referenceChange: 'update' }`.
 */
import { ISA_GEOMETRY, POWER9_GEOMETRY, type RadixGeometry } from './radix/levels';

export interface MmuPolicy {
  readonly name: 'power8' | 'power9' | 'power10' | 'microwatt';
  /** Translation mechanisms; `both` lets LPCR[HR] select. */
  readonly mechanisms: 'hash' | 'both' | 'radix';
  /** Guests exist: MSR[HV], LPIDR, partition-scoped trees. Without them every access is hypervisor state's. */
  readonly partitions: boolean;
  readonly geometry: RadixGeometry;
  /**
   * Who sets R and C in radix trees: software, after a storage interrupt (POWER9 silicon, Microwatt; POWER10
   * inferred), or the walker (QEMU up to 8.1). Hashed translation always updates them itself.
   */
  readonly referenceChange: 'interrupt' | 'update';
  /** AMR and IAMR exist. */
  readonly keys: boolean;
  /** Implemented bits of LPIDR and PIDR, right-aligned masks. */
  readonly lpidMask: number;
  readonly pidMask: number;
  /** PID beyond the process table: no translation, or the table index wraps. */
  readonly pidBeyondTable: 'noTranslation' | 'wrap';
  /** A table where there is no memory. */
  readonly tableOutsideMemory: 'machineCheck' | 'badTree';
  /** A fetch whose table walk fails in the partition's tree. choice: HDSI, as QEMU has it on purpose. */
  readonly fetchTableFault: 'HDSI' | 'HISI';
  /** Indexed by PTE[ATT]: fetches are denied. */
  readonly fetchDenied: readonly boolean[];
  /** Atomic accesses to caching-inhibited storage: interrupts as the ISA has it, or permitted as in QEMU. */
  readonly inhibitedAtomics: 'interrupt' | 'permitted';
  /** EA[32:35] that hypervisor real mode treats as caching inhibited; -1 for none. */
  readonly realInhibitedNibble: number;
}

export const POWER9: MmuPolicy = {
  name: 'power9',
  mechanisms: 'both',
  partitions: true,
  geometry: POWER9_GEOMETRY,
  referenceChange: 'interrupt',
  keys: true,
  lpidMask: 0xfff,
  pidMask: 0xfffff,
  pidBeyondTable: 'noTranslation',
  tableOutsideMemory: 'machineCheck',
  fetchTableFault: 'HDSI',
  fetchDenied: [false, false, true, false],
  inhibitedAtomics: 'interrupt',
  realInhibitedNibble: -1,
};

export const POWER10: MmuPolicy = { ...POWER9, name: 'power10' };

/** Hashed translation only (Power ISA v2.07). */
export const POWER8: MmuPolicy = { ...POWER9, name: 'power8', mechanisms: 'hash' };

/** Process-scoped radix only: one partition table entry, no guests, no keys. */
export const MICROWATT: MmuPolicy = {
  ...POWER9,
  name: 'microwatt',
  mechanisms: 'radix',
  partitions: false,
  geometry: ISA_GEOMETRY,
  keys: false,
  lpidMask: 0,
  pidMask: 0xfff,
  pidBeyondTable: 'wrap',
  tableOutsideMemory: 'badTree',
  fetchDenied: [false, false, true, true],
  inhibitedAtomics: 'permitted',
  realInhibitedNibble: 0xc,
};

/** The policies of the CPU models by name. */
export const MMU_POLICIES = {
  power8: POWER8,
  power9: POWER9,
  power10: POWER10,
  microwatt: MICROWATT,
} as const;
