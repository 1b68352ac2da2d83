import fc from 'fast-check';
import { createDecoder, hasRow, specificity, type Decoder } from '../../isa/decoder';
import { INSTRUCTIONS } from '../../isa/index';
import { atLeast, type Feature, type Instruction, type InsnRow } from '../../isa/vocabulary/row';
import { hiOf, loOf } from '../../src/core/u64';

const ALL = 0xffff_ffff_ffff_ffffn;
const everything = (): boolean => true;

/** True where some CPU level has both rows. */
const coexist = (a: InsnRow, b: InsnRow): boolean =>
  (a.until === undefined || atLeast(a.until, b.level)) &&
  (b.until === undefined || atLeast(b.until, a.level));

const overlap = (a: Instruction, b: Instruction): boolean =>
  a.size === b.size && ((a.match ^ b.match) & a.mask & b.mask) === 0n;

/** The filter under which an instruction and everything that coexists with it is decoded. */
function among({ row }: Instruction): Decoder {
  const key = `${row.level} ${row.until ?? ''}`;
  const known = decoders.get(key) ?? createDecoder((other) => coexist(other, row));
  decoders.set(key, known);
  return known;
}
const decoders = new Map<string, Decoder>();

const decode = (decoder: Decoder, image: bigint, size: 32 | 64): number =>
  size === 64 ? decoder.decode(hiOf(image), loOf(image)) : decoder.decode(loOf(image), 0x12345678);

/** The definition: every row tried, the most specific wins. */
function decodeSlowly(
  image: bigint,
  size: 32 | 64,
  rows: (row: InsnRow) => boolean,
): Instruction | undefined {
  return INSTRUCTIONS.filter((i) => i.size === size && rows(i.row) && (image & i.mask) === i.match).sort(
    (a, b) => specificity(b) - specificity(a),
  )[0];
}

describe('the decoder', () => {
  test('gives every instruction for its own image, whatever the operand and reserved bits hold', () => {
    INSTRUCTIONS.forEach((instruction, index) => {
      const decoder = among(instruction);
      // Images that a more specific row claims are that row's.
      const rivals = INSTRUCTIONS.filter(
        (other) =>
          coexist(other.row, instruction.row) &&
          overlap(other, instruction) &&
          specificity(other) > specificity(instruction),
      );
      const free = ~instruction.mask & BigInt.asUintN(instruction.size, ALL);
      fc.assert(
        fc.property(fc.bigInt(0n, ALL), (random) => {
          const image = instruction.match | (random & free);
          fc.pre(!rivals.some((rival) => (image & rival.mask) === rival.match));
          return decode(decoder, image, instruction.size) === index;
        }),
        { numRuns: 20 },
      );
    });
  });

  test('no two rows of one level claim the same image with the same specificity', () => {
    const clashes = INSTRUCTIONS.flatMap((a, i) =>
      INSTRUCTIONS.slice(i + 1)
        .filter((b) => overlap(a, b) && coexist(a.row, b.row) && specificity(a) === specificity(b))
        .map((b) => `${a.mnemonic} / ${b.mnemonic}`),
    );
    expect(clashes).toEqual([]);
  });

  test('agrees with trying every row on random images', () => {
    const decoder = createDecoder(everything);
    const word = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
    fc.assert(
      fc.property(word, word, fc.constantFrom(...INSTRUCTIONS), (hi, lo, near) => {
        // Half of the bits of a known instruction, so that near misses are common.
        const image = near.match ^ (BigInt.asUintN(64, (BigInt(hi) << 32n) | BigInt(lo)) & ~near.mask);
        const prefixed = (near.size === 64 ? hiOf(image) : loOf(image)) >>> 26 === 1;
        const size = prefixed ? 64 : 32;
        const expected = decodeSlowly(BigInt.asUintN(near.size, image), size, everything);
        const found = INSTRUCTIONS[decode(decoder, image, size)];
        return found === undefined ? expected === undefined : specificity(found) === specificity(expected!);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives -1 for what no row claims', () => {
    const decoder = createDecoder(everything);
    expect(decoder.decode(0, 0)).toBe(-1);
    expect(decoder.decode(0x0400_0000 | 0x03c0_0000, -1)).toBe(-1);
    const nothing = createDecoder(() => false);
    expect(nothing.decode(0x4800_0000, 0)).toBe(-1);
    expect(nothing.decode(0x0600_0000, 0x3860_0001)).toBe(-1);
  });

  test('knows only the rows that the filter lets through', () => {
    const decoder = createDecoder((row) => row.mnemonic !== 'b');
    expect(decoder.decode(0x4800_0000, 0)).toBe(-1);
    expect(INSTRUCTIONS[decoder.decode(0x4e80_0020, 0)]?.mnemonic).toBe('bclr');
  });

  test('a row without Rc ignores bit 31, a row with LK does not', () => {
    const decoder = createDecoder(everything);
    expect(INSTRUCTIONS[decoder.decode(0x4e80_0021, 0)]?.mnemonic).toBe('bclrl');
    // Reserved bits 16:18 of bclr.
    expect(INSTRUCTIONS[decoder.decode(0x4e80_e020, 0)]?.mnemonic).toBe('bclr');
  });
});

describe('which rows a CPU has', () => {
  const row = (properties: Partial<InsnRow>) => ({ ...INSTRUCTIONS[0]!.row, ...properties });
  const cpu = { level: 'v3.0B', features: new Set<Feature>(['copyPaste']) } as const;

  test.each<[string, Partial<InsnRow>, boolean]>([
    ['of its own level', { level: 'v3.0B' }, true],
    ['of a later level', { level: 'v3.1' }, false],
    ['removed earlier', { level: 'P1', until: 'v2.07' }, false],
    ['removed after it', { level: 'P1', until: 'v3.0B' }, true],
    ['of a feature it has', { level: 'P1', feature: 'copyPaste' }, true],
    ['of a feature it lacks', { level: 'P1', feature: 'hpt' }, false],
    ['of the base', { level: 'P1', feature: 'base' }, true],
  ])('%s', (_, properties, expected) => {
    expect(hasRow(cpu, row(properties))).toBe(expected);
  });
});
