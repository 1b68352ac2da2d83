/** Vector floating-point (Power ISA Book I, 6.10): singles, rounded to nearest, with no status but VSCR[SAT]. */
import { FPSCR } from '../registers/float';
import { exponential, logarithm, singleBits } from '../vocabulary/float-estimate';
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import { FLOAT_CONTROL, floatMultiplyAdd, resultOf, statusOf } from '../vocabulary/float-arithmetic';
import {
  add, and, extendU, field, i32, i64, ne, op, select, shl, sub, wrap, type I32,
} from '../vocabulary/expr'; // prettier-ignore
import { every, setSaturated, shlEach, shrUEach, splat, type Sign } from '../vocabulary/lanes';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { vnot, vor, type Vector } from '../vocabulary/vector';
import { eachWord, flushed, flushedAll, isNonJava, negated, withNans } from '../vocabulary/vector-singles';
import { A, B, binary, C, comparison, set, unary, vectorProperties, vx } from '../vocabulary/vector-row';

const timing = 'vectorFloat';
/** A result of operands, whose NaNs go on in their order. */
const computed = (registers: readonly Vector[], value: (...operands: Vector[]) => Vector): Sem =>
  flushedAll(registers, (operands) =>
    withNans(operands, value(...operands), (result) => set(flushed(result))),
  );
const arithmetic = (name: string, XO: number, operator: 'addF' | 'subF' | 'minF' | 'maxF'): InsnRow =>
  binary(
    `v${name}fp`,
    XO,
    computed([A, B], (a, b) => op(`v128.${operator}`, a, b)),
    { timing },
  );

const SIGN = i64(1n << 31n);
/** With NJ a result that was tiny before it was rounded is a zero, though it may have been rounded up. */
const fused = (bits: number): Sem =>
  flushedAll([A, C, B], (operands) =>
    eachWord(
      operands,
      ([a, c, b], then) =>
        singleToDouble(extendU(a!), (x) =>
          singleToDouble(extendU(c!), (y) =>
            singleToDouble(extendU(b!), (addend) =>
              def(floatMultiplyAdd(x, y, { addend, control: i32(FLOAT_CONTROL.SINGLE | bits) }), (sum) => {
                const isTiny = and(isNonJava, ne(and(statusOf(sum), i64(FPSCR.UX.mask)), i64(0)));
                return doubleToSingle(resultOf(sum), (single) =>
                  then(wrap(select(isTiny, and(single, SIGN), single))),
                );
              }),
            ),
          ),
        ),
      (result) => set(flushed(result)),
    ),
  );
const multiplyAdd = (name: string, XO: number, bits: number): InsnRow =>
  insn(name, 'VA', { PO: 4, XO }, 'VRT,VRA,VRC,VRB', vectorProperties({ timing }), fused(bits));

const ONE = every(32, 0x3f80_0000);
/** choice: estimates are as near as singles can be, as in QEMU; powers and logarithms are not QEMU's in the last bits. */
const estimate = (name: string, XO: number, value: (b: Vector) => Vector): InsnRow =>
  unary(name, XO, computed([B], value), { timing });
type OfWord = (word: I32, then: (result: I32) => Sem) => Sem;
const estimateOfWords = (name: string, XO: number, one: OfWord): InsnRow =>
  unary(
    name,
    XO,
    flushedAll([B], ([b]) =>
      eachWord(
        [b!],
        ([word], then) => one(word!, then),
        (result) => withNans([b!], result, (value) => set(flushed(value))),
      ),
    ),
    { timing },
  );

/** 2 to a power: a single with that exponent. */
const BIAS = 127;
const power = (exponent: I32): Vector => splat(32, shl(exponent, i32(23)));
const SCALE = field('UIM');
const row = (name: string, XO: number, sem: Sem): InsnRow =>
  vx(name, { XO }, 'VRT,VRB,UIM', [{ timing }, sem]);
/** Integers with UIM bits of fraction. The product is exact. */
const fromIntegers = (sign: Sign): Sem =>
  set(op('v128.mulF', op<'v128'>(`v128.fromInteger${sign}`, B), power(sub(i32(BIAS), SCALE))));
const number = (value: number): Vector => every(32, singleBits(value));
const toIntegers = (sign: Sign): Sem =>
  def(op<'v128'>('v128.mulF', B, power(add(i32(BIAS), SCALE))), (scaled) => {
    const beyond =
      sign === 'S'
        ? vor(op('v128.geF', scaled, number(2 ** 31)), op('v128.gtF', number(-(2 ** 31)), scaled))
        : vor(op('v128.geF', scaled, number(2 ** 32)), op('v128.leF', scaled, number(-1)));
    return setSaturated(op(`v128.toInteger${sign}`, scaled), beyond);
  });

const [FLUSHED_A, FLUSHED_B] = [flushed(A), flushed(B)];
const compare = (name: string, XO: number, operator: 'eqF' | 'geF' | 'gtF'): InsnRow =>
  comparison(`vcmp${name}fp`, XO, op(`v128.${operator}`, FLUSHED_A, FLUSHED_B), { timing: 'vector' });
/** Bit 0: not at most B; bit 1: not at least -B. A NaN is neither. CR6 tells that all are within bounds. */
const isAbove = shlEach(32, vnot(op('v128.leF', FLUSHED_A, FLUSHED_B)), 31);
const isBelow = shlEach(32, vnot(op('v128.geF', FLUSHED_A, negated(FLUSHED_B))), 31);

export const VECTOR_FLOAT_ROWS: readonly InsnRow[] = [
  arithmetic('add', 10, 'addF'),
  arithmetic('sub', 74, 'subF'),
  arithmetic('max', 1034, 'maxF'),
  arithmetic('min', 1098, 'minF'),
  multiplyAdd('vmaddfp', 46, 0),
  multiplyAdd('vnmsubfp', 47, FLOAT_CONTROL.NEGATE_ADDEND | FLOAT_CONTROL.NEGATE_RESULT),
  estimate('vrefp', 266, (b) => op('v128.divF', ONE, b)),
  estimate('vrsqrtefp', 330, (b) => op('v128.divF', ONE, op<'v128'>('v128.sqrtF', b))),
  estimateOfWords('vexptefp', 394, exponential),
  estimateOfWords('vlogefp', 458, logarithm),
  estimate('vrfin', 522, (b) => op('v128.nearestF', b)),
  estimate('vrfiz', 586, (b) => op('v128.truncF', b)),
  estimate('vrfip', 650, (b) => op('v128.ceilF', b)),
  estimate('vrfim', 714, (b) => op('v128.floorF', b)),
  row('vcfux', 778, fromIntegers('U')),
  row('vcfsx', 842, fromIntegers('S')),
  row('vctuxs', 906, toIntegers('U')),
  row('vctsxs', 970, toIntegers('S')),
  compare('eq', 198, 'eqF'),
  compare('ge', 454, 'geF'),
  compare('gt', 710, 'gtF'),
  comparison('vcmpbfp', 966, vor(isAbove, shrUEach(32, isBelow, 1)), { timing: 'vector' }),
];
