/**
 * The disassembler: GNU syntax as `objdump -d -Mpower10` of binutils 2.40 prints it, from the rows. It reads images
 * only; it follows no control flow and knows no data.
 */
import { createDecoder, type Decoder } from '../../isa/decoder';
import { INSTRUCTIONS } from '../../isa/index';
import { joinHalves, u64 } from '../core/u64';
import { isInvalidForm } from './row-facts';
import { solve, type Values } from './solve';
import { syntaxesOf, type Operand, type Syntax } from './syntax';

export interface DisassembleOptions {
  /** Which rows there are; absent: all of them, of the newest level. */
  readonly decoder?: Decoder;
  /**
   * The symbol to show for a target, for instance `main+0x10`: `bl 1f0 <main+0x10>`. Without it targets are written
   * `0x1f0`, and every line that `disassemble` gives can be assembled again.
   */
  readonly symbol?: (address: bigint) => string | undefined;
}

/** One line of a disassembly. */
export interface DisassembledLine {
  readonly address: bigint;
  /** In bytes: 4, or 8 for a prefixed instruction. */
  readonly size: 4 | 8;
  /** `addi    r3,r4,5`; `.long 0x...` for what is no instruction. */
  readonly text: string;
  readonly mnemonic: string;
  /** Index into INSTRUCTIONS, or -1. */
  readonly index: number;
}

let everything: Decoder | undefined;
/** The decoder of every row, made when first needed. */
const defaultDecoder = (): Decoder => (everything ??= createDecoder(() => true));
const PREFIX_OPCODE = 1;
/** Columns that objdump keeps for the mnemonic. */
const MNEMONIC_WIDTH = 7;
const CR_BIT_NAMES = ['lt', 'gt', 'eq', 'so'] as const;

const hex = (value: bigint | number): string => value.toString(16);
const longText = (word: number): string => `.long 0x${hex(word >>> 0)}`;

function crBitText(bit: number): string {
  const name = CR_BIT_NAMES[bit & 3]!;
  return bit < 4 ? name : `4*cr${bit >> 2}+${name}`;
}

/** Where and how an instruction is printed. */
export interface Context {
  readonly address: bigint;
  readonly options: DisassembleOptions;
}

function targetText(target: bigint, { options }: Context): string {
  const symbol = options.symbol?.(target);
  return symbol === undefined ? `0x${hex(target)}` : `${hex(target)} <${symbol}>`;
}

/** Absolute branches reach the first and the last part of 32 bits: objdump shows no more of the address. */
const absoluteTarget = (value: number): bigint => BigInt(value >>> 0);

function operandText({ kind }: Operand, value: number, context: Context): string {
  switch (kind.class) {
    case 'gpr':
      return `r${value}`;
    case 'gprOrZero':
      return value === 0 ? '0' : `r${value}`;
    case 'fpr':
      return `f${value}`;
    case 'vr':
      return `v${value}`;
    case 'vsr':
      return `vs${value}`;
    case 'crField':
      return `cr${value}`;
    case 'crBit':
      return crBitText(value);
    case 'relative':
      return targetText(u64(context.address + BigInt(value)), context);
    case 'absolute':
      return targetText(absoluteTarget(value), context);
    case 'spr':
    case 'number':
      return String(value);
  }
}

/** True where this and every later operand that may be left out has the value it then has. */
const mayBeLeftOut = (operands: readonly Operand[], values: Values): boolean =>
  operands.every(({ name, optional }) => optional === undefined || values[name] === optional);

function operandsText({ operands }: Syntax, values: Values, context: Context): string {
  let text = '';
  operands.forEach((operand, i) => {
    if (operand.optional !== undefined && mayBeLeftOut(operands.slice(i), values)) return;
    const written = operandText(operand, values[operand.name]!, context);
    if (operand.inParentheses) text += `(${written})`;
    else text += text === '' ? written : `,${written}`;
  });
  return text;
}

/** The comment after an instruction relative to its own address: where that is. */
function commentText({ distance }: Syntax, values: Values, context: Context): string {
  if (distance === undefined) return '';
  const target = u64(context.address + BigInt(values[distance]!));
  const symbol = context.options.symbol?.(target);
  return `\t# ${hex(target)}${symbol === undefined ? '' : ` <${symbol}>`}`;
}

/** The text of operand values in a form of an instruction. */
export function syntaxText(syntax: Syntax, values: Values, context: Context): string {
  const operands = operandsText(syntax, values, context);
  if (operands === '') return syntax.mnemonic;
  return `${syntax.mnemonic.padEnd(MNEMONIC_WIDTH)} ${operands}${commentText(syntax, values, context)}`;
}

/** The first of objdump's ways to write an image, or undefined where it has none. */
function textOf(index: number, image: bigint, context: Context): readonly [Syntax, string] | undefined {
  const instruction = INSTRUCTIONS[index]!;
  const syntaxes = syntaxesOf(index);
  // objdump writes no mnemonic where reserved bits are set, though the machine executes it.
  if ((image & syntaxes[0]!.reserved) !== 0n) return undefined;
  // Of invalid forms objdump refuses the prefixed ones (R=1 with a base register) and prints the others.
  if (instruction.size === 64 && isInvalidForm(instruction, image)) return undefined;
  for (const syntax of syntaxes) {
    const values = syntax.objdump ? solve(syntax, image) : undefined;
    if (values) return [syntax, syntaxText(syntax, values, context)];
  }
  return undefined;
}

/** Disassembles the instruction at an address from its word and the one that follows (read for prefixes only). */
export function disassembleOne(
  word: number,
  suffix: number | undefined,
  address: bigint,
  options: DisassembleOptions = {},
): DisassembledLine {
  const context = { address, options };
  const prefixed = word >>> 26 === PREFIX_OPCODE;
  const index =
    prefixed && suffix === undefined ? -1 : (options.decoder ?? defaultDecoder()).decode(word, suffix ?? 0);
  const image = prefixed ? joinHalves(word, suffix ?? 0) : BigInt(word >>> 0);
  const found = index < 0 ? undefined : textOf(index, image, context);
  if (!found) return { address, size: 4, text: longText(word), mnemonic: '.long', index: -1 };
  return { address, size: prefixed ? 8 : 4, text: found[1], mnemonic: found[0].mnemonic, index };
}

/**
 * Disassembles words (each 0..2^32-1 or int32, in instruction order) from an address.
 *
 * @example
 * disassemble([0x38600001, 0x4e800020], 0x100n).map((line) => line.text); // ['li      r3,1', 'blr']
 */
export function disassemble(
  words: ArrayLike<number>,
  address: bigint,
  options: DisassembleOptions = {},
): DisassembledLine[] {
  const lines: DisassembledLine[] = [];
  for (let i = 0; i < words.length;) {
    const line = disassembleOne(words[i]!, words[i + 1], u64(address + BigInt(4 * i)), options);
    lines.push(line);
    i += line.size / 4;
  }
  return lines;
}
