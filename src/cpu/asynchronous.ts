/**
 * Asynchronous interrupts: when their exceptions exist, when they are enabled, which is first, and what wakes a
 * stopped thread (Power ISA v3.1 Book III, 7.5, 7.7 and 3.3.2). The run loop asks between instructions.
 */
import type { InterruptName } from '../../isa/interrupts';
import { WAKE, WAKE_REASON } from '../../isa/registers/interrupt-status';
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import { PECE } from '../../isa/registers/thread';
import { put, type Field } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { eventBasedBranch } from './event-based-branch';
import { takeInterrupt } from './interrupts';
import type { AsynchronousSource } from './models/model';
import { settleActiveCounters, unitsToAlert } from './performance-monitor';
import { isPending, PENDING, setPending, STOPPED } from './pending';
import { DEC, decrementerValue, HDEC, unitsToSignChange, type Decrementer } from './time';

const LPCR_AT = offsetOf('LPCR');
const HMER_AT = offsetOf('HMER');
const HMEER_AT = offsetOf('HMEER');
const DPDES_AT = offsetOf('DPDES');
const STOPPED_AT = offsetOf('STOPPED');

interface SourceRow {
  readonly interrupt: InterruptName;
  readonly exists: (cpu: Cpu) => boolean;
  /** True where MSR and LPCR let the interrupt be taken. */
  readonly enabled: (cpu: Cpu) => boolean;
  /** What taking it does to the request. */
  readonly taken?: (cpu: Cpu) => void;
  /** LPCR bit that lets it wake a thread that stopped with PSSCR[EC]=1; absent: it never does. */
  readonly exit?: Field | 'always';
  readonly wakeReason?: bigint;
}

const lpcr = (cpu: Cpu, f: Field): boolean => cpu.state.has(LPCR_AT, f);
const ee = (cpu: Cpu): boolean => cpu.inState(MSR.EE);
const eeOrGuest = (cpu: Cpu): boolean => ee(cpu) || !cpu.hypervisorState;
const always = (): boolean => true;
const pending =
  (bit: number) =>
  (cpu: Cpu): boolean =>
    isPending(cpu, bit);
const clear =
  (bit: number) =>
  (cpu: Cpu): void =>
    setPending(cpu, bit, { on: false });

/** The line is up and may interrupt this state (7.5.7.1). */
function directExternal(cpu: Cpu): boolean {
  if (!isPending(cpu, PENDING.EXTERNAL) || (lpcr(cpu, LPCR.HEIC) && cpu.hypervisorState)) return false;
  return lpcr(cpu, LPCR.LPES) ? ee(cpu) : eeOrGuest(cpu);
}

/** The hypervisor asks by LPCR[MER] for an interrupt as soon as the guest enables it (7.5.7.2). */
const mediatedExternal = (cpu: Cpu): boolean => lpcr(cpu, LPCR.MER) && !cpu.hypervisorState && ee(cpu);

/** HDEC is negative, and that has not been delivered yet. */
function hypervisorDecrementerExists(cpu: Cpu): boolean {
  if (!cpu.model.sprs.has(HDEC_NUMBER)) return false;
  if (decrementerValue(cpu, HDEC) >= 0n) {
    setPending(cpu, PENDING.HDEC_DELIVERED, { on: false });
    return false;
  }
  return !isPending(cpu, PENDING.HDEC_DELIVERED);
}
const HDEC_NUMBER = 310;

const SOURCES: Readonly<Record<AsynchronousSource, SourceRow>> = {
  systemReset: {
    interrupt: 'systemReset',
    exists: pending(PENDING.SYSTEM_RESET),
    enabled: always,
    taken: clear(PENDING.SYSTEM_RESET),
    exit: 'always',
    wakeReason: WAKE_REASON.SYSTEM_RESET,
  },
  machineCheck: {
    interrupt: 'machineCheck',
    exists: pending(PENDING.MACHINE_CHECK),
    enabled: always,
    taken: clear(PENDING.MACHINE_CHECK),
    exit: PECE.OTHER,
  },
  hypervisorMaintenance: {
    interrupt: 'hypervisorMaintenance',
    exists: ({ state }) => (state.get(HMER_AT) & state.get(HMEER_AT)) !== 0n,
    enabled: eeOrGuest,
    exit: PECE.OTHER,
    wakeReason: WAKE_REASON.HYPERVISOR_MAINTENANCE,
  },
  hypervisorDecrementer: {
    interrupt: 'hypervisorDecrementer',
    exists: hypervisorDecrementerExists,
    enabled: (cpu) => lpcr(cpu, LPCR.HDICE) && eeOrGuest(cpu),
    taken: (cpu) => setPending(cpu, PENDING.HDEC_DELIVERED, { on: true }),
  },
  hypervisorVirtualization: {
    interrupt: 'hypervisorVirtualization',
    exists: pending(PENDING.HYPERVISOR_VIRTUALIZATION),
    enabled: (cpu) => lpcr(cpu, LPCR.HVICE) && eeOrGuest(cpu),
    exit: LPCR.HVEE,
    wakeReason: WAKE_REASON.HYPERVISOR_VIRTUALIZATION,
  },
  external: {
    interrupt: 'external',
    exists: (cpu) => isPending(cpu, PENDING.EXTERNAL) || lpcr(cpu, LPCR.MER),
    enabled: (cpu) => directExternal(cpu) || mediatedExternal(cpu),
    exit: PECE.EXTERNAL,
    wakeReason: WAKE_REASON.EXTERNAL,
  },
  decrementer: {
    interrupt: 'decrementer',
    exists: (cpu) => decrementerValue(cpu, DEC) < 0n,
    enabled: ee,
    exit: PECE.DECREMENTER,
    wakeReason: WAKE_REASON.DECREMENTER,
  },
  privilegedDoorbell: {
    interrupt: 'privilegedDoorbell',
    exists: ({ state }) => state.get(DPDES_AT) !== 0n,
    enabled: (cpu) => ee(cpu) && !cpu.hypervisorState,
    taken: ({ state }) => state.set(DPDES_AT, 0n),
    exit: PECE.PRIVILEGED_DOORBELL,
    wakeReason: WAKE_REASON.PRIVILEGED_DOORBELL,
  },
  hypervisorDoorbell: {
    interrupt: 'hypervisorDoorbell',
    exists: pending(PENDING.HYPERVISOR_DOORBELL),
    enabled: eeOrGuest,
    taken: clear(PENDING.HYPERVISOR_DOORBELL),
    exit: PECE.HYPERVISOR_DOORBELL,
    wakeReason: WAKE_REASON.HYPERVISOR_DOORBELL,
  },
  performanceMonitor: {
    interrupt: 'performanceMonitor',
    exists(cpu) {
      if (isAlertAwaited(cpu)) settleActiveCounters(cpu);
      return isPending(cpu, PENDING.PERFORMANCE_MONITOR);
    },
    enabled: ee,
  },
};

/** mtspr HDEC: a negative value is a new exception. */
export const hdecWritten = (cpu: Cpu): void => setPending(cpu, PENDING.HDEC_DELIVERED, { on: false });

/** A thread that stops gives up an HDEC exception that it has not taken. */
export const hdecGivenUp = (cpu: Cpu): void =>
  setPending(cpu, PENDING.HDEC_DELIVERED, { on: decrementerValue(cpu, HDEC) < 0n });

/** True where `deliver` would take the interrupt of this source now, were no other first. */
const isDeliverable = (cpu: Cpu, source: AsynchronousSource): boolean =>
  SOURCES[source].exists(cpu) && SOURCES[source].enabled(cpu);

/**
 * Takes the first asynchronous interrupt that is enabled, or an event-based branch; wakes a stopped thread first
 * where an exception lets it.
 * @returns true where NIA has changed. A machine check with MSR[ME]=0 stops the machine and counts as taken.
 */
export function deliver(cpu: Cpu): boolean {
  const stopped = cpu.state.int(STOPPED_AT);
  if (stopped !== STOPPED.RUNNING) {
    const source = wakingSource(cpu, stopped);
    if (source === undefined) return false;
    cpu.state.setInt(STOPPED_AT, STOPPED.RUNNING);
    cpu.hooks.resumed?.(cpu);
    if (stopped === STOPPED.UNTIL_SELECTED_RESET && source !== 'machineCheck')
      return wakeThroughReset(cpu, source);
  }
  for (const source of cpu.model.priority) {
    if (!isDeliverable(cpu, source)) continue;
    const row = SOURCES[source];
    row.taken?.(cpu);
    takeInterrupt(cpu, row.interrupt);
    return true;
  }
  return eventBasedBranch(cpu);
}

const wakes = (cpu: Cpu, { exit }: SourceRow): boolean =>
  exit !== undefined && (exit === 'always' || lpcr(cpu, exit));

/** The exception that ends this stop, or undefined. */
function wakingSource(cpu: Cpu, stopped: number): AsynchronousSource | undefined {
  if (stopped === STOPPED.CEDED) return undefined;
  const any = stopped === STOPPED.UNTIL_EXCEPTION;
  return cpu.model.priority.find((s) => SOURCES[s].exists(cpu) && (any || wakes(cpu, SOURCES[s])));
}

/** SRR1[46:47]: nothing was lost, whatever was permitted. */
const NO_STATE_LOSS = 1n;

function wakeThroughReset(cpu: Cpu, source: AsynchronousSource): boolean {
  const row = SOURCES[source];
  if (source === 'systemReset') row.taken?.(cpu);
  const cause = put(put(0n, WAKE.REASON, row.wakeReason ?? 0n), WAKE.STATE_LOSS, NO_STATE_LOSS);
  takeInterrupt(cpu, 'systemReset', { cause });
  return true;
}

/** Whether the exception of a decrementer would be taken, or would wake the thread, in the current state. */
function isAwaited(cpu: Cpu, source: 'decrementer' | 'hypervisorDecrementer'): boolean {
  if (!cpu.model.priority.includes(source)) return false;
  const stopped = cpu.state.int(STOPPED_AT);
  if (stopped === STOPPED.CEDED) return false;
  if (stopped === STOPPED.UNTIL_EXCEPTION) return true;
  return stopped === STOPPED.RUNNING ? SOURCES[source].enabled(cpu) : wakes(cpu, SOURCES[source]);
}

function unitsToException(
  cpu: Cpu,
  source: 'decrementer' | 'hypervisorDecrementer',
  which: Decrementer,
): number {
  if (!isAwaited(cpu, source)) return Infinity;
  if (SOURCES[source].exists(cpu)) return 0;
  return Number(unitsToSignChange(cpu, which, decrementerValue(cpu, which)));
}

/** A performance monitor alert is awaited where its interrupt could be taken, or wakes the thread. */
function isAlertAwaited(cpu: Cpu): boolean {
  const stopped = cpu.state.int(STOPPED_AT);
  return stopped === STOPPED.RUNNING ? ee(cpu) : stopped === STOPPED.UNTIL_EXCEPTION;
}

const unitsToPerformanceAlert = (cpu: Cpu): number => (isAlertAwaited(cpu) ? unitsToAlert(cpu) : Infinity);

/**
 * Units of machine time (instructions, or cycles with a timing model) until an exception comes, or HDEC's goes, that
 * matters in the current state: 0 where one could be delivered now, Infinity where none can. Exact as long as MSR, LPCR,
 * the decrementers and the performance monitor are not written, which are services.
 */
export const timeToNext = (cpu: Cpu): number =>
  Math.min(
    unitsToException(cpu, 'decrementer', DEC),
    unitsToException(cpu, 'hypervisorDecrementer', HDEC),
    unitsToPerformanceAlert(cpu),
  );

export { afterInstruction, isStepping, type CompletedInstruction } from './trace-interrupt';
