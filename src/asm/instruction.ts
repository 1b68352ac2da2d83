/** Instructions as written: operands parsed, the form that fits them chosen, values put into the image. */
import type { InsnRow } from '../../isa/vocabulary/row';
import { hex0x } from '../core/u64';
import { SourceProblem, type Location } from './errors';
import {
  evaluate,
  ExpressionParser,
  isPart,
  partOf,
  TokenReader,
  unexpected,
  type Expression,
} from './expression';
import { tokenize, type Token } from './lexer';
import type { OperandKind } from './operand';
import type { Program } from './program';
import { EXPECTED, isRegisterName, registerNumber } from './registers';
import { encode, type Values } from './solve';
import { syntaxesNamed, type Operand, type Syntax } from './syntax';

/** One operand of the source: `expression@modifier(base)`. */
interface Written {
  readonly expression: Expression;
  readonly modifier: string | undefined;
  readonly base: Expression | undefined;
  readonly column: number;
}

/** Cuts tokens at the commas outside of parentheses; each list ends with an `end` token. */
function splitAtCommas(tokens: readonly Token[]): Token[][] {
  const lists: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (token.kind === 'end') break;
    if (token.text === '(' && token.kind === 'operator') depth++;
    if (token.text === ')' && token.kind === 'operator') depth--;
    if (token.kind === 'operator' && token.text === ',' && depth === 0) {
      lists.at(-1)!.push({ ...token, kind: 'end', text: '","' });
      lists.push([]);
    } else lists.at(-1)!.push(token);
  }
  lists.at(-1)!.push(tokens.at(-1)!);
  return lists;
}

/** The modifier of an operand (`sym@ha`, also `sym@ha+4`), and the operand without it. */
function takeModifier(tokens: readonly Token[]): [modifier: string | undefined, rest: Token[]] {
  const modifiers = tokens.filter((token) => token.kind === 'modifier');
  for (const token of modifiers)
    if (modifiers.length > 1 || (!isPart(token.text) && token.text !== 'pcrel'))
      throw new SourceProblem(`unknown modifier @${token.text}`, token.column);
  return [modifiers[0]?.text, tokens.filter((token) => token.kind !== 'modifier')];
}

function parseOperand(tokens: readonly Token[], program: Program): Written {
  const [modifier, rest] = takeModifier(tokens);
  const reader = new TokenReader(rest);
  const { column } = reader.peek();
  if (reader.atEnd) throw unexpected(reader.peek(), 'an operand');
  const expression = new ExpressionParser(reader, program).parse();
  let base: Expression | undefined;
  if (reader.accept('(')) {
    base = new ExpressionParser(reader, program).parse();
    reader.expect(')');
  }
  reader.expectEnd();
  return { expression, modifier, base, column };
}

function parseOperands(text: string, column: number, program: Program): Written[] {
  const tokens = tokenize(text, column);
  if (tokens[0]!.kind === 'end') return [];
  return splitAtCommas(tokens).map((list) => parseOperand(list, program));
}

/** What stands for an operand: something written, or its value where it is left out. */
type Slot = { readonly expression: Expression; readonly written: Written } | number;

/** Operands with the base register of `D(RA)` joined to its displacement. */
const unitsOf = ({ operands }: Syntax): { main: Operand; base: Operand | undefined }[] =>
  operands.flatMap((main, i) => {
    const next = operands[i + 1];
    return main.inParentheses ? [] : [{ main, base: next?.inParentheses ? next : undefined }];
  });

/**
 * Which operand each written one is, or undefined where their number or parentheses do not fit. Of the operands that
 * may be left out the first ones are taken to be written.
 */
function assign(syntax: Syntax, written: readonly Written[]): Map<Operand, Slot> | undefined {
  const units = unitsOf(syntax);
  let spare = written.length - units.filter(({ main }) => main.optional === undefined).length;
  if (spare < 0 || written.length > units.length) return undefined;
  const slots = new Map<Operand, Slot>();
  let next = 0;
  for (const { main, base } of units) {
    if (main.optional !== undefined && spare-- <= 0) {
      slots.set(main, main.optional);
      continue;
    }
    const found = written[next++]!;
    if ((base === undefined) !== (found.base === undefined)) return undefined;
    slots.set(main, { expression: found.expression, written: found });
    if (base) slots.set(base, { expression: found.base!, written: found });
  }
  return slots;
}

/** The value of an operand's expression; names of registers stand for their numbers. */
function evaluateOperand(
  { kind }: Operand,
  { expression, written }: Exclude<Slot, number>,
  program: Program,
): bigint {
  return evaluate(expression, (name, column) => {
    const register = registerNumber(kind.class, name);
    if (register !== undefined) return BigInt(register);
    if (!program.isDefined(name) && isRegisterName(name))
      throw new SourceProblem(`expected ${EXPECTED[kind.class]}, found ${name}`, column || written.column);
    return program.lookup(name, column);
  });
}

const SIGN_32 = 1n << 31n;
/** The 32-bit spelling of a negative number, as GNU as takes it. */
const asSigned = (kind: OperandKind, value: bigint): bigint =>
  kind.signed && kind.class !== 'relative' && kind.width < 32 && value >= SIGN_32 && value < 2n * SIGN_32
    ? BigInt.asIntN(32, value)
    : value;

/** Where the instruction is, and for whom values are asked. */
interface Place {
  readonly program: Program;
  readonly address: bigint;
}

function operandValue(operand: Operand, slot: Exclude<Slot, number>, { program, address }: Place): bigint {
  const value = evaluateOperand(operand, slot, program);
  const { modifier } = slot.written;
  const { kind } = operand;
  if (modifier !== undefined && !operand.inParentheses)
    return modifier === 'pcrel'
      ? BigInt.asIntN(64, value - address)
      : partOf(modifier, value, { signed: kind.signed })!;
  if (kind.class === 'relative') return BigInt.asIntN(64, value - address);
  return asSigned(kind, value);
}

const shown = ({ kind }: Operand, value: bigint, address: bigint): string =>
  kind.class === 'relative' ? `${hex0x(value + address)}, a distance of ${value}` : String(value);

/** The operand values of a syntax, all of them. */
function valuesOf(slots: ReadonlyMap<Operand, Slot>, place: Place): Map<Operand, bigint> {
  return new Map(
    [...slots].map(([operand, slot]) => [
      operand,
      typeof slot === 'number' ? BigInt(slot) : operandValue(operand, slot, place),
    ]),
  );
}

function problemOf(
  problem: { readonly operand: string | undefined; readonly expected: string },
  slots: ReadonlyMap<Operand, Slot>,
  found: ReadonlyMap<Operand, bigint>,
  address: bigint,
): SourceProblem {
  const operand = [...slots.keys()].find(({ name }) => name === problem.operand);
  const slot = operand && slots.get(operand);
  if (!operand || slot === undefined || typeof slot === 'number')
    return new SourceProblem(`expected ${problem.expected}`);
  const value = shown(operand, found.get(operand)!, address);
  return new SourceProblem(
    `operand ${operand.name}: expected ${problem.expected}, found ${value}`,
    slot.written.column,
  );
}

/** The image of the first form that takes the values. */
function imageOf(fits: readonly (readonly [Syntax, ReadonlyMap<Operand, Slot>])[], place: Place): bigint {
  let first: SourceProblem | undefined;
  for (const [syntax, slots] of fits) {
    const found = valuesOf(slots, place);
    // Values too large to be exact are out of every operand's range.
    const values: Values = Object.fromEntries([...found].map(([{ name }, value]) => [name, Number(value)]));
    const encoded = encode(syntax, values);
    if ('image' in encoded) return encoded.image;
    first ??= problemOf(encoded, slots, found, place.address);
  }
  throw first!;
}

const operandNames = (syntax: Syntax): string =>
  syntax.operands.length === 0
    ? 'no operands'
    : unitsOf(syntax)
        .map(({ main, base }) => {
          const text = base ? `${main.name}(${base.name})` : main.name;
          return main.optional === undefined ? text : `[${text}]`;
        })
        .join(',');

const MASK_FORMS = /^(rlwinm|rlwimi|rlwnm)\.?$/;
const WORD = 0xffffffffn;

/** MB and ME of a mask of ones in a row (round the end too), or undefined. */
function maskBounds(mask: bigint): [begin: bigint, end: bigint] | undefined {
  const bits = mask.toString(2).padStart(32, '0');
  if (bits.length !== 32 || mask === 0n) return undefined;
  if (mask === WORD) return [0n, 31n];
  const begin = [...bits].findIndex((bit, i) => bit === '1' && bits.at(i - 1) === '0');
  const end = [...bits].findIndex((bit, i) => bit === '1' && bits[(i + 1) % 32] === '0');
  const inside = (i: number): boolean => (begin <= end ? i >= begin && i <= end : i >= begin || i <= end);
  return [...bits].every((bit, i) => (bit === '1') === inside(i)) ? [BigInt(begin), BigInt(end)] : undefined;
}

/** `rlwinm RA,RS,SH,MASK`: the mask, which must be known now, in place of MB and ME. */
function withMaskBounds(written: Written[], program: Program): Written[] {
  const mask = written[3]!;
  const bounds = maskBounds(BigInt.asUintN(32, program.valueNow(mask.expression)));
  if (!bounds) throw new SourceProblem('expected a mask of ones in a row', mask.column);
  const number = (value: bigint): Written => ({ ...mask, expression: { k: 'number', value, depth: 0 } });
  return [...written.slice(0, 3), ...bounds.map(number)];
}

/** Bytes of a word, of a prefixed instruction, and the boundary that no prefixed instruction may cross. */
const WORD_BYTES = 4;
const PREFIXED_BYTES = 8;
const PREFIX_BOUNDARY = 64n;
const NOP = 0x60000000n;

/** An instruction statement. */
export interface InstructionText {
  readonly mnemonic: string;
  readonly operands: string;
  /** Column of the operands. */
  readonly column: number;
  readonly location: Location;
}

/** The forms that a mnemonic may have on the chosen CPU. */
function formsOf(mnemonic: string, filter: (row: InsnRow) => boolean): readonly Syntax[] {
  const all = syntaxesNamed(mnemonic);
  if (all.length === 0) throw new SourceProblem(`unknown instruction ${mnemonic}`);
  const usable = all.filter(({ instruction }) => filter(instruction.row));
  if (usable.length > 0) return usable;
  const levels = [...new Set(all.map(({ instruction: { row } }) => row.level))].join(' or ');
  throw new SourceProblem(`${mnemonic} (level ${levels} of the architecture) is not on the chosen CPU`);
}

/** Adds an instruction to the program. Operand values are looked up when the program is finished. */
export function addInstruction(
  text: InstructionText,
  program: Program,
  filter: (row: InsnRow) => boolean,
): void {
  const { mnemonic, location } = text;
  const forms = formsOf(mnemonic, filter);
  let written = parseOperands(text.operands, text.column, program);
  if (written.length === 4 && MASK_FORMS.test(mnemonic)) written = withMaskBounds(written, program);
  const fits = forms.flatMap((syntax) => {
    const slots = assign(syntax, written);
    return slots ? [[syntax, slots] as const] : [];
  });
  if (fits.length === 0) {
    const expected = [...new Set(forms.map(operandNames))].join(' or ');
    throw new SourceProblem(
      `${mnemonic}: expected ${expected}, found ${written.length} operands`,
      text.column,
    );
  }
  if (program.here % BigInt(WORD_BYTES) !== 0n)
    throw new SourceProblem(`instruction at ${hex0x(program.here)}, which is no multiple of ${WORD_BYTES}`);
  const { size } = fits[0]![0].instruction;
  if (size === 32) {
    const place = { program, address: program.here };
    program.add(WORD_BYTES, location, (out) => out.value(WORD_BYTES, imageOf(fits, place)));
    return;
  }
  const room = PREFIX_BOUNDARY - (BigInt.asUintN(64, program.here) % PREFIX_BOUNDARY);
  if (room < PREFIXED_BYTES)
    program.padBeforeLabels(WORD_BYTES, location, (out) => out.value(WORD_BYTES, NOP));
  const place = { program, address: program.here };
  program.add(PREFIXED_BYTES, location, (out) => {
    const image = imageOf(fits, place);
    out.value(WORD_BYTES, image >> 32n);
    out.value(WORD_BYTES, image & WORD);
  });
}
