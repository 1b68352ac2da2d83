/**
 * One run of a nested guest on a vCPU of L1, from H_ENTER_NESTED to what L1 finds in r3 (Linux book3s_hv_nested.c,
 * kvmhv_enter_nested_guest). The run spans many interrupts; which of them end it is in `exits.ts`.
 */
import { MSR } from '../../../isa/registers/msr';
import { put, type Halves } from '../../core/bits';
import { hiOf, joinHalves, u64 } from '../../core/u64';
import { isPending, PENDING } from '../../cpu/pending';
import { hdecWritten } from '../../cpu/asynchronous';
import { retiredOf, ticks } from '../../cpu/time';
import { offsetOf } from '../../state/layout';
import { MACHINE_CHECK_DSISR, MACHINE_CHECK_SRR1 } from '../../../isa/registers/storage-interrupts';
import { resumeAddress, takeInterrupt } from '../../cpu/interrupts';
import { performMmio, type MmioBus } from './mmio';
import type { ChangedRegister } from '../../trace/events/nested';
import type { GuestMemory } from '../guest/memory';
import type { GuestVcpu } from '../guest/vcpu';
import { H } from '../hypercalls/status';
import { HardwareRegisters } from './hardware-registers';
import { HV_STATE, PT_REGS, PT_REGS_BYTES, type GuestStruct } from './hv-guest-state';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { getOrCreateNested, putNested, refreshNested } from './nested-guests';
import { note } from './observer';
import { sanitise, sanitisedRegisters } from './sanitise';
import { RunState, type NestedCall } from './run-state';
import { StateCopy } from './state-diff';
import { loadCarried, storeCarried } from './vcpu-state';

const AT = {
  LPCR: offsetOf('LPCR'), LPIDR: offsetOf('LPIDR'), HFSCR: offsetOf('HFSCR'), TB: offsetOf('TBOFFSET'),
  HDEC: offsetOf('HDECEXPIRY'), RESLEN: offsetOf('RESLEN'), MSR: offsetOf('MSR'), RESULT: offsetOf('GPR') + 8 * 3,
} as const; // prettier-ignore
const [HV, TS, ME, LE] = [MSR.HV.hi, MSR.TS.hi, MSR.ME.lo, MSR.LE.lo];
/** Values of MSR[TS] in place. */
const [TS_SUSPENDED, TS_TRANSACTIONAL] = [put(0n, MSR.TS, 1n), put(0n, MSR.TS, 2n)].map(hiOf) as [
  number,
  number,
];
/** The farthest that HDEC can be set; there is nothing for L0 to do before. */
const FAR_AWAY = 1n << 54n;
/** Vectors. */
const HDEC_TRAP = 0x980;

/** How a run ends. */
export interface NestedExit {
  /** What L1 finds in r3: a vector, or 0. */
  readonly trap: number;
  /** Why, for people. */
  readonly reason: string;
  readonly nip: Halves;
  readonly msr: Halves;
  /** Fields of hv_guest_state that this exit sets. */
  readonly set?: readonly (readonly [offset: number, value: bigint])[];
}

export interface RunOptions {
  readonly nested: Nested;
  readonly vcpu: GuestVcpu;
  readonly memory: GuestMemory;
  /** Bytes of pt_regs that are read and written. */
  readonly regsBytes?: number;
  readonly mmio?: MmioBus;
}

export class NestedRun {
  /** The nested guest that the vCPU is in, or undefined while it is L1. */
  guest: NestedGuest | undefined;
  readonly vcpu: GuestVcpu;
  private readonly nested: Nested;
  private readonly memory: GuestMemory;
  private readonly mmio: MmioBus | undefined;
  readonly kept: RunState;
  private readonly hardware = new HardwareRegisters();

  constructor({ nested, vcpu, memory, mmio, regsBytes = PT_REGS_BYTES.linux }: RunOptions) {
    this.nested = nested;
    this.mmio = mmio;
    this.vcpu = vcpu;
    this.memory = memory;
    this.kept = new RunState(regsBytes);
  }

  /** The structures as L1 gave them, until the run ends: then as L1 gets them back. */
  get hv(): GuestStruct {
    return this.kept.hv;
  }

  get regs(): GuestStruct {
    return this.kept.regs;
  }

  /** HFSCR as L1 asked for it. */
  get requestedHfscr(): bigint {
    return this.kept.requestedHfscr;
  }

  /**
   * H_ENTER_NESTED. The CPU has L1's registers, `nia` behind the call.
   * @returns a status for L1, or undefined: the nested guest was entered, or L1 has its result already
   */
  enter(call: NestedCall): number | undefined {
    const { nested } = this;
    const { state } = this.vcpu.cpu;
    if (nested.l1Ptcr === 0n) return H.NOT_AVAILABLE;
    const ts = state.hi(AT.MSR) & TS;
    if (ts === TS_TRANSACTIONAL) return H.BAD_MODE;
    const little = (state.lo(AT.MSR) & LE) !== 0;
    if (!this.kept.read(this.memory, call, { little })) return H.PARAMETER;
    const token = this.hv.word(HV_STATE.vcpuToken);
    if (token >= nested.maxVcpuTokens) return H.PARAMETER;
    const nestedTs = (this.regs.hi(PT_REGS.msr) & TS) !== 0;
    if ((ts === TS_SUSPENDED) !== nestedTs) return H.BAD_MODE;
    const guest = this.takeGuest();
    if (!guest) return H.PARAMETER;
    this.switchTo(guest, token);
    return undefined;
  }

  /** Ends the run: results go to L1's memory, L1's registers come back with its result. */
  leave(exit: NestedExit): void {
    const { nested, hv, regs } = this;
    const { cpu } = this.vcpu;
    const { state } = cpu;
    const guest = this.guest!;
    const given = nested.observer && new StateCopy(hv, regs);
    storeCarried(cpu, { hv, regs, now: ticks(cpu) }, exit);
    if (exit.set) for (const [offset, value] of exit.set) hv.set(offset, value);
    const wasTransactional = (state.hi(AT.MSR) & TS) !== 0;
    this.kept.l1.restore(cpu);
    cpu.setMsr((state.hi(AT.MSR) & ~TS) | (wasTransactional ? TS_SUSPENDED : 0), state.lo(AT.MSR));
    state.setInt(AT.RESLEN, 0);
    this.guest = undefined;
    hdecWritten(cpu);
    putNested(nested, guest);
    const result = this.kept.write(this.memory) ? exit.trap : H.AUTHORITY;
    state.setHalves(AT.RESULT, result < 0 ? -1 : 0, result);
    cpu.hooks.contextChanged(cpu);
    if (given) this.noteExit(guest, exit, given.changes(hv, regs));
  }

  private noteExit(
    guest: NestedGuest,
    { trap, reason, ...at }: NestedExit,
    changed: ChangedRegister[],
  ): void {
    const { nested } = this;
    const { cpu } = this.vcpu;
    if (!nested.observer) return;
    const { lpid, shadowLpid } = guest;
    const { entered } = this.kept;
    const passed = {
      ticks: ticks(cpu) - entered.ticks,
      faults: nested.counters.faults - entered.faults,
      instructions: Number(retiredOf(cpu)) - entered.retired,
      changed,
    };
    const [nip, msr] = [at.nip, at.msr].map(({ hi, lo }) => joinHalves(hi, lo)) as [bigint, bigint];
    note(nested.observer, { ev: 'nested.exit', lpid, shadowLpid, trap, reason, nip, msr, ...passed });
  }

  /** Facilities that L1 itself has. */
  get hfscrOfL1(): bigint {
    return this.kept.l1.get(AT.HFSCR);
  }

  /** True where L1's deadline has passed. */
  get isOver(): boolean {
    return ticks(this.vcpu.cpu) >= this.kept.deadline;
  }

  /** L1's number of the vCPU that runs, or ran last. */
  get token(): number {
    return this.hv.word(HV_STATE.vcpuToken);
  }

  /** HDEC up to L0's next timer or L1's deadline, whichever is first. */
  armTimer(now = ticks(this.vcpu.cpu)): void {
    const { cpu } = this.vcpu;
    const timer = this.nested.l0Timer;
    let expiry = timer !== undefined && timer < this.kept.deadline ? timer : this.kept.deadline;
    if (expiry - now > FAR_AWAY) expiry = now + FAR_AWAY;
    cpu.state.set(AT.HDEC, u64(expiry));
    hdecWritten(cpu);
  }

  /** Ticks until HDEC and until L1's deadline, and whose the former is: for the trace. */
  private budget(): { budget: bigint; wanted: bigint; hdecBy: string } {
    const { cpu } = this.vcpu;
    const now = ticks(cpu);
    const until = (tick: bigint): bigint => (tick > now ? tick - now : 0n);
    const timer = this.nested.l0Timer;
    const [budget, wanted] = [until(BigInt.asIntN(64, cpu.state.get(AT.HDEC))), until(this.kept.deadline)];
    const others = timer !== undefined && timer < this.kept.deadline ? "L0's timer" : 'the largest HDEC';
    return { budget, wanted, hdecBy: budget === wanted ? "L1's deadline" : others };
  }

  /** L1 has an interrupt to take, which it does not take in its nested guest. */
  get hasInterruptForL1(): boolean {
    return isPending(this.vcpu.cpu, PENDING.EXTERNAL);
  }

  /**
   * An access to a real address of L1 that is no memory. With a device there the run ends with r3 = 0, as it does when
   * user space serves the access; otherwise the nested guest gets the machine check that L1 would get.
   */
  emulateMmio(at: { gpa: bigint; ea: bigint; store: boolean; fetch: boolean }): void {
    const { cpu } = this.vcpu;
    if (!at.fetch && this.mmio && performMmio(cpu, this.mmio, at)) {
      const nip = { hi: cpu.followingHi, lo: cpu.followingLo };
      this.leave({ trap: 0, reason: 'MMIO', nip, msr: this.msr });
      return;
    }
    const cause = at.fetch ? MACHINE_CHECK_SRR1.BAD_RA_FETCH : MACHINE_CHECK_SRR1.DATA.mask;
    const data = at.fetch ? {} : { dar: at.ea, dsisr: MACHINE_CHECK_DSISR.BAD_RA_LOAD, byInstruction: true };
    takeInterrupt(cpu, 'machineCheck', { cause, ...data, toGuest: true });
  }

  /** The nested guest with a reference, its partition table entry read where none is known. */
  private takeGuest(): NestedGuest | undefined {
    const { nested } = this;
    const guest = getOrCreateNested(nested, this.hv.word(HV_STATE.lpid));
    if (!guest || guest.pate0 !== 0n) return guest;
    if (refreshNested(nested, guest) || !nested.isStrict('H-14')) return guest;
    putNested(nested, guest);
    return undefined;
  }

  /** L1's registers are put aside, the nested guest's are loaded. */
  private switchTo(guest: NestedGuest, token: number): void {
    const { nested, hv, regs, kept } = this;
    const { cpu } = this.vcpu;
    const { state } = cpu;
    kept.l1.save(cpu);
    this.guest = guest;
    guest.previousCpu.set(token, state.index);
    kept.requestedHfscr = hv.get(HV_STATE.hfscr);
    nested.counters.entries++;
    const now = ticks(cpu);
    kept.entered.ticks = now;
    kept.entered.faults = nested.counters.faults;
    kept.entered.retired = Number(retiredOf(cpu));
    kept.deadline = BigInt.asIntN(64, hv.get(HV_STATE.hdecExpiry) - state.get(AT.TB));
    const ofL1 = nested.observer && { lpcr: state.get(AT.LPCR), hfscr: state.get(AT.HFSCR) };
    loadCarried(cpu, { hv, regs, now });
    this.hardware.load(cpu, hv);
    state.addHalves(AT.TB, hv.hi(HV_STATE.tbOffset), hv.lo(HV_STATE.tbOffset));
    state.setHalves(AT.LPIDR, 0, guest.shadowLpid);
    state.setInt(AT.RESLEN, 0);
    // As sanitiseMsr has it.
    cpu.setMsr(regs.hi(PT_REGS.msr) & ~HV, regs.lo(PT_REGS.msr) | ME);
    cpu.setNia(regs.hi(PT_REGS.nip), regs.lo(PT_REGS.nip));
    this.armTimer(now);
    if (ofL1) this.noteEntry(guest, ofL1);
    this.leaveAtOnce(now);
    cpu.hooks.contextChanged(cpu);
  }

  private noteEntry({ lpid, shadowLpid }: NestedGuest, ofL1: { lpcr: bigint; hfscr: bigint }): void {
    const { nested, hv, regs, token } = this;
    if (!nested.observer) return;
    const { nia: nip, msr } = this.vcpu.cpu;
    const wanted = regs.get(PT_REGS.msr);
    const sanitised = sanitisedRegisters(hv, wanted, sanitise(hv, wanted, ofL1));
    const deadline = hv.get(HV_STATE.hdecExpiry);
    note(nested.observer, {
      ev: 'nested.enter', lpid, shadowLpid, token, nip, msr, deadline, sanitised, ...this.budget(),
    }); // prettier-ignore
  }

  private get msr(): Halves {
    const { state } = this.vcpu.cpu;
    return { hi: state.hi(AT.MSR), lo: state.lo(AT.MSR) };
  }

  /** The deadline has passed already, or L1 has an interrupt to take: no instruction of the nested guest is run. */
  private leaveAtOnce(now: bigint): void {
    const interrupted = this.hasInterruptForL1;
    if (!interrupted && now < this.kept.deadline) return;
    const nip = resumeAddress(this.vcpu.cpu, {});
    const why = interrupted
      ? { trap: 0, reason: 'interrupt for L1' }
      : { trap: HDEC_TRAP, reason: 'deadline' };
    this.leave({ ...why, nip, msr: this.msr });
  }
}
