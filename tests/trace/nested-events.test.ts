/** Events of nested guests and of a hypervisor's calls: as text, for Perfetto, in summaries, through filters. */
import type { TraceEvent } from '../../src/trace/events';
import { matcher } from '../../src/trace/filter';
import { PerfettoSink } from '../../src/trace/sinks/perfetto';
import { TextSink } from '../../src/trace/sinks/text';
import { Summary } from '../../src/trace/summary';
import { MemoryOutput } from '../support/trace-events';

const guest = { t: 100, cpu: 0, lpid: 1, shadowLpid: 2 } as const;
const ENTER: TraceEvent = {
  ev: 'nested.enter', ...guest, token: 3, nip: 0x100n, msr: 0x8000n, deadline: 1000n,
  sanitised: [{ register: 'LPCR', from: 0n, to: 0x55f400n }], budget: 40n, wanted: 900n, hdecBy: "L0's timer",
}; // prettier-ignore
const FAULT: TraceEvent = {
  ev: 'nested.fault', ...guest, t: 103, trap: 0xe00, ea: 0x20_0010n, nGpa: 0x20_0010n, dsisr: 0x4200_0000n,
  walk: [
    { level: 3, guestRa: 0x1000n, value: 0x8000_0000_0000_2009n },
    { level: 2, guestRa: 0x2000n, value: 0xc000_0000_4000_0187n },
  ],
  verdict: 'ok',
  l1: { ra: 0x4020_0000n, pte: 0xc000_0000_4000_0187n, shift: 30 },
  l0: { ra: 0x60_0000n, pte: 0xc000_0000_0060_0187n, shift: 21 },
  instantiated: true,
  shadow: { ra: 0x20_0000n, pte: 0xc000_0000_0060_0187n, shift: 21 },
  rmapGfn: 0x4020, rmap: 'single', outcome: 'resume',
}; // prettier-ignore
const REFLECTED: TraceEvent = {
  ev: 'nested.fault', ...guest, t: 104, trap: 0xe20, ea: 0x300n, nGpa: 0x300n, dsisr: 0x4000_0000n,
  walk: [{ level: 3, guestRa: 0x1000n, value: 0n }], verdict: 'EFAULT', instantiated: false, outcome: 'reflect',
  reflectedDsisr: 0x2_0000n, reflectedAsdr: 0x7000n,
}; // prettier-ignore
const EXIT: TraceEvent = {
  ev: 'nested.exit', ...guest, t: 110, trap: 0xe20, reason: 'hypervisorInstructionStorage', nip: 0x300n, msr: 0n,
  ticks: 10n, faults: 2, instructions: 10, changed: [{ register: 'NIP', from: 0x100n, to: 0x300n }],
}; // prettier-ignore
const HCALL: TraceEvent = {
  ev: 'hcall', t: 111, cpu: 0, number: 0xf808, name: 'H_TLB_INVALIDATE', args: [{ name: 'rs', value: 1n }],
  result: 'H_SUCCESS', results: [], fields: [{ name: 'RIC', value: 2n }], effect: 'LPID 1: everything',
}; // prettier-ignore
const REST: readonly TraceEvent[] = [
  { ev: 'shadow.invalidate', ...guest, t: 112, cause: 'host unmap', nGpa: 0x20_0000n, pte: 0xc000_0000_0060_0187n, shift: 21 },
  { ev: 'shadow.invalidate', ...guest, t: 112, cause: 'H_TLB_INVALIDATE', tables: 3 },
  { ev: 'nested.guest', ...guest, t: 112, op: 'remove', cause: 'H_TLB_INVALIDATE', pate0: 0n, pate1: 0n },
  { ev: 'rmap', t: 112, cpu: 0, op: 'drop', gfn: 0x4020, lpid: 1, nGpa: 0x20_0000n, live: false, cause: 'host unmap' },
  { ev: 'nested.warning', t: 112, cpu: 0, hazard: 'H-6', message: 'removed while in use' },
]; // prettier-ignore
const ALL = [ENTER, FAULT, REFLECTED, EXIT, HCALL, ...REST];

test('as text: a head line each, and the story of a fault below it', () => {
  const output = new MemoryOutput();
  const sink = new TextSink(output, { color: false });
  ALL.forEach((event) => sink.event(event));
  expect(`\n${output.text}`).toMatchInlineSnapshot(`
   "
            100 cpu0  nested.enter LPID 1 (shadow 2) vCPU 3 at 0x100 MSR 0x8000, HDEC in 40 ticks by L0's timer (L1's deadline in 900)
                      sanitised LPCR 0x0 -> 0x55f400
            103 cpu0  nested.fault LPID 1 (shadow 2) store of n_gpa 0x200010 (EA 0x200010), 0xe00 HDSISR 0x42000000 NO_TRANSLATION+STORE: resume
                      L1 level 3 @ 0x1000 = 0x8000000000002009 next level
                      L1 level 2 @ 0x2000 = 0xc000000040000187 leaf
                      L1     0xc000000040000187  1G rwxRC -> L1 RA 0x40200000
                      L0     0xc000000000600187  2M rwxRC -> host RA 0x600000, made for this access
                      shadow 0xc000000000600187  2M rwxRC at n_gpa 0x200000
                      rmap   gfn 0x4020: single
            104 cpu0  nested.fault LPID 1 (shadow 2) fetch of n_gpa 0x300 (EA 0x300), 0xe20 HDSISR 0x40000000 NO_TRANSLATION: reflect
                      L1 level 3 @ 0x1000 = 0x0 leads to where L1 has no memory (EFAULT)
                      => L1 gets 0xe20 with 0x20000 TABLE_WALK, ASDR 0x7000
            110 cpu0  nested.exit LPID 1 (shadow 2) trap 0xe20 hypervisorInstructionStorage at 0x300 MSR 0x0 after 10 instructions, 10 ticks, 2 faults
                      changed NIP 0x100 -> 0x300
            111 cpu0  hcall      H_TLB_INVALIDATE(rs 0x1) = H_SUCCESS
                      RIC=0x2: LPID 1: everything
            112 cpu0  shadow.invalidate LPID 1 (shadow 2) n_gpa 0x200000 2M 0xc000000000600187 rwxRC by host unmap
            112 cpu0  shadow.invalidate LPID 1 (shadow 2) the whole tree (3 tables) by H_TLB_INVALIDATE
            112 cpu0  nested.guest remove LPID 1 (shadow 2) by H_TLB_INVALIDATE, PATE 0x0 0x0
            112 cpu0  rmap       drop gfn 0x4020: LPID 1 n_gpa 0x200000, stale by host unmap
            112 cpu0  nested.warning H-6: removed while in use
   "
  `);
});

test('for Perfetto: a run is a slice that begins and ends, what belongs to it is on its track', () => {
  const output = new MemoryOutput();
  const sink = new PerfettoSink(output);
  sink.begin({});
  // An exit without its entry, as in a trace that begins later, is no slice.
  [EXIT, ...ALL, ENTER].forEach((event) => sink.event(event));
  sink.end();
  const records = JSON.parse(output.text) as { ph: string; name: string; tid: number; ts: number }[];
  const slices = records.filter(({ ph }) => ph === 'B' || ph === 'E');
  expect(slices.map(({ ph, name, ts }) => [ph, name, ts])).toEqual([
    ['B', 'LPID 1 (shadow 2)', 100],
    ['E', 'LPID 1 (shadow 2)', 110],
    ['B', 'LPID 1 (shadow 2)', 100],
  ]);
  const fault = records.find(({ name }) => name === 'fault 0x200010: resume')!;
  expect(fault.tid).toBe(slices[0]!.tid);
  expect(records.some(({ name }) => name === 'H_TLB_INVALIDATE = H_SUCCESS')).toBe(true);
});

test('a summary counts exits, faults, invalidations, hypercalls and what runs came to', () => {
  const summary = new Summary();
  ALL.forEach((event) => summary.add(event));
  expect(summary.result()).toMatchObject({
    hypercalls: { 'H_TLB_INVALIDATE = H_SUCCESS': 1 },
    nestedExits: { 'LPID 1 0xe20 hypervisorInstructionStorage': 1 },
    nestedFaults: { 'LPID 1 0xe00 resume, rmap single': 1, 'LPID 1 0xe20 reflect': 1 },
    shadowInvalidations: { 'host unmap': 1, H_TLB_INVALIDATE: 1 },
    rmap: { 'drop of a stale entry': 1 },
    warnings: { 'H-6': 1 },
    nestedRuns: { runs: 1, instructions: 10, ticks: 10 },
  });
});

test('filters: the LPID of nested events is the hardware s, as in walks; faults have an address', () => {
  const pass = (filter: Parameters<typeof matcher>[0]): string[] =>
    ALL.filter(matcher(filter)).map(({ ev }) => ev);
  expect(pass({ lpid: 1 })).toEqual([]);
  expect(new Set(pass({ lpid: 2 }))).toEqual(
    new Set(['nested.enter', 'nested.fault', 'nested.exit', 'shadow.invalidate', 'nested.guest']),
  );
  expect(pass({ ea: { from: 0x300n, to: 0x300n } })).toEqual(['nested.fault', 'nested.exit']);
});
