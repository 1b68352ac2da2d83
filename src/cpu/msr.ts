/**
 * The rules by which instructions write MSR (Power ISA v3.1 Book III, 4.3.1 rfid and its like, 4.4.5 mtmsr[d]), on
 * halves. The context that follows from the new MSR is the caller's.
 */
import { MSR } from '../../isa/registers/msr';
import { SRR1_CAUSE_MASK } from '../../isa/registers/interrupt-status';
import { halvesOf, maskOf, mergeHalf } from '../core/bits';
import { u64 } from '../core/u64';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

const MSR_AT = offsetOf('MSR');

/** mtmsr[d] with L=1 changes these. */
const EE_AND_RI = halvesOf(maskOf(MSR.EE, MSR.RI));
/** mtmsr[d] with L=0 changes all but these. */
const BY_MTMSR = halvesOf(u64(~maskOf(MSR.HV, MSR.S, MSR.ME, MSR.LE, MSR.TS)));
/** What a return restores: all but the bits for causes. */
const RESTORED = halvesOf(u64(~SRR1_CAUSE_MASK));
const TS_AND_TM = maskOf(MSR.TS, MSR.TM);
/** Values of MSR[TS] in place. */
const SUSPENDED = halvesOf(1n << BigInt(MSR.TS.shift)).hi;
const TS = MSR.TS.hi;
const TM = MSR.TM.hi;
const TRANSACTION = halvesOf(TS_AND_TM).hi;
const { HV } = { HV: MSR.HV.hi };
const { PR, ME } = { PR: MSR.PR.lo, ME: MSR.ME.lo };
/** A new MSR with PR=1 has these too. */
const PROBLEM_STATE_HAS = halvesOf(maskOf(MSR.EE, MSR.IR, MSR.DR)).lo;

const withProblemStateRule = (lo: number): number => ((lo & PR) === 0 ? lo : lo | PROBLEM_STATE_HAS);

/** mtmsrd (`half: 'both'`) or mtmsr (`half: 'low'`) with L=0. */
export function moveToMsr(cpu: Cpu, hi: number, lo: number, half: 'both' | 'low'): void {
  const oldHi = cpu.state.hi(MSR_AT);
  const newHi = half === 'low' ? oldHi : mergeHalf(oldHi, hi, BY_MTMSR.hi);
  cpu.setMsr(newHi, withProblemStateRule(mergeHalf(cpu.state.lo(MSR_AT), lo, BY_MTMSR.lo)));
}

/** mtmsr[d] with L=1. @param lo lower half of RS */
export function moveEeAndRi(cpu: Cpu, lo: number): void {
  cpu.setMsr(cpu.state.hi(MSR_AT), mergeHalf(cpu.state.lo(MSR_AT), lo, EE_AND_RI.lo));
}

/** Which return instruction: hrfid may restore HV and ME, the others only keep or clear HV. */
export type ReturnKind = 'privileged' | 'hypervisor';

/**
 * TS and TM after a return: kept where the return would leave suspended state for non-transactional state with TM
 * off, which is how a transaction survives an interrupt handler (v2.07 to v3.0).
 */
function restoredTransaction(oldHi: number, statusHi: number): number {
  const keeps = (oldHi & TS) === SUSPENDED && (oldHi & TM) === 0 && (statusHi & TRANSACTION) === 0;
  return keeps ? oldHi : statusHi;
}

/** A return that takes MSR from a status (SRR1, HSRR1 or CTR). The bits for causes are left alone. */
export function returnToMsr(cpu: Cpu, statusHi: number, statusLo: number, kind: ReturnKind): void {
  const oldHi = cpu.state.hi(MSR_AT);
  const oldLo = cpu.state.lo(MSR_AT);
  let hi = mergeHalf(oldHi, statusHi, RESTORED.hi);
  let lo = mergeHalf(oldLo, statusLo, RESTORED.lo);
  if (kind === 'privileged') {
    hi &= ~HV | oldHi;
    if ((oldHi & HV) === 0) lo = mergeHalf(lo, oldLo, ME);
  }
  if (cpu.model.transactional) hi = mergeHalf(hi, restoredTransaction(oldHi, statusHi), TRANSACTION);
  cpu.setMsr(hi, withProblemStateRule(lo));
}
