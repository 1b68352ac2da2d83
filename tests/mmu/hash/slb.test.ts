/** The SLB instructions as functions on CPU state. */
import fc from 'fast-check';
import { hiOf, loOf } from '../../../src/core/u64';
import { findSlbEntry, slbEntry, slbia, slbie, slbmfee, slbmfev, slbmte } from '../../../src/mmu/hash/slb';
import { findSegment, SegmentMemo } from '../../../src/mmu/hash/segment-memo';
import { CpuState } from '../../../src/state/cpu-state';

const V = 0x8000000n;
const C = 0x80n;
const VSID = 0x12345000n;
const ONE_TIB = 1n << 62n;

/** Every entry valid: entry n has segment n, and class 1 where n is odd; entries from 16 on are 1 TiB. */
function full(): CpuState {
  const cpu = CpuState.detached();
  for (let n = 0n; n < 32n; n++) {
    const [shift, size] = n < 16n ? [28n, 0n] : [40n, ONE_TIB];
    expect(slbmte(cpu, size | VSID | (n % 2n === 1n ? C : 0n), (n << shift) | V | n)).toBe('added');
  }
  return cpu;
}
const valid = (cpu: CpuState): number[] =>
  [...Array(32).keys()].filter((n) => (slbEntry(cpu, n).esidWord & V) !== 0n);
const all = [...Array(32).keys()];
const without = (...gone: number[]): number[] => all.filter((n) => !gone.includes(n));

test('slbmte keeps the architected bits of both words and drops the rest', () => {
  const cpu = CpuState.detached();
  expect(slbmte(cpu, 0x7fffffffffffffdfn & ~0x20n, 0xfffffffffffff000n | 7n)).toBe('added');
  expect(slbmfee(cpu, 7n)).toBe(0xfffffffff8000000n);
  expect(slbmfev(cpu, 7n)).toBe(0x7fffffffffffff90n);
});

test.each([
  ['index 32', VSID, V | 32n],
  ['index 4095', VSID, V | 0xfffn],
  ['segment size 2', VSID | (2n << 62n), V],
  ['segment size 3', VSID | (3n << 62n), V],
  ['L || LP 001', VSID | 0x10n, V],
  ['L || LP 010', VSID | 0x20n, V],
  ['L || LP 011', VSID | 0x30n, V],
  ['L || LP 111', VSID | 0x130n, V],
])('slbmte refuses %s and changes nothing', (_name, rs, rb) => {
  const cpu = full();
  const before = cpu.bytes.slice();
  expect(slbmte(cpu, rs, rb)).toBe('invalid');
  expect(cpu.bytes).toEqual(before);
});

describe('slbmte says whether earlier translations may be wrong', () => {
  const one = (): CpuState => {
    const cpu = CpuState.detached();
    slbmte(cpu, VSID, (5n << 40n) | V | 1n);
    return cpu;
  };
  test.each([
    ['a segment of its own', VSID, (6n << 40n) | V | 2n, 'added'],
    ['a 256 MiB neighbour', VSID, (5n << 40n) | (1n << 28n) | V | 2n, 'added'],
    ['the same entry again', VSID, (5n << 40n) | V | 1n, 'added'],
    ['an invalid entry over an invalid one', VSID, (5n << 40n) | 2n, 'added'],
    ['another VSID in the same entry', VSID << 1n, (5n << 40n) | V | 1n, 'changed'],
    ['another segment in the same entry', VSID, (6n << 40n) | V | 1n, 'changed'],
    ['an invalid entry over it', VSID, (5n << 40n) | 1n, 'changed'],
    ['the same segment in a second entry', VSID, (5n << 40n) | V | 2n, 'changed'],
    ['a 1 TiB segment around it', ONE_TIB | VSID, (5n << 40n) | (9n << 28n) | V | 31n, 'changed'],
  ])('%s', (_name, rs, rb, effect) => {
    expect(slbmte(one(), rs, rb)).toBe(effect);
  });
  test('a 256 MiB segment inside a 1 TiB one', () => {
    const cpu = full();
    expect(slbmte(cpu, VSID, (20n << 40n) | (3n << 28n) | V | 0n)).toBe('changed');
  });
});

test.each([0n, 0x100n, 0x110n, 0x120n])('slbmte takes page size %p', (llp) => {
  const cpu = CpuState.detached();
  expect(slbmte(cpu, VSID | llp, V | 31n)).toBe('added');
  expect(slbmfev(cpu, 31n)).toBe(VSID | llp);
});

test('reading an entry that does not exist gives 0', () => {
  const cpu = full();
  expect([slbmfee(cpu, 32n), slbmfev(cpu, 0xfffn)]).toEqual([0n, 0n]);
});

test('slbfee. finds both segment sizes, the first where several match', () => {
  const cpu = full();
  expect(findSlbEntry(cpu, 0x3fffffffn)).toEqual({ found: true, vsidWord: VSID | C });
  expect(findSlbEntry(cpu, (17n << 40n) | 0xffffffffffn)).toEqual({
    found: true,
    vsidWord: ONE_TIB | VSID | C,
  });
  expect(findSlbEntry(cpu, 32n << 40n)).toEqual({ found: false, vsidWord: 0n });
  slbmte(cpu, VSID, (3n << 28n) | V | 2n);
  expect(findSlbEntry(cpu, 3n << 28n)).toEqual({ found: true, vsidWord: VSID });
});

describe('slbie', () => {
  test('takes the entry of the segment, class and size', () => {
    const cpu = full();
    expect(slbie(cpu, (4n << 28n) | 0n)).toBe(1);
    expect(slbie(cpu, (5n << 28n) | V)).toBe(1);
    expect(slbie(cpu, (20n << 40n) | (1n << 25n))).toBe(1);
    expect(valid(cpu)).toEqual(without(4, 5, 20));
    expect(slbmfee(cpu, 4n)).toBe(4n << 28n);
  });

  test.each([
    ['another class', (4n << 28n) | V],
    ['another size', (4n << 28n) | (1n << 25n)],
    ['a segment that is not there', 0x7n << 60n],
    ['a 1 TiB segment named as 256 MiB', 20n << 40n],
  ])('leaves everything for %s', (_name, rb) => {
    const cpu = full();
    expect(slbie(cpu, rb)).toBe(0);
    expect(valid(cpu)).toEqual(all);
  });
});

const odd = all.filter((n) => n % 2 === 1);
test.each([
  [0, [0]],
  [1, [0]],
  [2, [0]],
  [3, without(...odd)],
  [4, []],
  [5, [0]],
  [6, [0]],
  [7, all],
])('slbia IH=%i', (ih, left) => {
  const cpu = full();
  expect(slbia(cpu, ih)).toBe(32 - left.length);
  expect(valid(cpu)).toEqual(left);
});

test('slbia IH=3 takes entry 0 where it has class 1', () => {
  const cpu = full();
  slbmte(cpu, VSID | C, V);
  slbia(cpu, 3);
  expect(valid(cpu)).not.toContain(0);
});

test('any operands: nothing throws, and only the SLB changes', () => {
  const u64 = fc.bigInt(0n, (1n << 64n) - 1n);
  const operation = fc.tuple(fc.nat(6), u64, u64);
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 40 }), (operations) => {
      const cpu = CpuState.detached();
      cpu.setNamed('MSR', 1n);
      for (const [which, a, b] of operations) {
        if (which < 4) slbmte(cpu, a, b & ~0xfe0n);
        if (which === 4) slbie(cpu, a);
        if (which === 5) slbia(cpu, Number(a & 7n));
        if (which === 6) expect(() => findSlbEntry(cpu, a)).not.toThrow();
        for (const n of all) {
          expect(slbmfee(cpu, BigInt(n)) & 0x7ffffffn).toBe(0n);
          expect(slbmfev(cpu, BigInt(n)) >> 62n).toBeLessThan(2n);
        }
      }
      expect(cpu.named('MSR')).toBe(1n);
    }),
    { numRuns: 100 },
  );
});

test('a segment that is remembered is the one that a look through the whole SLB finds', () => {
  const esid = fc.constantFrom(0n, 1n, 0x10n, 0x1000n, 0x1001n, 0xc_0000_0000n);
  const write = fc.record({ index: fc.nat(5), esid, large: fc.boolean(), valid: fc.boolean() });
  const drop = fc.record({ esid, large: fc.boolean() });
  fc.assert(
    fc.property(fc.array(fc.oneof(write, drop, esid), { minLength: 30, maxLength: 60 }), (steps) => {
      const cpu = CpuState.detached();
      const memo = new SegmentMemo();
      for (const step of steps) {
        if (typeof step === 'bigint') {
          const ea = (step << 28n) | 0x123456n;
          const found = findSegment(cpu.words, hiOf(ea), loOf(ea));
          expect(memo.find(cpu, hiOf(ea), loOf(ea))).toBe(found);
          expect(memo.find(cpu, hiOf(ea), loOf(ea))).toBe(found);
        } else if ('index' in step) {
          const rb = (step.esid << 28n) | (step.valid ? 0x8000000n : 0n) | BigInt(step.index);
          slbmte(cpu, step.large ? 1n << 62n : 0n, rb);
        } else slbie(cpu, (step.esid << 28n) | (step.large ? 1n << 25n : 0n));
      }
    }),
  );
});
