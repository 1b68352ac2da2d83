/** Filters of traces. */
import type { TraceEvent } from '../../src/trace/events';
import { matcher, type TraceFilter } from '../../src/trace/filter';
import { stepTree } from '../../src/trace/steps';
import { EVENTS, FAULTING_WALK, NESTED_WALK } from '../support/trace-events';

const pass = (filter: TraceFilter): string[] => EVENTS.filter(matcher(filter)).map(({ ev }) => ev);

it('lets everything pass without conditions', () => {
  expect(pass({}).length).toBe(EVENTS.length);
});

it('selects kinds of event; stats and end always pass', () => {
  expect(pass({ events: new Set(['walk']) })).toEqual(['walk', 'walk', 'stats', 'end']);
  expect(pass({ events: new Set() })).toEqual(['stats', 'end']);
});

it('selects effective addresses, both ends included; events without one do not pass', () => {
  expect(pass({ ea: { from: 0x104n, to: 0x1000n } })).toEqual(['insn', 'tlb', 'l0.fault', 'stats', 'end']);
  expect(pass({ ea: { from: 0x100n, to: 0x100n } })).toEqual(['insn', 'interrupt', 'stats', 'end']);
});

it('selects instructions retired, the end not included', () => {
  expect(pass({ window: { from: 2, to: 1234 } })).toEqual(['insn', 'stats', 'end']);
  expect(pass({ window: { from: 1234, to: 1235 } })).toEqual(['walk', 'stats', 'end']);
});

it('selects LPID and PID', () => {
  expect(pass({ lpid: 2 })).toEqual(['stats', 'end']);
  expect(pass({ pid: 5 })).toEqual([
    'insn',
    'insn',
    'walk',
    'walk',
    'fault',
    'interrupt',
    'tlb',
    'stats',
    'end',
  ]);
  const other: TraceEvent = { ...NESTED_WALK, effLPID: 2, effPID: 5 };
  expect(matcher({ lpid: 2, pid: 5 })(other)).toBe(true);
  expect(matcher({ lpid: 2, pid: 6 })(other)).toBe(false);
  expect(matcher({ lpid: 1, pid: 5 })(other)).toBe(false);
});

describe('the tree of a walk', () => {
  const text = (walk: typeof NESTED_WALK): string[] =>
    stepTree(walk.steps).map(({ step, below }) => `${step.scope} ${step.what} ${below.length}`);

  it('has below each entry the partition-scoped steps that found it', () => {
    expect(text(NESTED_WALK)).toEqual([
      'partition PATE 0',
      'process PRTE 2',
      'process PDE 2',
      'process PTE 2',
      'partition PDE 0',
      'partition PTE 0',
    ]);
  });

  it('keeps the steps of a walk that ended while an entry was looked for', () => {
    const steps = NESTED_WALK.steps.slice(0, 6);
    expect(text({ ...FAULTING_WALK, steps })).toEqual([
      'partition PATE 0',
      'process PRTE 2',
      'partition PDE 0',
      'partition PTE 0',
    ]);
  });
});
