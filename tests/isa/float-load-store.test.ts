/** Floating-point loads and stores that move bits, the facilities they need, and what a branch leaves in LR. */
import { MSR } from '../../isa/registers/msr';
import { FSCR } from '../../isa/registers/facilities';
import { prologue } from '../../isa/vocabulary/prologue';
import { BE_32, BE_64, execute, held, holding, LE_64, raised, registers } from '../support/execute';
import { named } from '../support/find-instruction';

const AT = 0x2000n;
const BYTES = 'f1f2f3f4f5f6f7f8';
const BIG = 0xf1f2_f3f4_f5f6_f7f8n;
const LITTLE = 0xf8f7_f6f5_f4f3_f2f1n;
const OLD = (1n << 127n) | 0x55n;

/** VSRs of which some have a value. */
const vsrs = (values: Readonly<Record<number, bigint>>): bigint[] =>
  Array.from({ length: 64 }, (_, n) => values[n] ?? 0n);

describe('loads', () => {
  test.each([
    ['lfd', { RA: 4, D: 16 }, AT - 16n, BIG],
    ['lfdu', { RA: 4, D: 16 }, AT - 16n, BIG],
    ['lfdx', { RA: 4, RB: 5 }, AT - 8n, BIG],
    ['lfdux', { RA: 4, RB: 5 }, AT - 8n, BIG],
    ['lfiwax', { RA: 4, RB: 5 }, AT - 8n, 0xffff_ffff_f1f2_f3f4n],
    ['lfiwzx', { RA: 4, RB: 5 }, AT - 8n, 0xf1f2_f3f4n],
    ['plfd', { RA: 4, D0: 0, D1: 16 }, AT - 16n, BIG],
  ])('%s', (mnemonic, fields, base, expected) => {
    const gpr = registers({ 4: base, 5: 8n });
    const changes = { gpr, storage: holding(AT, BYTES), vsr: vsrs({ 3: OLD }), modes: BE_64 };
    const x = execute(mnemonic, { FRT: 3, ...fields }, changes);
    expect(x.machine.vsr[3]).toBe(expected << 64n);
    expect(x.gpr[4]).toBe(mnemonic.startsWith('lfdu') ? AT : base);
  });

  test('in little-endian mode', () => {
    const changes = { gpr: registers({ 4: AT }), storage: holding(AT, BYTES), modes: LE_64 };
    expect(execute('lfd', { FRT: 31, RA: 4, D: 0 }, changes).machine.vsr[31]).toBe(LITTLE << 64n);
  });

  test('a fault changes neither register', () => {
    const x = execute('lfdu', { FRT: 3, RA: 4, D: 8 }, { gpr: registers({ 4: AT }), vsr: vsrs({ 3: OLD }) });
    expect(x.outcome).toMatchObject({ kind: 'fault' });
    expect([x.machine.vsr[3], x.gpr[4]]).toEqual([OLD, AT]);
  });
});

describe('stores', () => {
  test.each([
    ['stfd', { RA: 4, D: 16 }, AT - 16n, BYTES],
    ['stfdu', { RA: 4, D: 16 }, AT - 16n, BYTES],
    ['stfdx', { RA: 4, RB: 5 }, AT - 8n, BYTES],
    ['stfdux', { RA: 4, RB: 5 }, AT - 8n, BYTES],
    ['stfiwx', { RA: 4, RB: 5 }, AT - 8n, 'f5f6f7f800000000'],
    ['pstfd', { RA: 4, D0: 0, D1: 16 }, AT - 16n, BYTES],
  ])('%s', (mnemonic, fields, base, expected) => {
    const gpr = registers({ 4: base, 5: 8n });
    const changes = {
      gpr,
      storage: holding(AT, '00'.repeat(8)),
      vsr: vsrs({ 3: (BIG << 64n) | 0x99n }),
      modes: BE_64,
    };
    const x = execute(mnemonic, { FRS: 3, ...fields }, changes);
    expect(held(x.machine, AT, 8)).toBe(expected);
    expect(x.gpr[4]).toBe(mnemonic.startsWith('stfdu') ? AT : base);
  });
});

test('update forms without a base, and prefixed ones with a base that are relative, are invalid', () => {
  for (const mnemonic of ['lfdu', 'lfdux', 'stfdu', 'stfdux'])
    expect(raised(execute(mnemonic, { RA: 0 }))).toBe('illegal');
  for (const mnemonic of ['plfd', 'pstfd'])
    expect(raised(execute(mnemonic, { RA: 4, R: 1 }))).toBe('illegal');
});

describe('facilities', () => {
  const { resources } = execute('addi', {}).machine;
  const RESET = resources.MSR;
  const withMsr = (msr: bigint, fscr = -1n & 0xffffffffffffffffn) => ({
    resources: { ...resources, MSR: msr, FSCR: fscr },
    gpr: registers({ 4: AT }),
    storage: holding(AT, BYTES),
  });
  const off = RESET & ~MSR.FP.mask;

  test('MSR[FP]=0 makes them unavailable', () => {
    expect(raised(execute('lfd', { FRT: 3, RA: 4 }, withMsr(off)))).toBe('fpUnavailable');
    expect(raised(execute('pstfd', { FRS: 3, RA: 4 }, withMsr(off)))).toBe('fpUnavailable');
    expect(raised(execute('lfd', { FRT: 3, RA: 4 }, withMsr(RESET | MSR.FP.mask)))).toBeUndefined();
  });

  test('of a prefixed one the prefix comes first, in problem state', () => {
    const problem = off | MSR.PR.mask;
    const noPrefix = ~FSCR.PREFIX.mask & 0xffffffffffffffffn;
    expect(raised(execute('plfd', { FRT: 3, RA: 4 }, withMsr(problem, noPrefix)))).toBe(
      'facilityUnavailable',
    );
    expect(raised(execute('plfd', { FRT: 3, RA: 4 }, withMsr(problem)))).toBe('fpUnavailable');
    expect(prologue(named('lfd').row)).toHaveLength(1);
  });
});

test('LR is the sum with its carry after the last word of the 32-bit address space', () => {
  const x = execute('bl', { LI: 4 }, { cia: 0xffff_fffcn, modes: BE_32 });
  expect(x.machine.resources.LR).toBe(0x1_0000_0000n);
  expect(execute('bl', { LI: 4 }, { cia: 0x1000n, modes: BE_32 }).machine.resources.LR).toBe(0x1004n);
});
