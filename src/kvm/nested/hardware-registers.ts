/**
 * The registers that a nested guest runs with and that L1 does not decide alone: what L1 asks for, sanitised
 * (`sanitise.ts`), with what L0 adds, as far as the CPU has it. L1 asks for the same again and again, so the last
 * answer is kept.
 */
import { LPCR } from '../../../isa/registers/lpcr';
import { hiOf, loOf } from '../../core/u64';
import type { Cpu } from '../../cpu/cpu';
import { hasSlot, offsetOf } from '../../state/layout';
import { HV_STATE, type Doublewords, type GuestStruct } from './hv-guest-state';
import { sanitiseCiabr, sanitiseDawrx, sanitiseHfscr, sanitiseLpcr, sanitisePcr } from './sanitise';

/** What L1 has of the registers that limit its nested guest's. */
interface OfL1 {
  readonly lpcr: bigint;
  readonly hfscr: bigint;
}

/**
 * What L0 adds to LPCR: its decrementer interrupts, and external interrupts end the run, for they are L1's. LPCR[LPES]
 * is kept from the hardware for that reason.
 */
const hardwareLpcr = (lpcr: bigint): bigint => (lpcr | LPCR.HDICE.mask) & ~LPCR.LPES.mask;

interface Row {
  readonly name: string;
  readonly offset: number;
  readonly value: (asked: bigint, l1: OfL1) => bigint;
}

const asAsked = (asked: bigint): bigint => asked;
const ROWS = (
  [
    { name: 'LPCR', offset: HV_STATE.lpcr, value: (asked, l1) => hardwareLpcr(sanitiseLpcr(asked, l1.lpcr)) },
    { name: 'PCR', offset: HV_STATE.pcr, value: sanitisePcr },
    { name: 'HFSCR', offset: HV_STATE.hfscr, value: (asked, l1) => sanitiseHfscr(asked, l1.hfscr) },
    { name: 'DAWR0', offset: HV_STATE.dawr0, value: asAsked },
    { name: 'DAWRX0', offset: HV_STATE.dawrx0, value: sanitiseDawrx },
    { name: 'CIABR', offset: HV_STATE.ciabr, value: sanitiseCiabr },
    { name: 'PIDR', offset: HV_STATE.pidr, value: asAsked },
    { name: 'DAWR1', offset: HV_STATE.dawr1, value: asAsked },
    { name: 'DAWRX1', offset: HV_STATE.dawrx1, value: sanitiseDawrx },
  ] satisfies Row[]
)
  .filter(({ name }) => hasSlot(name))
  .map((row) => ({ ...row, at: offsetOf(row.name), count: 1 }));
const LPCR_AT = offsetOf('LPCR');
const HFSCR_AT = offsetOf('HFSCR');

/** Words that the answer depends on: two for each row, and L1's own LPCR and HFSCR. */
const WORDS = 2 * ROWS.length;
const QUESTION = WORDS + 4;

export class HardwareRegisters {
  private readonly asked = new Int32Array(QUESTION);
  private readonly answer = new Int32Array(WORDS);
  private isKnown = false;
  /** The question that is being asked. */
  private readonly next = new Int32Array(QUESTION);

  /** Loads them from what L1 asks for. The CPU has L1's own LPCR and HFSCR still. */
  load(cpu: Cpu, hv: GuestStruct): void {
    const { words } = cpu.state;
    if (!this.isAsAsked(cpu, hv)) this.work(cpu, hv);
    for (let i = 0; i < ROWS.length; i++) {
      const at = ROWS[i]!.at >> 2;
      words[at] = this.answer[2 * i]!;
      words[at + 1] = this.answer[2 * i + 1]!;
    }
  }

  /** Notes what is asked for; true where it is what was asked for last. */
  private isAsAsked({ state: { words } }: Cpu, hv: GuestStruct): boolean {
    const { asked, next } = this;
    for (let i = 0; i < ROWS.length; i++) hv.load(next, 2 * i, ROWS[i] as Doublewords);
    next[WORDS] = words[LPCR_AT >> 2]!;
    next[WORDS + 1] = words[(LPCR_AT >> 2) + 1]!;
    next[WORDS + 2] = words[HFSCR_AT >> 2]!;
    next[WORDS + 3] = words[(HFSCR_AT >> 2) + 1]!;
    let same = this.isKnown;
    for (let i = 0; i < QUESTION; i++) {
      if (asked[i] !== next[i]) same = false;
      asked[i] = next[i]!;
    }
    return same;
  }

  private work({ state, model }: Cpu, hv: GuestStruct): void {
    const l1 = { lpcr: state.get(LPCR_AT), hfscr: state.get(HFSCR_AT) };
    ROWS.forEach(({ name, offset, value }, i) => {
      const mask = model.sprMasks[name];
      const wanted = value(hv.get(offset), l1);
      const given = mask ? wanted & mask.writable : wanted;
      this.answer[2 * i] = loOf(given);
      this.answer[2 * i + 1] = hiOf(given);
    });
    this.isKnown = true;
  }
}
