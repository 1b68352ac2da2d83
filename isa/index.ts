/** The instruction set: every row, in the manual's order, and the instructions that the rows stand for. */
import { BRANCH_ROWS } from './rows/branch';
import { COMPARE_ROWS } from './rows/compare';
import { FIXED_ARITHMETIC_ROWS } from './rows/fixed-arithmetic';
import { LOGICAL_ROWS } from './rows/logical';
import { ROTATE_SHIFT_ROWS } from './rows/rotate-shift';
import { expand, type InsnRow, type Instruction } from './vocabulary/row';

export const ROWS: readonly InsnRow[] = [
  ...BRANCH_ROWS,
  ...FIXED_ARITHMETIC_ROWS,
  ...COMPARE_ROWS,
  ...LOGICAL_ROWS,
  ...ROTATE_SHIFT_ROWS,
];

/** Every variant of every row: what decoders match and engines execute. */
export const INSTRUCTIONS: readonly Instruction[] = ROWS.flatMap(expand);
