/** Random images of instructions: every operand field random among what GNU takes, reserved bits zero, valid forms. */
import fc from 'fast-check';
import { GNU_VALUES } from '../../isa/extended';
import { parseOperands } from '../../isa/extended/model';
import { fieldBits, fieldWidth, insertField } from '../../isa/vocabulary/forms';
import type { Instruction } from '../../isa/vocabulary/row';
import { isInvalidForm } from '../../src/asm/row-facts';

/** Values of a field: all, the edges more often. */
function fieldValues({ row }: Instruction, name: string): fc.Arbitrary<bigint> {
  const taken = GNU_VALUES[row.mnemonic]?.[name];
  if (taken) return fc.constantFrom(...taken.map(BigInt));
  const width = fieldWidth(fieldBits(row.form, name));
  const most = (1n << BigInt(width)) - 1n;
  return fc.oneof(fc.bigInt(0n, most), fc.constantFrom(0n, 1n, most, most >> 1n, (most >> 1n) + 1n));
}

/** Valid images of an instruction; undefined where the row has no valid form. */
export function imagesOf(instruction: Instruction): fc.Arbitrary<bigint> {
  const { row, size, match } = instruction;
  const names = parseOperands(row.operands).map(({ name }) => name);
  return fc
    .tuple(...names.map((name) => fieldValues(instruction, name)))
    .map((values) =>
      values.reduce(
        (image: bigint, value, i) => image | insertField(value, size, fieldBits(row.form, names[i]!)),
        match,
      ),
    )
    .filter((image) => !isInvalidForm(instruction, image));
}
