/** Small programs on a timed microwatt, measured by their own reads of the time base. */
import { assemble } from '../../src/asm/assemble';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import {
  createReferenceTiming,
  createTiming,
  MICROWATT_PROFILE,
  type Timing,
  type TimingProfile,
} from '../../src/timing';

/** Where data lies that no code is near. */
export const DATA = 0x10000;

export interface Measured {
  readonly machine: Machine;
  readonly timing: Timing;
  /** Cycles from before the body until after it, in the first pass and in one with everything warm. */
  readonly cold: number;
  readonly warm: number;
}

export const MODELS = [
  ['reference', createReferenceTiming],
  ['woven', createTiming],
] as const;

/** Two `mftb` with nothing between them are one cycle apart. */
const OVERHEAD = 1;

/**
 * Runs `body` three times between two reads of the time base.
 * @param setup executed once before
 */
export function measure(
  body: string,
  setup = '',
  create: (profile: TimingProfile) => Timing = createTiming,
): Measured {
  const source = `
        lis     20, ${DATA >> 16}
        ${setup}
        li      30, 3
        li      29, 0
        b       pass
        .balign 64
pass:   isync
        mftb    27
        ${body}
        mftb    28
        subf    26, 27, 28
        cmpdi   29, 0
        bne     after
        mr      29, 26
after:  addi    30, 30, -1
        cmpdi   30, 0
        bne     pass
        attn
`;
  const timing = create(MICROWATT_PROFILE);
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
  machine.memory.bytes.set(assemble(source.replace(/;/g, '\n'), { byteOrder: 'little' }).bytes);
  machine.execution.memoryReplaced();
  const { end } = machine.run(1_000_000);
  if (end.kind !== 'attn') throw new Error(`expected attn, got ${JSON.stringify(end)}`);
  const { state } = machine.cpus[0]!;
  return {
    machine,
    timing,
    cold: Number(state.gpr(29)) - OVERHEAD,
    warm: Number(state.gpr(26)) - OVERHEAD,
  };
}
