/** The pipeline trace: Kanata 0004 as Konata reads it. */
import { createReferenceTiming, KanataTrace, MICROWATT_PROFILE } from '../../src/timing';
import { measure } from './support';

/** Stages of each instruction by id: cycles at which they begin, and `R` when it left. */
function parse(text: string): { label: string; stages: Record<string, number> }[] {
  const [header, ...lines] = text.trimEnd().split('\n');
  expect(header).toBe('Kanata\t0004');
  const out: { label: string; stages: Record<string, number> }[] = [];
  let now = 0;
  for (const line of lines) {
    const [kind, a, b, c] = line.split('\t');
    if (kind === 'C=') now = Number(a);
    else if (kind === 'C') now += Number(a);
    else if (kind === 'I') out[Number(a)] = { label: '', stages: {} };
    else if (kind === 'L') out[Number(a)]!.label = c!;
    else if (kind === 'S') out[Number(a)]!.stages[c!] = now;
    else if (kind === 'E') out[Number(a)]!.stages['end'] = now;
    else if (kind === 'R') out[Number(a)]!.stages['R'] = now;
    else throw new Error(`unknown line ${line}`);
    void b;
  }
  return out;
}

const traced = (body: string): ReturnType<typeof parse> => {
  const trace = new KanataTrace({ first: 0, count: 1000 });
  measure(body, '', (profile) => createReferenceTiming(profile, trace));
  return parse(trace.text());
};

test('an instruction that waits for a load issues three cycles after it', () => {
  const all = traced('ld 4,0(20); nop; add 5,4,4; nop');
  const at = all.map(({ label }) => label.split(' ')[1]).lastIndexOf('ld');
  const [ld, nop, add, after] = all.slice(at, at + 4).map(({ stages }) => stages['X']!);
  expect([nop! - ld!, add! - ld!, after! - ld!]).toEqual([1, 3, 4]);
});

test('every instruction is fetched, executed and retired, in order', () => {
  const all = traced('divd 4,5,5; mulld 6,6,6; cntlzd 7,7; b after0; nop; after0: nop');
  for (const [i, { stages }] of all.entries()) {
    expect(stages['F']).toBeLessThanOrEqual(stages['X']!);
    expect(stages['X']).toBeLessThan(stages['end']!);
    expect(stages['end']).toBeLessThanOrEqual(stages['R']!);
    if (i > 0) expect(stages['X']).toBeGreaterThan(all[i - 1]!.stages['X']!);
    if (i > 0) expect(stages['R']).toBeGreaterThanOrEqual(all[i - 1]!.stages['R']!);
  }
});

test('only the window is traced', () => {
  const trace = new KanataTrace({ first: 3, count: 2 });
  measure('nop', '', (profile) => createReferenceTiming(profile, trace));
  expect(trace.complete).toBe(true);
  const lines = trace.text().split('\n');
  expect(lines.filter((line) => line.startsWith('I\t'))).toEqual(['I\t0\t3\t0', 'I\t1\t4\t0']);
});

test.each([
  { first: -1, count: 1 },
  { first: 0, count: 0 },
  { first: 0, count: 2_000_000 },
])('a window of %j is refused', (window) => {
  expect(() => new KanataTrace(window)).toThrow(/^pipeline trace: expected the first instruction from 0 on/);
});

test('tracing changes no cycle', () => {
  const trace = new KanataTrace({ first: 0, count: 10 });
  const body = 'ld 4,0(20); divd 5,4,4; mulld 6,5,5';
  const { warm } = measure(body, '', () => createReferenceTiming(MICROWATT_PROFILE, trace));
  expect(warm).toBe(measure(body).warm);
});
