/** Decimal vector instructions: against whole numbers, and the edges by hand. CR6 is LT 8, GT 4, EQ 2, SO 1. */
import fc from 'fast-check';
import { runVector, type VectorOperands } from '../support/vector-run';

const MOST = 10n ** 31n - 1n;
const [INVALID, EQ, GT, LT] = [1, 2, 4, 8];
/** A number as a decimal with the preferred sign. */
const decimal = (value: bigint, plus = 'c'): bigint =>
  BigInt(`0x${value < 0n ? -value : value}${value < 0n ? 'd' : plus}`);
const run = (name: string, operands: VectorOperands, fields = {}): [value: string, cr: number] => {
  const { result, machine } = runVector(name, operands, fields);
  return [result.toString(16), machine.cr[6]!];
};
const order = (value: bigint): number => (value < 0n ? LT : value > 0n ? GT : EQ);
const shown = (value: bigint, plus = 'c'): string => decimal(value, plus).toString(16);
const integer = fc
  .tuple(fc.bigInt(-MOST, MOST), fc.bigInt(0n, 31n))
  .map(([value, cut]) => value / 10n ** cut);
const cutTo31 = (value: bigint): bigint => value % (MOST + 1n);

test('sums and differences are those of numbers, cut to 31 digits', () => {
  fc.assert(
    fc.property(integer, integer, fc.nat(1), fc.boolean(), (x, y, PS, same) => {
      const z = same ? -x : y;
      const plus = PS ? 'f' : 'c';
      const check = (name: string, sum: bigint): void => {
        // A zero that an overflow leaves has the sign of the sum.
        const expected = cutTo31(sum) === 0n && sum < 0n ? 'd' : shown(cutTo31(sum), plus);
        const overflow = sum > MOST || sum < -MOST ? 1 : 0;
        const [value, cr] = run(name, { a: decimal(x), b: decimal(z) }, { PS });
        expect([name, value, cr]).toEqual([name, expected, order(sum) | overflow]);
      };
      check('bcdadd.', x + z);
      check('bcdsub.', x - z);
    }),
  );
});

test.each<[string, VectorOperands, string, number]>([
  ['every sign code counts', { a: 0x5an, b: 0x3en }, '8c', GT],
  ['b is negative too', { a: 0x5bn, b: 0x3dn }, '8d', LT],
  ['zero is positive', { a: 0x5cn, b: 0x5dn }, 'c', EQ],
  ['negative zeros too', { a: 0xdn, b: 0xdn }, 'c', EQ],
  ['no sign', { a: 0x59n, b: 0x3cn }, 'f'.repeat(32), INVALID],
  ['no digit', { a: 0xacn, b: 0x3cn }, 'f'.repeat(32), INVALID],
  ['all nines and one', { a: decimal(MOST), b: 0x1cn }, 'c', GT | 1],
])('bcdadd.: %s', (_, operands, value, cr) => {
  expect(run('bcdadd.', operands)).toEqual([value, cr]);
});

test('signed quadwords', () => {
  fc.assert(
    fc.property(integer, (x) => {
      const binary = BigInt.asUintN(128, x);
      expect(run('bcdcfsq.', { b: binary })).toEqual([shown(x), order(x)]);
      expect(run('bcdctsq.', { b: decimal(x) })).toEqual([binary.toString(16), order(x)]);
    }),
    { numRuns: 40 },
  );
  expect(run('bcdcfsq.', { b: MOST + 1n, t: 7n })).toEqual(['7', GT | 1]);
  expect(run('bcdctsq.', { b: 0x12n })[1]).toBe(INVALID);
});

test('national and zoned characters', () => {
  const national = 0x0030003100320033003400350036002dn;
  expect(run('bcdcfn.', { b: national })).toEqual(['123456d', LT]);
  expect(run('bcdcfn.', { b: national + 1n })[1]).toBe(INVALID);
  expect(run('bcdctn.', { b: 0x123456dn })).toEqual([national.toString(16), LT]);
  expect(run('bcdctn.', { b: 0x80123456dn })).toEqual([national.toString(16), LT | 1]);
  const ascii = BigInt(`0x${[...'0000000000012345'].map((d) => `3${d}`).join('')}`);
  const ebcdic = BigInt(`0x${[...'0000000000012345'].map((d) => `f${d}`).join('')}`);
  expect(run('bcdcfz.', { b: ascii }, { PS: 0 })).toEqual(['12345c', GT]);
  expect(run('bcdcfz.', { b: ascii + 0x40n }, { PS: 0 })).toEqual(['12345d', LT]);
  expect(run('bcdcfz.', { b: ebcdic - 0x20n }, { PS: 1 })).toEqual(['12345d', LT]);
  expect(run('bcdcfz.', { b: ascii }, { PS: 1 })[1]).toBe(INVALID);
  expect(run('bcdctz.', { b: 0x12345cn }, { PS: 0 })).toEqual([ascii.toString(16), GT]);
  expect(run('bcdctz.', { b: 0x12345dn }, { PS: 1 })).toEqual([(ebcdic - 0x20n).toString(16), LT]);
});

/** A count of digits where shifts and truncations look for it. */
const count = (digits: number): bigint => BigInt.asUintN(8, BigInt(digits)) << 64n;
test('shifts and truncations', () => {
  fc.assert(
    fc.property(integer, fc.integer({ min: -128, max: 127 }), (x, digits) => {
      const power = 10n ** BigInt(Math.min(Math.abs(digits), 31));
      const moved = digits < 0 ? x / power : cutTo31(x * power);
      const lost = digits > 0 && (x * power > MOST || x * power < -MOST) ? 1 : 0;
      const sign = x < 0n ? 'd' : 'c';
      const text = (value: bigint): string => (value === 0n ? sign : shown(value));
      const a = count(digits);
      expect(run('bcds.', { a, b: decimal(x) })).toEqual([text(moved), order(moved) | lost]);
      const half = digits < 0 ? power / 2n : 0n;
      const rounded = digits < 0 ? (x < 0n ? x - half : x + half) / power : moved;
      expect(run('bcdsr.', { a, b: decimal(x) })).toEqual([text(rounded), order(rounded) | lost]);
      const length = Math.abs(digits);
      const kept = x % 10n ** BigInt(Math.min(length, 31));
      expect(run('bcdtrunc.', { a: BigInt(length) << 64n, b: decimal(x) })).toEqual([
        text(kept), order(kept) | (kept === x ? 0 : 1),
      ]); // prettier-ignore
    }),
  );
  const digits = BigInt(`0x${'12345678'.repeat(4)}`);
  expect(run('bcdus.', { a: count(1), b: digits })).toEqual([`${'23456781'.repeat(3)}23456780`, GT | 1]);
  expect(run('bcdus.', { a: count(-32), b: digits })).toEqual(['0', EQ]);
  expect(run('bcdutrunc.', { a: 3n << 64n, b: digits })).toEqual(['678', GT | 1]);
  expect(run('bcdutrunc.', { a: 32n << 64n, b: digits })).toEqual([digits.toString(16), GT]);
  expect(run('bcdus.', { a: count(1), b: 0xan, t: 5n })).toEqual(['5', INVALID]);
  expect(run('bcds.', { a: count(1), b: 0x12n, t: 5n })).toEqual(['5', INVALID]);
});

test('signs', () => {
  expect(run('bcdcpsgn.', { a: 0x12cn, b: 0xbn })).toEqual(['12b', LT]);
  expect(run('bcdcpsgn.', { a: 0x12n, b: 0xbn, t: 5n })).toEqual(['5', INVALID]);
  expect(run('bcdsetsgn.', { b: 0x12en }, { PS: 1 })).toEqual(['12f', GT]);
  expect(run('bcdsetsgn.', { b: 0x12bn }, { PS: 1 })).toEqual(['12d', LT]);
  expect(run('bcdsetsgn.', { b: 0xcn })).toEqual(['c', EQ]);
});
