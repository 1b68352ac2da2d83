/** What SRR1 and HSRR1 hold beside the saved MSR (Power ISA v3.1 Book III, 7.5); storage causes are elsewhere. */
import { fields, maskOf } from '../../src/core/bits';

/** The bits that are not the MSR's: `0:32, 37:41, 48:63` are saved and restored, these carry the cause. */
const SRR1_CAUSE = fields({ HIGH: [33, 36], LOW: [42, 47] });
export const SRR1_CAUSE_MASK = maskOf(SRR1_CAUSE.HIGH, SRR1_CAUSE.LOW);

/** SRR1 and HSRR1 of interrupts that an instruction causes: it is prefixed (v3.1). */
export const PREFIXED_CAUSE = fields({ PREFIXED: 34 });

/** SRR1 of a program interrupt, and HSRR1 of hypervisor emulation assistance where both have the cause. */
export const PROGRAM_CAUSE = fields({
  TM: 42,
  FP_ENABLED: 43,
  ILLEGAL: 44,
  PRIVILEGED: 45,
  TRAP: 46,
  /** SRR0 is the instruction after the one that caused it. */
  SRR0_IS_NEXT: 47,
});

/** SRR1 of an alignment interrupt: a prefixed instruction that crosses a 64-byte boundary. */
export const ALIGNMENT_CAUSE = fields({ PREFIX_BOUNDARY: 35 });

/** SRR1 of a trace interrupt. */
export const TRACE_CAUSE = fields({ ALWAYS: 33, LOAD: 35, STORE: 36, CIABR: 43 });

/** SRR1 of a system reset that wakes a stopped thread. */
export const WAKE = fields({
  REASON: [42, 45],
  /** How much state was lost: 1 none, 2 some that software restores, 3 hypervisor state too. */
  STATE_LOSS: [46, 47],
});

/** Values of {@link WAKE}.REASON (Power ISA v3.1 Book III, 7.5.1). */
export const WAKE_REASON = {
  HYPERVISOR_VIRTUALIZATION: 9n,
  EXTERNAL: 8n,
  DECREMENTER: 6n,
  PRIVILEGED_DOORBELL: 5n,
  HYPERVISOR_DOORBELL: 3n,
  HYPERVISOR_MAINTENANCE: 10n,
  SYSTEM_RESET: 4n,
} as const;
