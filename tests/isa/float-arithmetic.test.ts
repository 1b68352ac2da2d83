/** Worked values for the rules of floating-point arithmetic (Power ISA Book I, 4.3 to 4.6), computed by hand. */
import { FPSCR } from '../../isa/registers/float';
import { MSR } from '../../isa/registers/msr';
import { FPRF_CLASS } from '../../isa/vocabulary/float-arithmetic';
import { maskOf } from '../../src/core/bits';
import { newMachine } from '../support/evaluate';
import { named } from '../support/find-instruction';
import { execute, raised, type Execution } from '../support/execute';

const bits = (x: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0);
};
const INF = bits(Infinity);
const SIGN = 1n << 63n;
const QNAN = 0x7ff8_0000_0000_0000n;
const SNAN_A = 0xfff0_0000_0000_0a00n;
const QUIET_A = 0xfff8_0000_0000_0a00n;
const QNAN_B = 0x7ff8_0000_0000_0b00n;
const QNAN_C = 0xfff8_0000_0000_0c00n;
const MAX = bits(Number.MAX_VALUE);
const LEAST_NORMAL = 1n << 52n;
const MAX_SINGLE = 0x47ef_ffff_e000_0000n;
const ONE = bits(1);
const OLD = 0x1234_5678_9abc_def0n;

/** Values of RN. */
const [NEAREST, ZERO, UP, DOWN] = [0n, 1n, 2n, 3n];
const { VE, OE, UE, ZE, XE, FX, FEX, VX, OX, UX, ZX, XX, FR, FI } = FPSCR;
const fprf = (name: keyof typeof FPRF_CLASS): bigint => BigInt(FPRF_CLASS[name]) << BigInt(FPSCR.FPRF.shift);
const FPRF_OLD = fprf('NEGATIVE_ZERO');
/** FX and XX with an exception that says so too. */
const set = (...exceptions: (typeof FX)[]): bigint => maskOf(FX, ...exceptions);
const invalid = (cause: typeof FX): bigint => set(VX, cause);

interface Operands {
  readonly a?: bigint;
  readonly b?: bigint;
  readonly c?: bigint;
}
function run(mnemonic: string, { a = 0n, b = 0n, c = 0n }: Operands, fpscr = 0n, msr = 0n): Execution {
  const resources = { ...newMachine().resources, FPSCR: fpscr };
  resources.MSR |= msr;
  const vsr = Array<bigint>(64).fill(0n);
  [OLD, a, b, c].forEach((value, n) => (vsr[n + 1] = value << 64n));
  const operands = named(mnemonic).row.operands.split(',');
  const all = Object.entries({ BF: 6, FRT: 1, FRA: 2, FRB: 3, FRC: 4 });
  const fields = Object.fromEntries(all.filter(([name]) => operands.includes(name)));
  return execute(mnemonic, fields, { resources, vsr });
}
const outcome = (x: Execution): { result: string; fpscr: string } => ({
  result: (x.machine.vsr[1]! >> 64n).toString(16),
  fpscr: x.machine.resources.FPSCR.toString(16),
});
const expected = (result: bigint, fpscr: bigint) => ({
  result: result.toString(16),
  fpscr: fpscr.toString(16),
});

type Row = readonly [mnemonic: string, operands: Operands, fpscr: bigint, result: bigint, after: bigint];
const holds = (rows: readonly Row[]): void => {
  test.each(rows)('%s %p with FPSCR %p', (mnemonic, operands, fpscr, result, after) => {
    expect(outcome(run(mnemonic, operands, fpscr))).toEqual(expected(result, after));
  });
};

describe('rounding (4.3.6): a quarter and three quarters of the last place, and ties', () => {
  const quarter = bits(2 ** -54);
  const threeQuarters = bits(2 ** -54 * 3);
  const half = bits(2 ** -53);
  const next = ONE + 1n;
  const normal = fprf('POSITIVE_NORMAL');
  const down = set(XX, FI) | normal;
  const up = down | FR.mask;
  holds([
    ['fadd', { a: ONE, b: quarter }, NEAREST, ONE, down | NEAREST],
    ['fadd', { a: ONE, b: threeQuarters }, NEAREST, next, up | NEAREST],
    ['fadd', { a: ONE, b: half }, NEAREST, ONE, down | NEAREST],
    ['fadd', { a: next, b: half }, NEAREST, ONE + 2n, up | NEAREST],
    ['fadd', { a: ONE, b: threeQuarters }, ZERO, ONE, down | ZERO],
    ['fadd', { a: ONE, b: quarter }, UP, next, up | UP],
    ['fadd', { a: ONE, b: threeQuarters }, DOWN, ONE, down | DOWN],
    [
      'fsub',
      { a: ONE | SIGN, b: quarter },
      DOWN,
      next | SIGN,
      (up ^ normal) | fprf('NEGATIVE_NORMAL') | DOWN,
    ],
    ['fadds', { a: ONE, b: bits(2 ** -24) }, UP, ONE + (1n << 29n), up | UP],
    // 1/3 = 0.010101...: the last place is 1 and 0 follows; in single it is 0 and 1 follows.
    ['fdiv', { a: ONE, b: bits(3) }, NEAREST, 0x3fd5_5555_5555_5555n, down],
    ['fdivs', { a: ONE, b: bits(3) }, NEAREST, 0x3fd5_5555_6000_0000n, up],
    ['fsqrt', { b: bits(2) }, NEAREST, 0x3ff6_a09e_667f_3bcdn, up],
    ['fsqrt', { b: bits(2) }, ZERO, 0x3ff6_a09e_667f_3bccn, down | ZERO],
  ]);
});

describe('zeros (4.3.2, 4.6.6)', () => {
  const [plus, minus] = [fprf('POSITIVE_ZERO'), fprf('NEGATIVE_ZERO')];
  holds([
    ['fsub', { a: ONE, b: ONE }, NEAREST, 0n, plus],
    ['fsub', { a: ONE, b: ONE }, DOWN, SIGN, minus | DOWN],
    ['fadd', { a: SIGN, b: SIGN }, UP, SIGN, minus | UP],
    ['fmul', { a: SIGN, c: ONE }, NEAREST, SIGN, minus],
    ['fmadd', { a: ONE, c: ONE, b: ONE | SIGN }, DOWN, SIGN, minus | DOWN],
    ['fnmadd', { a: ONE, c: ONE, b: ONE | SIGN }, NEAREST, SIGN, minus],
    ['fsqrt', { b: SIGN }, NEAREST, SIGN, minus],
    ['fcfid', { b: 0n }, DOWN, 0n, plus | DOWN],
  ]);
});

describe('NaNs (4.3.2): the first operand counts, an SNaN becomes quiet', () => {
  const qnan = fprf('QNAN');
  holds([
    ['fadd', { a: SNAN_A, b: QNAN_B }, 0n, QUIET_A, invalid(FPSCR.VXSNAN) | qnan],
    ['fadd', { a: ONE, b: QNAN_B }, 0n, QNAN_B, qnan],
    ['fsub', { a: ONE, b: QNAN_B }, 0n, QNAN_B, qnan],
    ['fmadd', { a: ONE, b: QNAN_B, c: QNAN_C }, 0n, QNAN_B, qnan],
    ['fmadd', { a: QUIET_A, b: QNAN_B, c: QNAN_C }, 0n, QUIET_A, qnan],
    ['fnmsub', { a: ONE, b: ONE, c: QNAN_C }, 0n, QNAN_C, qnan],
    ['fmadd', { a: INF, b: QNAN_B, c: 0n }, 0n, QNAN_B, invalid(FPSCR.VXIMZ) | qnan],
    ['frsp', { b: 0x7ff9_2345_6789_abcdn }, 0n, 0x7ff9_2345_6000_0000n, qnan],
    ['frin', { b: SNAN_A }, 0n, QUIET_A, invalid(FPSCR.VXSNAN) | qnan],
    // No exception.
    ['fsel', { a: QUIET_A, b: QNAN_B, c: ONE }, 0n, QNAN_B, 0n],
    ['fsel', { a: SIGN, b: QNAN_B, c: ONE }, 0n, ONE, 0n],
    ['fsel', { a: SIGN | 1n, b: QNAN_B, c: ONE }, 0n, QNAN_B, 0n],
  ]);
});

describe('invalid operations (4.4.1)', () => {
  const cases: readonly [string, Operands, typeof FX][] = [
    ['fsub', { a: INF, b: INF }, FPSCR.VXISI],
    ['fadd', { a: INF, b: INF | SIGN }, FPSCR.VXISI],
    ['fmsub', { a: INF, c: ONE, b: INF }, FPSCR.VXISI],
    ['fmul', { a: INF, c: SIGN }, FPSCR.VXIMZ],
    ['fdiv', { a: INF, b: INF | SIGN }, FPSCR.VXIDI],
    ['fdiv', { a: 0n, b: SIGN }, FPSCR.VXZDZ],
    ['fsqrt', { b: bits(-1) }, FPSCR.VXSQRT],
    ['frsqrte', { b: bits(-1) }, FPSCR.VXSQRT],
  ];
  test.each(cases)('%s %p gives the default NaN', (mnemonic, operands, cause) => {
    const before = maskOf(FR, FI) | FPRF_OLD;
    expect(outcome(run(mnemonic, operands, before))).toEqual(expected(QNAN, invalid(cause) | fprf('QNAN')));
  });
  test.each(cases)('%s %p with VE leaves the target and FPRF alone', (mnemonic, operands, cause) => {
    const before = maskOf(FR, FI, VE) | FPRF_OLD;
    const after = invalid(cause) | maskOf(VE, FEX) | FPRF_OLD;
    const x = run(mnemonic, operands, before);
    expect(outcome(x)).toEqual(expected(OLD, after));
    expect(raised(x)).toBeUndefined();
    expect(raised(run(mnemonic, operands, before, MSR.FE1.mask))).toBe('floatEnabled');
  });
  test('FX is set when an exception bit is new only', () => {
    const had = maskOf(VX, FPSCR.VXISI);
    expect(outcome(run('fsub', { a: INF, b: INF }, had)).fpscr).toBe((had | fprf('QNAN')).toString(16));
  });
});

describe('division by zero (4.4.2)', () => {
  test('gives an infinity', () => {
    const after = set(ZX) | fprf('NEGATIVE_INFINITY');
    expect(outcome(run('fdiv', { a: ONE, b: SIGN }))).toEqual(expected(INF | SIGN, after));
    expect(outcome(run('fre', { b: SIGN }))).toEqual(expected(INF | SIGN, after));
    expect(outcome(run('frsqrte', { b: SIGN }))).toEqual(expected(INF | SIGN, after));
  });
  test('with ZE leaves the target alone, and interrupts', () => {
    const before = ZE.mask | FPRF_OLD | FI.mask;
    const x = run('fdiv', { a: ONE, b: 0n }, before, MSR.FE0.mask);
    expect(outcome(x)).toEqual(expected(OLD, set(ZX) | maskOf(ZE, FEX) | FPRF_OLD));
    expect(raised(x)).toBe('floatEnabled');
  });
});

describe('overflow (4.4.3)', () => {
  const inexact = set(OX, XX, FI);
  const large = { a: MAX, b: MAX };
  const [toInf, toMax] = [fprf('POSITIVE_INFINITY') | FR.mask, fprf('POSITIVE_NORMAL')];
  const doubled = MAX;
  holds([
    ['fadd', large, NEAREST, INF, inexact | toInf | NEAREST],
    ['fadd', large, ZERO, MAX, inexact | toMax | ZERO],
    ['fadd', large, UP, INF, inexact | toInf | UP],
    ['fadd', large, DOWN, MAX, inexact | toMax | DOWN],
    ['frsp', { b: bits(2 ** 128) }, ZERO, MAX_SINGLE, inexact | toMax | ZERO],
    // With OE the exponent is less by 1536, or 192: MAX + MAX is exact.
    ['fadd', large, OE.mask, doubled - (1535n << 52n), set(OX) | maskOf(OE, FEX) | toMax],
    ['frsp', { b: bits(2 ** 128) }, OE.mask, bits(2 ** -64), set(OX) | maskOf(OE, FEX) | toMax],
  ]);
});

describe('underflow (4.4.4): tiny before rounding', () => {
  const [least, half] = [LEAST_NORMAL, bits(0.5)];
  const denormal = fprf('POSITIVE_DENORMAL');
  const inexact = set(UX, XX, FI);
  holds([
    // An exact denormalised number is no exception, but with UE.
    ['fmul', { a: least, c: half }, 0n, 1n << 51n, denormal],
    [
      'fmul',
      { a: least, c: half },
      UE.mask,
      bits(2 ** 513),
      set(UX) | maskOf(UE, FEX) | fprf('POSITIVE_NORMAL'),
    ],
    ['fmul', { a: 3n, c: half }, 0n, 2n, inexact | FR.mask | denormal],
    ['fmul', { a: 1n, c: half }, 0n, 0n, inexact | fprf('POSITIVE_ZERO')],
    ['fmul', { a: 1n, c: half }, UP, 1n, inexact | FR.mask | denormal | UP],
    // Tiny, though it is rounded to the least normal number.
    ['fmul', { a: (1n << 53n) - 1n, c: half }, 0n, least, inexact | FR.mask | fprf('POSITIVE_NORMAL')],
    // Singles: a denormalised one is a normal number in the register.
    ['frsp', { b: bits(2 ** -140) }, 0n, bits(2 ** -140), denormal],
    [
      'frsp',
      { b: bits(2 ** -140) },
      UE.mask,
      bits(2 ** 52),
      set(UX) | maskOf(UE, FEX) | fprf('POSITIVE_NORMAL'),
    ],
    ['fmuls', { a: bits(2 ** -149), c: half }, 0n, 0n, inexact | fprf('POSITIVE_ZERO')],
  ]);
});

describe('inexact (4.4.5)', () => {
  test('with XE interrupts after the result is written', () => {
    const x = run('fdiv', { a: ONE, b: bits(3) }, XE.mask, MSR.FE0.mask);
    const after = set(XX, FI) | maskOf(XE, FEX) | fprf('POSITIVE_NORMAL');
    expect(outcome(x)).toEqual(expected(0x3fd5_5555_5555_5555n, after));
    expect(raised(x)).toBe('floatEnabled');
  });
  test('is sticky; FR and FI are not', () => {
    const after = maskOf(XX) | fprf('POSITIVE_NORMAL');
    expect(outcome(run('fadd', { a: ONE, b: 0n }, maskOf(XX, FR, FI)))).toEqual(expected(ONE, after));
  });
});

describe('multiply-add rounds once, then changes the sign', () => {
  const epsilon = bits(1 + 2 ** -52);
  const normal = fprf('POSITIVE_NORMAL');
  holds([
    // (1 + e)(1 + e) - (1 + 2e) = e * e, which two roundings would lose.
    ['fmsub', { a: epsilon, c: epsilon, b: ONE + 2n }, 0n, bits(2 ** -104), normal],
    ['fnmsub', { a: epsilon, c: epsilon, b: ONE + 2n }, 0n, bits(-(2 ** -104)), fprf('NEGATIVE_NORMAL')],
    // Upwards, and then negative.
    [
      'fnmadd',
      { a: ONE, c: ONE, b: bits(2 ** -60) },
      UP,
      (ONE + 1n) | SIGN,
      set(XX, FI, FR) | fprf('NEGATIVE_NORMAL') | UP,
    ],
  ]);
});

describe('conversion to integers (4.6.7)', () => {
  const inexact = set(XX, FI);
  const nan = invalid(FPSCR.VXCVI) | fprf('QNAN');
  const MIN = SIGN;
  holds([
    ['fctid', { b: bits(2.5) }, NEAREST, 2n, inexact],
    ['fctid', { b: bits(3.5) }, NEAREST, 4n, inexact | FR.mask],
    ['fctidz', { b: bits(-3.9) }, UP, BigInt.asUintN(64, -3n), inexact | UP],
    ['fctid', { b: bits(-3.1) }, DOWN, BigInt.asUintN(64, -4n), inexact | FR.mask | DOWN],
    ['fctid', { b: bits(2 ** 63) }, 0n, MIN - 1n, nan],
    ['fctid', { b: bits(-(2 ** 63)) }, 0n, MIN, 0n],
    ['fctid', { b: SNAN_A }, 0n, MIN, nan | FPSCR.VXSNAN.mask],
    ['fctidu', { b: bits(2 ** 63) }, 0n, MIN, 0n],
    ['fctidu', { b: bits(-1) }, 0n, 0n, nan],
    ['fctiduz', { b: bits(-0.9) }, 0n, 0n, inexact],
    ['fctiw', { b: bits(2 ** 31) }, 0n, 0x7fff_ffffn, nan],
    ['fctiwu', { b: bits(2 ** 32 - 1) }, 0n, 0xffff_ffffn, 0n],
    ['fctiwu', { b: bits(2 ** 32) }, 0n, 0xffff_ffffn, nan],
    ['fcfid', { b: BigInt.asUintN(64, -1n) }, 0n, bits(-1), fprf('NEGATIVE_NORMAL')],
    [
      'fcfidu',
      { b: BigInt.asUintN(64, -1n) },
      0n,
      bits(2 ** 64),
      inexact | FR.mask | fprf('POSITIVE_NORMAL'),
    ],
    ['fcfids', { b: 0x1000_0001n }, 0n, bits(2 ** 28), inexact | fprf('POSITIVE_NORMAL')],
  ]);
  test('an invalid one with VE writes nothing', () => {
    const x = run('fctid', { b: INF }, VE.mask | FPRF_OLD | FI.mask);
    expect(outcome(x)).toEqual(expected(OLD, invalid(FPSCR.VXCVI) | maskOf(VE, FEX) | FPRF_OLD));
  });
});

describe('rounding to integers (4.6.7): FR and FI become 0, XX stays', () => {
  const [plus, minus] = [fprf('POSITIVE_NORMAL'), fprf('NEGATIVE_NORMAL')];
  holds([
    ['frin', { b: bits(2.5) }, maskOf(FR, FI), bits(3), plus],
    ['frin', { b: bits(-0.5) }, 0n, bits(-1), minus],
    ['friz', { b: bits(-0.5) }, 0n, SIGN, fprf('NEGATIVE_ZERO')],
    ['frip', { b: bits(1.5) }, 0n, bits(2), plus],
    ['frip', { b: bits(-0.5) }, 0n, SIGN, fprf('NEGATIVE_ZERO')],
    ['frim', { b: bits(-1.5) }, 0n, bits(-2), minus],
    ['frim', { b: 1n }, 0n, 0n, fprf('POSITIVE_ZERO')],
    ['frin', { b: bits(2 ** 52 + 1) }, 0n, bits(2 ** 52 + 1), plus],
  ]);
});

describe('comparison (4.6.8)', () => {
  const fpcc = (field: number): bigint => BigInt(field) << BigInt(FPSCR.FPCC.shift);
  test.each<[string, bigint, bigint, number, bigint, bigint]>([
    ['fcmpu', ONE, bits(2), 8, 0n, 0n],
    ['fcmpo', bits(2), ONE, 4, 0n, 0n],
    ['fcmpu', 0n, SIGN, 2, 0n, 0n],
    ['fcmpu', bits(-2), bits(-1), 8, 0n, 0n],
    ['fcmpo', INF | SIGN, INF, 8, 0n, 0n],
    ['fcmpu', QNAN, ONE, 1, 0n, 0n],
    ['fcmpo', ONE, QNAN, 1, 0n, invalid(FPSCR.VXVC)],
    ['fcmpu', ONE, SNAN_A, 1, 0n, invalid(FPSCR.VXSNAN)],
    ['fcmpo', ONE, SNAN_A, 1, 0n, invalid(FPSCR.VXSNAN) | FPSCR.VXVC.mask],
    // With VE the SNaN is enough.
    ['fcmpo', ONE, SNAN_A, 1, VE.mask, invalid(FPSCR.VXSNAN) | FEX.mask],
  ])('%s %p %p gives %p', (mnemonic, a, b, field, enables, exceptions) => {
    const others = maskOf(FR, FI) | (1n << 16n);
    const x = run(mnemonic, { a, b }, enables | others | fpcc(15));
    expect(x.machine.cr[6]).toBe(field);
    expect(x.machine.resources.FPSCR).toBe(enables | others | fpcc(field) | exceptions);
  });

  test.each<[string, Operands, number]>([
    ['ftdiv', { a: ONE, b: ONE }, 0b1000],
    ['ftdiv', { a: ONE, b: 0n }, 0b1110],
    ['ftdiv', { a: QNAN, b: ONE }, 0b1010],
    ['ftdiv', { a: INF, b: ONE }, 0b1110],
    ['ftdiv', { a: ONE, b: 1n }, 0b1110],
    ['ftdiv', { a: 0n, b: bits(2 ** 1020) }, 0b1000],
    ['ftdiv', { a: 0n, b: bits(2 ** 1021) }, 0b1010],
    ['ftdiv', { a: bits(2 ** -970), b: ONE }, 0b1010],
    ['ftdiv', { a: bits(2 ** -969), b: ONE }, 0b1000],
    ['ftdiv', { a: bits(2 ** 1000), b: bits(2 ** -23) }, 0b1010],
    ['ftsqrt', { b: ONE }, 0b1000],
    ['ftsqrt', { b: bits(-1) }, 0b1010],
    ['ftsqrt', { b: 0n }, 0b1110],
    ['ftsqrt', { b: bits(2 ** -970) }, 0b1010],
  ])('%s %p gives %p', (mnemonic, operands, field) => {
    const x = run(mnemonic, operands, FX.mask);
    expect(x.machine.cr[6]).toBe(field);
    expect(x.machine.resources.FPSCR).toBe(FX.mask);
  });
});

test('Rc=1 copies FX, FEX, VX and OX to CR1', () => {
  expect(run('fsub.', { a: INF, b: INF }, OX.mask).machine.cr[1]).toBe(0b1011);
  expect(run('fsub.', { a: INF, b: INF }, VE.mask).machine.cr[1]).toBe(0b1110);
  expect(run('fadd.', { a: ONE, b: ONE }).machine.cr[1]).toBe(0);
});

test('NI changes nothing', () => {
  const x = run('fmul', { a: LEAST_NORMAL, c: bits(0.5) }, FPSCR.NI.mask);
  expect(outcome(x).result).toBe((1n << 51n).toString(16));
});

test('with MSR[FP] clear an instruction is unavailable', () => {
  const resources = { ...newMachine().resources, MSR: MSR.SF.mask };
  expect(raised(execute('fadd', { FRT: 1, FRA: 2, FRB: 3 }, { resources }))).toBe('fpUnavailable');
  expect(raised(execute('fcmpu', { BF: 1, FRA: 2, FRB: 3 }, { resources }))).toBe('fpUnavailable');
  expect(raised(execute('lfs', { FRT: 1, RA: 0 }, { resources }))).toBe('fpUnavailable');
});
