/** The instruction set: every row, in the manual's order, and the instructions that the rows stand for. */
import { BRANCH_ROWS } from './rows/branch';
import { expand, type InsnRow, type Instruction } from './vocabulary/row';

export const ROWS: readonly InsnRow[] = [...BRANCH_ROWS];

/** Every variant of every row: what decoders match and engines execute. */
export const INSTRUCTIONS: readonly Instruction[] = ROWS.flatMap(expand);
