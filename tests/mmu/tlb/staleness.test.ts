/** The architected caches: what stays until it is invalidated and what must not (rows E18 to E20 and what follows). */
import { ACCESS } from '../../../src/mmu/access';
import { everything, type TlbieOperands } from '../../../src/mmu/invalidate';
import { MICROWATT, POWER10, POWER9, type MmuPolicy } from '../../../src/mmu/policy';
import { ArchitectedCaches } from '../../../src/mmu/tlb/caches';
import { SetAssociative } from '../../../src/mmu/tlb/set-associative';
import { Translator } from '../../../src/mmu/translate';
import { GUEST } from '../golden/guest-tables';
import { HOST } from '../golden/host-tables';
import { build, UPDATING, type Machine } from '../golden/run';
import { IS, TlbBench } from './bench';

class Bench extends TlbBench {
  constructor(base: Machine, policy: MmuPolicy = UPDATING) {
    super(base, policy, 'radix');
  }
}

const PAGE1 = 0x482008;
const PID5 = 5n << 32n;

describe('host, one stage', () => {
  test('E18: a translation that became invalid stays until tlbie', () => {
    const bench = new Bench(HOST);
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.write(PAGE1, 0n);
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    expect(bench.walk).toMatchObject({ tlb: 'hit', steps: [] });
    bench.tlbie({ rb: 0x1000n, rs: PID5 });
    expect(bench.access('load', 0x1008n)).toBe('dataStorage');
  });

  test('E19: what was invalid was not cached', () => {
    const bench = new Bench(HOST);
    expect(bench.access('load', 0x4008n)).toBe('dataStorage');
    bench.write(0x482020, 0xc00000000080418fn);
    expect(bench.access('load', 0x4008n)).toBe(0x804008n);
  });

  test('E20: a permission that was relaxed needs no tlbie', () => {
    const bench = new Bench(HOST);
    expect(bench.access('load', 0x3008n)).toBe(0x803008n);
    bench.write(0x482018, 0xc000000000803186n);
    expect(bench.access('store', 0x3000n)).toBe(0x803000n);
    expect(bench.walk).toMatchObject({ tlb: 'hit, walked again' });
  });

  test('without caches a change is seen at once', () => {
    const bench = new Bench(HOST);
    bench.mmu.caches = undefined;
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.write(PAGE1, 0n);
    expect(bench.access('load', 0x1008n)).toBe('dataStorage');
  });

  test('a store to a page whose C is 0 walks again and sets it', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x2008n);
    expect(bench.access('store', 0x2008n)).toBe(0x802008n);
    expect(bench.walk).toMatchObject({
      tlb: 'hit, walked again',
      referenceChange: [{ sets: 'C', action: 'updated' }],
    });
    bench.access('store', 0x2008n);
    expect(bench.walk).toMatchObject({ tlb: 'hit' });
  });

  test('AMR and problem state are applied to what is cached', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x2008n);
    bench.set('AMR', 0x4000000000000000n);
    expect(bench.access('load', 0x2008n)).toBe('dataStorage');
    bench.access('load', 0x1008n);
    bench.set('MSR', 0x9000000000005032n);
    expect(bench.access('load', 0x1008n)).toBe('dataStorage');
  });

  test('PIDs have translations of their own', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.set('PIDR', 0n);
    expect(bench.access('load', 0x1008n)).toBe(0x1008n);
  });

  test('tlbie of another page, process or partition leaves it', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.write(PAGE1, 0n);
    bench.tlbie({ rb: 0x2000n, rs: PID5 });
    bench.tlbie({ rb: IS(1n), rs: 6n << 32n });
    bench.tlbie({ rb: IS(2n), rs: 2n });
    bench.tlbie({ rb: IS(1n), rs: PID5, ric: 1 });
    bench.tlbie({ rb: IS(2n), rs: 0n, prs: 0 });
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.tlbie({ rb: IS(1n), rs: PID5 });
    expect(bench.access('load', 0x1008n)).toBe('dataStorage');
  });

  test('a large page goes by any of its addresses', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x412340n);
    bench.write(0x481010, 0n);
    bench.tlbie({ rb: 0x5ff000n, rs: PID5 });
    expect(bench.access('load', 0x412340n)).toBe('dataStorage');
  });

  test('the page walk cache keeps a directory entry until RIC=1 or 2', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.write(0x481000, 0n);
    expect(bench.access('load', 0x2008n)).toBe(0x802008n);
    expect(bench.walk?.steps.map(({ decision }) => decision)).toEqual(['cached', 'leaf']);
    bench.tlbie({ rb: IS(1n), rs: PID5, ric: 1 });
    expect(bench.access('load', 0x3008n)).toBe('dataStorage');
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
  });

  test('the process table entry is kept until RIC=2 with PRS=1', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.write(0x410050, 0x40000000004200adn);
    bench.tlbie({ rb: IS(1n), rs: PID5 });
    bench.tlbie({ rb: IS(1n), rs: PID5, ric: 1 });
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.tlbie({ rb: IS(1n), rs: PID5, ric: 2 });
    expect(bench.access('load', 0x1008n)).toBe(0x1008n);
  });

  test('the partition table entry is kept until RIC=2 with PRS=0', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.write(0x400000, 0n);
    bench.tlbie({ rb: IS(2n), rs: 0n, prs: 1, ric: 2 });
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.tlbie({ rb: IS(2n), rs: 0n, prs: 0, ric: 2 });
    expect(bench.access('load', 0x1008n)).toBe('hypervisorDataStorage');
  });

  test('tlbiel of a context takes one congruence class', () => {
    const bench = new Bench(HOST);
    bench.access('load', 0x1008n);
    bench.write(PAGE1, 0n);
    bench.tlbie({ operation: 'tlbiel', rb: IS(3n) | (2n << 12n) });
    expect(bench.access('load', 0x1008n)).toBe(0x801008n);
    bench.tlbie({ operation: 'tlbiel', rb: IS(3n) | (1n << 12n) });
    expect(bench.access('load', 0x1008n)).toBe('dataStorage');
  });

  test('... where it has classes: on POWER10 the first one takes all', () => {
    const bench = new Bench(HOST, { ...POWER10, referenceChange: 'update' });
    for (const page of [0x1008n, 0x2008n]) bench.access('load', page);
    bench.write(PAGE1, 0n);
    bench.write(PAGE1 + 8, 0n);
    bench.tlbie({ operation: 'tlbiel', rb: IS(3n) });
    for (const page of [0x1008n, 0x2008n]) expect(bench.access('load', page)).toBe('dataStorage');
  });

  test('a probe neither fills nor ages the caches', () => {
    const { memory, cpu } = build(HOST);
    const mmu = new Translator(memory, UPDATING);
    mmu.caches = ArchitectedCaches.of('power9');
    mmu.probe(cpu, ACCESS.load, 0, 0x1008);
    memory.setDoubleword(PAGE1, 0n);
    expect(mmu.access(cpu, ACCESS.load, 0, 0x1008)).toBe(false);
  });
});

describe('guest, two stages', () => {
  test('a combined translation goes with either stage', () => {
    const ways: Array<Partial<TlbieOperands>> = [
      { rb: 0x1000n, rs: PID5 | 2n },
      { rb: 0x130000n, rs: 2n, prs: 0 },
      { rb: IS(2n), rs: 2n, prs: 0 },
      { rb: IS(3n), prs: 0, ric: 2 },
    ];
    for (const operands of ways) {
      const bench = new Bench(GUEST);
      expect(bench.access('load', 0x1008n)).toBe(0xc40008n);
      bench.write(0x523980, 0n);
      bench.write(0xc32008, 0n);
      expect(bench.access('load', 0x1008n)).toBe(0xc40008n);
      bench.tlbie(operands);
      expect(bench.access('load', 0x1008n)).toBe('dataStorage');
    }
  });

  test('the guest cannot make the hypervisor forget its own stage', () => {
    const bench = new Bench(GUEST);
    bench.access('load', 0x1008n);
    bench.write(0x523980, 0n);
    bench.tlbie({ rb: IS(1n), rs: PID5 | 2n, ric: 2 });
    expect(bench.access('load', 0x1008n)).toBe(0xc40008n);
    bench.tlbie({ rb: 0x130000n, rs: 2n, prs: 0 });
    expect(bench.access('load', 0x1008n)).toBe('hypervisorDataStorage');
  });

  test('guest real mode uses the partition-scoped entries', () => {
    const bench = new Bench(GUEST);
    bench.set('MSR', 0x8000000000001002n);
    expect(bench.access('load', 0x130008n)).toBe(0xc40008n);
    bench.write(0x523980, 0n);
    expect(bench.access('load', 0x130008n)).toBe(0xc40008n);
    bench.drop(everything('mtspr PTCR', true));
    expect(bench.access('load', 0x130008n)).toBe('hypervisorDataStorage');
  });
});

describe('geometry', () => {
  test('a set that is full gives up its least recently used entry', () => {
    const cache = new SetAssociative({ sets: 2, ways: 2 }, 1, 1);
    const key = (n: number): Int32Array => Int32Array.of(n);
    for (const n of [10, 11]) expect(cache.place(1, key(n))).toBe(false);
    expect(cache.find(1, key(10))).toBe(true);
    expect(cache.find(0, key(10))).toBe(false);
    expect(cache.place(1, key(12))).toBe(true);
    expect([10, 11, 12].map((n) => cache.find(1, key(n)))).toEqual([true, false, true]);
    expect(cache.drop((_, set) => set === 1)).toBe(2);
    expect(cache.find(1, key(10))).toBe(false);
  });

  test('Microwatt cuts large pages into 4K entries and knows no partitions', () => {
    const bench = new Bench(
      {
        memory: [
          [0x10008, 0x20000n],
          [0x20050, 0x40000000000300adn],
          [0x30000, 0x8000000000040009n],
          [0x40000, 0x8000000000041009n],
          [0x41000, 0xc000000000200187n],
        ],
        set: { MSR: 0x9000000000000031n, PTCR: 0x10000n, PIDR: 5n },
      },
      MICROWATT,
    );
    expect(bench.access('load', 0x1008n)).toBe(0x201008n);
    bench.write(0x41000, 0n);
    expect(bench.access('load', 0x1018n)).toBe(0x201018n);
    expect(bench.access('load', 0x2008n)).toBe('dataStorage');
    bench.tlbie({ rb: 0x1000n });
    expect(bench.access('load', 0x1018n)).toBe('dataStorage');
  });

  test('what happens is told', () => {
    const bench = new Bench(HOST, POWER9);
    bench.access('load', 0x1008n);
    bench.access('load', 0x1010n);
    bench.tlbie({ rb: 0x1000n, rs: PID5 });
    const told = bench.events.filter(({ structure }) => structure === 'TLB');
    expect(told.map(({ action }) => action)).toEqual([
      'miss',
      'miss',
      'insert',
      'insert',
      'hit',
      'invalidate',
    ]);
    expect(told.at(-1)).toMatchObject({
      by: 'tlbie RIC=0 PRS=1 R=1 IS=0',
      count: 1,
      ea: 0x1000n,
      pageShift: 12,
    });
  });
});
