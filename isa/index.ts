/** The instruction set: every row, in the manual's order, and the instructions that the rows stand for. */
import { BCD_ASSIST_ROWS } from './rows/bcd-assist';
import { CONDITION_REGISTER_ROWS } from './rows/condition-register';
import { COUNT_BITS_ROWS } from './rows/count-bits';
import { MULTIPLY_DIVIDE_ROWS } from './rows/multiply-divide';
import { PREFIXED_ARITHMETIC_ROWS } from './rows/prefixed-arithmetic';
import { SPR_MOVE_ROWS } from './rows/spr-move';
import { TRAP_ROWS } from './rows/trap';
import { BRANCH_ROWS } from './rows/branch';
import { FLOAT_ARITHMETIC_ROWS } from './rows/float-arithmetic';
import { FLOAT_COMPARE_ROWS } from './rows/float-compare';
import { FLOAT_CONVERT_ROWS } from './rows/float-convert';
import { FLOAT_LOAD_STORE_ROWS } from './rows/float-load-store';
import { FLOAT_MOVE_ROWS } from './rows/float-move';
import { VECTOR_ADD_SUBTRACT_ROWS } from './rows/vector-add-subtract';
import { VECTOR_INTEGER_ROWS } from './rows/vector-integer';
import { VECTOR_MULTIPLY_ROWS } from './rows/vector-multiply';
import { VECTOR_MULTIPLY_SUM_ROWS } from './rows/vector-multiply-sum';
import { VECTOR_SHIFT_ROWS } from './rows/vector-shift';
import { VECTOR_PACK_ROWS } from './rows/vector-pack';
import { VECTOR_ELEMENT_ROWS } from './rows/vector-element';
import { VECTOR_BITS_ROWS } from './rows/vector-bits';
import { VECTOR_MASK_ROWS } from './rows/vector-mask';
import { VECTOR_DIVIDE_ROWS } from './rows/vector-divide';
import { VECTOR_CRYPTO_ROWS } from './rows/vector-crypto';
import { VECTOR_BCD_ROWS } from './rows/vector-bcd';
import { VECTOR_BCD_CONVERT_ROWS } from './rows/vector-bcd-convert';
import { VECTOR_FLOAT_ROWS } from './rows/vector-float';
import { VECTOR_COMPARE_ROWS } from './rows/vector-compare';
import { VECTOR_LOAD_STORE_ROWS } from './rows/vector-load-store';
import { VECTOR_MOVE_ROWS } from './rows/vector-move';
import { VSX_LOAD_STORE_ROWS } from './rows/vsx-load-store';
import { VSX_LENGTH_ROWS } from './rows/vsx-load-store-length';
import { VSX_PAIR_ROWS } from './rows/vsx-load-store-pair';
import { VSX_SCALAR_LOAD_STORE_ROWS } from './rows/vsx-scalar-load-store';
import { VSX_MOVE_ROWS } from './rows/vsx-move';
import { VSX_EXPONENT_ROWS } from './rows/vsx-exponent';
import { VSX_GENERATE_CONTROL_ROWS } from './rows/vsx-generate-control';
import { VSX_PERMUTE_ROWS } from './rows/vsx-permute';
import { VSX_PREFIXED_PERMUTE_ROWS } from './rows/vsx-prefixed-permute';
import { VSX_TEST_CLASS_ROWS } from './rows/vsx-test-class';
import { VSX_ARITHMETIC_ROWS } from './rows/vsx-arithmetic';
import { VSX_COMPARE_ROWS } from './rows/vsx-compare';
import { VSX_ROUND_CONVERT_ROWS } from './rows/vsx-round-convert';
import { VSX_TEST_DIVIDE_ROWS } from './rows/vsx-test-divide';
import { VSX_HALF_ROWS } from './rows/vsx-half';
import { VSX_QUAD_ROWS } from './rows/vsx-quad';
import { DECIMAL_ARITHMETIC_ROWS } from './rows/decimal-arithmetic';
import { DECIMAL_CONVERT_ROWS } from './rows/decimal-convert';
import { DECIMAL_TEST_ROWS } from './rows/decimal-test';
import { VSX_QUAD_COMPARE_ROWS } from './rows/vsx-quad-compare';
import { VSX_PREFIXED_LOAD_STORE_ROWS } from './rows/vsx-prefixed-load-store';
import { COMPARE_ROWS } from './rows/compare';
import { FIXED_ARITHMETIC_ROWS } from './rows/fixed-arithmetic';
import { LOGICAL_ROWS } from './rows/logical';
import { ROTATE_SHIFT_ROWS } from './rows/rotate-shift';
import { LOAD_ROWS } from './rows/load';
import { STORE_ROWS } from './rows/store';
import { SYSTEM_CALL_ROWS } from './rows/system-call';
import { RETURN_ROWS } from './rows/return-from-interrupt';
import { SYNC_ROWS } from './rows/sync';
import { QUAD_ROWS } from './rows/quad';
import { LOAD_STORE_MULTIPLE_ROWS } from './rows/load-store-multiple';
import { PREFIXED_LOAD_STORE_ROWS } from './rows/prefixed-load-store';
import { INHIBITED_ROWS } from './rows/inhibited';
import { LOAD_RESERVE_ROWS } from './rows/load-reserve';
import { ATOMIC_MEMORY_ROWS } from './rows/atomic-memory';
import { COPY_PASTE_ROWS } from './rows/copy-paste';
import { CACHE_ROWS } from './rows/cache';
import { HASH_ROWS } from './rows/hash';
import { BHRB_ROWS } from './rows/bhrb';
import { SLB_TLB_ROWS } from './rows/slb-tlb';
import { MESSAGE_ROWS } from './rows/messages';
import { POWER_ROWS } from './rows/power';
import { ATTN_ROWS } from './rows/attn';
import { expand, type InsnRow, type Instruction } from './vocabulary/row';

export const ROWS: readonly InsnRow[] = [
  ...BRANCH_ROWS,
  ...CONDITION_REGISTER_ROWS,
  ...FIXED_ARITHMETIC_ROWS,
  ...MULTIPLY_DIVIDE_ROWS,
  ...COMPARE_ROWS,
  ...TRAP_ROWS,
  ...LOGICAL_ROWS,
  ...COUNT_BITS_ROWS,
  ...ROTATE_SHIFT_ROWS,
  ...BCD_ASSIST_ROWS,
  ...SPR_MOVE_ROWS,
  ...PREFIXED_ARITHMETIC_ROWS,
  ...LOAD_ROWS,
  ...STORE_ROWS,
  ...FLOAT_LOAD_STORE_ROWS,
  ...FLOAT_MOVE_ROWS,
  ...FLOAT_ARITHMETIC_ROWS,
  ...FLOAT_CONVERT_ROWS,
  ...FLOAT_COMPARE_ROWS,
  ...VECTOR_LOAD_STORE_ROWS,
  ...VECTOR_MOVE_ROWS,
  ...VECTOR_COMPARE_ROWS,
  ...VECTOR_ADD_SUBTRACT_ROWS,
  ...VECTOR_INTEGER_ROWS,
  ...VECTOR_MULTIPLY_ROWS,
  ...VECTOR_MULTIPLY_SUM_ROWS,
  ...VECTOR_SHIFT_ROWS,
  ...VECTOR_PACK_ROWS,
  ...VECTOR_ELEMENT_ROWS,
  ...VECTOR_BITS_ROWS,
  ...VECTOR_MASK_ROWS,
  ...VECTOR_DIVIDE_ROWS,
  ...VECTOR_CRYPTO_ROWS,
  ...VECTOR_BCD_ROWS,
  ...VECTOR_BCD_CONVERT_ROWS,
  ...VECTOR_FLOAT_ROWS,
  ...VSX_LOAD_STORE_ROWS,
  ...VSX_SCALAR_LOAD_STORE_ROWS,
  ...VSX_LENGTH_ROWS,
  ...VSX_PAIR_ROWS,
  ...VSX_PREFIXED_LOAD_STORE_ROWS,
  ...VSX_MOVE_ROWS,
  ...VSX_PERMUTE_ROWS,
  ...VSX_GENERATE_CONTROL_ROWS,
  ...VSX_PREFIXED_PERMUTE_ROWS,
  ...VSX_EXPONENT_ROWS,
  ...VSX_TEST_CLASS_ROWS,
  ...VSX_ARITHMETIC_ROWS,
  ...VSX_COMPARE_ROWS,
  ...VSX_ROUND_CONVERT_ROWS,
  ...VSX_TEST_DIVIDE_ROWS,
  ...VSX_HALF_ROWS,
  ...VSX_QUAD_ROWS,
  ...VSX_QUAD_COMPARE_ROWS,
  ...DECIMAL_ARITHMETIC_ROWS,
  ...DECIMAL_TEST_ROWS,
  ...DECIMAL_CONVERT_ROWS,
  ...SYSTEM_CALL_ROWS,
  ...RETURN_ROWS,
  ...SYNC_ROWS,
  ...QUAD_ROWS,
  ...LOAD_STORE_MULTIPLE_ROWS,
  ...PREFIXED_LOAD_STORE_ROWS,
  ...INHIBITED_ROWS,
  ...LOAD_RESERVE_ROWS,
  ...ATOMIC_MEMORY_ROWS,
  ...COPY_PASTE_ROWS,
  ...CACHE_ROWS,
  ...HASH_ROWS,
  ...BHRB_ROWS,
  ...SLB_TLB_ROWS,
  ...MESSAGE_ROWS,
  ...POWER_ROWS,
  ...ATTN_ROWS,
];

/** Every variant of every row: what decoders match and engines execute. */
export const INSTRUCTIONS: readonly Instruction[] = ROWS.flatMap(expand);
