/** Floating-point moves, and instructions of the FPSCR. */
import { FPSCR } from '../../isa/registers/float';
import { MSR } from '../../isa/registers/msr';
import { execute, raised, type Execution } from '../support/execute';

const vsrs = (values: Readonly<Record<number, bigint>>): bigint[] =>
  Array.from({ length: 64 }, (_, n) => values[n] ?? 0n);
const { resources } = execute('addi', {}).machine;
const withFpscr = (value: bigint, frb = 0n, msr = resources.MSR) => ({
  resources: { ...resources, FPSCR: value, MSR: msr },
  vsr: vsrs({ 4: frb << 64n }),
});
const fpscr = ({ machine }: Execution): bigint => machine.resources.FPSCR;
const frt = ({ machine }: Execution): bigint => machine.vsr[3]! >> 64n;

test.each([
  ['fmr', 0xc000_0000_0000_0001n],
  ['fneg', 0x4000_0000_0000_0001n],
  ['fabs', 0x4000_0000_0000_0001n],
  ['fnabs', 0xc000_0000_0000_0001n],
  ['fcpsgn', 0x4000_0000_0000_0001n],
])('%s', (name, expected) => {
  expect(frt(execute(name, { FRT: 3, FRA: 5, FRB: 4 }, withFpscr(0n, 0xc000_0000_0000_0001n)))).toBe(
    expected,
  );
});

test('with a dot CR1 is FX, FEX, VX, OX', () => {
  const value = FPSCR.FX.mask | FPSCR.OX.mask;
  expect(execute('fmr.', { FRT: 3, FRB: 4 }, withFpscr(value)).machine.cr[1]).toBe(0b1001);
  expect(execute('mffs.', { FRT: 3 }, withFpscr(value)).machine.cr[1]).toBe(0b1001);
});

describe('mtfsf', () => {
  const ONES = (1n << 64n) - 1n;
  test('takes the fields that FLM names', () => {
    expect(fpscr(execute('mtfsf', { FLM: 1, FRB: 4 }, withFpscr(0n, ONES)))).toBe(0xfn);
    expect(fpscr(execute('mtfsf', { FLM: 0x80, FRB: 4 }, withFpscr(0n, 0x9000_0000n)))).toBe(0x9000_0000n);
    expect(fpscr(execute('mtfsf', { FLM: 1, W: 1, FRB: 4 }, withFpscr(0n, ONES)))).toBe(FPSCR.DRN.mask);
    expect(fpscr(execute('mtfsf', { FLM: 0, L: 1, FRB: 4 }, withFpscr(0n, 0x7_0000_0003n)))).toBe(
      0x7_0000_0003n,
    );
  });

  test('computes VX and FEX instead of taking them', () => {
    const summaries = FPSCR.VX.mask | FPSCR.FEX.mask;
    expect(fpscr(execute('mtfsf', { FLM: 0xff, FRB: 4 }, withFpscr(0n, summaries)))).toBe(0n);
    const invalid = FPSCR.VXSNAN.mask;
    expect(fpscr(execute('mtfsf', { FLM: 0xff, FRB: 4 }, withFpscr(0n, invalid)))).toBe(
      invalid | FPSCR.VX.mask,
    );
    const enabled = FPSCR.ZX.mask | FPSCR.ZE.mask;
    expect(fpscr(execute('mtfsf', { FLM: 0xff, FRB: 4 }, withFpscr(0n, enabled)))).toBe(
      enabled | FPSCR.FEX.mask,
    );
  });

  test('interrupts where an enabled exception appears and MSR[FE0,FE1] are not both 0', () => {
    const enabled = FPSCR.ZX.mask | FPSCR.ZE.mask;
    const run = (msr: bigint) => execute('mtfsf', { FLM: 0xff, FRB: 4 }, withFpscr(0n, enabled, msr));
    expect(raised(run(resources.MSR | MSR.FE1.mask))).toBe('floatEnabled');
    expect(fpscr(run(resources.MSR | MSR.FE1.mask)) & FPSCR.FEX.mask).toBe(FPSCR.FEX.mask);
    expect(raised(run(resources.MSR & ~(MSR.FE0.mask | MSR.FE1.mask)))).toBeUndefined();
  });
});

test('mtfsfi sets a field, of the upper word with W', () => {
  expect(fpscr(execute('mtfsfi', { FPF: 7, U: 5 }, withFpscr(0n)))).toBe(5n);
  expect(fpscr(execute('mtfsfi', { FPF: 7, U: 5, W: 1 }, withFpscr(3n)))).toBe(0x5_0000_0003n);
});

test('mtfsb1 sets a bit and nothing but what summarises it, mtfsb0 clears it', () => {
  const ox = 3;
  expect(fpscr(execute('mtfsb1', { FPB: ox }, withFpscr(0n)))).toBe(FPSCR.OX.mask);
  const vxsoft = 21;
  expect(fpscr(execute('mtfsb1', { FPB: vxsoft }, withFpscr(0n)))).toBe(FPSCR.VXSOFT.mask | FPSCR.VX.mask);
  expect(fpscr(execute('mtfsb0', { FPB: ox }, withFpscr(FPSCR.OX.mask)))).toBe(0n);
  expect(fpscr(execute('mtfsb1', { FPB: 31 }, withFpscr(0n)))).toBe(1n);
});

test('mcrfs copies a field and clears its exceptions', () => {
  const value = FPSCR.FX.mask | FPSCR.OX.mask | FPSCR.UX.mask;
  const x = execute('mcrfs', { BF: 2, BFA: 0 }, withFpscr(value));
  expect([x.machine.cr[2], fpscr(x)]).toEqual([0b1001, FPSCR.UX.mask]);
});

test('the exchanges of v3.0 give the old value and change their bits', () => {
  const value = FPSCR.VE.mask | FPSCR.FPRF.mask | FPSCR.OX.mask | 1n;
  const run = (name: string, fields: Record<string, number> = {}) =>
    execute(name, { FRT: 3, FRB: 4, ...fields }, withFpscr(value, 2n | (3n << 32n)));
  expect([frt(run('mffs')), fpscr(run('mffs'))]).toEqual([value, value]);
  expect([frt(run('mffsce')), fpscr(run('mffsce'))]).toEqual([value, value & ~FPSCR.VE.mask]);
  expect([frt(run('mffscrn')), fpscr(run('mffscrn'))]).toEqual([FPSCR.VE.mask | 1n, (value & ~3n) | 2n]);
  expect(fpscr(run('mffscrni', { RM: 3 }))).toBe(value | 3n);
  expect(fpscr(run('mffscdrn'))).toBe(value | (3n << 32n));
  expect(fpscr(run('mffscdrni', { DRM: 4 }))).toBe(value | (4n << 32n));
  expect(frt(run('mffsl'))).toBe(value & ~FPSCR.OX.mask);
});
