/** Vector rotates and shifts: of elements, of all 128 bits, by octets, under masks (Power ISA Book I, 6.8.5, 6.9.3). */
import { maskFromTo } from '../vocabulary/arith';
import {
  and, extendU, field, i32, i64, rotl, shl, shrS, shrU, sub, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import {
  every, LETTER, rotlEach, shlEach, shrSEach, shrUEach, shuffle, SIZES, word, words, type Bits,
} from '../vocabulary/lanes'; // prettier-ignore
import {
  maskQuad, ofQuad, orQuad, quad, rotlQuad, shlQuad, shrSQuad, shrUQuad, type Quad,
} from '../vocabulary/quadword'; // prettier-ignore
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vand, vector, vor, vsel, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, set, T, vectorProperties } from '../vocabulary/vector-row';

type Kind = 'rl' | 'sl' | 'sr' | 'sra';
const ONE_AMOUNT = { rl: rotlEach, sl: shlEach, sr: shrUEach, sra: shrSEach } as const;
const SCALAR = { rl: rotl, sl: shl, sr: shrU, sra: shrS } as const;

/** Bytes and halfwords of a by amounts of their own: by 1 where bit 0 of the amount says so, by 2, by 4... */
const narrowBy = (
  kind: Kind,
  bits: 8 | 16,
  [a, amounts]: readonly Vector[],
  body: (v: Vector) => Sem,
): Sem => {
  const step = (value: Vector, log: number): Sem => {
    if (1 << log === bits) return body(value);
    const isSet = shrSEach(bits, shlEach(bits, amounts!, bits - 1 - log), bits - 1);
    return def(vsel(value, ONE_AMOUNT[kind](bits, value, 1 << log), isSet), (next) => step(next, log + 1));
  };
  return step(a!, 0);
};
const eachBy = (kind: Kind, bits: Bits): Sem => {
  const by = SCALAR[kind];
  if (bits === 32) return set(words((n) => by(word(A, n), word(B, n))));
  if (bits === 64) return set(vector(by(dw0(A), dw0(B)), by(dw1(A), dw1(B))));
  return def(B, (amounts) => narrowBy(kind, bits, [A, amounts], set));
};

/** Extended opcodes of bytes, and of doublewords. */
const OPCODES: readonly (readonly [Kind, first: number, ofDoublewords: number])[] = [
  ['rl', 4, 196],
  ['sl', 260, 1476],
  ['sr', 516, 1732],
  ['sra', 772, 964],
];
const elements = OPCODES.flatMap(([kind, first, ofDoublewords]) =>
  SIZES.map((bits) => {
    const XO = bits === 64 ? ofDoublewords : first + 64 * Math.log2(bits / 8);
    const level: IsaLevel = bits === 64 ? 'v2.07' : 'v2.03';
    return binary(`v${kind}${LETTER[bits]}`, XO, eachBy(kind, bits), { level });
  }),
);

/** A field of the mask operand: the number of a bit, or an amount, in the element's size. */
const part = (value: I32, fromRight: number): I32 => and(shrU(value, i32(fromRight)), i32(31));
const partD = (value: I64, fromRight: number, most = 63): I64 => and(shrU(value, i64(fromRight)), i64(most));
const insertedOrMasked = (rotated: Vector, mask: Vector, how: 'mi' | 'nm'): Vector =>
  how === 'mi' ? vsel(T, rotated, mask) : vand(rotated, mask);
const rotatedWords = words((n) => rotl(word(A, n), word(B, n)));
const wordMasks = words((n) => maskFromTo(part(word(B, n), 16), part(word(B, n), 8)));
const doublewords = (value: (half: typeof dw0) => I64): Vector => vector(value(dw0), value(dw1));
const rotatedDoublewords = doublewords((half) => rotl(half(A), half(B)));
const doublewordMasks = doublewords((half) => maskFromTo(partD(half(B), 16), partD(half(B), 8)));

const LAST = 127;
/** The amount for a quadword is at the end of doubleword 0, as are the bits of a mask. */
const quadwordBy = (value: (a: Quad, amount: I64) => Quad): Sem =>
  quad(A, (a) => def(partD(dw0(B), 0, LAST), (amount) => set(ofQuad(value(a, amount)))));
const rotatedQuadword = (how: 'mi' | 'nm'): Sem =>
  def(dw0(B), (b) =>
    def(ofQuad(maskQuad(partD(b, 16, LAST), partD(b, 8, LAST))), (mask) =>
      quad(A, (a) => set(insertedOrMasked(ofQuad(rotlQuad(a, partD(b, 0, LAST))), mask, how))),
    ),
  );

const V31 = { level: 'v3.1' } as const;
const V3 = { level: 'v3.0' } as const;
const underMask = (['mi', 'nm'] as const).flatMap((how) => {
  const from = how === 'mi' ? 0 : 256;
  return [
    binary(`vrlw${how}`, 133 + from, set(insertedOrMasked(rotatedWords, wordMasks, how)), V3),
    binary(`vrld${how}`, 197 + from, set(insertedOrMasked(rotatedDoublewords, doublewordMasks, how)), V3),
    binary(`vrlq${how}`, 69 + from, rotatedQuadword(how), V31),
  ];
});

/** vsl and vsr shift by the last three bits of VRB, vslo and vsro by the octets that the four before them count. */
const [BITS_OF_BYTE, OCTETS] = [7, 0x78];
const whole = (name: string, XO: number, shift: typeof shlQuad, mask: number): InsnRow =>
  binary(
    name,
    XO,
    quad(A, (a) => def(and(dw1(B), i64(mask)), (by) => set(ofQuad(shift(a, by))))),
    {
      timing: 'vectorPermute',
    },
  );

/** Every byte with what the neighbour that it is shifted away from moves in: 8 - n bits of it, none for n = 0. */
const withNeighbours = (kind: 'sl' | 'sr'): Sem => {
  const zero = every(8, 0);
  const fromRight = Array.from({ length: 16 }, (_, i) => i + 1);
  const fromLeft = Array.from({ length: 16 }, (_, i) => i + 15);
  const neighbour = kind === 'sl' ? shuffle(A, zero, fromRight) : shuffle(zero, A, fromLeft);
  const back = kind === 'sl' ? 'sr' : 'sl';
  return def(vand(B, every(8, BITS_OF_BYTE)), (by) =>
    def(ONE_AMOUNT[back](8, neighbour, 1), (moved) =>
      narrowBy(back, 8, [moved, vxor(by, every(8, BITS_OF_BYTE))], (entering) =>
        def(entering, (from) => narrowBy(kind, 8, [A, by], (own) => set(vor(own, from)))),
      ),
    ),
  );
};

/** 128 bits of VRA followed by VRB, from bit SH on, or as many before the end. */
const doubleShift = (name: string, XO2: number, value: (a: Quad, b: Quad, by: I64) => Quad): InsnRow =>
  insn(
    name, 'VN', { PO: 4, XO2, XO: 22 }, 'VRT,VRA,VRB,SH', vectorProperties(V31),
    quad(A, (a) => quad(B, (b) => set(ofQuad(value(a, b, extendU(field('SH'))))))),
  ); // prettier-ignore
const ONE = i64(1);
/** A shift by 128 - n, for n from 0 on: 128 gives 0. */
const shlRest = (q: Quad, n: I64): Quad => shlQuad(shlQuad(q, ONE), sub(i64(LAST), n));
const shrRest = (q: Quad, n: I64): Quad => shrUQuad(shrUQuad(q, ONE), sub(i64(LAST), n));

export const VECTOR_SHIFT_ROWS: readonly InsnRow[] = [
  ...elements,
  ...underMask,
  binary('vrlq', 5, quadwordBy(rotlQuad), V31),
  binary('vslq', 261, quadwordBy(shlQuad), V31),
  binary('vsrq', 517, quadwordBy(shrUQuad), V31),
  binary('vsraq', 773, quadwordBy(shrSQuad), V31),
  whole('vsl', 452, shlQuad, BITS_OF_BYTE),
  whole('vsr', 708, shrUQuad, BITS_OF_BYTE),
  whole('vslo', 1036, shlQuad, OCTETS),
  whole('vsro', 1100, shrUQuad, OCTETS),
  binary('vslv', 1860, withNeighbours('sl'), V3),
  binary('vsrv', 1796, withNeighbours('sr'), V3),
  doubleShift('vsldbi', 0, (a, b, by) => orQuad(shlQuad(a, by), shrRest(b, by))),
  doubleShift('vsrdbi', 1, (a, b, by) => orQuad(shrUQuad(b, by), shlRest(a, by))),
];
