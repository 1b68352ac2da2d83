/**
 * When the run loop has to look at asynchronous interrupts again: an answer that is cheap while nothing that it depends
 * on has changed. What is pending and when is decided in `asynchronous.ts`; this only remembers.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { MSR } from '../../isa/registers/msr';
import { offsetOf } from '../state/layout';
import { timeToNext } from './asynchronous';
import type { Cpu } from './cpu';
import { PENDING, setPending } from './pending';
import { countersMayRun } from './performance-monitor';
import { SignChange } from './sign-change';
import { DEC, HDEC } from './time';

const AT = {
  MSR: offsetOf('MSR'), LPCR: offsetOf('LPCR'), DEC: offsetOf('DECEXPIRY'), HDEC: offsetOf('HDECEXPIRY'),
  PENDING: offsetOf('PENDING'), STOPPED: offsetOf('STOPPED'), RETIRED: offsetOf('RETIRED'),
  IDLE: offsetOf('IDLETIME'), HMER: offsetOf('HMER'), HMEER: offsetOf('HMEER'), DPDES: offsetOf('DPDES'),
  BESCR: offsetOf('BESCR'), PMU: offsetOf('PMUSINCE'),
} as const; // prettier-ignore

const WORD = 2 ** 32;
const { EE, PR } = { EE: MSR.EE.lo, PR: MSR.PR.lo };
const HV = MSR.HV.hi;
const { MER, HDICE } = { MER: LPCR.MER.lo, HDICE: LPCR.HDICE.lo };
/** Doublewords that decide when a decrementer matters; the counters move theirs whenever they are set. */
const WATCHED = [AT.LPCR, AT.DEC, AT.HDEC, AT.PMU] as const;

export class Agenda {
  /** Values that `next` was computed from: MSR bits, PENDING and STOPPED, then the halves of {@link WATCHED}. */
  private readonly seen = new Int32Array(4 + 2 * WATCHED.length).fill(-1);
  /** Time at which a decrementer matters next; Infinity for never. */
  private next = 0;
  /** The decrementers that exist. */
  private readonly dec: SignChange | undefined;
  private readonly hdec: SignChange | undefined;

  /** @param cycles cycles of the CPU, where a cycle model makes the time; else time is instructions */
  constructor(
    private readonly cpu: Cpu,
    private readonly cycles?: () => number,
  ) {
    const { priority } = cpu.model;
    this.dec = priority.includes('decrementer') ? new SignChange(cpu, DEC) : undefined;
    this.hdec = priority.includes('hypervisorDecrementer') ? new SignChange(cpu, HDEC) : undefined;
  }

  /** True where an interrupt might be deliverable, or the thread is stopped: `deliver` must be asked. */
  mustLook(): boolean {
    return this.isRequested() || this.timeToNext() <= 0;
  }

  /** The same, timers aside. */
  isRequested(): boolean {
    const { state } = this.cpu;
    return (
      state.int(AT.STOPPED) !== 0 ||
      (state.int(AT.PENDING) & ~PENDING.HDEC_DELIVERED) !== 0 ||
      (state.hi(AT.HMER) & state.hi(AT.HMEER)) !== 0 ||
      (state.lo(AT.HMER) & state.lo(AT.HMEER)) !== 0 ||
      state.lo(AT.DPDES) !== 0 ||
      (state.lo(AT.LPCR) & MER) !== 0 ||
      state.hi(AT.BESCR) !== 0 ||
      state.lo(AT.BESCR) !== 0
    );
  }

  /** To be called when time itself was changed. */
  forget(): void {
    this.seen.fill(-1);
  }

  /** As `timeToNext` of asynchronous.ts. */
  timeToNext(): number {
    if (this.cpu.state.int(AT.STOPPED) === 0 && !countersMayRun(this.cpu)) {
      this.seen[0] = -1;
      return this.timeToDecrementer();
    }
    if (this.changed()) this.next = this.now() + timeToNext(this.cpu);
    return this.next - this.now();
  }

  /** As `timeToNext` for a CPU that runs and counts nothing: only decrementers can come, if MSR and LPCR let them. */
  private timeToDecrementer(): number {
    const { state } = this.cpu;
    const now = this.now();
    const enabled = (state.lo(AT.MSR) & EE) !== 0;
    let next = Infinity;
    if (enabled && this.dec !== undefined) {
      const change = this.dec.next(now);
      next = this.dec.negative ? now : change;
    }
    if (this.hdec === undefined || (state.lo(AT.LPCR) & HDICE) === 0) return next - now;
    const inHypervisor = (state.hi(AT.MSR) & HV) !== 0 && (state.lo(AT.MSR) & PR) === 0;
    if (enabled || !inHypervisor) next = Math.min(next, this.hypervisorDecrementer(this.hdec, now));
    return next - now;
  }

  /** When the hypervisor decrementer's exception comes, or goes where it was delivered already. */
  private hypervisorDecrementer(hdec: SignChange, now: number): number {
    const change = hdec.next(now);
    const delivered = (this.cpu.state.int(AT.PENDING) & PENDING.HDEC_DELIVERED) !== 0;
    if (!hdec.negative && delivered) setPending(this.cpu, PENDING.HDEC_DELIVERED, { on: false });
    return hdec.negative && !delivered ? now : change;
  }

  /** The machine's time as a number: exact up to 2^53. */
  private now(): number {
    const { state } = this.cpu;
    if (this.cycles) return this.cycles() + state.hi(AT.IDLE) * WORD + (state.lo(AT.IDLE) >>> 0);
    const high = state.hi(AT.RETIRED) + state.hi(AT.IDLE);
    return high * WORD + (state.lo(AT.RETIRED) >>> 0) + (state.lo(AT.IDLE) >>> 0);
  }

  private changed(): boolean {
    const { state } = this.cpu;
    let differs = this.note(0, state.lo(AT.MSR) & (EE | PR));
    differs = this.note(1, state.hi(AT.MSR) & HV) || differs;
    differs = this.note(2, state.int(AT.PENDING)) || differs;
    differs = this.note(3, state.int(AT.STOPPED)) || differs;
    for (let i = 0; i < WATCHED.length; i++) {
      differs = this.note(4 + 2 * i, state.lo(WATCHED[i]!)) || differs;
      differs = this.note(5 + 2 * i, state.hi(WATCHED[i]!)) || differs;
    }
    return differs;
  }

  private note(i: number, value: number): boolean {
    if (this.seen[i] === value) return false;
    this.seen[i] = value;
    return true;
  }
}
