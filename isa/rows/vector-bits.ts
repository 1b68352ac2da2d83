/** Vector counts of bits, permutes and gathers of bits (Power ISA Book I, 6.14, 6.8.4). */
import { afterLast, beforeFirst, centrifuge, deposit, gather } from '../vocabulary/bit-gather';
import {
  and, clz, ctz, extendU, field, i32, i64, ltU, mul, or, popcnt, select, shl, shrU, sub, v128, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import {
  bitmask, eqEach, every, gtEach, inDw0, LETTER, popcntEach, shlEach, shrUEach, SIZES, subEach, word, words, type Bits,
} from '../vocabulary/lanes'; // prettier-ignore
import type { InsnRow } from '../vocabulary/row';
import { assign, def, repeat, setGpr, variable, when, type Sem } from '../vocabulary/stmt';
import {
  dw0,
  dw1,
  splatByte,
  swizzle,
  vand,
  vandc,
  vector,
  vnot,
  vor,
  vxor,
  type Vector,
} from '../vocabulary/vector';
import { A, B, binary, set, unary, vx } from '../vocabulary/vector-row';

const V2 = { level: 'v2.07' } as const;
const V3 = { level: 'v3.0' } as const;
const V31 = { level: 'v3.1' } as const;
const XO_UNARY = 1538;

/** Every one copied to the right of it, in elements of a size. */
const smeared = (bits: 8 | 16, value: Vector, body: (v: Vector) => Sem): Sem => {
  const step = (v: Vector, by: number): Sem =>
    by === bits ? body(v) : def(vor(v, shrUEach(bits, v, by)), (next) => step(next, 2 * by));
  return step(value, 1);
};
const leadingZeros = (bits: Bits): Sem => {
  if (bits === 64) return set(vector(clz(dw0(B)), clz(dw1(B))));
  if (bits === 32) return set(words((n) => clz(word(B, n))));
  return smeared(bits, B, (v) => set(popcntEach(bits, vnot(v))));
};
/** The zeros at the right are what subtracting 1 makes ones. */
const trailingZeros = (bits: Bits): Sem => set(popcntEach(bits, vandc(subEach(bits, B, every(bits, 1)), B)));

const counts = SIZES.flatMap((bits) => {
  const more = Math.log2(bits / 8);
  const letter = LETTER[bits];
  return [
    unary(`vclz${letter}`, 1794 + 64 * more, leadingZeros(bits), V2),
    unary(`vpopcnt${letter}`, 1795 + 64 * more, set(popcntEach(bits, B)), V2),
    unary(`vctz${letter}`, [XO_UNARY, 28 + more], trailingZeros(bits), V3),
  ];
});

/** The last bits of the bytes. */
const lastBits = bitmask(8, shlEach(8, B, 7));
const BYTES = 16;
const countBytes = [
  vx('vclzlsbb', { XO: XO_UNARY, EO: 0 }, 'RT,VRB', [
    V3,
    setGpr('RT', extendU(sub(clz(lastBits), i32(BYTES)))),
  ]),
  vx('vctzlsbb', { XO: XO_UNARY, EO: 1 }, 'RT,VRB', [
    V3,
    setGpr('RT', extendU(ctz(or(lastBits, i32(1 << BYTES))))),
  ]),
];

/** Transposes 8 bytes of 8 bits: blocks of 1, 2 and 4 bits change places across the diagonal. */
const transposed = (): Sem => {
  const step = (value: Vector, by: number, block: bigint, body: (v: Vector) => Sem): Sem =>
    def(vand(vxor(value, shrUEach(64, value, by)), every(64, block)), (changed) =>
      def(vxor(value, vxor(changed, shlEach(64, changed, by))), body),
    );
  return def(B, (b) =>
    step(b, 7, 0x00aa_00aa_00aa_00aan, (ones) =>
      step(ones, 14, 0x0000_cccc_0000_ccccn, (twos) => step(twos, 28, 0xf0f0_f0f0n, set)),
    ),
  );
};

/** Byte n of a vector as bit n of a byte. */
const BIT_OF_NUMBER = v128(0x8040_2010_0804_0201_8040_2010_0804_0201n);
/**
 * The bits of VRA that the bytes of VRB number, first one first: bytes of VRA by the number less its last three bits,
 * where `inRange`.
 */
const bitsByNumbers = (byteNumbers: Vector): Vector => {
  const bits = swizzle(BIT_OF_NUMBER, vand(B, splatByte(7)));
  return eqEach(8, vand(swizzle(A, byteNumbers), bits), bits);
};
const bytesOfNumbers = shrUEach(8, B, 3);
/** Byte numbers above 15 give 0. */
const permuteQuadword = set(inDw0(extendU(bitmask(8, bitsByNumbers(bytesOfNumbers)))));
const SECOND_DOUBLEWORD = v128(0x0808_0808_0808_0808n);
const inDoubleword = gtEach('U', 8, splatByte(8), bytesOfNumbers);
const permuteDoublewords = def(
  bitmask(8, vand(inDoubleword, bitsByNumbers(vor(bytesOfNumbers, SECOND_DOUBLEWORD)))),
  (bits) => set(vector(extendU(shrU(bits, i32(8))), extendU(and(bits, i32(0xff))))),
);

const underMask = (operation: (source: I64, mask: I64, then: (result: I64) => Sem) => Sem): Sem =>
  operation(dw0(A), dw0(B), (result) =>
    def(result, (first) => operation(dw1(A), dw1(B), (second) => set(vector(first, second)))),
  );
const countUnderMask = (outside: (mask: I64, selected: I64) => I64): Sem => {
  const count = (half: typeof dw0): I64 => popcnt(outside(half(B), and(half(A), half(B))));
  return set(vector(count(dw0), count(dw1)));
};

/** Bits 0, N, 2N... of VRB at the left. N of 0 and 1 are invalid. */
const gatherEveryNth: Sem = variable(i64(0), (result) => [
  repeat(i32(64), 64, (i) =>
    def(mul(i, field('N')), (bit) =>
      when(
        ltU(bit, i32(128)),
        def(select(ltU(bit, i32(64)), dw0(B), dw1(B)), (half) =>
          assign(result, or(result, shl(shrU(shl(half, extendU(bit)), i64(63)), extendU(sub(i32(63), i))))),
        ),
      ),
    ),
  ),
  setGpr('RT', result),
]);

const SLOW = { ...V31, timing: 'bitPermute' } as const;
export const VECTOR_BITS_ROWS: readonly InsnRow[] = [
  ...counts,
  ...countBytes,
  unary('vgbbd', 1292, transposed(), { ...V2, timing: 'vectorPermute' }),
  binary('vbpermq', 1356, permuteQuadword, { ...V2, timing: 'vectorPermute' }),
  binary('vbpermd', 1484, permuteDoublewords, { ...V3, timing: 'vectorPermute' }),
  binary('vcfuged', 1357, underMask(centrifuge), SLOW),
  binary('vpextd', 1421, underMask(gather), SLOW),
  binary('vpdepd', 1485, underMask(deposit), SLOW),
  binary('vclzdm', 1924, countUnderMask(beforeFirst), V31),
  binary('vctzdm', 1988, countUnderMask(afterLast), V31),
  vx('vgnb', { XO: 1228 }, 'RT,VRB,N', [SLOW, gatherEveryNth]),
];
