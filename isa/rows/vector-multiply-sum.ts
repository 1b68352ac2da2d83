/** Vector multiply-add and multiply-sum, and sums across elements (Power ISA Book I, 6.9.1.3, 6.9.1.4). */
import { mulHighU } from '../vocabulary/arith';
import { add, extendU, i32, mul, type I64 } from '../vocabulary/expr';
import {
  addEach, clampEach, evenWide, every, fromWide, greatestOf, inDw1, mulEach, oddWide, pairsEach, setSaturated,
  shrSEach, twice, type NarrowBits, type Sign,
} from '../vocabulary/lanes'; // prettier-ignore
import { addQuad, ofQuad, quad, sumQuad, type Quad } from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vand, vor, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, C, set, ternary } from '../vocabulary/vector-row';

const timing = 'vectorMultiply';
const row = (name: string, XO: number, sem: Sem): InsnRow => ternary(name, XO, sem, { timing });

type Wide = typeof evenWide;
const product = (wide: Wide, signs: readonly [Sign, Sign], bits: 8 | 16): Vector =>
  mulEach(twice(bits), wide(signs[0], bits, A), wide(signs[1], bits, B));

/** Cuts elements of twice the size to a size and sign, and says what was lost. */
const cut = (value: Vector, sign: Sign, to: { sign: Sign; bits: NarrowBits }): readonly [Vector, Vector] => {
  const clamped = clampEach(value, { sign, bits: twice(to.bits) }, to);
  return [clamped, vxor(clamped, value)];
};
/** Sets VRT to even and odd elements, given in twice the size, saturated. */
const setCut = (even: Vector, odd: Vector, sign: Sign, bits: NarrowBits): Sem =>
  def(even, (e) =>
    def(odd, (o) => {
      const [cutEven, lostEven] = cut(e, sign, { sign, bits });
      const [cutOdd, lostOdd] = cut(o, sign, { sign, bits });
      return setSaturated(fromWide(bits, cutEven, cutOdd), vor(lostEven, lostOdd));
    }),
  );

/** The high part of products of halfwords, with or without half of what is lost, added to VRC. */
const multiplyHighAdd = (rounded: 0 | 1): Sem => {
  const sum = (wide: Wide): Vector => {
    const exact = product(wide, ['S', 'S'], 16);
    const rounding = rounded ? addEach(32, exact, every(32, 1 << 14)) : exact;
    return addEach(32, shrSEach(32, rounding, 15), wide('S', 16, C));
  };
  return setCut(sum(evenWide), sum(oddWide), 'S', 16);
};

/** Sums of four products of bytes. They fit halfwords, of the sign of VRA. */
const sumBytes = (sign: Sign): Vector => {
  const sums = (wide: Wide): Vector => pairsEach(sign, 16, product(wide, [sign, 'U'], 8));
  return addEach(32, addEach(32, sums(evenWide), sums(oddWide)), C);
};
const sumHalfwords = (sign: Sign): Vector =>
  addEach(32, addEach(32, product(evenWide, [sign, sign], 16), product(oddWide, [sign, sign], 16)), C);
/** The same sums of words, in doublewords. */
const sumHalfwordsSaturated = (sign: Sign): Sem =>
  def(product(evenWide, [sign, sign], 16), (even) =>
    def(product(oddWide, [sign, sign], 16), (odd) => {
      const sum = (wide: Wide): Vector =>
        addEach(64, addEach(64, wide(sign, 32, even), wide(sign, 32, odd)), wide(sign, 32, C));
      return setCut(sum(evenWide), sum(oddWide), sign, 32);
    }),
  );

const productOf = (half: typeof dw0, body: (q: Quad) => Sem): Sem =>
  def(half(A), (a) =>
    def(half(B), (b) => mulHighU(a, b, (high) => def(mul(a, b), (low) => body({ high, low })))),
  );
/** Both products of doublewords and the quadword. */
const sumDoublewords: Sem = productOf(dw0, (first) =>
  productOf(dw1, (second) =>
    quad(C, (c) => sumQuad(first, second, (q) => sumQuad(q, c, (sum) => set(ofQuad(sum))))),
  ),
);
/** What they carry out of 128 bits: 0 to 2. */
const carryDoublewords: Sem = productOf(dw0, (first) =>
  productOf(dw1, (second) =>
    quad(C, (c) =>
      addQuad(first, second, i32(0), (q, one) =>
        def(one, (carry) => addQuad(q, c, i32(0), (_, two) => set(inDw1(add(extendU(carry), extendU(two)))))),
      ),
    ),
  ),
);

/** Sums of the bytes or halfwords of every word with the word of VRB. */
const sumInWords = (sign: Sign, bits: 8 | 16): Sem => {
  const sums = bits === 8 ? pairsEach(sign, 16, pairsEach(sign, 8, A)) : pairsEach(sign, 16, A);
  return def(sums, (s) => {
    const sum = (wide: Wide): Vector => addEach(64, wide(sign, 32, s), wide(sign, 32, B));
    return setCut(sum(evenWide), sum(oddWide), sign, 32);
  });
};
const WORD = { sign: 'S', bits: 32 } as const;
const LOW_WORDS = every(64, greatestOf('U', 32));
/** The words of every doubleword and the last word of VRB: a word at the end of the doubleword. */
const sumInDoublewords: Sem = def(
  addEach(64, addEach(64, evenWide('S', 32, A), oddWide('S', 32, A)), oddWide('S', 32, B)),
  (sum) => {
    const [clamped, lost] = cut(sum, 'S', WORD);
    return setSaturated(vand(clamped, LOW_WORDS), lost);
  },
);
/** All words and the last word of VRB: a word at the end. */
const sumInQuadword: Sem = def(addEach(64, evenWide('S', 32, A), oddWide('S', 32, A)), (pairs) => {
  const total: I64 = add(add(dw0(pairs), dw1(pairs)), dw1(oddWide('S', 32, B)));
  return def(inDw1(total), (sum) => {
    const [clamped, lost] = cut(sum, 'S', WORD);
    return setSaturated(vand(clamped, LOW_WORDS), lost);
  });
});

export const VECTOR_MULTIPLY_SUM_ROWS: readonly InsnRow[] = [
  row('vmhaddshs', 32, multiplyHighAdd(0)),
  row('vmhraddshs', 33, multiplyHighAdd(1)),
  row('vmladduhm', 34, set(addEach(16, mulEach(16, A, B), C))),
  ternary('vmsumudm', 35, sumDoublewords, { timing, level: 'v3.0B' }),
  ternary('vmsumcud', 23, carryDoublewords, { timing, level: 'v3.1' }),
  row('vmsumubm', 36, set(sumBytes('U'))),
  row('vmsummbm', 37, set(sumBytes('S'))),
  row('vmsumuhm', 38, set(sumHalfwords('U'))),
  row('vmsumuhs', 39, sumHalfwordsSaturated('U')),
  row('vmsumshm', 40, set(sumHalfwords('S'))),
  row('vmsumshs', 41, sumHalfwordsSaturated('S')),
  binary('vsum4ubs', 1544, sumInWords('U', 8), { timing }),
  binary('vsum4sbs', 1800, sumInWords('S', 8), { timing }),
  binary('vsum4shs', 1608, sumInWords('S', 16), { timing }),
  binary('vsum2sws', 1672, sumInDoublewords, { timing }),
  binary('vsumsws', 1928, sumInQuadword, { timing }),
];
