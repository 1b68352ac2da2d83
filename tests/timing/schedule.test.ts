/** What a handler's template says of any instruction that it executes, against what the instruction's image says. */
import { INSTRUCTIONS } from '../../isa';
import { handlersOf, type Handler } from '../../src/engine/specialise';
import { MICROWATT_PROFILE } from '../../src/timing';
import { RESOURCE } from '../../src/timing/resources';
import { bind, isRegular, templateOf, type Schedule } from '../../src/timing/schedule';
import { fieldWidth, insertField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import { imageOf } from '../support/find-instruction';
import { Random, SEED } from '../support/random';

const { handlers } = handlersOf(INSTRUCTIONS);
const regular = handlers.filter(({ instruction, fixed }) => isRegular(instruction, fixed));

/** An image that a handler executes; what is not fixed in it is random. */
function randomImage(random: Random, { instruction, fixed }: Handler): bigint {
  const { size, row, mask } = instruction;
  const place = (name: string): bigint => {
    const pieces = fieldBits(row.form, name);
    return insertField((1n << BigInt(fieldWidth(pieces))) - 1n, size, pieces);
  };
  const taken = Object.keys(fixed).reduce((all, name) => all | place(name), mask);
  const free = size === 64 ? random.doubleword() : BigInt(random.word());
  return imageOf(instruction, fixed) | (free & ~taken);
}

/** General and vector registers that an instruction reads, and that it writes. */
const registers = (resources: readonly number[]): number[] =>
  [...new Set(resources)].filter((r) => r < RESOURCE.CR).sort((a, b) => a - b);
const reads = (schedule: Schedule): number[] => registers(schedule.reads);
const writes = (schedule: Schedule): number[] => registers(schedule.writes.map(({ resource }) => resource));

test('registers that fields number are those of the image', () => {
  const random = new Random(SEED);
  expect(regular.length).toBeGreaterThan(1000);
  for (const handler of regular)
    for (let round = 0; round < 4; round++) {
      const { instruction, fixed } = handler;
      const image = randomImage(random, handler);
      const template = bind(templateOf(MICROWATT_PROFILE, instruction, fixed), instruction, image);
      const exact = bind(templateOf(MICROWATT_PROFILE, instruction, fixed, image), instruction, image);
      const name = instruction.mnemonic;
      // An image can say that a register does not matter: mtcrf of no field.
      expect([name, reads(template)]).toEqual([name, expect.arrayContaining(reads(exact))]);
      expect([name, writes(template)]).toEqual([name, writes(exact)]);
    }
});
