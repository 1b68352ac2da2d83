/** The pipeline trace: Kanata 0004 as Konata reads it, of the run as it is without a trace. */
import { assemble } from '../../src/asm/assemble';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { createTiming, MICROWATT_PROFILE, PipelineTrace, type TraceWindow } from '../../src/timing';
import { KanataWriter, type IssuedInstruction } from '../../src/timing/kanata';
import { parseKanata, type KanataInstruction } from './kanata-parser';

interface Traced {
  readonly all: KanataInstruction[];
  readonly cycles: number;
}

const WHOLE: TraceWindow = { first: 0, count: 100_000 };

/** Runs a program to its `attn`, watched from the first instruction of the window on, and no longer. */
function traced(body: string, window: TraceWindow | undefined = WHOLE): Traced {
  const timing = createTiming(MICROWATT_PROFILE);
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
  const source = `lis 20,1\n${body}\nattn`.replace(/;/g, '\n');
  machine.memory.bytes.set(assemble(source, { byteOrder: 'little' }).bytes);
  machine.execution.memoryReplaced();
  const cpu = machine.cpus[0]!;
  let text = '';
  if (window) {
    if (window.first > 0) machine.run(window.first);
    const trace = new PipelineTrace(timing, {
      window,
      disassemble: ({ imageLo }) => (imageLo >>> 0).toString(16),
      write: (piece) => (text += piece),
    });
    machine.execution.observers.instruction = (at) => trace.before(at);
    machine.run(window.count);
    machine.execution.observers.instruction = undefined;
    trace.close(cpu);
  }
  machine.run(100_000);
  return { all: window ? parseKanata(text) : [], cycles: timing.cycles(cpu) };
}

test('an instruction that waits for a load issues three cycles after it, and says so', () => {
  const { all } = traced('ld 4,0(20); isync; ld 4,0(20); nop; add 5,4,4; nop');
  const [ld, nop, add, after] = all.slice(3, 7).map(({ stages }) => stages['X']!);
  expect([nop! - ld!, add! - ld!, after! - ld!]).toEqual([1, 3, 4]);
  expect(all[5]!.detail).toBe('loadUse 1');
});

test('a load that misses completes later', () => {
  const { all } = traced('isync; ld 4,0(20); ld 5,8(20); nop');
  const length = ({ stages }: KanataInstruction): number => stages['end']! - stages['X']!;
  expect(all.slice(2, 4).map(length)).toEqual([6, 3]);
});

test('every instruction is fetched, executed and retired, in order', () => {
  const { all } = traced(
    'li 5,3; divd 4,5,5; mulld 6,6,6; cntlzd 7,7; b on; nop; on: mtctr 5; l: nop; bdnz l',
  );
  expect(all.length).toBeGreaterThan(10);
  for (const [i, { stages, number, retirement }] of all.entries()) {
    expect(number).toBe(i);
    expect(stages['F']).toBeLessThanOrEqual(stages['X']!);
    expect(stages['X']).toBeLessThan(stages['end']!);
    expect(stages['end']).toBeLessThanOrEqual(stages['R']!);
    if (i === 0) continue;
    expect(stages['X']).toBeGreaterThan(all[i - 1]!.stages['X']!);
    expect(stages['F']).toBeGreaterThanOrEqual(all[i - 1]!.stages['F']!);
    expect(stages['R']).toBeGreaterThanOrEqual(all[i - 1]!.stages['R']!);
    expect(retirement).toBe(all[i - 1]!.retirement! + 1);
  }
});

test('an instruction that ends in an interrupt is flushed', () => {
  // trap: the handler at 0x700 is `.long 0`, so that the run goes on in interrupts for a while.
  const { all } = traced('nop; trap', { first: 0, count: 4 });
  expect(all.slice(0, 3).map(({ flushed }) => flushed)).toEqual([false, false, true]);
});

const LOOP = 'li 5,400; mtctr 5; l: ld 4,0(20); addi 20,20,40; add 6,4,4; divd 7,6,5; bdnz l';

test.each([0, 1, 2, 3, 4, 5, 6, 7, 17, 18, 19, 20, 21, 22, 23, 500])(
  'a window from instruction %i on changes no cycle, and has the same times',
  (first) => {
    const plain = traced(LOOP, undefined);
    const whole = traced(LOOP);
    const window = traced(LOOP, { first, count: 100 });
    expect([whole.cycles, window.cycles]).toEqual([plain.cycles, plain.cycles]);
    expect(window.all.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, i) => first + i));
    const issues = (t: KanataInstruction[]): number[] => t.map(({ stages }) => stages['X']!);
    expect(issues(window.all)).toEqual(issues(whole.all).slice(first, first + 100));
  },
);

test.each([
  { first: -1, count: 1 },
  { first: 0, count: 0 },
  { first: 0, count: 20_000_000 },
])('a window of %j is refused', (window) => {
  const timing = createTiming(MICROWATT_PROFILE);
  expect(() => new PipelineTrace(timing, { window, disassemble: () => '', write: () => undefined })).toThrow(
    /^pipeline trace: expected the first instruction from 0 on/,
  );
});

test('lines leave as soon as they are certain, in order', () => {
  let pieces = 0;
  let text = '';
  const writer = new KanataWriter((piece) => {
    pieces++;
    text += piece;
  });
  const one = (number: number): IssuedInstruction => ({
    cpu: 0, number, address: 0n, text: 'x', detail: '', flushed: false,
    fetched: number, issued: number + 3, completed: number + (number % 7 === 0 ? 60 : 6),
  }); // prettier-ignore
  for (let n = 0; n < 10_000; n++) writer.add(one(n));
  expect(pieces).toBeGreaterThan(5);
  writer.close();
  const all = parseKanata(text);
  expect(all).toHaveLength(10_000);
  expect(all[9_800]!.stages).toMatchObject({ F: 9_800, X: 9_803, end: 9_860 });
});
