/** When events of the performance monitor take effect: at the same unit of time however often somebody looks. */
import fc from 'fast-check';
import { afterInstruction } from '../../src/cpu/asynchronous';
import type { Cpu } from '../../src/cpu/cpu';
import { MICROWATT } from '../../src/cpu/models';
import { settleCounters } from '../../src/cpu/performance-monitor';
import { HV, LE, ME, mtspr, named, SF, testCpu } from './support';

const [FC, PMAE, FCECE, PMC1CE, PMCJCE, TRIGGER, PMAO] = [
  0x80000000n, 0x04000000n, 0x02000000n, 0x8000n, 0x4000n, 0x2000n, 0x80n,
] as const; // prettier-ignore
const OWNED_BY_NONE = 0xc0000n;
const NEGATIVE = 0x80000000n;
const INSTRUCTIONS = 0xf2f2f2f2n;

interface Setup {
  readonly control: bigint;
  readonly select?: bigint;
  /** PMC1 to PMC6 at the start. */
  readonly counters?: readonly bigint[];
}

const fresh = () => testCpu(MICROWATT, SF | HV | ME | LE, { CTRL: 1n, DECEXPIRY: 1n << 30n });

function started({ control, select = INSTRUCTIONS, counters = [] }: Setup, made = fresh()) {
  mtspr(made.cpu, 795, FC);
  mtspr(made.cpu, 798, select);
  counters.forEach((value, i) => mtspr(made.cpu, 787 + i, value));
  mtspr(made.cpu, 795, control);
  return made;
}

const count = (cpu: Cpu, n: number): bigint => named(cpu, `PMU${n + 2}`);
const everything = (cpu: Cpu): bigint[] => [
  named(cpu, 'PMU11'),
  ...[1, 2, 3, 4, 5, 6].map((n) => count(cpu, n)),
];

/** State after so many units, with nobody looking in between. */
function after(units: bigint, setup: Setup, made = fresh()): Cpu {
  const { cpu, machine } = started(setup, made);
  machine.now += units;
  settleCounters(cpu);
  return cpu;
}

const zeros = (n: number): bigint[] => Array<bigint>(n).fill(0n);
const PMC1_IN_5 = [NEGATIVE - 5n];
const PMC5_IN_5 = [...zeros(4), NEGATIVE - 5n];

describe('looking late', () => {
  test('the trigger ends where PMC1 became negative', () => {
    const cpu = after(12n, { control: TRIGGER, counters: PMC1_IN_5 });
    expect(everything(cpu)).toEqual([0n, NEGATIVE + 7n, ...Array<bigint>(5).fill(7n)]);
  });

  test('counters are frozen where one became negative', () => {
    const cpu = after(12n, { control: FCECE | PMCJCE, counters: PMC5_IN_5 });
    expect(everything(cpu)).toEqual([FC | FCECE | PMCJCE, 5n, 5n, 5n, 5n, NEGATIVE, 5n]);
  });

  test('a counter of 32 bits begins anew', () => {
    const cpu = after(12n, { control: 0n, counters: [...zeros(4), 0xfffffffbn, NEGATIVE] });
    expect([count(cpu, 5), count(cpu, 6)]).toEqual([7n, NEGATIVE + 12n]);
  });

  test('negative counters that nobody owns make no event', () => {
    const control = FCECE | PMCJCE | PMAE | OWNED_BY_NONE;
    const cpu = after(12n, { control, counters: [...zeros(4), NEGATIVE - 5n, NEGATIVE - 6n] });
    expect(everything(cpu)).toEqual([control, 12n, 12n, 12n, 12n, NEGATIVE + 7n, NEGATIVE + 6n]);
  });

  test('an alert is made once', () => {
    const cpu = after(12n, { control: PMAE | PMCJCE, counters: PMC5_IN_5 });
    expect(named(cpu, 'PMU11')).toBe(PMCJCE | PMAO);
  });
});

describe('an event that ends the wait for the trigger', () => {
  test('does not freeze, as long as it would be the same event: the freeze is a unit later', () => {
    const cpu = after(12n, { control: TRIGGER | FCECE | PMC1CE, counters: PMC1_IN_5 });
    expect(everything(cpu)).toEqual([FC | FCECE | PMC1CE, NEGATIVE + 1n, ...Array<bigint>(5).fill(1n)]);
  });

  test('leaves the counters running where no event is enabled', () => {
    const cpu = after(12n, { control: TRIGGER | FCECE, counters: PMC1_IN_5 });
    expect(everything(cpu)).toEqual([FCECE, NEGATIVE + 7n, ...Array<bigint>(5).fill(7n)]);
  });
});

test('the event of another counter ends the wait for the trigger', () => {
  const cpu = after(12n, { control: TRIGGER | PMCJCE, counters: [...zeros(4), NEGATIVE] });
  expect(everything(cpu)).toEqual([PMCJCE, 12n, 11n, 11n, 11n, NEGATIVE + 11n, 11n]);
});

test('where nobody owns PMC5 and PMC6, the others still make events', () => {
  const control = FCECE | PMC1CE | OWNED_BY_NONE;
  const cpu = after(12n, { control, counters: PMC1_IN_5 });
  expect(everything(cpu)).toEqual([FC | control, NEGATIVE, 5n, 5n, 5n, 12n, 12n]);
});

test('a counter that is negative when MMCR0 is written makes an alert at once', () => {
  expect(named(after(0n, { control: PMAE | PMC1CE, counters: [NEGATIVE] }), 'PMU11')).toBe(PMC1CE | PMAO);
});

test('a counter that is negative when MMCR0 is written freezes after one unit', () => {
  const cpu = after(12n, { control: FCECE | PMCJCE, counters: [...zeros(4), NEGATIVE] });
  expect(everything(cpu)).toEqual([FC | FCECE | PMCJCE, 1n, 1n, 1n, 1n, NEGATIVE + 1n, 1n]);
});

const complete = (cpu: Cpu, timing: 'load' | 'store'): boolean =>
  afterInstruction(cpu, { cia: cpu.nia, msr: cpu.msr, prefixed: false, mnemonic: 'x', timing });

test('a load that freezes the counters leaves them what passed before it', () => {
  const { cpu, machine } = started({
    control: FCECE | PMC1CE,
    select: 0xfc000000n,
    counters: [NEGATIVE - 1n],
  });
  machine.now = 10n;
  complete(cpu, 'load');
  machine.now = 20n;
  settleCounters(cpu);
  expect([count(cpu, 1), count(cpu, 5), count(cpu, 6)]).toEqual([NEGATIVE, 10n, 10n]);
});

test('a load that ends the wait for the trigger counts nothing that passed before it', () => {
  const { cpu, machine } = started({ control: TRIGGER, select: 0xfc000000n, counters: [NEGATIVE - 1n] });
  machine.now = 10n;
  complete(cpu, 'load');
  machine.now = 13n;
  settleCounters(cpu);
  expect([count(cpu, 1), count(cpu, 5)]).toEqual([NEGATIVE, 3n]);
});

test('looking at each unit, twice, and looking at the end are the same', () => {
  const [often, once] = [fresh(), fresh()];
  const near = fc.bigInt({ min: -12n, max: 3n }).map((by) => NEGATIVE + by);
  const counters = fc.array(fc.oneof(near, fc.constant(0n)), { minLength: 6, maxLength: 6 });
  const bits = fc.array(
    fc.constantFrom(FCECE, PMC1CE, PMCJCE, TRIGGER, PMAE, OWNED_BY_NONE, FC, 0x20n, 0x10n),
  );
  const select = fc.constantFrom(INSTRUCTIONS, 0xf2000000n, 0x00f2f200n);
  fc.assert(
    fc.property(counters, bits, select, fc.bigInt({ min: 1n, max: 20n }), (values, set, events, units) => {
      const setup = { control: set.reduce((all, one) => all | one, 0n), select: events, counters: values };
      const { cpu, machine } = started(setup, often);
      for (let i = 0n; i < units; i++) {
        machine.now++;
        settleCounters(cpu);
        settleCounters(cpu);
      }
      expect(everything(after(units, setup, once))).toEqual(everything(cpu));
    }),
    { numRuns: 500 },
  );
});
