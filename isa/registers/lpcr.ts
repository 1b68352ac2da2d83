import { fields } from '../../src/core/bits';

/** Logical Partitioning Control Register (Power ISA Book III, 2.2; v2.07 fields where noted). */
export const LPCR = fields({
  /** v2.07: guest real mode is virtualised (VRMA). */
  VPM0: 0,
  /** HPT partition: storage faults with relocation on go to the hypervisor. */
  VPM1: 1,
  /** Ignore SLB L||LP: treat every segment as 4K base pages. */
  ISL: 2,
  /** Key-based virtualisation. */
  KBV: 3,
  DPFD: [9, 11],
  /** v2.07: L (bit 12) and LP (bits 15:16) of the VRMA. */
  VRMASD: [12, 16],
  /** Wake from stop on a hypervisor virtualization interrupt. */
  HVEE: 17,
  /** v2.07: real mode limit select. */
  RMLS: [34, 37],
  /** v3.1: AIL=3 behaviour for interrupts taken in hypervisor state. */
  HAIL: 37,
  /** MSR[LE] of interrupts taken with HV=0. */
  ILE: 38,
  /** Alternate interrupt location. */
  AIL: [39, 40],
  /** Use process table. */
  UPRT: 41,
  /** Enhanced virtualisation: hypervisor-privileged accesses by the guest give 0xE40. */
  EVIRT: 42,
  /** Host radix. */
  HR: 43,
  ONL: 45,
  /** Large decrementer. */
  LD: 46,
  PECE: [47, 51],
  /** Mediated external exception request. */
  MER: 52,
  /** Guest translation shootdown enable. */
  GTSE: 53,
  /** HPT: no secondary hash search. */
  TC: 54,
  /** External interrupts do not interrupt hypervisor state. */
  HEIC: 59,
  /** External interrupts go to the guest with SRR0/1. */
  LPES: 60,
  /** Enable hypervisor virtualization interrupts. */
  HVICE: 62,
  /** Enable hypervisor decrementer interrupts. */
  HDICE: 63,
});
