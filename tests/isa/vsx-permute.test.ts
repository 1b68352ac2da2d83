/** Vector-scalar permutes, immediates and parts of numbers against twins that work on lists of bytes. */
import fc from 'fast-check';
import { execute, raised } from '../support/execute';
import { named } from '../support/find-instruction';

const any128 = fc.bigInt(0n, (1n << 128n) - 1n);
const bytesOf = (value: bigint): number[] => [...Buffer.from(value.toString(16).padStart(32, '0'), 'hex')];
const fromBytes = (bytes: readonly number[]): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
/** XT=1, XA=2, XB=3, XC=4 hold the values. */
function result(name: string, values: readonly bigint[], fields: Record<string, number> = {}): bigint {
  const vsr = Array.from({ length: 64 }, (_, n) => values[n - 1] ?? 0n);
  const operands = named(name).row.operands.split(',');
  const registers = Object.fromEntries(
    Object.entries({ XT: 1, XA: 2, XB: 3 }).filter(([field]) => operands.includes(field)),
  );
  return execute(name, { ...registers, ...fields }, { vsr }).machine.vsr[1]!;
}
const check = (runs: number, body: (...values: [bigint, bigint, bigint, bigint]) => void): void =>
  fc.assert(fc.property(any128, any128, any128, any128, body), { numRuns: runs });

test('xxperm, xxpermr and xxpermx choose bytes by number', () => {
  check(60, (t, a, b, c) => {
    const source = [...bytesOf(a), ...bytesOf(t)];
    const numbers = bytesOf(b);
    expect(result('xxperm', [t, a, b])).toBe(fromBytes(numbers.map((n) => source[n & 31]!)));
    expect(result('xxpermr', [t, a, b])).toBe(fromBytes(numbers.map((n) => source[31 - (n & 31)]!)));
    const pair = [...bytesOf(a), ...bytesOf(b)];
    for (let UIM = 0; UIM < 8; UIM++) {
      const part = bytesOf(c).map((n) => (n >> 5 === UIM ? pair[n & 31]! : 0));
      expect(result('xxpermx', [t, a, b, c], { XC: 4, UIM })).toBe(fromBytes(part));
    }
  });
});

test('xxinsertw and xxextractuw move a word to and from any byte', () => {
  check(40, (t, _a, b) => {
    for (let UIM4 = 0; UIM4 < 16; UIM4++) {
      const [target, source] = [bytesOf(t), bytesOf(b)];
      for (let i = 0; i < 4 && UIM4 + i < 16; i++) target[UIM4 + i] = source[4 + i]!;
      expect(result('xxinsertw', [t, 0n, b], { UIM4 })).toBe(fromBytes(target));
      const word = [0, 1, 2, 3].map((i) => source[(UIM4 + i) % 16]!);
      const expected = fromBytes([0, 0, 0, 0, ...word, 0, 0, 0, 0, 0, 0, 0, 0]);
      expect(result('xxextractuw', [t, 0n, b], { UIM4 })).toBe(expected);
    }
  });
});

test.each([['h', 2], ['w', 4], ['d', 8], ['q', 16]] as const)('xxbr%s reverses the bytes of elements', (letter, size) => {
  check(20, (_t, _a, b) => {
    const bytes = bytesOf(b);
    const reversed = bytes.map((_, i) => bytes[i - (i % size) + size - 1 - (i % size)]!);
    expect(result(`xxbr${letter}`, [0n, 0n, b])).toBe(fromBytes(reversed));
  });
}); // prettier-ignore

test.each([['b', 1], ['h', 2], ['w', 4], ['d', 8]] as const)('xxgenpcv%sm and the permute it controls', (letter, size) => {
  const count = 16 / size;
  check(30, (_t, _a, mask) => {
    const chosen = Array.from({ length: count }, (_, i) => (bytesOf(mask)[i * size]! & 0x80) !== 0);
    const vsr = Array.from({ length: 64 }, (_, n) => (n === 33 ? mask : 0n));
    const control = (IMM5: number): number[] =>
      bytesOf(execute(`xxgenpcv${letter}m`, { XT: 2, VRB: 1, IMM5 }, { vsr }).machine.vsr[2]!);
    for (const fromRight of [false, true]) {
      const order = fromRight ? [...chosen].reverse() : chosen;
      const seen = (bytes: number[]): number[] => (fromRight ? [...bytes].reverse() : bytes);
      const element = (first: number): number[] => Array.from({ length: size }, (_, k) => first + k);
      let next = 0;
      const expanded = order.flatMap((is, i) => element(is ? size * next++ : 16 + size * i));
      expect(seen(control(fromRight ? 2 : 0))).toEqual(expanded);
      const compressed = order.flatMap((is, i) => (is ? element(size * i) : []));
      const rest = Array<number>(16 - compressed.length).fill(0);
      expect(seen(control(fromRight ? 3 : 1))).toEqual([...compressed, ...rest]);
    }
  });
  expect(raised(execute(`xxgenpcv${letter}m`, { IMM5: 4 }))).toBe('illegal');
}); // prettier-ignore

test('xxeval computes any function of three bits', () => {
  fc.assert(
    fc.property(any128, any128, any128, fc.nat(255), (a, b, c, IMM8) => {
      let expected = 0n;
      for (let bit = 0n; bit < 128n; bit++) {
        const index = ((a >> bit) & 1n) * 4n + ((b >> bit) & 1n) * 2n + ((c >> bit) & 1n);
        expected |= ((BigInt(IMM8) >> (7n - index)) & 1n) << bit;
      }
      expect(result('xxeval', [0n, a, b, c], { XC: 4, IMM8 })).toBe(expected);
    }),
  );
});

test.each([['b', 1], ['h', 2], ['w', 4], ['d', 8]] as const)('xxblendv%s chooses elements by their signs', (letter, size) => {
  check(20, (t, a, b, c) => {
    const signs = bytesOf(c).map((_, i) => bytesOf(c)[i - (i % size)]! & 0x80);
    const expected = bytesOf(a).map((byte, i) => (signs[i] ? bytesOf(b)[i]! : byte));
    expect(result(`xxblendv${letter}`, [t, a, b, c], { XC: 4 })).toBe(fromBytes(expected));
  });
}); // prettier-ignore

test('immediates of 32 bits and quad constants', () => {
  const old = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeffn;
  expect(result('xxspltiw', [old], { IMM32: 0x89abcdef })).toBe(0x89abcdef_89abcdef_89abcdef_89abcdefn);
  expect(result('xxspltidp', [old], { IMM32: 0x3fc00000 })).toBe(0x3ff8000000000000_3ff8000000000000n);
  expect(result('xxsplti32dx', [old], { IX: 0, IMM32: 5 })).toBe(0x00000005_44556677_00000005_ccddeeffn);
  expect(result('xxsplti32dx', [old], { IX: 1, IMM32: 5 })).toBe(0x00112233_00000005_8899aabb_00000005n);
  const quad = (UIM5: number): string => (result('lxvkq', [old], { UIM5 }) >> 96n).toString(16);
  expect([1, 2, 3, 7, 8, 9, 17, 24].map(quad)).toEqual([
    '3fff0000', '40000000', '40008000', '4001c000', '7fff0000', '7fff8000', 'bfff0000', 'ffff0000',
  ]); // prettier-ignore
  expect(quad(16)).toBe('80000000');
  for (const UIM5 of [0, 10, 15, 25, 31]) expect(raised(execute('lxvkq', { UIM5 }))).toBe('illegal');
});

describe('parts and classes of numbers', () => {
  const b = (upper: bigint): bigint[] => [0n, 0n, upper << 64n];
  const gpr = (name: string, upper: bigint): bigint => {
    const vsr = Array.from({ length: 64 }, (_, n) => b(upper)[n - 1] ?? 0n);
    return execute(name, { RT: 3, XB: 3 }, { vsr }).gpr[3]!;
  };
  test('exponents and significands', () => {
    expect(gpr('xsxexpdp', 0xc008_0000_0000_0001n)).toBe(0x400n);
    expect(gpr('xsxsigdp', 0xc008_0000_0000_0001n)).toBe(0x0018_0000_0000_0001n);
    expect(gpr('xsxsigdp', 0x8000_0000_0000_0001n)).toBe(1n);
    expect(gpr('xsxsigdp', 0x7ff8_0000_0000_0000n)).toBe(0x0008_0000_0000_0000n);
    expect(result('xvxexpsp', [0n, 0n, 0x3f800000_00000001_ff800000_c0490fdbn])).toBe(0x7f_00000000_000000ff_00000080n);
    expect(result('xvxsigsp', [0n, 0n, 0x3f800000_00000001_ff800000_c0490fdbn])).toBe(0x800000_00000001_00000000_00c90fdbn);
    expect(result('xviexpsp', [0n, 0x80000001_00000000_00000000_00000000n, 0x7fn << 96n])).toBe(0xbf800001n << 96n);
  }); // prettier-ignore

  test.each([
    [0x7ff8n << 48n, 64], [0x7ff0n << 48n, 32], [0xfff0n << 48n, 16], [0n, 8], [0x8000n << 48n, 4], [1n, 2],
    [(0x8000n << 48n) | 1n, 1], [0x3ff0n << 48n, 0],
  ])('%x is of class %d', (upper, mask) => {
    for (let bit = 0; bit < 7; bit++) {
      const DCMX = 1 << bit;
      const vsr = Array.from({ length: 64 }, (_, n) => (n === 3 ? upper << 64n : 0n));
      const { machine } = execute('xststdcdp', { BF: 6, XB: 3, DCMX }, { vsr });
      const sign = upper >> 63n === 1n ? 8 : 0;
      expect(machine.cr[6]).toBe(sign | (DCMX === mask ? 2 : 0));
      expect((machine.resources.FPSCR >> 12n) & 15n).toBe(BigInt(machine.cr[6]!));
      const all = result('xvtstdcdp', [0n, 0n, upper << 64n], { DCMXV: DCMX }) >> 64n;
      expect(all).toBe(DCMX === mask ? (1n << 64n) - 1n : 0n);
    }
  }); // prettier-ignore

  test('xvtlsbb', () => {
    const low = (value: bigint): number =>
      execute('xvtlsbb', { BF: 2, XB: 3 }, { vsr: Array.from({ length: 64 }, () => value) }).machine.cr[2]!;
    expect([low(fromBytes(Array<number>(16).fill(0xfe))), low(fromBytes(Array<number>(16).fill(1))), low(1n)]).toEqual([2, 8, 0]);
  }); // prettier-ignore
});
