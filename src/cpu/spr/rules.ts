/**
 * Who may access which SPR, and what happens to the others (Power ISA v3.1 Book III, 4.4.5 mtspr and mfspr, and the
 * facility registers of 6.2.10 and 6.2.11).
 */
import { FACILITIES, FSCR, HFSCR, type FacilityRow } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import type { SprAccess } from '../../../isa/registers/spr';
import { offsetOf } from '../../state/layout';
import { hasLevel, hidesSpr } from '../compatibility';
import type { Cpu } from '../cpu';
import { OUTCOME, type Outcome } from '../outcome';
import { raise } from '../raise';

const LPCR_AT = offsetOf('LPCR');
const FSCR_AT = offsetOf('FSCR');
const HFSCR_AT = offsetOf('HFSCR');

/** SPR number bit that all privileged registers have: `spr[0]` of the instruction. */
const PRIVILEGED_NUMBER = 0x10;
/** Reserved SPRs that can be accessed in every state, to no effect. */
const RESERVED_NO_OP: ReadonlySet<number> = new Set([808, 809, 810, 811]);
/** Undefined SPRs that are an illegal instruction in every state: RTCU and its like of the first POWER. */
const ALWAYS_ILLEGAL: ReadonlySet<number> = new Set([0, 4, 5, 6]);

/** The access that is denied, as an outcome; NEXT for one that has no effect. Undefined: it is permitted. */
export function denied(cpu: Cpu, num: number, access: SprAccess): Outcome | undefined {
  if (cpu.problemState) return access === 'problem' ? undefined : deniedInProblemState(cpu, num);
  if (access === 'none') return undefinedSpr(cpu, num);
  if (access === 'hypervisor' && !cpu.inState(MSR.HV)) return raise(cpu, 'hypervisorPrivileged');
  return undefined;
}

function deniedInProblemState(cpu: Cpu, num: number): Outcome {
  if (RESERVED_NO_OP.has(num)) return OUTCOME.NEXT;
  return raise(cpu, num & PRIVILEGED_NUMBER ? 'privileged' : 'illegal');
}

/** A register that does not exist, or not in this direction, in a privileged state. */
function undefinedSpr(cpu: Cpu, num: number): Outcome {
  if (RESERVED_NO_OP.has(num)) return OUTCOME.NEXT;
  const virtualized = cpu.state.has(LPCR_AT, LPCR.EVIRT);
  const emulated = virtualized && (!cpu.inState(MSR.HV) || cpu.model.evirtInHypervisor);
  return emulated || ALWAYS_ILLEGAL.has(num) ? raise(cpu, 'illegal') : OUTCOME.NEXT;
}

const DSCR: FacilityRow = { fscr: FSCR.DSCR, hfscr: HFSCR.DSCR, ic: 2 };
const DSCR_PRIVILEGED: FacilityRow = { hfscr: HFSCR.DSCR, ic: 2 };
const PERFORMANCE: FacilityRow = { hfscr: HFSCR.PM, ic: 3 };
const TRANSACTIONAL: FacilityRow = { hfscr: HFSCR.TM, ic: 5 };
const DOORBELL: FacilityRow = FACILITIES.MSGP;

/** The facility that an SPR belongs to, by the register's name. */
const SPR_FACILITY: Readonly<Record<string, FacilityRow>> = {
  TAR: FACILITIES.TAR,
  UDSCR: DSCR,
  DSCR: DSCR_PRIVILEGED,
  ...Object.fromEntries(
    ['EBBHR', 'EBBRR', 'BESCR', 'BESCRS', 'BESCRSU', 'BESCRR', 'BESCRRU'].map((n) => [n, FACILITIES.EBB]),
  ),
  ...Object.fromEntries(
    [...Array(16).keys()].flatMap((n) => [`UPMU${n}`, `PMU${n}`]).map((n) => [n, PERFORMANCE]),
  ),
  ...Object.fromEntries(['TFHAR', 'TFIAR', 'TEXASR', 'TEXASRU'].map((n) => [n, TRANSACTIONAL])),
  TIR: DOORBELL,
  DPDES: DOORBELL,
};

/** True where MSR alone decides who may access a register: no facility, and no level that PCR could hide. */
export const isUnconditional = (name: string): boolean => !(name in SPR_FACILITY) && !hasLevel(name);

/**
 * The interrupt of an SPR whose facility is turned off or which PCR hides, else undefined. choice: the hypervisor's register is asked
 * first, as for instructions; the ISA leaves the order open.
 */
export function facilityOff(cpu: Cpu, name: string): Outcome | undefined {
  if (hidesSpr(cpu, name)) return raise(cpu, 'illegal');
  const facility = SPR_FACILITY[name];
  if (!facility) return undefined;
  const { hfscr, fscr } = facility;
  if (hfscr && !cpu.inState(MSR.HV) && !cpu.state.has(HFSCR_AT, hfscr))
    return raise(cpu, 'hypervisorFacilityUnavailable', BigInt(facility.ic));
  if (facility === TRANSACTIONAL && !cpu.inState(MSR.TM))
    return raise(cpu, 'facilityUnavailable', BigInt(facility.ic));
  if (fscr && cpu.problemState && !cpu.state.has(FSCR_AT, fscr))
    return raise(cpu, 'facilityUnavailable', BigInt(facility.ic));
  return undefined;
}
