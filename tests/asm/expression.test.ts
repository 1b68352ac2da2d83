import fc from 'fast-check';
import { assemble } from '../../src/asm/assemble';

/** The value of an expression as a signed 64-bit number. */
const value = (text: string): bigint => Buffer.from(assemble(`.quad ${text}`).bytes).readBigInt64BE();

describe('expressions', () => {
  test.each([
    ['0x1F', 31n],
    ['0b101', 5n],
    ['017', 15n],
    ['0', 0n],
    ['1_000', 1000n],
    ["'A", 65n],
    ["'A'", 65n],
    ["'\\n'", 10n],
    ['0xffffffffffffffff', -1n],
    ['1 + 2 * 3', 7n],
    ['(1 + 2) * 3', 9n],
    // As in GNU as, `| & ^` bind tighter than `+`, and shifts like `*`.
    ['7 | 8 + 1', 16n],
    ['6 ^ 3 + 1', 6n],
    ['1 << 2 + 1', 5n],
    ['2 * 1 << 3', 16n],
    ['1 ! 0', -1n],
    ['10 - 2 - 3', 5n],
    ['-7 / 2', -3n],
    ['-7 % 3', -1n],
    ['-1 >> 60', 15n],
    ['1 << 63', -(1n << 63n)],
    ['1 << 64', 0n],
    ['1 >> 64', 0n],
    ['~0', -1n],
    ['!0', 1n],
    ['!5', 0n],
    ['- -5', 5n],
    ['+5', 5n],
    ['5 == 5', -1n],
    ['5 != 5', 0n],
    ['5 <> 4', -1n],
    ['-1 < 1', -1n],
    ['2 > 3', 0n],
    ['3 <= 3', -1n],
    ['2 >= 3', 0n],
    ['3 && 0', 0n],
    ['3 && 4', 1n],
    ['0 || 2', 1n],
    ['0 || 0', 0n],
    ['1 == 1 && 2 == 2', 1n],
  ])('%s is %s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  test('. is the address of the value', () => {
    expect(Buffer.from(assemble('.long ., .', { origin: 16n }).bytes).toString('hex')).toBe(
      '0000001000000014',
    );
  });

  test('sums and differences wrap at 64 bits', () => {
    const number = fc.bigInt(-(1n << 63n), (1n << 63n) - 1n);
    const text = (n: bigint): string => `0x${BigInt.asUintN(64, n).toString(16)}`;
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(value(`${text(a)} + ${text(b)}`)).toBe(BigInt.asIntN(64, a + b));
        expect(value(`${text(a)} * ${text(b)} - ${text(b)}`)).toBe(BigInt.asIntN(64, a * b - b));
        expect(value(`forward & ${text(b)}\n.set forward, ${text(a)}`)).toBe(BigInt.asIntN(64, a & b));
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['1 +', 'expected an expression, found end of statement'],
    ['(1', 'expected ")", found end of statement'],
    ['1 2', 'expected the end of the statement, found "2"'],
    ['1 / 0', 'division by zero'],
    ['1 % (2 - 2)', 'division by zero'],
    ['089', '089 is no octal number'],
    ['12ab', 'unexpected character "1"'],
    ['1 ? 2', 'unexpected character "?"'],
    ['nothing', 'nothing is not defined'],
    ['1b', 'no label 1: before 1b'],
    ['1f', '1f is not defined'],
    ["'\\q'", 'unknown escape sequence \\q'],
  ])('%s: %s', (text, message) => {
    expect(() => value(text)).toThrow(message);
  });

  test('symbols that define one another are refused', () => {
    expect(() => assemble('.long a\n.set a,b\n.set b,a')).toThrow('is defined by itself');
  });

  test('nesting and chains without end are refused', () => {
    expect(() => value(`${'('.repeat(100_000)}1`)).toThrow('expression nested deeper than');
    expect(() => value(`${'-'.repeat(100_000)}1`)).toThrow('expression nested deeper than');
    expect(() => value(`a${'+a'.repeat(100_000)}`)).toThrow('expression nested deeper than');
    const chain = Array.from({ length: 20_000 }, (_, i) => `.set s${i},s${i + 1}`).join('\n');
    expect(() => assemble(`${chain}\n.long s0\n.set s20000,1`)).toThrow('symbols one after the other');
  });

  test('long sums of numbers are fine', () => {
    expect(value(`1${'+1'.repeat(5000)}`)).toBe(5001n);
  });

  test('doubling a symbol that is not yet known takes no time', () => {
    const doublings = '.set x,x+x\n'.repeat(100);
    expect(value(`0\n.set x,later\n${doublings}.quad x\n.set later,1`)).toBe(0n);
  });
});
