/**
 * Microwatt at 64-bit scalar with FPU, 8 KiB caches: numbers were measured on its RTL, as cycles of loops of one kind of
 * instruction, or follow from the RTL's structure; `sources` says where neither is so.
 */
import type { InstructionTiming, TimingProfile } from '../profile';

const simple: InstructionTiming = { latency: 1, interval: 1 };
const late: InstructionTiming = { latency: 3, interval: 1 };
const slowSpr: InstructionTiming = { ...late, waitsForTarget: true };
const blocking = (cycles: number): InstructionTiming => ({ latency: cycles, interval: cycles });
const serialising = (interval: number): InstructionTiming => ({ latency: 1, interval, serialises: true });

/** Special registers that are kept beside the general ones: as fast as those. */
const FAST_SPRS = [
  'LR', 'CTR', 'TAR', 'SRR0', 'SRR1', 'HSRR0', 'HSRR1', 'SPRG0', 'SPRG1', 'SPRG2', 'SPRG3', 'USPRG3', 'HSPRG0', 'HSPRG1',
]; // prettier-ignore
const fastSprs = Object.fromEntries(
  FAST_SPRS.flatMap((name) => [
    [`mfspr:${name}`, simple],
    [`mtspr:${name}`, simple],
  ]),
);

/**
 * The floating-point unit works on one operation at a time: `latency` until its result, `interval` until the next. A result
 * comes by the registers, a cycle behind the last state.
 */
const floats = (interval: number, latency: number, names: string): [string, InstructionTiming][] =>
  names.split(' ').map((name) => [name, { latency, interval }]);
const FLOATING_POINT = Object.fromEntries([
  ...floats(6, 9, 'fadd fadds fsub fsubs'),
  ...floats(8, 8.5, 'fmul fmuls'),
  ...floats(14, 14.5, 'fmadd fmadds fmsub fmsubs fnmadd fnmadds fnmsub fnmsubs'),
  ...floats(37, 38, 'fdiv fdivs'),
  ...floats(49, 50, 'fsqrt fsqrts'),
  ...floats(2, 3, 'fmr fneg fabs fnabs fcpsgn'),
  ...floats(4, 5, 'fcmpu fcmpo'),
  ...floats(2, 4, 'lfs lfsu lfsx lfsux'),
]);

const measured = 'measured on the RTL';

export const MICROWATT_PROFILE: TimingProfile = {
  name: 'microwatt',
  description: 'Microwatt: single issue in order, 8 KiB caches, measured on the RTL',
  core: {
    issueWidth: 1,
    reset: 11,
    completion: 3,
    runAhead: 4,
    decode: 3,
    interrupt: 6,
    alignment: 8,
    unaligned: 1,
    wholeFlags: true,
  },
  classes: {
    alu: { ...simple, record: 1, overflow: 2 },
    count: { latency: 2, interval: 1, record: 1 },
    mul32: { latency: 2, interval: 1, record: 1, overflow: 1 },
    mul64: { ...blocking(4), record: 0, overflow: 3 },
    // Latency and interval of a divide depend on its operands: see `divide`.
    div: { ...blocking(4), record: 1, overflow: 1 },
    bitPermute: blocking(66),
    // Measured with operands between 1 and 2; how long it takes depends on them.
    float: { latency: 9, interval: 6 },
    floatMove: { latency: 3, interval: 2 },
    floatCompare: { latency: 5, interval: 4 },
    floatMultiply: { latency: 8.5, interval: 8 },
    floatMultiplyAdd: { latency: 14.5, interval: 14 },
    floatDivide: { latency: 38, interval: 37 },
    floatSquareRoot: { latency: 50, interval: 49 },
    // It has no vector unit.
    vector: simple,
    vectorPermute: simple,
    vectorMultiply: simple,
    vectorDivide: simple,
    vectorFloat: simple,
    crypto: simple,
    vectorDecimal: simple,
    load: { latency: 3, interval: 1, update: 1 },
    store: { latency: 1, interval: 1, update: 0 },
    branch: simple,
    cr: simple,
    trap: simple,
    sprFast: slowSpr,
    spr: slowSpr,
    cache: simple,
    // The data cache's state machine has to be idle when it sees the instruction.
    sync: { ...serialising(3), drains: true },
    atomic: { latency: 3, interval: 2 },
    tlb: blocking(7),
    system: { ...blocking(6), refetches: true },
  },
  instructions: {
    bpermd: blocking(9),
    lq: { latency: 3, interval: 2, twoParts: true },
    dcbz: simple,
    icbi: { latency: 1, interval: 3.5, refetches: false },
    lbarx: late,
    lharx: late,
    lwarx: late,
    ldarx: late,
    // The flag in CR0 is there two cycles after the access.
    'stbcx.': { latency: 2, interval: 2 },
    'sthcx.': { latency: 2, interval: 2 },
    'stwcx.': { latency: 2, interval: 2 },
    'stdcx.': { latency: 2, interval: 2 },
    lbzcix: blocking(7),
    lhzcix: blocking(7),
    lwzcix: blocking(7),
    ldcix: blocking(7),
    isync: { latency: 1, interval: 6, refetches: true },
    eieio: simple,
    mfmsr: serialising(3),
    mtmsr: serialising(3),
    mtmsrd: simple,
    mftb: slowSpr,
    'mtspr:XER': serialising(3),
    'mtspr:PIDR': serialising(6),
    ...fastSprs,
    ...FLOATING_POINT,
    slbia: blocking(7),
    sc: simple,
    scv: simple,
  },
  divide: {
    trivial: 4,
    smaller: 10,
    overflow: 10,
    iterations: [31, 39, 47],
    half: { bits: 57, cycles: 24 },
    longQuotient: { bits: 56, cycles: 10 },
    remainder: -1,
    // States of the divider: a check of a signed quotient's sign; the negation of a remainder, with that check; where an
    // extended dividend goes, and the top bit of its quotient.
    unsigned: -1,
    negativeRemainder: 2,
    extended: { word: 1, doubleword: 3 },
    close: 3,
  },
  // Fetching asks three cycles before the instruction could issue, loads and stores one cycle after they issued. Reads
  // are acknowledged from the second cycle on, writes from the first, a doubleword a cycle.
  fetch: { sets: 64, ways: 2, lineShift: 6, miss: 5, refill: 10, request: -2, busy: 12, beat: 1, replacement: 'handedOn' },
  data: {
    sets: 64,
    ways: 2,
    lineShift: 6,
    miss: 3,
    refill: 10,
    request: 2,
    busy: 11,
    beat: 1,
    // A request that is not over keeps the unit busy, and that stalls both stages of execution.
    blocks: 4,
    stalls: true,
    store: 2,
    storeRegion: 12,
    zero: 9,
    replacement: 'firstWay',
    writeAllocates: false,
  },
  translation: {
    instruction: { sets: 64, ways: 1, index: 'folded' },
    data: { sets: 64, ways: 2, index: 'page' },
    second: { sets: 64, ways: 4, index: 'hashed', hit: 9, slow: 1, replacement: 'tree' },
    walkCache: { sets: 64, ways: 4, replacement: 'tree' },
    read: 3,
    readMiss: 3,
    walk: { base: 3, page: 11, table: 10, topTable: 11, nothing: 8, check: 1, finish: 1 },
    fetchMore: 5,
    recentPages: 2,
  },
  branch: { targetCache: 1024, update: 8, decoded: 2, mispredicted: 5 },
  invalidateAll: 63,
  hypervisor: { hypercall: 0, pageFault: 0, nestedEntry: 0, nestedExit: 0, other: 0 },
  sources: [
    { path: 'core', source: measured },
    { path: 'classes', source: measured },
    { path: 'instructions', source: measured },
    { path: 'divide', source: 'measured on the RTL; its divider approximates the inverse by Newton-Raphson steps' },
    { path: 'fetch', source: measured },
    { path: 'data', source: measured },
    ...['fetchMore', 'recentPages'].map((name) => ({
      path: `translation.${name}`,
      source: "read from the RTL's sources; no microbenchmark covers it",
      estimate: true as const,
    })),
    { path: 'translation', source: measured },
    { path: 'branch', source: measured },
    { path: 'invalidateAll', source: measured },
    { path: 'hypervisor', source: 'Microwatt has no hypervisor', estimate: true },
  ],
}; // prettier-ignore
