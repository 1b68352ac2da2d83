/** What an observer is told about a hashed translation. */
import { ACCESS, type AccessName } from '../../../src/mmu/access';
import { POWER8, POWER9 } from '../../../src/mmu/policy';
import { slbmte } from '../../../src/mmu/hash/slb';
import { Translator } from '../../../src/mmu/translate';
import { hiOf, loOf } from '../../../src/core/u64';
import type { WalkEvent } from '../../../src/trace/events/walk';
import { build, type Memory, type Registers } from '../golden/run';
import { GR, HTABORG, hpte, HVD, pates, PTCR, S0, SK, type Slb } from './rows';

interface Setup {
  readonly memory?: Memory;
  readonly set?: Registers;
  readonly slb?: readonly Slb[];
  readonly pate?: bigint;
}

function walk(ea: bigint, setup: Setup, kind: AccessName | 'probe' = 'load'): WalkEvent {
  const { memory, cpu } = build({
    memory: [...pates(setup.pate ?? HTABORG), ...(setup.memory ?? [])],
    set: { MSR: HVD, PTCR, ...setup.set },
    size: 10 << 20,
  });
  for (const [rb, rs] of setup.slb ?? [S0]) slbmte(cpu, rs, rb);
  const mmu = new Translator(memory, POWER9);
  const events: WalkEvent[] = [];
  mmu.observer = { walk: (event) => events.push(event) };
  if (kind === 'probe') mmu.probe(cpu, ACCESS.store, hiOf(ea), loOf(ea));
  else mmu.access(cpu, ACCESS[kind], hiOf(ea), loOf(ea));
  expect(events).toHaveLength(1);
  return events[0]!;
}

const decisions = ({ steps }: WalkEvent): string[] =>
  steps.map(({ what, decision }) => `${what} ${decision}`);

/** The group of page 1 of VSID 12345, and one entry for every reason not to match. */
const GROUP = 0x61a200;
const EVERY_REASON: Memory = [
  ...hpte(GROUP, 0x12345000n, 0x801192n),
  ...hpte(GROUP + 0x10, 0x12345003n, 0x801192n),
  ...hpte(GROUP + 0x20, 0x12345001n, 0x0400000000801192n),
  ...hpte(GROUP + 0x30, 0x12346001n, 0x801192n),
  ...hpte(GROUP + 0x40, 0x12345005n, 0x801192n),
  ...hpte(GROUP + 0x50, 0x12345001n, 0x800801013n),
  ...hpte(GROUP + 0x60, 0x12345081n, 0x801192n),
];

test('a search shows segment, table, both groups with every slot, protection and what is set', () => {
  const event = walk(0x1008n, { memory: EVERY_REASON, slb: [S0, [0x10000002n | 0x8000000n, 0x777000n]] });
  expect(decisions(event)).toEqual([
    'SLBE used',
    'PATE used',
    'HPTE invalid',
    'HPTE other hash',
    'HPTE other segment size',
    'HPTE other page',
    'HPTE other page size',
    'HPTE match',
    'HPTE other page',
    'HPTE invalid',
    ...Array<string>(8).fill('HPTE invalid'),
  ]);
  expect(event.steps[0]).toEqual({
    scope: 'hash',
    what: 'SLBE',
    purpose: 'access',
    value: 0x8000000n,
    value1: 0x12345000n,
    index: 1,
    decision: 'used',
  });
  const secondary = 0x600000 + (~0x12344 & 0x7ff) * 0x80;
  expect(event.steps.slice(2).map(({ hostRa }) => hostRa)).toEqual([
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((slot) => BigInt(GROUP + 16 * slot)),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((slot) => BigInt(secondary + 16 * slot)),
  ]);
  expect(event.steps[7]).toEqual({
    scope: 'hash',
    what: 'HPTE',
    purpose: 'access',
    hostRa: BigInt(GROUP + 0x50),
    value: 0x12345001n,
    value1: 0x800801013n,
    index: 5,
    group: { hash: 'primary', pteg: 0x344, hashValue: 0x12344n, avpn: 0x12345n << 5n },
    decision: 'match',
  });
  expect(event.steps[17]!.group).toEqual({
    hash: 'secondary',
    pteg: 0x4bb,
    hashValue: 0x12344n,
    avpn: 0x12345n << 5n,
  });
  expect(event.permissions).toEqual([
    {
      scope: 'hash',
      purpose: 'access',
      authority: 3,
      keyRights: 'rwx',
      keyClass: 0,
      segmentKey: 0,
      granted: 'r-x',
      needed: 'r--',
      allowed: true,
    },
  ]);
  expect(event.referenceChange).toEqual([
    { scope: 'hash', hostRa: BigInt(GROUP + 0x50), sets: 'R', action: 'updated' },
  ]);
  expect(event).toMatchObject({ mode: 'hash', result: { ra: 0x800801008n, pageShift: 12, rights: 'r-x' } });
});

test('a denied access shows the key, the class and the interrupt', () => {
  const event = walk(
    0x1008n,
    { memory: hpte(GROUP, 0x12345001n, 0x801391n), slb: [SK], set: { AMR: 0x2000000000000000n } },
    'store',
  );
  expect(event.permissions[0]).toMatchObject({ authority: 1, keyClass: 1, segmentKey: 1, keyRights: 'r-x', granted: 'r-x', allowed: false }); // prettier-ignore
  expect(event.fault).toMatchObject({ kind: 'protectionAndKey', stage: 'hash', vector: 0x300 });
});

test('a probe changes nothing and says what an access would set', () => {
  const event = walk(0x1008n, { memory: hpte(GROUP, 0x12345001n, 0x801012n) }, 'probe');
  expect(event.referenceChange).toMatchObject([{ sets: 'RC', action: 'pending' }]);
  expect(event.result).toMatchObject({ rights: '---' });
});

test('TC=1 leaves out the secondary group', () => {
  expect(decisions(walk(0x1008n, { set: { LPCR: 0x200n } }))).toHaveLength(2 + 8);
});

test('a segment miss shows every valid entry, and the tables that are not looked at', () => {
  const slb: Slb[] = [S0, [0x20000000n | 0x8000005n, 0x777000n]];
  expect(walk(0x10000008n, { slb }).steps.map(({ index, decision }) => [index, decision])).toEqual([
    [1, 'other segment'],
    [5, 'other segment'],
  ]);
  expect(decisions(walk(0x10000008n, { slb: [] }))).toEqual(['SLBE invalid']);
  const event = walk(0x10000008n, { slb: [], set: { LPCR: 0x400000n } });
  expect(decisions(event)).toEqual(['SLBE invalid', 'STE unsupported']);
  expect(event.fault).toMatchObject({ interrupt: 'dataSegment' });
});

test('several segments that match are all shown', () => {
  const slb: Slb[] = [S0, [0x8000009n, 0x4000000777000000n], [0x10000000n | 0x800000an, 0x777000n]];
  const event = walk(0x1008n, { slb });
  expect(event.steps.map(({ index, decision }) => [index, decision])).toEqual([
    [1, 'several match'],
    [9, 'several match'],
  ]);
  expect(event.fault).toMatchObject({ kind: 'slbMultihit', interrupt: 'machineCheck' });
});

test('guest real mode shows the implicit segment', () => {
  const event = walk(0x901008n, { slb: [], set: { MSR: GR, LPIDR: 2n }, pate: HTABORG | 0xa0n });
  expect(decisions(event).slice(0, 2)).toEqual(['PATE used', 'SLBE used']);
  expect(event.steps[1]).toMatchObject({ index: -1, value1: 0x4001ffffff000110n });
  expect(event).toMatchObject({ mode: 'hash real', fault: { stage: 'hashReal' } });
});

test('a group outside memory is one step with its address', () => {
  const event = walk(0x1008n, { pate: 0x40000000n });
  expect(event.steps[2]).toMatchObject({ hostRa: 0x40000000n + 0x344n * 0x80n, decision: 'outside memory' });
  expect(decisions(event)).toHaveLength(3);
});

test('the hash has 39 bits', () => {
  const C33: Slb = [0xc000120008000001n, 0x40001abcde000510n];
  const event = walk(0xc000123456789678n, { slb: [C33], pate: HTABORG | 2n });
  expect(event.steps[2]!.group!.hashValue).toBe(0x3579bc2eeaa6n & 0x7fffffffffn);
  const wide: Slb = [0x8000001n, 0xffffff12345000n];
  expect(walk(0x1008n, { slb: [wide] }).steps[2]!.group!.hashValue).toBe(0xffffff12344n & 0x7fffffffffn);
});

test('v2.07 tells the same of its table, without a partition table', () => {
  const { memory, cpu } = build({
    memory: hpte(GROUP, 0x12345001n, 0x801192n),
    set: { MSR: HVD, SDR1: HTABORG },
    size: 10 << 20,
  });
  slbmte(cpu, S0[1], S0[0]);
  const mmu = new Translator(memory, POWER8);
  const events: WalkEvent[] = [];
  mmu.observer = { walk: (event) => events.push(event) };
  expect(mmu.access(cpu, ACCESS.load, 0, 0x1008)).toBe(true);
  expect(decisions(events[0]!).slice(0, 3)).toEqual(['SLBE used', 'HPTE match', 'HPTE invalid']);
});
