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
import { CAUSES } from '../../src/timing/causes';
import { CELL, COUNTS } from '../../src/timing/state';

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

/**
 * Cells that are the same in both forms: generated code knows the line by its records too, leaves by a deadline, does
 * not note what completes as soon as anything does, and keeps another branch's old entry where there was none.
 */
const OF_ONE_FORM: readonly number[] = [
  CELL.line,
  CELL.deadline,
  CELL.done,
  CELL.lateEntry,
  CELL.accessRecord,
];
const STATE = Array.from({ length: CELL.stalls }, (_, cell) => cell).filter(
  (cell) => !OF_ONE_FORM.includes(cell),
);

/** A machine with one of the two forms of the model. */
export interface Twin {
  readonly machine: Machine;
  readonly timing: Timing;
}

/** Everything that both must agree on, by name. */
export function summary({ machine, timing }: Twin): Record<string, unknown> {
  const cpu = machine.cpus[0]!;
  const { cells } = timing.pipeline(cpu);
  const { translation } = timing.pipeline(cpu);
  const row = (names: readonly string[], at: number): Record<string, number> =>
    Object.fromEntries(names.map((name, i) => [name, cells.get(at + i)]));
  return {
    cycles: timing.cycles(cpu),
    nia: cpu.nia,
    msr: cpu.msr,
    instructions: machine.instructions,
    gprs: Array.from({ length: 32 }, (_, n) => cpu.state.gpr(n)),
    ...row(CAUSES, CELL.stalls),
    stalls: new Map([...timing.stalls()].sort(([a], [b]) => a - b)),
    ...row(COUNTS, CELL.counts),
    cells: STATE.map((cell) => [cell, cells.get(cell)]),
    levels: translation.byLevel,
  };
}
