/** Add, subtract and negate by hand, with carries and overflows in both modes; properties against BigInt. */
import fc from 'fast-check';
import type { ResourceName } from '../../isa/vocabulary/expr';
import { newMachine, type TestMachine } from '../support/evaluate';
import { execute, registers } from '../support/execute';

const MAX = 0x7fff_ffff_ffff_ffffn;
const MIN = 0x8000_0000_0000_0000n;
const ONES = 0xffff_ffff_ffff_ffffn;

type Flag = 'SO' | 'OV' | 'OV32' | 'CA' | 'CA32';
const FLAGS: readonly Flag[] = ['SO', 'OV', 'OV32', 'CA', 'CA32'];
/** The flags that are 1, in order. */
const flagsOf = (m: TestMachine): string => FLAGS.filter((f) => m.resources[f] === 1n).join(' ');

interface Setting {
  readonly sf?: 0 | 1;
  readonly flags?: readonly ResourceName[];
}
const changesOf = ({ sf = 1, flags = [] }: Setting): Partial<TestMachine> => {
  const { resources } = newMachine();
  for (const f of flags) resources[f] = 1n;
  return { resources, modes: { sf, le: 1, blockShift: 7, xerReserved: 0 } };
};
const run = (mnemonic: string, a: bigint, b: bigint, setting: Setting = {}) => {
  const { machine } = execute(
    mnemonic,
    { RT: 3, RA: 4, RB: 5 },
    { ...changesOf(setting), gpr: registers({ 4: a, 5: b }) },
  );
  return { rt: machine.gpr[3]!, flags: flagsOf(machine), cr0: machine.cr[0]! };
};

describe('register forms', () => {
  it.each<[string, bigint, bigint, Setting, bigint, string]>([
    ['add', 1n, ONES, {}, 0n, ''],
    ['addo', MAX, 1n, {}, MIN, 'SO OV'],
    ['addo', 0x7fff_ffffn, 1n, {}, 0x8000_0000n, 'OV32'],
    ['addo', 0x7fff_ffffn, 1n, { sf: 0 }, 0x8000_0000n, 'SO OV OV32'],
    ['addo', MAX, 1n, { sf: 0 }, MIN, ''],
    ['addo', 1n, 1n, { flags: ['SO', 'OV', 'OV32', 'CA', 'CA32'] }, 2n, 'SO CA CA32'],
    ['addc', ONES, 1n, {}, 0n, 'CA CA32'],
    ['addc', 0xffff_ffffn, 1n, {}, 0x1_0000_0000n, 'CA32'],
    ['addc', 0xffff_ffffn, 1n, { sf: 0 }, 0x1_0000_0000n, 'CA CA32'],
    ['addc', MIN, MIN, { sf: 0 }, 0n, ''],
    ['adde', ONES, 0n, { flags: ['CA'] }, 0n, 'CA CA32'],
    ['adde', ONES, ONES, { flags: ['CA'] }, ONES, 'CA CA32'],
    ['adde', 1n, 2n, { flags: ['CA'] }, 4n, ''],
    ['addme', 0n, 0n, {}, ONES, ''],
    ['addme', 0n, 0n, { flags: ['CA'] }, 0n, 'CA CA32'],
    ['addmeo', MIN, 0n, {}, MAX, 'SO OV CA'],
    ['addze', ONES, 0n, { flags: ['CA'] }, 0n, 'CA CA32'],
    ['addzeo', MAX, 0n, { flags: ['CA'] }, MIN, 'SO OV CA32'],
    ['subf', 1n, 0n, {}, ONES, ''],
    ['subfo', 1n, MIN, {}, MAX, 'SO OV'],
    ['subfo', 1n, 0x8000_0000n, { sf: 0 }, 0x7fff_ffffn, 'SO OV OV32'],
    ['subfc', 1n, 1n, {}, 0n, 'CA CA32'],
    ['subfc', 2n, 1n, {}, ONES, ''],
    ['subfc', 0n, 0n, {}, 0n, 'CA CA32'],
    ['subfe', 1n, 5n, {}, 3n, 'CA CA32'],
    ['subfe', 1n, 5n, { flags: ['CA'] }, 4n, 'CA CA32'],
    ['subfme', 0n, 0n, { flags: ['CA'] }, ONES, 'CA CA32'],
    ['subfze', 0n, 0n, { flags: ['CA'] }, 0n, 'CA CA32'],
    ['neg', 5n, 0n, {}, ONES - 4n, ''],
    ['nego', MIN, 0n, {}, MIN, 'SO OV'],
    ['nego', 0x8000_0000n, 0n, { sf: 0 }, 0xffff_ffff_8000_0000n, 'SO OV OV32'],
    ['addex', 1n, 2n, { flags: ['OV', 'CA'] }, 4n, 'CA'],
    ['addex', ONES, 0n, { flags: ['OV'] }, 0n, 'OV OV32'],
    ['addex', 0xffff_ffffn, 1n, { sf: 0 }, 0x1_0000_0000n, 'OV OV32'],
  ])('%s %i, %i with %j', (mnemonic, a, b, setting, rt, flags) => {
    expect(run(mnemonic, a, b, setting)).toMatchObject({ rt, flags });
  });

  it.each<[string, bigint, bigint, Setting, number]>([
    ['add.', 1n, 1n, {}, 0b0100],
    ['add.', 1n, ONES, {}, 0b0010],
    ['add.', 1n, MIN, {}, 0b1000],
    ['add.', 1n, MIN, { sf: 0 }, 0b0100],
    ['add.', 0x7fff_ffffn, 1n, { sf: 0 }, 0b1000],
    ['add.', 0x1_0000_0000n, 0n, { sf: 0 }, 0b0010],
    ['add.', 1n, 1n, { flags: ['SO'] }, 0b0101],
    // The SO of CR0 is the new one.
    ['addo.', MAX, 1n, {}, 0b1001],
  ])('%s %i, %i with %j sets CR0', (mnemonic, a, b, setting, cr0) => {
    expect(run(mnemonic, a, b, setting).cr0).toBe(cr0);
  });

  it('leave CR0 alone without Rc, and an old carry where they make none', () => {
    const { machine } = execute(
      'add',
      { RT: 3, RA: 4, RB: 5 },
      { ...changesOf({ flags: ['CA', 'SO'] }), cr: Array<number>(8).fill(0b0110) },
    );
    expect(machine.cr[0]).toBe(0b0110);
    expect(flagsOf(machine)).toBe('SO CA');
  });

  it('read their operands before they write a target that is one of them', () => {
    const gpr = registers({ 4: MAX, 5: 1n });
    const { machine } = execute('addo.', { RT: 4, RA: 4, RB: 5 }, { gpr });
    expect(machine.gpr[4]).toBe(MIN);
    expect(flagsOf(machine)).toBe('SO OV');
  });

  it('addex with a reserved CY is an invalid form', () => {
    const { outcome } = execute('addex', { RT: 3, RA: 4, RB: 5, CY: 1 });
    expect(outcome).toMatchObject({ kind: 'raise', reason: 'illegal' });
  });
});

describe('immediate forms', () => {
  it.each<[string, Record<string, number>, bigint, string]>([
    ['addi', { RT: 3, RA: 4, SI: -1 }, 9n, ''],
    ['addi', { RT: 3, RA: 0, SI: -1 }, ONES, ''],
    ['addis', { RT: 3, RA: 4, SI: -0x8000 }, 0xffff_ffff_8000_000an, ''],
    ['addis', { RT: 3, RA: 0, SI: 1 }, 0x1_0000n, ''],
    ['addic', { RT: 3, RA: 4, SI: -1 }, 9n, 'CA CA32'],
    ['addic', { RT: 3, RA: 4, SI: 1 }, 11n, ''],
    ['subfic', { RT: 3, RA: 4, SI: 10 }, 0n, 'CA CA32'],
    ['subfic', { RT: 3, RA: 4, SI: 9 }, ONES, ''],
    // 0x1000 + 4 + (-2 << 16).
    ['addpcis', { RT: 3, D: -2 }, 0xffff_ffff_fffe_1004n, ''],
    ['paddi', { RT: 3, RA: 4, SI: -1 }, 9n, ''],
    ['paddi', { RT: 3, RA: 0, SI: 0x1_2345_6789 }, 0x1_2345_6789n, ''],
    ['paddi', { RT: 3, RA: 0, SI: -0x2_0000_0000 }, 0xffff_fffe_0000_0000n, ''],
    ['paddi', { RT: 3, RA: 0, SI: 0x10, R: 1 }, 0x1010n, ''],
  ])('%s %j', (mnemonic, fields, rt, flags) => {
    // GPR 0 must not be read.
    const { machine } = execute(mnemonic, fields, { gpr: registers({ 0: 77n, 4: 10n }) });
    expect(machine.gpr[3]).toBe(rt);
    expect(flagsOf(machine)).toBe(flags);
  });

  it('addic. records', () => {
    const { machine } = execute('addic.', { RT: 3, RA: 4, SI: -1 }, { gpr: registers({ 4: 1n }) });
    expect(machine.cr[0]).toBe(0b0010);
  });

  it('paddi with R=1 and a register is an invalid form, and needs the prefix facility', () => {
    const { resources } = newMachine();
    expect(execute('paddi', { RT: 3, RA: 4, R: 1 }).outcome).toMatchObject({ reason: 'illegal' });
    const changes = { resources: { ...resources, MSR: resources.MSR | 0x4000n, FSCR: 0n } };
    expect(execute('paddi', { RT: 3 }, changes).outcome).toMatchObject({ reason: 'facilityUnavailable' });
  });

  it('pnop does nothing, but not with a suffix that branches or synchronizes context', () => {
    // The suffix's opcodes: addi; b, bc, sc, bclr, isync, rfid, mtmsr, mtmsrd, attn.
    expect(execute('pnop', { PO: 14 }).outcome).toMatchObject({ kind: 'next', nia: 0x1008n });
    expect(execute('pnop', { PO: 31, SXO: 146, SL: 1 }).outcome.kind).toBe('next');
    const invalid = [
      { PO: 18 }, { PO: 16 }, { PO: 17 }, { PO: 19, SXO: 16 }, { PO: 19, SXO: 150 }, { PO: 19, SXO: 18 },
      { PO: 31, SXO: 146 }, { PO: 31, SXO: 178 }, { PO: 0, SXO: 256 },
    ]; // prettier-ignore
    for (const fields of invalid)
      expect({ fields, ...execute('pnop', fields).outcome }).toMatchObject({ fields, reason: 'illegal' });
  });

  it('darn gives what the service for its L gives', () => {
    const service = jest.fn(() => 42n);
    const { machine, outcome } = execute('darn', { RT: 3, L2: 2 }, { service });
    expect(machine.gpr[3]).toBe(42n);
    expect(outcome.services).toEqual([{ name: 'darn', args: [2n] }]);
  });
});

describe('properties', () => {
  const value = fc.oneof(
    fc.bigInt({ min: 0n, max: ONES }),
    fc.constantFrom(0n, 1n, MAX, MIN, ONES, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn),
  );
  const bit = fc.constantFrom<0 | 1>(0, 1);
  /** What a + b + c is by the manual's words, in a mode. */
  const sum = (a: bigint, b: bigint, c: bigint, bits: 32 | 64) => {
    const low = (x: bigint): bigint => BigInt.asUintN(bits, x);
    const signed = (x: bigint): bigint => BigInt.asIntN(bits, x);
    return {
      carry: (low(a) + low(b) + c) >> BigInt(bits),
      overflow: signed(a) + signed(b) + c === signed(a + b + c) ? 0n : 1n,
    };
  };

  it.each<[string, (a: bigint, b: bigint) => [bigint, bigint], 'CA' | 'one' | 'none']>([
    ['addco', (a, b) => [a, b], 'none'],
    ['subfco', (a, b) => [ONES - a, b], 'one'],
    ['addeo', (a, b) => [a, b], 'CA'],
    ['subfeo', (a, b) => [ONES - a, b], 'CA'],
    ['addmeo', (a) => [a, ONES], 'CA'],
    ['subfmeo', (a) => [ONES - a, ONES], 'CA'],
    ['addzeo', (a) => [a, 0n], 'CA'],
    ['subfzeo', (a) => [ONES - a, 0n], 'CA'],
  ])('%s is a sum of its operands, with flags of both widths', (mnemonic, terms, carryIn) => {
    fc.assert(
      fc.property(value, value, bit, bit, (a, b, ca, sf) => {
        const [x, y] = terms(a, b);
        const c = carryIn === 'CA' ? BigInt(ca) : carryIn === 'one' ? 1n : 0n;
        const { rt, flags } = run(mnemonic, a, b, { sf, flags: ca ? ['CA'] : [] });
        const [word, mode] = [sum(x, y, c, 32), sum(x, y, c, sf ? 64 : 32)];
        const expected: Record<Flag, bigint> = {
          ...{ SO: mode.overflow, OV: mode.overflow, OV32: word.overflow },
          ...{ CA: mode.carry, CA32: word.carry },
        };
        expect(rt).toBe(BigInt.asUintN(64, x + y + c));
        expect(flags).toBe(FLAGS.filter((f) => expected[f] === 1n).join(' '));
      }),
    );
  });
});
