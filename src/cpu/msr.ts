/**
 * The rules by which instructions write MSR (Power ISA v3.1 Book III, 4.3.1 rfid and its like, 4.4.5 mtmsr[d]). Each
 * gives the MSR to be; setting it, and the context that follows from it, is the caller's.
 */
import { MSR } from '../../isa/registers/msr';
import { SRR1_CAUSE_MASK } from '../../isa/registers/interrupt-status';
import { field, get, has, maskOf } from '../core/bits';
import { u64 } from '../core/u64';
import type { Cpu } from './cpu';

/** mtmsr[d] with L=1 changes these. */
const EE_AND_RI = maskOf(MSR.EE, MSR.RI);
/** mtmsr[d] never changes these. */
const NEVER_BY_MTMSR = maskOf(MSR.HV, MSR.S, MSR.ME, MSR.LE, MSR.TS);
/** The half that mtmsr writes. */
const LOW_HALF = field([32, 63]).mask;
/** A new MSR with PR=1 has these too. */
const PROBLEM_STATE_HAS = maskOf(MSR.EE, MSR.IR, MSR.DR);

const withProblemStateRule = (msr: bigint): bigint => (has(msr, MSR.PR) ? msr | PROBLEM_STATE_HAS : msr);
const replace = (old: bigint, by: bigint, mask: bigint): bigint => (old & u64(~mask)) | (by & mask);

/** MSR after mtmsrd (`half: 'both'`) or mtmsr (`half: 'low'`) with L=0. */
export function movedMsr(old: bigint, value: bigint, half: 'both' | 'low'): bigint {
  const writes = u64(~NEVER_BY_MTMSR) & (half === 'low' ? LOW_HALF : u64(-1n));
  return withProblemStateRule(replace(old, value, writes));
}

/** MSR after mtmsr[d] with L=1. */
export const movedEeAndRi = (old: bigint, value: bigint): bigint => replace(old, value, EE_AND_RI);

/** Which return instruction: hrfid may restore HV and ME, the others only keep or clear HV. */
export type ReturnKind = 'privileged' | 'hypervisor';

const TS_AND_TM = maskOf(MSR.TS, MSR.TM);

/**
 * TS and TM after a return: kept where the return would leave suspended state for non-transactional state with TM
 * off, which is how a transaction survives an interrupt handler (v2.07 to v3.0).
 */
function restoredTransaction(old: bigint, status: bigint): bigint {
  const keeps = get(old, MSR.TS) === 1n && !has(old, MSR.TM) && (status & TS_AND_TM) === 0n;
  return (keeps ? old : status) & TS_AND_TM;
}

/** MSR after a return that takes it from `status` (SRR1, HSRR1 or CTR). The bits for causes are left alone. */
export function returnedMsr(cpu: Cpu, status: bigint, kind: ReturnKind): bigint {
  const old = cpu.msr;
  let msr = replace(old, status, u64(~SRR1_CAUSE_MASK));
  if (kind === 'privileged') {
    msr &= u64(~MSR.HV.mask) | old;
    if (!has(old, MSR.HV)) msr = replace(msr, old, MSR.ME.mask);
  }
  if (cpu.model.transactional) msr = replace(msr, restoredTransaction(old, status), TS_AND_TM);
  return withProblemStateRule(msr);
}
