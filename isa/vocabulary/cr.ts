/** Condition Register bits and the whole register, over the 4-bit fields that the vocabulary has (Book I, 2.3.1). */
import {
  and,
  crField,
  extendU,
  field,
  i32,
  i64,
  not,
  or,
  shl,
  shrU,
  sub,
  wrap,
  type I32,
  type I64,
} from './expr';
import { setCrField, when, type Stmt } from './stmt';

/** Distance of CR bit `number` from the right of its field. */
const shiftOf = (number: I32): I32 => sub(i32(3), and(number, i32(3)));

/** CR bit by the field that numbers it (0..31), as 0 or 1. */
export const crBit = (name: string): I32 =>
  and(shrU(crField(shrU(field(name), i32(2))), shiftOf(field(name))), i32(1));

/** Sets the CR bit that a field numbers to 0 or 1. */
export const setCrBit = (name: string, value: I32): Stmt => {
  const target = shrU(field(name), i32(2));
  const shift = shiftOf(field(name));
  return setCrField(target, or(and(crField(target), not(shl(i32(1), shift))), shl(value, shift)));
};

const FIELDS = [0, 1, 2, 3, 4, 5, 6, 7] as const;

/** The CR as a word, zero-extended: CR0 leftmost. */
export const wholeCr = (): I64 =>
  extendU(FIELDS.map((n) => shl(crField(i32(n)), i32(28 - 4 * n))).reduce((word, part) => or(word, part)));

/** CR field n's bits of a word (CR0 leftmost). */
const partOf = (word: I64, n: I32): I32 => and(shrU(wrap(word), sub(i32(28), shl(n, i32(2)))), i32(15));

/** Sets the CR fields whose bits in FXM (8 bits, CR0 leftmost) are 1 from a word. */
export const setCrFields = (fxm: I32, word: I64): Stmt[] =>
  FIELDS.map((n) => when(and(fxm, i32(0x80 >> n)), setCrField(i32(n), partOf(word, i32(n)))));

/** Sets CR field n from its place in a word. */
export const setCrFieldFrom = (n: I32, word: I64): Stmt => setCrField(n, partOf(word, n));

/** CR field n at its place in a word of zeros. */
export const crFieldInPlace = (n: I32): I64 =>
  shl(extendU(crField(n)), extendU(sub(i32(28), shl(n, i32(2)))));

/** The truth value of a comparison chosen by a bit of an immediate. */
export const chosen = (bits: I32, bit: number, truth: I32): I32 => and(shrU(bits, i32(bit)), truth);

/** A doubleword that is all ones where `truth` is 1, else 0. */
export const allOnes = (truth: I32): I64 => sub(i64(0), extendU(truth));
