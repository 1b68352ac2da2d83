/** SPRs that are another name, a part or a filter of something, or whose writing has an effect. */
import type { SprRow } from '../../../isa/registers/spr';
import { CTRL, DEXCR, PSSCR, XER } from '../../../isa/registers/thread';
import { MSR } from '../../../isa/registers/msr';
import { field, get, has, maskOf, put } from '../../core/bits';
import { loOf, u64 } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { readDpdes, threadNumber, writeDpdes } from '../doorbell';
import { performanceWritten, settleCounters } from '../performance-monitor';
import { maskFor, plain, readOnly, type SprHandler } from './handler';

const AT = {
  SO: offsetOf('SO'), OV: offsetOf('OV'), CA: offsetOf('CA'), OV32: offsetOf('OV32'), CA32: offsetOf('CA32'),
  XERLOW: offsetOf('XERLOW'), AMR: offsetOf('AMR'), UAMOR: offsetOf('UAMOR'), AMOR: offsetOf('AMOR'),
  CTRL: offsetOf('CTRL'), HMER: offsetOf('HMER'), BESCR: offsetOf('BESCR'), DSCR: offsetOf('DSCR'),
  PSSCR: offsetOf('PSSCR'),
} as const; // prettier-ignore

/** XER flags, each a byte of state. */
const XER_FLAGS = [
  [AT.SO, XER.SO],
  [AT.OV, XER.OV],
  [AT.CA, XER.CA],
  [AT.OV32, XER.OV32],
  [AT.CA32, XER.CA32],
] as const;

const XER_KEPT = XER.LOW.lo;
const XER_KEPT_RESERVED = XER.LOW.lo | XER.RESERVED.lo;

/** XER as a register. */
export const readXer = (cpu: Cpu): bigint => BigInt(readXerWord(cpu) >>> 0);

/** Its lower half, as signed int32: XER has no bits in the upper one. */
export function readXerWord({ state }: Cpu): number {
  let xer = state.int(AT.XERLOW);
  for (let i = 0; i < XER_FLAGS.length; i++) {
    const [at, f] = XER_FLAGS[i]!;
    if (state.bytes[at]) xer |= f.lo;
  }
  return xer;
}

const writeXer = (cpu: Cpu, value: bigint): void => writeXerWord(cpu, loOf(value));

/** The same from the lower half. */
export function writeXerWord({ state, model }: Cpu, word: number): void {
  for (let i = 0; i < XER_FLAGS.length; i++) {
    const [at, f] = XER_FLAGS[i]!;
    state.bytes[at] = word & f.lo ? 1 : 0;
  }
  state.setInt(AT.XERLOW, word & (model.keepsReservedXer ? XER_KEPT_RESERVED : XER_KEPT));
}

const xer: SprHandler = {
  read: (cpu, row) => readXer(cpu) & maskFor(cpu, row).writable,
  write(cpu, value, row) {
    writeXer(cpu, value & maskFor(cpu, row).writable);
    return 'none';
  },
};

const UPPER = field([0, 31]);
const LOWER = field([32, 63]);

/** The upper half of another register as a register of its own. */
const upperHalfOf = (slotName: string): SprHandler => ({
  read: ({ state }) => get(state.get(offsetOf(slotName)), UPPER),
  write({ state }, value) {
    const at = offsetOf(slotName);
    state.set(at, put(state.get(at), UPPER, value & LOWER.mask));
    return 'none';
  },
});

/** A write that sets or clears BESCR bits instead of replacing them; `upper`: of its upper half. */
const bescrPart = (o: { sets: boolean; upper: boolean }): SprHandler => ({
  read: ({ state }) => (o.upper ? get(state.get(AT.BESCR), UPPER) : state.get(AT.BESCR)),
  write({ state }, value) {
    const bits = o.upper ? put(0n, UPPER, value & LOWER.mask) : value;
    const old = state.get(AT.BESCR);
    state.set(AT.BESCR, o.sets ? old | bits : old & u64(~bits));
    return 'context';
  },
});

/**
 * The part of an authority mask that may be changed (Book III, 6.7.13): problem state what UAMOR lets it, a guest's
 * privileged state what AMOR lets it, the hypervisor everything.
 */
function authorityFilter(cpu: Cpu): bigint {
  if (cpu.problemState) return cpu.state.get(AT.UAMOR);
  return cpu.inState(MSR.HV) ? u64(-1n) : cpu.state.get(AT.AMOR);
}

const authority = (slotName: 'AMR' | 'IAMR' | 'UAMOR'): SprHandler => ({
  read: ({ state }) => state.get(offsetOf(slotName)),
  write(cpu, value, row) {
    const at = offsetOf(slotName);
    const writable = authorityFilter(cpu) & maskFor(cpu, row).writable;
    cpu.state.set(at, (cpu.state.get(at) & u64(~writable)) | (value & writable));
    return 'context';
  },
});

/** RUN, and in privileged states also this thread's bit of TS. */
function readCtrl(cpu: Cpu): bigint {
  const run = cpu.state.get(AT.CTRL) & CTRL.RUN.mask;
  if (run === 0n || cpu.problemState) return run;
  return run | (CTRL.THREAD0.mask >> BigInt(threadNumber(cpu)));
}

const ctrl: SprHandler = {
  read: readCtrl,
  write(cpu, value) {
    settleCounters(cpu);
    cpu.state.set(AT.CTRL, value & CTRL.RUN.mask);
    return 'none';
  },
};

/** Problem state reads its own half of DEXCR and HDEXCR. */
const problemHalf = (slotName: 'DEXCR' | 'HDEXCR'): SprHandler =>
  readOnly(({ state }) => state.get(offsetOf(slotName)) & DEXCR.PROBLEM.mask);

/** Privileged software that is not the hypervisor sees and changes this much of PSSCR. */
const PSSCR_GUEST = maskOf(PSSCR.TR, PSSCR.MTL, PSSCR.RL);

const psscrGuest: SprHandler = {
  read({ state }) {
    const psscr = state.get(AT.PSSCR);
    return psscr & (has(psscr, PSSCR.SD) ? PSSCR_GUEST : PSSCR_GUEST | PSSCR.PLS.mask);
  },
  write({ state }, value) {
    state.set(AT.PSSCR, (state.get(AT.PSSCR) & u64(~PSSCR_GUEST)) | (value & PSSCR_GUEST));
    return 'none';
  },
};

/** HMER bits can only be cleared. */
const hmer: SprHandler = {
  read: ({ state }) => state.get(AT.HMER),
  write(cpu, value, row) {
    cpu.state.set(AT.HMER, cpu.state.get(AT.HMER) & value & maskFor(cpu, row).writable);
    return 'context';
  },
};

const dpdes: SprHandler = {
  read: readDpdes,
  write(cpu, value) {
    writeDpdes(cpu, value);
    return 'context';
  },
};

/** A performance monitor register: what was counted so far counts before anything changes. */
function performanceRegister(slotName: string): SprHandler {
  const held = plain('context', slotName);
  return {
    read(cpu, row) {
      settleCounters(cpu);
      return held.read(cpu, row);
    },
    write(cpu, value, row) {
      settleCounters(cpu);
      held.write(cpu, PERFORMANCE_WORDS.has(slotName) ? value & LOWER.mask : value, row);
      performanceWritten(cpu);
      return 'context';
    },
  };
}

/** MMCR0 and PMC1 to PMC6 have 32 bits. */
const PERFORMANCE_WORDS: ReadonlySet<string> = new Set([
  'PMU11',
  ...[3, 4, 5, 6, 7, 8].map((n) => `PMU${n}`),
]);

/** By their privileged and their user-accessible numbers. */
const PERFORMANCE: Readonly<Record<string, SprHandler>> = Object.fromEntries(
  [...Array(16).keys()].flatMap((n) => [
    [`PMU${n}`, performanceRegister(`PMU${n}`)],
    [`UPMU${n}`, performanceRegister(`PMU${n}`)],
  ]),
);

const context = plain('context');

export const REGISTER_SPRS: Readonly<Record<string, SprHandler>> = {
  XER: xer,
  UDSCR: aliasOf('DSCR'),
  UAMR: authority('AMR'),
  AMR: authority('AMR'),
  IAMR: authority('IAMR'),
  UAMOR: authority('UAMOR'),
  TEXASRU: upperHalfOf('TEXASR'),
  PPR32: upperHalfOf('PPR'),
  CTRL: readOnly(readCtrl),
  CTRLW: ctrl,
  FSCR: plain('none'),
  HFSCR: plain('none'),
  PCR: context,
  DPDES: dpdes,
  TIR: readOnly((cpu) => BigInt(threadNumber(cpu))),
  PIR: readOnly(({ state }) => state.get(offsetOf('PIR'))),
  PVR: readOnly(({ model }) => model.pvr),
  USPRG3: readOnly(({ state }) => state.get(offsetOf('SPRG3'))),
  HMER: hmer,
  HMEER: context,
  HID0: plain('none'),
  CIABR: context,
  DAWR0: context,
  DAWR1: context,
  DAWRX0: context,
  DAWRX1: context,
  BESCR: context,
  BESCRS: bescrPart({ sets: true, upper: false }),
  BESCRSU: bescrPart({ sets: true, upper: true }),
  BESCRR: bescrPart({ sets: false, upper: false }),
  BESCRRU: bescrPart({ sets: false, upper: true }),
  DEXCRU: problemHalf('DEXCR'),
  UHDEXCR: problemHalf('HDEXCR'),
  PSSCR_G: psscrGuest,
  ...PERFORMANCE,
};

/** Another number for a register, masked as that register is. */
function aliasOf(slotName: 'DSCR'): SprHandler {
  return {
    read: ({ state }) => state.get(AT[slotName]),
    write(cpu, value) {
      const row = { name: slotName } as SprRow;
      cpu.state.set(AT[slotName], value & maskFor(cpu, row).writable);
      return 'none';
    },
  };
}
