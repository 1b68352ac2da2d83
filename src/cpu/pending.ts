/**
 * Requests for asynchronous interrupts that are latched in the CPU, as bits of the PENDING slot. What else requests an
 * interrupt is state of its own: the decrementers, HMER, DPDES.
 */
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

export const PENDING = {
  SYSTEM_RESET: 1,
  MACHINE_CHECK: 2,
  /** The external interrupt line: follows its controller. */
  EXTERNAL: 4,
  /** The hypervisor virtualization line: follows its controller. */
  HYPERVISOR_VIRTUALIZATION: 8,
  HYPERVISOR_DOORBELL: 0x10,
  PERFORMANCE_MONITOR: 0x20,
  /** Not a request: HDEC is negative and its interrupt was taken already. */
  HDEC_DELIVERED: 0x40,
} as const;

/** Values of the STOPPED slot. */
export const STOPPED = {
  RUNNING: 0,
  /** Any exception resumes execution (wait, stop with PSSCR[EC]=0). */
  UNTIL_EXCEPTION: 1,
  /** Exceptions that LPCR selects resume execution. */
  UNTIL_SELECTED: 2,
  /** Exceptions that LPCR selects wake the thread through a system reset interrupt. */
  UNTIL_SELECTED_RESET: 3,
  /** Ceded to the built-in hypervisor, which alone resumes it. */
  CEDED: 4,
} as const;

const PENDING_AT = offsetOf('PENDING');

export const isPending = (cpu: Cpu, bit: number): boolean => (cpu.state.int(PENDING_AT) & bit) !== 0;

/** Sets or clears a request; whoever does it from outside sees to it that the CPU's run loop looks. */
export function setPending(cpu: Cpu, bit: number, to: { on: boolean }): void {
  const old = cpu.state.int(PENDING_AT);
  cpu.state.setInt(PENDING_AT, to.on ? old | bit : old & ~bit);
}
