/** Finding instructions the obvious way, for tests: a linear search, the one with the most fixed bits first. */
import { INSTRUCTIONS } from '../../isa';
import { extractField, fieldWidth, insertField } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import type { Instruction } from '../../isa/vocabulary/row';

const fixedBits = (i: Instruction): number => i.mask.toString(2).replaceAll('0', '').length;
const BY_SPECIFICITY = [...INSTRUCTIONS].sort((a, b) => fixedBits(b) - fixedBits(a));

/** The instruction that an image is, or undefined. */
export const findInstruction = (image: bigint, size: 32 | 64 = 32): Instruction | undefined =>
  BY_SPECIFICITY.find((i) => i.size === size && (image & i.mask) === i.match);

/** The instruction of a mnemonic, with its dots and o; a name that no row has is a defect of the test. */
export function named(mnemonic: string): Instruction {
  const found = INSTRUCTIONS.find((i) => i.mnemonic === mnemonic);
  if (!found) throw new Error(`no row has the mnemonic ${mnemonic}`);
  return found;
}

/** The image of an instruction with fields; negative values are taken modulo the field's size, others are 0. */
export function imageOf(instruction: Instruction, fields: Readonly<Record<string, number>>): bigint {
  const { row, size } = instruction;
  return Object.entries(fields).reduce((image, [name, value]) => {
    const pieces = fieldBits(row.form, name);
    const bits = BigInt.asUintN(fieldWidth(pieces), BigInt(value));
    return image | insertField(bits, size, pieces);
  }, instruction.match);
}

/** A field of an image. */
export const fieldOf = (instruction: Instruction, image: bigint, name: string): number =>
  Number(extractField(image, instruction.size, fieldBits(instruction.row.form, name)));
