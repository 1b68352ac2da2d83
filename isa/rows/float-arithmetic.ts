/** Floating-point arithmetic, estimates and selection (Power ISA Book I, 4.6.6 and 4.6.9). */
import { and, i64, leU, or, select, shl, type I32, type I64 } from '../vocabulary/expr';
import { fpr, setFpr } from '../vocabulary/float';
import {
  controlWith, FLOAT_CONTROL, floatAdd, floatDivide, floatMultiply, floatMultiplyAdd, floatSquareRoot, resultOf,
  statusOf, type FloatResult,
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import { finishScalar, recordFloat } from '../vocabulary/fpscr';
import { FPSCR, FPSCR_EXCEPTIONS } from '../registers/float';
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

/** Writes a result by its status. */
const finish = (status: I64, result: FloatResult): Sem =>
  def(status, (s) => finishScalar(s, setFpr('FRT', resultOf(result)), { after: recordFloat }));
const arithmetic = (value: FloatResult): Sem => def(value, (r) => finish(statusOf(r), r));

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

const ONE = i64(0x3ffn << 52n);
const OF_ROOT = FPSCR_EXCEPTIONS | FPSCR.FI.mask;
/** choice: estimates are the quotients themselves, with their FR, FI and XX, as in QEMU. */
const reciprocal = (control: I32): Sem => arithmetic(floatDivide(ONE, b, control));
/** Square root and quotient are rounded both; exceptions and FI of the root join the quotient's status. */
const reciprocalRoot = (control: I32): Sem =>
  def(floatSquareRoot(b, controlWith(0)), (root) =>
    def(floatDivide(ONE, resultOf(root), control), (r) =>
      finish(or(and(statusOf(root), i64(OF_ROOT)), statusOf(r)), r),
    ),
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
  ...both('fre', { XO: 24, operands: 'FRB', timing: 'float', levels: ['v2.02', 'PPC'] }, reciprocal),
  ...both('frsqrte', { XO: 26, operands: 'FRB', timing: 'float', levels: ['PPC', 'v2.02'] }, reciprocalRoot),
  ...fused('fmadd', 29, 0),
  ...fused('fmsub', 28, NEGATE_ADDEND),
  ...fused('fnmadd', 31, NEGATE_RESULT),
  ...fused('fnmsub', 30, NEGATE_ADDEND | NEGATE_RESULT),
  insn('fsel', 'A', { PO: DOUBLE_OPCODE, XO: 23 }, 'FRT,FRA,FRC,FRB', properties('PPC', 'floatMove'), [
    setFpr('FRT', select(notBelowZero, c, b)), recordFloat,
  ]),
]; // prettier-ignore
