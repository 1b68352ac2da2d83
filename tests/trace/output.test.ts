/** Outputs, recorder and reader of traces: on real files. */
import fs from 'node:fs';
import { UserError } from '../../src/core/errors';
import { closeAll, FileOutput, onExit, OutputClosed } from '../../src/trace/sinks/output';
import { readTrace } from '../../src/trace/sinks/reader';
import { TraceRecorder, type RecorderOptions } from '../../src/trace/sinks/recorder';
import { Summary } from '../../src/trace/summary';
import { temporaryFolder } from '../support/folder';
import { EVENTS, NESTED_WALK } from '../support/trace-events';

const file = temporaryFolder();
const OPTIONS: RecorderOptions = {
  format: 'jsonl',
  filter: {},
  header: { machine: 'powernv' },
  text: { color: false },
};

describe('a file output', () => {
  it('writes in large pieces and everything on close', () => {
    const output = FileOutput.open(file('a'), '--trace-out');
    output.write('one\n');
    expect(fs.readFileSync(file('a'), 'utf8')).toBe('');
    output.flush();
    expect(fs.readFileSync(file('a'), 'utf8')).toBe('one\n');
    output.write('zwölf\n');
    output.close();
    output.close();
    output.write('lost');
    expect(fs.readFileSync(file('a'), 'utf8')).toBe('one\nzwölf\n');
  });

  it('keeps the order of pieces smaller and larger than its buffer', () => {
    const output = FileOutput.open(file('b'), '--trace-out');
    const pieces = ['x', 'é'.repeat(300_000), 'y', 'z'.repeat(100_000), '€'.repeat(80_000), '.'];
    pieces.forEach((piece) => output.write(piece));
    output.close();
    expect(fs.readFileSync(file('b'), 'utf8')).toBe(pieces.join(''));
  });

  it('is refused up front when it cannot be written', () => {
    expect(() => FileOutput.open(file('no/such/folder'), '--trace-out')).toThrow(UserError);
    expect(() => FileOutput.open(file(''), '--trace-out')).toThrow(
      /^--trace-out .*: cannot be written: EISDIR.*; give a file/,
    );
  });

  const failing = (code: string): void => {
    jest.spyOn(fs, 'writeSync').mockImplementation(() => {
      throw Object.assign(new Error(`${code}: mocked`), { code });
    });
  };
  afterEach(() => jest.restoreAllMocks());

  it('says so when the device is full, once', () => {
    const output = FileOutput.open(file('c'), '--trace-out');
    failing('ENOSPC');
    output.write('x');
    expect(() => output.flush()).toThrow(/c: cannot be written: ENOSPC/);
    expect(() => output.close()).not.toThrow();
  });

  it('tells a reader that has gone from an error', () => {
    const output = FileOutput.open(file('d'), '--trace-out');
    failing('EPIPE');
    output.write('x');
    expect(() => output.close()).toThrow(OutputClosed);
  });

  it('waits for a full pipe, and continues after a partial write', () => {
    const output = FileOutput.open(file('e'), '--trace-out');
    const real = fs.writeSync as (fd: number, bytes: Uint8Array, at: number, length?: number) => number;
    let calls = 0;
    const slow = (fd: number, bytes: Uint8Array, at: number): number => {
      if (calls++ % 2) throw Object.assign(new Error('EAGAIN'), { code: 'EAGAIN' });
      return real(fd, bytes, at, 1);
    };
    jest.spyOn(fs, 'writeSync').mockImplementation(slow as typeof fs.writeSync);
    output.write('hello');
    output.close();
    expect(calls).toBe(9);
    expect(fs.readFileSync(file('e'), 'utf8')).toBe('hello');
  });
});

describe('the exit of the process', () => {
  it('closes what is open, the last first, and survives failures', () => {
    const log: string[] = [];
    const forget = onExit(() => log.push('forgotten'));
    onExit(() => log.push('first'));
    onExit(() => {
      log.push('second');
      throw new Error('x');
    });
    forget();
    closeAll();
    expect(log).toEqual(['second', 'first']);
  });

  it('ends a trace that is still being written', () => {
    const recorder = TraceRecorder.open(file('exit.json'), '--trace-out', { ...OPTIONS, format: 'perfetto' });
    EVENTS.forEach(recorder.emit);
    closeAll();
    expect(Array.isArray(JSON.parse(fs.readFileSync(file('exit.json'), 'utf8')))).toBe(true);
    recorder.emit(NESTED_WALK);
    recorder.close();
  });
});

it('a recorded trace is read back event by event', () => {
  const recorder = TraceRecorder.open(file('run.jsonl'), '--trace-out', OPTIONS);
  for (let i = 0; i < 200; i++) EVENTS.forEach(recorder.emit);
  recorder.close();
  const trace = readTrace(file('run.jsonl'));
  expect(trace.header).toEqual({ ev: 'trace', version: 1, machine: 'powernv' });
  const events = [...trace.events];
  expect(events.length).toBe(200 * EVENTS.length);
  expect(events.slice(-EVENTS.length)).toEqual(EVENTS);
  expect(trace.truncated()).toBe(false);
});

it('the filter decides what is written', () => {
  const filter = { events: new Set(['console' as const]) };
  const recorder = TraceRecorder.open(file('f.jsonl'), '--trace-out', { ...OPTIONS, filter });
  EVENTS.forEach(recorder.emit);
  recorder.close();
  expect([...readTrace(file('f.jsonl')).events].map(({ ev }) => ev)).toEqual(['console', 'stats', 'end']);
});

describe('reading', () => {
  const write = (name: string, content: string): string => {
    fs.writeFileSync(file(name), content);
    return file(name);
  };
  const HEADER = '{"ev":"trace","version":1}\n';
  const END = '{"ev":"end","t":1,"cpu":0,"reason":"attn","exitCode":0}\n';

  it('stops at a last line that was cut off, and says so', () => {
    const trace = readTrace(write('cut', HEADER + END + END.slice(0, 20)));
    expect([...trace.events].length).toBe(1);
    expect(trace.truncated()).toBe(true);
  });

  it('skips empty lines and counts lines for messages', () => {
    const trace = readTrace(write('bad', `${HEADER}\n${END}{"ev":"no"}\n`));
    expect(() => [...trace.events]).toThrow(/bad:4: expected "ev" to be one of/);
  });

  it.each([
    ['an empty file', '', /the file is empty/],
    ['half a header', '{"ev":"tra', /ends within its first line/],
    ['no header', END, /:1: expected a line with "ev":"trace"/],
    ['a line without end', 'x'.repeat(3_000_000), /a line is longer than 1048576 characters/],
    ['a binary file', '\0\u0001\n', /:1: expected a JSON object/],
  ])('refuses %s', (_, content, message) => {
    expect(() => readTrace(write('refused', content))).toThrow(UserError);
    expect(() => readTrace(write('refused', content))).toThrow(message);
  });

  it('refuses a file that is not there', () => {
    expect(() => readTrace(file('nowhere'))).toThrow(/nowhere: cannot be read: ENOENT/);
  });
});

describe('a summary', () => {
  it('counts events, interrupts, walks, faults, contexts and table reads', () => {
    const summary = new Summary();
    EVENTS.forEach((e) => summary.add(e));
    expect(summary.result()).toEqual({
      events: 15,
      instructions: { first: 1, last: 2004 },
      complete: true,
      byEvent: {
        insn: 2, walk: 2, console: 1, end: 1, fault: 1, interrupt: 1, memslot: 1, stats: 1, tlb: 1, hcall: 1,
        'l0.fault': 1, 'hpt.fault': 1, timing: 1,
      }, // prettier-ignore
      interrupts: { dataStorage: 1 },
      walks: { radix: 2 },
      faults: { 'noTranslation (process)': 1 },
      contexts: { 'LPID 1 PID 5': 2 },
      tlb: { 'TLB insert': 1 },
      hypercalls: { 'H_SET_MODE = H_SUCCESS': 1 },
      nestedExits: {},
      nestedFaults: {},
      shadowInvalidations: {},
      rmap: {},
      warnings: {},
      nestedRuns: { runs: 0, instructions: 0, ticks: 0 },
      tableReads: { total: 13, longest: 12 },
    });
  });

  it('says that a trace has no end, and is empty for no events', () => {
    const summary = new Summary();
    expect(summary.result()).toMatchObject({ events: 0, complete: false });
    expect(summary.result().instructions).toBeUndefined();
  });

  it('does not grow with the number of contexts', () => {
    const summary = new Summary();
    for (let pid = 0; pid < 3000; pid++) summary.add({ ...NESTED_WALK, effPID: pid });
    expect(Object.keys(summary.result().contexts).length).toBe(1001);
    expect(summary.result().contexts['others']).toBe(2000);
  });
});
