/** Values of options. */
import fc from 'fast-check';
import { UserError } from '../../src/core/errors';
import {
  parseAddress, parseAddressRange, parseAssignments, parseChoice, parseCount, parseList, parseSize, parseWindow,
} from '../../src/cli/values'; // prettier-ignore

it.each([
  ['0', 0n],
  ['4096', 4096n],
  ['0x10', 16n],
  ['0Xff_FF', 0xffffn],
  ['0xc000_0000_0000_1000', 0xc000_0000_0000_1000n],
  ['18446744073709551615', (1n << 64n) - 1n],
])('address %s', (text, expected) => {
  expect(parseAddress('EA', text)).toBe(expected);
});

it.each(['', 'c000', '0x', '0x_1', '1__0', '-1', '1.5', '0x1_', ' 1', '1K', '0x10000000000000000'])(
  'refuses the address "%s"',
  (text) => {
    expect(() => parseAddress('EA', text)).toThrow(UserError);
    expect(() => parseAddress('EA', text)).toThrow(
      `EA: expected an address of at most 64 bits such as 0xc000_0000_0000_1000, got "${text}"`,
    );
  },
);

it.each([
  ['1', 1],
  ['64K', 65536],
  ['64k', 65536],
  ['512M', 512 * 2 ** 20],
  ['2G', 2 ** 31],
  ['1T', 2 ** 40],
  ['1_000', 1000],
  ['0x10M', 16 * 2 ** 20],
  ['0xb', 11],
  ['512MiB', 512 * 2 ** 20],
  ['4KB', 4096],
])('size %s', (text, expected) => {
  expect(parseSize('-m', text)).toBe(expected);
});

it.each(['', '0', 'M', '-1M', '1.5G', '5Q', '12KM', '9999999T', '0x', '1 G'])(
  'refuses the size "%s"',
  (text) => {
    expect(() => parseSize('-m', text)).toThrow(/^-m: expected a size such as 512M, 2G or 0x100000, got/);
  },
);

it('a number has decimal multiples and bounds', () => {
  expect(parseCount('--max-insns', '10M')).toBe(10_000_000);
  expect(parseCount('--max-insns', '5_000')).toBe(5000);
  expect(() => parseCount('--max-insns', '0', { min: 1 })).toThrow(
    /--max-insns: expected a number of at least 1, got "0"/,
  );
  expect(() => parseCount('--smp', '9', { min: 1, max: 8 })).toThrow(
    /--smp: expected a number from 1 to 8, got "9"/,
  );
  expect(() => parseCount('--smp', '1e3')).toThrow(UserError);
});

it('a list has known names only', () => {
  expect(parseList('--trace', 'walk, tlb', ['walk', 'tlb'])).toEqual(['walk', 'tlb']);
  for (const text of ['', 'walk,', 'wlk', 'walk tlb'])
    expect(() => parseList('--trace', text, ['walk', 'tlb'])).toThrow(
      /--trace: expected a list of walk, tlb, got/,
    );
});

it('a choice is one of its names', () => {
  expect(parseChoice('--tlb', 'b', ['a', 'b'])).toBe('b');
  expect(() => parseChoice('--tlb', 'B', ['a', 'b'])).toThrow(/--tlb: expected one of a, b, got "B"/);
});

it('a range of addresses has its end, its size, or is one address', () => {
  expect(parseAddressRange('--ea', '0x10-0x1f')).toEqual({ from: 0x10n, to: 0x1fn });
  expect(parseAddressRange('--ea', '0x1000+4K')).toEqual({ from: 0x1000n, to: 0x1fffn });
  expect(parseAddressRange('--ea', '5')).toEqual({ from: 5n, to: 5n });
  for (const text of ['5-4', '-5', '5-', '5+', '1-2-3', '0xffff_ffff_ffff_ffff+2'])
    expect(() => parseAddressRange('--ea', text)).toThrow(/^--ea: expected/);
});

it('a window of instructions is not empty and may be open', () => {
  expect(parseWindow('--window', '5-10')).toEqual({ from: 5, to: 10 });
  expect(parseWindow('--window', '1M-')).toEqual({ from: 1_000_000, to: Infinity });
  for (const text of ['5', '5-5', '-5', '6-5', 'a-b'])
    expect(() => parseWindow('--window', text)).toThrow(/^--window: /);
});

it('assignments name registers in upper case', () => {
  expect(parseAssignments('--reg', 'msr=0x10,LPCR=1_0')).toEqual([['MSR', 16n], ['LPCR', 10n]]); // prettier-ignore
  for (const text of ['MSR', 'MSR=', '=5', 'MSR=x', 'MSR=1,'])
    expect(() => parseAssignments('--reg', text)).toThrow(/^--reg/);
});

it('whatever the text is, a value or a UserError comes out', () => {
  const parsers = [parseAddress, parseSize, parseCount, parseAddressRange, parseWindow, parseAssignments];
  const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fxKMG_+=,-]*$/));
  fc.assert(
    fc.property(text, fc.constantFrom(...parsers), (input, parse) => {
      try {
        parse('X', input);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
    { numRuns: 1000 },
  );
});
