/** The formats of traces: text for people, JSON lines, Perfetto. */
import fc from 'fast-check';
import type { TraceEvent } from '../../src/trace/events';
import { JsonlSink } from '../../src/trace/sinks/jsonl';
import { PerfettoSink } from '../../src/trace/sinks/perfetto';
import { sizeText } from '../../src/trace/sinks/text-walk';
import { TextSink, type TextOptions } from '../../src/trace/sinks/text';
import { arbitraryEvent, EVENTS, FAULTING_WALK, MemoryOutput, NESTED_WALK } from '../support/trace-events';

function text(events: readonly TraceEvent[], options: Partial<TextOptions> = {}): string {
  const output = new MemoryOutput();
  const sink = new TextSink(output, { color: false, ...options });
  sink.begin({ machine: 'powernv', model: 'power9', cpus: 2 });
  events.forEach((e) => sink.event(e));
  sink.end();
  return output.text;
}

describe('text', () => {
  it('shows a two-stage walk with each entry indented by stage and level', () => {
    const lines = text([NESTED_WALK]).split('\n');
    expect(lines[0]).toBe('# powernv, power9, 2 CPUs');
    expect(lines[1]).toMatch(
      /^ {8}1234 cpu0 +walk +store 0x0000000010002345 {2}LPID 1 PID 5 PR {2}radix, TLB miss$/,
    );
    const indent = lines.slice(2, 14).map((line) => line.replace(/^ {19}/, '').search(/\S/) / 2);
    expect(indent).toEqual([0, 1, 2, 0, 1, 2, 0, 2, 3, 1, 0, 1]);
    expect(lines[8]).toMatch(
      /process PDE level 0\[0\] +ra 0x0000000000004000 @ 0x0000000000404000 = 0x8000000000005009 NLB=0x5000 NLS=9 next level$/,
    );
    expect(lines[14]).toMatch(/process permission: authority 0x7 grants rwx, keys leave rw-, -w- needed$/);
    expect(lines[15]).toMatch(/process reference\/change: C of 0x0000000000405000: updated$/);
    expect(lines[16]).toMatch(/=> host RA 0x0000000000462345 {2}4K page, rw-$/);
  });

  it('says why a walk stopped and what interrupt that is', () => {
    expect(text([FAULTING_WALK])).toMatch(
      /!! noTranslation \(process\) at level 0: Data Storage 0x300, DAR 0xc000000000000000, DSISR 0x42000000\n$/,
    );
  });

  it('has a line for every other event', () => {
    const lines = text(
      EVENTS.filter(({ ev }) => ev !== 'walk'),
      {
        symbol: (ea) => (ea === 0x100n ? 'main' : undefined),
        disassemble: () => 'li r3,1',
      },
    ).split('\n');
    const expected = [
      /insn +0x0000000000000100 <main> {2}38600001 {2}li r3,1$/,
      /insn +0x0000000000000104 {2}0610000038600001 {2}pli r3,1$/,
      /fault +store 0xc000000000000000 {2}LPID 1 PID 5 PR {2}!! noTranslation/,
      /interrupt +Data Storage 0x300 from 0x0000000000000100 <main> to 0x0000000000000300 SRR1 0x8000 MSR 0x8000000000000000/,
      /tlb +action insert, structure TLB, lpid 1, pid 5, ea 0x1000, ra 0x2000, pageShift 12, set 3, way 1$/,
      /console +uart0 out "hé\\n\\"x\\""$/,
      /memslot +op create, result OK, .*size 0x40000000/,
      /hcall +H_SET_MODE\(mode 0x3\) = H_SUCCESS$/,
      /l0\.fault +load of guest RA 0x1000 \(EA 0x1000\): mapped to host 0x200000 2M$/,
      /timing +1500 cycles for 1000 instructions: issue 1000, dataCache 500; loads 200, dataMisses 50$/,
      /hpt\.fault +ea 0x1000, segment 0x400001ffffff0110, access store, outcome storage, cause 0xa000000, ptex 17, gpa 0x1000$/,
      /stats +instructions 2004, walks 2$/,
      /end +attn, exit code 0$/,
    ];
    expected.forEach((pattern, i) => expect(lines[i + 1]).toMatch(pattern));
  });

  it('has colour only when asked for it', () => {
    expect(text(EVENTS)).not.toContain('\u001b');
    expect(text(EVENTS, { color: true })).toContain('\u001b[31m');
  });

  it('names page sizes', () => {
    expect([12, 16, 21, 30, 34, 52].map(sizeText)).toEqual(['4K', '64K', '2M', '1G', '16G', '4P']);
    expect(sizeText(-1)).toBe('2^-1');
  });

  it('shows any event, whatever its texts are', () => {
    fc.assert(
      fc.property(arbitraryEvent, (event) => void text([event])),
      { numRuns: 300 },
    );
  });
});

it('jsonl: the header and one line per event', () => {
  const output = new MemoryOutput();
  const sink = new JsonlSink(output);
  sink.begin({ machine: 'powernv' });
  EVENTS.forEach((e) => sink.event(e));
  sink.end();
  const lines = output.text.split('\n');
  expect(lines.length).toBe(EVENTS.length + 2);
  expect(lines.pop()).toBe('');
  expect(lines.map((line) => (JSON.parse(line) as { ev: string }).ev)).toEqual([
    'trace',
    ...EVENTS.map(({ ev }) => ev),
  ]);
});

interface Slice {
  ph: string;
  name: string;
  pid: number;
  tid: number;
  ts: number;
  dur: number;
  args: Record<string, unknown>;
}

function perfetto(events: readonly TraceEvent[]): { text: string; slices: Slice[] } {
  const output = new MemoryOutput();
  const sink = new PerfettoSink(output);
  sink.begin({});
  events.forEach((e) => sink.event(e));
  sink.end();
  return { text: output.text, slices: JSON.parse(output.text) as Slice[] };
}

/** Slices of one thread either nest or follow each other. */
function expectStrictNesting(slices: readonly Slice[]): void {
  const open = new Map<string, Slice[]>();
  const ns = (us: number): number => Math.round(us * 1000);
  for (const slice of slices.filter(({ ph }) => ph === 'X')) {
    const key = `${slice.pid}/${slice.tid}`;
    const stack = open.get(key) ?? [];
    open.set(key, stack);
    while (stack.length && ns(stack.at(-1)!.ts) + ns(stack.at(-1)!.dur) <= ns(slice.ts)) stack.pop();
    const outer = stack.at(-1);
    const fits = !outer || ns(slice.ts) + ns(slice.dur) <= ns(outer.ts) + ns(outer.dur);
    if (!(slice.dur > 0) || !fits) throw new Error(`${slice.name} at ${slice.ts} leaves ${outer?.name}`);
    stack.push(slice);
  }
}

describe('perfetto', () => {
  it('has a slice per walk, one per table entry in it, and the partition-scoped ones in those', () => {
    const { slices } = perfetto([NESTED_WALK]);
    const walk = slices.filter(({ ph }) => ph === 'X');
    expect(walk.map(({ name }) => name)).toEqual([
      'walk store 0x10002345',
      'partition PATE: used',
      'process PRTE: used',
      'partition PDE level 0: next level',
      'partition PTE level 1: leaf',
      'process PDE level 0: next level',
      'partition PDE level 0: next level',
      'partition PTE level 1: leaf',
      'process PTE level 1: leaf',
      'partition PDE level 0: next level',
      'partition PTE level 1: leaf',
      'partition PDE level 0: next level',
      'partition PTE level 1: leaf',
    ]);
    const end = (s: Slice): number => s.ts + s.dur;
    const inside = (a: Slice, b: Slice): boolean => a.ts >= b.ts && end(a) <= end(b) + 1e-9;
    expect(walk.slice(1).every((s) => inside(s, walk[0]!))).toBe(true);
    expect(inside(walk[3]!, walk[2]!) && inside(walk[4]!, walk[2]!)).toBe(true);
    expect(inside(walk[6]!, walk[2]!)).toBe(false);
    expect(walk[0]!.ts).toBe(1234);
    expect(walk[0]!.args).toMatchObject({ ea: '0x10002345', effLPID: 1, result: { ra: '0x462345' } });
    expectStrictNesting(slices);
  });

  it('has tracks per context and names them', () => {
    const hv: TraceEvent = { ...NESTED_WALK, hv: true, effLPID: 0, effPID: 0 };
    const { slices } = perfetto([NESTED_WALK, hv, ...EVENTS]);
    const names = slices.filter(({ ph }) => ph === 'M').map(({ args }) => args['name']);
    expect(names).toEqual(
      expect.arrayContaining([
        'LPID 1',
        'CPU 0 PID 5',
        'hypervisor (HV=1)',
        'CPU 0 PID 0 LPID 0',
        'console uart0',
        'CPU 0 instructions',
        'L0 memory',
      ]),
    );
    const walks = slices.filter(({ name }) => name.startsWith('walk'));
    expect(new Set(walks.map(({ pid, tid }) => `${pid}/${tid}`)).size).toBe(2);
  });

  it('nests strictly whatever happens at the same time', () => {
    const step = fc.record({
      dt: fc.nat(2),
      kind: fc.nat(2),
      repeat: fc.integer({ min: 1, max: 30 }),
      pid: fc.nat(2),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        let t = 0;
        const events: TraceEvent[] = [];
        for (const { dt, kind, repeat, pid } of steps) {
          t += dt;
          const walk: TraceEvent = { ...(kind ? NESTED_WALK : FAULTING_WALK), t, effPID: pid };
          if (kind === 2) events.push({ ...EVENTS[0]!, t: ++t });
          else for (let i = 0; i < repeat; i++) events.push(walk);
        }
        expectStrictNesting(perfetto(events).slices);
      }),
      { numRuns: 50 },
    );
  });

  it('is readable when its end is missing', () => {
    const { text } = perfetto(EVENTS);
    expect(() => JSON.parse(`${text.replace(/\n\]\n$/, '')}]`) as unknown).not.toThrow();
    expect(perfetto([]).slices).toEqual([]);
  });

  it('bounds the number of tracks that a guest can make', () => {
    const events = Array.from({ length: 5000 }, (_, pid): TraceEvent => ({ ...FAULTING_WALK, effPID: pid }));
    const { slices } = perfetto(events);
    const threads = slices.filter(({ name }) => name === 'thread_name');
    expect(threads.length).toBe(4097);
    expectStrictNesting(slices);
  });

  it('writes any event', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEvent, { maxLength: 5 }), (events) => void perfetto(events)),
      { numRuns: 200 },
    );
  });
});
