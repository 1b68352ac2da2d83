/** Tests of the class of floating-point data, and of the low bits of bytes (Power ISA Book I, 7.6.3). */
import { FPSCR } from '../registers/float';
import {
  and, eq, eqz, extendU, field, i32, i64, ltU, ne, neg, or, resource, select, shl, shrU, vsr, wrap,
  type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { doubleToSingle, singleToDouble } from '../vocabulary/float';
import { words, word, type WordNumber } from '../vocabulary/lanes';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { def, setCrField, setResource, setVsr, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, vector, vr } from '../vocabulary/vector';

const PROPERTIES: RowProperties = { level: 'v3.0', feature: 'vsx', facility: 'VSX', timing: 'vector' };
const PO = 60;
const B = vsr('XB');

/** A number by its upper 64 bits: the exponent's place, and whether bits below are of the fraction too. */
interface Datum {
  readonly upper: I64;
  readonly lower?: I64;
  readonly fraction: number;
  readonly exponent: number;
  /** Exponents below it, above 0, are those of denormalised numbers too. */
  readonly leastNormal?: number;
}
const DOUBLE = { fraction: 52, exponent: 11 } as const;
/** A word in the upper half. */
const SINGLE = { fraction: 55, exponent: 8 } as const;
const QUAD = { fraction: 48, exponent: 15 } as const;
/** Exponent of the least normalised single in double format. */
const LEAST_SINGLE = 897;

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;
const isNegative = ({ upper }: Datum): I32 => wrap(shrU(upper, i64(63)));

/** The bits of DCMX: NaN, then positive before negative: infinity, zero, denormalised. */
const CLASS = { nan: 6, infinity: 4, zero: 2, denormal: 0 } as const;
/** 1 where the class of a number is one of those in a mask. */
function isOfClass(d: Datum, mask: I32): I32 {
  const exponent = and(shrU(d.upper, i64(d.fraction)), i64(ones(d.exponent)));
  const fraction = or(and(d.upper, i64(ones(d.fraction))), d.lower ?? i64(0));
  const isWhole = eqz(fraction);
  const special = select(isWhole, signed(d, CLASS.infinity), i32(CLASS.nan));
  const isZero = and(isWhole, eqz(exponent));
  const small = select(isZero, signed(d, CLASS.zero), signed(d, CLASS.denormal));
  const isSpecial = eq(exponent, i64(ones(d.exponent)));
  const isSmall = ltU(exponent, i64(d.leastNormal ?? 1));
  return and(and(or(isSpecial, isSmall), shrU(mask, select(isSpecial, special, small))), i32(1));
}
const signed = (d: Datum, bit: number): I32 => select(isNegative(d), i32(bit), i32(bit + 1));

/** Sets BF and FPCC: sign, 0, whether the class matches, `last`. */
const report = (d: Datum, last: I32): Sem =>
  def(or(or(shl(isNegative(d), i32(3)), shl(isOfClass(d, field('DCMX')), i32(1))), last), (result) => [
    setCrField('BF', result),
    setResource(
      'FPSCR',
      or(and(resource('FPSCR'), i64(~FPSCR.FPCC.mask)), shl(extendU(result), i64(FPSCR.FPCC.shift))),
    ),
  ]);

const testDouble: Sem = def(dw0(B), (upper) => report({ ...DOUBLE, upper }, i32(0)));
/** A double that the single format does not have sets the last bit. */
const testSingle: Sem = def(dw0(B), (upper) =>
  doubleToSingle(upper, (single) =>
    singleToDouble(single, (back) =>
      report({ ...DOUBLE, upper, leastNormal: LEAST_SINGLE }, ne(back, upper)),
    ),
  ),
);
const testQuad: Sem = def(dw0(vr('VRB')), (upper) =>
  report({ ...QUAD, upper, lower: dw1(vr('VRB')) }, i32(0)),
);

const DCMX = field('DCMXV');
const testDoubles: Sem = setVsr(
  'XT',
  vector(
    neg(extendU(isOfClass({ ...DOUBLE, upper: dw0(B) }, DCMX))),
    neg(extendU(isOfClass({ ...DOUBLE, upper: dw1(B) }, DCMX))),
  ),
);
const wordOf = (n: WordNumber): I64 => shl(extendU(word(B, n)), i64(32));
const testSingles: Sem = setVsr(
  'XT',
  words((n) => neg(isOfClass({ ...SINGLE, upper: wordOf(n) }, DCMX))),
);

/** The least significant bits of all bytes, from the left: all ones, 0, all zeros, 0. */
const testLowBits: Sem = def(and(dw0(B), i64(0x0101_0101_0101_0101n)), (upper) =>
  def(and(dw1(B), i64(0x0101_0101_0101_0101n)), (lower) => {
    const all = eq(and(upper, lower), i64(0x0101_0101_0101_0101n));
    return setCrField('BF', or(shl(all, i32(3)), shl(eqz(or(upper, lower)), i32(1))));
  }),
);

export const VSX_TEST_CLASS_ROWS: readonly InsnRow[] = [
  insn('xststdcdp', 'XX2', { PO, XO: 362 }, 'BF,XB,DCMX', PROPERTIES, testDouble),
  insn('xststdcsp', 'XX2', { PO, XO: 298 }, 'BF,XB,DCMX', PROPERTIES, testSingle),
  insn('xststdcqp', 'X', { PO: 63, XO: 708 }, 'BF,VRB,DCMX', PROPERTIES, testQuad),
  insn('xvtstdcdp', 'XX2', { PO, XO4: 15, XO3: 5 }, 'XT,XB,DCMXV', PROPERTIES, testDoubles),
  insn('xvtstdcsp', 'XX2', { PO, XO4: 13, XO3: 5 }, 'XT,XB,DCMXV', PROPERTIES, testSingles),
  insn('xvtlsbb', 'XX2', { PO, EO: 2, XO: 475 }, 'BF,XB', { ...PROPERTIES, level: 'v3.1' }, testLowBits),
];
