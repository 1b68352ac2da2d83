/**
 * One run of a nested guest on a vCPU of L1, from H_ENTER_NESTED to what L1 finds in r3 (Linux book3s_hv_nested.c,
 * kvmhv_enter_nested_guest). The run spans many interrupts; which of them end it is in `exits.ts`.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { MSR } from '../../../isa/registers/msr';
import { get, has, put } from '../../core/bits';
import { u64 } from '../../core/u64';
import { isPending, PENDING } from '../../cpu/pending';
import { hdecWritten } from '../../cpu/asynchronous';
import { retiredOf, ticks } from '../../cpu/time';
import { hasSlot, offsetOf } from '../../state/layout';
import { MACHINE_CHECK_DSISR, MACHINE_CHECK_SRR1 } from '../../../isa/registers/storage-interrupts';
import { takeInterrupt } from '../../cpu/interrupts';
import { performMmio, type MmioBus } from './mmio';
import type { GuestMemory } from '../guest/memory';
import type { GuestVcpu } from '../guest/vcpu';
import { H } from '../hypercalls/status';
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
  LPCR: offsetOf('LPCR'), LPIDR: offsetOf('LPIDR'), PIDR: offsetOf('PIDR'), PCR: offsetOf('PCR'),
  HFSCR: offsetOf('HFSCR'), DAWR0: offsetOf('DAWR0'), DAWRX0: offsetOf('DAWRX0'), CIABR: offsetOf('CIABR'),
  TB: offsetOf('TBOFFSET'), HDEC: offsetOf('HDECEXPIRY'), RESLEN: offsetOf('RESLEN'), DPDES: offsetOf('DPDES'),
} as const; // prettier-ignore
const DAWR1 = hasSlot('DAWR1') ? { address: offsetOf('DAWR1'), control: offsetOf('DAWRX1') } : undefined;
const RESULT = 3;
const TS_SUSPENDED = 1n;
const TS_TRANSACTIONAL = 2n;
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
  readonly nip: bigint;
  readonly msr: bigint;
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
    const { cpu } = this.vcpu;
    if (nested.l1Ptcr === 0n) return H.NOT_AVAILABLE;
    const ts = get(cpu.msr, MSR.TS);
    if (ts === TS_TRANSACTIONAL) return H.BAD_MODE;
    if (!this.kept.read(this.memory, call, { little: has(cpu.msr, MSR.LE) })) return H.PARAMETER;
    const token = this.hv.word(HV_STATE.vcpuToken);
    if (token >= nested.maxVcpuTokens) return H.PARAMETER;
    const nestedTs = get(this.regs.get(PT_REGS.msr), MSR.TS) !== 0n;
    if ((ts === TS_SUSPENDED) !== nestedTs) return H.BAD_MODE;
    const guest = this.takeGuest();
    if (!guest) return H.PARAMETER;
    this.switchTo(guest, token);
    return undefined;
  }

  /** Ends the run: results go to L1's memory, L1's registers come back with its result. */
  leave({ trap, reason, nip, msr, set = [] }: NestedExit): void {
    const { nested, hv, regs } = this;
    const { cpu } = this.vcpu;
    const guest = this.guest!;
    const given = nested.observer && new StateCopy(hv, regs);
    storeCarried(cpu, { hv, regs, nip, msr });
    for (const [offset, value] of set) hv.set(offset, value);
    const wasTransactional = get(cpu.msr, MSR.TS) !== 0n;
    this.kept.l1.restore(cpu);
    cpu.msr = put(cpu.msr, MSR.TS, wasTransactional ? TS_SUSPENDED : 0n);
    cpu.state.setInt(AT.RESLEN, 0);
    this.guest = undefined;
    hdecWritten(cpu);
    putNested(nested, guest);
    const written = this.kept.write(this.memory);
    cpu.state.setGpr(RESULT, written ? BigInt(trap) : u64(BigInt(H.AUTHORITY)));
    cpu.hooks.contextChanged(cpu);
    if (!nested.observer || !given) return;
    const { lpid, shadowLpid } = guest;
    const { entered } = this.kept;
    const passed = {
      ticks: ticks(cpu) - entered.ticks,
      faults: nested.counters.faults - entered.faults,
      instructions: Number(retiredOf(cpu)) - entered.retired,
      changed: given.changes(hv, regs),
    };
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
  armTimer(): void {
    const { cpu } = this.vcpu;
    const now = ticks(cpu);
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
      this.leave({ trap: 0, reason: 'MMIO', nip: cpu.following, msr: cpu.msr });
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
    const wanted = regs.get(PT_REGS.msr);
    const clean = sanitise(hv, wanted, { lpcr: state.get(AT.LPCR), hfscr: state.get(AT.HFSCR) });
    const retired = Number(retiredOf(cpu));
    kept.entered = { ticks: ticks(cpu), faults: nested.counters.faults, retired };
    kept.deadline = BigInt.asIntN(64, hv.get(HV_STATE.hdecExpiry) - state.get(AT.TB));
    loadCarried(cpu, hv, regs);
    this.set(AT.LPCR, 'LPCR', this.hardwareLpcr(clean.lpcr));
    this.set(AT.PCR, 'PCR', clean.pcr);
    this.set(AT.HFSCR, 'HFSCR', clean.hfscr);
    this.set(AT.DAWR0, 'DAWR0', hv.get(HV_STATE.dawr0));
    this.set(AT.DAWRX0, 'DAWRX0', clean.dawrx0);
    this.set(AT.CIABR, 'CIABR', clean.ciabr);
    this.set(AT.PIDR, 'PIDR', hv.get(HV_STATE.pidr));
    if (DAWR1) {
      this.set(DAWR1.address, 'DAWR1', hv.get(HV_STATE.dawr1));
      this.set(DAWR1.control, 'DAWRX1', clean.dawrx1);
    }
    state.set(AT.TB, u64(state.get(AT.TB) + hv.get(HV_STATE.tbOffset)));
    state.setHalves(AT.LPIDR, 0, guest.shadowLpid);
    state.setInt(AT.RESLEN, 0);
    cpu.msr = clean.msr;
    cpu.nia = regs.get(PT_REGS.nip);
    this.armTimer();
    if (nested.observer) {
      const { lpid, shadowLpid } = guest;
      note(nested.observer, {
        ev: 'nested.enter', lpid, shadowLpid, token, nip: cpu.nia, msr: cpu.msr,
        deadline: hv.get(HV_STATE.hdecExpiry), sanitised: sanitisedRegisters(hv, wanted, clean), ...this.budget(),
      }); // prettier-ignore
    }
    this.leaveAtOnce();
    cpu.hooks.contextChanged(cpu);
  }

  /** The deadline has passed already, or L1 has an interrupt to take: no instruction of the nested guest is run. */
  private leaveAtOnce(): void {
    const { cpu } = this.vcpu;
    const at = { nip: cpu.nia, msr: cpu.msr };
    if (this.hasInterruptForL1) this.leave({ trap: 0, reason: 'interrupt for L1', ...at });
    else if (this.isOver) this.leave({ trap: HDEC_TRAP, reason: 'deadline', ...at });
  }

  /**
   * What L0 adds: its decrementer interrupts, and external interrupts end the run, for they are L1's. LPCR[LPES] is
   * kept from the hardware for that reason.
   */
  private hardwareLpcr(lpcr: bigint): bigint {
    return (lpcr | LPCR.HDICE.mask) & ~LPCR.LPES.mask;
  }

  /** Sets a register to what the CPU has of a value. */
  private set(at: number, name: string, value: bigint): void {
    const { state, model } = this.vcpu.cpu;
    const mask = model.sprMasks[name];
    state.set(at, mask ? value & mask.writable : value);
  }
}
