/**
 * Kernels that do little but switch MSR, under the woven model and its slow twin: where generated code makes a switch that
 * it knows by itself, the model's part of it is made there too.
 */
import { GuestCalls } from '../../src/cpu/guest-calls';
import { createReferenceTiming, createTiming, MICROWATT_PROFILE, type Timing } from '../../src/timing';
import { Program } from '../support/program';
import { Random, seedOf } from '../support/random';
import { randomKernel } from '../support/random-kernel';
import { summary, type Twin } from './support';

const ROUNDS = 10;
const BUDGET = 2500;

const twin = (source: string, timing: Timing): Twin => ({
  timing,
  machine: new Program(source, { memory: 0x40000, timing }).machine,
});

test('switches that generated code makes by itself take as long as those that services make', () => {
  let known = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const seed = seedOf(round);
    const random = new Random(seed);
    const source = randomKernel(random);
    const reference = twin(source, createReferenceTiming(MICROWATT_PROFILE));
    const woven = twin(source, createTiming(MICROWATT_PROFILE));
    for (let left = BUDGET; left > 0;) {
      const budget = 1 + random.below(700);
      const expected = { end: reference.machine.run(budget).end, ...summary(reference) };
      const asked = jest.spyOn(GuestCalls.prototype, 'service');
      const { services } = woven.machine.execution.counters;
      const got = { end: woven.machine.run(budget).end, ...summary(woven) };
      known += woven.machine.execution.counters.services - services - asked.mock.calls.length;
      asked.mockRestore();
      expect({ seed, ...got }).toEqual({ seed, ...expected });
      if (expected.end.kind !== 'budget') break;
      left -= budget;
    }
  }
  expect(known).toBeGreaterThan(ROUNDS * 50);
});

/** The decrementer interrupts now and then; system calls, their handler and moves to MSR are in one line. */
const IN_ONE_LINE = `
        .org    0x900
        addi    11, 11, 1
        mfspr   5, 26
        add     10, 10, 5
        mulli   9, 9, 5
        addi    9, 9, 3
        clrldi  9, 9, 55
        addi    4, 9, 1
        mtspr   22, 4
        rfid
        .org    0xc00
        rfid
calls:  ${'sc; mtmsrd 3, 1; mtmsrd 3, 1; '.repeat(4)}
        b       calls
        .org    0x1000
start:  mfmsr   3
        ori     3, 3, 0x8000
        li      4, 5
        mtspr   22, 4
        mtmsrd  3, 1
        b       calls
`.replaceAll(';', '\n');

test('the time to leave is looked for at switches that stay in a line', () => {
  const twins = [createReferenceTiming, createTiming].map((create) =>
    twin(IN_ONE_LINE, create(MICROWATT_PROFILE)),
  );
  for (const budget of [3000, 1, 7, 500]) {
    const [expected, got] = twins.map((each) => ({ end: each.machine.run(budget).end, ...summary(each) }));
    expect(got).toEqual(expected);
  }
  expect(Number(twins[1]!.machine.cpus[0]!.state.gpr(11))).toBeGreaterThan(50);
});
