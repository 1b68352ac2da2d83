/**
 * Permute control vectors from masks (Power ISA v3.1 Book I, 7.6.3: xxgenpcvbm and its like): the numbers of bytes that
 * expand or compress the elements whose mask bit is 1. Little-endian kinds do the same seen from the right end.
 */
import {
  add, and, extendU, field, gtU, i32, i64, ltU, mul, or, select, shl, shrU, sub, wrap, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { shuffle } from '../vocabulary/lanes';
import { insn, type InsnRow } from '../vocabulary/row';
import { assign, def, repeat, setVsr, variable, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vector, vr, type Vector } from '../vocabulary/vector';

const BYTES = 16;
/** The kind: bit 0 compresses, bit 1 counts from the right. */
const isCompress = and(field('IMM5'), i32(1));
const isFromRight = and(field('IMM5'), i32(2));

const inReverse = (value: Vector): Vector =>
  shuffle(
    value,
    value,
    Array.from({ length: BYTES }, (_, i) => BYTES - 1 - i),
  );

/** Byte numbers of an element that begins with byte `first`. */
const numbersFrom = (first: I32, size: number): I64 => {
  const each = ((1n << BigInt(8 * size)) - 1n) / 0xffn;
  const ascending = Array.from({ length: size }, (_, i) => BigInt(i)).reduce((all, n) => (all << 8n) | n, 0n);
  return add(mul(extendU(first), i64(each)), i64(ascending));
};

/** The bit of the mask for element i in the order of the kind: the most significant one of an element of VRB. */
const maskBit = (mask: Vector, i: I32, size: number): I32 => {
  const width = i32(8 * size);
  const place = select(isFromRight, sub(mul(add(i, i32(1)), width), i32(1)), sub(i32(127), mul(i, width)));
  return and(wrap(shrU(select(ltU(place, i32(64)), dw1(mask), dw0(mask)), extendU(place))), i32(1));
};

/** choice: after the last element of a compression, where the result is undefined, are zeros, as in QEMU. */
const generate = (size: number): Sem =>
  def(vr('VRB'), (mask) =>
    variable(i64(0), (high) =>
      variable(i64(0), (low) =>
        variable(i32(0), (count) => {
          const put = (position: I32, value: I64): Sem =>
            def(sub(i32(128), mul(add(position, i32(1)), i32(8 * size))), (place) =>
              def(shl(value, extendU(place)), (moved) =>
                when(ltU(place, i32(64)), assign(low, or(low, moved)), assign(high, or(high, moved))),
              ),
            );
          const byteOf = (element: I32): I32 => mul(element, i32(size));
          const counted = assign(count, add(count, i32(1)));
          return [
            repeat(i32(BYTES / size), BYTES / size, (i) =>
              when(
                maskBit(mask, i, size),
                [
                  when(
                    isCompress,
                    put(count, numbersFrom(byteOf(i), size)),
                    put(i, numbersFrom(byteOf(count), size)),
                  ),
                  counted,
                ],
                when(isCompress, [], put(i, numbersFrom(add(byteOf(i), i32(BYTES)), size))),
              ),
            ),
            def(vector(high, low), (result) => setVsr('XT', select(isFromRight, inReverse(result), result))),
          ];
        }),
      ),
    ),
  );

const SIZES = [['b', 1, 916], ['h', 2, 917], ['w', 4, 948], ['d', 8, 949]] as const; // prettier-ignore

export const VSX_GENERATE_CONTROL_ROWS: readonly InsnRow[] = SIZES.map(([letter, size, XO]) =>
  insn(
    `xxgenpcv${letter}m`, 'XX1', { PO: 60, XO }, 'XT,VRB,IMM5',
    {
      level: 'v3.1', feature: 'vsx', facility: 'VSX', timing: 'vectorPermute',
      // choice: kinds above 3 are reserved and, as in QEMU, no instructions.
      invalid: gtU(field('IMM5'), i32(3)),
    },
    generate(size),
  ),
); // prettier-ignore
