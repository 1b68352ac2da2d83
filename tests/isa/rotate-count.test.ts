/** Rotates, shifts, counts and bit gathering: edges by hand, the rest against the manual's words in BigInt. */
import fc from 'fast-check';
import type { TestMachine } from '../support/evaluate';
import { execute, LE_32, registers } from '../support/execute';

const ONES = 0xffff_ffff_ffff_ffffn;
const A = 0x0123_4567_89ab_cdefn;
const value = fc.oneof(
  fc.bigInt({ min: 0n, max: ONES }),
  fc.constantFrom(0n, 1n, ONES, 1n << 63n, 0x8000_0000n, 0xffff_ffffn),
);
const five = fc.nat(31);
const six = fc.nat(63);

const run = (mnemonic: string, fields: Record<string, number>, rs: bigint, rb = 0n, ra = 0n): TestMachine =>
  execute(mnemonic, { RA: 3, RS: 4, ...fields }, { gpr: registers({ 3: ra, 4: rs, 5: rb }) }).machine;

/** Bits of a doubleword as the manual numbers them. */
const bit = (x: bigint, n: number): bigint => (x >> BigInt(63 - n)) & 1n;
/** MASK(from, to), bit by bit. */
const mask = (from: number, to: number): bigint => {
  let m = 0n;
  for (let n = from; ; n = (n + 1) % 64) {
    m |= 1n << BigInt(63 - n);
    if (n === to) return m;
  }
};
const rotl64 = (x: bigint, n: number): bigint => BigInt.asUintN(64, (x << BigInt(n)) | (x >> BigInt(64 - n)));
const rotl32 = (x: bigint, n: number): bigint => {
  const w = BigInt.asUintN(32, x);
  return rotl64((w << 32n) | w, n);
};

describe('rotate and mask', () => {
  it.each<[string, Record<string, number>, bigint]>([
    ['rlwinm', { SH: 8, MB: 24, ME: 31 }, 0x89n],
    // A mask that wraps covers the high word too.
    ['rlwinm', { SH: 0, MB: 31, ME: 0 }, 0x89ab_cdef_8000_0001n],
    ['rldicl', { SH: 8, MB: 56 }, 0x01n],
    ['rldicr', { SH: 8, ME: 7 }, 0x23n << 56n],
    ['rldic', { SH: 8, MB: 48 }, 0xef00n],
  ])('%s %j', (mnemonic, fields, expected) => {
    expect(run(mnemonic, fields, A).gpr[3]).toBe(expected);
  });

  it('word rotates', () => {
    fc.assert(
      fc.property(value, value, value, five, five, five, (rs, rb, ra, SH, MB, ME) => {
        const m = mask(MB + 32, ME + 32);
        const n = Number(rb & 31n);
        expect(run('rlwinm', { SH, MB, ME }, rs).gpr[3]).toBe(rotl32(rs, SH) & m);
        expect(run('rlwnm', { RB: 5, MB, ME }, rs, rb).gpr[3]).toBe(rotl32(rs, n) & m);
        expect(run('rlwimi', { SH, MB, ME }, rs, 0n, ra).gpr[3]).toBe(
          (rotl32(rs, SH) & m) | (ra & (ONES ^ m)),
        );
      }),
    );
  });

  it('doubleword rotates', () => {
    fc.assert(
      fc.property(value, value, value, six, six, (rs, rb, ra, SH, M) => {
        const n = Number(rb & 63n);
        const inner = mask(M, 63 - SH);
        expect(run('rldicl', { SH, MB: M }, rs).gpr[3]).toBe(rotl64(rs, SH) & mask(M, 63));
        expect(run('rldicr', { SH, ME: M }, rs).gpr[3]).toBe(rotl64(rs, SH) & mask(0, M));
        expect(run('rldic', { SH, MB: M }, rs).gpr[3]).toBe(rotl64(rs, SH) & inner);
        expect(run('rldimi', { SH, MB: M }, rs, 0n, ra).gpr[3]).toBe(
          (rotl64(rs, SH) & inner) | (ra & (ONES ^ inner)),
        );
        expect(run('rldcl', { RB: 5, MB: M }, rs, rb).gpr[3]).toBe(rotl64(rs, n) & mask(M, 63));
        expect(run('rldcr', { RB: 5, ME: M }, rs, rb).gpr[3]).toBe(rotl64(rs, n) & mask(0, M));
      }),
    );
  });

  it('Rc in 32-bit mode looks at the low word', () => {
    const { machine } = execute(
      'rldicl.',
      { RA: 3, RS: 4 },
      { modes: LE_32, gpr: registers({ 4: 0x8000_0000n }) },
    );
    expect(machine.cr[0]).toBe(0b1000);
  });
});

describe('shift', () => {
  const carry = (m: TestMachine): bigint[] => [m.resources.CA, m.resources.CA32];

  it.each<[string, bigint, bigint, bigint, bigint]>([
    ['slw', 0x1_8000_0001n, 1n, 2n, 0n],
    ['slw', 1n, 32n, 0n, 0n],
    ['slw', 1n, 64n, 1n, 0n],
    ['srw', 0x1_8000_0000n, 31n, 1n, 0n],
    ['srw', 0xffff_ffffn, 32n, 0n, 0n],
    ['sld', 1n, 63n, 1n << 63n, 0n],
    ['sld', ONES, 64n, 0n, 0n],
    ['sld', 5n, 128n, 5n, 0n],
    ['srd', ONES, 63n, 1n, 0n],
    ['srd', ONES, 127n, 0n, 0n],
    ['sraw', 0x8000_0001n, 1n, 0xffff_ffff_c000_0000n, 1n],
    ['sraw', 0x8000_0000n, 1n, 0xffff_ffff_c000_0000n, 0n],
    ['sraw', 0x8000_0000n, 63n, ONES, 1n],
    ['sraw', 0x7fff_ffffn, 32n, 0n, 0n],
    ['sraw', 0xffff_ffffn, 0n, ONES, 0n],
    ['srad', 1n << 63n, 63n, ONES, 0n],
    ['srad', 1n << 63n, 64n, ONES, 1n],
    ['srad', (1n << 63n) | 1n, 1n, 0xc000_0000_0000_0000n, 1n],
    ['srad', 5n, 127n, 0n, 0n],
  ])('%s %i by %i', (mnemonic, rs, rb, expected, ca) => {
    const machine = run(mnemonic, { RB: 5 }, rs, rb);
    expect(machine.gpr[3]).toBe(expected);
    expect(carry(machine)).toEqual([ca, ca]);
  });

  it('shifts right algebraic keep the quotient by a power of two, rounded down', () => {
    fc.assert(
      fc.property(value, five, six, (rs, sh, sh6) => {
        const w = BigInt.asIntN(32, rs);
        const d = BigInt.asIntN(64, rs);
        const lost = (x: bigint, n: number): bigint => (x < 0n && x % (1n << BigInt(n)) !== 0n ? 1n : 0n);
        for (const [mnemonic, x, SH] of [['srawi', w, sh], ['sradi', d, sh6]] as const) {
          const machine = run(mnemonic, { SH }, rs);
          expect(machine.gpr[3]).toBe(BigInt.asUintN(64, x >> BigInt(SH)));
          expect(carry(machine)).toEqual([lost(x, SH), lost(x, SH)]);
        }
        expect(run('extswsli', { SH: sh6 }, rs).gpr[3]).toBe(BigInt.asUintN(64, w << BigInt(sh6)));
      }),
    ); // prettier-ignore
  });
});

describe('counts and bits', () => {
  it.each<[string, bigint, bigint]>([
    ['cntlzw', 0x1_0000_0001n, 31n],
    ['cntlzw', 1n << 32n, 32n],
    ['cntlzd', 1n, 63n],
    ['cntlzd', 0n, 64n],
    ['cnttzw', 1n << 32n, 32n],
    ['cnttzw', 8n, 3n],
    ['cnttzd', 1n << 40n, 40n],
    ['cnttzd', 0n, 64n],
    ['popcntb', 0xff7f_0100_f00f_5503n, 0x0807_0100_0404_0402n],
    ['popcntw', 0xffff_ffff_8000_0001n, 0x20_0000_0002n],
    ['popcntd', ONES, 64n],
    ['prtyw', 0x0101_0100_feff_0000n, 0x1_0000_0001n],
    ['prtyw', 0x0001_0001_0000_0000n, 0n],
    ['prtyd', 0x0101_0100_0000_0000n, 1n],
    ['prtyd', 0x0101_0100_0000_0001n, 0n],
  ])('%s %i', (mnemonic, rs, expected) => {
    expect(run(mnemonic, {}, rs).gpr[3]).toBe(expected);
  });

  it('cntlzd. records', () => {
    expect(run('cntlzd.', {}, 1n << 63n).cr[0]).toBe(0b0010);
  });

  it('bpermd picks bits of RB by the bytes of RS', () => {
    // Bytes: 0 and 63 are ones of RB, 1 is a zero, 64 and 255 are outside.
    expect(run('bpermd', { RB: 5 }, 0x003f_0140_ff00_3f01n, (1n << 63n) | 1n).gpr[3]).toBe(0b1100_0110n);
  });

  /** The bits of x, from the left, whose mask bit is `selected`. */
  const chosen = (x: bigint, m: bigint, selected: bigint): bigint[] =>
    [...Array(64).keys()].filter((n) => bit(m, n) === selected).map((n) => bit(x, n));
  const number = (bits: readonly bigint[]): bigint => bits.reduce((x, b) => (x << 1n) | b, 0n);
  const leading = (bits: readonly bigint[]): bigint =>
    BigInt(bits.includes(1n) ? bits.indexOf(1n) : bits.length);

  it('pextd, pdepd, cfuged, cntlzdm, cnttzdm', () => {
    fc.assert(
      fc.property(value, value, (rs, rb) => {
        const of = (mnemonic: string): bigint => run(mnemonic, { RB: 5 }, rs, rb).gpr[3]!;
        const ones = chosen(rs, rb, 1n);
        expect(of('pextd')).toBe(number(ones));
        expect(of('cfuged')).toBe(number([...chosen(rs, rb, 0n), ...ones]));
        expect(of('cntlzdm')).toBe(leading(ones));
        expect(of('cnttzdm')).toBe(leading([...ones].reverse()));
        // Depositing is the inverse of extracting: the low bits come back, and nothing is outside the mask.
        const deposited = of('pdepd');
        expect(deposited & (ONES ^ rb)).toBe(0n);
        expect(number(chosen(deposited, rb, 1n))).toBe(BigInt.asUintN(ones.length, rs));
      }),
    );
  });
});
