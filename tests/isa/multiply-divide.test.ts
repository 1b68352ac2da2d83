/** Multiply, divide and modulo: pinned results by hand, everything else against BigInt. */
import fc from 'fast-check';
import { evaluate, newMachine, type TestMachine } from '../support/evaluate';
import { execute, LE_32, LE_64, registers } from '../support/execute';
import { findInstruction, imageOf, named } from '../support/find-instruction';

const ONES = 0xffff_ffff_ffff_ffffn;
const MIN = 1n << 63n;
const MIN32 = 0xffff_ffff_8000_0000n;
const u64 = (x: bigint): bigint => BigInt.asUintN(64, x);
const s64 = (x: bigint): bigint => BigInt.asIntN(64, x);
const u32 = (x: bigint): bigint => BigInt.asUintN(32, x);
const s32 = (x: bigint): bigint => BigInt.asIntN(32, x);

const run = (mnemonic: string, a: bigint, b: bigint, c = 0n): TestMachine =>
  execute(
    mnemonic,
    { RT: 3, RA: 4, RB: 5, ...(named(mnemonic).row.form === 'VA' ? { RC: 6 } : {}) },
    { gpr: registers({ 4: a, 5: b, 6: c }) },
  ).machine;
const overflowOf = ({ resources: r }: TestMachine): bigint[] => [r.OV, r.OV32, r.SO];
const NO = [0n, 0n, 0n];
const YES = [1n, 1n, 1n];

describe('results that the ISA leaves undefined are those of IBM processors', () => {
  it.each<[string, bigint, bigint, bigint, number]>([
    // The high word of a word product repeats the low one; Rc looks at all 64 bits.
    ['mulhw.', u64(-7n), 5n, ONES, 0b1000],
    ['mulhwu.', 0xffff_fff9n, 5n, 0x4_0000_0004n, 0b0100],
    // The high word of a word quotient is 0, so that a negative one is greater than 0.
    ['divw.', u64(-7n), 2n, 0xffff_fffdn, 0b0100],
    ['divwe.', ONES, 0x7fff_ffffn, 0xffff_fffen, 0b0100],
    ['divwu.', 0xffff_ffffn, 2n, 0x7fff_ffffn, 0b0100],
    // No quotient: 0.
    ['divw.', 5n, 0n, 0n, 0b0010],
    ['divw.', MIN32, ONES, 0n, 0b0010],
    ['divwu.', 5n, 0x1_0000_0000n, 0n, 0b0010],
    ['divwe.', 5n, 0n, 0n, 0b0010],
    ['divwe.', MIN32, ONES, 0n, 0b0010],
    ['divwe.', 1n, 2n, 0n, 0b0010],
    ['divweu.', 5n, 5n, 0n, 0b0010],
    ['divweu.', 5n, 0n, 0n, 0b0010],
    ['divd.', 5n, 0n, 0n, 0b0010],
    ['divd.', MIN, ONES, 0n, 0b0010],
    ['divdu.', 5n, 0n, 0n, 0b0010],
    ['divde.', 5n, 0n, 0n, 0b0010],
    ['divde.', MIN, ONES, 0n, 0b0010],
    ['divde.', 0x80n, 0xffn, 0n, 0b0010],
    ['divdeu.', 5n, 5n, 0n, 0b0010],
    ['modsw', 5n, 0n, 0n, 0],
    ['modsw', MIN32, ONES, 0n, 0],
    ['moduw', 5n, 0n, 0n, 0],
    ['modsd', 5n, 0n, 0n, 0],
    ['modsd', MIN, ONES, 0n, 0],
    ['modud', 5n, 0n, 0n, 0],
  ])('%s %i, %i', (mnemonic, a, b, rt, cr0) => {
    const machine = run(mnemonic, a, b);
    expect(machine.gpr[3]).toBe(rt);
    expect(machine.cr[0]).toBe(cr0);
    expect(overflowOf(machine)).toEqual(NO);
  });

  it.each<[string, bigint, bigint]>([
    ['divwo', 1n, 0n],
    ['divwo', MIN32, ONES],
    ['divwuo', 1n, 0n],
    ['divweo', 1n, 2n],
    ['divweuo', 5n, 5n],
    ['divdo', MIN, ONES],
    ['divduo', 1n, 0n],
    ['divdeo', 0x80n, 0xffn],
    ['divdeuo', 5n, 5n],
    ['mullwo', 0x1_0000n, 0x8000n],
    ['mulldo', 1n << 32n, 1n << 31n],
    ['mulldo', MIN, ONES],
  ])('%s %i, %i overflows', (mnemonic, a, b) => {
    expect(overflowOf(run(mnemonic, a, b))).toEqual(YES);
  });

  it('a quotient that exists clears OV and keeps SO', () => {
    const first = run('divdo', 1n, 0n);
    const { machine } = execute(
      'divdo',
      { RT: 3, RA: 4, RB: 5 },
      { gpr: registers({ 4: 6n, 5: 3n }), resources: first.resources },
    );
    expect(overflowOf(machine)).toEqual([0n, 0n, 1n]);
    expect(machine.gpr[3]).toBe(2n);
  });

  it('the bit where others have OE is reserved in mulhw', () => {
    const OE = 1n << 10n;
    const image = imageOf(named('mulhw'), { RT: 3, RA: 4, RB: 5 }) | OE;
    expect(findInstruction(image)?.mnemonic).toBe('mulhw');
    const machine = newMachine({ gpr: registers({ 4: MIN32, 5: MIN32 }) });
    evaluate(named('mulhw'), image, machine);
    expect(overflowOf(machine)).toEqual(NO);
    expect(machine.gpr[3]).toBe(0x4000_0000_4000_0000n);
  });
});

describe('against BigInt', () => {
  const value = fc.oneof(
    fc.bigInt({ min: 0n, max: ONES }),
    fc.bigInt({ min: 0n, max: 1n << 33n }),
    fc.bigInt({ min: -300n, max: 300n }).map(u64),
    fc.constantFrom(0n, 1n, ONES, MIN, MIN - 1n, MIN32, 0x7fff_ffffn, 0xffff_ffffn, 1n << 32n),
  );
  const fits = (q: bigint, width: number, how: 'S' | 'U'): boolean =>
    (how === 'S' ? BigInt.asIntN(width, q) : BigInt.asUintN(width, q)) === q;

  it.each<[string, (a: bigint, b: bigint, c: bigint) => bigint]>([
    ['mullw', (a, b) => s32(a) * s32(b)],
    ['mulhw', (a, b) => u32((s32(a) * s32(b)) >> 32n) * 0x1_0000_0001n],
    ['mulhwu', (a, b) => ((u32(a) * u32(b)) >> 32n) * 0x1_0000_0001n],
    ['mulld', (a, b) => a * b],
    ['mulhd', (a, b) => (s64(a) * s64(b)) >> 64n],
    ['mulhdu', (a, b) => (a * b) >> 64n],
    ['maddhd', (a, b, c) => (s64(a) * s64(b) + s64(c)) >> 64n],
    ['maddhdu', (a, b, c) => (a * b + c) >> 64n],
    ['maddld', (a, b, c) => a * b + c],
  ])('%s', (mnemonic, product) => {
    fc.assert(
      fc.property(value, value, value, (a, b, c) => {
        expect(run(mnemonic, a, b, c).gpr[3]).toBe(u64(product(a, b, c)));
      }),
    );
  });

  it.each<[string, 32 | 64]>([
    ['mullwo', 32],
    ['mulldo', 64],
  ])('%s overflows where the product does not fit', (mnemonic, width) => {
    fc.assert(
      fc.property(value, value, (a, b) => {
        const product = BigInt.asIntN(width, a) * BigInt.asIntN(width, b);
        expect(overflowOf(run(mnemonic, a, b))).toEqual(fits(product, width, 'S') ? NO : YES);
      }),
    );
  });

  it.each<[string, 'S' | 'U', 32 | 64, bigint]>([
    ['divwo', 'S', 32, 0n],
    ['divwuo', 'U', 32, 0n],
    ['divweo', 'S', 32, 32n],
    ['divweuo', 'U', 32, 32n],
    ['divdo', 'S', 64, 0n],
    ['divduo', 'U', 64, 0n],
    ['divdeo', 'S', 64, 64n],
    ['divdeuo', 'U', 64, 64n],
  ])('%s', (mnemonic, how, width, shift) => {
    const operand = (x: bigint): bigint => (how === 'S' ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x));
    fc.assert(
      fc.property(value, value, (a, b) => {
        const machine = run(mnemonic, a, b);
        const divisor = operand(b);
        const quotient = divisor === 0n ? undefined : (operand(a) << shift) / divisor;
        const good = quotient !== undefined && fits(quotient, width, how);
        expect(machine.gpr[3]).toBe(good ? BigInt.asUintN(width, quotient) : 0n);
        expect(overflowOf(machine)).toEqual(good ? NO : YES);
      }),
      { numRuns: 400 },
    );
  });

  it.each<[string, 'S' | 'U', 32 | 64]>([
    ['modsw', 'S', 32],
    ['moduw', 'U', 32],
    ['modsd', 'S', 64],
    ['modud', 'U', 64],
  ])('%s', (mnemonic, how, width) => {
    const operand = (x: bigint): bigint => (how === 'S' ? BigInt.asIntN(width, x) : BigInt.asUintN(width, x));
    fc.assert(
      fc.property(value, value, (a, b) => {
        const expected = operand(b) === 0n ? 0n : operand(a) % operand(b);
        expect(run(mnemonic, a, b).gpr[3]).toBe(u64(expected));
      }),
    );
  });

  it('mulli multiplies by a signed immediate', () => {
    const { machine } = execute('mulli', { RT: 3, RA: 4, SI: -3 }, { gpr: registers({ 4: 1n << 62n }) });
    expect(machine.gpr[3]).toBe(1n << 62n);
  });

  it('Rc in 32-bit mode looks at the low word', () => {
    const cr0 = (modes: TestMachine['modes']): number =>
      execute('mulld.', { RT: 3, RA: 4, RB: 5 }, { modes, gpr: registers({ 4: 1n << 31n, 5: 1n }) }).machine
        .cr[0]!;
    expect(cr0(LE_64)).toBe(0b0100);
    expect(cr0(LE_32)).toBe(0b1000);
  });
});
