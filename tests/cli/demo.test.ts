/** `book3s demo`: what it shows is there, in order, and true. */
import fs from 'node:fs';
import path from 'node:path';
import { runDemo } from '../../src/cli/demo/demo';
import type { CliIo } from '../../src/cli/command';
import type { NestedFaultEvent } from '../../src/trace/events/nested';
import { cli } from '../support/cli';
import { golden } from '../support/guest';
import { runPseries } from '../support/pseries-guest';

async function demo(color = false): Promise<{ code: number; text: string }> {
  let text = '';
  const io = { out: { write: (part: string) => void (text += part) } } as unknown as CliIo;
  return { code: await runDemo({ color }, io), text };
}

const TITLES = [
  'Console',
  'One trace, three levels',
  'The reverse map: who maps a frame of L1',
  'Translations of the guests, until L1 invalidates',
];

/** The lines below each title. */
function sections(text: string): Map<string, string[]> {
  const parts = text.split('\n\n').slice(1, -1);
  return new Map(parts.map((part) => [part.split('\n')[0]!, part.split('\n').slice(1)]));
}

let text = '';
let parts = new Map<string, string[]>();
beforeAll(async () => {
  const { code, text: shown } = await demo();
  expect(code).toBe(0);
  text = shown;
  parts = sections(text);
});

test('it has its parts in order, and no more lines than a person reads', () => {
  expect([...parts.keys()]).toEqual(TITLES);
  const lines = text.trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(66);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(135);
  expect(lines[0]).toBe(
    'nested.s on pseries, power9: L0 is book3s, L1 a hypervisor in its memory, L2 its guests A and B',
  );
});

test('the guests print what they print when the host moves no page', () => {
  expect(`${parts.get('Console')!.join('\n')}\n`).toBe(golden('nested.console.txt', ''));
});

describe('the trace', () => {
  const lines = (): string[] => parts.get('One trace, three levels')!;

  test('has entries of both guests, their faults and exits, the invalidation and the move, in order of time', () => {
    const told = lines().flatMap((line) => /^ +(\d+) {2}(L[012]) {2}(.*)/.exec(line)?.slice(1) ?? []);
    const times = told.filter((_, i) => i % 3 === 0).map(Number);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const order = [
      /L1 {2}H_SET_PARTITION_TABLE = H_SUCCESS/,
      /L1 {2}H_ENTER_NESTED: A, LPID 1/,
      /L0 {2}A fetches 0x0: .*one story/,
      /L0 {2}A loads 0x10000: 64K of L1, 2M of L0: shadow page of 64K; frame 0x20, promoted/,
      /L2 {2}A makes a hypercall: exit to L1 with 0xc00 x 4/,
      /L1 {2}H_ENTER_NESTED: B, LPID 2/,
      /L0 {2}B's tables at 0x10000/,
      /L0 {2}B loads 0x400000: L1's tree has nothing there/,
      /L2 {2}B has a page fault that is L1's: exit to L1 with 0xe00/,
      /L1 {2}H_TLB_INVALIDATE = H_SUCCESS/,
      /L0 {2}shadow entries removed by H_TLB_INVALIDATE: A 0x200000/,
      /L0 {2}the host moves the 32 pages behind frame 0x20 of L1/,
      /L0 {2}shadow entries removed by host unmap: B 0x200000, A 0x10000, A 0x0/,
      /L0 {2}A faults and its shadow entries are made again: 0x0 \(64K\), 0x10000 \(64K\), 0x200000 \(2M\)/,
    ].map((wanted) => lines().findIndex((line) => wanted.test(line)));
    expect(order).not.toContain(-1);
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  test('tells the first fault with the entries that a run without the demonstration has', () => {
    const { events } = runPseries('nested.s', { trace: ['nested'] });
    const { walk, l1, l0, shadow, rmapGfn, rmap } = events.find(
      (event): event is NestedFaultEvent => event.ev === 'nested.fault',
    )!;
    const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
    const begin = lines().findIndex((line) => line.includes('one story'));
    const story = lines().slice(begin + 1, begin + 5);
    expect(story[0]).toContain(
      `${walk.length} entries, the last @${hex(walk.at(-1)!.guestRa)}: ${hex(l1!.pte)}`,
    );
    expect(story[1]).toContain(hex(l0!.pte));
    expect(story[2]).toContain(hex(shadow!.pte));
    expect(story[3]).toContain(`frame ${hex(rmapGfn!)} of L1: ${rmap} entry`);
  });
});

test('the reverse map: what L1 invalidates is stale, what the host takes is gone, what is mapped again is new', () => {
  const [, ...lines] = parts.get('The reverse map: who maps a frame of L1')!;
  const rows = lines.flatMap((line) => {
    const [, entry, states] = /^ *(0x\w+ {2}[AB] 0x\w+) {2,}(\S.*)$/.exec(line) ?? [];
    return entry === undefined ? [] : [[entry, states!.split(/ +/).join(' ')]];
  });
  expect(rows).toEqual([
    ['0x20  B 0x200000', 'live live - -'],
    ['0x20  A 0x10000', 'live live - -'],
    ['0x20  A 0x0', 'live live - -'],
    ['0x30  A 0x0', '- - - live'],
    ['0x31  A 0x10000', '- - - live'],
    ['0x40  A 0x200000', 'live stale stale stale'],
    ['0x60  A 0x200000', '- - - live'],
  ]);
  expect(lines.join('\n')).toContain('and 3 that stay as they are');
});

test('the translations are those of both guests, each with the levels of its own tree and of the shadow tree', () => {
  const [head, ...rows] = parts.get('Translations of the guests, until L1 invalidates')!;
  expect(head!.trim().split(/ {2,}/)).toEqual(
    ['t', 'access', 'guest', 'EA', 'L2 real', 'host real', 'page', 'levels', 'reads', 'TLB hits'],
  ); // prettier-ignore
  const cells = rows.map((row) => row.trim().split(/ {2,}/));
  expect(cells.map(([, access, guest, ea, , , page, levels]) => [access, guest, ea, page, levels])).toEqual([
    ['fetch', 'A real', '0', '64K', '0+4'],
    ['load', 'A real', '10000', '64K', '0+2'],
    ['load', 'A real', '200000', '2M', '0+2'],
    ['load', 'A real', '40001020', '2M', '0+3'],
    ['fetch', 'B PID 1', '0', '4K', '4+0'],
    ['load', 'B PID 1', '1000', '4K', '2+0'],
    ['load', 'B PID 1', '200000', '64K', '2+3'],
    ['load', 'B PID 1', '400000', '2M', '2+2'],
  ]);
  for (const [, , , , , , , , reads, hits] of cells)
    expect([Number(reads) > 0, Number(hits) >= 0]).toEqual([true, true]);
});

test('it is the same each time, in colour too', async () => {
  expect((await demo()).text).toBe(text);
  const { text: colored } = await demo(true);
  expect(colored).not.toBe(text);
  expect(colored.replace(/\x1b\[\d+m/g, '')).toBe(text);
});

test('--help says what it does', async () => {
  const { code, out } = await cli(['demo', '--help']);
  expect([code, /L0, L1 and L2 in one trace/.test(out.replace(/\s+/g, ' '))]).toEqual([0, true]);
});

test('every line that the README shows of it is a line of it', () => {
  const readme = fs.readFileSync(path.join(__dirname, '..', '..', 'README.md'), 'utf8');
  const block = readme.split('\n```\n').find((part) => part.includes('one story:'))!;
  const shown = block.split('\n').filter((line) => line !== '' && line !== '...');
  expect(shown.length).toBeGreaterThan(20);
  const lines = new Set(text.split('\n'));
  expect(shown.filter((line) => !lines.has(line))).toEqual([]);
});
