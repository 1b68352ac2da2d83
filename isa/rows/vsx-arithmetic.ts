/**
 * Vector-scalar arithmetic: the same operations on scalars and on vectors, of doubles and of singles (Power ISA Book I,
 * 7.6.3). Their extended opcodes differ by a constant for each kind.
 */
import { FPSCR, FPSCR_EXCEPTIONS } from '../registers/float';
import { and, i64, op, or, type I32, type I64 } from '../vocabulary/expr';
import {
  controlWith, FLOAT_CONTROL, floatAdd, floatDivide, floatMultiply, floatMultiplyAdd, floatSquareRoot, resultOf,
  statusOf, 
} from '../vocabulary/float-arithmetic'; // prettier-ignore
import type { FormName } from '../vocabulary/forms';
import { insn, type InsnRow, type IsaLevel, type TimingClass } from '../vocabulary/row';
import { def, type Sem } from '../vocabulary/stmt';
import { dw0, type Vector } from '../vocabulary/vector';
import {
  A, B, doublewords, elementwise, scalar, singles, T, toDoublewords, toSingles, vsxProperties, type Computed,
} from '../vocabulary/vsx-float'; // prettier-ignore

const { SINGLE, NEGATE_ADDEND, NEGATE_RESULT } = FLOAT_CONTROL;

/** An operation on numbers in double format, under a control word; `operands` is the format that the operands have. */
type Operation = (values: readonly I64[], control: I32, operands: number) => Computed;
/** What an instruction does with its registers. */
type Registers = (operation: Operation, registers: readonly Vector[], bits: number) => Sem;
interface Kind {
  readonly prefix: 'xs' | 'xv';
  readonly suffix: 'dp' | 'sp';
  readonly opcode: number;
  readonly level: IsaLevel;
  readonly apply: Registers;
}
const ofScalars =
  (format: number): Registers =>
  (operation, registers, bits) =>
    scalar(operation(registers.map(dw0), controlWith(bits | format), 0));
const ofDoubles: Registers = (operation, registers, bits) =>
  elementwise(registers.map(doublewords), (...x) => operation(x, controlWith(bits), 0), toDoublewords);
const ofSingles: Registers = (operation, registers, bits) =>
  elementwise(registers.map(singles), (...x) => operation(x, controlWith(bits | SINGLE), SINGLE), toSingles);
const KINDS: readonly Kind[] = [
  { prefix: 'xs', suffix: 'sp', opcode: 0, level: 'v2.07', apply: ofScalars(SINGLE) },
  { prefix: 'xs', suffix: 'dp', opcode: 32, level: 'v2.06', apply: ofScalars(0) },
  { prefix: 'xv', suffix: 'sp', opcode: 64, level: 'v2.06', apply: ofSingles },
  { prefix: 'xv', suffix: 'dp', opcode: 96, level: 'v2.06', apply: ofDoubles },
];

interface Instructions {
  readonly name: string;
  readonly XO: number;
  readonly timing: TimingClass;
  readonly operation: Operation;
  readonly registers?: readonly Vector[];
  readonly bits?: number;
}
/** XX2-form has one more bit of opcode. */
const FORM = {
  XX2: { operands: 'XT,XB', scale: 2 },
  XX3: { operands: 'XT,XA,XB', scale: 1 },
} as const satisfies Partial<Record<FormName, object>>;

const every = (form: keyof typeof FORM, o: Instructions): InsnRow[] =>
  KINDS.map(({ prefix, suffix, opcode, level, apply }) =>
    insn(
      `${prefix}${o.name}${suffix}`, form, { PO: 60, XO: FORM[form].scale * opcode + o.XO }, FORM[form].operands,
      vsxProperties(level, o.timing),
      apply(o.operation, o.registers ?? (form === 'XX2' ? [B] : [A, B]), o.bits ?? 0),
    ),
  ); // prettier-ignore

/** The first operand is multiplied by the second, the third is added; NaNs count in the order first, third, second. */
const fused: Operation = ([a, b, c], control) => floatMultiplyAdd(a!, b!, { addend: c!, control });
/** The target is the addend of A-forms, and a factor of M-forms. */
const multiplyAdd = (name: string, XO: number, bits: number): InsnRow[] => [
  ...every('XX3', { name: `${name}a`, XO, timing: 'vectorFloat', operation: fused, registers: [A, B, T], bits }),
  ...every('XX3', { name: `${name}m`, XO: XO + 8, timing: 'vectorFloat', operation: fused, registers: [A, T, B], bits }),
]; // prettier-ignore

const ONE = i64(0x3ffn << 52n);
/** choice: estimates are the quotients themselves, with their exceptions, as in QEMU. */
const reciprocal: Operation = ([b], control) => floatDivide(ONE, b!, control);
/** Square root and quotient are rounded both, the root to the operand's format; of its status exceptions and FI count, as in QEMU. */
const reciprocalRoot: Operation =
  ([b], control, operands) =>
  (body) =>
    def(floatSquareRoot(b!, controlWith(operands)), (root) =>
      def(floatDivide(ONE, resultOf(root), control), (quotient) => {
        const status = or(and(statusOf(root), i64(FPSCR_EXCEPTIONS | FPSCR.FI.mask)), statusOf(quotient));
        return def(op<'v128'>('v128.withDw1', quotient, status), body);
      }),
    );

const FLOAT = 'vectorFloat';
const SLOW = 'vectorDivide';
export const VSX_ARITHMETIC_ROWS: readonly InsnRow[] = [
  ...every('XX3', { name: 'add', XO: 0, timing: FLOAT, operation: ([a, b], c) => floatAdd(a!, b!, c) }),
  ...every('XX3', {
    name: 'sub', XO: 8, timing: FLOAT, operation: ([a, b], c) => floatAdd(a!, b!, c), bits: NEGATE_ADDEND,
  }),
  ...every('XX3', { name: 'mul', XO: 16, timing: FLOAT, operation: ([a, b], c) => floatMultiply(a!, b!, c) }),
  ...every('XX3', { name: 'div', XO: 24, timing: SLOW, operation: ([a, b], c) => floatDivide(a!, b!, c) }),
  ...every('XX2', { name: 'sqrt', XO: 11, timing: SLOW, operation: ([b], c) => floatSquareRoot(b!, c) }),
  ...every('XX2', { name: 're', XO: 26, timing: FLOAT, operation: reciprocal }),
  ...every('XX2', { name: 'rsqrte', XO: 10, timing: FLOAT, operation: reciprocalRoot }),
  ...multiplyAdd('madd', 1, 0),
  ...multiplyAdd('msub', 17, NEGATE_ADDEND),
  ...multiplyAdd('nmadd', 129, NEGATE_RESULT),
  ...multiplyAdd('nmsub', 145, NEGATE_ADDEND | NEGATE_RESULT),
]; // prettier-ignore
