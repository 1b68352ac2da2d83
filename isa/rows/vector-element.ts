/** Vector insert and extract of one element, by immediate or by register, from the left or right (Power ISA Book I, 6.8.6, 6.8.7). */
import {
  and,
  extendU,
  field,
  gpr,
  i64,
  leU,
  select,
  shl,
  sub,
  v128,
  wrap,
  type I32,
  type I64,
} from '../vocabulary/expr';
import { addEach, inDw0, LETTER, SIZES, splat, type Bits } from '../vocabulary/lanes';
import { ofQuad, quad, shlQuad, shrSQuad } from '../vocabulary/quadword';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, setGpr, when, type Sem } from '../vocabulary/stmt';
import { dw0, permute, vsel } from '../vocabulary/vector';
import { A, B, set, T, vectorProperties, vx } from '../vocabulary/vector-row';

const timing = 'vectorPermute';
const V3 = { level: 'v3.0', timing } as const;
const V31 = { level: 'v3.1', timing } as const;
const BYTES = 16;
const UIM = extendU(field('UIM4'));
/** A register numbers a byte by its last four bits. */
const RA = and(gpr('RA'), i64(BYTES - 1));
/** The last byte at which an element can begin: what lies beyond is undefined. */
const lastOf = (bits: Bits): I64 => i64(BYTES - bits / 8);

type Side = 'l' | 'r';
/** How many bits an element, which begins or ends at a byte counted from a side, is from the right. */
const fromRight = (side: Side, bits: Bits, byte: I64): I64 =>
  side === 'r' ? shl(byte, i64(3)) : sub(i64(8 * BYTES - bits), shl(byte, i64(3)));
const ones = (bits: Bits): I64 => i64((1n << BigInt(bits)) - 1n);

/** The element of VRB at a byte. choice: beyond the end its sign goes on, as in QEMU. */
const extracted = (bits: Bits, by: I64, body: (value: I64) => Sem): Sem =>
  def(by, (n) => quad(B, (b) => body(and(shrSQuad(b, n).low, ones(bits)))));
/** VRT with a number in the place of an element. */
const inserted = (bits: Bits, by: I64, value: I64): Sem =>
  def(by, (n) => {
    const placed = (low: I64) => ofQuad(shlQuad({ high: i64(0), low }, n));
    return set(vsel(T, placed(and(value, ones(bits))), placed(ones(bits))));
  });

/** choice: nothing is inserted beyond the end, as in QEMU. */
const insertedAt = (side: Side, bits: Bits, [byte, value]: readonly [byte: I64, value: I64]): Sem =>
  when(leU(byte, lastOf(bits)), inserted(bits, fromRight(side, bits, byte), value));

/** By the number of a byte in the instruction. choice: the first element for one beyond the end, as in QEMU. */
const immediate = SIZES.flatMap((bits) => {
  const by = fromRight('l', bits, select(leU(UIM, lastOf(bits)), UIM, i64(0)));
  const suffix = bits === 64 ? 'd' : `u${LETTER[bits]}`;
  const more = 64 * Math.log2(bits / 8);
  return [
    vx(`vextract${suffix}`, { XO: 525 + more }, 'VRT,VRB,UIM4', [
      V3,
      extracted(bits, by, (x) => set(inDw0(x))),
    ]),
    vx(`vinsert${LETTER[bits]}`, { XO: 781 + more }, 'VRT,VRB,UIM4', [
      V3,
      insertedAt('l', bits, [UIM, dw0(B)]),
    ]),
  ];
});
const immediateFromGpr = ([32, 64] as const).map((bits) =>
  vx(`vins${LETTER[bits]}`, { XO: bits === 32 ? 207 : 463 }, 'VRT,RB,UIM4', [
    V31,
    insertedAt('l', bits, [UIM, gpr('RB')]),
  ]),
);

const SIDES = ['l', 'r'] as const;
const NARROW = [8, 16, 32] as const;
/** To a GPR, by the low bits of a GPR. */
const toGpr = SIDES.flatMap((side) =>
  NARROW.map((bits) => {
    const XO = (side === 'l' ? 1549 : 1805) + 64 * Math.log2(bits / 8);
    const by = fromRight(side, bits, RA);
    const sem = extracted(bits, by, (value) => setGpr('RT', value));
    return vx(`vextu${LETTER[bits]}${side}x`, { XO }, 'RT,RA,VRB', [V3, sem]);
  }),
);

/** By a GPR. */
const byGpr = SIDES.flatMap((side) => [
  ...SIZES.map((bits) => {
    const XO = (side === 'l' ? 527 : 783) + 64 * Math.log2(bits / 8);
    return vx(`vins${LETTER[bits]}${side}x`, { XO }, 'VRT,RA,RB', [
      V31,
      insertedAt(side, bits, [RA, gpr('RB')]),
    ]);
  }),
  ...NARROW.map((bits) => {
    const XO = (side === 'l' ? 15 : 271) + 64 * Math.log2(bits / 8);
    return vx(`vins${LETTER[bits]}v${side}x`, { XO }, 'VRT,RA,VRB', [
      V31,
      insertedAt(side, bits, [RA, dw0(B)]),
    ]);
  }),
]);

/** The numbers of the bytes of doubleword 0, and of what is not taken. */
const NUMBERS = v128(0x0001_0203_0405_0607_0000_0000_0000_0000n);
const RC = and(gpr('RC'), i64(2 * BYTES - 1));
/** An element of VRA followed by VRB. choice: one beyond the end is undefined; it is 0, as in QEMU. */
const extractedFromPair = (side: Side, bits: Bits): Sem => {
  const last = 2 * BYTES - bits / 8;
  const first = side === 'l' ? RC : sub(i64(last), RC);
  // The element is at the end of doubleword 0.
  const number: I32 = wrap(sub(first, i64(8 - bits / 8)));
  return def(dw0(permute(A, B, addEach(8, splat(8, number), NUMBERS))), (value) =>
    set(inDw0(select(leU(RC, i64(last)), and(value, ones(bits)), i64(0)))),
  );
};
const fromPair = SIZES.flatMap((bits) =>
  SIDES.map((side): InsnRow => {
    const XO = 24 + 2 * Math.log2(bits / 8) + (side === 'l' ? 0 : 1);
    const name = bits === 64 ? `vextddv${side}x` : `vextdu${LETTER[bits]}v${side}x`;
    return insn(
      name,
      'VA',
      { PO: 4, XO },
      'VRT,VRA,VRB,RC',
      vectorProperties(V31),
      extractedFromPair(side, bits),
    );
  }),
);

export const VECTOR_ELEMENT_ROWS: readonly InsnRow[] = [
  ...immediate,
  ...immediateFromGpr,
  ...toGpr,
  ...byGpr,
  ...fromPair,
];
