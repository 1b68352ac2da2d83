/**
 * When a decrementer changes its sign next, kept as a number, so that asking costs nothing while nobody sets it. What
 * the decrementer is, is in `time.ts`.
 */
import { LPCR } from '../../isa/registers/lpcr';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';
import { decrementerValue, unitsToSignChange, type Decrementer } from './time';

const LPCR_AT = offsetOf('LPCR');

export class SignChange {
  /** True where the decrementer was negative when last asked. */
  negative = false;
  /** The times since when that is so, and at which it changes. */
  private since = Infinity;
  private at = -Infinity;
  /** What it was computed from. */
  private expiryHi = 0;
  private expiryLo = 0;
  private large = 0;

  constructor(
    private readonly cpu: Cpu,
    private readonly which: Decrementer,
  ) {}

  /** The time at which the sign changes next; `negative` says what it is until then. @param now the machine's time */
  next(now: number): number {
    const { state } = this.cpu;
    const { expiryAt } = this.which;
    const large = state.lo(LPCR_AT) & LPCR.LD.lo;
    const same =
      this.expiryLo === state.lo(expiryAt) && this.expiryHi === state.hi(expiryAt) && this.large === large;
    if (same && now < this.at && now >= this.since) return this.at;
    this.expiryLo = state.lo(expiryAt);
    this.expiryHi = state.hi(expiryAt);
    this.large = large;
    this.since = now;
    const value = decrementerValue(this.cpu, this.which);
    this.negative = value < 0n;
    this.at = now + Number(unitsToSignChange(this.cpu, this.which, value));
    return this.at;
  }
}
