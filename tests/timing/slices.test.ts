/** A timed run does not depend on how it is cut into pieces; CPUs of one machine have the same time, more or less. */
import fc from 'fast-check';
import { assemble } from '../../src/asm/assemble';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { createReferenceTiming, createTiming, MICROWATT_PROFILE, type Timing } from '../../src/timing';
import { CAUSES } from '../../src/timing/causes';
import { CELL, COUNTS } from '../../src/timing/state';
import { SEED } from '../support/random';

/** Decrementer interrupts every few hundred cycles into code with loads, divides, a loop within a line and straight code. */
const SOURCE = `
        b       start
        .org    0x900
        addi    9, 9, 1
        mfspr   10, 26
        xor     11, 11, 10
        rotldi  11, 11, 7
        mftb    10
        add     12, 12, 10
        mtdec   8
        rfid
        .org    0x1000
start:  li      8, 377
        lis     20, 1
        li      5, 3
        mfmsr   7
        ori     7, 7, 0x8000
        mtdec   8
        mtmsrd  7
        li      30, 300
again:  mtctr   5
short:  ld      4, 0(20)
        bdnz    short
        divd    6, 4, 5
        addi    20, 20, 72
        ${'nop\n'.repeat(40)}
        add.    6, 6, 4
        cmpdi   30, 150
        beq     after
        mulld   6, 6, 4
after:  addi    30, 30, -1
        cmpdi   30, 0
        bne     again
        attn
`;
const IMAGE = assemble(SOURCE, { byteOrder: 'little' }).bytes;

/** Cycles, causes, counts and what the handlers saw; `slices` are used in turn. */
function run(create: (profile: typeof MICROWATT_PROFILE) => Timing, slices: readonly number[]): unknown {
  const timing = create(MICROWATT_PROFILE);
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
  machine.memory.bytes.set(IMAGE);
  machine.execution.memoryReplaced();
  for (let i = 0; ; i++) {
    const { end } = machine.run(slices[i % slices.length]!);
    if (end.kind === 'budget') continue;
    expect(end.kind).toBe('attn');
    break;
  }
  const cpu = machine.cpus[0]!;
  const { cells } = timing.pipeline(cpu);
  return {
    cycles: timing.cycles(cpu),
    registers: [9, 11, 12].map((n) => cpu.state.gpr(n)),
    cells: Array.from({ length: CAUSES.length + COUNTS.length }, (_, i) =>
      cells.get(i < CAUSES.length ? CELL.stalls + i : CELL.counts + i - CAUSES.length),
    ),
  };
}

test.each([
  ['woven', createTiming],
  ['reference', createReferenceTiming],
] as const)('%s: any slices give the cycles, the causes and the interrupts of one piece', (_name, create) => {
  const whole = run(create, [10_000_000]);
  const interrupts = (whole as { registers: bigint[] }).registers[0]!;
  expect(interrupts).toBeGreaterThan(50n);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 7 }), (slices) => {
      expect(run(create, slices)).toEqual(whole);
    }),
    { seed: SEED, numRuns: 8 },
  );
});

test('the CPUs of one machine have the same time up to a turn, whatever their code costs', () => {
  const source = `
        mfspr   5, 1023
        cmpdi   5, 0
        bne     slow
        li      5, 600
        mtctr   5
alone:  bdnz    alone
        lis     4, 0xc000
        rldicl  4, 4, 0, 32
        li      5, 3
        std     5, 0x58(4)
fast:   addi    6, 6, 1
        b       fast
slow:   divd    6, 7, 8
        b       slow
`;
  const timing = createTiming(MICROWATT_PROFILE);
  const machine = new Machine({
    description: MICROWATT_MACHINE, cpus: 2, output: () => undefined, timing,
  }); // prettier-ignore
  machine.memory.bytes.set(assemble(source, { byteOrder: 'little' }).bytes);
  machine.execution.memoryReplaced();
  const [fast, slow] = machine.cpus;
  for (let i = 0; i < 20; i++) {
    machine.run(50_000);
    const apart = Number(fast!.hooks.now() - slow!.hooks.now());
    // A turn of the dearer loop.
    expect(Math.abs(apart)).toBeLessThan(10_000 * 12);
  }
  expect(machine.execution.clock.retired(fast!)).toBeGreaterThan(2n * machine.execution.clock.retired(slow!));
});
