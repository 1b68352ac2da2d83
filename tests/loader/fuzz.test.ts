/** Whatever the bytes are, a loader gives an image that fits its file, or a UserError. */
import fc from 'fast-check';
import { UserError } from '../../src/core/errors';
import { placeImage, readImage } from '../../src/loader';
import { EHDR, PHDR, SHDR, SYM, type Member } from '../../src/loader/elf/format';
import { buildElf, type BuiltElf } from '../support/elf-builder';

const make = (endian: 'big' | 'little'): BuiltElf =>
  buildElf({
    endian,
    flags: 1,
    entry: 0x1000n,
    segments: [
      { vaddr: 0x1000n, data: new Uint8Array(64).fill(1) },
      { vaddr: 0x3000n, data: new Uint8Array(64).fill(2), memsz: 0x200n },
    ],
    symbols: [
      { name: 'one', value: 0x1000n },
      { name: 'two', value: 0x3000n, size: 8n },
    ],
    opd: { address: 0x3000n, data: new Uint8Array(48).fill(0x10) },
  });

const MEMORY = 0x8000;

/** Reads, places and looks symbols up; only a UserError may come out. */
function exercise(bytes: Uint8Array): void {
  try {
    const image = readImage('fuzz', bytes);
    const total = image.segments.reduce((sum, { data }) => sum + data.length, 0);
    expect(total).toBeLessThanOrEqual(bytes.length * image.segments.length);
    for (const address of [0n, 0x1000n, 0x3004n, (1n << 64n) - 1n]) image.symbols.format(address);
    image.symbols.addressOf('two');
    placeImage(image, new Uint8Array(MEMORY));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    expect(error.message).toMatch(/^fuzz: /);
  }
}

const endian = fc.constantFrom('big' as const, 'little' as const);
const interesting = fc.oneof(
  fc.constantFrom(0n, 1n, 2n, 3n, 55n, 56n, 0x1000n, 0x2fffn, 0xffn, 0xfff1n, 0xffffn, 0xffff_ffffn),
  fc.constantFrom(1n << 31n, 1n << 32n, 1n << 53n, 1n << 60n, 1n << 63n, (1n << 64n) - 1n, (1n << 64n) - 8n),
  fc.bigInt({ min: 0n, max: 1024n }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);

it('survives random bytes written over a valid file, and truncation', () => {
  const mutation = fc.tuple(fc.nat(2000), fc.integer({ min: 0, max: 255 }));
  fc.assert(
    fc.property(
      endian,
      fc.array(mutation, { maxLength: 12 }),
      fc.option(fc.nat(2000)),
      (order, list, cut) => {
        const { bytes } = make(order);
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        exercise(cut === null ? bytes : bytes.subarray(0, cut % bytes.length));
      },
    ),
    { numRuns: 3000 },
  );
});

it('survives hostile values in every member of every structure', () => {
  const members: [(e: BuiltElf) => number[], Record<string, Member>][] = [
    [() => [0], EHDR],
    [(e) => e.phdr, PHDR],
    [(e) => e.shdr, SHDR],
    [(e) => e.sym, SYM],
  ];
  const targets = members.flatMap(([places, shape]) =>
    Object.values(shape).flatMap((member) => places(make('big')).map((at) => ({ at, member }))),
  );
  const mutation = fc.tuple(fc.constantFrom(...targets), interesting);
  fc.assert(
    fc.property(endian, fc.array(mutation, { minLength: 1, maxLength: 4 }), (order, list) => {
      const { bytes, writer } = make(order);
      for (const [{ at, member }, value] of list) writer.set(at, member, value);
      exercise(bytes);
    }),
    { numRuns: 5000 },
  );
});

it('survives bytes that are nothing at all', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), exercise), { numRuns: 500 });
});
