/** The instruction set: every row, in the manual's order, and the instructions that the rows stand for. */
import { BRANCH_ROWS } from './rows/branch';
import { COMPARE_ROWS } from './rows/compare';
import { FIXED_ARITHMETIC_ROWS } from './rows/fixed-arithmetic';
import { LOGICAL_ROWS } from './rows/logical';
import { ROTATE_SHIFT_ROWS } from './rows/rotate-shift';
import { LOAD_ROWS } from './rows/load';
import { STORE_ROWS } from './rows/store';
import { SYSTEM_CALL_ROWS } from './rows/system-call';
import { RETURN_ROWS } from './rows/return-from-interrupt';
import { SYNC_ROWS } from './rows/sync';
import { expand, type InsnRow, type Instruction } from './vocabulary/row';

export const ROWS: readonly InsnRow[] = [
  ...BRANCH_ROWS,
  ...FIXED_ARITHMETIC_ROWS,
  ...COMPARE_ROWS,
  ...LOGICAL_ROWS,
  ...ROTATE_SHIFT_ROWS,
  ...LOAD_ROWS,
  ...STORE_ROWS,
  ...SYSTEM_CALL_ROWS,
  ...RETURN_ROWS,
  ...SYNC_ROWS,
];

/** Every variant of every row: what decoders match and engines execute. */
export const INSTRUCTIONS: readonly Instruction[] = ROWS.flatMap(expand);
