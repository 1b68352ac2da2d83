/** Vector pack and unpack: elements of half the size, saturated or not, of twice the size, pixels (Power ISA Book I, 6.8.1). */
import { op } from '../vocabulary/expr';
import {
  clampEach, every, LETTER, NARROW, setSaturated, shlEach, shrUEach, shuffleEach, twice, type NarrowBits, type Sign,
} from '../vocabulary/lanes'; // prettier-ignore
import type { InsnRow, IsaLevel } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { vand, vor, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, set, unary } from '../vocabulary/vector-row';

const timing = 'vectorPermute';
const levelOf = (bits: NarrowBits): IsaLevel => (bits === 32 ? 'v2.07' : 'v2.03');

/** The low halves of the elements of both vectors. */
const lowHalves = (bits: NarrowBits, a: Vector, b: Vector): Vector =>
  shuffleEach(
    bits,
    a,
    b,
    Array.from({ length: 128 / bits }, (_, i) => 2 * i + 1),
  );

type SourceAndResult = readonly [from: Sign, to: Sign];
const saturated = (bits: NarrowBits, [from, to]: SourceAndResult): Sem => {
  const cut = (v: Vector): Vector => clampEach(v, { sign: from, bits: twice(bits) }, { sign: to, bits });
  return def(cut(A), (a) =>
    def(cut(B), (b) => setSaturated(lowHalves(bits, a, b), vor(vxor(a, A), vxor(b, B)))),
  );
};

/** Opcodes by the size of the result: vpkuhum, vpkuwum, vpkudum and so on. */
const MODULO = { 8: 14, 16: 78, 32: 1102 } as const;
const SATURATED: readonly (readonly [SourceAndResult, Readonly<Record<NarrowBits, number>>])[] = [
  [['U', 'U'], { 8: 142, 16: 206, 32: 1230 }],
  [['S', 'U'], { 8: 270, 16: 334, 32: 1358 }],
  [['S', 'S'], { 8: 398, 16: 462, 32: 1486 }],
];
const packs = NARROW.flatMap((bits) => {
  const letter = LETTER[twice(bits)];
  const properties = { level: levelOf(bits), timing } as const;
  return [
    binary(`vpku${letter}um`, MODULO[bits], set(lowHalves(bits, A, B)), properties),
    ...SATURATED.map(([signs, XO]) => {
      const [from, to] = signs;
      const name = `vpk${from}${letter}${to}s`.toLowerCase();
      return binary(name, XO[bits], saturated(bits, signs), properties);
    }),
  ];
});

const UNPACK = { highS: { 8: 526, 16: 590, 32: 1614 }, lowS: { 8: 654, 16: 718, 32: 1742 } } as const;
const unpacks = (['highS', 'lowS'] as const).flatMap((half) =>
  NARROW.map((bits) =>
    unary(`vupk${half[0]!}s${LETTER[bits]}`, UNPACK[half][bits], set(op(`v128.${half}${bits}`, B)), {
      level: levelOf(bits),
      timing,
    }),
  ),
);

/**
 * A pixel of 16 bits is 1, 5, 5 and 5; one of 32 bits is four bytes, of which three have their numbers at the end when
 * it is made and at the beginning when it is taken apart: the high five bits of eight.
 */
const narrowPixel = (word: Vector): Vector => {
  const part = (right: number, mask: number): Vector => vand(shrUEach(32, word, right), every(32, mask));
  return vor(vor(part(9, 0xfc00), part(6, 0x3e0)), part(3, 0x1f));
};
/** From a sign-extended halfword: the first byte is all copies of its sign. */
const widePixel = (halfword: Vector): Vector => {
  const part = (left: number, mask: number): Vector => vand(shlEach(32, halfword, left), every(32, mask));
  return vor(vor(part(0, 0xff00_001f), part(6, 0x1f_0000)), part(3, 0x1f00));
};

export const VECTOR_PACK_ROWS: readonly InsnRow[] = [
  ...packs,
  binary('vpkpx', 782, set(lowHalves(16, narrowPixel(A), narrowPixel(B))), { timing }),
  ...unpacks,
  unary('vupkhpx', 846, set(widePixel(op('v128.highS16', B))), { timing }),
  unary('vupklpx', 974, set(widePixel(op('v128.lowS16', B))), { timing }),
];
