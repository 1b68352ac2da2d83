/** TLB and SLB management instructions (Power ISA v3.0B Book III, 5.9.3; v3.1 Book III, 6.9.3). */
import { PROGRAM_CAUSE } from '../../../isa/registers/interrupt-status';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { findSlbEntry, slbia, slbie, slbmfee, slbmfev, slbmte } from '../../mmu/hash/slb';
import { decodeTlbie, effectiveLookaside, type TlbieOperands } from '../../mmu/invalidate';
import { processPageShift } from '../../mmu/invalidate-page';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { takeInterrupt } from '../interrupts';
import { OUTCOME, type Outcome } from '../outcome';
import { raise } from '../raise';
import { valueService, type Service } from './service';

const AT = {
  MSR: offsetOf('MSR'),
  LPCR: offsetOf('LPCR'),
  LPIDR: offsetOf('LPIDR'),
  CR0: offsetOf('CR'),
  SO: offsetOf('SO'),
} as const;

/** Invalid forms of these instructions are program interrupts, also where other illegal instructions are not. */
const invalidForm = (cpu: Cpu): Outcome =>
  takeInterrupt(cpu, 'program', { cause: PROGRAM_CAUSE.ILLEGAL.mask, byInstruction: true });

const [PR, HV] = [MSR.PR.lo, MSR.HV.hi];
const [HR, GTSE] = [LPCR.HR.lo, LPCR.GTSE.lo];

/** True where the current state may invalidate pages of processes, which a guest may in its own partition. */
function mayInvalidateProcess({ state }: Cpu, operation: TlbieOperands['operation']): boolean {
  if ((state.lo(AT.MSR) & PR) !== 0) return false;
  if ((state.hi(AT.MSR) & HV) !== 0) return true;
  const lpcr = state.lo(AT.LPCR);
  return (lpcr & HR) !== 0 && (operation === 'tlbiel' || (lpcr & GTSE) !== 0);
}

/** Invalidates one page of a process where nobody wants to know more of it; false: that is not it. */
function invalidatePage(cpu: Cpu, operation: TlbieOperands['operation']): boolean {
  const { hooks } = cpu;
  if (hooks.invalidateProcessPage === undefined || !mayInvalidateProcess(cpu, operation)) return false;
  const rbHi = cpu.argHi(0);
  const rbLo = cpu.argInt(0);
  const asked = { ric: cpu.argInt(2), prs: cpu.argInt(3), r: cpu.argInt(4), rbHi, rbLo };
  const shift = processPageShift(asked, cpu.model.mmu);
  return shift !== 0 && hooks.invalidateProcessPage(rbHi, rbLo, shift);
}

const invalidateEntries =
  (operation: TlbieOperands['operation']): Service =>
  (cpu) => {
    if (invalidatePage(cpu, operation)) return OUTCOME.NEXT;
    const operands: TlbieOperands = {
      operation,
      rb: cpu.arg(0),
      rs: cpu.arg(1),
      ric: cpu.argInt(2),
      prs: cpu.argInt(3),
      r: cpu.argInt(4),
    };
    const state = {
      hv: cpu.inState(MSR.HV),
      pr: cpu.problemState,
      hostRadix: cpu.state.has(AT.LPCR, LPCR.HR),
      guestShootdown: cpu.state.has(AT.LPCR, LPCR.GTSE),
      lpidr: cpu.state.lo(AT.LPIDR),
    };
    const decoded = decodeTlbie(operands, state, cpu.model.mmu);
    if (decoded === 'invalidForm') return invalidForm(cpu);
    if (typeof decoded === 'string') return raise(cpu, decoded);
    cpu.hooks.invalidate(cpu, decoded);
    return OUTCOME.RESUME;
  };

/** True where the current state may make other threads wait for its invalidations, or invalidate in them. */
const mayShootDown = (cpu: Cpu): boolean => cpu.inState(MSR.HV) || cpu.state.has(AT.LPCR, LPCR.GTSE);

/** tlbsync, slbsync: every invalidation is complete when its instruction is. */
const synchronize: Service = (cpu) => (mayShootDown(cpu) ? OUTCOME.NEXT : raise(cpu, 'hypervisorPrivileged'));

/** The effective-to-real lookaside of this thread goes, with what was translated through the SLB as it was. */
function dropLookaside(cpu: Cpu, by: string): Outcome {
  cpu.hooks.invalidate(cpu, effectiveLookaside(by));
  return OUTCOME.RESUME;
}

/**
 * Writes an SLB entry. The ISA leaves translations that were made through a replaced entry in place until slbie; here
 * they go, for the machine is coherent. A new segment costs nothing: there is nothing to drop.
 */
const writeEntry: Service = (cpu) => {
  switch (slbmte(cpu.state, cpu.arg(0), cpu.arg(1))) {
    case 'invalid':
      return invalidForm(cpu);
    case 'added':
      return OUTCOME.NEXT;
    case 'changed':
      return dropLookaside(cpu, 'slbmte');
  }
};

/** CR0 is EQ where an entry was found, with SO. */
const EQ = 2;

const findEntry: Service = (cpu) => {
  const { found, vsidWord } = findSlbEntry(cpu.state, cpu.arg(0));
  cpu.result = vsidWord;
  cpu.state.bytes[AT.CR0] = (found ? EQ : 0) | cpu.state.bytes[AT.SO]!;
  return OUTCOME.NEXT;
};

const invalidateEntry: Service = (cpu) => {
  slbie(cpu.state, cpu.arg(0));
  return dropLookaside(cpu, 'slbie');
};

const invalidateAll: Service = (cpu) => {
  const ih = cpu.argInt(0);
  slbia(cpu.state, ih);
  return dropLookaside(cpu, `slbia IH=${ih}`);
};

/**
 * slbieg and slbiag reach the entries that hardware made from segment tables, in every thread or in the nest; the SLB
 * has none of them (src/mmu/hash/slb.ts), so that only lookaside entries go.
 */
const segmentTableEntries =
  (by: string): Service =>
  (cpu) => {
    if (!mayShootDown(cpu)) return raise(cpu, 'hypervisorPrivileged');
    cpu.hooks.invalidate(cpu, { ...effectiveLookaside(by), local: false });
    return OUTCOME.RESUME;
  };

export const TRANSLATION_SERVICES = {
  tlbie: invalidateEntries('tlbie'),
  tlbiel: invalidateEntries('tlbiel'),
  tlbsync: synchronize,
  slbsync: synchronize,
  slbmte: writeEntry,
  slbmfee: valueService((cpu) => slbmfee(cpu.state, cpu.arg(0))),
  slbmfev: valueService((cpu) => slbmfev(cpu.state, cpu.arg(0))),
  slbfee: findEntry,
  slbie: invalidateEntry,
  slbia: invalidateAll,
  slbieg: segmentTableEntries('slbieg'),
  slbiag: segmentTableEntries('slbiag'),
} as const satisfies Record<string, Service>;
