/**
 * Taking an interrupt: which registers save the context, the new MSR, where the handler is (Power ISA v3.1 Book III,
 * 7.2 to 7.5 and figures "MSR setting due to interrupt", "Effective address of interrupt vector").
 *
 * Which interrupt a failed instruction takes is in raise.ts, when asynchronous ones are taken in asynchronous.ts.
 */
import { INTERRUPTS, type InterruptName, type InterruptRow } from '../../isa/interrupts';
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import { PREFIXED_CAUSE, SRR1_CAUSE_MASK } from '../../isa/registers/interrupt-status';
import { getInHalf, halvesOf, maskOf, type Halves } from '../core/bits';
import { hex0x, hiOf, loOf } from '../core/u64';
import type { InterruptImage } from '../mmu/to-interrupt';
import { offsetOf } from '../state/layout';
import type { Cpu, TakenInterrupt } from './cpu';
import type { AilRule } from './models/model';
import { OUTCOME, type Outcome } from './outcome';

const AT = {
  LPCR: offsetOf('LPCR'), HID0: offsetOf('HID0'), SRR0: offsetOf('SRR0'), SRR1: offsetOf('SRR1'),
  HSRR0: offsetOf('HSRR0'), HSRR1: offsetOf('HSRR1'), LR: offsetOf('LR'), CTR: offsetOf('CTR'),
  DAR: offsetOf('DAR'), DSISR: offsetOf('DSISR'), HDAR: offsetOf('HDAR'), HDSISR: offsetOf('HDSISR'),
  ASDR: offsetOf('ASDR'), HEIR: offsetOf('HEIR'), MSR: offsetOf('MSR'), NIA: offsetOf('NIA'),
} as const; // prettier-ignore

/** What an interrupt writes beyond what each does: absent or undefined, that register is left alone. */
type WrittenRegisters = {
  readonly [K in keyof Omit<InterruptImage, 'interrupt'>]?: InterruptImage[K] | undefined;
};

/** What is particular to one occurrence of an interrupt. */
export interface InterruptDetail extends WrittenRegisters {
  /** Address to save; absent: that of the instruction. */
  readonly resume?: bigint;
  /** The address to save is that of the following instruction: the one that caused it is complete. */
  readonly completed?: true;
  /** The instruction retires with the interrupt; `completed` says so too. */
  readonly retires?: true;
  /** LEV of sc (1 reaches the hypervisor) and of scv (chooses the vector). */
  readonly level?: number;
  /** True where the instruction whose image is in the CPU caused it: SRR1 tells whether it is prefixed. */
  readonly byInstruction?: boolean;
  /** Instruction image for HEIR. */
  readonly heir?: bigint;
  /** The built-in hypervisor hands this to its guest: HV stays 0, also where the interrupt would set it. */
  readonly toGuest?: true;
}

/** True where the instruction that an interrupt comes from retires with it, and so counts by itself. */
export const retiresWith = ({ completed, retires }: InterruptDetail): boolean =>
  completed === true || retires === true;

/** The address that an interrupt saves. */
export function resumeAddress(cpu: Cpu, { resume, completed }: InterruptDetail): Halves {
  if (resume !== undefined) return halvesOf(resume);
  if (completed) return { hi: cpu.followingHi, lo: cpu.followingLo };
  return { hi: cpu.state.hi(AT.NIA), lo: cpu.state.lo(AT.NIA) };
}

/** Where the context goes. */
type SaveArea = 'SRR' | 'HSRR' | 'LR';
const SAVE: Readonly<Record<SaveArea, readonly [address: number, status: number]>> = {
  SRR: [AT.SRR0, AT.SRR1],
  HSRR: [AT.HSRR0, AT.HSRR1],
  LR: [AT.LR, AT.CTR],
};

function saveArea(cpu: Cpu, row: InterruptRow): SaveArea {
  if (row.save !== 'LPES') return row.save;
  return cpu.state.has(AT.LPCR, LPCR.LPES) ? 'SRR' : 'HSRR';
}

// The code below loads constants, not fields: it is hot in guests that call their kernels.
const { SF, HV } = { SF: MSR.SF.hi, HV: MSR.HV.hi };
const { EE, ME, RI, LE } = { EE: MSR.EE.lo, ME: MSR.ME.lo, RI: MSR.RI.lo, LE: MSR.LE.lo };
const IR_AND_DR = loOf(maskOf(MSR.IR, MSR.DR));
const relocationOn = (msrLo: number): boolean => (msrLo & IR_AND_DR) === IR_AND_DR;

/** LPCR[AIL] that applies, 0 for none. @param msrHi, msrLo MSR before the interrupt; `hv` HV after it */
type AilOf = (cpu: Cpu, msrHi: number, msrLo: number, hv: boolean) => number;
const AIL_RULES: Readonly<Record<AilRule, AilOf>> = {
  ail(cpu, msrHi, msrLo, hv) {
    if (!relocationOn(msrLo)) return 0;
    const lpcr = cpu.state.lo(AT.LPCR);
    const entersHashHost = hv && (msrHi & HV) === 0 && (lpcr & LPCR.HR.lo) === 0;
    return entersHashHost ? 0 : getInHalf(lpcr, LPCR.AIL);
  },
  hail(cpu, msrHi, msrLo, hv) {
    const lpcr = cpu.state.lo(AT.LPCR);
    if (hv) return (lpcr & LPCR.HAIL.lo) !== 0 && ((msrHi & HV) === 0 || relocationOn(msrLo)) ? 3 : 0;
    return relocationOn(msrLo) && getInHalf(lpcr, LPCR.AIL) === 3 ? 3 : 0;
  },
};

/** What an alternate location adds to a vector offset, by halves. scv's vectors have a base of their own. */
const ALTERNATE = {
  AIL2: halvesOf(0x18000n),
  AIL3: halvesOf(0xc000000000004000n),
  SCV_AIL3: halvesOf(0xc000000000003000n),
} as const;
const NOT_RELOCATED = halvesOf(0n);
const SCV_SPACING = 0x20;

/** Sets NIA to the handler. MSR is the handler's already. */
function goToHandler(cpu: Cpu, name: InterruptName, ail: number, level: number): void {
  const { vector } = INTERRUPTS[name];
  if (name === 'systemCallVectored') {
    const base = ail === 3 ? ALTERNATE.SCV_AIL3 : { hi: 0, lo: vector };
    cpu.setNia(base.hi, base.lo + level * SCV_SPACING);
    return;
  }
  const base = ail === 3 ? ALTERNATE.AIL3 : ail === 2 ? ALTERNATE.AIL2 : NOT_RELOCATED;
  cpu.setNia(base.hi, base.lo | vector);
}

function littleEndian(cpu: Cpu, hv: boolean): boolean {
  if (!hv) return cpu.state.has(AT.LPCR, LPCR.ILE);
  const endian = cpu.model.hypervisorEndian;
  return endian === 'little' || cpu.state.has(AT.HID0, endian);
}

/** Values of MSR[TS] in place. */
const inTs = (value: bigint): number => halvesOf(value << BigInt(MSR.TS.shift)).hi;
const TS_SUSPENDED = inTs(1n);
const TS_TRANSACTIONAL = inTs(2n);
const TS = MSR.TS.hi;

/** Sets the MSR with which the handler starts. */
function enterMsr(
  cpu: Cpu,
  name: InterruptName,
  save: SaveArea,
  to: { hv: boolean; relocate: boolean },
): void {
  const oldHi = cpu.state.hi(AT.MSR);
  const { interruptClears } = cpu;
  let hi = (oldHi & ~interruptClears.hi & ~HV) | SF;
  let lo = cpu.state.lo(AT.MSR) & ~interruptClears.lo & ~(LE | IR_AND_DR);
  if (cpu.model.transactional && (oldHi & TS) === TS_TRANSACTIONAL) hi = (hi & ~TS) | TS_SUSPENDED;
  if (to.hv) hi |= HV;
  if (littleEndian(cpu, to.hv)) lo |= LE;
  if (to.relocate) lo |= IR_AND_DR;
  if (save !== 'LR') lo &= ~EE;
  if (save === 'SRR') lo &= ~RI;
  // A guest of the built-in hypervisor keeps ME, which nothing it executes could set again (Linux book3s_hv.c:
  // intr_msr).
  if (name === 'machineCheck' && to.hv) lo &= ~ME;
  cpu.setMsr(hi, lo);
}

function writeDetail(cpu: Cpu, detail: InterruptDetail): void {
  const { state } = cpu;
  if (detail.dar !== undefined) state.set(AT.DAR, detail.dar);
  if (detail.dsisr !== undefined) state.set(AT.DSISR, detail.dsisr);
  if (detail.hdar !== undefined) state.set(AT.HDAR, detail.hdar);
  if (detail.hdsisr !== undefined) state.set(AT.HDSISR, detail.hdsisr);
  if (detail.asdr !== undefined) state.set(AT.ASDR, detail.asdr);
  if (detail.heir !== undefined) state.set(AT.HEIR, detail.heir);
}

/** A machine check that cannot be delivered ends the machine: the guest is dead. */
function checkstop(cpu: Cpu, detail: InterruptDetail): Outcome {
  const where = `CPU ${cpu.state.index} at ${hex0x(cpu.nia)}`;
  const data = detail.dar === undefined ? '' : `, address ${hex0x(detail.dar)}`;
  cpu.hooks.machineStop(cpu, {
    kind: 'checkstop',
    message: `${where}: machine check with MSR[ME]=0 (SRR1 cause ${hex0x(detail.cause ?? 0n)}${data})`,
  });
  return OUTCOME.STOP;
}

const CAUSES = halvesOf(SRR1_CAUSE_MASK);
const PREFIXED = loOf(PREFIXED_CAUSE.PREFIXED.mask);

/** Saves the address to go on at, and MSR with the cause. */
function saveContext(cpu: Cpu, detail: InterruptDetail, save: SaveArea): void {
  const { state } = cpu;
  const { resume, cause } = detail;
  const [addressAt, statusAt] = SAVE[save];
  if (resume !== undefined) state.set(addressAt, resume);
  else if (detail.completed) state.setHalves(addressAt, cpu.followingHi, cpu.followingLo);
  else state.setHalves(addressAt, state.hi(AT.NIA), state.lo(AT.NIA));
  const prefixed = detail.byInstruction && cpu.prefixed ? PREFIXED : 0;
  const causeHi = cause === undefined ? 0 : hiOf(cause);
  const causeLo = cause === undefined ? 0 : loOf(cause);
  const hi = (state.hi(AT.MSR) & ~CAUSES.hi) | causeHi;
  state.setHalves(statusAt, hi, (state.lo(AT.MSR) & ~CAUSES.lo) | causeLo | prefixed);
}

/** An interrupt that has just been taken, from the registers that it set. */
function describe(cpu: Cpu, interrupt: InterruptName, save: SaveArea): TakenInterrupt {
  const [addressAt, statusAt] = SAVE[save];
  const { state } = cpu;
  return { interrupt, handler: cpu.nia, resume: state.get(addressAt), status: state.get(statusAt) };
}

const NO_DETAIL: InterruptDetail = {};

/**
 * Takes an interrupt: saves the context, sets MSR and NIA, and the registers in `detail`.
 * @returns FAULT, or STOP for a machine check while MSR[ME]=0
 */
export function takeInterrupt(cpu: Cpu, name: InterruptName, detail: InterruptDetail = NO_DETAIL): Outcome {
  const { state } = cpu;
  const row: InterruptRow = INTERRUPTS[name];
  const msrHi = state.hi(AT.MSR);
  const msrLo = state.lo(AT.MSR);
  const wasHv = (msrHi & HV) !== 0;
  if (name === 'machineCheck' && (msrLo & ME) === 0) return checkstop(cpu, detail);
  const save = detail.toGuest ? 'SRR' : saveArea(cpu, row);
  const wantsHv = row.hv === 'set' || save === 'HSRR' || (name === 'systemCall' && detail.level === 1);
  const hv = (wantsHv && !detail.toGuest) || wasHv;
  if (hv && !wasHv && cpu.hooks.hypervisorInterrupt?.(cpu, name, detail)) return OUTCOME.FAULT;
  const ail = row.ail ? AIL_RULES[cpu.model.ail](cpu, msrHi, msrLo, hv) : 0;
  saveContext(cpu, detail, save);
  writeDetail(cpu, detail);
  enterMsr(cpu, name, save, { hv, relocate: ail >= 2 });
  goToHandler(cpu, name, ail, detail.level ?? 0);
  cpu.msrChanged();
  cpu.hooks.interruptTaken?.(cpu, () => describe(cpu, name, save), detail);
  return OUTCOME.FAULT;
}

/** Takes the storage interrupt that the translator's last failure is. */
export function takeStorageInterrupt(cpu: Cpu): Outcome {
  const { interrupt, cause, dar, dsisr, hdar, hdsisr, asdr } = cpu.translator.toInterrupt();
  // A fetch has no instruction yet.
  const byInstruction = !cpu.translator.fault.access.fetch;
  return takeInterrupt(cpu, interrupt, { cause, dar, dsisr, hdar, hdsisr, asdr, byInstruction });
}
