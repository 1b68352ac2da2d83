/** Parts of floating-point numbers: exponents and significands, taken out and put in (Power ISA v3.0B Book I, 7.6.3). */
import {
  and, gpr, i64, ne, not, or, select, shl, shrU, vsr, type I32, type I64,
} from '../vocabulary/expr'; // prettier-ignore
import { eqEach, every, inDw0, shlEach, shrUEach } from '../vocabulary/lanes';
import { insn, type InsnRow, type RowProperties } from '../vocabulary/row';
import { setGpr, setVsr, type Sem } from '../vocabulary/stmt';
import {
  dw0, dw1, setVr, vand, vandc, vector, vor, vr, vsel, vxor, type Vector,
} from '../vocabulary/vector'; // prettier-ignore

const PROPERTIES: RowProperties = { level: 'v3.0', feature: 'vsx', facility: 'VSX', timing: 'vector' };
const PO = 60;
const [A, B] = [vsr('XA'), vsr('XB')];

/** A format in elements of a size: where its exponent is. */
interface Format {
  readonly bits: 32 | 64;
  readonly fraction: number;
  readonly exponent: number;
}
const DOUBLE: Format = { bits: 64, fraction: 52, exponent: 11 };
const SINGLE: Format = { bits: 32, fraction: 23, exponent: 8 };

const ones = (width: number): bigint => (1n << BigInt(width)) - 1n;
const fractionMask = ({ bits, fraction }: Format): Vector => every(bits, ones(fraction));
const exponentMask = ({ bits, fraction, exponent }: Format): Vector =>
  every(bits, ones(exponent) << BigInt(fraction));

const exponents = (f: Format): Vector => shrUEach(f.bits, vand(B, exponentMask(f)), f.fraction);
/** With the implicit bit, which zeros, denormalised numbers, infinities and NaNs have not. */
const significands = (f: Format): Vector => {
  const special = vor(
    eqEach(f.bits, vand(B, exponentMask(f)), every(f.bits, 0)),
    eqEach(f.bits, vandc(exponentMask(f), B), every(f.bits, 0)),
  );
  return vor(vand(B, fractionMask(f)), vandc(every(f.bits, 1n << BigInt(f.fraction)), special));
};
/** Signs and fractions of A with exponents from the right of B. */
const combined = (f: Format): Vector => vsel(A, shlEach(f.bits, B, f.fraction), exponentMask(f));

const vectors = (f: Format, suffix: string, opcodes: readonly [x: number, s: number, i: number]): InsnRow[] => [
  insn(`xvxexp${suffix}`, 'XX2', { PO, EO: opcodes[0], XO: 475 }, 'XT,XB', PROPERTIES, setVsr('XT', exponents(f))),
  insn(`xvxsig${suffix}`, 'XX2', { PO, EO: opcodes[1], XO: 475 }, 'XT,XB', PROPERTIES, setVsr('XT', significands(f))),
  insn(`xviexp${suffix}`, 'XX3', { PO, XO: opcodes[2] }, 'XT,XA,XB', PROPERTIES, setVsr('XT', combined(f))),
]; // prettier-ignore

/** choice: doubleword 1, undefined before v3.1, becomes 0. */
const combinedScalar: Sem = setVsr(
  'XT',
  inDw0(or(and(gpr('RA'), i64(~(ones(11) << 52n))), shl(and(gpr('RB'), i64(ones(11))), i64(52)))),
);

const QA = vr('VRA');
const QB = vr('VRB');
const QUAD_EXPONENT = i64(ones(15) << 48n);
const QUAD_FRACTION = i64(ones(48));
/** The implicit bit of a quad-precision number in its upper doubleword. */
const implicit = (upper: I64): I64 => {
  const exponent = and(upper, QUAD_EXPONENT);
  const isNormal: I32 = and(ne(exponent, i64(0)), ne(exponent, QUAD_EXPONENT));
  return select(isNormal, i64(1n << 48n), i64(0));
};
const quad = (name: string, fixed: Readonly<Record<string, number>>, operands: string, value: Vector): InsnRow =>
  insn(name, 'X', { PO: 63, ...fixed }, operands, PROPERTIES, setVr('VRT', value)); // prettier-ignore
const SIGN = vector(i64(1n << 63n), i64(0));
const moved = (name: string, EO: number, value: Vector): InsnRow =>
  quad(name, { EO, XO: 804 }, 'VRT,VRB', value);

export const VSX_EXPONENT_ROWS: readonly InsnRow[] = [
  insn(
    'xsxexpdp', 'XX2', { PO, EO: 0, XO: 347 }, 'RT,XB', PROPERTIES,
    setGpr('RT', and(shrU(dw0(B), i64(52)), i64(ones(11)))),
  ),
  insn('xsxsigdp', 'XX2', { PO, EO: 1, XO: 347 }, 'RT,XB', PROPERTIES, setGpr('RT', dw0(significands(DOUBLE)))),
  insn('xsiexpdp', 'XX1', { PO, XO: 918 }, 'XT,RA,RB', PROPERTIES, combinedScalar),
  ...vectors(DOUBLE, 'dp', [0, 1, 248]),
  ...vectors(SINGLE, 'sp', [8, 9, 216]),
  moved('xsxexpqp', 2, vector(and(shrU(dw0(QB), i64(48)), i64(ones(15))), i64(0))),
  moved('xsxsigqp', 18, vector(or(and(dw0(QB), QUAD_FRACTION), implicit(dw0(QB))), dw1(QB))),
  quad(
    'xsiexpqp', { XO: 868 }, 'VRT,VRA,VRB',
    vector(or(and(dw0(QA), not(QUAD_EXPONENT)), shl(and(dw0(QB), i64(ones(15))), i64(48))), dw1(QA)),
  ),
  moved('xsabsqp', 0, vandc(QB, SIGN)),
  moved('xsnabsqp', 8, vor(QB, SIGN)),
  moved('xsnegqp', 16, vxor(QB, SIGN)),
  quad('xscpsgnqp', { XO: 100 }, 'VRT,VRA,VRB', vsel(QB, QA, SIGN)),
]; // prettier-ignore
