/** Facts that assembler and disassembler read off a row's semantics: where RA is (RA|0), which forms are invalid. */
import { effectsOf } from '../../isa/vocabulary/analysis';
import { constantOf } from '../../isa/vocabulary/constant';
import { extractField, fieldWidth } from '../../isa/vocabulary/field-bits';
import { fieldBits } from '../../isa/vocabulary/forms';
import type { InsnRow, Instruction } from '../../isa/vocabulary/row';

/** True where the row reads (RA|0): an assembler writes register 0 there as `0`. */
export const readsGprOrZero = (row: InsnRow): boolean =>
  effectsOf(row.sem).reads.gprs.some((ref) => ref.by === 'field' && ref.field === 'RA' && ref.orZero);

/** True where the row says that an image is an invalid form. */
export function isInvalidForm({ row, size }: Instruction, image: bigint): boolean {
  if (row.invalid === undefined) return false;
  const field = (name: string, signed: boolean): number => {
    const pieces = fieldBits(row.form, name);
    const raw = extractField(image, size, pieces);
    return Number(signed ? BigInt.asIntN(fieldWidth(pieces), raw) : raw);
  };
  return constantOf(row.invalid, { field, local: () => undefined }) !== 0;
}
