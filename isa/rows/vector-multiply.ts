/** Vector integer multiplication: products of twice the size, low and high halves (Power ISA Book I, 6.9.1.3). */
import { mul } from '../vocabulary/expr';
import { mulHighS, mulHighU } from '../vocabulary/arith';
import {
  evenWide, fromWide, LETTER, mulEach, NARROW, oddWide, shrUEach, twice, type NarrowBits, type Sign,
} from '../vocabulary/lanes'; // prettier-ignore
import type { InsnRow, IsaLevel } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vector, type Vector } from '../vocabulary/vector';
import { A, B, binary, set } from '../vocabulary/vector-row';

const SIGNS = ['U', 'S'] as const;
const timing = 'vectorMultiply';
const product = (wide: typeof evenWide, sign: Sign, bits: NarrowBits): Vector =>
  mulEach(twice(bits), wide(sign, bits, A), wide(sign, bits, B));

const levelOf = (bits: NarrowBits): IsaLevel => (bits === 32 ? 'v2.07' : 'v2.03');
const opcode = (first: number, bits: NarrowBits): number => first + 64 * Math.log2(bits / 8);
const widening = SIGNS.flatMap((sign) =>
  NARROW.flatMap((bits) => {
    const suffix = `${sign.toLowerCase()}${LETTER[bits]}`;
    const [odd, even] = { U: [8, 520], S: [264, 776] }[sign] as [number, number];
    const properties = { level: levelOf(bits), timing } as const;
    return [
      binary(`vmulo${suffix}`, opcode(odd, bits), set(product(oddWide, sign, bits)), properties),
      binary(`vmule${suffix}`, opcode(even, bits), set(product(evenWide, sign, bits)), properties),
    ];
  }),
);

const V31 = { level: 'v3.1', timing } as const;
const high = (sign: Sign) => (sign === 'S' ? mulHighS : mulHighU);
/** The product of a doubleword of each register, which fills the result. */
const wideDoublewords = (half: typeof dw0, sign: Sign): Sem =>
  def(half(A), (a) => def(half(B), (b) => high(sign)(a, b, (upper) => set(vector(upper, mul(a, b))))));
const highDoublewords = (sign: Sign): Sem =>
  high(sign)(dw0(A), dw0(B), (first) => high(sign)(dw1(A), dw1(B), (second) => set(vector(first, second))));
const highWords = (sign: Sign): Sem =>
  set(
    fromWide(32, shrUEach(64, product(evenWide, sign, 32), 32), shrUEach(64, product(oddWide, sign, 32), 32)),
  );

const doublewords = SIGNS.flatMap((sign) => {
  const s = sign.toLowerCase();
  const from = { U: 0, S: 256 }[sign];
  return [
    binary(`vmulo${s}d`, 200 + from, wideDoublewords(dw1, sign), V31),
    binary(`vmule${s}d`, 712 + from, wideDoublewords(dw0, sign), V31),
    binary(`vmulh${s}w`, 649 + from, highWords(sign), V31),
    binary(`vmulh${s}d`, 713 + from, highDoublewords(sign), V31),
  ];
});

export const VECTOR_MULTIPLY_ROWS: readonly InsnRow[] = [
  ...widening,
  binary('vmuluwm', 137, set(mulEach(32, A, B)), { level: 'v2.07', timing }),
  binary('vmulld', 457, set(mulEach(64, A, B)), V31),
  ...doublewords,
];
