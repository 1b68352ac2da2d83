/** Vector-scalar arithmetic, element by element, against the rational twin: results, FPSCR, enabled exceptions. */
import fc from 'fast-check';
import {
  FPSCR, FPSCR_BITS, FPSCR_ENABLE_DISTANCE, FPSCR_ENABLES, FPSCR_EXCEPTIONS, FPSCR_INVALID, FPSCR_SUMMARIES,
} from '../../isa/registers/float'; // prettier-ignore
import { MSR } from '../../isa/registers/msr';
import { FLOAT_CONTROL } from '../../isa/vocabulary/float-arithmetic';
import type { IeeeOpName } from '../../isa/vocabulary/ops';
import { execute, raised, type Execution } from '../support/execute';
import { double as anyDouble } from '../support/float-values';
import { floatOf, SINGLE as SINGLE_FORMAT } from '../support/format-values';
import { ieee } from '../support/ieee';

const { SINGLE, NEGATE_ADDEND, NEGATE_RESULT } = FLOAT_CONTROL;
const LOW = (1n << 64n) - 1n;
const view = new DataView(new ArrayBuffer(8));
/** The double format of a single, and the single of a double that is one. */
const widened = (single: bigint): bigint => {
  const [sign, fraction] = [(single >> 31n) << 63n, single & 0x7f_ffffn];
  if ((single & 0x7f80_0000n) === 0x7f80_0000n) return sign | (0x7ffn << 52n) | (fraction << 29n);
  view.setUint32(0, Number(single));
  view.setFloat64(0, view.getFloat32(0));
  return view.getBigUint64(0);
};
const narrowed = (double: bigint): bigint => {
  const [sign, fraction] = [(double >> 63n) << 31n, double & ((1n << 52n) - 1n)];
  if (((double >> 52n) & 0x7ffn) === 0x7ffn) return sign | 0x7f80_0000n | (fraction >> 29n);
  view.setBigUint64(0, double);
  view.setFloat32(0, view.getFloat64(0));
  return BigInt(view.getUint32(0));
};

interface Kind {
  readonly prefix: 'xs' | 'xv';
  readonly suffix: 'dp' | 'sp';
  readonly bits: number;
  readonly elements: (register: bigint) => bigint[];
  readonly register: (elements: readonly bigint[]) => bigint;
}
const words = [96n, 64n, 32n, 0n];
const doublewords = (register: bigint): bigint[] => [register >> 64n, register & LOW];
const scalar = (register: bigint): bigint[] => [register >> 64n];
const inUpper = ([upper, lower = 0n]: readonly bigint[]): bigint => (upper! << 64n) | lower;
const KINDS: readonly Kind[] = [
  { prefix: 'xs', suffix: 'dp', bits: 0, elements: scalar, register: inUpper },
  { prefix: 'xs', suffix: 'sp', bits: SINGLE, elements: scalar, register: inUpper },
  { prefix: 'xv', suffix: 'dp', bits: 0, elements: doublewords, register: inUpper },
  {
    prefix: 'xv', suffix: 'sp', bits: SINGLE,
    elements: (register) => words.map((at) => widened((register >> at) & 0xffff_ffffn)),
    register: (elements) => elements.reduce((all, x) => (all << 32n) | narrowed(x), 0n),
  },
]; // prettier-ignore

/** The instruction's operation, control bits, and its operands in the twin's order: multiplicand, multiplier, addend. */
type Case = readonly [name: string, op: IeeeOpName, bits: number, operands: readonly ('XA' | 'XB' | 'XT')[]];
const FUSED = [['madd', 0], ['msub', NEGATE_ADDEND], ['nmadd', NEGATE_RESULT], ['nmsub', NEGATE_ADDEND | NEGATE_RESULT]] as const; // prettier-ignore
const CASES: readonly Case[] = [
  ['add', 'float.sum', 0, ['XA', 'XB']],
  ['sub', 'float.sum', NEGATE_ADDEND, ['XA', 'XB']],
  ['mul', 'float.product', 0, ['XA', 'XB']],
  ['div', 'float.quotient', 0, ['XA', 'XB']],
  ['sqrt', 'float.root', 0, ['XB']],
  ...FUSED.flatMap(([name, bits]): Case[] => [
    [`${name}a`, 'float.fused', bits, ['XA', 'XB', 'XT']],
    [`${name}m`, 'float.fused', bits, ['XA', 'XT', 'XB']],
  ]),
];
const NUMBERS = { XT: 1, XA: 2, XB: 3 } as const;

/** FPSCR after exceptions, by Book I, 4.2.2. */
function fpscrAfter(before: bigint, status: bigint, replaced: bigint): bigint {
  let after = (before & ~replaced) | status;
  if ((status & ~before & FPSCR_EXCEPTIONS) !== 0n) after |= FPSCR.FX.mask;
  after &= ~FPSCR_SUMMARIES;
  if ((after & FPSCR_INVALID) !== 0n) after |= FPSCR.VX.mask;
  if (((after >> BigInt(FPSCR_ENABLE_DISTANCE)) & after & FPSCR_ENABLES) !== 0n) after |= FPSCR.FEX.mask;
  return after;
}
const isEnabled = (status: bigint, fpscr: bigint, causes: bigint): boolean => {
  const vx = (status & FPSCR_INVALID) !== 0n ? FPSCR.VX.mask : 0n;
  return (((status | vx) & causes) >> BigInt(FPSCR_ENABLE_DISTANCE)) & fpscr & FPSCR_ENABLES ? true : false;
};

const ARITHMETIC = FPSCR.FR.mask | FPSCR.FI.mask | FPSCR.FPRF.mask;
function expected(
  kind: Kind,
  [, op, bits, operands]: Case,
  registers: Record<string, bigint>,
  fpscr: bigint,
) {
  const control = Number(fpscr & 0xffn) | bits | kind.bits;
  const columns = operands.map((name) => kind.elements(registers[name]!));
  const results = columns[0]!.map((_, n) => ieee(op, [...columns.map((c) => c[n]!), BigInt(control)]));
  const value = kind.register(results.map((r) => r.value));
  const status = results.reduce((all, r) => all | r.status, 0n);
  if (kind.prefix === 'xv') {
    const exceptions = status & FPSCR_EXCEPTIONS;
    const kept = isEnabled(status, fpscr, LOW);
    return { target: kept ? registers['XT']! : value, fpscr: fpscrAfter(fpscr, exceptions, 0n) };
  }
  const kept = isEnabled(status, fpscr, FPSCR.VX.mask | FPSCR.ZX.mask);
  return kept
    ? {
        target: registers['XT']!,
        fpscr: fpscrAfter(fpscr, status & FPSCR_EXCEPTIONS, FPSCR.FR.mask | FPSCR.FI.mask),
      }
    : { target: value, fpscr: fpscrAfter(fpscr, status, ARITHMETIC) };
}

const run = (mnemonic: string, registers: Record<string, bigint>, fpscr: bigint, msr = 0n): Execution => {
  const { resources } = execute('addi', {}).machine;
  const vsr = Array.from({ length: 64 }, (_, n) => registers[['', 'XT', 'XA', 'XB'][n] ?? ''] ?? 0n);
  const fields = /sqrt/.test(mnemonic) ? { XT: 1, XB: 3 } : NUMBERS;
  return execute(mnemonic, fields, { vsr, resources: { ...resources, FPSCR: fpscr, MSR: resources.MSR | msr } });
}; // prettier-ignore

const element = { dp: anyDouble, sp: floatOf(SINGLE_FORMAT) };
/** Of scalars the operands of single-precision arithmetic are singles, as they should be. */
const registerOf = ({ prefix, suffix }: Kind): fc.Arbitrary<bigint> => {
  if (suffix === 'dp') return fc.tuple(anyDouble, anyDouble).map(inUpper);
  if (prefix === 'xs') return element.sp.map((x) => widened(x) << 64n);
  return fc.array(element.sp, { minLength: 4, maxLength: 4 }).map((all) => all.reduce((w, x) => (w << 32n) | x, 0n));
}; // prettier-ignore
const fpscrValue = fc
  .tuple(fc.bigInt(0n, 3n), fc.bigInt(0n, LOW), fc.boolean())
  .map(([rn, random, isPlain]) => (isPlain ? rn : fpscrAfter(random & FPSCR_BITS & ~FPSCR.NI.mask, 0n, 0n)));

describe.each(KINDS.map((kind) => [`${kind.prefix}*${kind.suffix}`, kind] as const))('%s', (_name, kind) => {
  test.each(CASES.map((c) => [c[0], c] as const))('%s', (name, c) => {
    const register = registerOf(kind);
    fc.assert(
      fc.property(register, register, register, fpscrValue, (XT, XA, XB, fpscr) => {
        const registers = { XT, XA, XB };
        const { machine, outcome } = run(`${kind.prefix}${name}${kind.suffix}`, registers, fpscr);
        const want = expected(kind, c, registers, fpscr);
        expect(outcome.kind).toBe('next');
        expect(machine.vsr[1]!.toString(16)).toBe(want.target.toString(16));
        expect(machine.resources.FPSCR.toString(16)).toBe(want.fpscr.toString(16));
      }),
      { numRuns: 60 },
    );
  });
});

test('an enabled exception interrupts where MSR[FE0] or [FE1] says so', () => {
  const one = 0x3ff0n << 112n;
  const divide = (fpscr: bigint, msr: bigint): Execution => run('xsdivdp', { XT: 5n, XA: one, XB: 0n }, fpscr, msr);
  expect(raised(divide(FPSCR.ZE.mask, MSR.FE0.mask))).toBe('floatEnabled');
  expect(raised(divide(FPSCR.ZE.mask, MSR.FE1.mask))).toBe('floatEnabled');
  expect(raised(divide(FPSCR.ZE.mask, 0n))).toBeUndefined();
  expect(raised(divide(FPSCR.VE.mask, MSR.FE0.mask))).toBeUndefined();
  const vector = run('xvdivdp', { XT: 5n, XA: one, XB: 0n }, FPSCR.ZE.mask, MSR.FE0.mask);
  expect(raised(vector)).toBe('floatEnabled');
  expect(vector.machine.vsr[1]).toBe(5n);
}); // prettier-ignore

describe('worked cases', () => {
  const value = (mnemonic: string, fields: Record<string, number>, vsr: Record<number, bigint>): string =>
    execute(mnemonic, fields, { vsr: Array.from({ length: 64 }, (_, n) => vsr[n] ?? 0n) })
      .machine.vsr[1]!.toString(16)
      .padStart(32, '0');
  const unary = (mnemonic: string, b: bigint): string => value(mnemonic, { XT: 1, XB: 3 }, { 3: b });
  const binary = (mnemonic: string, a: bigint, b: bigint): string =>
    value(mnemonic, { XT: 1, XA: 2, XB: 3 }, { 2: a, 3: b });
  const NAN = 0x7ff8n << 112n;
  const [PLUS_0, MINUS_0, ONE] = [0n, 1n << 127n, 0x3ff0n << 112n];
  const upper = (n: bigint): string => n.toString(16).padStart(32, '0');

  test('extremes of zeros and NaNs', () => {
    expect(binary('xsmaxdp', MINUS_0, PLUS_0)).toBe(upper(PLUS_0));
    expect(binary('xsmindp', PLUS_0, MINUS_0)).toBe(upper(MINUS_0));
    expect(binary('xsmaxdp', NAN, ONE)).toBe(upper(ONE));
    expect(binary('xsmaxcdp', NAN, ONE)).toBe(upper(ONE));
    expect(binary('xsmaxcdp', ONE, NAN)).toBe(upper(NAN));
    expect(binary('xsmaxjdp', ONE, NAN)).toBe(upper(NAN));
    expect(binary('xsmaxjdp', MINUS_0, PLUS_0)).toBe(upper(PLUS_0));
  });

  test('conversions', () => {
    expect(unary('xscvdpsxds', 0xc004n << 112n)).toBe('fffffffffffffffe0000000000000000');
    expect(unary('xscvdpuxws', 0x41f0n << 112n)).toBe('ffffffffffffffff0000000000000000');
    expect(unary('xscvdpsxws', NAN)).toBe('80000000800000000000000000000000');
    expect(unary('xvcvsxwsp', 0xffffffff_00000001_80000000_7fffffffn)).toBe(
      'bf8000003f800000cf0000004f000000',
    );
    expect(unary('xvcvdpsp', (0x3ff8n << 112n) | (0xc000n << 48n))).toBe('3fc000003fc00000c0000000c0000000');
    expect(unary('xvcvspdp', 0x3fc00000_7f800001_c0000000_00000000n)).toBe(
      '3ff8000000000000c000000000000000',
    );
    expect(unary('xscvdphp', 0x40f0n << 112n)).toBe('0000000000007c000000000000000000');
    expect(unary('xscvdphp', 0x3e70n << 112n)).toBe('00000000000000010000000000000000');
    expect(unary('xscvhpdp', 0x0001n << 64n)).toBe('3e700000000000000000000000000000');
    expect(unary('xvcvhpsp', 0x00003c00_0000fc00_00008000_00007c01n)).toBe(
      '3f800000ff800000800000007fc02000',
    );
    expect(unary('xvcvspbf16', 0x3f808000_3f818000_7f7fffff_00008000n)).toBe(
      '00003f8000003f8200007f8000000000',
    );
    expect(unary('xvcvbf16spn', 0x00003f80_ffffc000_00007f81_00000001n)).toBe(
      '3f800000c00000007f81000000010000',
    );
  });

  test('comparisons to masks, with CR6', () => {
    const x = execute(
      'xvcmpgtdp.', { XT: 1, XA: 2, XB: 3 },
      { vsr: Array.from({ length: 64 }, (_, n) => (n === 2 ? ONE | 0x4000_0000_0000_0000n : 0n)) },
    );
    expect([x.machine.vsr[1], x.machine.cr[6]]).toEqual([(1n << 128n) - 1n, 8]);
    const none = execute('xvcmpeqsp.', { XT: 1, XA: 2, XB: 3 }, { vsr: Array.from({ length: 64 }, () => (1n << 128n) - 1n) });
    expect([none.machine.vsr[1], none.machine.cr[6]]).toEqual([0n, 2]);
  }); // prettier-ignore

  test('tests for division', () => {
    const flags = (mnemonic: string, a: bigint, b: bigint): number =>
      execute(mnemonic, { BF: 3, XA: 2, XB: 3 }, { vsr: Array.from({ length: 64 }, (_, n) => (n === 2 ? a : b)) }).machine.cr[3]!;
    expect(flags('xstdivdp', ONE, ONE)).toBe(8);
    expect(flags('xstdivdp', ONE, 0n)).toBe(14);
    expect(flags('xvtdivdp', ONE, ONE)).toBe(14);
    expect(flags('xstdivdp', 0x7fe0n << 112n, 0x0010n << 112n)).toBe(10);
  }); // prettier-ignore
});
