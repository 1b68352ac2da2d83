/**
 * Vector integer operations on one element, or on elements in the same place: negate, extend sign, average, absolute
 * difference, maximum, minimum, parity (Power ISA Book I, 6.9.1.6 to 6.9.2).
 */
import { and, i64, shrS, shrU, xor, type I64 } from '../vocabulary/expr';
import {
  avgUEach, every, inDw1, LETTER, maxEach, minEach, NARROW, negEach, shlEach, shrSEach, shrUEach, SIZES, subEach,
  type Bits, type NarrowBits, type Sign,
} from '../vocabulary/lanes'; // prettier-ignore
import type { InsnRow } from '../vocabulary/row';
import { def } from '../vocabulary/stmt';
import { dw0, dw1, setVr, vand, vector, vor, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, set, unary } from '../vocabulary/vector-row';

/** The opcode of the operations whose place of VRA says which. */
const XO_UNARY = 1538;
const SIGNS = ['U', 'S'] as const;
const name = (operation: string, sign: Sign, bits: Bits): string =>
  `v${operation}${sign.toLowerCase()}${LETTER[bits]}`;
const opcode = (first: number, bits: Bits): number => first + 64 * Math.log2(bits / 8);

const extremes = (operation: 'max' | 'min', first: Readonly<Record<Sign, number>>): InsnRow[] =>
  SIGNS.flatMap((sign) =>
    SIZES.map((bits) =>
      binary(
        name(operation, sign, bits), opcode(first[sign], bits),
        set((operation === 'max' ? maxEach : minEach)(sign, bits, A, B)), { level: bits === 64 ? 'v2.07' : 'v2.03' },
      ),
    ),
  ); // prettier-ignore

/** (a + b + 1) / 2, rounded down: what either has, less half of what only one has. */
const average = (sign: Sign, bits: NarrowBits): Vector => {
  if (sign === 'U' && bits !== 32) return avgUEach(bits, A, B);
  return subEach(bits, vor(A, B), (sign === 'S' ? shrSEach : shrUEach)(bits, vxor(A, B), 1));
};
const averages = SIGNS.flatMap((sign) =>
  NARROW.map((bits) =>
    binary(name('avg', sign, bits), opcode({ U: 1026, S: 1282 }[sign], bits), set(average(sign, bits))),
  ),
);
const absoluteDifferences = NARROW.map((bits) => {
  const difference = subEach(bits, maxEach('U', bits, A, B), minEach('U', bits, A, B));
  return binary(name('absd', 'U', bits), opcode(1027, bits), set(difference), { level: 'v3.0' });
});

const V3 = { level: 'v3.0' } as const;
const ofOne = (mnemonic: string, EO: number, value: Vector): InsnRow =>
  unary(mnemonic, [XO_UNARY, EO], set(value), V3);

/** The low part of every element, extended to all of it. */
const extended = (from: NarrowBits, to: Bits): Vector => shrSEach(to, shlEach(to, B, to - from), to - from);

/** The parity of the last bits of the bytes, in the last bit: every half is added to the other. */
const parity = (bits: 32 | 64): Vector => {
  const halves = (value: Vector, by: number): Vector => vxor(value, shrUEach(bits, value, by));
  const bytes = halves(halves(bits === 64 ? halves(B, 32) : B, 16), 8);
  return vand(bytes, every(bits, 1));
};
const parityOfDoubleword = (value: I64): I64 => {
  const halves = (x: I64, by: number): I64 => xor(x, shrU(x, i64(by)));
  return and(halves(halves(halves(value, 32), 16), 8), i64(1));
};

/** Doubleword 1, extended to a quadword. */
const extendedQuadword = def(dw1(B), (low) => setVr('VRT', vector(shrS(low, i64(63)), low)));

export const VECTOR_INTEGER_ROWS: readonly InsnRow[] = [
  ...extremes('max', { U: 2, S: 258 }),
  ...extremes('min', { U: 514, S: 770 }),
  ...averages,
  ...absoluteDifferences,
  ofOne('vnegw', 6, negEach(32, B)),
  ofOne('vnegd', 7, negEach(64, B)),
  ofOne('vprtybw', 8, parity(32)),
  ofOne('vprtybd', 9, parity(64)),
  ofOne('vprtybq', 10, inDw1(parityOfDoubleword(xor(dw0(B), dw1(B))))),
  ofOne('vextsb2w', 16, extended(8, 32)),
  ofOne('vextsh2w', 17, extended(16, 32)),
  ofOne('vextsb2d', 24, extended(8, 64)),
  ofOne('vextsh2d', 25, extended(16, 64)),
  ofOne('vextsw2d', 26, extended(32, 64)),
  unary('vextsd2q', [XO_UNARY, 27], extendedQuadword, { level: 'v3.1' }),
];
