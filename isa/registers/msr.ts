import { fields } from '../../src/core/bits';

/** Machine State Register (Power ISA Book III, 4.2.1; split-LE and POW are historical and stay 0). */
export const MSR = fields({
  /** 64-bit mode; 0 truncates effective addresses to 32 bits. */
  SF: 0,
  /** Hypervisor state, with PR=0. */
  HV: 3,
  /** Transaction state (up to v3.0): 0 non-transactional, 1 suspended, 2 transactional. */
  TS: [29, 30],
  TM: 31,
  VEC: 38,
  VSX: 40,
  /** Secure state (v3.1); this machine has no ultravisor and keeps it 0. */
  S: 41,
  POW: 45,
  /** External-class interrupts enabled. */
  EE: 48,
  /** Problem state. */
  PR: 49,
  FP: 50,
  /** Machine check enabled; a machine check with ME=0 is a checkstop. */
  ME: 51,
  FE0: 52,
  /** Single-step trace. */
  SE: 53,
  /** Branch trace. */
  BE: 54,
  FE1: 55,
  /** Instruction relocate. */
  IR: 58,
  /** Data relocate. */
  DR: 59,
  PMM: 61,
  /** Recoverable interrupt. */
  RI: 62,
  /** Little-endian mode. */
  LE: 63,
});
