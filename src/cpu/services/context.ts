/** System calls, returns from interrupts, and moves to MSR (Power ISA v3.1 Book III, 4.3 and 4.4.5). */
import { FPSCR } from '../../../isa/registers/float';
import { PROGRAM_CAUSE } from '../../../isa/registers/interrupt-status';
import { BESCR } from '../../../isa/registers/thread';
import { MSR } from '../../../isa/registers/msr';
import { get, maskOf, put } from '../../core/bits';
import { loOf } from '../../core/u64';
import { offsetOf } from '../../state/layout';
import type { Cpu } from '../cpu';
import { takeInterrupt } from '../interrupts';
import { moveEeAndRi, moveToMsr, returnToMsr, type ReturnKind } from '../msr';
import { OUTCOME } from '../outcome';
import type { Service } from './service';

const AT = {
  SRR0: offsetOf('SRR0'), SRR1: offsetOf('SRR1'), HSRR0: offsetOf('HSRR0'), HSRR1: offsetOf('HSRR1'),
  USRR0: offsetOf('USRR0'), USRR1: offsetOf('USRR1'), LR: offsetOf('LR'), CTR: offsetOf('CTR'),
  CFAR: offsetOf('CFAR'), NIA: offsetOf('NIA'), BESCR: offsetOf('BESCR'), EBBRR: offsetOf('EBBRR'),
  MSR: offsetOf('MSR'), FPSCR: offsetOf('FPSCR'),
} as const; // prettier-ignore

const ENABLES = loOf(maskOf(MSR.FE0, MSR.FE1));
const FEX = loOf(FPSCR.FEX.mask);
const FLOAT_ENABLED = maskOf(PROGRAM_CAUSE.FP_ENABLED, PROGRAM_CAUSE.SRR0_IS_NEXT);
/** True where MSR, just set, lets an exception interrupt that FPSCR has enabled (Book III, 7.5.9). */
const floatInterrupts = ({ state }: Cpu): boolean =>
  (state.lo(AT.MSR) & ENABLES) !== 0 && (state.lo(AT.FPSCR) & FEX) !== 0;

const move =
  (half: 'both' | 'low'): Service =>
  (cpu) => {
    const onlyEeAndRi = cpu.argInt(1) !== 0;
    if (onlyEeAndRi) moveEeAndRi(cpu, cpu.argInt(0));
    else moveToMsr(cpu, cpu.argHi(0), cpu.argInt(0), half);
    if (floatInterrupts(cpu))
      return completed(takeInterrupt(cpu, 'program', { completed: true, cause: FLOAT_ENABLED }));
    cpu.msrChanged();
    return OUTCOME.RESUME;
  };

/** A return: MSR and NIA from a pair of registers. */
const returnBy =
  (addressAt: number, statusAt: number, kind: ReturnKind): Service =>
  (cpu) => {
    const { state } = cpu;
    state.setHalves(AT.CFAR, state.hi(AT.NIA), state.lo(AT.NIA));
    returnToMsr(cpu, state.hi(statusAt), state.lo(statusAt), kind);
    cpu.setNia(state.hi(addressAt), state.lo(addressAt));
    if (floatInterrupts(cpu))
      return completed(takeInterrupt(cpu, 'program', { retires: true, cause: FLOAT_ENABLED }));
    cpu.hooks.contextChanged(cpu);
    return OUTCOME.REDIRECT;
  };

/** Return from an event-based branch: the only return of problem state. */
const rfebb: Service = (cpu) => {
  const { state } = cpu;
  const bescr = state.get(AT.BESCR);
  if (cpu.model.transactional) {
    cpu.msr = put(cpu.msr, MSR.TS, get(bescr, BESCR.TS));
    cpu.msrChanged();
  }
  state.set(AT.BESCR, put(bescr, BESCR.GE, cpu.arg(0)));
  state.set(AT.CFAR, cpu.nia);
  cpu.nia = state.get(AT.EBBRR);
  return OUTCOME.REDIRECT;
};

const TO_KERNEL = { completed: true, level: 0 } as const;
const TO_HYPERVISOR = { completed: true, level: 1 } as const;

/**
 * LEV 1 calls the hypervisor. choice: there is no ultravisor, so that LEV 2 and 3 are LEV 0 and 1, as on processors
 * before v3.0C, which ignore the bit.
 */
const systemCall: Service = (cpu) => {
  const level = cpu.argInt(0) & 1;
  if (level === 1 && cpu.hooks.hypercall?.(cpu)) return OUTCOME.RESUME;
  return completed(takeInterrupt(cpu, 'systemCall', level === 1 ? TO_HYPERVISOR : TO_KERNEL));
};

const systemCallVectored: Service = (cpu) =>
  completed(takeInterrupt(cpu, 'systemCallVectored', { completed: true, level: cpu.argInt(0) }));

/** A system call, or what let an interrupt through, is complete when that is taken: it counts as an instruction. */
const completed = (_taken: ReturnType<typeof takeInterrupt>) => OUTCOME.REDIRECT;

export const CONTEXT_SERVICES = {
  mtmsr: move('low'),
  mtmsrd: move('both'),
  rfid: returnBy(AT.SRR0, AT.SRR1, 'privileged'),
  hrfid: returnBy(AT.HSRR0, AT.HSRR1, 'hypervisor'),
  urfid: returnBy(AT.USRR0, AT.USRR1, 'hypervisor'),
  rfscv: returnBy(AT.LR, AT.CTR, 'privileged'),
  rfebb,
  sc: systemCall,
  scv: systemCallVectored,
} as const;
