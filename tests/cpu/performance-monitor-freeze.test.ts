/** Which counters of the performance monitor count in which state (Power ISA v3.1 Book III, 10.4.4 to 10.4.6). */
import { MICROWATT } from '../../src/cpu/models';
import { HV, LE, ME, mtspr, named, PR, SF, testCpu } from './support';

const PRIVILEGED = SF | HV | ME | LE;
const PROBLEM = PRIVILEGED | PR;
const MARKED = PRIVILEGED | 4n;

/** MMCR0 and CTRL as the ISA numbers their bits. */
const bit = (n: number): bigint => 1n << BigInt(63 - n);
const [FC, FCS, FCP, FCM1, FCM0, FCPC] = [32, 33, 34, 35, 36, 51].map(bit) as [bigint, bigint, bigint, bigint, bigint, bigint]; // prettier-ignore
const [TRIGGER, CC56RUN, FC1_4, FC5_6, FC1_4WAIT] = [50, 55, 58, 59, 62].map(bit) as [bigint, bigint, bigint, bigint, bigint]; // prettier-ignore
const OWNED_BY_NONE = bit(44) | bit(45);

const ALL = [1, 2, 3, 4, 5, 6];
const FIRST = [1, 2, 3, 4];
const LAST = [5, 6];

interface Setup {
  readonly control?: bigint;
  readonly msr?: bigint;
  /** MMCR1: instructions for all of PMC1 to PMC4. */
  readonly select?: bigint;
  readonly mmcr2?: bigint;
  readonly run?: 0n | 1n;
}

/** The counters that count while ten units of time pass; each that does counts all of them. */
function counting({ control = 0n, msr = PRIVILEGED, select = 0xf2f2f2f2n, mmcr2 = 0n, run = 1n }: Setup) {
  const { cpu, machine } = testCpu(MICROWATT, PRIVILEGED, { CTRL: run, DECEXPIRY: 1n << 30n });
  mtspr(cpu, 798, select);
  mtspr(cpu, 785, mmcr2);
  mtspr(cpu, 795, FC);
  mtspr(cpu, 795, control);
  cpu.msr = msr;
  machine.now = 10n;
  cpu.msr = PRIVILEGED;
  mtspr(cpu, 795, FC);
  const counts = ALL.map((n) => named(cpu, `PMU${n + 2}`));
  expect(counts.every((count) => count === 0n || count === 10n)).toBe(true);
  return ALL.filter((n) => counts[n - 1] !== 0n);
}

describe('MMCR0', () => {
  test.each([
    ['FC', FC, PRIVILEGED, []],
    ['FCS in privileged state', FCS, PRIVILEGED, []],
    ['FCS in problem state', FCS, PROBLEM, ALL],
    ['FCP in problem state', FCP, PROBLEM, []],
    ['FCP in privileged state', FCP, PRIVILEGED, ALL],
    ['FCPC in problem state', FCPC, PROBLEM, []],
    ['FCPC in privileged state', FCPC, PRIVILEGED, ALL],
    ['FCP and FCPC in problem state', FCP | FCPC, PROBLEM, ALL],
    ['FCP and FCPC in privileged state', FCP | FCPC, PRIVILEGED, ALL],
    ['neither in problem state', 0n, PROBLEM, ALL],
    ['FCM1 while marked', FCM1, MARKED, []],
    ['FCM1 while not marked', FCM1, PRIVILEGED, ALL],
    ['FCM0 while marked', FCM0, MARKED, ALL],
    ['FCM0 while not marked', FCM0, PRIVILEGED, []],
    ['FC1-4', FC1_4, PRIVILEGED, LAST],
    ['FC5-6', FC5_6, PRIVILEGED, FIRST],
    ['TRIGGER', TRIGGER, PRIVILEGED, [1]],
    ['FC1-4WAIT while running', FC1_4WAIT, PRIVILEGED, ALL],
  ])('%s', (_name, control, msr, counters) => expect(counting({ control, msr })).toEqual(counters));

  test.each([
    ['PMC5 and PMC6 stand still', 0n, FIRST],
    ['PMC1 to PMC4 do with FC1-4WAIT', FC1_4WAIT, []],
    ['with CC56RUN all count', CC56RUN, ALL],
    ['CC56RUN does not free them', CC56RUN | FC5_6, FIRST],
    ['FC1-4WAIT is not for PMC5 and PMC6', FC1_4WAIT | CC56RUN, LAST],
  ])('while CTRL[RUN] is 0: %s', (_name, control, counters) =>
    expect(counting({ control, run: 0n })).toEqual(counters),
  );
});

describe('PMC5 and PMC6, where PMCC says that nobody owns them', () => {
  test.each([
    ['FC', FC, LAST],
    ['FCS', FCS, LAST],
    ['FCM0', FCM0, LAST],
    ['FC5-6', FC5_6, ALL],
    ['TRIGGER', TRIGGER, [1, 5, 6]],
  ])('%s does not freeze them', (_name, control, counters) =>
    expect(counting({ control: control | OWNED_BY_NONE })).toEqual(counters),
  );

  test('neither does MMCR2', () =>
    expect(counting({ control: OWNED_BY_NONE, mmcr2: 2n ** 64n - 1n })).toEqual(LAST));

  test('they stand still while CTRL[RUN] is 0, whatever CC56RUN is', () =>
    expect(counting({ control: OWNED_BY_NONE | CC56RUN, run: 0n })).toEqual(FIRST));

  test.each([bit(44), bit(45)])('another PMCC (%s) frees nothing', (control) =>
    expect(counting({ control: control | FC5_6 })).toEqual(FIRST),
  );
});

/** MMCR2 has nine bits a counter: S, P, one that is reserved, M1, M0. */
describe.each(ALL)('MMCR2, PMC%d', (n) => {
  const others = ALL.filter((other) => other !== n);
  test.each([
    ['S', 0, PRIVILEGED, PROBLEM],
    ['P', 1, PROBLEM, PRIVILEGED],
    ['M1', 3, MARKED, PRIVILEGED],
    ['M0', 4, PRIVILEGED, MARKED],
  ])('%s freezes it alone, in its own state', (_name, at, frozen, free) => {
    const mmcr2 = bit(9 * (n - 1) + at);
    expect(counting({ mmcr2, msr: frozen })).toEqual(others);
    expect(counting({ mmcr2, msr: free })).toEqual(ALL);
  });
});

describe('events of the running state', () => {
  /** PMC1: cycles; PMC2: cycles; PMC3: instructions; PMC4: cycles. */
  const CYCLES = 0xfaf4f4f4n;
  const INSTRUCTIONS_IN_PMC4 = 0xfan;

  test('count while CTRL[RUN] is 1', () => {
    expect(counting({ select: CYCLES })).toEqual(ALL);
    expect(counting({ select: INSTRUCTIONS_IN_PMC4 })).toEqual([4, 5, 6]);
  });
  test('and not while it is 0', () => {
    expect(counting({ select: CYCLES, run: 0n })).toEqual([]);
    expect(counting({ select: INSTRUCTIONS_IN_PMC4, run: 0n })).toEqual([]);
  });
});
