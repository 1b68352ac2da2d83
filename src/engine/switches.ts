/**
 * What instructions that switch MSR did the last time: from an MSR and an operand to the MSR, context numbers and
 * address after it. Generated code does the same again by itself (`switch-code.ts`); whoever keeps a switch says with it
 * that nothing but these decides about it, until it is forgotten.
 */
import type { CpuState } from '../state/cpu-state';
import { offsetOf, SWITCH_ENTRY, SWITCH_ENTRIES, SWITCH_KINDS, type SwitchKind } from '../state/layout';

const AT = {
  SWITCHES: offsetOf('SWITCHES'), STAMP: offsetOf('SWITCHSTAMP'), MSR: offsetOf('MSR'), NIA: offsetOf('NIA'),
  DCTX: offsetOf('DCTX'), ICTX: offsetOf('ICTX'), TLB: offsetOf('TLBBASE'), FETCH: offsetOf('FETCHBASE'),
  SRR1: offsetOf('SRR1'), DONE: offsetOf('SWITCHED'), INTERRUPTS: offsetOf('SWITCHINTERRUPTS'),
} as const; // prettier-ignore
/** Stamps are even; an entry of the long form has one more. */
const NEXT_STAMP = 2;

/** What is switched from: MSR, the operand, and L of mtmsrd (0 elsewhere). */
export interface SwitchRequest {
  readonly msrHi: number;
  readonly msrLo: number;
  readonly operandHi: number;
  readonly operandLo: number;
  readonly long: number;
}

/** Switches, and interrupts among them. */
export interface SwitchCounters {
  services: number;
  interrupts: number;
}

/** Byte offset of the entries of a kind in the CPU block. */
export const switchesAt = (kind: SwitchKind): number =>
  AT.SWITCHES + SWITCH_KINDS.indexOf(kind) * SWITCH_ENTRIES * SWITCH_ENTRY.size;

const KIND_AT = SWITCH_KINDS.map(switchesAt);

/**
 * Right shifts that bring EE, PR and FP, IR and DR, and RI into the number of an entry, after the operand was added to
 * MSR twice: there and back, which differ in one of these bits, are different switches. Generated code computes the same.
 */
export const PLACE_SHIFTS = [13, 3, 1] as const;
const [FIRST, SECOND, THIRD] = PLACE_SHIFTS;

function placeOf({ msrLo, operandLo }: SwitchRequest): number {
  const mixed = (msrLo + 2 * operandLo) | 0;
  return ((mixed >>> FIRST) ^ (mixed >>> SECOND) ^ (mixed >>> THIRD)) & (SWITCH_ENTRIES - 1);
}

export class Switches {
  private stamp = 0;

  constructor(private readonly cpu: CpuState) {
    this.forget();
  }

  /** Forgets all: something else that switches depend on has changed. */
  forget(): void {
    this.stamp = (this.stamp + NEXT_STAMP) | 0;
    if (this.stamp === 0) {
      // Once in 2^31 times old entries could come to life again.
      this.cpu.bytes.fill(
        0,
        AT.SWITCHES,
        AT.SWITCHES + SWITCH_KINDS.length * SWITCH_ENTRIES * SWITCH_ENTRY.size,
      );
      this.stamp = NEXT_STAMP;
    }
    this.cpu.setInt(AT.STAMP, this.stamp);
  }

  /** Keeps a switch that has just been made: the state is what it led to. @param kind position in SWITCH_KINDS */
  keep(kind: number, from: SwitchRequest): void {
    const { cpu } = this;
    const at = KIND_AT[kind]! + placeOf(from) * SWITCH_ENTRY.size;
    cpu.setHalves(at + SWITCH_ENTRY.from, from.msrHi, from.msrLo);
    cpu.setHalves(at + SWITCH_ENTRY.operand, from.operandHi, from.operandLo);
    cpu.setHalves(at + SWITCH_ENTRY.msr, cpu.hi(AT.MSR), cpu.lo(AT.MSR));
    cpu.setInt(at + SWITCH_ENTRY.dctx, cpu.lo(AT.DCTX));
    cpu.setInt(at + SWITCH_ENTRY.ictx, cpu.lo(AT.ICTX));
    cpu.setInt(at + SWITCH_ENTRY.tlb, cpu.int(AT.TLB));
    cpu.setInt(at + SWITCH_ENTRY.fetch, cpu.int(AT.FETCH));
    cpu.setHalves(at + SWITCH_ENTRY.status, cpu.hi(AT.SRR1), cpu.lo(AT.SRR1));
    cpu.setHalves(at + SWITCH_ENTRY.target, cpu.hi(AT.NIA), cpu.lo(AT.NIA));
    cpu.setInt(at + SWITCH_ENTRY.stamp, this.stamp + from.long);
  }

  /** Adds what generated code has made since this was last called to counters. */
  settle(counters: SwitchCounters): void {
    const { cpu } = this;
    counters.services += cpu.int(AT.DONE);
    counters.interrupts += cpu.int(AT.INTERRUPTS);
    cpu.setInt(AT.DONE, 0);
    cpu.setInt(AT.INTERRUPTS, 0);
  }
}
