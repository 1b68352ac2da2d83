/**
 * What L0 makes of the registers that L1 asks for its nested guest: L1 gets no more than it has itself, and nothing
 * that would reach L0 (Linux book3s_hv_nested.c, sanitise_hv_regs, load_l2_hv_regs; book3s_hv.c,
 * kvmppc_filter_lpcr_hv).
 */
import { CIABR, CIABR_PRIV, DAWRX } from '../../../isa/registers/debug';
import { HFSCR } from '../../../isa/registers/facilities';
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { PCR } from '../../../isa/registers/thread';
import { get, maskOf, put } from '../../core/bits';
import type { SanitisedRegister } from '../../trace/events/nested';
import { HV_STATE, type GuestStruct } from './hv-guest-state';

/** LPCR bits that L1 decides for its nested guest. LPES is two bits wide there; v3.0 has only the first. */
const LPCR_OF_L1 = maskOf(LPCR.DPFD, LPCR.ILE, LPCR.TC, LPCR.AIL, LPCR.LD, LPCR.LPES, LPCR.MER);
const LPES1 = 0x4n;
/** The only alternate location that a host filter leaves. */
const AIL_3 = 3n;

/** The LPCR of the nested guest: L1's wishes over L1's own, without what a radix guest cannot have. */
export function sanitiseLpcr(wanted: bigint, ofL1: bigint): bigint {
  const mask = LPCR_OF_L1 | LPES1;
  const lpcr = ((wanted & mask) | (ofL1 & ~mask)) & ~LPCR.TC.mask;
  return get(lpcr, LPCR.AIL) === AIL_3 ? lpcr : put(lpcr, LPCR.AIL, 0n);
}

/** Facilities that both L1 has and wants; the cause byte stays. */
export const sanitiseHfscr = (wanted: bigint, permitted: bigint): bigint =>
  wanted & (HFSCR.IC.mask | permitted);

/** Without the match in hypervisor state. */
export const sanitiseDawrx = (wanted: bigint): bigint => wanted & ~DAWRX.HYP.mask;

export const sanitiseCiabr = (wanted: bigint): bigint =>
  get(wanted, CIABR.PRIV) === CIABR_PRIV.HYPERVISOR ? put(wanted, CIABR.PRIV, CIABR_PRIV.DISABLED) : wanted;

/** A guest does not get into hypervisor state, and machine checks of the machine are never a checkstop. */
const sanitiseMsr = (wanted: bigint): bigint => (wanted | MSR.ME.mask) & ~MSR.HV.mask;

/** Reserved bits are 1. */
const PCR_KNOWN = maskOf(...Object.values(PCR));
export const sanitisePcr = (wanted: bigint): bigint => wanted | (~PCR_KNOWN & PCR_RESERVED);
const PCR_RESERVED = 0x0fffffffffffffe1n;

export interface SanitisedState {
  readonly lpcr: bigint;
  readonly hfscr: bigint;
  readonly pcr: bigint;
  readonly dawrx0: bigint;
  readonly dawrx1: bigint;
  readonly ciabr: bigint;
  readonly msr: bigint;
}

/** All of them. @param l1 what L1 has */
export function sanitise(hv: GuestStruct, msr: bigint, l1: { lpcr: bigint; hfscr: bigint }): SanitisedState {
  return {
    lpcr: sanitiseLpcr(hv.get(HV_STATE.lpcr), l1.lpcr),
    hfscr: sanitiseHfscr(hv.get(HV_STATE.hfscr), l1.hfscr),
    pcr: sanitisePcr(hv.get(HV_STATE.pcr)),
    dawrx0: sanitiseDawrx(hv.get(HV_STATE.dawrx0)),
    dawrx1: sanitiseDawrx(hv.get(HV_STATE.dawrx1)),
    ciabr: sanitiseCiabr(hv.get(HV_STATE.ciabr)),
    msr: sanitiseMsr(msr),
  };
}

/** The registers that are not as L1 gave them, for people. */
export function sanitisedRegisters(hv: GuestStruct, msr: bigint, state: SanitisedState): SanitisedRegister[] {
  const wanted: Record<keyof SanitisedState, bigint> = {
    lpcr: hv.get(HV_STATE.lpcr),
    hfscr: hv.get(HV_STATE.hfscr),
    pcr: hv.get(HV_STATE.pcr),
    dawrx0: hv.get(HV_STATE.dawrx0),
    dawrx1: hv.get(HV_STATE.dawrx1),
    ciabr: hv.get(HV_STATE.ciabr),
    msr,
  };
  return (Object.keys(wanted) as (keyof SanitisedState)[])
    .filter((name) => wanted[name] !== state[name])
    .map((name) => ({ register: name.toUpperCase(), from: wanted[name], to: state[name] }));
}
