/** The performance monitor beside a cycle model: what is taken over from its counts, and when somebody has to look. */
import { Cpu } from '../../src/cpu/cpu';
import type { CountedEvent } from '../../src/cpu/counter-events';
import { MICROWATT } from '../../src/cpu/models';
import { countersBegin, settleCounters, unitsToAlert } from '../../src/cpu/performance-monitor';
import { HV, LE, ME, mtspr, named, SF, testCpu } from './support';

const [PMAE, PMC1CE, PMCJCE] = [0x04000000n, 0x8000n, 0x4000n] as const;
const OWNED_BY_NONE = 0xc0000n;
const NEGATIVE = 0x80000000n;
const CYCLES = 0xf0000000n;
const INSTRUCTIONS = 0xf2000000n;
const LOADS = 0xfc000000n;

/** A model whose counts the test sets. */
function timed(perCycle = 1) {
  const { cpu: plain, machine } = testCpu(MICROWATT, SF | HV | ME | LE, { CTRL: 1n, DECEXPIRY: 1n << 30n });
  const model = { retired: 0n, counts: {} as Partial<Record<CountedEvent, number>> };
  const cpu = new Cpu(plain.state, MICROWATT, plain.translator, {
    ...plain.hooks,
    retired: () => model.retired,
    events: { perCycle, counted: (_cpu, event) => model.counts[event] ?? 0 },
  });
  return { cpu, machine, model };
}

const counts = (cpu: Cpu): bigint[] => [1, 2, 3, 4, 5, 6].map((n) => named(cpu, `PMU${n + 2}`));

test('cycles, instructions and events pass apart', () => {
  const { cpu, machine, model } = timed();
  Object.assign(model, { retired: 100n, counts: { loads: 50, stores: 60 } });
  mtspr(cpu, 798, 0xfcf0f2f4n);
  mtspr(cpu, 795, 0n);
  machine.now = 10n;
  Object.assign(model, { retired: 107n, counts: { loads: 53, stores: 61 } });
  settleCounters(cpu);
  expect(counts(cpu)).toEqual([3n, 1n, 7n, 10n, 7n, 10n]);
  settleCounters(cpu);
  expect(counts(cpu)).toEqual([3n, 1n, 7n, 10n, 7n, 10n]);
});

test('what happened while a counter was frozen, or counted something else, is not counted later', () => {
  const { cpu, model } = timed();
  mtspr(cpu, 798, LOADS);
  model.counts = { loads: 5, emptyCycles: 1000 };
  mtspr(cpu, 795, 0n);
  model.counts = { loads: 7, emptyCycles: 2000 };
  mtspr(cpu, 798, 0xf8000000n);
  model.counts = { loads: 100, emptyCycles: 2003 };
  mtspr(cpu, 798, LOADS);
  model.counts = { loads: 101, emptyCycles: 9999 };
  settleCounters(cpu);
  expect(counts(cpu)[0]).toBe(2n + 3n + 1n);
});

test('counting begins anew where the model does: of its counts until then nothing counts', () => {
  const { cpu, model } = timed();
  mtspr(cpu, 798, 0xfcf0f000n);
  mtspr(cpu, 795, 0n);
  model.counts = { loads: 4, stores: 5, storeMisses: 6 };
  settleCounters(cpu);
  model.counts = { loads: 1, stores: 1, storeMisses: 100 };
  countersBegin(cpu);
  model.counts = { loads: 3, stores: 2, storeMisses: 103 };
  settleCounters(cpu);
  expect(counts(cpu).slice(0, 3)).toEqual([4n + 2n, 5n + 1n, 6n + 3n]);
});

interface Look {
  readonly select: bigint;
  /** Counts until PMC1 is negative. */
  readonly left: bigint;
  readonly now?: bigint;
  readonly perCycle?: number;
  readonly control?: bigint;
}

function unitsFor({ select, left, now = 0n, perCycle = 1, control = PMAE | PMC1CE }: Look): number {
  const { cpu, machine } = timed(perCycle);
  machine.now = now;
  mtspr(cpu, 798, select);
  mtspr(cpu, 787, NEGATIVE - left);
  mtspr(cpu, 795, control);
  return unitsToAlert(cpu);
}

describe('somebody looks for an alert', () => {
  test.each([
    ['of a cycle in that cycle', { select: CYCLES, left: 1000n, now: 7n, perCycle: 2 }, 1000],
    ['of an instruction no later than it can be', { select: INSTRUCTIONS, left: 1000n, now: 7n }, 1000],
    ['where two can issue in a cycle', { select: INSTRUCTIONS, left: 1001n, perCycle: 2 }, 500],
    ['a cycle later at the earliest', { select: INSTRUCTIONS, left: 1n, perCycle: 2 }, 1],
    ['of a load at a multiple of 256 cycles', { select: LOADS, left: 1n }, 256],
    ['that can be the cycle itself', { select: LOADS, left: 256n }, 256],
    ['or has to be the next one', { select: LOADS, left: 257n }, 512],
    ['counted from time 0', { select: LOADS, left: 255n, now: 1n }, 255],
    ['and not from now', { select: LOADS, left: 256n, now: 1n }, 511],
    ['where two loads can issue in a cycle', { select: LOADS, left: 513n, perCycle: 2 }, 256],
    ['and three are left', { select: LOADS, left: 514n, perCycle: 2 }, 512],
    ['never at once', { select: LOADS, left: 1n, now: 256n, perCycle: 2 }, 256],
    ['not of what nobody counts', { select: 0n, left: 1n }, Infinity],
    ['not without PMAE', { select: LOADS, left: 1n, control: PMC1CE }, Infinity],
    ['not of a counter whose event is not enabled', { select: LOADS, left: 1n, control: PMAE }, Infinity],
  ])('%s', (_name, look: Look, units) => expect(unitsFor(look)).toBe(units));

  test.each([
    [PMAE | PMCJCE, 100],
    [PMAE | PMCJCE | OWNED_BY_NONE, Infinity],
  ])('of PMC5 and PMC6 where somebody owns them (MMCR0 %s)', (control, units) => {
    const { cpu } = timed();
    mtspr(cpu, 792, NEGATIVE - 100n);
    mtspr(cpu, 795, control);
    expect(unitsToAlert(cpu)).toBe(units);
  });
});
