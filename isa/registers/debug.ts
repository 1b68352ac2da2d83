/** Registers of the debug facilities (Power ISA v3.1 Book III, 9.2 to 9.4). */
import { fields } from '../../src/core/bits';

/** Completed Instruction Address Breakpoint Register. */
export const CIABR = fields({
  /** Address of the instruction without its last two bits. */
  CIEA: [0, 61],
  PRIV: [62, 63],
});

/** Values of {@link CIABR}.PRIV: the state in which the breakpoint matches. */
export const CIABR_PRIV = { DISABLED: 0n, PROBLEM: 1n, PRIVILEGED: 2n, HYPERVISOR: 3n } as const;

/** Data Address Watchpoint Register: a doubleword address. */
export const DAWR = fields({ DEAW: [0, 60] });

/** Data Address Watchpoint Register Extension. */
export const DAWRX = fields({
  /** Doublewords watched beyond the first. */
  MRD: [48, 53],
  /** Hypervisor real addressing mode match control (v3.1): EA bit 0 is not compared in hypervisor state. */
  HRAMMC: 56,
  DW: 57,
  DR: 58,
  /** Data translation in which it matches, MSR[DR]; ignored where WTI is 1. */
  WT: 59,
  WTI: 60,
  HYP: 61,
  PNH: 62,
  PRO: 63,
});
