/** Vector floating-point: what is special in VMX, by hand, and values against the numbers of the host. */
import fc from 'fast-check';
import { VSCR } from '../../isa/registers/vector';
import { newMachine, type TestMachine } from '../support/evaluate';
import { SINGLE, vectorOf } from '../support/format-values';
import { elementsOf, ofElements } from '../support/vector-operators';
import { runVector, type VectorOperands } from '../support/vector-run';

const { resources } = newMachine();
const withVscr = (bits: bigint): Partial<TestMachine> => ({ resources: { ...resources, VSCR: bits } });
const NJ = withVscr(VSCR.NJ.mask);
const four = (word: number): bigint => ofElements([BigInt(word), 0n, 0n, 0n], 32);
const first = (name: string, [a, b, c]: readonly number[], changes: Partial<TestMachine> = {}, fields = {}): number =>
  Number(elementsOf(runVector(name, { a: four(a ?? 0), b: four(b ?? 0), c: four(c ?? 0) }, fields, changes).result, 32)[0]); // prettier-ignore
const view = new DataView(new ArrayBuffer(4));
const bitsOf = (x: number): number => (view.setFloat32(0, x), view.getUint32(0));
const valueOf = (bits: bigint): number => (view.setUint32(0, Number(bits)), view.getFloat32(0));

const [INF, QNAN, SNAN, OTHER] = [0x7f80_0000, 0x7fc0_0001, 0xff80_0002, 0x7fc0_0003];
const [TINY, ONE, DEFAULT] = [0x0000_0001, 0x3f80_0000, 0x7fc0_0000];
const SIGN = 0x8000_0000;

test.each<[string, readonly number[], number]>([
  ['vaddfp', [SNAN, QNAN], 0xffc0_0002],
  ['vaddfp', [ONE, SNAN], 0xffc0_0002],
  ['vsubfp', [INF, INF], DEFAULT],
  ['vaddfp', [INF, INF], INF],
  ['vmaxfp', [SIGN, 0], 0],
  ['vminfp', [0, SIGN], SIGN],
  ['vmaxfp', [ONE, QNAN], QNAN],
  // VRA, then VRB, then VRC.
  ['vmaddfp', [ONE, OTHER, QNAN], OTHER],
  ['vmaddfp', [ONE, ONE, QNAN], QNAN],
  ['vnmsubfp', [QNAN, ONE, ONE], QNAN],
  ['vmaddfp', [INF, ONE, 0], DEFAULT],
  // 3 * 5 + 1, and the negative of 3 * 5 - 1.
  ['vmaddfp', [bitsOf(3), bitsOf(1), bitsOf(5)], bitsOf(16)],
  ['vnmsubfp', [bitsOf(3), bitsOf(1), bitsOf(5)], bitsOf(-14)],
  // (1 + 2^-23)^2 - 1 - 2^-22 is 2^-46: one rounding.
  ['vmaddfp', [0x3f80_0001, bitsOf(-1 - 2 ** -22), 0x3f80_0001], bitsOf(2 ** -46)],
  ['vrefp', [0, SIGN], 0xff80_0000],
  ['vrsqrtefp', [0, bitsOf(-1)], DEFAULT],
  ['vrsqrtefp', [0, bitsOf(16)], bitsOf(0.25)],
  ['vexptefp', [0, bitsOf(-3)], bitsOf(0.125)],
  ['vexptefp', [0, bitsOf(127.5)], bitsOf(2 ** 127.5)],
  ['vexptefp', [0, bitsOf(1e9)], INF],
  ['vexptefp', [0, 0xff80_0000], 0],
  ['vlogefp', [0, bitsOf(1024)], bitsOf(10)],
  ['vlogefp', [0, TINY], bitsOf(-149)],
  ['vlogefp', [0, bitsOf(3)], bitsOf(Math.log2(3))],
  ['vlogefp', [0, SIGN], 0xff80_0000],
  ['vlogefp', [0, bitsOf(-1)], DEFAULT],
  ['vrfin', [0, bitsOf(2.5)], bitsOf(2)],
  ['vrfiz', [0, bitsOf(-0.5)], SIGN],
  ['vrfip', [0, TINY], ONE],
  ['vrfim', [0, SNAN], 0xffc0_0002],
])('%s of %p', (name, operands, expected) => {
  expect(first(name, operands).toString(16)).toBe(expected.toString(16));
});

test('VSCR[NJ] makes denormalised operands and results zeros', () => {
  expect(first('vaddfp', [TINY, ONE])).toBe(ONE);
  expect([first('vaddfp', [TINY, TINY]), first('vaddfp', [TINY, TINY], NJ)]).toEqual([2, 0]);
  expect(first('vsubfp', [0x0080_0001, 0x0080_0000], NJ)).toBe(0);
  expect(first('vrfip', [0, TINY], NJ)).toBe(0);
  expect(first('vrefp', [0, SIGN | TINY], NJ)).toBe(0xff80_0000);
  expect([first('vcmpgtfp', [TINY, 0]), first('vcmpgtfp', [TINY, 0], NJ)]).toEqual([0xffff_ffff, 0]);
  // Tiny before it is rounded up to the least normalised number.
  const [almost, half] = [0x3f7f_ffff, bitsOf(2 ** -126)];
  const product = [bitsOf(1 - 2 ** -24), 0, half];
  expect(almost).toBe(product[0]);
  expect([first('vmaddfp', product), first('vmaddfp', product, NJ)]).toEqual([half, 0]);
});

test('conversions scale, saturate and tell', () => {
  const converted = (name: string, b: number, UIM: number): [string, bigint] => {
    const x = runVector(name, { b: four(b) }, { UIM });
    return [elementsOf(x.result, 32)[0]!.toString(16), x.machine.resources.VSCR];
  };
  const SAT = VSCR.SAT.mask;
  expect(converted('vctsxs', bitsOf(1.5), 1)).toEqual(['3', 0n]);
  expect(converted('vctsxs', bitsOf(-(2 ** 31)), 0)).toEqual(['80000000', 0n]);
  expect(converted('vctsxs', bitsOf(2 ** 31), 0)).toEqual(['7fffffff', SAT]);
  expect(converted('vctsxs', QNAN, 3)).toEqual(['0', 0n]);
  expect(converted('vctuxs', bitsOf(-0.75), 0)).toEqual(['0', 0n]);
  expect(converted('vctuxs', bitsOf(-1), 0)).toEqual(['0', SAT]);
  expect(converted('vctuxs', bitsOf(1), 31)).toEqual(['80000000', 0n]);
  expect(converted('vctuxs', INF, 0)).toEqual(['ffffffff', SAT]);
  expect(converted('vcfux', 0xffff_ffff, 31)).toEqual([bitsOf(2).toString(16), 0n]);
  expect(converted('vcfsx', 0xffff_fffe, 1)).toEqual([bitsOf(-1).toString(16), 0n]);
});

test('comparisons', () => {
  const cr6 = (name: string, o: VectorOperands): number => runVector(name, o).machine.cr[6]!;
  const all = (word: number): bigint => ofElements(Array<bigint>(4).fill(BigInt(word)), 32);
  expect(first('vcmpbfp', [bitsOf(2), ONE])).toBe(0x8000_0000);
  expect(first('vcmpbfp', [bitsOf(-2), ONE])).toBe(0x4000_0000);
  expect(first('vcmpbfp', [QNAN, ONE])).toBe(0xc000_0000);
  expect(cr6('vcmpbfp.', { a: all(ONE), b: all(bitsOf(-1)) })).toBe(0);
  expect(cr6('vcmpbfp.', { a: all(ONE), b: all(ONE) })).toBe(2);
  expect(cr6('vcmpgefp.', { a: all(ONE), b: all(ONE) })).toBe(8);
  expect(cr6('vcmpeqfp.', { a: all(QNAN), b: all(QNAN) })).toBe(2);
  expect(cr6('vcmpeqfp.', { a: all(SIGN), b: 0n })).toBe(8);
});

test('sums, differences and roundings are those of the host', () => {
  fc.assert(
    fc.property(vectorOf(SINGLE), vectorOf(SINGLE), (a, b) => {
      const check = (name: string, one: (x: number, y: number) => number): void => {
        const others = elementsOf(b, 32);
        elementsOf(runVector(name, { a, b }).result, 32).forEach((word, i) => {
          const expected = one(valueOf(elementsOf(a, 32)[i]!), valueOf(others[i]!));
          if (!Number.isNaN(expected)) expect([name, Number(word)]).toEqual([name, bitsOf(expected)]);
        });
      };
      check('vaddfp', (x, y) => x + y);
      check('vsubfp', (x, y) => x - y);
      check('vrefp', (_, y) => 1 / y);
      check('vrfiz', (_, y) => Math.trunc(y));
      check('vrfip', (_, y) => Math.ceil(y));
      check('vrfim', (_, y) => Math.floor(y));
    }),
    { numRuns: 60 },
  );
});
