/** Vector AES, SHA-2, carry-less multiplication and permute with exclusive or (Power ISA Book I, 6.11). */
import {
  inverseMixColumns,
  inverseShiftRows,
  inverseSubBytes,
  mixColumns,
  shiftRows,
  subBytes,
} from '../vocabulary/aes';
import { and, extendU, field, i32, i64, neg, shrU, sub, v128, type I64 } from '../vocabulary/expr';
import {
  eqEach, evenWide, LETTER, NARROW, oddWide, rotlEach, shlEach, shrSEach, shrUEach, splat, twice, type NarrowBits,
} from '../vocabulary/lanes'; // prettier-ignore
import { shlQuad, ofQuad } from '../vocabulary/quadword';
import type { InsnRow } from '../vocabulary/row';
import { assign, def, repeat, variable, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, splat64, splatByte, swizzle, vand, vsel, vxor, type Vector } from '../vocabulary/vector';
import { A, B, binary, C, set, ternary, vx } from '../vocabulary/vector-row';

const V2 = { level: 'v2.07', timing: 'crypto' } as const;

/** The state is VRA, the round key VRB. What is looked up is named first: a table looks at it sixteen times. */
const withA = (body: (state: Vector) => Sem): Sem => def(A, body);
const decrypted = (body: (state: Vector) => Sem): Sem =>
  def(inverseShiftRows(A), (shifted) => body(inverseSubBytes(shifted)));
const AES = [
  binary(
    'vcipher',
    1288,
    withA((a) => mixColumns(shiftRows(subBytes(a)), (mixed) => set(vxor(mixed, B)))),
    V2,
  ),
  binary(
    'vcipherlast',
    1289,
    withA((a) => set(vxor(shiftRows(subBytes(a)), B))),
    V2,
  ),
  binary(
    'vncipher',
    1352,
    decrypted((state) => inverseMixColumns(vxor(state, B), set)),
    V2,
  ),
  binary(
    'vncipherlast',
    1353,
    decrypted((state) => set(vxor(state, B))),
    V2,
  ),
  vx('vsbox', { XO: 1480 }, 'VRT,VRA', [V2, withA((a) => set(subBytes(a)))]),
];

/** The four functions of SHA-256 or SHA-512: rotates to the right, the last one a shift in the first two (sigma). */
type Amounts = readonly [number, number, number];
const FUNCTIONS: Readonly<Record<32 | 64, readonly [Amounts, Amounts, Amounts, Amounts]>> = {
  32: [[7, 18, 3], [17, 19, 10], [2, 13, 22], [6, 11, 25]],
  64: [[1, 8, 7], [19, 61, 6], [28, 34, 39], [14, 18, 41]],
}; // prettier-ignore
/** The bit of SIX that selects the second function of each element; doublewords use every other. */
const SELECTS = { 32: v128(0x0000_0008_0000_0004_0000_0002_0000_0001n), 64: v128((8n << 64n) | 2n) } as const;
const sigma = (bits: 32 | 64): Sem => {
  const right = (by: number): Vector => rotlEach(bits, A, bits - by);
  const [smallSigma0, smallSigma1, sigma0, sigma1] = FUNCTIONS[bits];
  const small = ([a, b, c]: Amounts): Vector => vxor(vxor(right(a), right(b)), shrUEach(bits, A, c));
  const great = ([a, b, c]: Amounts): Vector => vxor(vxor(right(a), right(b)), right(c));
  const six = bits === 32 ? splat(32, field('SIX')) : splat64(extendU(field('SIX')));
  return def(eqEach(bits, vand(six, SELECTS[bits]), SELECTS[bits]), (second) =>
    when(
      field('ST'),
      set(vsel(great(sigma0), great(sigma1), second)),
      set(vsel(small(smallSigma0), small(smallSigma1), second)),
    ),
  );
};
const SHA = ([32, 64] as const).map((bits) =>
  vx(`vshasigma${LETTER[bits]}`, { XO: bits === 32 ? 1666 : 1730 }, 'VRT,VRA,ST,SIX', [V2, sigma(bits)]),
);

/** Products without carries of the even and of the odd elements, added without carries: bit after bit of VRB. */
const polynomialSum = (bits: NarrowBits): Sem => {
  const wide = twice(bits);
  const names = (body: (a: readonly Vector[], b: readonly Vector[]) => Sem): Sem =>
    def(evenWide('U', bits, A), (a0) =>
      def(oddWide('U', bits, A), (a1) =>
        def(evenWide('U', bits, B), (b0) => def(oddWide('U', bits, B), (b1) => body([a0, a1], [b0, b1]))),
      ),
    );
  return names(([a0, a1], [b0, b1]) =>
    variable<'v128'>(v128(0n), (sum) => [
      repeat(i32(bits), bits, (i) => {
        const ifBit = (b: Vector): Vector =>
          shrSEach(wide, shlEach(wide, b, sub(i32(wide - 1), i)), wide - 1);
        const term = (a: Vector, b: Vector): Vector => vand(shlEach(wide, a, i), ifBit(b));
        return assign(sum, vxor(sum, vxor(term(a0!, b0!), term(a1!, b1!))));
      }),
      set(sum),
    ]),
  );
};
/** The same of doublewords, in a quadword. */
const polynomialSumDoublewords: Sem = def(A, (a) =>
  def(B, (b) =>
    variable<'v128'>(v128(0n), (sum) => [
      repeat(i32(64), 64, (i) => {
        const ifBit = (value: I64): Vector => splat64(neg(and(shrU(value, extendU(i)), i64(1))));
        const term = (half: typeof dw0): Vector =>
          vand(ofQuad(shlQuad({ high: i64(0), low: half(a) }, extendU(i))), ifBit(half(b)));
        return assign(sum, vxor(sum, vxor(term(dw0), term(dw1))));
      }),
      set(sum),
    ]),
  ),
);
const POLYNOMIAL = [
  ...NARROW.map((bits) =>
    binary(`vpmsum${LETTER[bits]}`, 1032 + 64 * Math.log2(bits / 8), polynomialSum(bits), V2),
  ),
  binary('vpmsumd', 1224, polynomialSumDoublewords, V2),
];

/** Bytes of VRA and VRB by the two digits of VRC's bytes. */
const permuteXor = vxor(swizzle(A, shrUEach(8, C, 4)), swizzle(B, vand(C, splatByte(0xf))));

export const VECTOR_CRYPTO_ROWS: readonly InsnRow[] = [
  ...AES,
  ...SHA,
  ...POLYNOMIAL,
  ternary('vpermxor', 45, set(permuteXor), { level: 'v2.07', timing: 'vectorPermute' }),
];
