/** Event-based branches: exceptions that go to problem state without an interrupt (Power ISA v3.1 Book II, chapter 7). */
import { FSCR, HFSCR } from '../../isa/registers/facilities';
import { MSR } from '../../isa/registers/msr';
import { BESCR } from '../../isa/registers/thread';
import { has, put } from '../core/bits';
import { offsetOf } from '../state/layout';
import type { Cpu } from './cpu';

const BESCR_AT = offsetOf('BESCR');
const EBBHR_AT = offsetOf('EBBHR');
const EBBRR_AT = offsetOf('EBBRR');
const FSCR_AT = offsetOf('FSCR');
const HFSCR_AT = offsetOf('HFSCR');

/** True where problem state software can be branched to: the facility is there, turned on and enabled. */
function isEnabled(cpu: Cpu): boolean {
  const { state, model } = cpu;
  return (
    state.has(BESCR_AT, BESCR.GE) &&
    model.features.has('ebb') &&
    cpu.problemState &&
    state.has(FSCR_AT, FSCR.EBB) &&
    (cpu.inState(MSR.HV) || state.has(HFSCR_AT, HFSCR.EBB))
  );
}

/** Branches to EBBHR where an enabled event has occurred. @returns true where it did */
export function eventBasedBranch(cpu: Cpu): boolean {
  if (!isEnabled(cpu)) return false;
  const { state } = cpu;
  const bescr = state.get(BESCR_AT);
  const performance = has(bescr, BESCR.PERFORMANCE_ENABLE) && has(bescr, BESCR.PERFORMANCE_OCCURRED);
  const external = has(bescr, BESCR.EXTERNAL_ENABLE) && has(bescr, BESCR.EXTERNAL_OCCURRED);
  if (!performance && !external) return false;
  state.set(EBBRR_AT, cpu.nia);
  state.set(BESCR_AT, put(bescr, BESCR.GE, 0n));
  cpu.nia = state.get(EBBHR_AT);
  return true;
}
