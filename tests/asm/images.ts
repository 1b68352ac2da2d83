/** Random valid instructions: images by fields, and operand values of written forms. Reserved bits are zero. */
import fc from 'fast-check';
import { GNU_VALUES } from '../../isa/extended';
import { parseOperands } from '../../isa/extended/model';
import { fieldBits } from '../../isa/vocabulary/forms';
import { fieldWidth, insertField } from '../../isa/vocabulary/field-bits';
import type { Instruction } from '../../isa/vocabulary/row';
import { isInvalidForm } from '../../src/asm/row-facts';
import { encode, type Values } from '../../src/asm/solve';
import type { Operand, Syntax } from '../../src/asm/syntax';

/** Values of a field: all, the edges more often. */
function fieldValues({ row }: Instruction, name: string): fc.Arbitrary<bigint> {
  const taken = GNU_VALUES[row.mnemonic]?.[name];
  if (taken) return fc.constantFrom(...taken.map(BigInt));
  const width = fieldWidth(fieldBits(row.form, name));
  const most = (1n << BigInt(width)) - 1n;
  return fc.oneof(fc.bigInt(0n, most), fc.constantFrom(0n, 1n, most, most >> 1n, (most >> 1n) + 1n));
}

const operandNames = ({ row }: Instruction): string[] => parseOperands(row.operands).map(({ name }) => name);

/** The image with these values of its operands, in their order. */
const imageOf = (
  { row, size, match }: Instruction,
  names: readonly string[],
  values: readonly bigint[],
): bigint =>
  values.reduce((image, value, i) => image | insertField(value, size, fieldBits(row.form, names[i]!)), match);

/** Valid images of an instruction; undefined where the row has no valid form. */
export function imagesOf(instruction: Instruction): fc.Arbitrary<bigint> {
  const names = operandNames(instruction);
  return fc
    .tuple(...names.map((name) => fieldValues(instruction, name)))
    .map((values) => imageOf(instruction, names, values))
    .filter((image) => !isInvalidForm(instruction, image));
}

const REGISTERS = Array.from({ length: 32 }, (_, r) => BigInt(r));
const REGISTER_WIDTH = 5;

/**
 * Valid images with one number in all five-bit fields and 0 in all others: hints and other special meanings of
 * instructions that would do nothing look so.
 */
export function uniformImages(instruction: Instruction): bigint[] {
  const { row } = instruction;
  const names = operandNames(instruction);
  const isRegister = names.map((name) => fieldWidth(fieldBits(row.form, name)) === REGISTER_WIDTH);
  const limits = Object.values(GNU_VALUES[row.mnemonic] ?? {});
  return REGISTERS.filter((r) => limits.every((values) => values.includes(Number(r))))
    .map((r) =>
      imageOf(
        instruction,
        names,
        isRegister.map((own) => (own ? r : 0n)),
      ),
    )
    .filter((image) => !isInvalidForm(instruction, image));
}

/** An operand of a form: a field has its whole range, a variable is a small number (a count, a bit, a distance). */
function operandValues(syntax: Syntax, { name, range: [least, most], kind }: Operand): fc.Arbitrary<number> {
  const isField = syntax.equations.some((equation) => equation.field === name);
  const first = isField ? least : Math.max(least, 0);
  const last = isField ? most : Math.min(most, 64);
  const steps = Math.floor((last - first) / kind.scale);
  return fc
    .oneof(fc.integer({ min: 0, max: steps }), fc.constantFrom(0, steps))
    .map((step) => first + step * kind.scale);
}

const TRIES = 1000;

/** Up to `count` different operand values that a form takes. */
export function formValues(syntax: Syntax, seed: number, count: number): Values[] {
  const names = syntax.operands.map(({ name }) => name);
  const values = fc.tuple(...syntax.operands.map((operand) => operandValues(syntax, operand)));
  const taken = new Map<string, Values>();
  for (const found of fc.sample(values, { numRuns: names.length === 0 ? 1 : TRIES, seed })) {
    if (taken.size >= count) break;
    const candidate = Object.fromEntries(names.map((name, i) => [name, found[i]!]));
    if ('image' in encode(syntax, candidate)) taken.set(found.join(), candidate);
  }
  return [...taken.values()];
}
