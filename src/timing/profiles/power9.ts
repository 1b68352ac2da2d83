/**
 * POWER9 (SMT4 core, one thread), as far as it is published. choice: the model issues in order, so that what the core
 * hides by executing out of order is not hidden here: cycles are an upper bound for code that has parallelism.
 */
import type { InstructionTiming, TimingProfile } from '../profile';
import { MICROWATT_PROFILE } from './microwatt';

const pipelined = (latency: number): InstructionTiming => ({ latency, interval: 1 });
const blocking = (cycles: number): InstructionTiming => ({ latency: cycles, interval: cycles });
const serialising = (interval: number): InstructionTiming => ({ latency: 1, interval, serialises: true });

const manual = "POWER9 Processor User's Manual, version 2.1";
const none = 'not published; estimated from the size of comparable structures';

/** Moves that need no special register unit. */
const fast = Object.fromEntries(
  ['LR', 'CTR', 'TAR'].flatMap((name) => [
    [`mfspr:${name}`, pipelined(5)],
    [`mtspr:${name}`, pipelined(5)],
  ]),
);

export const POWER9_PROFILE: TimingProfile = {
  name: 'power9',
  description: 'POWER9, one thread: published latencies and geometries on an in-order core',
  core: {
    issueWidth: 6,
    reset: 0,
    completion: 5,
    runAhead: 4,
    interrupt: 20,
    alignment: 128,
    unaligned: 2,
  },
  classes: {
    alu: { ...pipelined(2), record: 0, overflow: 0 },
    count: { ...pipelined(3), record: 0 },
    mul32: { ...pipelined(5), record: 0, overflow: 0 },
    mul64: { ...pipelined(5), record: 0, overflow: 0 },
    div: { ...blocking(12), record: 0, overflow: 0 },
    bitPermute: pipelined(3),
    float: pipelined(7),
    floatMove: pipelined(2),
    floatCompare: pipelined(5),
    floatMultiply: pipelined(7),
    floatMultiplyAdd: pipelined(7),
    floatDivide: blocking(27),
    floatSquareRoot: blocking(36),
    vector: pipelined(3),
    vectorPermute: pipelined(3),
    vectorMultiply: pipelined(7),
    vectorDivide: blocking(27),
    vectorFloat: pipelined(7),
    crypto: pipelined(6),
    vectorDecimal: pipelined(12),
    load: { ...pipelined(4), update: 0 },
    store: { ...pipelined(1), update: 0 },
    branch: pipelined(2),
    cr: pipelined(3),
    trap: pipelined(2),
    sprFast: pipelined(5),
    spr: { ...pipelined(9), waitsForTarget: true },
    cache: pipelined(1),
    sync: serialising(20),
    atomic: pipelined(4),
    tlb: serialising(64),
    system: { ...blocking(20), refetches: true },
  },
  instructions: {
    isync: { latency: 1, interval: 10, refetches: true, serialises: true },
    eieio: pipelined(1),
    mfmsr: pipelined(9),
    ...fast,
    sc: pipelined(1),
    scv: pipelined(1),
  },
  divide: {
    trivial: 12,
    smaller: 12,
    overflow: 12,
    iterations: [12, 16, 24],
    longQuotient: { bits: 56, cycles: 0 },
    remainder: 2,
  },
  fetch: { sets: 32, ways: 8, lineShift: 7, miss: 11, refill: 0 },
  data: { sets: 32, ways: 8, lineShift: 7, miss: 11, refill: 0, replacement: 'lru', writeAllocates: false },
  translation: {
    instruction: { sets: 1, ways: 64, index: 'page' },
    data: { sets: 1, ways: 64, index: 'page' },
    second: { sets: 256, ways: 4, index: 'page', hit: 9 },
    walkCache: { sets: 16, ways: 4 },
    read: 4,
    readMiss: 11,
  },
  branch: { targetCache: 4096, decoded: 3, mispredicted: 12 },
  invalidateAll: 64,
  hypervisor: MICROWATT_PROFILE.hypervisor,
  sources: [
    { path: 'core.issueWidth', source: `dispatch of an SMT4 core: ${manual}` },
    { path: 'core', source: none, estimate: true },
    { path: 'classes.alu', source: `latency of simple fixed-point operations: ${manual}` },
    { path: 'classes.mul64', source: `latency of multiplication: ${manual}` },
    { path: 'classes.div', source: `range of the latency of divides: ${manual}; how operands decide is estimated`, estimate: true },
    { path: 'classes.load', source: `load-to-use of a hit: ${manual}` },
    ...['float', 'floatMultiply', 'floatMultiplyAdd', 'floatCompare', 'floatMove'].map((name) => ({
      path: `classes.${name}`,
      source: `latency of floating-point operations: ${manual}`,
      estimate: true as const,
    })),
    { path: 'classes.floatDivide', source: 'about that of a double-precision divide', estimate: true },
    { path: 'classes.floatSquareRoot', source: 'about that of a double-precision square root', estimate: true },
    ...['vector', 'vectorPermute', 'vectorMultiply', 'vectorFloat', 'crypto'].map((name) => ({
      path: `classes.${name}`,
      source: `latency of VMX operations: ${manual}`,
    })),
    { path: 'classes.vectorDecimal', source: 'one latency for decimal operations of every kind and length', estimate: true },
    { path: 'classes.vectorDivide', source: 'POWER9 has none; that of the vector floating-point divide', estimate: true },
    { path: 'classes', source: none, estimate: true },
    { path: 'instructions', source: none, estimate: true },
    { path: 'divide', source: none, estimate: true },
    { path: 'fetch', source: `32 KiB, 8 ways, 128-byte lines: ${manual}` },
    { path: 'fetch.miss', source: 'latency of the L2 cache less that of the L1 cache; L2 misses are not modelled', estimate: true },
    { path: 'data', source: `32 KiB, 8 ways, 128-byte lines, store-through: ${manual}` },
    { path: 'data.miss', source: 'latency of the L2 cache less that of the L1 cache; L2 misses are not modelled', estimate: true },
    { path: 'translation.second', source: `1024 entries, 4 ways: ${manual}; its latency is estimated`, estimate: true },
    { path: 'translation', source: none, estimate: true },
    { path: 'branch', source: `${none}; the direction predictors of the core are reduced to one bit`, estimate: true },
    { path: 'invalidateAll', source: none, estimate: true },
    { path: 'hypervisor', source: 'depends on the hypervisor that is imitated: not counted', estimate: true },
  ],
}; // prettier-ignore
