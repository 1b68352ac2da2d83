/**
 * Vector masks (Power ISA Book I, 6.15 of v3.1): the first bits of elements as bits of a GPR and back, bytes cleared from
 * one side, strings up to their end.
 */
import {
  and, clz, ctz, extendU, field, gpr, i32, i64, ltU, mul, neg, ne, or, popcnt, select, shl, shrU, sub, wrap, xor, v128,
  type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import {
  bitmask, eqEach, every, gtEach, LETTER, shrSEach, SIZES, splat, type Bits,
} from '../vocabulary/lanes'; // prettier-ignore
import { insn, type InsnRow } from '../vocabulary/row';
import { def, setCrField, setGpr, when, type Sem } from '../vocabulary/stmt';
import { dw0, splat64, vand, vector, type Vector } from '../vocabulary/vector';
import { A, B, set, unary, vectorProperties, vx } from '../vocabulary/vector-row';

const V31 = { level: 'v3.1' } as const;
const XO_MASKS = 1602;
const log = (bits: Bits): number => Math.log2(bits / 8);
const count = (bits: Bits): number => 128 / bits;

/** The bits 2^(n-1) to 1 for n elements. Bytes have too few bits: the second eight of them begin again. */
const bitOfElement = (bits: Bits): Vector => {
  const bit = (i: number): bigint => 1n << BigInt((count(bits) - 1 - i) % Math.min(bits, 64));
  return v128(
    Array.from({ length: count(bits) }, (_, i) => bit(i)).reduce((all, x) => (all << BigInt(bits)) | x, 0n),
  );
};
/** All ones in the elements that the last bits of a number, one for each, name. */
const expanded = (bits: Bits, mask: I64): Sem => {
  const own = bitOfElement(bits);
  return set(eqEach(bits, vand(everywhere(bits, mask), own), own));
};
/** The last bits of a number in every element; of bytes those before the last eight in the first half. */
function everywhere(bits: Bits, mask: I64): Vector {
  if (bits === 64) return splat64(mask);
  if (bits !== 8) return splat(bits, wrap(mask));
  const repeated = (byte: I64): I64 => mul(and(byte, i64(0xff)), i64(0x0101_0101_0101_0101n));
  return vector(repeated(shrU(mask, i64(8))), repeated(mask));
}

const fromGpr = SIZES.map((bits) =>
  vx(`mtvsr${LETTER[bits]}m`, { XO: XO_MASKS, EO: 16 + log(bits) }, 'VRT,RB', [
    V31,
    expanded(bits, gpr('RB')),
  ]),
);
const toGpr = SIZES.map((bits) =>
  vx(`vextract${LETTER[bits]}m`, { XO: XO_MASKS, EO: 8 + log(bits) }, 'RT,VRB', [
    V31,
    setGpr('RT', extendU(bitmask(bits, B))),
  ]),
);
const expand = SIZES.map((bits) =>
  unary(`vexpand${LETTER[bits]}m`, [XO_MASKS, log(bits)], set(shrSEach(bits, B, bits - 1)), V31),
);
/** The number of elements whose first bit is MP, at the left, before as many zero bits as an element has bytes' bits. */
const counting = SIZES.map((bits) => {
  const chosen = xor(bitmask(bits, B), select(field('MP'), i32(0), i32((1 << count(bits)) - 1)));
  const sem = setGpr('RT', shl(extendU(popcnt(chosen)), i64(56 + log(bits))));
  return vx(`vcntmb${LETTER[bits]}`, { XO: XO_MASKS, EO4: 12 + log(bits) }, 'RT,VRB,MP', [V31, sem]);
});
const firstBit = shrU(dw0(B), i64(63));
const quadword = [
  unary('vexpandqm', [XO_MASKS, 4], set(splat64(neg(firstBit))), V31),
  vx('vextractqm', { XO: XO_MASKS, EO: 12 }, 'RT,VRB', [V31, setGpr('RT', firstBit)]),
  vx('mtvsrqm', { XO: XO_MASKS, EO: 20 }, 'VRT,RB', [V31, set(splat64(neg(and(gpr('RB'), i64(1)))))]),
];

const BYTES = 16;
const NUMBERS = {
  left: v128(0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0fn),
  right: v128(0x0f0e_0d0c_0b0a_0908_0706_0504_0302_0100n),
};
/** `number` bytes, at most 16, from one side; 0 elsewhere. */
const kept = (value: Vector, side: 'left' | 'right', number: I32): Vector =>
  vand(value, gtEach('U', 8, splat(8, number), NUMBERS[side]));
const atMost = (value: I64): I32 => select(ltU(value, i64(BYTES)), wrap(value), i32(BYTES));
const clear = (name: string, XO: number, side: 'left' | 'right'): InsnRow =>
  vx(name, { XO }, 'VRT,VRA,RB', [V31, set(kept(A, side, atMost(gpr('RB'))))]);

/** The bytes before the first zero element from a side. CR6 says whether there is one. */
const isolated = (side: 'left' | 'right', bits: 8 | 16): Sem =>
  def(bitmask(8, eqEach(bits, B, every(bits, 0))), (zeros) => {
    const before = side === 'left' ? sub(clz(zeros), i32(BYTES)) : ctz(or(zeros, i32(1 << BYTES)));
    return [
      set(kept(B, side, before)),
      when(field('Rc'), setCrField(i32(6), shl(ne(zeros, i32(0)), i32(1)))),
    ];
  });
const string = (bits: 8 | 16, side: 'left' | 'right'): InsnRow =>
  insn(
    `vstri${LETTER[bits]}${side[0]!}`, 'VC', { PO: 4, XO: 13, EO: 2 * log(bits) + (side === 'left' ? 0 : 1) }, 'VRT,VRB',
    { ...vectorProperties(V31), suffixes: ['Rc'] }, isolated(side, bits),
  ); // prettier-ignore

export const VECTOR_MASK_ROWS: readonly InsnRow[] = [
  ...fromGpr,
  ...toGpr,
  ...expand,
  ...counting,
  ...quadword,
  insn('mtvsrbmi', 'DX', { PO: 4, XO: 10 }, 'VRT,D', vectorProperties(V31), expanded(8, extendU(field('D')))),
  clear('vclrlb', 397, 'right'),
  clear('vclrrb', 461, 'left'),
  ...([8, 16] as const).flatMap((bits) => (['left', 'right'] as const).map((side) => string(bits, side))),
];
