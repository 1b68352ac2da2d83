/** CPUs as gdb's threads: their numbers, and what state of privilege each is in. */
import { MSR } from '../../isa/registers/msr';
import type { Cpu } from '../cpu/cpu';
import type { Machine } from '../machine/machine';
import { offsetOf } from '../state/layout';
import { runningGuest } from './guest-memory';

const LPIDR = offsetOf('LPIDR');
const STOPPED = offsetOf('STOPPED');

/** Thread of a CPU: 0 would mean any thread. */
export const threadOf = (cpu: number): number => cpu + 1;

/** Whose code it runs. */
function levelOf({ l0 }: Machine, cpu: Cpu): string {
  if (cpu.inState(MSR.HV)) return 'hypervisor';
  const guest = runningGuest(l0, cpu);
  if (guest) return `L2, LPID ${guest.lpid} of L1`;
  return l0 ? 'L1' : `guest LPID ${cpu.state.lo(LPIDR) & cpu.model.mmu.lpidMask}`;
}

/** `CPU 0 [guest LPID 1, problem state]`. */
export function describeThread(machine: Machine, cpu: Cpu): string {
  const what = [levelOf(machine, cpu)];
  if (cpu.problemState) what.push('problem state');
  if (!machine.turns.enabled.includes(cpu)) what.push('not started');
  else if (cpu.state.int(STOPPED)) what.push('waits');
  return `CPU ${cpu.state.index} [${what.join(', ')}]`;
}
