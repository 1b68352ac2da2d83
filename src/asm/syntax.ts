/**
 * The written forms of instructions: for every instruction its extended mnemonics and its own, compiled from the rows
 * and `isa/extended`. The assembler looks them up by mnemonic, the disassembler by instruction.
 */
import { EXTENDED, GNU_OPERANDS } from '../../isa/extended';
import { linear, parseOperands, type Extended, type Linear, type Range } from '../../isa/extended/model';
import { INSTRUCTIONS } from '../../isa/index';
import { extractField, insertField, type FieldBits } from '../../isa/vocabulary/field-bits';
import { fieldBits, FORMS } from '../../isa/vocabulary/forms';
import type { Instruction, InsnRow } from '../../isa/vocabulary/row';
import { kindOf, rangeOf, variableKind, type OperandKind } from './operand';
import { isInvalidForm, readsGprOrZero } from './row-facts';

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  /** Value where it is left out; undefined: it must be written. */
  readonly optional: number | undefined;
  /** The base register of `D(RA)`. */
  readonly inParentheses: boolean;
  readonly range: Range;
}

/** A field of the image as a function of the operands. */
export interface Equation {
  readonly field: string;
  readonly kind: OperandKind;
  readonly pieces: FieldBits;
  readonly value: Linear;
  /** True where the value counts modulo the field's size: rotate counts. */
  readonly wraps: boolean;
}

/** One way to write some images of an instruction. */
export interface Syntax {
  readonly mnemonic: string;
  readonly instruction: Instruction;
  /** Index of the instruction in INSTRUCTIONS. */
  readonly index: number;
  readonly operands: readonly Operand[];
  /** One for each field that is an operand of the row. */
  readonly equations: readonly Equation[];
  /** The bits that neither an opcode nor an operand covers. */
  readonly reserved: bigint;
  /** True where objdump prints it. */
  readonly objdump: boolean;
  /** True where assemblers do not know it. */
  readonly printOnly: boolean;
  /** The operand that is a distance from the instruction's address (R=1). */
  readonly distance: string | undefined;
}

/** Indexed update forms are invalid where RA = 0 and all else but RT is 0. */
function isUpdate(instruction: Instruction): boolean {
  const { row, size, match } = instruction;
  const target = ['RT', 'RS', 'FRT', 'FRS'].find((name) => row.operands.startsWith(`${name},RA`));
  if (target === undefined) return false;
  return isInvalidForm(instruction, match | insertField(1n, size, fieldBits(row.form, target)));
}

/** True where GNU writes register 0 as `0`: bases, (RA|0), and RA of update forms, which may not be 0. */
const isBase = (instruction: Instruction): boolean =>
  instruction.row.operands.includes('(RA)') || readsGprOrZero(instruction.row) || isUpdate(instruction);

/** Immediates of which GNU as takes both spellings. */
const EITHER_SIGN: Readonly<Record<string, string>> = { addis: 'SI', cmpli: 'UI' };

function fieldKind(instruction: Instruction, name: string): OperandKind {
  const { row, fixed } = instruction;
  const kind = kindOf(row.form, name, { absolute: fixed['AA'] === 1 });
  if (name === 'RA' && isBase(instruction)) return { ...kind, class: 'gprOrZero' };
  return EITHER_SIGN[row.mnemonic] === name ? { ...kind, eitherSign: true } : kind;
}

/** The operand list of a row, as GNU has it. */
const operandList = (row: InsnRow): string =>
  GNU_OPERANDS[row.mnemonic] ?? row.operands.replace(/\(RA\),R$/, '(RA),R?');

const operandsOf = (instruction: Instruction, list: string, ranges: Extended['ranges']): Operand[] =>
  parseOperands(list).map(({ name, optional, inParentheses }) => {
    const isField = name in FORMS[instruction.row.form];
    const kind = isField ? fieldKind(instruction, name) : variableKind(name);
    return { name, kind, optional, inParentheses, range: ranges[name] ?? rangeOf(kind) };
  });

const equationsOf = (instruction: Instruction, values: Extended['fields']): Equation[] =>
  parseOperands(instruction.row.operands).map(({ name }) => ({
    field: name,
    kind: fieldKind(instruction, name),
    pieces: fieldBits(instruction.row.form, name),
    value: values[name] ?? linear(name),
    wraps: name === 'SH',
  }));

const distanceOf = ({ fields, operands }: Written): string | undefined =>
  fields['R']?.constant === 1 ? parseOperands(operands).at(-1)?.name : undefined;

function reservedBits({ size, mask }: Instruction, equations: readonly Equation[]): bigint {
  const covered = equations.reduce(
    (bits, { pieces }) => bits | insertField(extractField(-1n, size, pieces), size, pieces),
    mask,
  );
  return BigInt.asUintN(size, ~covered);
}

type Written = Pick<Extended, 'mnemonic' | 'operands' | 'fields' | 'ranges' | 'objdump' | 'printOnly'>;

function syntaxOf(instruction: Instruction, index: number, entry: Written): Syntax {
  const equations = equationsOf(instruction, entry.fields);
  return {
    mnemonic: entry.mnemonic,
    instruction,
    index,
    operands: operandsOf(instruction, entry.operands, entry.ranges),
    equations,
    reserved: reservedBits(instruction, equations),
    objdump: entry.objdump,
    printOnly: entry.printOnly,
    distance: distanceOf(entry),
  };
}

/** The instruction under its own name. */
const ownForm = ({ mnemonic, row }: Instruction): Written => ({
  ...{ mnemonic, operands: operandList(row), fields: {}, ranges: {} },
  ...{ objdump: true, printOnly: false },
});

function groupBy<K, V>(values: Iterable<V>, key: (value: V) => K): Map<K, V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const group = groups.get(key(value));
    if (group) group.push(value);
    else groups.set(key(value), [value]);
  }
  return groups;
}

const byBase = groupBy(EXTENDED, (entry) => entry.base);

/** What an instruction may be called: its extended forms in objdump's order, its own form last. */
const writtenForms = (instruction: Instruction): readonly Written[] => [
  ...(byBase.get(instruction.mnemonic) ?? []),
  ownForm(instruction),
];

// Compiled when first asked for: most programs use few of the instructions.
const compiled: (readonly Syntax[] | undefined)[] = [];

/** The forms of the instruction at an index of INSTRUCTIONS: extended ones in objdump's order, its own last. */
export function syntaxesOf(index: number): readonly Syntax[] {
  const instruction = INSTRUCTIONS[index]!;
  return (compiled[index] ??= writtenForms(instruction).map((form) => syntaxOf(instruction, index, form)));
}

let byMnemonic: ReadonlyMap<string, readonly number[]> | undefined;

/** Which instructions have a form with each mnemonic. */
function mnemonics(): ReadonlyMap<string, readonly number[]> {
  return (byMnemonic ??= new Map(
    [
      ...groupBy(
        INSTRUCTIONS.flatMap((instruction, index) =>
          [...new Set(writtenForms(instruction).map((form) => form.mnemonic))].map((name) => ({
            name,
            index,
          })),
        ),
        ({ name }) => name,
      ),
    ].map(([name, uses]) => [name, uses.map(({ index }) => index)]),
  ));
}

/** The forms that assemblers know by a mnemonic, the instruction's own before extended ones; none: unknown. */
export const syntaxesNamed = (mnemonic: string): readonly Syntax[] =>
  (mnemonics().get(mnemonic) ?? [])
    .flatMap(syntaxesOf)
    .filter((syntax) => syntax.mnemonic === mnemonic && !syntax.printOnly);
