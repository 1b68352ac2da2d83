/** Vector instructions that move elements, bytes and bits to other places: against lists, from the manual's words. */
import fc from 'fast-check';
import { VSCR } from '../../isa/registers/vector';
import { registers } from '../support/execute';
import { elementsOf, ofElements } from '../support/vector-operators';
import { runVector, type VectorOperands } from '../support/vector-run';
import { integers } from '../support/vector-values';

const any = fc.record({ t: integers, a: integers, b: integers, c: integers });
type All = Required<VectorOperands>;
const result = (name: string, o: VectorOperands, fields = {}): bigint => runVector(name, o, fields).result;
const s = (x: bigint, bits: number): bigint => BigInt.asIntN(bits, x);
const check = (body: (o: All) => void): void => fc.assert(fc.property(any, body), { numRuns: 30 });
const same = (name: string, o: VectorOperands, expected: readonly bigint[], bits: number, fields = {}): void =>
  expect([name, elementsOf(result(name, o, fields), bits)]).toEqual([name, elementsOf(ofElements(expected, bits), bits)]); // prettier-ignore
const SIZES = [['b', 8], ['h', 16], ['w', 32], ['d', 64]] as const; // prettier-ignore
const bytes = (x: bigint): bigint[] => elementsOf(x, 8);
const bits = (x: bigint, width = 128): bigint[] => [...x.toString(2).padStart(width, '0')].map(BigInt);
const ofBits = (list: readonly bigint[]): bigint => BigInt(`0b0${list.join('')}`);

describe('packs and unpacks', () => {
  test.each([['h', 16], ['w', 32], ['d', 64]] as const)('%s', (letter, wide) => {
    const half = wide / 2;
    check(({ a, b }) => {
      const all = [...elementsOf(a, wide), ...elementsOf(b, wide)];
      same(`vpku${letter}um`, { a, b }, all, half);
      for (const [from, to] of ['uu', 'su', 'ss'] as const) {
        const values = all.map((x) => (from === 's' ? s(x, wide) : x));
        const most = (1n << BigInt(to === 's' ? half - 1 : half)) - 1n;
        const least = to === 's' ? -most - 1n : 0n;
        const cut = values.map((x) => (x > most ? most : x < least ? least : x));
        const name = `vpk${from}${letter}${to}s`;
        same(name, { a, b }, cut, half);
        const sat = cut.some((x, i) => x !== values[i]) ? VSCR.SAT.mask : 0n;
        expect([name, runVector(name, { a, b }).machine.resources.VSCR]).toEqual([name, sat]);
      }
      const narrow = SIZES.find(([, size]) => size === half)![0];
      const values = elementsOf(b, half).map((x) => s(x, half));
      same(`vupkhs${narrow}`, { b }, values.slice(0, values.length / 2), wide);
      same(`vupkls${narrow}`, { b }, values.slice(values.length / 2), wide);
    });
  }); // prettier-ignore

  test('pixels', () => {
    expect(result('vpkpx', { b: 0x01_f8_08_18n }).toString(16)).toBe('fc23');
    expect(result('vupklpx', { b: 0x8423n }).toString(16)).toBe('ff010103');
    expect(result('vupkhpx', { b: 0x7fffn << 64n }).toString(16)).toBe('1f1f1f');
  });
});

describe('insert and extract', () => {
  test('by immediates', () =>
    check(({ t, b }) => {
      for (const [letter, size] of SIZES) {
        const [count, name] = [size / 8, letter === 'd' ? 'd' : `u${letter}`];
        for (const UIM4 of [0, 1, 16 - count]) {
          const taken = bytes(b).slice(UIM4, UIM4 + count);
          same(`vextract${name}`, { b }, [ofElements(taken, 8), 0n], 64, { UIM4 });
          const placed = bytes(t);
          placed.splice(UIM4, count, ...bytes(b).slice(8 - count, 8));
          same(`vinsert${letter}`, { t, b }, placed, 8, { UIM4 });
        }
      }
    }));

  test('by registers, from both sides', () => {
    fc.assert(
      fc.property(any, fc.nat(40), ({ t, a, b }, index) => {
        const gpr = registers({ 7: BigInt(index), 8: b });
        for (const [letter, size] of SIZES) {
          const count = size / 8;
          for (const side of ['l', 'r'] as const) {
            const from = (length: number): number =>
              side === 'l' ? index % length : length - count - (index % length);
            const first = from(16);
            if (first >= 0 && first + count <= 16) {
              const of = (name: string, o: VectorOperands, fields: object): void => {
                const placed = bytes(t);
                placed.splice(first, count, ...bytes(b).slice(8 - count, 8));
                const x = runVector(name, { t, ...o }, { RA: 7, ...fields }, { gpr: registers({ 7: BigInt(index), 8: b >> 64n }) });
                expect([name, bytes(x.result)]).toEqual([name, placed]);
              };
              of(`vins${letter}${side}x`, {}, { RB: 8 });
              if (letter === 'd') continue;
              of(`vins${letter}v${side}x`, { b }, {});
              const { machine } = runVector(`vextu${letter}${side}x`, { b }, { RT: 9, RA: 7 }, { gpr });
              expect(machine.gpr[9]).toBe(ofElements(bytes(b).slice(first, first + count), 8));
            }
            const pair = [...bytes(a), ...bytes(b)];
            const start = from(32);
            const name = letter === 'd' ? `vextddv${side}x` : `vextdu${letter}v${side}x`;
            const inside = start >= 0 && start + count <= 32;
            const expected = inside ? ofElements(pair.slice(start, start + count), 8) : 0n;
            const x = runVector(name, { a, b }, { RC: 7 }, { gpr });
            expect([name, x.result]).toEqual([name, expected << 64n]);
          }
        }
      }),
      { numRuns: 30 },
    ); // prettier-ignore
  });
});

describe('bits', () => {
  test('gathered, scattered, permuted, counted', () =>
    check(({ a, b }) => {
      const both = (one: (x: bigint[], m: bigint[]) => bigint): bigint[] => {
        const [x, m] = [elementsOf(a, 64), elementsOf(b, 64)];
        return x.map((value, i) => one(bits(value, 64), bits(m[i]!, 64)));
      };
      const chosen = (x: bigint[], m: bigint[], by: bigint): bigint[] => x.filter((_, i) => m[i] === by);
      same('vpextd', { a, b }, both((x, m) => ofBits(chosen(x, m, 1n))), 64); // prettier-ignore
      same('vcfuged', { a, b }, both((x, m) => ofBits([...chosen(x, m, 0n), ...chosen(x, m, 1n)])), 64); // prettier-ignore
      same('vpdepd', { a, b }, both((x, m) => {
        const rest = [...x];
        return ofBits(m.reverse().map((bit) => (bit ? rest.pop()! : 0n)).reverse());
      }), 64); // prettier-ignore
      const until = (x: bigint[]): bigint => BigInt(x.indexOf(1n) < 0 ? x.length : x.indexOf(1n));
      same('vclzdm', { a, b }, both((x, m) => until(chosen(x, m, 1n))), 64); // prettier-ignore
      same('vctzdm', { a, b }, both((x, m) => until(chosen(x, m, 1n).reverse())), 64); // prettier-ignore
      const numbered = bytes(b).map((n) => bits(a)[Number(n)] ?? 0n);
      same('vbpermq', { a, b }, [ofBits(numbered), 0n], 64);
      const halves = elementsOf(a, 64).map((x) => bits(x, 64));
      const eights = bytes(b).map((n, i) => halves[i >> 3]![Number(n)] ?? 0n);
      same('vbpermd', { a, b }, [ofBits(eights.slice(0, 8)), ofBits(eights.slice(8))], 64);
      const rows = elementsOf(b, 64).map((x) => bits(x, 64));
      same('vgbbd', { b }, rows.map((x) => ofBits(x.map((_, i) => x[8 * (i % 8) + (i >> 3)]!))), 64); // prettier-ignore
      for (const N of [2, 3, 7]) {
        const gathered = bits(b).filter((_, i) => i % N === 0);
        const { machine } = runVector('vgnb', { b }, { RT: 9, N });
        expect(machine.gpr[9]).toBe(ofBits([...gathered, ...Array<bigint>(64 - gathered.length).fill(0n)]));
      }
    }));

  test('of elements, to and from GPRs', () =>
    check(({ b }) => {
      const gprOf = (name: string, fields = {}): bigint =>
        runVector(name, { b }, { RT: 9, ...fields }).machine.gpr[9]!;
      for (const [letter, size] of SIZES) {
        const first = elementsOf(b, size).map((x) => x >> BigInt(size - 1));
        expect(gprOf(`vextract${letter}m`)).toBe(ofBits(first));
        for (const MP of [0, 1]) {
          const count = BigInt(first.filter((x) => x === BigInt(MP)).length);
          expect(gprOf(`vcntmb${letter}`, { MP })).toBe(count << BigInt(56 + Math.log2(size / 8)));
        }
        const x = runVector(`mtvsr${letter}m`, {}, { RB: 7 }, { gpr: registers({ 7: b >> 64n }) });
        const last = bits(b >> 64n, 64).slice(-128 / size);
        expect(elementsOf(x.result, size)).toEqual(last.map((bit) => BigInt.asUintN(size, -bit)));
      }
      const lasts = bytes(b).map((x) => x & 1n);
      const before = (list: readonly bigint[]): bigint => BigInt((list.indexOf(1n) + 17) % 17);
      expect([gprOf('vclzlsbb'), gprOf('vctzlsbb')]).toEqual([before(lasts), before([...lasts].reverse())]);
    }));

  test('strings, cleared bytes, comparisons of quadwords', () => {
    const b = 0x4142_0043_4445_4600_4748_494a_4b4c_004dn;
    const record = (name: string, o: VectorOperands): [string, number] => {
      const { result: value, machine } = runVector(name, o);
      return [value.toString(16), machine.cr[6]!];
    };
    expect(record('vstribl.', { b })).toEqual([`4142${'0'.repeat(28)}`, 2]);
    expect(record('vstribr.', { b })).toEqual(['4d', 2]);
    expect(record('vstrihl.', { b: b | 1n })).toEqual([b.toString(16), 0]);
    expect(record('vstrihr.', { b: b & ~0xffff_0000n })).toEqual(['4d', 2]);
    const cleared = (name: string, n: bigint): string =>
      runVector(name, { a: (1n << 128n) - 1n }, { RB: 7 }, { gpr: registers({ 7: n }) }).result.toString(16);
    expect(cleared('vclrlb', 3n)).toBe('ffffff');
    expect(cleared('vclrrb', 3n)).toBe(`ffffff${'0'.repeat(26)}`);
    expect(cleared('vclrlb', 1n << 40n)).toBe('f'.repeat(32));
    const field = (name: string, o: VectorOperands): number => runVector(name, o, { BF: 3 }).machine.cr[3]!;
    const [minus, one] = [(1n << 128n) - 1n, 1n];
    expect([field('vcmpsq', { a: minus, b: one }), field('vcmpuq', { a: minus, b: one })]).toEqual([8, 4]);
    expect(field('vcmpuq', { a: one, b: one })).toBe(2);
    expect(record('vcmpgtsq.', { a: one, b: minus })).toEqual(['f'.repeat(32), 8]);
    expect(record('vcmpgtuq.', { a: one, b: minus })).toEqual(['0', 2]);
    expect(record('vcmpequq.', { a: one, b: one })[1]).toBe(8);
  });
});

test('shifts by what is around bytes', () =>
  check(({ a, b }) => {
    const [x, by] = [bytes(a), bytes(b).map((n) => n & 7n)];
    same('vslv', { a, b }, x.map((y, i) => ((y << 8n) | (x[i + 1] ?? 0n)) << by[i]! >> 8n), 8); // prettier-ignore
    same('vsrv', { a, b }, x.map((y, i) => (((x[i - 1] ?? 0n) << 8n) | y) >> by[i]!), 8); // prettier-ignore
    for (const SH of [0, 1, 7]) {
      const pair = (a << 128n) | b;
      same('vsldbi', { a, b }, [pair >> BigInt(128 - SH)], 128, { SH });
      same('vsrdbi', { a, b }, [pair >> BigInt(SH)], 128, { SH });
    }
  }));
