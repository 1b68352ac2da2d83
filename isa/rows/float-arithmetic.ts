/** Floating-point arithmetic, estimates and selection (Power ISA Book I, 4.6.6 and 4.6.9). */
import { i64, leU, or, select, shl, type I32 } from '../vocabulary/expr';
import { fpr, setFpr } from '../vocabulary/float';
import {
  controlWith, FLOAT_CONTROL, floatAdd, floatDivide, floatMultiply, floatMultiplyAdd, floatReciprocal, floatReciprocalRoot, floatSquareRoot, resultOf,
  statusOf, type FloatResult,
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import { finishScalar, recordFloat } from '../vocabulary/fpscr';
import { insn, type InsnRow, type IsaLevel, type RowProperties, type TimingClass } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';

const { SINGLE, NEGATE_ADDEND, NEGATE_RESULT } = FLOAT_CONTROL;
const [a, b, c] = [fpr('FRA'), fpr('FRB'), fpr('FRC')];

const properties = (level: IsaLevel, timing: TimingClass): RowProperties => ({
  level,
  feature: 'float',
  facility: 'FP',
  timing,
  suffixes: ['Rc'],
});

const arithmetic = (value: FloatResult): Sem =>
  def(value, (r) => finishScalar(statusOf(r), setFpr('FRT', resultOf(r)), { after: recordFloat }));

interface Operation {
  readonly XO: number;
  readonly operands: string;
  readonly timing: TimingClass;
  /** First levels of the form for doubles and of the one for singles. */
  readonly levels: readonly [IsaLevel, IsaLevel];
}
const DOUBLE_OPCODE = 63;
const SINGLE_OPCODE = 59;

/** An instruction and the one that rounds to single. @param sem by the control word of the format */
const both = (name: string, o: Operation, sem: (control: I32) => Sem, bits = 0): InsnRow[] => {
  const { XO, timing, levels } = o;
  const operands = `FRT,${o.operands}`;
  const [double, single] = [controlWith(bits), controlWith(bits | SINGLE)];
  return [
    insn(name, 'A', { PO: DOUBLE_OPCODE, XO }, operands, properties(levels[0], timing), sem(double)),
    insn(`${name}s`, 'A', { PO: SINGLE_OPCODE, XO }, operands, properties(levels[1], timing), sem(single)),
  ];
};

const EARLY = ['P1', 'PPC'] as const;
const sum: Omit<Operation, 'XO'> = { operands: 'FRA,FRB', timing: 'float', levels: EARLY };
const fused = (name: string, XO: number, bits: number): InsnRow[] =>
  both(
    name,
    { XO, operands: 'FRA,FRC,FRB', timing: 'floatMultiplyAdd', levels: EARLY },
    (control) => arithmetic(floatMultiplyAdd(a, c, { addend: b, control })),
    bits,
  );

/** FRC where FRA is zero of any sign or above, FRB where it is below or a NaN. */
const INFINITY = i64(0x7ffn << 52n);
const notBelowZero: I32 = or(leU(a, INFINITY), leU(shl(a, i64(1)), i64(0)));

export const FLOAT_ARITHMETIC_ROWS: readonly InsnRow[] = [
  ...both('fadd', { ...sum, XO: 21 }, (control) => arithmetic(floatAdd(a, b, control))),
  ...both('fsub', { ...sum, XO: 20 }, (control) => arithmetic(floatAdd(a, b, control)), NEGATE_ADDEND),
  ...both(
    'fmul', { XO: 25, operands: 'FRA,FRC', timing: 'floatMultiply', levels: EARLY },
    (control) => arithmetic(floatMultiply(a, c, control)),
  ),
  ...both(
    'fdiv', { XO: 18, operands: 'FRA,FRB', timing: 'floatDivide', levels: EARLY },
    (control) => arithmetic(floatDivide(a, b, control)),
  ),
  ...both(
    'fsqrt', { XO: 22, operands: 'FRB', timing: 'floatSquareRoot', levels: ['P2', 'PPC'] },
    (control) => arithmetic(floatSquareRoot(b, control)),
  ),
  ...both('fre', { XO: 24, operands: 'FRB', timing: 'float', levels: ['v2.02', 'PPC'] },
    (control) => arithmetic(floatReciprocal(b, control))),
  ...both('frsqrte', { XO: 26, operands: 'FRB', timing: 'float', levels: ['PPC', 'v2.02'] },
    (control) => arithmetic(floatReciprocalRoot(b, control))),
  ...fused('fmadd', 29, 0),
  ...fused('fmsub', 28, NEGATE_ADDEND),
  ...fused('fnmadd', 31, NEGATE_RESULT),
  ...fused('fnmsub', 30, NEGATE_ADDEND | NEGATE_RESULT),
  insn('fsel', 'A', { PO: DOUBLE_OPCODE, XO: 23 }, 'FRT,FRA,FRC,FRB', properties('PPC', 'floatMove'), [
    setFpr('FRT', select(notBelowZero, c, b)), recordFloat,
  ]),
]; // prettier-ignore
