/**
 * Extended mnemonics as data (Power ISA Book I, appendix C; Book II and III name some more): another name and operand
 * list for some images of a base instruction. An entry says which values the fields of the base have; the assembler
 * reads it forwards, the disassembler solves it backwards.
 */

/** An integer polynomial of degree 1 over operands: `31-n` is { constant: 31, terms: { n: -1 } }. */
export interface Linear {
  readonly constant: number;
  readonly terms: Readonly<Record<string, number>>;
}

/** Inclusive range of an operand's values. */
export type Range = readonly [least: number, most: number];

export interface Extended {
  readonly mnemonic: string;
  /** Mnemonic of the instruction (with its `.`, `o`, `l`, `a`) that it stands for. */
  readonly base: string;
  /** Operands in GNU syntax, see {@link parseOperands}: names of the base's fields, or variables of `fields`. */
  readonly operands: string;
  /** Values of those fields of the base that are not operands by their own name. */
  readonly fields: Readonly<Record<string, Linear>>;
  /** Ranges of variables that are narrower than the fields they determine. */
  readonly ranges: Readonly<Record<string, Range>>;
  /** True where GNU objdump prints this mnemonic instead of the base one (earlier entries go first). */
  readonly objdump: boolean;
  /** True where GNU as has no such name: it exists only because objdump prints images with reserved bits set so. */
  readonly printOnly: boolean;
}

/** Parses `b+n-1`, `-SI`, `528+2*n`, `31`. */
export function linear(text: string | number): Linear {
  let constant = 0;
  const terms: Record<string, number> = {};
  for (const [whole, sign, factor, name, number] of String(text).matchAll(
    /([+-]?)(?:(?:(\d+)\*)?([A-Za-z]\w*)|(\d+))/g,
  )) {
    if (whole === '') continue;
    const unit = sign === '-' ? -1 : 1;
    if (name === undefined) constant += unit * Number(number);
    else terms[name] = (terms[name] ?? 0) + unit * Number(factor ?? 1);
  }
  return { constant, terms };
}

export interface ExtendedOptions {
  readonly ranges?: Readonly<Record<string, Range>>;
  readonly objdump?: boolean;
  readonly printOnly?: boolean;
}

type Values = Readonly<Record<string, string | number>>;

function entry(
  names: readonly [mnemonic: string, base: string],
  operands: string,
  values: Values,
  options: ExtendedOptions,
): Extended {
  const fields = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, linear(value)]));
  const { ranges = {}, objdump = false, printOnly = false } = options;
  return { mnemonic: names[0], base: names[1], operands, fields, ranges, objdump, printOnly };
}

/** `[mnemonic, base]` which objdump prints. */
export const printed = (
  names: readonly [mnemonic: string, base: string],
  operands: string,
  values: Values,
  options: ExtendedOptions = {},
): Extended => entry(names, operands, values, { ...options, objdump: true });

/** `[mnemonic, base]` which assemblers know and objdump never prints. */
export const accepted = (
  names: readonly [mnemonic: string, base: string],
  operands: string,
  values: Values,
  options: ExtendedOptions = {},
): Extended => entry(names, operands, values, options);

/** An entry and its copy for the instructions with Rc=1. */
export const withRecord = (plain: Extended): Extended[] => [
  plain,
  { ...plain, mnemonic: `${plain.mnemonic}.`, base: `${plain.base}.` },
];

/** One operand of a list in GNU syntax. */
export interface OperandName {
  readonly name: string;
  /** The value where it is left out; undefined where it must be written. */
  readonly optional: number | undefined;
  /** True for the base register of `D(RA)`: written in parentheses after the operand before it. */
  readonly inParentheses: boolean;
}

/** Parses `RT,D(RA),R?`: `?` marks an operand that may be left out (value 0), `?=1` one whose value is then 1. */
export function parseOperands(text: string): OperandName[] {
  return [...text.matchAll(/(\(?)([A-Za-z]\w*)\)?(\?(?:=(\d+))?)?/g)].map(([, open, name, mark, value]) => ({
    name: name!,
    optional: mark === undefined ? undefined : Number(value ?? 0),
    inParentheses: open === '(',
  }));
}
