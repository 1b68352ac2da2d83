/**
 * The switch of a CPU between L1 and its nested guest: which registers each has of its own, saved as they are, loaded
 * from and stored to the structures of H_ENTER_NESTED. All other registers pass through as they are: L1 loads them
 * before the call, L0 leaves them alone.
 */
import type { Json, StateReader } from '../../core/saved-state';
import { writeXer, readXer } from '../../cpu/spr/registers';
import type { Cpu } from '../../cpu/cpu';
import { COUNTER, readCounter, writeCounter } from '../../cpu/time';
import { CpuState } from '../../state/cpu-state';
import { hasSlot, offsetOf, SLOTS } from '../../state/layout';
import { readRegisters, saveRegisters } from '../../state/saved-registers';
import { GuestStruct, HV_STATE, PT_REGS } from './hv-guest-state';

const GPRS = 32;
const GPR_AT = offsetOf('GPR');
const DPDES_AT = offsetOf('DPDES');

/** Doublewords that are carried between a structure and the CPU without a look at them. */
type Carried = readonly (readonly [offset: number, at: number])[];

const present = (rows: readonly (readonly [number, string])[]): Carried =>
  rows.filter(([, name]) => hasSlot(name)).map(([offset, name]) => [offset, offsetOf(name)]);

/** Into the nested guest and out again. */
const HV_CARRIED = present([
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
const REGS_CARRIED: Carried = [
  ...Array.from({ length: GPRS }, (_, n) => [PT_REGS.gpr + 8 * n, GPR_AT + 8 * n] as const),
  ...present([
    [PT_REGS.ctr, 'CTR'],
    [PT_REGS.link, 'LR'],
  ]),
];
const COUNTERS = [
  [HV_STATE.purr, COUNTER.PURR],
  [HV_STATE.spurr, COUNTER.SPURR],
  [HV_STATE.vtb, COUNTER.VTB],
] as const;

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
    [...SAVED, ...HV_CARRIED.map(([, at]) => at), ...REGS_CARRIED.map(([, at]) => at)].map((at) => at & ~7),
  ),
];

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

  private takeFrom(state: CpuState): void {
    for (let i = 0; i < SAVED_DOUBLEWORDS.length; i++) {
      const at = SAVED_DOUBLEWORDS[i]! >> 2;
      this.words[2 * i] = state.words[at]!;
      this.words[2 * i + 1] = state.words[at + 1]!;
    }
  }

  private putInto(state: CpuState): void {
    for (let i = 0; i < SAVED_DOUBLEWORDS.length; i++) {
      const at = SAVED_DOUBLEWORDS[i]! >> 2;
      state.words[at] = this.words[2 * i]!;
      state.words[at + 1] = this.words[2 * i + 1]!;
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

/** Loads what the nested guest has of its own, but for what is sanitised and for NIA and MSR. */
export function loadCarried(cpu: Cpu, hv: GuestStruct, regs: GuestStruct): void {
  const { state } = cpu;
  for (const [offset, at] of HV_CARRIED) state.setHalves(at, hv.hi(offset), hv.lo(offset));
  for (const [offset, at] of REGS_CARRIED) state.setHalves(at, regs.hi(offset), regs.lo(offset));
  for (const [offset, at] of COUNTERS) writeCounter(cpu, at, hv.get(offset));
  writeXer(cpu, regs.get(PT_REGS.xer));
  state.cr = regs.lo(PT_REGS.ccr) >>> 0;
  state.set(DPDES_AT, hv.get(HV_STATE.dpdes) & 1n);
}

/** Stores it; `nip` and `msr` as the interrupt that ended the nested guest's run saves them. */
export function storeCarried(
  cpu: Cpu,
  { hv, regs, nip, msr }: { hv: GuestStruct; regs: GuestStruct; nip: bigint; msr: bigint },
): void {
  const { state } = cpu;
  for (const [offset, at] of HV_CARRIED) hv.setHalves(offset, state.hi(at), state.lo(at));
  for (const [offset, at] of REGS_CARRIED) regs.setHalves(offset, state.hi(at), state.lo(at));
  for (const [offset, at] of COUNTERS) hv.set(offset, readCounter(cpu, at));
  hv.set(HV_STATE.dpdes, state.get(DPDES_AT));
  hv.set(HV_STATE.pidr, state.get(offsetOf('PIDR')));
  regs.set(PT_REGS.nip, nip);
  regs.set(PT_REGS.msr, msr);
  regs.set(PT_REGS.xer, readXer(cpu));
  regs.setHalves(PT_REGS.ccr, 0, state.cr | 0);
}
