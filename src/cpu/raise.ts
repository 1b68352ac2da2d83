/** Interrupts that an instruction raises of its own accord: from the vocabulary's reason to the interrupt's image. */
import { FSCR, HFSCR } from '../../isa/registers/facilities';
import { ALIGNMENT_CAUSE, PREFIXED_CAUSE, PROGRAM_CAUSE } from '../../isa/registers/interrupt-status';
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import type { RaiseReason } from '../../isa/vocabulary/services';
import { put, type Field } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { takeInterrupt, type InterruptDetail } from './interrupts';
import type { Outcome } from './outcome';

const LPCR_AT = offsetOf('LPCR');
const FSCR_AT = offsetOf('FSCR');
const HFSCR_AT = offsetOf('HFSCR');

const by = (detail: InterruptDetail = {}): InterruptDetail => ({ ...detail, byInstruction: true });

const program = (cpu: Cpu, cause: Field): Outcome => takeInterrupt(cpu, 'program', by({ cause: cause.mask }));

/** @param cause extra bits of HSRR1: `PRIVILEGED` for what EVIRT lets the hypervisor emulate */
const emulationAssistance = (cpu: Cpu, cause = 0n): Outcome =>
  takeInterrupt(cpu, 'hypervisorEmulationAssistance', by({ cause, heir: cpu.image }));

function illegal(cpu: Cpu): Outcome {
  return cpu.model.illegal === 'emulationAssistance'
    ? emulationAssistance(cpu)
    : program(cpu, PROGRAM_CAUSE.ILLEGAL);
}

/** A guest's attempt at what is the hypervisor's: its own program interrupt, or with LPCR[EVIRT] the hypervisor's. */
function hypervisorPrivileged(cpu: Cpu): Outcome {
  const virtualized = !cpu.problemState && cpu.state.has(LPCR_AT, LPCR.EVIRT) && !cpu.inState(MSR.HV);
  if (virtualized && cpu.model.illegal === 'emulationAssistance')
    return emulationAssistance(cpu, PROGRAM_CAUSE.PRIVILEGED.mask);
  return program(cpu, PROGRAM_CAUSE.PRIVILEGED);
}

function facilityUnavailable(cpu: Cpu, cause: bigint): Outcome {
  cpu.state.set(FSCR_AT, put(cpu.state.get(FSCR_AT), FSCR.IC, cause));
  return takeInterrupt(cpu, 'facilityUnavailable', by());
}

function hypervisorFacilityUnavailable(cpu: Cpu, cause: bigint): Outcome {
  cpu.state.set(HFSCR_AT, put(cpu.state.get(HFSCR_AT), HFSCR.IC, cause));
  return takeInterrupt(cpu, 'hypervisorFacilityUnavailable', by());
}

/** A prefix that crosses a 64-byte boundary: what it prefixes is unknown, so SRR1 says "prefixed" by itself. */
const prefixAlignment = (cpu: Cpu): Outcome =>
  takeInterrupt(cpu, 'alignment', {
    cause: ALIGNMENT_CAUSE.PREFIX_BOUNDARY.mask | PREFIXED_CAUSE.PREFIXED.mask,
  });

const RAISE: Readonly<Record<RaiseReason, (cpu: Cpu, operand: bigint) => Outcome>> = {
  illegal,
  privileged: (cpu) => program(cpu, PROGRAM_CAUSE.PRIVILEGED),
  hypervisorPrivileged,
  trap: (cpu) => program(cpu, PROGRAM_CAUSE.TRAP),
  alignment: (cpu, dar) => takeInterrupt(cpu, 'alignment', by({ dar })),
  prefixAlignment,
  floatEnabled: (cpu) => program(cpu, PROGRAM_CAUSE.FP_ENABLED),
  fpUnavailable: (cpu) => takeInterrupt(cpu, 'fpUnavailable', by()),
  vectorUnavailable: (cpu) => takeInterrupt(cpu, 'vectorUnavailable', by()),
  vsxUnavailable: (cpu) => takeInterrupt(cpu, 'vsxUnavailable', by()),
  facilityUnavailable,
  hypervisorFacilityUnavailable,
};

/**
 * Raises the interrupt of the instruction at NIA, whose image is in the CPU.
 * @param operand the EA of `alignment`, the interruption cause code of the facility reasons, else 0
 */
export const raise = (cpu: Cpu, reason: RaiseReason, operand = 0n): Outcome => RAISE[reason](cpu, operand);
