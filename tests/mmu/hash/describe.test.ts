/** What the dump commands are told about SLB, segments and page table. */
import { describeSegments, describeSlb, jsonable } from '../../../src/mmu/hash/describe';
import { describeHpt, sizeText, type HptSource } from '../../../src/mmu/hash/describe-hpt';
import { hptText, segmentsText, slbText } from '../../../src/mmu/hash/describe-text';
import { slbmte } from '../../../src/mmu/hash/slb';
import { POWER8, POWER9 } from '../../../src/mmu/policy';
import { CpuState } from '../../../src/state/cpu-state';
import { build, type Memory } from '../golden/run';
import { HTABORG, hpte, pates, PTCR, S0, toV207, type Slb } from './rows';

const TERA: Slb = [(0x100n << 40n) | 0x8000000n, 0x4000000123000f90n & ~0x800n];
const SEGMENTS: readonly Slb[] = [TERA, S0, [(1n << 40n) | 0x8000003n, 0x777110n]];

function loaded(slb: readonly Slb[]): CpuState {
  const cpu = CpuState.detached();
  for (const [rb, rs] of slb) expect(slbmte(cpu, rs, rb)).not.toBe('invalid');
  return cpu;
}

test('SLB entries are decoded', () => {
  const [first] = describeSlb(loaded(SEGMENTS));
  expect(first).toEqual({
    index: 0,
    valid: true,
    first: 0x100n << 40n,
    last: (0x101n << 40n) - 1n,
    segmentShift: 40,
    basePageShift: 16,
    vsid: 0x123n,
    ks: 0,
    kp: 1,
    noExecute: true,
    class: 1,
    esidWord: TERA[0],
    vsidWord: TERA[1],
    overlaps: [],
  });
});

test('filters: address, VSID, also what is not valid', () => {
  const cpu = loaded(SEGMENTS);
  const indices = (filter: Parameters<typeof describeSlb>[1]): number[] =>
    describeSlb(cpu, filter).map(({ index }) => index);
  expect(indices({})).toEqual([0, 1, 3]);
  expect(indices({ ea: 0xfffffffn })).toEqual([1]);
  expect(indices({ ea: 0x10000000n })).toEqual([]);
  expect(indices({ ea: (0x101n << 40n) - 1n })).toEqual([0]);
  expect(indices({ vsid: 0x777n })).toEqual([3]);
  expect(indices({ invalid: true })).toHaveLength(32);
});

test('segments come in order of addresses, overlapping ones say so', () => {
  const cpu = loaded([...SEGMENTS, [(1n << 40n) | 0x8000007n, 0x4000000222000000n]]);
  expect(describeSegments(cpu).map(({ index, overlaps }) => [index, overlaps])).toEqual([
    [1, []],
    [3, [7]],
    [7, [3]],
    [0, []],
  ]);
  expect(segmentsText(describeSegments(cpu))[1]).toBe(
    '0000010000000000-000001000FFFFFFF 256M VSID 0000000000777 pages 64K -- -- - C0  entry 3  overlaps 7: machine check where they meet',
  );
  expect(slbText(describeSlb(cpu, { ea: 0n }))).toEqual([
    ' 1  0000000008000000 0000000012345000  0000000000000000-000000000FFFFFFF 256M VSID 0000000012345 pages 4K  -- -- - C0',
  ]);
  expect(slbText(describeSlb(CpuState.detached(), { invalid: true }))[31]).toContain('invalid');
});

const primary = (n: number): number => 0x600000 + ((0x12345 ^ n) & 0x7ff) * 0x80;
const TABLE: Memory = [
  ...hpte(primary(1) + 0x30, 0x12345001n, 0x80119bn),
  ...hpte(0x625f00, 0x12345003n, 0x804012n),
  ...hpte(0x61b280, 0x12345005n, 0x827192n),
  ...hpte(0x63ad80, 0x0000000123004501n, 0x8400000000811c96n),
  // In the group of another hash; with a page size that does not exist; with a segment size that does not.
  ...hpte(primary(2), 0x777005n, 0x831192n),
  ...hpte(primary(2) + 0x10, 0x12345005n, 0x802192n),
  ...hpte(primary(2) + 0x20, 0x12345001n, 0x0800000000802192n),
  ...hpte(primary(2) + 0x40, 0x12345000n, 0x802192n),
];

function source(model: 'v3.0' | 'v2.07', table: Memory = TABLE, pate = HTABORG): HptSource {
  const v3 = model === 'v3.0';
  const { memory, cpu } = build({
    memory: v3 ? [...pates(pate), ...table] : toV207(table),
    set: v3 ? { PTCR, LPIDR: 2n } : { SDR1: pate },
    prepare: (state) => {
      slbmte(state, S0[1], S0[0]);
      slbmte(state, 0x4000000123000000n, 0x10008000002n);
    },
    size: 10 << 20,
  });
  return { cpu, memory, policy: v3 ? POWER9 : POWER8 };
}

describe.each(['v3.0', 'v2.07'] as const)('page table, %s', (model) => {
  test('entries are decoded, the virtual address completed from the group', () => {
    const { entries, table, statistics, omitted } = describeHpt(source(model));
    expect(table).toMatchObject({ base: HTABORG, shift: 18, groups: 2048 });
    expect(omitted).toBe(0);
    expect(entries.map(({ va, basePageShift, pageShift, ra, eas, problem }) => [va, basePageShift, pageShift, ra, eas, problem])) // prettier-ignore
      .toEqual([
        [0x123450001000n, 12, 12, 0x801000n, [0x1000n], undefined],
        [0x7770300000n, 16, 16, 0x830000n, [], 'not in the group of its hash'],
        [0x123450000000n, 0, 0, 0x802000n, [0n], 'reserved page size'],
        [0x123450002000n, 12, 12, 0x802000n, [0x2000n], 'reserved segment size'],
        [0x123450020000n, 12, 16, 0x820000n, [0x20000n], undefined],
        [0x123450004000n, 12, 12, 0x804000n, [0x4000n], undefined],
        [0x1230045678000n, 12, 12, 0x811000n, [0x10045678000n], undefined],
      ]);
    expect(statistics).toEqual({
      slots: 16384,
      valid: 7,
      loadFactor: 7 / 16384,
      secondary: 1,
      fullGroups: 0,
      longestProbe: 9,
      unreachable: 3,
      pageSizes: { '4K/4K': 4, '4K/64K': 1, '64K/64K': 1, '?/?': 1 },
    });
    const last = entries.find(({ ra }) => ra === 0x811000n)!;
    expect(last).toMatchObject({
      pp: 6,
      keyClass: 6,
      wimg: 2,
      noExecute: true,
      referenced: false,
      changed: true,
    });
    expect(entries[0]).toMatchObject({
      slot: 3,
      wimg: 3,
      referenced: true,
      changed: true,
      pp: 3,
      hash: 'primary',
    });
  });
});

test('filters and limit', () => {
  const from = source('v3.0');
  const ras = (filter: Parameters<typeof describeHpt>[1]): bigint[] =>
    describeHpt(from, filter).entries.map(({ ra }) => ra);
  expect(ras({ ea: 0x1fffn })).toEqual([0x801000n]);
  expect(ras({ vsid: 0x123n })).toEqual([0x811000n]);
  expect(ras({ ra: 0x82ffffn })).toEqual([0x820000n]);
  expect(ras({ group: 0x4be })).toEqual([0x804000n]);
  const { entries, omitted, statistics } = describeHpt(from, { limit: 2 });
  expect([entries.length, omitted, statistics.valid]).toEqual([2, 5, 7]);
});

test('a full group and the longest probe', () => {
  const slots = [0, 1, 2, 3, 4, 5, 6, 7];
  const full = slots.flatMap((slot) =>
    hpte(primary(1) + 16 * slot, 0x12345001n + BigInt(slot << 28), 0x801192n),
  );
  const second = hpte(0x600000 + (~0x12344 & 0x7ff) * 0x80 + 0x50, 0x12345003n, 0x801192n);
  const { statistics } = describeHpt(source('v3.0', [...full, ...second]));
  expect(statistics).toMatchObject({ valid: 9, fullGroups: 1, longestProbe: 14, secondary: 1 });
});

test.each([
  ['radix', HTABORG | (1n << 63n), 'partition 2 has radix translation', 0],
  ['HTABSIZE', HTABORG | 30n, 'HTABSIZE 30 is reserved', 0],
  ['outside', 0x40000000n, 'the table is outside memory', 0],
  ['partly', 0x800000n | 5n, 'the table is only partly in memory', 16384 * 8],
  ['unaligned', 0x640000n | 1n, 'the table is not aligned to its size', 4096 * 8],
  ['enormous', 28n, 'the table is only partly in memory', (10 << 20) / 16],
])('%s: the reason is told', (_name, pate, problem, slots) => {
  const { table, statistics } = describeHpt(source('v3.0', [], pate));
  expect(table.problem).toBe(problem);
  expect(statistics.slots).toBe(slots);
});

test('a partition that the partition table does not have, and a partition table outside memory', () => {
  const from = source('v3.0');
  expect(describeHpt({ ...from, lpid: 300 }).table.problem).toBe('the partition table has no entry 300');
  from.cpu.setNamed('PTCR', 0x40000000n);
  expect(describeHpt(from).table.problem).toBe('the partition table is outside memory');
});

test('text', () => {
  const lines = hptText(describeHpt(source('v3.0'), { limit: 1 }));
  expect(lines).toEqual([
    'PATE of LPID 2: 256K at 0x600000, 2048 groups',
    '7 of 16384 slots valid (load factor 0.0%), 1 by secondary hash, 0 groups full, longest probe 9',
    'pages: 4 of 4K/4K, 1 of 64K/64K, 1 of ?/?, 1 of 4K/64K',
    '3 valid entries that no search finds',
    '0061A230 P836.3  VA 00000123450001000 -> RA 000000000801000  4K/4K    pp 011 key 0 RC --MG - EA 0000000000001000',
    '6 more entries not listed',
  ]);
});

test('data as JSON has 64-bit values as strings', () => {
  const json = JSON.stringify(jsonable(describeHpt(source('v2.07'), { limit: 1 })));
  expect(JSON.parse(json)).toMatchObject({
    table: { from: 'SDR1', base: '0x600000' },
    entries: [{ va: '0x123450001000', eas: ['0x1000'], slot: 3, noExecute: false }],
  });
});

test('sizes', () => expect([12, 16, 24, 28, 34, 40, 0].map(sizeText)).toEqual(['4K', '64K', '16M', '256M', '16G', '1T', '?'])); // prettier-ignore
