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
import { get, has, maskOf, put } from '../core/bits';
import { hex0x } from '../core/u64';
import type { InterruptImage } from '../mmu/to-interrupt';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import type { AilRule } from './models/model';
import { OUTCOME, type Outcome } from './outcome';

const AT = {
  LPCR: offsetOf('LPCR'), HID0: offsetOf('HID0'), SRR0: offsetOf('SRR0'), SRR1: offsetOf('SRR1'),
  HSRR0: offsetOf('HSRR0'), HSRR1: offsetOf('HSRR1'), LR: offsetOf('LR'), CTR: offsetOf('CTR'),
  DAR: offsetOf('DAR'), DSISR: offsetOf('DSISR'), HDAR: offsetOf('HDAR'), HDSISR: offsetOf('HDSISR'),
  ASDR: offsetOf('ASDR'), HEIR: offsetOf('HEIR'),
} as const; // prettier-ignore

/** What is particular to one occurrence of an interrupt. */
export interface InterruptDetail extends Partial<Omit<InterruptImage, 'interrupt'>> {
  /** Address to save; absent: that of the instruction. */
  readonly resume?: bigint;
  /** LEV of sc (1 reaches the hypervisor) and of scv (chooses the vector). */
  readonly level?: number;
  /** True where the instruction whose image is in the CPU caused it: SRR1 tells whether it is prefixed. */
  readonly byInstruction?: boolean;
  /** Instruction image for HEIR. */
  readonly heir?: bigint;
  /** The built-in hypervisor hands this to its guest: HV stays 0, also where the interrupt would set it. */
  readonly toGuest?: true;
}

/** Where the context goes. */
type SaveArea = 'SRR' | 'HSRR' | 'LR';
const SAVE: Readonly<Record<SaveArea, readonly [address: number, status: number]>> = {
  SRR: [AT.SRR0, AT.SRR1],
  HSRR: [AT.HSRR0, AT.HSRR1],
  LR: [AT.LR, AT.CTR],
};

function saveArea(row: InterruptRow, lpcr: bigint): SaveArea {
  if (row.save !== 'LPES') return row.save;
  return has(lpcr, LPCR.LPES) ? 'SRR' : 'HSRR';
}

const MSR_RELOCATION = maskOf(MSR.IR, MSR.DR);
const relocationOn = (msr: bigint): boolean => (msr & MSR_RELOCATION) === MSR_RELOCATION;

/** LPCR[AIL] that applies, 0 for none. @param old MSR before the interrupt; @param hv HV after it */
const AIL_RULES: Readonly<Record<AilRule, (lpcr: bigint, old: bigint, hv: boolean) => bigint>> = {
  ail(lpcr, old, hv) {
    const entersHashHost = hv && !has(old, MSR.HV) && !has(lpcr, LPCR.HR);
    return relocationOn(old) && !entersHashHost ? get(lpcr, LPCR.AIL) : 0n;
  },
  hail(lpcr, old, hv) {
    if (hv) return has(lpcr, LPCR.HAIL) && (!has(old, MSR.HV) || relocationOn(old)) ? 3n : 0n;
    return relocationOn(old) && get(lpcr, LPCR.AIL) === 3n ? 3n : 0n;
  },
};

/** What an alternate location adds to a vector offset. scv's vectors have a base of their own. */
const ALTERNATE = { AIL2: 0x18000n, AIL3: 0xc000000000004000n, SCV_AIL3: 0xc000000000003000n } as const;
const SCV_SPACING = 0x20n;

function handlerAddress(name: InterruptName, ail: bigint, level: number): bigint {
  const vector = BigInt(INTERRUPTS[name].vector);
  if (name === 'systemCallVectored') {
    const base = ail === 3n ? ALTERNATE.SCV_AIL3 : vector;
    return base + BigInt(level) * SCV_SPACING;
  }
  if (ail === 3n) return vector | ALTERNATE.AIL3;
  return ail === 2n ? vector | ALTERNATE.AIL2 : vector;
}

function littleEndian(cpu: Cpu, hv: boolean): boolean {
  if (!hv) return has(cpu.state.get(AT.LPCR), LPCR.ILE);
  const endian = cpu.model.hypervisorEndian;
  return endian === 'little' || has(cpu.state.get(AT.HID0), endian);
}

/** Values of MSR[TS]. */
const TS_SUSPENDED = 1n;
const TS_TRANSACTIONAL = 2n;

/** The MSR with which the handler starts. */
function newMsr(
  cpu: Cpu,
  name: InterruptName,
  save: SaveArea,
  to: { hv: boolean; relocate: boolean },
): bigint {
  const old = cpu.msr;
  let msr = old & ~cpu.model.interruptClears;
  msr = put(msr, MSR.SF, 1n);
  if (cpu.model.transactional && get(old, MSR.TS) === TS_TRANSACTIONAL) msr = put(msr, MSR.TS, TS_SUSPENDED);
  msr = put(msr, MSR.HV, to.hv ? 1n : 0n);
  msr = put(msr, MSR.LE, littleEndian(cpu, to.hv) ? 1n : 0n);
  msr = put(msr, MSR.IR, to.relocate ? 1n : 0n);
  msr = put(msr, MSR.DR, to.relocate ? 1n : 0n);
  if (save !== 'LR') msr &= ~MSR.EE.mask;
  if (save === 'SRR') msr &= ~MSR.RI.mask;
  if (name === 'machineCheck') msr &= ~MSR.ME.mask;
  return msr;
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

/**
 * Takes an interrupt: saves the context, sets MSR and NIA, and the registers in `detail`.
 * @returns FAULT, or STOP for a machine check while MSR[ME]=0
 */
export function takeInterrupt(cpu: Cpu, name: InterruptName, detail: InterruptDetail = {}): Outcome {
  const { state } = cpu;
  const row: InterruptRow = INTERRUPTS[name];
  const old = cpu.msr;
  if (name === 'machineCheck' && !has(old, MSR.ME)) return checkstop(cpu, detail);
  const lpcr = state.get(AT.LPCR);
  const save = detail.toGuest ? 'SRR' : saveArea(row, lpcr);
  const wantsHv = row.hv === 'set' || save === 'HSRR' || (name === 'systemCall' && detail.level === 1);
  const hv = (wantsHv && !detail.toGuest) || has(old, MSR.HV);
  if (hv && !has(old, MSR.HV) && cpu.hooks.hypervisorInterrupt?.(cpu, name, detail)) return OUTCOME.FAULT;
  const ail = row.ail ? AIL_RULES[cpu.model.ail](lpcr, old, hv) : 0n;

  const resume = detail.resume ?? cpu.nia;
  const prefixed = detail.byInstruction && cpu.prefixed ? PREFIXED_CAUSE.PREFIXED.mask : 0n;
  const status = (old & ~SRR1_CAUSE_MASK) | (detail.cause ?? 0n) | prefixed;
  const [addressAt, statusAt] = SAVE[save];
  state.set(addressAt, resume);
  state.set(statusAt, status);
  writeDetail(cpu, detail);
  cpu.msr = newMsr(cpu, name, save, { hv, relocate: ail >= 2n });
  cpu.nia = handlerAddress(name, ail, detail.level ?? 0);
  cpu.hooks.contextChanged(cpu);
  cpu.hooks.interruptTaken?.(cpu, { interrupt: name, handler: cpu.nia, resume, status });
  return OUTCOME.FAULT;
}

/** Takes the storage interrupt that the translator's last failure is. */
export function takeStorageInterrupt(cpu: Cpu): Outcome {
  const { interrupt, ...detail } = cpu.translator.toInterrupt();
  // A fetch has no instruction yet.
  const byInstruction = !cpu.translator.fault.access.fetch;
  return takeInterrupt(cpu, interrupt, { ...detail, byInstruction });
}
