/**
 * The switch of a CPU between L1 and its nested guest: which registers each has of its own, saved as they are, loaded
 * from and stored to the structures of H_ENTER_NESTED. All other registers pass through as they are: L1 loads them
 * before the call, L0 leaves them alone.
 */
import type { Halves } from '../../core/bits';
import type { Json, StateReader } from '../../core/saved-state';
import { hiOf, loOf } from '../../core/u64';
import { readXerWord, writeXerWord } from '../../cpu/spr/registers';
import type { Cpu } from '../../cpu/cpu';
import { COUNTER } from '../../cpu/time';
import { CpuState } from '../../state/cpu-state';
import { hasSlot, offsetOf, SLOTS } from '../../state/layout';
import { readRegisters, saveRegisters } from '../../state/saved-registers';
import { HV_STATE, PT_REGS, type Doublewords, type GuestStruct } from './hv-guest-state';

const GPRS = 32;
const DPDES_AT = offsetOf('DPDES');
const PIDR_AT = offsetOf('PIDR');

/** Doublewords that are carried between a structure and the CPU block without a look at them; `at` is a byte offset. */
interface Carried extends Doublewords {
  readonly at: number;
}

/** Rows that go on where the one before ends in both places become one. */
function carried(rows: readonly (readonly [offset: number, name: string, count?: number])[]): Carried[] {
  const all: { offset: number; at: number; count: number }[] = [];
  for (const [offset, name, count = 1] of rows) {
    if (!hasSlot(name)) continue;
    const at = offsetOf(name);
    const last = all.at(-1);
    const goesOn = last && offset - last.offset === 8 * last.count && at - last.at === 8 * last.count;
    if (goesOn) last.count += count;
    else all.push({ offset, at, count });
  }
  return all;
}

/** Into the nested guest and out again. */
const HV_CARRIED = carried([
  [HV_STATE.ic, 'IC'],
  [HV_STATE.srr0, 'SRR0'],
  [HV_STATE.srr1, 'SRR1'],
  [HV_STATE.sprg, 'SPRG0'],
  [HV_STATE.sprg + 8, 'SPRG1'],
  [HV_STATE.sprg + 16, 'SPRG2'],
  [HV_STATE.sprg + 24, 'SPRG3'],
  [HV_STATE.cfar, 'CFAR'],
  [HV_STATE.ppr, 'PPR'],
]);
const REGS_CARRIED = carried([
  [PT_REGS.gpr, 'GPR', GPRS],
  [PT_REGS.ctr, 'CTR'],
  [PT_REGS.link, 'LR'],
]);
/** Counters of the nested guest, which are differences from the machine's time in the CPU block. */
const COUNTERS: readonly Carried[] = [
  { offset: HV_STATE.purr, at: COUNTER.PURR, count: 1 },
  { offset: HV_STATE.spurr, at: COUNTER.SPURR, count: 1 },
  { offset: HV_STATE.vtb, at: COUNTER.VTB, count: 1 },
];

/** Registers that L1 gets back as they were, besides those above. */
const SAVED = [
  'NIA', 'MSR', 'CR', 'SO', 'OV', 'CA', 'OV32', 'CA32', 'XERLOW', 'LPCR', 'LPIDR', 'PIDR', 'PCR', 'HFSCR', 'TBOFFSET',
  'VTBOFFSET', 'PURROFFSET', 'SPURROFFSET', 'DAWR0', 'DAWRX0', 'DAWR1', 'DAWRX1', 'CIABR', 'HDECEXPIRY', 'DPDES',
]
  .filter(hasSlot)
  .map(offsetOf); // prettier-ignore
/** Offsets of doublewords: parts of a doubleword that lie beside each other are saved once. */
const SAVED_DOUBLEWORDS = [
  ...new Set(
    [
      ...SAVED,
      ...[...HV_CARRIED, ...REGS_CARRIED].flatMap(({ at, count }) =>
        Array.from({ length: count }, (_, i) => at + 8 * i),
      ),
    ].map((at) => at & ~7),
  ),
];

/** Index of the first of their words in the CPU block. */
const SAVED_WORDS = Int32Array.from(SAVED_DOUBLEWORDS, (at) => at >> 2);

/** The same as slots: those whose bytes lie in one of the doublewords. */
const SAVED_SLOTS = SLOTS.filter(({ offset, size }) =>
  SAVED_DOUBLEWORDS.some((at) => offset < at + 8 && at < offset + size),
);

/** Registers of L1 while its nested guest runs. */
export class SavedRegisters {
  private readonly words = new Int32Array(2 * SAVED_DOUBLEWORDS.length);

  save({ state }: Cpu): void {
    this.takeFrom(state);
  }

  restore({ state }: Cpu): void {
    this.putInto(state);
  }

  private takeFrom({ words: from }: CpuState): void {
    const { words } = this;
    for (let i = 0; i < SAVED_WORDS.length; i++) {
      const at = SAVED_WORDS[i]!;
      words[2 * i] = from[at]!;
      words[2 * i + 1] = from[at + 1]!;
    }
  }

  private putInto({ words: to }: CpuState): void {
    const { words } = this;
    for (let i = 0; i < SAVED_WORDS.length; i++) {
      const at = SAVED_WORDS[i]!;
      to[at] = words[2 * i]!;
      to[at + 1] = words[2 * i + 1]!;
    }
  }

  /** What {@link save} took, by register. */
  toJson(): Json {
    const state = CpuState.detached();
    this.putInto(state);
    return saveRegisters(state, SAVED_SLOTS);
  }

  /** @throws UserError where it is not what {@link toJson} gives */
  fromJson(reader: StateReader): void {
    const state = CpuState.detached();
    readRegisters(state, reader, SAVED_SLOTS);
    this.takeFrom(state);
  }

  /** A saved doubleword register. */
  get(at: number): bigint {
    const i = SAVED_DOUBLEWORDS.indexOf(at);
    return (BigInt(this.words[2 * i + 1]! >>> 0) << 32n) | BigInt(this.words[2 * i]! >>> 0);
  }
}

/** What is loaded and stored, and at which time of the machine, in time base ticks. */
export interface Switch {
  readonly hv: GuestStruct;
  readonly regs: GuestStruct;
  readonly now: bigint;
}

/** Loads what the nested guest has of its own, but for what is sanitised and for NIA and MSR. */
export function loadCarried(cpu: Cpu, { hv, regs, now }: Switch): void {
  const { state } = cpu;
  for (const row of HV_CARRIED) hv.load(state.words, row.at >> 2, row);
  for (const row of REGS_CARRIED) regs.load(state.words, row.at >> 2, row);
  const [hi, lo] = [hiOf(-now), loOf(-now)];
  for (const row of COUNTERS) {
    hv.load(state.words, row.at >> 2, row);
    state.addHalves(row.at, hi, lo);
  }
  writeXerWord(cpu, regs.lo(PT_REGS.xer));
  state.cr = regs.lo(PT_REGS.ccr) >>> 0;
  state.setHalves(DPDES_AT, 0, hv.lo(HV_STATE.dpdes) & 1);
}

/**
 * Stores it; `nip` and `msr` as the interrupt that ended the nested guest's run saves them. The counters of the CPU are
 * the guest's no more: they are to be set next.
 */
export function storeCarried(cpu: Cpu, { hv, regs, now }: Switch, at: { nip: Halves; msr: Halves }): void {
  const { state } = cpu;
  for (const row of HV_CARRIED) hv.store(state.words, row.at >> 2, row);
  for (const row of REGS_CARRIED) regs.store(state.words, row.at >> 2, row);
  const [hi, lo] = [hiOf(now), loOf(now)];
  for (const row of COUNTERS) {
    state.addHalves(row.at, hi, lo);
    hv.store(state.words, row.at >> 2, row);
  }
  hv.setHalves(HV_STATE.dpdes, state.hi(DPDES_AT), state.lo(DPDES_AT));
  hv.setHalves(HV_STATE.pidr, state.hi(PIDR_AT), state.lo(PIDR_AT));
  regs.setHalves(PT_REGS.nip, at.nip.hi, at.nip.lo);
  regs.setHalves(PT_REGS.msr, at.msr.hi, at.msr.lo);
  regs.setHalves(PT_REGS.xer, 0, readXerWord(cpu));
  regs.setHalves(PT_REGS.ccr, 0, state.cr | 0);
}
