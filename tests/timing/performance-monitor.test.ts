/** The performance monitor of a POWER9 with a cycle model: counts computed by hand, alerts at the same cycle always. */
import { assemble } from '../../src/asm/assemble';
import { readImage } from '../../src/loader';
import { Machine } from '../../src/machine/machine';
import { POWERNV_MACHINE } from '../../src/machine/powernv';
import { createTiming, POWER9_PROFILE } from '../../src/timing';
import { CAUSE } from '../../src/timing/causes';
import { countedEvents } from '../../src/timing/counted-events';
import { CELL, Cells, TICKS } from '../../src/timing/state';
import { MODELS } from './support';

const MEMORY = 16 * 2 ** 20;
const PMC1CE = 0x8000;
const PMAE = 0x0400;

interface Setup {
  /** Instructions that are counted. */
  readonly body: string;
  /** Values of MMCR1's halves. */
  readonly select: readonly [hi: number, lo: number];
  /** PMC1 at the start, in halves of 16 bits; the upper half of MMCR0, and the lower. */
  readonly first?: readonly [number, number];
  readonly control?: readonly [number, number];
  readonly handler?: string;
}

const word = (reg: number, hi: number, lo: number): string => `lis ${reg},${hi}\n ori ${reg},${reg},${lo}`;

const source = ({ body, select, first = [0, 0], control = [0, 0], handler = 'attn' }: Setup): string => `
        b       start
        .org 0xf00
        mftb    12
        mfspr   3, 771
        mfspr   13, 795
        ${handler}
        .balign 0x1000
start:  ${word(4, select[0] >>> 16, select[0] & 0xffff)}
        rldicr  4, 4, 32, 31
        oris    4, 4, ${select[1] >>> 16}
        ori     4, 4, ${select[1] & 0xffff}
        mtspr   798, 4
        ${word(5, ...first)}
        mtspr   787, 5
        ${word(6, ...control)}
        lis     20, 1
        li      21, 10
        lis     22, -32768
        lis     11, 0x7fff
        mtspr   22, 11
        mfmsr   9
        ori     9, 9, 0x8000
        mtmsrd  9, 1
        mtspr   795, 6
        isync
        ${body}
        mtspr   795, 22
        mfspr   3, 787
        mfspr   4, 788
        mfspr   5, 789
        mfspr   6, 790
        attn
`;

function machineOf(setup: Setup, create = createTiming): Machine {
  const timing = create(POWER9_PROFILE);
  const machine = new Machine({
    description: POWERNV_MACHINE,
    memory: MEMORY,
    output: () => undefined,
    timing,
  });
  const { bytes } = assemble(source(setup).replace(/;/g, '\n'), { byteOrder: 'big' });
  machine.load(readImage('test', bytes, { entry: 0n }));
  return machine;
}

/** Runs to attn in slices of so many instructions. */
function finish(machine: Machine, slice = 1_000_000): bigint[] {
  for (let i = 0; i < 100_000; i++) {
    const { end } = machine.run(slice);
    if (end.kind === 'attn') return [3, 4, 5, 6, 12, 13].map((n) => machine.cpus[0]!.state.gpr(n));
    if (end.kind !== 'budget') throw new Error(JSON.stringify(end));
  }
  throw new Error('no attn');
}

/** PM_LD_REF_L1, PM_BR_TAKEN_CMPL, PM_LD_MISS_L1, PM_BR_CMPL. */
const LOADS_AND_BRANCHES = [0x00ed0000, 0xfcfa545e] as const;
/** Ten loads, each of another line of 128 bytes, twice. */
const LOADS = `
        mtctr 21; mr 7,20
first:  ld 8,0(7); addi 7,7,128; bdnz first
        mtctr 21; mr 7,20
second: ld 8,0(7); addi 7,7,128; bdnz second`;

describe.each(MODELS)('%s model', (_name, create) => {
  test('loads, taken branches, load misses, branches', () => {
    const machine = machineOf({ body: LOADS, select: LOADS_AND_BRANCHES }, create);
    // Two loops of ten; the last round of each does not branch; only the first one misses.
    expect(finish(machine).slice(0, 4)).toEqual([20n, 18n, 10n, 20n]);
  });

  test('instructions and cycles by their codes for any counter; stores; store misses', () => {
    const body = 'mr 7,20; std 7,0(7); std 7,256(7); ld 8,0(7); std 7,8(7)';
    const machine = machineOf({ body, select: [0, 0x02f0f000] }, create);
    // isync, five instructions and the mtspr that freezes; stores allocate nothing, so the load misses too.
    expect(finish(machine).slice(0, 4)).toEqual([7n, 3n, 2n, 0n]);
  });

  test('a code that nobody knows counts nothing, and neither does another unit or combination', () => {
    for (const select of [
      [0x0ed00000, 0xfdfb5555],
      [0x12340000, 0xfcfa545e],
      [0x00ed0055, 0xfcfa545e],
    ] as const)
      expect(finish(machineOf({ body: LOADS, select }, create)).slice(0, 4)).toEqual([0n, 0n, 0n, 0n]);
  });

  test('what is frozen does not count: MMCR0[FC1-4] and the wrong state', () => {
    for (const control of [
      [0, 0x20],
      [0x4000, 0],
    ] as const)
      expect(
        finish(machineOf({ body: LOADS, select: LOADS_AND_BRANCHES, control }, create)).slice(0, 4),
      ).toEqual([0n, 0n, 0n, 0n]);
  });

  test('stall cycles are those of the model', () => {
    const body = 'mr 7,20; ld 8,0(7); add 9,8,8';
    // PM_CMPLU_STALL_DCACHE_MISS in PMC2: the add waits for a load that misses, 4 + 11 cycles without the load's own sixth.
    const machine = machineOf({ body, select: [0x0c000000, 0x00120000] }, create);
    expect(finish(machine)[1]).toBe(14n);
  });
});

/** The 1001st load makes PMC1 negative. */
const ALERT: Setup = {
  body: 'again: ld 8,0(20); addi 7,7,1; divd 10,7,21; b again',
  select: LOADS_AND_BRANCHES,
  first: [0x7fff, 0x10000 - 1001],
  control: [PMAE, PMC1CE],
};

describe('an alert of what the model counts', () => {
  const [loads, , , , time, control] = finish(machineOf(ALERT));

  test('interrupts at the first multiple of 256 cycles, and a branch', () => {
    expect(control! & 0x84000080n).toBe(0x80n);
    const late = Number(time! % 256n);
    // The rest of a round of the loop, the interrupt and the first instructions of the handler.
    expect(late).toBeLessThan(100);
    expect(loads! - 0x80000000n).toBeGreaterThanOrEqual(0n);
    expect(loads! - 0x80000000n).toBeLessThan(20n);
  });

  test.each([1, 7, 100, 1013])('comes at the same cycle in slices of %d instructions', (slice) => {
    const sliced = finish(machineOf(ALERT), slice);
    expect([sliced[0], sliced[4]]).toEqual([loads, time]);
  });

  test('comes at the same cycle in the reference model', () => {
    const [, create] = MODELS[0];
    const other = finish(machineOf(ALERT, create));
    expect([other[0], other[4]]).toEqual([loads, time]);
  });
});

test('what walks is of data or of instructions, cycles are whole', () => {
  const cells = Cells.detached();
  cells.count('walks', 7);
  cells.count('instructionWalks', 2);
  cells.add(CELL.stalls + CAUSE.dataCache, 2.5 * TICKS.cycle);
  cells.add(CELL.stalls + CAUSE.loadUse, 1.75 * TICKS.cycle);
  cells.add(CELL.stalls + CAUSE.branches, TICKS.cycle);
  const events = [
    'dataTlbMisses',
    'instructionTlbMisses',
    'stallCycles',
    'dataCacheStallCycles',
    'emptyCycles',
  ] as const;
  expect(events.map((event) => countedEvents(cells, event))).toEqual([5, 2, 4, 2, 1]);
});

test('a snapshot in between loses no event', () => {
  const setup: Setup = {
    body: `${LOADS}; ${LOADS.replace(/first|second/g, '$&2')}`,
    select: LOADS_AND_BRANCHES,
  };
  const machine = machineOf(setup);
  machine.run(60);
  const saved = machine.save();
  expect(Number(BigInt((saved.cpus[0] as unknown as Record<string, string>).PMU3!))).toBeGreaterThan(0);
  expect(finish(machine)[0]).toBe(40n);
});
