/**
 * The trace interrupt: single step, branch trace and the completed instruction address breakpoint (Power ISA v3.1
 * Book III, 7.5.15 and 9.2). A run loop that finds {@link isStepping} executes one instruction at a time and reports
 * each.
 */
import { CIABR, CIABR_PRIV } from '../../isa/registers/debug';
import { PREFIXED_CAUSE, TRACE_CAUSE } from '../../isa/registers/interrupt-status';
import { MSR } from '../../isa/registers/msr';
import type { TimingClass } from '../../isa/vocabulary/row';
import { get, has, maskOf } from '../core/bits';
import { loOf } from '../core/u64';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { takeInterrupt } from './interrupts';
import { countInstruction, countsEachInstruction } from './performance-monitor';

const CIABR_AT = offsetOf('CIABR');
/** SIAR and SDAR: what a trace interrupt of MSR[TE] samples. */
const SIAR_AT = offsetOf('PMU12');
const SDAR_AT = offsetOf('PMU13');
const MSR_AT = offsetOf('MSR');
const STEP = loOf(maskOf(MSR.SE, MSR.BE));

/** An instruction that completed without an interrupt of its own. */
export interface CompletedInstruction {
  /** Its address, and MSR when it began. */
  readonly cia: bigint;
  readonly msr: bigint;
  readonly prefixed: boolean;
  /** From its row. */
  readonly mnemonic: string;
  readonly timing: TimingClass;
  /** Effective address of its storage operand, if it has one. */
  readonly ea?: bigint;
}

/** Value of CIABR[PRIV] that matches in a state. */
function privilegeOf(msr: bigint): bigint {
  if (has(msr, MSR.PR)) return CIABR_PRIV.PROBLEM;
  return has(msr, MSR.HV) ? CIABR_PRIV.HYPERVISOR : CIABR_PRIV.PRIVILEGED;
}

const breakpointActive = (cpu: Cpu, msr: bigint): boolean =>
  get(cpu.state.get(CIABR_AT), CIABR.PRIV) === privilegeOf(msr);

/** True while instructions must be executed one by one: each may be followed by a trace interrupt, or is counted. */
export const isStepping = (cpu: Cpu): boolean =>
  (cpu.state.lo(MSR_AT) & STEP) !== 0 ||
  ((cpu.state.lo(CIABR_AT) & CIABR.PRIV.lo) !== 0 && breakpointActive(cpu, cpu.msr)) ||
  countsEachInstruction(cpu);

/** Returns and system calls are not traced: they leave the state that asked for it. */
const NOT_TRACED: ReadonlySet<string> = new Set(['rfid', 'hrfid', 'rfscv', 'urfid', 'sc', 'scv', 'stop']);

/** Cache instructions that count as loads and stores. */
const LOADS: ReadonlySet<string> = new Set(['icbi', 'icbt', 'dcbt', 'dcbst', 'dcbf']);
const STORES: ReadonlySet<string> = new Set(['dcbz', 'dcbtst']);
const isStoreName = (mnemonic: string): boolean => mnemonic.startsWith('st') || mnemonic.startsWith('pst');

function storageCause({ mnemonic, timing }: CompletedInstruction): bigint {
  const storing =
    timing === 'store' || STORES.has(mnemonic) || (timing === 'atomic' && isStoreName(mnemonic));
  if (storing) return TRACE_CAUSE.STORE.mask;
  const loading = timing === 'load' || LOADS.has(mnemonic) || timing === 'atomic';
  return loading ? TRACE_CAUSE.LOAD.mask : 0n;
}

/**
 * Takes the trace interrupt that follows an instruction, if one does. MSR as it was when the instruction began decides,
 * so that the mtmsrd that turns tracing on is not traced and the one that turns it off is.
 * @returns true where it was taken: NIA and MSR are its handler's
 */
export function afterInstruction(cpu: Cpu, done: CompletedInstruction): boolean {
  const { msr, mnemonic, timing } = done;
  countInstruction(cpu, { timing, branched: cpu.nia !== done.cia + (done.prefixed ? 8n : 4n) });
  const stepped = has(msr, MSR.SE) || (has(msr, MSR.BE) && timing === 'branch');
  const atBreakpoint =
    breakpointActive(cpu, msr) && ((cpu.state.get(CIABR_AT) ^ done.cia) & CIABR.CIEA.mask) === 0n;
  const traced = stepped && !NOT_TRACED.has(mnemonic);
  if (!traced && !atBreakpoint) return false;
  if (traced) {
    cpu.state.set(SIAR_AT, done.cia);
    if (done.ea !== undefined) cpu.state.set(SDAR_AT, done.ea);
  }
  const which = atBreakpoint ? TRACE_CAUSE.CIABR.mask : storageCause(done);
  const prefixed = done.prefixed ? PREFIXED_CAUSE.PREFIXED.mask : 0n;
  takeInterrupt(cpu, 'trace', { cause: TRACE_CAUSE.ALWAYS.mask | which | prefixed });
  return true;
}
