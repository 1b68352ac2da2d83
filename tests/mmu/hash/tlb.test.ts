/** The architected TLB of hashed translation: what stays until it is invalidated, and what must not. */
import { ACCESS } from '../../../src/mmu/access';
import { slbmte } from '../../../src/mmu/hash/slb';
import { effectiveLookaside, INVALIDATE_ALL } from '../../../src/mmu/invalidate';
import { POWER10, POWER8, POWER9, type MmuPolicy } from '../../../src/mmu/policy';
import type { Machine, Memory } from '../golden/run';
import { IS, TlbBench } from '../tlb/bench';
import { GR, HTABORG, hpte, HVD, pates, PTCR, S0, toV207 } from './rows';

const primary = (n: number): number => 0x600000 + ((0x12345 ^ n) & 0x7ff) * 0x80;
const page = (n: number, dw1: bigint): Memory => hpte(primary(n), 0x12345001n | (BigInt(n >> 11) << 7n), dw1);
const TABLE: Memory = [
  ...page(1, 0x801192n),
  ...page(2, 0x802012n),
  ...page(3, 0x803193n),
  ...page(0x101, 0x901192n),
  ...hpte(0x61b280, 0x12345005n, 0x827192n),
  ...hpte(0x63ad80, 0x0000000123004501n, 0x0400000000811192n),
];

class Bench extends TlbBench {
  constructor(policy: MmuPolicy = POWER9) {
    const v3 = policy !== POWER8;
    const base: Machine = {
      memory: v3 ? [...pates(HTABORG), ...TABLE] : toV207(TABLE),
      set: { MSR: HVD, ...(v3 ? { PTCR } : { SDR1: HTABORG }) },
      size: 10 << 20,
      prepare: (cpu) => {
        slbmte(cpu, S0[1], S0[0]);
        slbmte(cpu, 0x4000000123000000n, 0x10008000002n);
      },
    };
    super(base, policy, 'hash');
  }
}

/** VA[14:65] of page n of VSID 12345. */
const rb = (n: bigint): bigint => (0x12345n << 28n) | (n << 12n);

describe.each([POWER8, POWER9, POWER10])('$name', (policy) => {
  const warm = (): Bench => {
    const bench = new Bench(policy);
    expect(bench.load(0x1008n)).toBe(0x801008n);
    expect(bench.walk!.tlb).toBe('miss');
    bench.write(primary(1), 0n);
    return bench;
  };

  test('an entry that went from the table is used until it is invalidated', () => {
    const bench = warm();
    expect(bench.load(0x1ff8n)).toBe(0x801ff8n);
    expect(bench.walk).toMatchObject({ tlb: 'hit', result: { ra: 0x801ff8n, rights: 'rwx' } });
    expect(bench.walk!.steps.map(({ what }) => what)).toEqual(['SLBE']);
    bench.tlbie({ rb: rb(1n) });
    expect(bench.load(0x1008n)).toBe('dataStorage');
  });

  test.each([
    ['another page', { rb: 0x12345002000n << 0n }],
    ['another partition', { rb: rb(1n), rs: 3n }],
    ['all of another partition', { rb: IS(2n), rs: 3n }],
  ])('an invalidation of %s leaves it', (_name, operands) => {
    const bench = warm();
    bench.tlbie(operands);
    expect(bench.load(0x1008n)).toBe(0x801008n);
  });

  test.each([
    ['its partition', { rb: IS(2n) }],
    ['everything', { rb: IS(3n), rs: 3n }],
    ['a larger page around it', { rb: rb(0n) | 0xa0n }],
  ])('an invalidation of %s takes it', (_name, operands) => {
    const bench = warm();
    bench.tlbie(operands);
    expect(bench.load(0x1008n)).toBe('dataStorage');
  });

  test('what only takes effective-to-real translations leaves it, a change of the table’s base does not', () => {
    const bench = warm();
    bench.drop(effectiveLookaside('slbia'));
    expect(bench.load(0x1008n)).toBe(0x801008n);
    bench.drop(INVALIDATE_ALL);
    expect(bench.load(0x1008n)).toBe('dataStorage');
  });

  test('tlbiel in every congruence class takes it', () => {
    const bench = warm();
    const { sets } = bench.mmu.caches!.hashed!.geometry;
    for (let set = 0; set < sets; set++) {
      if (set !== (0x1 & (sets - 1))) bench.tlbie({ operation: 'tlbiel', rb: IS(3n) | BigInt(set << 12) });
    }
    if (sets > 1) expect(bench.load(0x1008n)).toBe(0x801008n);
    bench.tlbie({ operation: 'tlbiel', rb: IS(3n) | (BigInt(1 & (sets - 1)) << 12n) });
    expect(bench.load(0x1008n)).toBe('dataStorage');
  });

  test('the first store to a page whose C is 0 searches again, and sets it', () => {
    const bench = new Bench(policy);
    bench.load(0x2008n);
    expect(bench.access('store', 0x2008n)).toBe(0x802008n);
    expect(bench.walk!.tlb).toBe('hit, walked again');
    expect(bench.machine.memory.getDoubleword(primary(2) + 8)).toBe(0x802192n);
    bench.access('store', 0x2010n);
    expect(bench.walk!.tlb).toBe('hit');
  });

  test('a permission that is added is seen, one that is taken away is not', () => {
    const bench = new Bench(policy);
    bench.load(0x3008n);
    expect(bench.access('store', 0x3008n)).toBe('dataStorage');
    bench.write(primary(3) + 8, 0x803192n);
    expect(bench.access('store', 0x3008n)).toBe(0x803008n);
    bench.write(primary(3) + 8, 0x803193n);
    expect(bench.access('store', 0x3008n)).toBe(0x803008n);
  });

  test('keys are looked at in each use', () => {
    const bench = warm();
    bench.set('AMR', 0x4000000000000000n);
    // The key denies, so the table is searched, where the entry is no more.
    expect(bench.load(0x1008n)).toBe('dataStorage');
    expect(bench.walk!.tlb).toBe('hit, walked again');
    bench.set('AMR', 0n);
    expect(bench.load(0x1008n)).toBe(0x801008n);
  });

  test('a large page is found at all its addresses once it is known', () => {
    const bench = new Bench(policy);
    expect(bench.load(0x23340n)).toBe('dataStorage');
    bench.load(0x20340n);
    expect(bench.load(0x23340n)).toBe(0x823340n);
    bench.tlbie({ rb: rb(0x20n) | 0xa0n });
    expect(bench.load(0x23340n)).toBe('dataStorage');
  });

  test('1 TiB segments', () => {
    const bench = new Bench(policy);
    expect(bench.load(0x10045678008n)).toBe(0x811008n);
    bench.write(0x63ad80, 0n);
    expect(bench.load(0x10045678010n)).toBe(0x811010n);
    expect(bench.load(0x10145678010n)).toBe('dataStorage');
    bench.tlbie({ rb: (0x123n << 40n) | 0x45678000n | 0x100n });
    expect(bench.load(0x10045678008n)).toBe('dataStorage');
  });

  test('partitions do not see each other’s entries', () => {
    const bench = warm();
    bench.set('LPIDR', 2n);
    expect(bench.load(0x1008n)).toBe('dataStorage');
  });

  test('a probe uses the entry and does not make one', () => {
    const bench = new Bench(policy);
    const probe = (): boolean => bench.mmu.probe(bench.machine.cpu, ACCESS.load, 0, 0x1008);
    expect(probe()).toBe(true);
    expect(bench.walk!.tlb).toBe('miss');
    probe();
    expect(bench.walk!.tlb).toBe('miss');
    bench.load(0x1008n);
    probe();
    expect(bench.walk!.tlb).toBe('hit');
  });
});

test('what it does is told: miss, insert with set and way, hit, eviction, invalidation', () => {
  const bench = new Bench(POWER9);
  bench.load(0x1008n);
  bench.load(0x101008n);
  bench.load(0x1010n);
  bench.tlbie({ rb: IS(2n) });
  const where = { structure: 'TLB', lpid: 0, pageShift: 12, set: 1 };
  expect(bench.events).toMatchObject([
    { action: 'miss', ea: 0x1008n },
    { action: 'insert', ...where, way: 0, ra: 0x801008n },
    { action: 'miss', ea: 0x101008n },
    { action: 'insert', ...where, way: 1, ra: 0x901008n },
    { action: 'hit', ...where, way: 0 },
    { action: 'invalidate', count: 2 },
  ]);
  expect(bench.events).toHaveLength(6);
});

test('the least recently used entry of a full class goes', () => {
  const bench = new Bench(POWER9);
  for (const n of [1, 0x101, 0x201, 0x301, 0x401]) {
    for (const [at, value] of page(n, BigInt(n << 12) | 0x192n)) bench.write(at, value);
    bench.load(BigInt(n << 12));
  }
  expect(bench.events.map(({ action }) => action).filter((action) => action === 'evict')).toHaveLength(1);
  bench.load(0x101008n);
  expect(bench.walk!.tlb).toBe('hit');
  bench.load(0x1008n);
  expect(bench.walk!.tlb).toBe('miss');
});

test('a probe does not count as use', () => {
  const bench = new Bench(POWER9);
  const pages = [1, 0x101, 0x201, 0x301];
  for (const n of [...pages, 0x401])
    for (const [at, value] of page(n, BigInt(n << 12) | 0x192n)) bench.write(at, value);
  for (const n of pages) bench.load(BigInt(n << 12));
  bench.mmu.probe(bench.machine.cpu, ACCESS.load, 0, 0x1000);
  expect(bench.walk!.tlb).toBe('hit');
  bench.load(0x401000n);
  bench.load(0x1000n);
  expect(bench.walk!.tlb).toBe('miss');
});

test('guest real mode uses it too', () => {
  const bench = new Bench(POWER9);
  const real = 0x1ffffffn;
  const group = 0x600000 + Number((real ^ (real << 25n) ^ 5n) & 0x7ffn) * 0x80;
  bench.write(group, (real << 24n) | 1n);
  bench.write(group + 8, (1n << 58n) | 0x805192n);
  bench.set('MSR', GR);
  expect(bench.load(0x5008n)).toBe(0x805008n);
  bench.write(group, 0n);
  expect(bench.load(0x5010n)).toBe(0x805010n);
  expect(bench.walk!.tlb).toBe('hit');
});

test('POWER10: one tlbiel takes all, whatever class it names', () => {
  const bench = new Bench(POWER10);
  for (const ea of [0x1008n, 0x3008n]) bench.load(ea);
  bench.write(primary(1), 0n);
  bench.write(primary(3), 0n);
  bench.tlbie({ operation: 'tlbiel', rb: IS(3n) | (5n << 12n) });
  for (const ea of [0x1008n, 0x3008n]) expect(bench.load(ea)).toBe('dataStorage');
});
