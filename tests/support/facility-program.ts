/** Programs of floating-point and vector code: begun with facilities on, ended by an interrupt that one of them causes. */
import { MSR } from '../../isa/registers/msr';
import { program, type Program } from './program';

/** Floating-point, VMX and VSX. */
export const FACILITIES = MSR.FP.mask | MSR.VEC.mask | MSR.VSX.mask;

/** Program and facility interrupts stop with SRR0 and SRR1 in r3 and r4, and 1 in r5. */
export const INTERRUPTS_STOP = [0x700, 0x800, 0xf20, 0xf40]
  .map((vector) => [`.org ${vector}`, 'mfspr 3, 26', 'mfspr 4, 27', 'li 5, 1', 'attn'].join('\n'))
  .join('\n');

export interface FacilityOptions {
  /** Bits of the MSR that the code runs with beside those it begins with; default {@link FACILITIES}. */
  readonly msr?: bigint;
  readonly byteOrder?: 'big' | 'little';
  /** What stands after the code, at a multiple of 16. */
  readonly data?: string;
}

/** Runs code on POWER10 to its end or its first interrupt. */
export function runWithFacilities(code: string, options: FacilityOptions = {}): Program {
  const { msr = FACILITIES, byteOrder = 'big', data = '' } = options;
  const source = `
        ${INTERRUPTS_STOP}
        .org 0x1000
start:
        mfmsr   6
        oris    7, 6, ${(msr >> 16n).toString()}
        ori     7, 7, ${(msr & 0xffffn).toString()}
        mtmsrd  7
        isync
        ${code}
        attn
        .balign 16
${data}
`;
  return program(source, { model: 'power10', byteOrder }).finish();
}
