/** Which line leaves the instruction cache, by lines that are brought in. */
import { assemble } from '../../src/asm/assemble';
import { Machine } from '../../src/machine/machine';
import { MICROWATT_MACHINE } from '../../src/machine/microwatt';
import { MICROWATT_PROFILE } from '../../src/timing';
import { countCell } from '../../src/timing/state';
import { MODELS } from './support';

/** Lines that the cache holds: a loop of so many passes goes through all of them. */
const LINES = 128;

/** Each two lines of the loop have a set. The line in front of it is of the first set, and the line behind it too. */
function misses(create: (typeof MODELS)[number][1], each: string, passes: number): number {
  const source = `li 3,${passes}; mtctr 3; b loop; .balign 4096; loop: ${`${each}; `.repeat(16 * LINES - 1)} bdnz loop; attn`;
  const timing = create(MICROWATT_PROFILE);
  const machine = new Machine({ description: MICROWATT_MACHINE, output: () => undefined, timing });
  machine.memory.bytes.set(assemble(source.replace(/;/g, '\n'), { byteOrder: 'little' }).bytes);
  machine.execution.memoryReplaced();
  expect(machine.run(1_000_000).end.kind).toBe('attn');
  return timing.pipeline(machine.cpus[0]!).cells.get(countCell('instructionMisses'));
}

describe.each(MODELS)('%s model', (_name, create) => {
  // The first line, the loop, and the line of attn.
  test('a loop as long as the cache fits', () => {
    expect(misses(create, 'nop', 3)).toBe(1 + LINES + 1);
  });

  /**
   * Each multiplication waits for the one before, so that one waits when the cache looks for a line: it goes into the
   * other way than the line before. The first line of the loop goes beside the one of before the loop, into way 1, the
   * others into 0, 1, 0, ...: the second half takes the place of the first. In the second pass the first line, behind a
   * branch, goes into the way that is older, 0, and so the others go into those that the second half is not in.
   */
  test.each([
    [1, 1 + LINES + 1],
    [2, 1 + LINES + LINES / 2 + 1],
    [3, 1 + LINES + LINES / 2 + 1],
  ])('where instructions wait to issue, its first half leaves once: %d passes', (passes, expected) => {
    expect(misses(create, 'mulld 4,4,5', passes)).toBe(expected);
  });
});
