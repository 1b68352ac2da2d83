/** Statistics of timed runs, time registers that follow cycles, and interrupts that come in time. */
import {
  createReferenceTiming,
  createTiming,
  MICROWATT_PROFILE,
  timingStatistics,
  timingText,
  type TimingStatistics,
} from '../../src/timing';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { assemble } from '../../src/asm/assemble';
import { measure, MODELS, type Measured } from './support';

const statisticsOf = ({ machine, timing }: Pick<Measured, 'machine' | 'timing'>): TimingStatistics =>
  timingStatistics(timing, [{ cpu: machine.cpus[0]!, instructions: Number(machine.instructions) }]);

test('the stack adds up to all cycles, with the waits where they belong', () => {
  const { machine, timing } = measure('ld 4,0(20); add 5,4,4; divd 6,4,5; mulld 7,7,7; sync');
  const s = statisticsOf({ machine, timing }).cpus[0]!;
  expect(s.stack.reduce((sum, { cycles }) => sum + cycles, 0)).toBe(s.cycles);
  expect(s.cpi).toBeCloseTo(s.cycles / s.instructions, 10);
  const cycles = Object.fromEntries(s.stack.map((r) => [r.cause, r.cycles]));
  // Two passes with two bubbles, the first one misses the cache; three times a divide by zero in 4 and a multiplication in 4, one of which is issue.
  expect(cycles['loadUse']).toBe(2 * 2);
  expect(cycles['multiplyDivide']).toBe(3 * (3 + 3));
  expect(cycles['issue']).toBe(s.instructions);
  expect(s.counts.loads).toBe(3);
  expect(s.rates.find((r) => r.structure === 'data cache, loads')).toEqual({
    structure: 'data cache, loads', accesses: 3, misses: 1, rate: 1 - 1 / 3,
  }); // prettier-ignore
});

test('the instructions that wait longest are named', () => {
  const { machine, timing } = measure('nop; bpermd 4,4,5; nop');
  const { instructionStalls } = statisticsOf({ machine, timing });
  // Three times eight cycles more than one; the body begins after isync and mftb, on a line of its own.
  const [longest] = instructionStalls;
  expect(Number(longest!.address) % 64).toBe(12);
  expect(longest!.cycles).toBe(24);
});

test('as text it says what is estimated and what is not counted', () => {
  const { machine, timing } = measure('ld 4,0(20)');
  const text = timingText(statisticsOf({ machine, timing }));
  expect(text).toMatch(
    /^timing profile microwatt: Microwatt: .*\nCPU 0: \d+ cycles, \d+ instructions, CPI \d+\.\d{3}\n/,
  );
  expect(text).toMatch(/  where the cycles went .*\n    issue +\d+ +\d+\.\d % +1\.000\n/);
  expect(text).toMatch(/data cache, loads +66\.7 % +3 +1\n/);
  expect(text).toContain(
    'estimated in this profile: translation.fetchMore, translation.recentPages, hypervisor',
  );
});

describe.each(MODELS)('%s model', (_name, create) => {
  test('the time base follows cycles', () => {
    expect(measure('bpermd 4,4,5; bpermd 4,4,5', '', create).warm).toBe(18);
  });

  /** A decrementer of `count`, then `loop` until its interrupt; r3: cycles from setting it to its handler. */
  const decrementer = (count: number, loop: string): number => {
    const source = `
        b       start
        .org    0x900
        mftb    28
        subf    3, 27, 28
        attn
        .org    0x1000
start:  li      4, ${count}
        mfmsr   5
        ori     5, 5, 0x8000
        mtdec   4
        mftb    27
        mtmsrd  5
again:  ${loop}
        b       again
`;
    const timing = create(MICROWATT_PROFILE);
    const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
    machine.memory.bytes.set(assemble(source.replace(/;/g, '\n'), { byteOrder: 'little' }).bytes);
    machine.execution.memoryReplaced();
    expect(machine.run(100_000).end).toEqual({ kind: 'attn' });
    return Number(machine.cpus[0]!.state.gpr(3));
  };

  test.each([
    ['a loop within one line', 1000, ''],
    ['a loop of long instructions', 1000, 'bpermd 6,6,6; bpermd 6,6,6'],
    ['straight code', 400, Array(1000).fill('nop').join('; ')],
  ])('the decrementer interrupts %s soon after it has expired', (_case, count, loop) => {
    const cycles = decrementer(count, loop);
    expect(cycles).toBeGreaterThan(count);
    // The rest of a line, the interrupt and the line of its handler.
    expect(cycles).toBeLessThan(count + 50);
  });
});

test('twice the same run is the same cycles', () => {
  const once = (): unknown => {
    const { machine, timing } = measure('ld 4,0(20); divd 6,4,5; stwcx. 4,0,20');
    return statisticsOf({ machine, timing });
  };
  expect(once()).toEqual(once());
});

test('the work of the built-in hypervisor costs what the profile says', () => {
  const profile = { ...MICROWATT_PROFILE, hypervisor: { ...MICROWATT_PROFILE.hypervisor, hypercall: 100 } };
  for (const create of [createTiming, createReferenceTiming]) {
    const timing = create(profile);
    const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
    const cpu = machine.cpus[0]!;
    const before = timing.cycles(cpu);
    timing.hypervisorWorked(cpu, 'hypercall');
    // The exit itself is an interrupt.
    expect(timing.cycles(cpu) - before).toBe(100 + profile.core.interrupt);
    const { stack } = statisticsOf({ machine, timing }).cpus[0]!;
    expect(stack.find(({ cause }) => cause === 'hypervisor')!.cycles).toBe(100);
  }
});

describe.each(MODELS)('%s model', (_name, create) => {
  test('PMC5 counts instructions, PMC6 cycles', () => {
    // MMCR0 = 0 lets everything count; six divides by zero and two moves between the reads.
    const { machine } = measure(
      'mfspr 8,775; mfspr 9,776; divd 4,5,5; divd 4,5,5; divd 4,5,5; divd 4,5,5; mfspr 10,775; mfspr 11,776',
      'li 5,0; mtspr 795,5',
      create,
    );
    const { state } = machine.cpus[0]!;
    expect(state.gpr(10) - state.gpr(8)).toBe(6n);
    expect(state.gpr(11) - state.gpr(9)).toBe(2n + 4n * 4n);
  });
});
