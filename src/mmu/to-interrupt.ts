/**
 * From a fault to the interrupt and the registers that it sets: one total function over every fault, machine state
 * and policy (Power ISA v3.1 Book III, 7.5.2 to 7.5.6, 7.5.16, 7.5.17).
 */
import type { InterruptName } from '../../isa/interrupts';
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import {
  MACHINE_CHECK_DSISR,
  MACHINE_CHECK_SRR1,
  STORAGE_CAUSE as CAUSE,
} from '../../isa/registers/storage-interrupts';
import { has } from '../core/bits';
import { joinHalves } from '../core/u64';
import type { Fault, FaultKind } from './fault';
import type { MmuPolicy } from './policy';

/** What an interrupt writes, apart from what every interrupt does. Absent: that register is left alone. */
export interface InterruptImage {
  readonly interrupt: InterruptName;
  /** Bits 33:36 and 42:47 of SRR1 or HSRR1; the rest is the old MSR. */
  readonly cause: bigint;
  readonly dar?: bigint;
  readonly dsisr?: bigint;
  readonly hdar?: bigint;
  readonly hdsisr?: bigint;
  readonly asdr?: bigint;
}

/** Machine state that decides whose fault it is. */
export interface FaultState {
  readonly msr: bigint;
  readonly lpcr: bigint;
}

/** Cause bits of the kinds that are storage interrupts; data and fetch share the numbering. */
const STORAGE: Readonly<Partial<Record<FaultKind, bigint>>> = {
  noTranslation: CAUSE.NO_TRANSLATION.mask,
  badTree: CAUSE.BAD_TREE.mask,
  protection: CAUSE.PROTECTION.mask,
  noExecute: CAUSE.NO_EXECUTE.mask,
  key: CAUSE.KEY.mask,
  protectionAndKey: CAUSE.PROTECTION.mask | CAUSE.KEY.mask,
  noExecuteAndKey: CAUSE.NO_EXECUTE.mask | CAUSE.KEY.mask,
  referenceChange: CAUSE.REFERENCE_CHANGE.mask,
  attribute: CAUSE.ATTRIBUTE.mask,
  copyPaste: CAUSE.COPY_PASTE.mask,
  inhibitedMisuse: CAUSE.INHIBITED_MISUSE.mask,
};

/** Machine checks: DSISR of the data side, SRR1 of the instruction side. */
const MACHINE_CHECK: Readonly<Partial<Record<FaultKind, { data: bigint; fetch: bigint }>>> = {
  tableOutsideMemory: { data: MACHINE_CHECK_DSISR.BAD_RA_IN_WALK, fetch: MACHINE_CHECK_SRR1.BAD_RA_IN_WALK },
  badRealAddress: { data: MACHINE_CHECK_DSISR.BAD_RA_LOAD, fetch: MACHINE_CHECK_SRR1.BAD_RA_FETCH },
  slbMultihit: { data: MACHINE_CHECK_DSISR.SLB_MULTIHIT, fetch: MACHINE_CHECK_SRR1.SLB_MULTIHIT },
  hpteMultihit: { data: MACHINE_CHECK_DSISR.TLB_MULTIHIT, fetch: MACHINE_CHECK_SRR1.TLB_MULTIHIT },
};

/** The interrupt that a fault is, under the MSR and LPCR of the access. */
export function toInterrupt(fault: Fault, state: FaultState, policy: MmuPolicy): InterruptImage {
  const machineCheck = MACHINE_CHECK[fault.kind];
  if (machineCheck) return machineCheckImage(fault, machineCheck);
  if (fault.kind === 'segment')
    return fault.access.fetch
      ? { interrupt: 'instructionSegment', cause: 0n }
      : { interrupt: 'dataSegment', cause: 0n, dar: eaOf(fault) };
  if (fault.kind === 'alignment') return { interrupt: 'alignment', cause: 0n, dar: eaOf(fault) };
  return isHypervisors(fault, state) ? hypervisorStorage(fault, policy) : ownStorage(fault);
}

const eaOf = (fault: Fault): bigint => joinHalves(fault.eaHi, fault.eaLo);
const asdrOf = (fault: Fault): bigint => joinHalves(fault.asdrHi, fault.asdrLo);
/** v2.07 has no ASDR. */
const hasAsdr = (policy: MmuPolicy): boolean => policy.mechanisms !== 'hash';

function machineCheckImage(fault: Fault, { data, fetch }: { data: bigint; fetch: bigint }): InterruptImage {
  if (fault.access.fetch) return { interrupt: 'machineCheck', cause: fetch };
  return { interrupt: 'machineCheck', cause: MACHINE_CHECK_SRR1.DATA.mask, dsisr: data, dar: eaOf(fault) };
}

/** True where the fault goes to the hypervisor instead of to the software whose access it is. */
function isHypervisors(fault: Fault, { msr, lpcr }: FaultState): boolean {
  switch (fault.stage) {
    case 'effective':
    case 'process':
      return false;
    case 'partition':
      // R and C of the hypervisor's own tree are its own affair, also on POWER9 where v3.0 is ambiguous.
      return fault.kind !== 'referenceChange' || fault.lpid !== 0;
    case 'hash':
      return !has(msr, MSR.HV) && (has(lpcr, LPCR.VPM1) || (has(lpcr, LPCR.KBV) && isKeyFault(fault)));
    case 'hashReal':
      return true;
  }
}

/** The virtual page class key denies the access, with or without another reason: what LPCR[KBV] virtualises. */
const isKeyFault = ({ kind }: Fault): boolean =>
  kind === 'key' || kind === 'protectionAndKey' || kind === 'noExecuteAndKey';

/** Bits that describe the access and not what is wrong with it. A table walk's access is the walker's own. */
function accessBits(fault: Fault): bigint {
  const store = fault.tableWalk ? fault.tableStore : fault.access.store;
  return store ? CAUSE.STORE.mask : 0n;
}

function ownStorage(fault: Fault): InterruptImage {
  const cause = STORAGE[fault.kind]!;
  if (fault.access.fetch) return { interrupt: 'instructionStorage', cause };
  return { interrupt: 'dataStorage', cause: 0n, dar: eaOf(fault), dsisr: cause | accessBits(fault) };
}

function hypervisorStorage(fault: Fault, policy: MmuPolicy): InterruptImage {
  const walk = fault.tableWalk ? CAUSE.TABLE_WALK.mask : 0n;
  const cause = STORAGE[fault.kind]! | walk;
  if (fault.access.fetch && !(fault.tableWalk && policy.fetchTableFault === 'HDSI')) {
    const store = fault.tableStore ? CAUSE.TABLE_WALK_STORE.mask : 0n;
    const fetch = { interrupt: 'hypervisorInstructionStorage', cause: cause | store } as const;
    return hasAsdr(policy) ? { ...fetch, asdr: asdrOf(fault) } : fetch;
  }
  const hdar = eaOf(fault);
  const hdsisr = cause | accessBits(fault);
  const interrupt = 'hypervisorDataStorage';
  return hasAsdr(policy)
    ? { interrupt, cause: 0n, hdar, hdsisr, asdr: asdrOf(fault) }
    : { interrupt, cause: 0n, hdar, hdsisr };
}
