/** The page that lists every instruction there is, generated from the rows (docs/isa-coverage.md). */
import { EXTENDED } from '../../isa/extended';
import { INSTRUCTIONS, ROWS } from '../../isa/index';
import { ATOMIC_MEMORY_ROWS } from '../../isa/rows/atomic-memory';
import { ATTN_ROWS } from '../../isa/rows/attn';
import { BCD_ASSIST_ROWS } from '../../isa/rows/bcd-assist';
import { BHRB_ROWS } from '../../isa/rows/bhrb';
import { BRANCH_ROWS } from '../../isa/rows/branch';
import { CACHE_ROWS } from '../../isa/rows/cache';
import { COMPARE_ROWS } from '../../isa/rows/compare';
import { CONDITION_REGISTER_ROWS } from '../../isa/rows/condition-register';
import { COPY_PASTE_ROWS } from '../../isa/rows/copy-paste';
import { COUNT_BITS_ROWS } from '../../isa/rows/count-bits';
import { FIXED_ARITHMETIC_ROWS } from '../../isa/rows/fixed-arithmetic';
import { FLOAT_ARITHMETIC_ROWS } from '../../isa/rows/float-arithmetic';
import { FLOAT_COMPARE_ROWS } from '../../isa/rows/float-compare';
import { FLOAT_CONVERT_ROWS } from '../../isa/rows/float-convert';
import { FLOAT_LOAD_STORE_ROWS } from '../../isa/rows/float-load-store';
import { FLOAT_MOVE_ROWS } from '../../isa/rows/float-move';
import { VECTOR_ADD_SUBTRACT_ROWS } from '../../isa/rows/vector-add-subtract';
import { VECTOR_INTEGER_ROWS } from '../../isa/rows/vector-integer';
import { VECTOR_MULTIPLY_ROWS } from '../../isa/rows/vector-multiply';
import { VECTOR_MULTIPLY_SUM_ROWS } from '../../isa/rows/vector-multiply-sum';
import { VECTOR_SHIFT_ROWS } from '../../isa/rows/vector-shift';
import { VECTOR_PACK_ROWS } from '../../isa/rows/vector-pack';
import { VECTOR_ELEMENT_ROWS } from '../../isa/rows/vector-element';
import { VECTOR_BITS_ROWS } from '../../isa/rows/vector-bits';
import { VECTOR_MASK_ROWS } from '../../isa/rows/vector-mask';
import { VECTOR_DIVIDE_ROWS } from '../../isa/rows/vector-divide';
import { VECTOR_CRYPTO_ROWS } from '../../isa/rows/vector-crypto';
import { VECTOR_BCD_ROWS } from '../../isa/rows/vector-bcd';
import { VECTOR_BCD_CONVERT_ROWS } from '../../isa/rows/vector-bcd-convert';
import { VECTOR_FLOAT_ROWS } from '../../isa/rows/vector-float';
import { VECTOR_COMPARE_ROWS } from '../../isa/rows/vector-compare';
import { VECTOR_LOAD_STORE_ROWS } from '../../isa/rows/vector-load-store';
import { VECTOR_MOVE_ROWS } from '../../isa/rows/vector-move';
import { VSX_LOAD_STORE_ROWS } from '../../isa/rows/vsx-load-store';
import { VSX_LENGTH_ROWS } from '../../isa/rows/vsx-load-store-length';
import { VSX_PAIR_ROWS } from '../../isa/rows/vsx-load-store-pair';
import { VSX_SCALAR_LOAD_STORE_ROWS } from '../../isa/rows/vsx-scalar-load-store';
import { VSX_MOVE_ROWS } from '../../isa/rows/vsx-move';
import { VSX_EXPONENT_ROWS } from '../../isa/rows/vsx-exponent';
import { VSX_GENERATE_CONTROL_ROWS } from '../../isa/rows/vsx-generate-control';
import { VSX_PERMUTE_ROWS } from '../../isa/rows/vsx-permute';
import { VSX_PREFIXED_PERMUTE_ROWS } from '../../isa/rows/vsx-prefixed-permute';
import { VSX_TEST_CLASS_ROWS } from '../../isa/rows/vsx-test-class';
import { VSX_ARITHMETIC_ROWS } from '../../isa/rows/vsx-arithmetic';
import { VSX_COMPARE_ROWS } from '../../isa/rows/vsx-compare';
import { VSX_ROUND_CONVERT_ROWS } from '../../isa/rows/vsx-round-convert';
import { VSX_TEST_DIVIDE_ROWS } from '../../isa/rows/vsx-test-divide';
import { VSX_HALF_ROWS } from '../../isa/rows/vsx-half';
import { VSX_QUAD_ROWS } from '../../isa/rows/vsx-quad';
import { DECIMAL_ARITHMETIC_ROWS } from '../../isa/rows/decimal-arithmetic';
import { DECIMAL_CONVERT_ROWS } from '../../isa/rows/decimal-convert';
import { DECIMAL_TEST_ROWS } from '../../isa/rows/decimal-test';
import { VSX_QUAD_COMPARE_ROWS } from '../../isa/rows/vsx-quad-compare';
import { VSX_PREFIXED_LOAD_STORE_ROWS } from '../../isa/rows/vsx-prefixed-load-store';
import { HASH_ROWS } from '../../isa/rows/hash';
import { INHIBITED_ROWS } from '../../isa/rows/inhibited';
import { LOAD_RESERVE_ROWS } from '../../isa/rows/load-reserve';
import { LOAD_STORE_MULTIPLE_ROWS } from '../../isa/rows/load-store-multiple';
import { LOAD_ROWS } from '../../isa/rows/load';
import { LOGICAL_ROWS } from '../../isa/rows/logical';
import { MESSAGE_ROWS } from '../../isa/rows/messages';
import { MULTIPLY_DIVIDE_ROWS } from '../../isa/rows/multiply-divide';
import { POWER_ROWS } from '../../isa/rows/power';
import { PREFIXED_ARITHMETIC_ROWS } from '../../isa/rows/prefixed-arithmetic';
import { PREFIXED_LOAD_STORE_ROWS } from '../../isa/rows/prefixed-load-store';
import { QUAD_ROWS } from '../../isa/rows/quad';
import { RETURN_ROWS } from '../../isa/rows/return-from-interrupt';
import { ROTATE_SHIFT_ROWS } from '../../isa/rows/rotate-shift';
import { SLB_TLB_ROWS } from '../../isa/rows/slb-tlb';
import { SPR_MOVE_ROWS } from '../../isa/rows/spr-move';
import { STORE_ROWS } from '../../isa/rows/store';
import { SYNC_ROWS } from '../../isa/rows/sync';
import { SYSTEM_CALL_ROWS } from '../../isa/rows/system-call';
import { TRAP_ROWS } from '../../isa/rows/trap';
import type { InsnRow } from '../../isa/vocabulary/row';

type Category = readonly [title: string, rows: readonly InsnRow[]];

/** The categories of the page; rows of no category come last, as "Other". */
const CATEGORIES: readonly Category[] = [
  ['Branch', BRANCH_ROWS],
  ['Condition register', CONDITION_REGISTER_ROWS],
  ['Fixed-point add and subtract', FIXED_ARITHMETIC_ROWS],
  ['Multiply and divide', MULTIPLY_DIVIDE_ROWS],
  ['Compare and select', COMPARE_ROWS],
  ['Trap', TRAP_ROWS],
  ['Logical', LOGICAL_ROWS],
  ['Count, permute and reverse bits', COUNT_BITS_ROWS],
  ['Rotate and shift', ROTATE_SHIFT_ROWS],
  ['BCD assist', BCD_ASSIST_ROWS],
  ['Moves to and from SPRs and the MSR', SPR_MOVE_ROWS],
  ['Prefixed arithmetic', PREFIXED_ARITHMETIC_ROWS],
  ['Load', LOAD_ROWS],
  ['Store', STORE_ROWS],
  ['Floating-point load and store', FLOAT_LOAD_STORE_ROWS],
  ['Floating-point move and status', FLOAT_MOVE_ROWS],
  ['Floating-point arithmetic', FLOAT_ARITHMETIC_ROWS],
  ['Floating-point rounding and conversion', FLOAT_CONVERT_ROWS],
  ['Floating-point compare and test', FLOAT_COMPARE_ROWS],
  ['Vector load and store', VECTOR_LOAD_STORE_ROWS],
  ['Vector logical, permute and move', VECTOR_MOVE_ROWS],
  ['Vector integer compare', VECTOR_COMPARE_ROWS],
  ['Vector add and subtract', VECTOR_ADD_SUBTRACT_ROWS],
  ['Vector negate, average, difference, maximum, minimum, parity', VECTOR_INTEGER_ROWS],
  ['Vector multiply', VECTOR_MULTIPLY_ROWS],
  ['Vector multiply-sum and sum across', VECTOR_MULTIPLY_SUM_ROWS],
  ['Vector rotate and shift', VECTOR_SHIFT_ROWS],
  ['Vector pack and unpack', VECTOR_PACK_ROWS],
  ['Vector insert and extract', VECTOR_ELEMENT_ROWS],
  ['Vector count, permute and gather bits', VECTOR_BITS_ROWS],
  ['Vector masks and strings', VECTOR_MASK_ROWS],
  ['Vector divide', VECTOR_DIVIDE_ROWS],
  ['Vector AES, SHA-2 and carry-less multiply', VECTOR_CRYPTO_ROWS],
  ['Vector decimal add, shift, truncate, and multiply by ten', VECTOR_BCD_ROWS],
  ['Vector decimal conversions', VECTOR_BCD_CONVERT_ROWS],
  ['Vector floating-point', VECTOR_FLOAT_ROWS],
  ['Vector-scalar load and store (no conversion)', VSX_LOAD_STORE_ROWS],
  ['Vector-scalar load of scalars, load and store of single-precision numbers', VSX_SCALAR_LOAD_STORE_ROWS],
  ['Vector-scalar load and store with length', VSX_LENGTH_ROWS],
  ['Vector-scalar load and store of pairs and rightmost elements', VSX_PAIR_ROWS],
  ['Prefixed vector-scalar load and store', VSX_PREFIXED_LOAD_STORE_ROWS],
  ['Vector-scalar logical, permute and move', VSX_MOVE_ROWS],
  ['Vector-scalar permute by numbers, and constants', VSX_PERMUTE_ROWS],
  ['Vector-scalar permute control', VSX_GENERATE_CONTROL_ROWS],
  ['Prefixed vector-scalar operations', VSX_PREFIXED_PERMUTE_ROWS],
  ['Vector-scalar exponents and significands', VSX_EXPONENT_ROWS],
  ['Vector-scalar tests of classes', VSX_TEST_CLASS_ROWS],
  ['Vector-scalar floating-point arithmetic', VSX_ARITHMETIC_ROWS],
  ['Vector-scalar floating-point comparison, maximum and minimum', VSX_COMPARE_ROWS],
  ['Vector-scalar rounding and conversion', VSX_ROUND_CONVERT_ROWS],
  ['Vector-scalar tests for division and square root', VSX_TEST_DIVIDE_ROWS],
  ['Half precision and bfloat16', VSX_HALF_ROWS],
  ['Quad-precision arithmetic and conversion', VSX_QUAD_ROWS],
  ['Quad-precision comparison, maximum and minimum', VSX_QUAD_COMPARE_ROWS],
  ['Decimal floating-point arithmetic and adjustment of exponents', DECIMAL_ARITHMETIC_ROWS],
  ['Decimal floating-point comparison and tests', DECIMAL_TEST_ROWS],
  ['Decimal floating-point conversion and formats', DECIMAL_CONVERT_ROWS],
  ['Load and store multiple and string', LOAD_STORE_MULTIPLE_ROWS],
  ['Load and store quadword', QUAD_ROWS],
  ['Prefixed load and store', PREFIXED_LOAD_STORE_ROWS],
  ['Caching-inhibited load and store', INHIBITED_ROWS],
  ['Load and reserve, store conditional', LOAD_RESERVE_ROWS],
  ['Atomic memory operations', ATOMIC_MEMORY_ROWS],
  ['Copy and paste', COPY_PASTE_ROWS],
  ['Cache management', CACHE_ROWS],
  ['Synchronization', SYNC_ROWS],
  ['Hash store and check', HASH_ROWS],
  ['Branch history', BHRB_ROWS],
  ['System call', SYSTEM_CALL_ROWS],
  ['Return from interrupt', RETURN_ROWS],
  ['SLB and TLB management', SLB_TLB_ROWS],
  ['Messages', MESSAGE_ROWS],
  ['Power-saving', POWER_ROWS],
  ['Service processor attention', ATTN_ROWS],
];

/** Categories of the architecture that no row covers. */
const NOT_COVERED: readonly string[] = ['Matrix multiply assist (MMA)', 'Transactional memory (TM)'];

const code = (text: string): string => `\`${text}\``;

const levelText = ({ level, until }: InsnRow): string => (until ? `${level} to ${until}` : level);

/** More extended mnemonics than these are only counted. */
const FEW_NAMES = 6;

/** Extended mnemonics of every variant of a row, each once. */
function extendedNames(row: InsnRow): string {
  const bases = new Set(INSTRUCTIONS.filter((i) => i.row === row).map(({ mnemonic }) => mnemonic));
  const uses = EXTENDED.filter(({ base, mnemonic }) => bases.has(base) && !bases.has(mnemonic));
  const names = [...new Set(uses.map(({ mnemonic }) => mnemonic))];
  return names.length > FEW_NAMES ? `${names.length} names` : names.map(code).join(' ');
}

function cells(row: InsnRow): string[] {
  const names = INSTRUCTIONS.filter((i) => i.row === row).map(({ mnemonic }) => code(mnemonic));
  return [
    names.join(' '),
    row.operands === '' ? '' : code(row.operands),
    row.form,
    levelText(row),
    row.feature ?? '',
    row.privilege ?? 'problem',
    extendedNames(row),
  ];
}

/** A table with columns of one width, as the project's formatter writes it. */
function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((text, i) => Math.max(3, text.length, ...rows.map((row) => row[i]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, i) => text.padEnd(widths[i]!)).join(' | ')} |`;
  return [
    line(header),
    `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`,
    ...rows.map(line),
  ].join('\n');
}

const HEADER = ['Instructions', 'Operands', 'Form', 'Level', 'Feature', 'Privilege', 'Extended'];

const variants = (rows: readonly InsnRow[]): number =>
  INSTRUCTIONS.filter(({ row }) => rows.includes(row)).length;

const section = ([title, rows]: Category): string =>
  `## ${title}\n\n${rows.length} rows, ${variants(rows)} instructions.\n\n${table(HEADER, rows.map(cells))}\n`;

function categories(): Category[] {
  const known = new Set(CATEGORIES.flatMap(([, rows]) => rows));
  const other = ROWS.filter((row) => !known.has(row));
  return other.length === 0 ? [...CATEGORIES] : [...CATEGORIES, ['Other', other]];
}

const countBy = (text: (row: InsnRow) => string): string => {
  const counts = new Map<string, number>();
  for (const row of ROWS) counts.set(text(row), (counts.get(text(row)) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
};

/** The page, in Markdown. */
export function coveragePage(): string {
  return `# Instructions

Generated from the rows in \`isa/rows\` by \`src/asm/coverage.ts\`; a test holds it up to date.

${ROWS.length} rows stand for ${INSTRUCTIONS.length} instructions (a row with \`o\`, \`.\`, \`l\` or \`a\` variants is several) and
${new Set(EXTENDED.map(({ mnemonic }) => mnemonic)).size} extended mnemonics. Rows by privilege: ${countBy(({ privilege }) => privilege ?? 'problem')}.

"Level" is the first level of the architecture that has the instruction, and the last where it was removed; "Feature" is
the optional part it belongs to; "Extended" are its extended mnemonics, or their number.

Not covered:

${NOT_COVERED.map((name) => `- ${name}`).join('\n')}

${categories().map(section).join('\n')}`;
}
