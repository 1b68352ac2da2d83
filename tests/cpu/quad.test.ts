/** Quad-precision arithmetic: by hand, and by the double-precision twin through rounding to odd. */
import fc from 'fast-check';
import { FPSCR } from '../../isa/registers/float';
import { FLOAT_CONTROL } from '../../isa/vocabulary/float-arithmetic';
import {
  QUAD_CONTROL, QUAD_OPERATIONS, QUAD_PART, QUAD_SELECTOR, type QuadOperation,
} from '../../isa/vocabulary/quad-float'; // prettier-ignore
import { quadFloat } from '../../src/cpu/quad';
import { double } from '../support/float-values';
import { ieee } from '../support/ieee';

interface Answer {
  readonly value: bigint;
  readonly status: bigint;
}
function ask(operation: QuadOperation, operands: readonly bigint[], control = 0): Answer {
  const halves = [0, 1, 2].flatMap((n) => {
    const value = operands[n] ?? 0n;
    return [value >> 64n, BigInt.asUintN(64, value)];
  });
  const part = (name: keyof typeof QUAD_PART): bigint => {
    const number = QUAD_OPERATIONS.indexOf(operation) | (QUAD_PART[name] << QUAD_SELECTOR.part);
    return quadFloat([(BigInt(control) << BigInt(QUAD_SELECTOR.control)) | BigInt(number), ...halves]);
  };
  return { value: (part('high') << 64n) | part('low'), status: part('status') };
}

const ONE = 0x3fffn << 112n;
const quad = (exponent: number, fraction = 0n): bigint => (BigInt(exponent + 16383) << 112n) | fraction;
const INFINITY = 0x7fffn << 112n;
const NAN = 0x7fff8n << 108n;
const INEXACT = FPSCR.XX.mask | FPSCR.FI.mask;
const exceptions = ({ status }: Answer): bigint => status & ~FPSCR.FPRF.mask;

test.each<[string, QuadOperation, bigint[], number, bigint, bigint]>([
  ['1 + 1', 'sum', [ONE, ONE], 0, quad(1), 0n],
  ['1 - 1', 'sum', [ONE, ONE], QUAD_CONTROL.NEGATE_ADDEND, 0n, 0n],
  ['1 - 1 downward', 'sum', [ONE, ONE], QUAD_CONTROL.NEGATE_ADDEND | 3, 1n << 127n, 0n],
  ['1 + 2^-113, a tie', 'sum', [ONE, quad(-113)], 0, ONE, INEXACT],
  ['1 + 2^-113 upward', 'sum', [ONE, quad(-113)], 2, ONE + 1n, INEXACT | FPSCR.FR.mask],
  ['1 + 2^-113 to odd', 'sum', [ONE, quad(-113)], QUAD_CONTROL.ODD, ONE + 1n, INEXACT | FPSCR.FR.mask],
  ['3 / 2', 'quotient', [quad(1, 1n << 111n), quad(1)], 0, quad(0, 1n << 111n), 0n],
  ['1 / 3', 'quotient', [ONE, quad(1, 1n << 111n)], 0, 0x3ffd5555_55555555_55555555_55555555n, INEXACT],
  ['1 / 3 upward', 'quotient', [ONE, quad(1, 1n << 111n)], 2, 0x3ffd5555_55555555_55555555_55555556n, INEXACT | FPSCR.FR.mask],
  ['root of 2', 'root', [quad(1)], 0, 0x3fff6a09_e667f3bc_c908b2fb_1366ea95n, INEXACT],
  ['1 / 0', 'quotient', [ONE, 0n], 0, INFINITY, FPSCR.ZX.mask],
  ['0 / 0', 'quotient', [0n, 0n], 0, NAN, FPSCR.VXZDZ.mask],
  ['infinity - infinity', 'sum', [INFINITY, INFINITY], QUAD_CONTROL.NEGATE_ADDEND, NAN, FPSCR.VXISI.mask],
  ['0 * infinity', 'product', [0n, INFINITY], 0, NAN, FPSCR.VXIMZ.mask],
  ['root of 4', 'root', [quad(2)], 0, quad(1), 0n],
  ['root of -1', 'root', [ONE | (1n << 127n)], 0, NAN, FPSCR.VXSQRT.mask],
  ['an SNaN', 'sum', [INFINITY | 1n, ONE], 0, NAN | 1n, FPSCR.VXSNAN.mask],
  ['overflow', 'product', [quad(16383), quad(1)], 0, INFINITY, FPSCR.OX.mask | INEXACT | FPSCR.FR.mask],
  ['overflow to odd', 'product', [quad(16383), quad(1)], QUAD_CONTROL.ODD, INFINITY - 1n, FPSCR.OX.mask | INEXACT],
  ['overflow enabled', 'product', [quad(16383), quad(1)], Number(FPSCR.OE.mask), quad(16384 - 24576), FPSCR.OX.mask],
  ['underflow', 'product', [quad(-16382), quad(-113)], 0, 0n, FPSCR.UX.mask | INEXACT],
  ['exact denormal', 'product', [quad(-16382), quad(-1)], 0, 1n << 111n, 0n],
  ['underflow enabled', 'product', [quad(-16382), quad(-1)], Number(FPSCR.UE.mask), quad(-16383 + 24576), FPSCR.UX.mask],
  ['negated after rounding', 'fused', [ONE, ONE, quad(-113)], QUAD_CONTROL.NEGATE_RESULT | 2, (ONE + 1n) | (1n << 127n), INEXACT | FPSCR.FR.mask],
  ['2.5 to an integer, even', 'integral', [quad(1, 1n << 110n)], 0, quad(1), INEXACT],
  ['2.5 to an integer, away', 'integral', [quad(1, 1n << 110n)], QUAD_CONTROL.AWAY, quad(1, 1n << 111n), INEXACT | FPSCR.FR.mask],
  ['-0.5 to an integer', 'integral', [quad(-1) | (1n << 127n)], 0, 1n << 127n, INEXACT],
  ['64 bits of precision', 'extended', [ONE | 1n], 0, ONE, INEXACT],
  ['2^127 as a signed integer', 'toInteger', [quad(127)], 0, (1n << 127n) - 1n, FPSCR.VXCVI.mask],
  ['2^127 as an unsigned one', 'toInteger', [quad(127)], QUAD_CONTROL.UNSIGNED, 1n << 127n, 0n],
  ['-1.5 as a doubleword', 'toInteger', [quad(0, 1n << 111n) | (1n << 127n)], QUAD_CONTROL.DOUBLEWORD, ((1n << 64n) - 1n) << 64n, INEXACT],
  ['a NaN as a word', 'toInteger', [NAN], QUAD_CONTROL.WORD, 0xffff_ffff_8000_0000n << 64n, FPSCR.VXCVI.mask],
  ['2^113 + 1 from an integer', 'fromInteger', [(1n << 113n) + 1n], 0, quad(113), INEXACT],
  ['-1 from an integer', 'fromInteger', [(1n << 128n) - 1n], 0, ONE | (1n << 127n), 0n],
  ['a denormalised double', 'fromDouble', [1n << 64n], 0, quad(-1074), 0n],
  ['2^-1075 to double', 'toDouble', [quad(-1075)], 0, 0n, FPSCR.UX.mask | INEXACT],
])('%s', (_name, operation, operands, control, value, status) => {
  const answer = ask(operation, operands, control);
  expect(answer.value.toString(16)).toBe(value.toString(16));
  expect(exceptions(answer).toString(16)).toBe(status.toString(16));
}); // prettier-ignore

describe('in quad format to odd, then to double, is the double-precision result', () => {
  const KINDS = [
    ['sum', 'float.sum', 2, 0, 0],
    ['sum', 'float.sum', 2, QUAD_CONTROL.NEGATE_ADDEND, FLOAT_CONTROL.NEGATE_ADDEND],
    ['product', 'float.product', 2, 0, 0],
    ['quotient', 'float.quotient', 2, 0, 0],
    ['root', 'float.root', 1, 0, 0],
    ['fused', 'float.fused', 3, 0, 0],
    ['fused', 'float.fused', 3, QUAD_CONTROL.NEGATE_ADDEND, FLOAT_CONTROL.NEGATE_ADDEND],
  ] as const;
  const inexactOnly = FPSCR.FR.mask | FPSCR.FI.mask | FPSCR.XX.mask;
  test.each(KINDS)('%s', (operation, twin, count, quadBits, bits) => {
    fc.assert(
      fc.property(fc.array(double, { minLength: count, maxLength: count }), fc.nat(3), (operands, rn) => {
        const wide = operands.map((x) => ask('fromDouble', [x << 64n]));
        const odd = ask(operation, wide.map(({ value }) => value), quadBits | QUAD_CONTROL.ODD | rn);
        const narrow = ask('toDouble', [odd.value], rn);
        const expected = ieee(twin, [...operands, BigInt(bits | rn)]);
        // The sign of a zero difference is by RN, which rounding to odd has not.
        const isZero = (value: bigint): boolean => BigInt.asUintN(63, value) === 0n;
        if (isZero(expected.value) && (expected.status & FPSCR.XX.mask) === 0n)
          expect(isZero(narrow.value >> 64n)).toBe(true);
        else expect((narrow.value >> 64n).toString(16)).toBe(expected.value.toString(16));
        const all = wide.reduce((status, w) => status | w.status, odd.status | narrow.status);
        const causes = FPSCR.FPRF.mask | inexactOnly;
        expect((all & ~causes).toString(16)).toBe((expected.status & ~causes).toString(16));
      }),
      { numRuns: 300 },
    );
  }); // prettier-ignore
});
