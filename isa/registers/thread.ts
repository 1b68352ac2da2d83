/** Fields of the registers that belong to one thread or core (Power ISA v3.1 Book III, 3 to 5 and 8). */
import { fields } from '../../src/core/bits';

/** Fixed-point exception register (Book I, 3.2.2). */
export const XER = fields({
  SO: 32,
  OV: 33,
  CA: 34,
  /** Some processors keep what is written here. */
  RESERVED: [35, 43],
  OV32: 44,
  CA32: 45,
  /** Implemented but without a meaning of their own, except the byte count of string instructions. */
  LOW: [46, 63],
  BYTES: [57, 63],
});

/** Control register: RUN is written through SPR 152, the thread states are readable in privileged states. */
export const CTRL = fields({ TS: [48, 55], THREAD0: 48, RUN: 63 });

/** Processor compatibility register: a set bit turns off, in problem state, what is newer than that level. */
export const PCR = fields({ TM_DISABLED: 2, V3_10: 58, V3_00: 59, V2_07: 60, V2_06: 61, V2_05: 62 });

/** Processor stop status and control register. */
export const PSSCR = fields({
  /** Power-saving level status. */
  PLS: [0, 3],
  /** Status disable: the guest's view of PLS is 0. */
  SD: 41,
  /** Enable state loss. */
  ESL: 42,
  /** Exit criterion: 1 lets LPCR[PECE] choose what wakes the thread, 0 any exception. */
  EC: 43,
  PSLL: [44, 47],
  TR: [54, 55],
  MTL: [56, 59],
  RL: [60, 63],
});

/** LPCR[PECE] bit by bit: which exceptions wake a stopped thread. */
export const PECE = fields({
  PRIVILEGED_DOORBELL: 47,
  HYPERVISOR_DOORBELL: 48,
  EXTERNAL: 49,
  DECREMENTER: 50,
  OTHER: 51,
});

/** Aspects of DEXCR and HDEXCR: privileged or hypervisor in bits 0:31, problem state or enforced in 32:63. */
export const DEXCR = fields({
  PNH_SBHE: 0,
  PNH_IBRTPD: 3,
  PNH_SRAPD: 4,
  PNH_NPHIE: 5,
  PNH_PHIE: 6,
  PRO_SBHE: 32,
  PRO_IBRTPD: 35,
  PRO_SRAPD: 36,
  PRO_NPHIE: 37,
  PRO_PHIE: 38,
  /** What problem state reads through SPRs 812 and 455. */
  PROBLEM: [32, 63],
});

/** Branch event status and control register (Book II, 7.2.2): event-based branches. */
export const BESCR = fields({
  /** Global enable. */
  GE: 0,
  EXTERNAL_ENABLE: 30,
  PERFORMANCE_ENABLE: 31,
  TS: [32, 33],
  EXTERNAL_OCCURRED: 62,
  PERFORMANCE_OCCURRED: 63,
});

/** Operand of msgsnd and msgclr. */
export const MESSAGE = fields({ TYPE: [32, 36], BROADCAST: [37, 38], PIR_TAG: [44, 63], TIR_TAG: [57, 63] });
/** The only message type of servers: directed doorbells. */
export const DOORBELL_TYPE = 5n;

/** HID0: where the endianness of interrupts taken in hypervisor state is (implementation-dependent). */
export const HID0 = fields({
  /** POWER8. */
  HILE_P8: 19,
  /** POWER9 and POWER10. */
  HILE_P9: 4,
  /** POWER9: enables attn. POWER8 has it in bit 31. */
  EN_ATTN_P9: 3,
  EN_ATTN_P8: 31,
});
