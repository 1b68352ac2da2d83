/** Vector-scalar permutes by numbers in a register, of words and bytes, and constants (Power ISA Book I, 7.6.3). */
import { and, eqz, extendU, field, i32, i64, mul, not, op, select, shrU, vsr, type I32, type I64 } from '../vocabulary/expr'; // prettier-ignore
import { gtEach, shuffle, subEach, addEach, every } from '../vocabulary/lanes';
import { insn, type InsnRow, type IsaLevel, type RowProperties } from '../vocabulary/row';
import { setVsr, type Sem } from '../vocabulary/stmt';
import { dw0, permute, splat64, vand, vector, vnot, vsel, type Vector } from '../vocabulary/vector';

const PO = 60;
const [A, B, T] = [vsr('XA'), vsr('XB'), vsr('XT')];
const vsx = (level: IsaLevel): RowProperties => ({ level, feature: 'vsx', facility: 'VSX', timing: 'vectorPermute' }); // prettier-ignore
const set = (value: Vector): Sem => setVsr('XT', value);

const ASCENDING = vector(i64(0x0001_0203_0405_0607n), i64(0x0809_0a0b_0c0d_0e0fn));
const UIM: Vector = splat64(mul(extendU(field('UIM4')), i64(0x0101_0101_0101_0101n)));

/** The word at byte UIM in word 1 of zeros. choice: beyond byte 12, which is undefined, bytes wrap around as in QEMU. */
const extracted: Vector = vector(shrU(dw0(permute(B, B, addEach(8, ASCENDING, UIM))), i64(32)), i64(0));

/** Byte numbers of B's word 1 for the four bytes from UIM on. choice: what is beyond the register is dropped. */
const FIRST_OF_WORD = 16 + 4;
const distance = subEach(8, ASCENDING, UIM);
const isInserted = vand(gtEach('S', 8, distance, every(8, -1)), gtEach('S', 8, every(8, 4), distance));
const inserted: Vector = permute(
  T,
  B,
  vsel(ASCENDING, addEach(8, distance, every(8, FIRST_OF_WORD)), isInserted),
);

/** Bytes of every element of a size in reverse. */
const reversed = (bytes: number): Vector => shuffle(B, B, Array.from({ length: 16 }, (_, i) => i ^ (bytes - 1))); // prettier-ignore
const SIZES = [['h', 7, 2], ['w', 15, 4], ['d', 23, 8], ['q', 31, 16]] as const; // prettier-ignore

/** Upper doublewords of the quad-precision constants 1.0 to 7.0, infinity and the default NaN, from number 1 on. */
const QUAD_CONSTANTS = [
  0x3fffn << 48n, 0x4000n << 48n, 0x4000_8n << 44n, 0x4001n << 48n, 0x4001_4n << 44n, 0x4001_8n << 44n,
  0x4001_cn << 44n, 0x7fffn << 48n, 0x7fff_8n << 44n,
]; // prettier-ignore
const NAN_NUMBER = 9;
const NEGATIVE = 16;
const constantOf = (number: I32): I64 =>
  QUAD_CONSTANTS.reduce<I64>(
    (rest, value, i) => select(eqz(op<'i32'>('i32.xor', number, i32(i + 1))), i64(value), rest),
    i64(0),
  );
/** Numbers 1 to 9, 16 (minus zero), and 17 to 24 (the negatives of 1 to 8). */
const NUMBERS = [...Array(NAN_NUMBER + 1).keys()]
  .slice(1)
  .concat([...Array(9).keys()].map((n) => n + NEGATIVE));
const isReserved: I32 = eqz(
  and(shrU(i32(NUMBERS.reduce((bits, n) => bits | (1 << n), 0)), field('UIM5')), i32(1)),
);
const quadConstant: Vector = vector(
  op<'i64'>(
    'i64.or',
    constantOf(and(field('UIM5'), not(i32(NEGATIVE)))),
    select(and(field('UIM5'), i32(NEGATIVE)), i64(1n << 63n), i64(0)),
  ),
  i64(0),
);

export const VSX_PERMUTE_ROWS: readonly InsnRow[] = [
  insn('xxperm', 'XX3', { PO, XO: 26 }, 'XT,XA,XB', vsx('v3.0'), set(permute(A, T, B))),
  // The numbers count from the right: 31 less each.
  insn('xxpermr', 'XX3', { PO, XO: 58 }, 'XT,XA,XB', vsx('v3.0'), set(permute(A, T, vnot(B)))),
  insn('xxextractuw', 'XX2', { PO, XO: 165 }, 'XT,XB,UIM4', vsx('v3.0'), set(extracted)),
  insn('xxinsertw', 'XX2', { PO, XO: 181 }, 'XT,XB,UIM4', vsx('v3.0'), set(inserted)),
  ...SIZES.map(([letter, EO, bytes]) =>
    insn(`xxbr${letter}`, 'XX2', { PO, EO, XO: 475 }, 'XT,XB', vsx('v3.0'), set(reversed(bytes))),
  ),
  insn(
    'lxvkq', 'XX1', { PO, EO: 31, XO: 360 }, 'XT,UIM5', { ...vsx('v3.1'), invalid: isReserved },
    set(quadConstant),
  ),
]; // prettier-ignore
