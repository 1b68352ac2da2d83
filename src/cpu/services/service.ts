/** The type of a service and what most of them end with. */
import type { Cpu } from '../cpu';
import { OUTCOME, type Outcome } from '../outcome';

/**
 * Carries out an instruction beyond arithmetic and storage. Operands are in the CPU's ARG slots, NIA is the address
 * of the instruction, its image is in the CPU; a result goes to RESULT.
 */
export type Service = (cpu: Cpu) => Outcome;

/** Done; MSR, translation or what may interrupt has changed. */
export function contextChanged(cpu: Cpu): Outcome {
  cpu.hooks.contextChanged(cpu);
  return OUTCOME.RESUME;
}

/** A service that gives a doubleword and changes nothing. */
export const valueService =
  (compute: (cpu: Cpu) => bigint): Service =>
  (cpu) => {
    cpu.result = compute(cpu);
    return OUTCOME.NEXT;
  };

/** What is nothing to do where storage accesses are performed one after the other, in order, by every CPU. */
export const ordering: Service = () => OUTCOME.NEXT;
