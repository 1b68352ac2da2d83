/**
 * One CPU: its state, its model and its translator, and what it asks of the machine around it. What instructions and
 * interrupts do to it is in the other files of this folder; how it is driven is the engine's and the machine's.
 */
import { MSR } from '../../isa/registers/msr';
import { halvesOf, type Field, type Halves } from '../core/bits';
import { hiOf, joinHalves, loOf } from '../core/u64';
import type { Access } from '../mmu/access';
import type { Invalidation } from '../mmu/invalidate';
import type { InterruptImage } from '../mmu/to-interrupt';
import type { Translator } from '../mmu/translate';
import { CpuState } from '../state/cpu-state';
import { hasSlot, offsetOf, SLOTS } from '../state/layout';
import type { AccessWatch } from './debug-stops';
import type { EventCounts } from './counter-events';
import type { InterruptDetail } from './interrupts';
import type { CpuModel } from './models/model';
import { settleActiveCounters } from './performance-monitor';

const MSR_AT = offsetOf('MSR');
const NIA_AT = offsetOf('NIA');
const ARG_AT = offsetOf('ARG');
const RESULT_AT = offsetOf('RESULT');

/** Why a machine stops. */
export type StopReason =
  /** `attn`: the guest says that it is done. */
  | { readonly kind: 'attn' }
  /** The CPU cannot go on (machine check with MSR[ME]=0): a dead guest. */
  | { readonly kind: 'checkstop'; readonly message: string };

/** An interrupt as it was taken, for traces. */
export interface TakenInterrupt {
  readonly interrupt: InterruptImage['interrupt'];
  /** Effective address of the handler, with AIL applied. */
  readonly handler: bigint;
  /** What was saved as address and as status (SRR0/1, HSRR0/1 or LR/CTR). */
  readonly resume: bigint;
  readonly status: bigint;
}

/** Real storage as services use it: memory and devices. Values are those of big-endian bytes. */
export interface Bus {
  /** True where `bytes` bytes from a real address on are memory or one device. */
  has(ra: bigint, bytes: number): boolean;
  /** @returns undefined where there is neither memory nor a device. */
  read(ra: bigint, bytes: 1 | 2 | 4 | 8): bigint | undefined;
  /** Stores, with everything that a store does: reservations of others are lost, translated code is dropped. */
  write(ra: bigint, bytes: 1 | 2 | 4 | 8, value: bigint): boolean;
}

/** What the machine and its engine do for a CPU. */
export interface CpuHooks {
  readonly bus: Bus;
  /** The machine's time: instructions retired since reset, or cycles with a timing model. Exact inside a service. */
  now(): bigint;
  /** Instructions retired, where time is cycles; absent where time is instructions. */
  retired?(cpu: Cpu): bigint;
  /** What a cycle model counts, where there is one. */
  readonly events?: EventCounts;
  /** MSR, LPCR, LPIDR, PIDR, AMR, a watchpoint...: whatever depends on the context must be looked at again. */
  contextChanged(cpu: Cpu): void;
  /** The same where nothing but MSR has changed; absent: {@link contextChanged} is called. */
  msrChanged?(cpu: Cpu): void;
  /** Drops translations; `tlbie` and its like reach every CPU, the caller says so in the operation. */
  invalidate(cpu: Cpu, what: Invalidation): void;
  /**
   * The same for one page of processes, of 2^`shift` bytes around an effective address without quadrant, where nobody
   * sees what is invalidated; false: nothing was done, {@link invalidate} is to be called.
   */
  invalidateProcessPage?(eaHi: number, eaLo: number, shift: number): boolean;
  /** icbi: code at this host real address may have changed. */
  invalidateInstructions(cpu: Cpu, ra: bigint): void;
  /** All CPUs of the machine, in order of their index. */
  cpus(): readonly Cpu[];
  /** sc 1 where a built-in hypervisor is below the guest: true when it was handled and the guest goes on. */
  hypercall?(cpu: Cpu): boolean;
  /**
   * An interrupt of a guest (HV=0) that would be taken in hypervisor state, where a built-in hypervisor is below the
   * guest: true where that took it. NIA is then where the guest goes on, which the hypervisor may have changed.
   */
  hypervisorInterrupt?(cpu: Cpu, name: InterruptImage['interrupt'], detail: InterruptDetail): boolean;
  /** A stopped thread goes on because of an exception. */
  resumed?(cpu: Cpu): void;
  /** Somebody other than a CPU's instruction changed bytes of real memory: code and tables read from it are stale. */
  memoryChanged?(address: number, bytes: number): void;
  machineStop(cpu: Cpu, reason: StopReason): void;
  /** The next random doubleword, the same in every run. */
  random(): bigint;
  /** @param taken describes the interrupt, for whoever wants to know: registers are as it left them */
  interruptTaken?(cpu: Cpu, taken: () => TakenInterrupt, detail: InterruptDetail): void;
}

const SF = MSR.SF.hi;

export class Cpu {
  /** Image of the instruction in a service or raise: the word, or prefix and suffix. */
  imageHi = 0;
  imageLo = 0;
  prefixed = false;
  /** A debugger that watches storage; the guest's own watchpoints are DAWR0 and DAWR1. */
  accessWatch: AccessWatch | undefined;
  /** Of PMC1 to PMC4: what a cycle model had counted of its event up to PMUSINCE. */
  readonly counterBases = [0, 0, 0, 0];
  /** As in the model. */
  readonly interruptClears: Halves;
  private readonly msrWritable: Halves;
  private readonly msrFixed: Halves;

  constructor(
    readonly state: CpuState,
    readonly model: CpuModel,
    readonly translator: Translator,
    readonly hooks: CpuHooks,
  ) {
    this.msrWritable = halvesOf(model.msr.writable);
    this.msrFixed = halvesOf(model.msr.fixed);
    this.interruptClears = halvesOf(model.interruptClears);
  }

  /** Puts the registers into their state after reset; memory and pending requests of devices are the machine's. */
  reset(): void {
    for (const { architected, offset, size } of SLOTS)
      if (architected) this.state.bytes.fill(0, offset, offset + size);
    for (const [name, value] of Object.entries(this.model.reset)) this.state.setNamed(name, value);
    if (hasSlot('PIR')) this.state.setNamed('PIR', BigInt(this.state.index));
    // DEC is 0 at time 0.
    this.state.setNamed('DECEXPIRY', 1n);
    this.state.setNamed('HDECEXPIRY', 1n << BigInt(this.model.decrementer.hypervisor - 1));
  }

  get msr(): bigint {
    return this.state.get(MSR_AT);
  }

  /** Sets MSR as it is given, but for bits that do not exist or are fixed. */
  set msr(value: bigint) {
    this.setMsr(hiOf(value), loOf(value));
  }

  /** The same by halves. */
  setMsr(hi: number, lo: number): void {
    settleActiveCounters(this);
    const { msrWritable, msrFixed } = this;
    this.state.setHalves(MSR_AT, (hi & msrWritable.hi) | msrFixed.hi, (lo & msrWritable.lo) | msrFixed.lo);
  }

  /** To be called after MSR, and nothing else that a context depends on, was changed. */
  msrChanged(): void {
    const { hooks } = this;
    if (hooks.msrChanged !== undefined) hooks.msrChanged(this);
    else hooks.contextChanged(this);
  }

  inState(f: Field): boolean {
    return this.state.has(MSR_AT, f);
  }

  get problemState(): boolean {
    return this.inState(MSR.PR);
  }

  /** HV=1 and PR=0. */
  get hypervisorState(): boolean {
    return this.inState(MSR.HV) && !this.inState(MSR.PR);
  }

  get nia(): bigint {
    return this.state.get(NIA_AT);
  }

  /** Sets the next instruction address: a word address, and in 32-bit mode one of 32 bits. */
  set nia(value: bigint) {
    this.setNia(hiOf(value), loOf(value));
  }

  /** The same by halves. */
  setNia(hi: number, lo: number): void {
    this.state.setHalves(NIA_AT, (this.state.hi(MSR_AT) & SF) === 0 ? 0 : hi, lo & ~3);
  }

  /** Address of the instruction after the one whose image is in the CPU. */
  get following(): bigint {
    return joinHalves(this.followingHi, this.followingLo);
  }

  /** The same by halves, as signed int32. */
  get followingLo(): number {
    return (this.state.lo(NIA_AT) + (this.prefixed ? 8 : 4)) | 0;
  }

  get followingHi(): number {
    if ((this.state.hi(MSR_AT) & SF) === 0) return 0;
    const carry = this.followingLo >>> 0 < this.state.lo(NIA_AT) >>> 0 ? 1 : 0;
    return (this.state.hi(NIA_AT) + carry) | 0;
  }

  /** The instruction image: 32 bits, or prefix and suffix. */
  get image(): bigint {
    const suffix = BigInt(this.imageLo >>> 0);
    return this.prefixed ? (BigInt(this.imageHi >>> 0) << 32n) | suffix : suffix;
  }

  /** Operand n of the service that is being performed. */
  arg(n: number): bigint {
    return this.state.get(ARG_AT + 8 * n);
  }

  /** The same as a signed 32-bit number, for small operands. */
  argInt(n: number): number {
    return this.state.lo(ARG_AT + 8 * n);
  }

  /** Its upper half. */
  argHi(n: number): number {
    return this.state.hi(ARG_AT + 8 * n);
  }

  /** The doubleword that the service gives. */
  set result(value: bigint) {
    this.state.set(RESULT_AT, BigInt.asUintN(64, value));
  }

  get result(): bigint {
    return this.state.get(RESULT_AT);
  }

  /**
   * Translates an effective address for a service's access.
   * @returns the host real address, or undefined: the fault is in the translator
   */
  translate(ea: bigint, access: Access): bigint | undefined {
    if (!this.translator.access(this.state, access, hiOf(ea), loOf(ea))) return undefined;
    return (BigInt(this.translator.raHi >>> 0) << 32n) | BigInt(this.translator.raLo >>> 0);
  }
}
