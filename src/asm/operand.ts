/**
 * What an operand is: how its value is written and how it maps to the field's bits. Values are JavaScript numbers:
 * the widest operand has 34 bits.
 */
import { fieldBits, type FormName } from '../../isa/vocabulary/forms';
import { fieldWidth } from '../../isa/vocabulary/field-bits';

/** How the value is written. */
export type OperandClass =
  | 'gpr'
  /** A register that is written `0` where it is register 0: (RA|0). */
  | 'gprOrZero'
  | 'fpr'
  | 'vr'
  | 'vsr'
  | 'crField'
  | 'crBit'
  | 'spr'
  | 'number'
  /** A branch target, encoded as the distance from the instruction or as address. */
  | 'relative'
  | 'absolute';

export interface OperandKind {
  readonly class: OperandClass;
  /** Of the field, in bits. */
  readonly width: number;
  readonly signed: boolean;
  /** value = field * scale + offset */
  readonly scale: number;
  readonly offset: number;
  /** True where GNU as takes the signed and the unsigned spelling of the same bits: addis, lis, cmplwi. */
  readonly eitherSign: boolean;
  /** True where the field's 0 stands for 2^width: NB. */
  readonly zeroIsFull: boolean;
}

const GPR_FIELDS = new Set(['RT', 'RS', 'RA', 'RB', 'RC', 'RTp', 'RSp']);
const FPR_FIELDS = new Set(['FRT', 'FRS', 'FRA', 'FRB', 'FRC', 'FRTp', 'FRAp', 'FRBp']);
const VR_FIELDS = new Set(['VRT', 'VRS', 'VRA', 'VRB', 'VRC']);
const VSR_FIELDS = new Set(['XT', 'XS', 'XA', 'XB', 'XC', 'XTp', 'XSp']);
const CR_FIELDS = new Set(['BF', 'BFA']);
const CR_BITS = new Set(['BT', 'BA', 'BB', 'BI', 'BC']);
const SIGNED = new Set(['SI', 'SIM', 'D', 'DS', 'DQ', 'LI', 'BD', 'TE']);
const SCALES: Readonly<Record<string, number>> = { DS: 4, DQ: 16, LI: 4, BD: 4, HD: 8, XTp: 2, XSp: 2 };
/** hashst and hashchk: the displacement's sign bit is fixed, so the field counts up from -512. */
const OFFSETS: Readonly<Record<string, number>> = { HD: -512 };
const CR_FIELD_WIDTH = 3;

function classOf(name: string, absolute: boolean): OperandClass {
  if (GPR_FIELDS.has(name)) return 'gpr';
  if (FPR_FIELDS.has(name)) return 'fpr';
  if (VR_FIELDS.has(name)) return 'vr';
  if (VSR_FIELDS.has(name)) return 'vsr';
  if (CR_FIELDS.has(name)) return 'crField';
  if (CR_BITS.has(name)) return 'crBit';
  if (name === 'SPR') return 'spr';
  if (name === 'LI' || name === 'BD') return absolute ? 'absolute' : 'relative';
  return 'number';
}

/** The kind of a field of a form. `absolute`: branch targets are addresses (AA=1). */
export const kindOf = (form: FormName, name: string, { absolute = false } = {}): OperandKind => ({
  class: classOf(name, absolute),
  width: fieldWidth(fieldBits(form, name)),
  signed: SIGNED.has(name),
  scale: SCALES[name] ?? 1,
  offset: OFFSETS[name] ?? 0,
  eitherSign: false,
  zeroIsFull: name === 'NB',
});

const REGISTER_WIDTH = 5;
const VARIABLE_WIDTH: Partial<Record<OperandClass, number>> = {
  crField: CR_FIELD_WIDTH,
  fpr: REGISTER_WIDTH,
  vr: REGISTER_WIDTH,
};
const NUMBER_WIDTH = 36;

/** The kind of an operand that is no field of its own: BF of a branch condition, a register, or a plain number. */
export function variableKind(name: string): OperandKind {
  const named = classOf(name, false);
  const width = VARIABLE_WIDTH[named];
  return {
    class: width === undefined ? 'number' : named,
    width: width ?? NUMBER_WIDTH,
    signed: width === undefined,
    scale: 1,
    offset: 0,
    eitherSign: false,
    zeroIsFull: false,
  };
}

/** Least and greatest value of a kind. */
export function rangeOf(kind: OperandKind): readonly [least: number, most: number] {
  const span = 2 ** kind.width;
  if (kind.zeroIsFull) return [0, span];
  if (kind.eitherSign) return [-span / 2, span - 1];
  const least = kind.signed ? -span / 2 : 0;
  const most = least + span - 1;
  return [least * kind.scale + kind.offset, most * kind.scale + kind.offset];
}

/** The operand's value from the field's bits. */
export function valueOf(kind: OperandKind, raw: number): number {
  const span = 2 ** kind.width;
  if (kind.zeroIsFull && raw === 0) return span;
  const signed = kind.signed && raw >= span / 2 ? raw - span : raw;
  return signed * kind.scale + kind.offset;
}

/** The field's bits from a value, or what was expected. */
export function rawOf(kind: OperandKind, value: number): number | string {
  const [least, most] = rangeOf(kind);
  if (value < least || value > most) return `${least} to ${most}`;
  const steps = (value - kind.offset) / kind.scale;
  if (!Number.isInteger(steps)) return `a multiple of ${kind.scale}`;
  const span = 2 ** kind.width;
  return ((steps % span) + span) % span;
}
