/** Decimal floating-point arithmetic, and the adjustment of exponents (Power ISA Book I, 5.6.1 and 5.6.4). */
import {
  decimalControl, decimalOperation, decimalRounding, DECIMAL_ROUND, type DecimalOperation,
} from '../vocabulary/decimal-float'; // prettier-ignore
import {
  decimalProperties, LONG_OPCODE, operandsOf, paired, QUAD_OPCODE, setNumber, type DecimalProperties,
} from '../vocabulary/decimal-row'; // prettier-ignore
import { add, eq, field, i32, select, type I32 } from '../vocabulary/expr';
import type { FormName } from '../vocabulary/forms';
import { finishScalar, recordFloat } from '../vocabulary/fpscr';
import { insn, type InsnRow } from '../vocabulary/row';

interface Arithmetic extends DecimalProperties {
  readonly form?: FormName;
  readonly XO: number;
  readonly names: string;
  readonly operation: DecimalOperation;
  /** Rounding mode and immediate of the control word. */
  readonly how?: { readonly round?: I32; readonly immediate?: I32 };
}
const arithmetic = (mnemonic: string, wide: boolean, row: Arithmetic): InsnRow => {
  const { form = 'X', XO, names, operation, how = {} } = row;
  const control = decimalControl(wide, how);
  return insn(
    mnemonic, form, { PO: wide ? QUAD_OPCODE : LONG_OPCODE, XO }, names, decimalProperties(names, row),
    decimalOperation({ name: operation, wide, control }, operandsOf(names), (result, status) =>
      finishScalar(status, setNumber(wide ? 'FRTp' : 'FRT', result), { after: recordFloat }),
    ),
  ); // prettier-ignore
};
/** The instruction for a register, and that for pairs. */
const both = (mnemonic: string, row: Arithmetic, quadNames = paired(row.names)): readonly InsnRow[] => [
  arithmetic(mnemonic, false, row),
  arithmetic(`${mnemonic}q`, true, { ...row, names: quadNames }),
];

const THREE = 'FRT,FRA,FRB';
const { NEAREST_EVEN, ZERO, UP, NEAREST_AWAY, AWAY, NEAREST_ZERO } = DECIMAL_ROUND;
const rmcIs = (value: number): I32 => eq(field('RMC'), i32(value));
/** RMC without R: to the nearest even, towards 0, to the nearest away from 0, FPSCR[DRN]. */
const byRmc = select(
  rmcIs(3),
  decimalRounding,
  select(rmcIs(2), i32(NEAREST_AWAY), select(rmcIs(1), i32(ZERO), i32(NEAREST_EVEN))),
);
/** With R=1: up, down, away from 0, to the nearest towards 0. */
const byRmc1 = select(rmcIs(3), i32(NEAREST_ZERO), select(rmcIs(2), i32(AWAY), add(field('RMC'), i32(UP))));
const byR = select(field('R'), byRmc1, byRmc);
const Z23 = { form: 'Z23', how: { round: byRmc } } as const;
const INTEGRAL = { form: 'Z23', names: 'R,FRT,FRB,RMC', how: { round: byR } } as const;

export const DECIMAL_ARITHMETIC_ROWS: readonly InsnRow[] = [
  ...both('dadd', { XO: 2, names: THREE, operation: 'sum' }),
  ...both('dsub', { XO: 514, names: THREE, operation: 'difference' }),
  ...both('dmul', { XO: 34, names: THREE, operation: 'product' }),
  ...both('ddiv', { XO: 546, names: THREE, operation: 'quotient', timing: 'vectorDivide' }),
  ...both('dqua', { ...Z23, XO: 3, names: 'FRT,FRA,FRB,RMC', operation: 'quantize' }),
  ...both('dquai', {
    ...Z23, XO: 67, names: 'TE,FRT,FRB,RMC', operation: 'quantizeTo',
    how: { round: byRmc, immediate: field('TE') },
  }),
  ...both('drrnd', { ...Z23, XO: 35, names: 'FRT,FRA,FRB,RMC', operation: 'reround' }, 'FRTp,FRA,FRBp,RMC'),
  ...both('drintx', { ...INTEGRAL, XO: 99, operation: 'integral' }),
  ...both('drintn', { ...INTEGRAL, XO: 227, operation: 'integralQuietly' }),
]; // prettier-ignore
