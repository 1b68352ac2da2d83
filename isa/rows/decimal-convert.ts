/** Decimal floating-point conversions, and the parts of formats (Power ISA Book I, 5.6.5 and 5.6.6). */
import { FPSCR } from '../registers/float';
import { MSR } from '../registers/msr';
import {
  decimalControl, decimalOperation, type DecimalOperation, type Halves,
} from '../vocabulary/decimal-float'; // prettier-ignore
import {
  decimalProperties, LONG_OPCODE, operandsOf, QUAD_OPCODE, setNumber, type DecimalProperties,
} from '../vocabulary/decimal-row'; // prettier-ignore
import { and, eqz, field, i32, i64, or, resource, type I32, type I64 } from '../vocabulary/expr';
import type { FormName } from '../vocabulary/forms';
import { finishScalar, fpscr, recordFloat } from '../vocabulary/fpscr';
import { insn, type InsnRow } from '../vocabulary/row';
import { def, raise, when, type Sem } from '../vocabulary/stmt';
import { dw0, dw1, setVr, vector, vr } from '../vocabulary/vector';

interface Conversion extends DecimalProperties {
  readonly form?: FormName;
  readonly XO: number;
  /** Bits that choose between instructions of one opcode. */
  readonly EO?: number;
  readonly names: string;
  readonly operation: DecimalOperation;
  readonly immediate?: I32;
  readonly finish?: Finish;
  readonly b?: Halves;
}
/** @param after records in CR1 */
type Finish = (status: I64, write: Sem, after: Sem) => Sem;

const withClass: Finish = (status, write, after) => finishScalar(status, write, { after });
/** choice: FPRF, which is undefined, stays as it was. */
const withoutClass: Finish = (status, write, after) =>
  def(or(status, and(fpscr, i64(FPSCR.FPRF.mask))), (whole) => withClass(whole, write, after));
/** FPSCR stays. */
const plainly: Finish = (_, write, after) => [write, after];

const convert = (mnemonic: string, wide: boolean, row: Conversion): InsnRow => {
  const { form = 'X', XO, EO, names, operation, immediate = i32(0), finish = withClass } = row;
  const target = names.split(',').find((name) => /^(FR|VR)T/.test(name))!;
  const [a, b] = operandsOf(names);
  const isWide = target !== 'FRT';
  const write = (result: Halves): Sem =>
    target === 'VRT' ? setVr('VRT', vector(result.high, result.low)) : setNumber(target, result);
  return insn(
    mnemonic, form, { PO: wide ? QUAD_OPCODE : LONG_OPCODE, XO, ...(EO === undefined ? {} : { EO }) }, names,
    decimalProperties(names, row),
    decimalOperation(
      { name: operation, wide: isWide, control: decimalControl(wide, { immediate }) },
      [a, row.b ?? b],
      (result, status) => finish(status, write(result), row.records === false ? [] : recordFloat),
    ),
  ); // prettier-ignore
};

/** Instructions that name a VR need that facility too. */
const withVectors = (row: InsnRow): InsnRow => ({
  ...row,
  sem: [
    ...[when(eqz(and(resource('MSR'), i64(MSR.VEC.mask))), raise('vectorUnavailable'))].flat(),
    ...row.sem,
  ],
});
const V3_1 = { level: 'v3.1', records: false } as const;
const VRB: Halves = { high: dw0(vr('VRB')), low: dw1(vr('VRB')) };

const DIGITS = { operation: 'toDigits', XO: 322, immediate: field('SP'), finish: plainly } as const;
const FROM_DIGITS = { operation: 'fromDigits', XO: 834, immediate: field('S1') } as const;
const EXTRACT = { operation: 'extractExponent', XO: 354, finish: plainly } as const;
const INSERT = { operation: 'insertExponent', XO: 866, finish: plainly } as const;
const SHIFT = { form: 'Z22', immediate: field('SH16'), finish: plainly } as const;
const LEFT = { ...SHIFT, operation: 'shiftLeft', XO: 66 } as const;
const RIGHT = { ...SHIFT, operation: 'shiftRight', XO: 98 } as const;
const TO_INTEGER = { operation: 'toInteger', XO: 290, finish: withoutClass } as const;
const FROM_INTEGER = { operation: 'fromInteger', XO: 802 } as const;

export const DECIMAL_CONVERT_ROWS: readonly InsnRow[] = [
  convert('dctdp', false, { operation: 'widen', XO: 258, names: 'FRT,FRB' }),
  convert('dctqpq', true, { operation: 'widen', XO: 258, names: 'FRTp,FRB' }),
  convert('drsp', false, { operation: 'narrow', XO: 770, names: 'FRT,FRB' }),
  convert('drdpq', true, { operation: 'narrow', XO: 770, names: 'FRTp,FRBp' }),
  convert('dcffix', false, { ...FROM_INTEGER, names: 'FRT,FRB', level: 'v2.06' }),
  convert('dcffixq', true, { ...FROM_INTEGER, names: 'FRTp,FRB' }),
  convert('dctfix', false, { ...TO_INTEGER, names: 'FRT,FRB' }),
  convert('dctfixq', true, { ...TO_INTEGER, names: 'FRT,FRBp' }),
  withVectors(
    convert('dcffixqq', true, { ...V3_1, operation: 'fromWideInteger', EO: 0, XO: 994, names: 'FRTp,VRB', b: VRB }),
  ),
  withVectors(
    convert('dctfixqq', true, {
      ...V3_1, operation: 'toWideInteger', EO: 1, XO: 994, names: 'VRT,FRBp', finish: withoutClass,
    }),
  ),
  convert('ddedpd', false, { ...DIGITS, names: 'SP,FRT,FRB' }),
  convert('ddedpdq', true, { ...DIGITS, names: 'SP,FRTp,FRBp' }),
  convert('denbcd', false, { ...FROM_DIGITS, names: 'S1,FRT,FRB' }),
  convert('denbcdq', true, { ...FROM_DIGITS, names: 'S1,FRTp,FRBp' }),
  convert('dxex', false, { ...EXTRACT, names: 'FRT,FRB' }),
  convert('dxexq', true, { ...EXTRACT, names: 'FRT,FRBp' }),
  convert('diex', false, { ...INSERT, names: 'FRT,FRA,FRB' }),
  convert('diexq', true, { ...INSERT, names: 'FRTp,FRA,FRBp' }),
  convert('dscli', false, { ...LEFT, names: 'FRT,FRA,SH16' }),
  convert('dscliq', true, { ...LEFT, names: 'FRTp,FRAp,SH16' }),
  convert('dscri', false, { ...RIGHT, names: 'FRT,FRA,SH16' }),
  convert('dscriq', true, { ...RIGHT, names: 'FRTp,FRAp,SH16' }),
]; // prettier-ignore
