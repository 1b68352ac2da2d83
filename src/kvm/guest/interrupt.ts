/**
 * What L0 does with an interrupt of L1 that would enter hypervisor state (Linux arch/powerpc/kvm/book3s_hv.c,
 * kvmppc_handle_exit_hv): hypercalls and page faults are its own, what the guest did wrong goes back to the guest.
 */
import type { InterruptName } from '../../../isa/interrupts';
import { PROGRAM_CAUSE } from '../../../isa/registers/interrupt-status';
import { MACHINE_CHECK_DSISR, MACHINE_CHECK_SRR1 } from '../../../isa/registers/storage-interrupts';
import { takeInterrupt, type InterruptDetail } from '../../cpu/interrupts';
import type { L0 } from '../l0';
import { performHypercall } from '../hypercalls/perform';
import { hptPageFault } from '../hpt/page-fault';
import { faultAddress, guestPageFault, isStore, type GuestStorageFault } from './page-fault';
import type { GuestVcpu } from './vcpu';

/** An interrupt as the CPU wanted to take it. */
export interface HypervisorInterrupt {
  readonly name: InterruptName;
  readonly detail: InterruptDetail;
}

type Handler = (l0: L0, vcpu: GuestVcpu, detail: InterruptDetail) => void;

/** An illegal instruction, and one of a facility that L1 does not have: a program interrupt of L1. */
const illegal: Handler = (_l0, { cpu }) =>
  void takeInterrupt(cpu, 'program', { cause: PROGRAM_CAUSE.ILLEGAL.mask, byInstruction: true });

const toGuest =
  (name: InterruptName): Handler =>
  (_l0, { cpu }, detail) =>
    void takeInterrupt(cpu, name, { ...detail, toGuest: true });

/** What is none of L1's business and needs nothing done: nothing is pending for it in L0. */
const nothing: Handler = () => undefined;

/**
 * sc 1. From problem state it is a privilege violation, for a radix guest can run no hypervisor that would want it; an
 * HPT guest may run one in problem state, whose guests' hypercalls are system calls for it.
 */
const hypercall: Handler = (l0, vcpu, detail) => {
  const { cpu } = vcpu;
  if (cpu.problemState) {
    if (l0.hpt.isActive) {
      takeInterrupt(cpu, 'systemCall', { ...detail, toGuest: true });
      return;
    }
    takeInterrupt(cpu, 'program', { cause: PROGRAM_CAUSE.PRIVILEGED.mask, byInstruction: true });
    return;
  }
  cpu.nia = detail.resume ?? cpu.following;
  performHypercall(l0, vcpu);
};

function storageFault(l0: L0, vcpu: GuestVcpu, fault: GuestStorageFault): void {
  if (l0.hpt.isActive) {
    hptStorageFault(l0, vcpu, fault);
    return;
  }
  const { outcome, page } = guestPageFault(l0, vcpu, fault);
  if (l0.observer)
    l0.emit(
      {
        ev: 'l0.fault',
        gpa: faultAddress(fault),
        ea: fault.ea,
        access: fault.fetch ? 'fetch' : isStore(fault) ? 'store' : 'load',
        outcome,
        ...(page ? { host: BigInt(page.host), shift: page.shift } : {}),
      },
      vcpu,
    );
  if (outcome === 'storage') reflect(vcpu, fault);
  else if (outcome === 'noMemory') nothingThere(vcpu, fault);
  else if (outcome === 'hostFailed')
    l0.options.power?.({ kind: 'crash', reason: `the host has no page for ${faultText(fault)}` });
}

/** The same for an HPT guest, whose own entries say what it may do. */
function hptStorageFault(l0: L0, vcpu: GuestVcpu, fault: GuestStorageFault): void {
  const { outcome, cause, gpa, index, page } = hptPageFault(l0.hpt, vcpu, fault);
  if (l0.observer)
    l0.emit(
      {
        ev: 'hpt.fault',
        ea: fault.ea,
        segment: fault.asdr,
        access: fault.fetch ? 'fetch' : isStore(fault) ? 'store' : 'load',
        outcome,
        ...(outcome === 'storage' ? { cause } : {}),
        ...(index === undefined ? {} : { ptex: index }),
        ...(gpa === undefined ? {} : { gpa }),
        ...(page?.result === 0 ? { host: BigInt(page.host), shift: page.shift } : {}),
      },
      vcpu,
    );
  if (outcome === 'storage') reflect(vcpu, { ...fault, cause });
  else if (outcome === 'noMemory') nothingThere(vcpu, fault);
  else if (outcome === 'hostFailed')
    l0.options.power?.({
      kind: 'crash',
      reason: `the host has no page for guest real address 0x${(gpa ?? 0n).toString(16)}`,
    });
}

const faultText = (fault: GuestStorageFault): string =>
  `guest real address 0x${faultAddress(fault).toString(16)}`;

/** The storage interrupt becomes L1's own. */
function reflect({ cpu }: GuestVcpu, { ea, cause, fetch }: GuestStorageFault): void {
  if (fetch) takeInterrupt(cpu, 'instructionStorage', { cause });
  else takeInterrupt(cpu, 'dataStorage', { dar: ea, dsisr: cause, byInstruction: true });
}

/** An address that is neither memory nor a device: a machine check, as it would be without a hypervisor. */
function nothingThere({ cpu }: GuestVcpu, { ea, fetch }: GuestStorageFault): void {
  if (fetch) takeInterrupt(cpu, 'machineCheck', { cause: MACHINE_CHECK_SRR1.BAD_RA_FETCH, toGuest: true });
  else
    takeInterrupt(cpu, 'machineCheck', {
      cause: MACHINE_CHECK_SRR1.DATA.mask,
      dar: ea,
      dsisr: MACHINE_CHECK_DSISR.BAD_RA_LOAD,
      byInstruction: true,
      toGuest: true,
    });
}

const HANDLERS: Readonly<Partial<Record<InterruptName, Handler>>> = {
  systemCall: hypercall,
  hypervisorDataStorage: (l0, vcpu, { hdar = 0n, asdr = 0n, hdsisr = 0n }) =>
    storageFault(l0, vcpu, { ea: hdar, asdr, cause: hdsisr, fetch: false }),
  hypervisorInstructionStorage: (l0, vcpu, { asdr = 0n, cause = 0n }) =>
    storageFault(l0, vcpu, { ea: vcpu.cpu.nia, asdr, cause, fetch: true }),
  hypervisorEmulationAssistance: illegal,
  hypervisorFacilityUnavailable: illegal,
  machineCheck: toGuest('machineCheck'),
  systemReset: toGuest('systemReset'),
  external: toGuest('external'),
  hypervisorDecrementer: nothing,
  hypervisorDoorbell: nothing,
  hypervisorVirtualization: nothing,
  hypervisorMaintenance: nothing,
};

/** Deals with an interrupt of L1; false for one that cannot come here. */
export function guestInterrupt(l0: L0, vcpu: GuestVcpu, { name, detail }: HypervisorInterrupt): boolean {
  const handler = HANDLERS[name];
  handler?.(l0, vcpu, detail);
  return handler !== undefined;
}
