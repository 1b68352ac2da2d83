/**
 * Walks that begin where earlier ones got, against walks from the root: the same outcomes and the same memory, whatever
 * is stored to the tables in between and whichever registers change.
 */
import fc from 'fast-check';
import { RealMemory } from '../../../src/core/memory';
import { hiOf, loOf } from '../../../src/core/u64';
import { storeAround } from '../../../src/cpu/table-stores';
import { ACCESS } from '../../../src/mmu/access';
import { POWER9 } from '../../../src/mmu/policy';
import { Translator } from '../../../src/mmu/translate';
import { WalkCache } from '../../../src/mmu/walk-cache';
import { CpuState } from '../../../src/state/cpu-state';
import { SEED } from '../../support/random';
import { fastOutcome } from '../outcome';
import { hostileMachine, MEMORY_SIZE, soundMachine, type RandomMachine } from './tables';

const PATTERN = 16;

/** Something that happens between accesses: a store to a table, or another value of a register. */
type Change =
  | { readonly kind: 'store'; readonly word: number; readonly to: bigint; readonly bytes: number }
  | { readonly kind: 'register'; readonly name: string; readonly value: bigint };

const doubleword = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** What an entry becomes, by what it is: invalid, its old self with other low bits, anything. */
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant('store' as const),
    word: fc.nat(),
    to: fc.oneof(fc.constant(0n), fc.bigInt(0n, 0xfffn), doubleword),
    bytes: fc.constantFrom(8, 8, 8, 4, 2, 1),
  }),
  fc
    .constantFrom<[string, bigint]>(
      ['PIDR', 0n],
      ['PIDR', 5n],
      ['LPIDR', 0n],
      ['LPIDR', 2n],
      ['MSR', 0x9000000000001032n],
      ['MSR', 0x8000000000001032n],
      ['MSR', 0x8000000000005032n],
      ['MSR', 0x8000000000001002n],
      ['PTCR', 0x10000n],
      ['PTCR', 0x20000n],
      ['AMR', 0n],
      ['AMR', 3n << 62n],
    ) // prettier-ignore
    .map(([name, value]) => ({ kind: 'register' as const, name, value })),
);

/** A machine with a memory of its own. */
class Side {
  readonly memory = RealMemory.ofSize(MEMORY_SIZE);
  readonly cpu = CpuState.detached();

  reset({ pattern = [0n], words, registers }: RandomMachine): void {
    const { memory, cpu } = this;
    memory.bytes.fill(0);
    memory.tablePages.fill(0);
    if (pattern.length === PATTERN)
      for (let at = 0; at < MEMORY_SIZE; at += 8) memory.setDoubleword(at, pattern[(at >> 3) % PATTERN]!);
    for (const [address, value] of words) memory.setDoubleword(address, value);
    cpu.bytes.fill(0);
    for (const [name, value] of Object.entries(registers)) cpu.setNamed(name, value);
  }

  store(at: number, value: bigint, bytes: number): void {
    for (let i = 0; i < bytes; i++) this.memory.bytes[at + i] = Number((value >> BigInt(56 - 8 * i)) & 0xffn);
  }
}

const sides = { kept: new Side(), plain: new Side() };
let found = 0;

class CountingCache extends WalkCache {
  override find(...args: Parameters<WalkCache['find']>): boolean {
    const hit = super.find(...args);
    if (hit) found++;
    return hit;
  }
}

function compare(machine: RandomMachine, changes: readonly Change[]): void {
  const { kept, plain } = sides;
  kept.reset(machine);
  plain.reset(machine);
  const fast = new Translator(kept.memory, machine.policy);
  const walks = new CountingCache();
  fast.walks = walks;
  const slow = new Translator(plain.memory, machine.policy);
  const accessAll = (): void => {
    for (const { access, ea, probe } of machine.accesses) {
      const ask = probe ? 'probe' : 'access';
      const [hi, lo] = [hiOf(ea), loOf(ea)];
      const was = fastOutcome(fast, fast[ask](kept.cpu, ACCESS[access], hi, lo));
      expect(was).toEqual(fastOutcome(slow, slow[ask](plain.cpu, ACCESS[access], hi, lo)));
    }
  };
  accessAll();
  accessAll();
  for (const one of changes) {
    if (one.kind === 'register') {
      kept.cpu.setNamed(one.name, one.value);
      plain.cpu.setNamed(one.name, one.value);
    } else {
      const [at, value] = machine.words[one.word % machine.words.length]!;
      const to = one.to < 0x1000n ? (one.to === 0n ? 0n : (value & ~0xfffn) | one.to) : one.to;
      if (storeAround(kept.memory, at, one.bytes, () => kept.store(at, to, one.bytes))) walks.clear();
      plain.store(at, to, one.bytes);
    }
    accessAll();
  }
  if (Buffer.compare(kept.memory.bytes, plain.memory.bytes) !== 0) throw new Error('memory differs');
}

describe(`walks from where earlier ones got (seed ${SEED})`, () => {
  const changes = fc.array(change, { maxLength: 6 });

  test('agree with walks from the root on random tables that change', () => {
    found = 0;
    fc.assert(fc.property(soundMachine, changes, compare), { numRuns: 400 });
    // Many walks are short ones.
    expect(found).toBeGreaterThan(5000);
  });

  test('agree on hostile tables', () => {
    fc.assert(fc.property(hostileMachine, changes, compare), { numRuns: 100 });
  });

  test('begin anew where a process table, or the entry that leads to it, was zero', () => {
    const V = 1n << 63n;
    const { kept } = sides;
    const TREE = 0x40000000000000adn;
    const tree = (base: number, page: bigint): [number, bigint][] => [
      [base, V | BigInt(base + 0x10000) | 9n],
      [base + 0x10000, V | BigInt(base + 0x11000) | 9n],
      [base + 0x11000, V | BigInt(base + 0x12000) | 9n],
      [base + 0x12000, (3n << 62n) | page | 0x187n],
    ];
    // Partition 0 has an identity map of its first 2M; its process table is at 0: doubleword 1 of the PATE is zero.
    const [pate, process0, process1] = [0x10000, 0, 0x30000];
    kept.reset({
      words: [
        [pate, V | TREE | 0x100000n],
        [0x100000, V | 0x110000n | 9n],
        [0x110000, V | 0x111000n | 9n],
        [0x111000, (3n << 62n) | 0x187n],
        [process0, TREE | 0x140000n],
        [process1, TREE | 0x180000n],
        ...tree(0x140000, 0x80000n),
        ...tree(0x180000, 0x81000n),
      ],
      registers: { MSR: 0x9000000000001032n, LPCR: 0x500000n, PTCR: BigInt(pate) },
      accesses: [],
      policy: POWER9,
    });
    const walks = new WalkCache();
    const mmu = new Translator(kept.memory, POWER9);
    mmu.walks = walks;
    const page = (): number => {
      if (!mmu.access(kept.cpu, ACCESS.load, 0, 0)) throw new Error(mmu.fault.kind);
      return mmu.raLo;
    };
    const store = (at: number, value: bigint, bytes: number): boolean => {
      const stale = storeAround(kept.memory, at, bytes, () => kept.store(at, value, bytes));
      if (stale) walks.clear();
      return stale;
    };
    expect([page(), page()]).toEqual([0x80000, 0x80000]);
    // The upper half, which stays zero, changes nothing.
    expect(store(pate + 8, 0n, 4)).toBe(false);
    expect(store(pate + 8, BigInt(process1), 8)).toBe(true);
    expect(page()).toBe(0x81000);
    expect(store(process1, TREE | 0x140000n, 8)).toBe(true);
    expect(page()).toBe(0x80000);
    // The other doubleword of an entry is a change as well, and so is what a byte of it becomes.
    expect(store(process1 + 15, 1n << 56n, 1)).toBe(true);
  });

  test('keep the processes of a partition apart', () => {
    const V = 1n << 63n;
    const { kept } = sides;
    const trees = [0x100000, 0x140000, 0x180000];
    const root = (n: number): bigint => 0x40000000000000adn | BigInt(trees[n]!);
    const words = trees.flatMap((base, n): [number, bigint][] => [
      [base, V | BigInt(base + 0x10000) | 9n],
      [base + 0x10000, V | BigInt(base + 0x11000) | 9n],
      [base + 0x11000, V | BigInt(base + 0x12000) | 9n],
      // Page 0 of each tree is another one; the rest of the first 4M are where they are.
      ...Array.from({ length: 512 }, (_, i): [number, bigint] => [
        base + 0x12000 + 8 * i,
        (3n << 62n) | BigInt(i === 0 && n < 2 ? 0x80000 + n * 4096 : i * 4096) | 0x187n,
      ]),
      [base + 0x11008, (3n << 62n) | 0x200000n | 0x187n],
    ]);
    // Processes of partition 0, of one tree and the other by turns; tree 2 is that of partition 0 itself.
    words.push([0x10000, V | root(2)], [0x10008, 0x20003n]);
    for (let pid = 0; pid < 2048; pid++) words.push([0x20000 + 16 * pid, root(pid % 2)]);
    kept.reset({
      words,
      registers: { MSR: 0x9000000000001032n, LPCR: 0x500000n, PTCR: 0x10000n },
      accesses: [],
      policy: POWER9,
    });
    const mmu = new Translator(kept.memory, POWER9);
    mmu.walks = new WalkCache();
    const at = (pid: bigint): number => {
      kept.cpu.setNamed('PIDR', pid);
      if (!mmu.access(kept.cpu, ACCESS.load, 0, 0)) throw new Error(mmu.fault.kind);
      return mmu.raLo;
    };
    // So many that some have the same place.
    const order = [...Array(2048).keys(), ...Array(2048).keys()];
    expect(order.map((pid) => at(BigInt(pid)))).toEqual(order.map((pid) => 0x80000 + (pid % 2) * 4096));
  });
});
