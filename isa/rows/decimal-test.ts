/** Decimal floating-point comparisons and tests (Power ISA Book I, 5.6.2 and 5.6.3). */
import {
  decimalControl,
  decimalOperation,
  type DecimalOperation,
  type Halves,
} from '../vocabulary/decimal-float';
import { decimalProperties, LONG_OPCODE, operandsOf, paired, QUAD_OPCODE } from '../vocabulary/decimal-row';
import { and, extendU, field, i32, i64, wrap, type I32 } from '../vocabulary/expr';
import type { FormName } from '../vocabulary/forms';
import { finishComparison } from '../vocabulary/fpscr';
import { insn, type InsnRow, type IsaLevel } from '../vocabulary/row';
import { setCrField } from '../vocabulary/stmt';

interface Test {
  readonly form?: FormName;
  readonly XO: number;
  readonly names: string;
  readonly operation: DecimalOperation;
  readonly immediate?: I32;
  /** The first operand, where it is no register. */
  readonly reference?: I32;
  readonly level?: IsaLevel;
}
/** What a CR field holds. */
const CR_FIELD = 0b1111;

const test = (mnemonic: string, wide: boolean, row: Test): InsnRow => {
  const { form = 'X', XO, names, operation, immediate = i32(0), reference, level = 'v2.05' } = row;
  const [a, b] = operandsOf(names);
  const first: Halves = reference ? { high: i64(0), low: extendU(reference) } : a;
  const control = decimalControl(wide, { immediate });
  return insn(
    mnemonic, form, { PO: wide ? QUAD_OPCODE : LONG_OPCODE, XO }, names,
    decimalProperties(names, { level, records: false }),
    decimalOperation({ name: operation, wide: false, control }, [first, b], ({ low }, status) =>
      finishComparison(status, setCrField('BF', and(wrap(low), i32(CR_FIELD)))),
    ),
  ); // prettier-ignore
};
const both = (mnemonic: string, row: Test, quadNames = paired(row.names)): readonly InsnRow[] => [
  test(mnemonic, false, row),
  test(`${mnemonic}q`, true, { ...row, names: quadNames }),
];

const TWO = 'BF,FRA,FRB';
export const DECIMAL_TEST_ROWS: readonly InsnRow[] = [
  ...both('dcmpo', { XO: 130, names: TWO, operation: 'compareOrdered' }),
  ...both('dcmpu', { XO: 642, names: TWO, operation: 'compareUnordered' }),
  ...both('dtstdc', { form: 'Z22', XO: 194, names: 'BF,FRA,DCM', operation: 'testClass', immediate: field('DCM') }),
  ...both('dtstdg', { form: 'Z22', XO: 226, names: 'BF,FRA,DGM', operation: 'testGroup', immediate: field('DGM') }),
  ...both('dtstex', { XO: 162, names: TWO, operation: 'testExponent' }),
  ...both('dtstsf', { XO: 674, names: TWO, operation: 'testSignificance' }, 'BF,FRA,FRBp'),
  ...both('dtstsfi', {
    XO: 675, names: 'BF,UIM,FRB', operation: 'testSignificance', reference: field('UIM'), level: 'v3.0',
  }),
]; // prettier-ignore
