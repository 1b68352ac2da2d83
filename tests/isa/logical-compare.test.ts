/** Logical, compare, select and trap instructions by hand. */
import type { TestMachine } from '../support/evaluate';
import { execute, LE_32, LE_64, raised, registers } from '../support/execute';

const ONES = 0xffff_ffff_ffff_ffffn;
const A = 0x0123_4567_89ab_cdefn;
const B = 0xff00_ff00_0f0f_0f0fn;

const logical = (mnemonic: string, rs: bigint, rb = 0n, fields = {}): TestMachine =>
  execute(mnemonic, { RA: 3, RS: 4, ...fields }, { gpr: registers({ 4: rs, 5: rb }) }).machine;

describe('logical', () => {
  it.each<[string, bigint]>([
    ['and', A & B],
    ['or', A | B],
    ['xor', A ^ B],
    ['nand', ONES ^ (A & B)],
    ['nor', ONES ^ (A | B)],
    ['eqv', ONES ^ A ^ B],
    ['andc', A & (ONES ^ B)],
    ['orc', A | (ONES ^ B)],
  ])('%s', (mnemonic, expected) => {
    expect(logical(mnemonic, A, B, { RB: 5 }).gpr[3]).toBe(expected);
  });

  it.each<[string, bigint, number | undefined]>([
    ['andi.', 0x8000n, 0b0100],
    ['andis.', 0x8000_0000n, 0b0100],
    ['ori', ONES, undefined],
    ['oris', ONES, undefined],
    ['xori', ONES ^ 0x8000n, undefined],
    ['xoris', ONES ^ 0x8000_0000n, undefined],
  ])('%s does not extend the sign of its immediate', (mnemonic, expected, cr0) => {
    const { gpr, cr } = logical(mnemonic, ONES, 0n, { UI: 0x8000 });
    expect([gpr[3], cr[0]]).toEqual([expected, cr0 ?? 0]);
  });

  it.each<[string, bigint, bigint]>([
    ['extsb', 0x180n, 0xffff_ffff_ffff_ff80n],
    ['extsh', 0x1_7fffn, 0x7fffn],
    ['extsw', 0x1_8000_0000n, 0xffff_ffff_8000_0000n],
    ['brh', A, 0x2301_6745_ab89_efcdn],
    ['brw', A, 0x6745_2301_efcd_ab89n],
    ['brd', A, 0xefcd_ab89_6745_2301n],
  ])('%s %i', (mnemonic, rs, expected) => {
    expect(logical(mnemonic, rs).gpr[3]).toBe(expected);
  });

  it('extsb. records', () => {
    expect(logical('extsb.', 0x80n).cr[0]).toBe(0b1000);
  });

  it('cmpb marks the bytes that are equal, without a carry into their neighbours', () => {
    const marks = logical('cmpb', 0x0100_ff80_7f00_0001n, 0x0000_ff80_7f01_0002n, { RB: 5 }).gpr[3];
    expect(marks).toBe(0x00ff_ffff_ff00_ff00n);
  });
});

describe('compare', () => {
  const compare = (mnemonic: string, fields: Record<string, number>, a: bigint, b = 0n): number[] =>
    execute(mnemonic, { BF: 2, RA: 4, ...fields }, { gpr: registers({ 4: a, 5: b }) }).machine.cr;

  it.each<[string, Record<string, number>, bigint, bigint, number]>([
    ['cmp', { L: 1, RB: 5 }, ONES, 0n, 0b1000],
    ['cmp', { L: 1, RB: 5 }, 0x8000_0000n, 1n, 0b0100],
    ['cmp', { L: 0, RB: 5 }, 0x8000_0000n, 1n, 0b1000],
    ['cmp', { L: 0, RB: 5 }, 0x1_0000_0001n, 1n, 0b0010],
    ['cmpl', { L: 1, RB: 5 }, ONES, 0n, 0b0100],
    ['cmpl', { L: 0, RB: 5 }, 0x1_0000_0000n, 0n, 0b0010],
    ['cmpl', { L: 0, RB: 5 }, 0x8000_0000n, 1n, 0b0100],
    ['cmpi', { L: 1, SI: -1 }, 0n, 0n, 0b0100],
    ['cmpi', { L: 0, SI: -1 }, 0xffff_ffffn, 0n, 0b0010],
    ['cmpli', { L: 1, UI: 0xffff }, ONES, 0n, 0b0100],
    ['cmpli', { L: 0, UI: 0xffff }, 0x1_0000_ffffn, 0n, 0b0010],
    // Ranges of RB: 0x61..0x7a ('a'..'z') last, 0x41..0x5a before; bytes are high, low.
    ['cmprb', { L: 0, RB: 5 }, 0x61n, 0x5a41_7a61n, 0b0100],
    ['cmprb', { L: 0, RB: 5 }, 0x7an, 0x5a41_7a61n, 0b0100],
    ['cmprb', { L: 0, RB: 5 }, 0x60n, 0x5a41_7a61n, 0],
    ['cmprb', { L: 0, RB: 5 }, 0x41n, 0x5a41_7a61n, 0],
    ['cmprb', { L: 1, RB: 5 }, 0x141n, 0x5a41_7a61n, 0b0100],
    ['cmprb', { L: 1, RB: 5 }, 0x5bn, 0x5a41_7a61n, 0],
    ['cmprb', { L: 0, RB: 5 }, 0x80n, 0xff80n, 0b0100],
    ['cmpeqb', { RB: 5 }, 0x07n, 0x0102_0304_0506_0007n, 0b0100],
    ['cmpeqb', { RB: 5 }, 0x101n, 0x0102_0304_0506_0708n, 0b0100],
    ['cmpeqb', { RB: 5 }, 0x09n, 0x0102_0304_0506_0708n, 0],
    ['cmpeqb', { RB: 5 }, 0x00n, 0x0101_0101_0101_0180n, 0],
  ])('%s %j: %i, %i', (mnemonic, fields, a, b, cr) => {
    expect(compare(mnemonic, fields, a, b)[2]).toBe(cr);
  });

  it.each(['cmp', 'cmpl', 'cmpi', 'cmpli'])(
    '%s copies SO and compares by L whatever the mode is',
    (mnemonic) => {
      const operands = mnemonic.endsWith('i') ? {} : { RB: 5 };
      for (const modes of [LE_64, LE_32]) {
        const { machine } = execute(
          mnemonic,
          { BF: 7, L: 1, RA: 4, ...operands },
          {
            modes,
            gpr: registers({ 4: 1n << 32n }),
            resources: { ...execute('pnop', {}).machine.resources, SO: 1n },
          },
        );
        expect(machine.cr).toEqual([0, 0, 0, 0, 0, 0, 0, 0b0101]);
      }
    },
  );

  it.each<[number, number, bigint]>([
    [6, 4, 10n],
    [5, 4, 20n],
    [6, 0, 0n],
  ])('isel with bit %i and RA %i', (BC, RA, expected) => {
    // Bit 6 is EQ of CR1; GPR 0 must not be read.
    const { machine } = execute(
      'isel',
      { RT: 3, RA, RB: 5, BC },
      { cr: [0, 0b0010, 0, 0, 0, 0, 0, 0], gpr: registers({ 0: 99n, 4: 10n, 5: 20n }) },
    );
    expect(machine.gpr[3]).toBe(expected);
  });
});

describe('trap', () => {
  const LT = 16, GT = 8, EQ = 4, LTU = 2, GTU = 1; // prettier-ignore
  const TRAPS: readonly [string, bigint, bigint, readonly number[]][] = [
    ['td', ONES, 1n, [LT, GTU]],
    ['td', 1n, ONES, [GT, LTU]],
    ['td', 7n, 7n, [EQ]],
    ['tw', 0x8000_0000n, 1n, [LT, GTU]],
    ['tw', 0x1_0000_0001n, 1n, [EQ]],
    ['tw', 1n, 2n, [LT, LTU]],
  ];
  it.each(TRAPS)('%s %i, %i', (mnemonic, a, b, conditions) => {
    const trappedBy = (TO: number): boolean => {
      const result = execute(mnemonic, { TO, RA: 4, RB: 5 }, { gpr: registers({ 4: a, 5: b }) });
      return raised(result) === 'trap';
    };
    expect([LT, GT, EQ, LTU, GTU].filter(trappedBy)).toEqual(conditions);
    expect(trappedBy(31)).toBe(true);
    expect(trappedBy(0)).toBe(false);
  });

  it.each<[string, bigint, number, boolean]>([
    ['tdi', ONES, -1, true],
    ['tdi', 0xffff_ffffn, -1, false],
    ['twi', 0xffff_ffffn, -1, true],
    ['twi', 5n, -1, false],
  ])('%s compares %i with the signed immediate %i', (mnemonic, a, SI, traps) => {
    const result = execute(mnemonic, { TO: EQ, RA: 4, SI }, { gpr: registers({ 4: a }) });
    expect(result.outcome.kind).toBe(traps ? 'raise' : 'next');
  });
});
