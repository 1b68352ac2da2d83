/** Decimal floating-point: by hand, each rule; and against slow, obvious rational arithmetic. */
import fc from 'fast-check';
import { FPSCR } from '../../isa/registers/float';
import {
  DECIMAL_CONTROL, DECIMAL_OPERATIONS, DECIMAL_PART, DECIMAL_SELECTOR, type DecimalOperation,
} from '../../isa/vocabulary/decimal-float'; // prettier-ignore
import { decimalFloat } from '../../src/cpu/decimal';
import { decode, EXTENDED, LONG, type Finite, type Format } from '../../src/cpu/decimal/format';
import { decimal, finiteOf, FORMATS } from '../support/decimal-values';

interface Answer {
  readonly value: bigint;
  readonly status: bigint;
}
interface How {
  readonly f?: Format;
  readonly round?: number;
  readonly immediate?: number;
  readonly enable?: bigint;
}
function ask(operation: DecimalOperation, operands: readonly bigint[], how: How = {}): Answer {
  const { f = LONG, round = 0, immediate = 0, enable = 0n } = how;
  const control =
    Number(enable) |
    (round << DECIMAL_CONTROL.round) |
    (f === EXTENDED ? DECIMAL_CONTROL.QUAD : 0) |
    (immediate << DECIMAL_CONTROL.immediate);
  const halves = [0, 1].flatMap((n) => [(operands[n] ?? 0n) >> 64n, BigInt.asUintN(64, operands[n] ?? 0n)]);
  const part = (name: keyof typeof DECIMAL_PART): bigint => {
    const number = DECIMAL_OPERATIONS.indexOf(operation) | (DECIMAL_PART[name] << DECIMAL_SELECTOR.part);
    return decimalFloat([(BigInt(control) << BigInt(DECIMAL_SELECTOR.control)) | BigInt(number), ...halves]);
  };
  return { value: (part('high') << 64n) | part('low'), status: part('status') };
}
const exceptions = ({ status }: Answer): bigint => status & ~FPSCR.FPRF.mask;
const INEXACT = FPSCR.XX.mask | FPSCR.FI.mask;
const UP = INEXACT | FPSCR.FR.mask;
const d = (text: string): bigint => decimal(text, LONG);
const q = (text: string): bigint => decimal(text, EXTENDED);
const NINES = '9999999999999999';

test('encodings: Book I, 5.3', () => {
  expect(d('0')).toBe(0x2238_0000_0000_0000n);
  expect(d('1')).toBe(0x2238_0000_0000_0001n);
  expect(d('-10')).toBe(0xa238_0000_0000_0010n);
  // The largest: leading digit 9, exponent 767 biased, declets 0x0ff.
  expect(d(`${NINES}E369`)).toBe(0x77fc_ff3f_cff3_fcffn);
  expect(d('inf')).toBe(0x7800_0000_0000_0000n);
  expect(d('nan5')).toBe(0x7c00_0000_0000_0005n);
  expect(d('-snan')).toBe(0xfe00_0000_0000_0000n);
  expect(q('1')).toBe(0x2208_0000_0000_0000_0000_0000_0000_0001n);
  expect(decimal('1', FORMATS.SHORT)).toBe(0x2250_0001n);
  // The 24 declets that are not canonical.
  for (const [odd, canonical] of [
    [0x16e, 0x06e],
    [0x2ff, 0x0ff],
    [0x3ef, 0x0ef],
  ] as const)
    // prettier-ignore
    expect(ask('integral', [d('0') | BigInt(odd)], {}).value | BigInt(canonical)).toBe(d('0') | BigInt(canonical));
  expect(ask('sum', [d('0') | 0x3ffn, d('0')]).value).toBe(d('999'));
});

test.each<[string, DecimalOperation, bigint[], How, bigint, bigint]>([
  ['1 + 1', 'sum', [d('1'), d('1')], {}, d('2'), 0n],
  ['1.0 + 1.00: the lesser exponent', 'sum', [d('10E-1'), d('100E-2')], {}, d('200E-2'), 0n],
  ['1 - 1.00', 'difference', [d('1'), d('100E-2')], {}, d('0E-2'), 0n],
  ['1 - 1 downward', 'difference', [d('1'), d('1')], { round: 3 }, d('-0'), 0n],
  ['-0 + -0', 'sum', [d('-0'), d('-0E3')], {}, d('-0'), 0n],
  [
    '1E369 + 0E-398: as many zeros as fit',
    'sum',
    [d('1E369'), d('0E-398')],
    {},
    d('1000000000000000E354'),
    0n,
  ],
  ['1E300 + 1', 'sum', [d('1E300'), d('1')], {}, d('1000000000000000E285'), INEXACT],
  ['1E300 + 1 upward', 'sum', [d('1E300'), d('1')], { round: 2 }, d('1000000000000001E285'), UP],
  ['1E300 - 1 towards 0', 'difference', [d('1E300'), d('1')], { round: 1 }, d(`${NINES}E284`), INEXACT],
  ['a carry', 'sum', [d(NINES), d('1')], {}, d('1000000000000000E1'), 0n],
  ['1.20 * 3: exponents added', 'product', [d('120E-2'), d('3')], {}, d('360E-2'), 0n],
  ['1 / 4', 'quotient', [d('1'), d('4')], {}, d('25E-2'), 0n],
  [
    '2.40 / 2: no more digits than the ideal exponent',
    'quotient',
    [d('240E-2'), d('2')],
    {},
    d('120E-2'),
    0n,
  ],
  ['100 / 4E1', 'quotient', [d('100'), d('4E1')], {}, d('25E-1'), 0n],
  ['1 / 3', 'quotient', [d('1'), d('3')], {}, d('3333333333333333E-16'), INEXACT],
  ['2 / 3', 'quotient', [d('2'), d('3')], {}, d('6666666666666667E-16'), UP],
  ['quad 2 / 3', 'quotient', [q('2'), q('3')], { f: EXTENDED }, q(`${'6'.repeat(33)}7E-34`), UP],
  ['1 / 0', 'quotient', [d('-1'), d('0')], {}, d('-inf'), FPSCR.ZX.mask],
  ['0 / 0', 'quotient', [d('0'), d('0')], {}, d('nan'), FPSCR.VXZDZ.mask],
  ['infinity / infinity', 'quotient', [d('inf'), d('inf')], {}, d('nan'), FPSCR.VXIDI.mask],
  ['1 / infinity: the least exponent', 'quotient', [d('1'), d('-inf')], {}, d('-0E-398'), 0n],
  ['infinity - infinity', 'difference', [d('inf'), d('inf')], {}, d('nan'), FPSCR.VXISI.mask],
  ['0 * infinity', 'product', [d('0'), d('inf')], {}, d('nan'), FPSCR.VXIMZ.mask],
  ['a NaN before an SNaN', 'sum', [d('nan1'), d('-snan2')], {}, d('-nan2'), FPSCR.VXSNAN.mask],
  ['two NaNs', 'difference', [d('-nan1'), d('nan2')], {}, d('-nan1'), 0n],
  ['overflow', 'product', [d('1E369'), d('1E369')], {}, d('inf'), FPSCR.OX.mask | UP],
  [
    'overflow towards 0',
    'product',
    [d('-1E369'), d('1E369')],
    { round: 1 },
    d(`-${NINES}E369`),
    FPSCR.OX.mask | INEXACT,
  ],
  [
    'overflow of a negative upward',
    'product',
    [d('-1E369'), d('1E369')],
    { round: 2 },
    d(`-${NINES}E369`),
    FPSCR.OX.mask | INEXACT,
  ],
  [
    'overflow prepared',
    'product',
    [d('1E369'), d('1E369')],
    { round: 7 },
    d(`${NINES}E369`),
    FPSCR.OX.mask | INEXACT,
  ],
  [
    'overflow enabled',
    'product',
    [d('12E369'), d('1E369')],
    { enable: FPSCR.OE.mask },
    d('12E162'),
    FPSCR.OX.mask,
  ],
  [
    'quad overflow enabled',
    'product',
    [q('1E6111'), q('1E6111')],
    { f: EXTENDED, enable: FPSCR.OE.mask },
    q('1E3006'),
    FPSCR.OX.mask,
  ],
  ['an exponent too great, not a number', 'product', [d('1E369'), d('1E10')], {}, d('10000000000E369'), 0n],
  ['underflow', 'product', [d('1E-398'), d('1E-1')], {}, d('0E-398'), FPSCR.UX.mask | INEXACT],
  [
    'underflow away from 0',
    'product',
    [d('1E-398'), d('1E-1')],
    { round: 6 },
    d('1E-398'),
    FPSCR.UX.mask | UP,
  ],
  ['exact and tiny', 'product', [d('10E-398'), d('1E-1')], {}, d('1E-398'), 0n],
  [
    'underflow enabled',
    'product',
    [d('10E-398'), d('1E-1')],
    { enable: FPSCR.UE.mask },
    d('10E177'),
    FPSCR.UX.mask,
  ],
  ['quantize', 'quantize', [d('1E-2'), d('12345E-4')], {}, d('123E-2'), INEXACT],
  ['quantize up to a carry', 'quantize', [d('1E-2'), d('99999E-4')], {}, d('1000E-2'), UP],
  ['quantize: too many digits', 'quantize', [d('1E-16'), d('1')], {}, d('nan'), FPSCR.VXCVI.mask],
  ['quantize 0', 'quantize', [d('1E300'), d('-0')], {}, d('-0E300'), 0n],
  ['quantize infinities', 'quantize', [d('inf'), d('-inf')], {}, d('-inf'), 0n],
  ['quantize an infinity', 'quantize', [d('1'), d('inf')], {}, d('nan'), FPSCR.VXCVI.mask],
  ['quantize to 1E-3', 'quantizeTo', [0n, d('15')], { immediate: 0b11101 }, d('15000E-3'), 0n],
  ['reround to 2 digits', 'reround', [2n, d('995')], {}, d('10E2'), UP],
  ['reround to more', 'reround', [4n, d('995')], {}, d('995'), 0n],
  ['reround to an exponent too great', 'reround', [1n, d('99E369')], {}, d('nan'), FPSCR.VXCVI.mask],
  ['2.5 to an integer', 'integral', [0n, d('25E-1')], {}, d('2'), INEXACT],
  ['2.5 quietly', 'integralQuietly', [0n, d('25E-1')], { round: 4 }, d('3'), 0n],
  ['an integer', 'integral', [0n, d('25E1')], {}, d('25E1'), 0n],
  ['short to long', 'widen', [0n, decimal('-1234567E90', FORMATS.SHORT)], {}, d('-1234567E90'), 0n],
  ['short SNaN stays', 'widen', [0n, decimal('snan7', FORMATS.SHORT)], {}, d('snan7'), 0n],
  ['long SNaN to quad', 'widen', [0n, d('snan7')], { f: EXTENDED }, q('nan7'), FPSCR.VXSNAN.mask],
  ['long to short', 'narrow', [0n, d('12345675')], {}, decimal('1234568E1', FORMATS.SHORT), UP],
  ['long to short SNaN', 'narrow', [0n, d('snan7')], {}, decimal('snan7', FORMATS.SHORT), 0n],
  [
    'long to short, overflow',
    'narrow',
    [0n, d('1E97')],
    {},
    decimal('inf', FORMATS.SHORT),
    FPSCR.OX.mask | UP,
  ],
  [
    'long to short, overflow enabled: a long',
    'narrow',
    [0n, d('12345678E97')],
    { enable: FPSCR.OE.mask },
    d('1234568E-94'),
    FPSCR.OX.mask | UP,
  ],
  [
    'long to short, underflow enabled: a long',
    'narrow',
    [0n, d('1E-398')],
    { enable: FPSCR.UE.mask },
    d('1E-206'),
    FPSCR.UX.mask,
  ],
  [
    'quad to long',
    'narrow',
    [0n, q('1E-6176')],
    { f: EXTENDED },
    d('0E-398') << 64n,
    FPSCR.UX.mask | INEXACT,
  ],
  [
    'quad to long, overflow enabled: a quad',
    'narrow',
    [0n, q('7E400')],
    { f: EXTENDED, enable: FPSCR.OE.mask },
    q('7E-2672'),
    FPSCR.OX.mask,
  ],
  ['from -2^63', 'fromInteger', [0n, 1n << 63n], {}, d('-9223372036854776E3'), UP],
  [
    'from 2^127-1',
    'fromWideInteger',
    [0n, (1n << 127n) - 1n],
    { f: EXTENDED },
    q('1701411834604692317316873037158841E5'),
    INEXACT,
  ],
  ['to an integer', 'toInteger', [0n, d('-25E-1')], { round: 3 }, (1n << 64n) - 3n, UP],
  ['too great', 'toInteger', [0n, d('1E300')], {}, (1n << 63n) - 1n, FPSCR.VXCVI.mask],
  ['a NaN to an integer', 'toInteger', [0n, d('snan')], {}, 1n << 63n, FPSCR.VXCVI.mask | FPSCR.VXSNAN.mask],
  [
    'to a wide integer',
    'toWideInteger',
    [0n, q('-17E37')],
    { f: EXTENDED },
    (1n << 128n) - 17n * 10n ** 37n,
    0n,
  ],
  ['to digits', 'toDigits', [0n, d('-1234567890123456E5')], {}, 0x1234567890123456n, 0n],
  [
    'to digits and a sign',
    'toDigits',
    [0n, d('-1234567890123456E5')],
    { immediate: 2 },
    0x234567890123456dn,
    0n,
  ],
  ['to digits and +', 'toDigits', [0n, d('1')], { immediate: 3 }, 0x1fn, 0n],
  ['from digits', 'fromDigits', [0n, 0x9876543210123456n], {}, d('9876543210123456'), 0n],
  ['from digits and a sign', 'fromDigits', [0n, 0x12bn], { immediate: 1 }, d('-12'), 0n],
  ['from 10', 'fromDigits', [0n, 0xan], {}, d('nan'), FPSCR.VXCVI.mask],
  ['from digits without a sign', 'fromDigits', [0n, 0x129n], { immediate: 1 }, d('nan'), FPSCR.VXCVI.mask],
])('%s', (_, operation, operands, how, value, expected) => {
  const answer = ask(operation, operands, how);
  expect([answer.value.toString(16), exceptions(answer).toString(16)]).toEqual([value.toString(16), expected.toString(16)]); // prettier-ignore
});

test.each<[string, DecimalOperation, bigint[], How, bigint]>([
  ['exponent of 1', 'extractExponent', [0n, d('1')], {}, 398n],
  ['exponent of an infinity', 'extractExponent', [0n, d('inf')], {}, (1n << 64n) - 1n],
  ['exponent of an SNaN', 'extractExponent', [0n, d('snan')], {}, (1n << 64n) - 3n],
  ['insert 767', 'insertExponent', [767n, d('12')], {}, d('12E369')],
  ['insert 768', 'insertExponent', [768n, d('12')], {}, d('nan12')],
  ['insert -1', 'insertExponent', [(1n << 64n) - 1n, d('12')], {}, d('inf12')],
  ['insert -3', 'insertExponent', [(1n << 64n) - 3n, d('12')], {}, d('snan12')],
  ['insert 398 into a NaN', 'insertExponent', [398n, d('-nan12')], {}, d('-12')],
  ['shift left', 'shiftLeft', [d('1234567890123456E3')], { immediate: 2 }, d('3456789012345600E3')],
  ['shift a NaN left', 'shiftLeft', [d('nan123456789012345')], { immediate: 1 }, d('nan234567890123450')],
  ['shift right', 'shiftRight', [d('-1234E3')], { immediate: 2 }, d('-12E3')],
  ['shift right by all', 'shiftRight', [d('-1234E3')], { immediate: 63 }, d('-0E3')],
])('%s leaves FPSCR alone', (_, operation, operands, how, value) => {
  const answer = ask(operation, operands, how);
  expect([answer.value.toString(16), answer.status]).toEqual([value.toString(16), 0n]);
});

const [LESS, GREATER, EQUAL, UNORDERED] = [8n, 4n, 2n, 1n];
test.each<[string, DecimalOperation, bigint[], How, bigint, bigint]>([
  ['1.0 and 1.00', 'compareUnordered', [d('10E-1'), d('100E-2')], {}, EQUAL, 0n],
  ['-0 and 0', 'compareUnordered', [d('-0E5'), d('0')], {}, EQUAL, 0n],
  ['-2 and -1', 'compareUnordered', [d('-2'), d('-1')], {}, LESS, 0n],
  ['infinity and 1', 'compareUnordered', [d('inf'), d('1')], {}, GREATER, 0n],
  ['a NaN', 'compareUnordered', [d('nan'), d('1')], {}, UNORDERED, 0n],
  ['a NaN, ordered', 'compareOrdered', [d('nan'), d('1')], {}, UNORDERED, FPSCR.VXVC.mask],
  [
    'an SNaN, ordered',
    'compareOrdered',
    [d('snan'), d('1')],
    {},
    UNORDERED,
    FPSCR.VXVC.mask | FPSCR.VXSNAN.mask,
  ],
  [
    'an SNaN, ordered, VE',
    'compareOrdered',
    [d('snan'), d('1')],
    { enable: FPSCR.VE.mask },
    UNORDERED,
    FPSCR.VXSNAN.mask,
  ],
  ['class of a subnormal', 'testClass', [d('-1E-398')], { immediate: 0b010000 }, LESS | EQUAL, 0n],
  ['class of a normal', 'testClass', [d('1')], { immediate: 0b110111 }, 0n, 0n],
  ['group of 1', 'testGroup', [d('1')], { immediate: 0b000100 }, EQUAL, 0n],
  ['group of all digits', 'testGroup', [d(NINES)], { immediate: 0b000010 }, EQUAL, 0n],
  ['group of an extreme exponent', 'testGroup', [d('1E369')], { immediate: 0b001000 }, EQUAL, 0n],
  ['exponents', 'testExponent', [d('1E3'), d('1E2')], {}, GREATER, 0n],
  ['exponents of infinities', 'testExponent', [d('inf'), d('-inf')], {}, EQUAL, 0n],
  ['exponents of an infinity and a NaN', 'testExponent', [d('inf'), d('nan')], {}, UNORDERED, 0n],
  ['2 digits of 123', 'testSignificance', [2n, d('123')], {}, LESS, 0n],
  ['0 digits', 'testSignificance', [64n, d('123')], {}, GREATER, 0n],
  ['digits of a NaN', 'testSignificance', [2n, d('nan')], {}, UNORDERED, 0n],
])('%s', (_, operation, operands, how, field, expected) => {
  const { value, status } = ask(operation, operands, how);
  expect([value, status]).toEqual([field, expected | (field << BigInt(FPSCR.FPCC.shift))]);
});

/** Rounded results of 25 and 35, 24, 26, 20.1, 21: in each mode, positive and negative. */
test.each<[number, string]>([
  [0, '2 4 2 3 2 2'], [1, '2 3 2 2 2 2'], [2, '3 4 3 3 3 3'], [3, '2 3 2 2 2 2'],
  [4, '3 4 2 3 2 2'], [5, '2 3 2 3 2 2'], [6, '3 4 3 3 3 3'], [7, '2 3 2 2 2 2'],
])('rounding mode %i', (round, expected) => {
  const all = ['25E-1', '35E-1', '24E-1', '26E-1', '201E-2', '21E-1'];
  const of = (text: string, mode: number): string =>
    (decode(ask('integral', [0n, d(text)], { round: mode }).value, LONG) as Finite).coefficient.toString();
  expect(all.map((text) => of(text, round)).join(' ')).toBe(expected);
  // Up and down change places for negative numbers.
  const mirrored = round === 2 ? 3 : round === 3 ? 2 : round;
  expect(all.map((text) => of(`-${text}`, mirrored)).join(' ')).toBe(expected);
  // 0 and 5 as last digits.
  expect([of('501E-2', 7), of('1001E-2', 7), of('41E-1', 7)]).toEqual(['6', '11', '4']);
}); // prettier-ignore

describe('against rational arithmetic', () => {
  const exact = (bits: bigint, f: Format): readonly [bigint, bigint] => {
    const { negative, coefficient, exponent } = decode(bits, f) as Finite;
    const signed = negative ? -coefficient : coefficient;
    return exponent >= 0 ? [signed * 10n ** BigInt(exponent), 1n] : [signed, 10n ** BigInt(-exponent)];
  };
  const OPERATIONS = { sum: 0, difference: 0, product: 0, quotient: 0 } as const;
  const rational = (operation: keyof typeof OPERATIONS, a: readonly [bigint, bigint], b: readonly [bigint, bigint]): readonly [bigint, bigint] => {
    if (operation === 'product') return [a[0] * b[0], a[1] * b[1]];
    if (operation === 'quotient') return [a[0] * b[1], a[1] * b[0]];
    return [a[0] * b[1] + (operation === 'sum' ? 1n : -1n) * b[0] * a[1], a[1] * b[1]];
  }; // prettier-ignore
  test.each(Object.keys(OPERATIONS) as (keyof typeof OPERATIONS)[])(
    '%s is within half of the last place, and exact where it says so',
    (operation) => {
      fc.assert(
        fc.property(finiteOf(LONG), finiteOf(LONG), (a, b) => {
          const { value, status } = ask(operation, [a, b]);
          const result = decode(value, LONG);
          const by = exact(b, LONG);
          fc.pre(!(operation === 'quotient' && by[0] === 0n) && result.kind === 'finite');
          const [n, m] = rational(operation, exact(a, LONG), by);
          const [x, y] = exact(value, LONG);
          const { exponent } = result;
          const [ulpUp, ulpDown] =
            exponent >= 0 ? [10n ** BigInt(exponent), 1n] : [1n, 10n ** BigInt(-exponent)];
          // |x/y - n/m| * 2 <= ulp
          const distance = x * m - n * y;
          const magnitude = (v: bigint): bigint => (v < 0n ? -v : v);
          expect(2n * magnitude(distance) * ulpDown <= ulpUp * magnitude(y * m)).toBe(true);
          expect((status & FPSCR.XX.mask) === 0n).toBe(distance === 0n);
        }),
        { numRuns: 300 },
      );
    },
  );
});
