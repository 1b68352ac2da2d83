/**
 * Characters to tokens: comments removed, lines cut into statements, statements into tokens. It knows no mnemonic and
 * no directive.
 */
import { SourceProblem } from './errors';

export type TokenKind = 'name' | 'number' | 'local' | 'string' | 'operator' | 'modifier' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** The text; of a string the characters it stands for, one for each byte. */
  readonly text: string;
  /** Value of a number. */
  readonly value: bigint;
  /** Column of the first character, from 1. */
  readonly column: number;
}

/** A comment, or something in which `#` and `//` are no comment. */
const OPAQUE = /"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^\\\n])'?|\/\*[^]*?(?:\*\/|$)|#[^\n]*|\/\/[^\n]*/g;

/** The text with comments made blank; lines and columns stay where they are. */
export function withoutComments(text: string): string {
  return text.replace(OPAQUE, (found) => (/^["']/.test(found) ? found : found.replace(/[^\n]/g, ' ')));
}

/** True where a block comment is not closed: everything after it would be lost. */
export const hasOpenComment = (text: string): boolean =>
  [...text.matchAll(OPAQUE)].some(
    ([found]) => found.startsWith('/*') && (found.length < 4 || !found.endsWith('*/')),
  );

/** A part of a line between semicolons. */
export interface StatementText {
  readonly text: string;
  /** Column of its first character, from 1. */
  readonly column: number;
}

/** Cuts a line at the semicolons that are not in strings. */
export function statementsOf(line: string): StatementText[] {
  const out: StatementText[] = [];
  let start = 0;
  for (const { 0: found, index } of line.matchAll(/"(?:\\.|[^"\\])*"?|'(?:\\.|[^\\])'?|;/g)) {
    if (found !== ';') continue;
    out.push({ text: line.slice(start, index), column: start + 1 });
    start = index + 1;
  }
  out.push({ text: line.slice(start), column: start + 1 });
  return out;
}

const ESCAPES: Readonly<Record<string, number>> = {
  n: 10, t: 9, r: 13, b: 8, f: 12, v: 11, a: 7, e: 27, '\\': 92, '"': 34, "'": 39,
}; // prettier-ignore

/** The byte that an escape sequence (without its backslash) stands for. */
function escaped(sequence: string, column: number): number {
  if (/^[0-7]/.test(sequence)) return parseInt(sequence, 8) & 0xff;
  if (/^x[0-9a-f]/i.test(sequence)) return parseInt(sequence.slice(1), 16) & 0xff;
  const code = ESCAPES[sequence];
  if (code === undefined) throw new SourceProblem(`unknown escape sequence \\${sequence}`, column);
  return code;
}

const ESCAPE = /\\([0-7]{1,3}|x[0-9a-f]+|[^])/gi;

/** The bytes (as characters 0..255) between quotation marks; other characters count as their UTF-8 bytes. */
function unescape(text: string, column: number): string {
  const bytes = (part: string): string => String.fromCharCode(...new TextEncoder().encode(part));
  let out = '';
  let last = 0;
  for (const { 0: whole, 1: sequence, index } of text.matchAll(ESCAPE)) {
    out += bytes(text.slice(last, index)) + String.fromCharCode(escaped(sequence!, column));
    last = index + whole.length;
  }
  return out + bytes(text.slice(last));
}

const TOKEN = new RegExp(
  [
    '(?<space>[ \\t\\r\\f]+)',
    '(?<local>[0-9]+[bf](?![0-9A-Za-z_]))',
    '(?<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|[0-9][0-9_]*)(?![0-9A-Za-z_])',
    '(?<name>%?[A-Za-z_.$][\\w.$]*)',
    '"(?<string>(?:\\\\.|[^"\\\\])*)"',
    "'(?<character>\\\\.|[^\\\\])'?",
    '@(?<modifier>[a-z]\\w*)',
    '(?<operator><<|>>|==|!=|<>|<=|>=|&&|\\|\\||[-+*/%&|^~!<>()=,\\[\\]])',
  ].join('|'),
  'y',
);

function numberOf(text: string): bigint {
  const digits = text.replaceAll('_', '');
  return /^0[0-9]/.test(digits) ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
}

/** The token of a match. */
function tokenOf(groups: Readonly<Record<string, string | undefined>>, column: number): Token | undefined {
  const { local, number, name, string, character, modifier, operator } = groups;
  const token = (kind: TokenKind, text: string, value = 0n): Token => ({ kind, text, value, column });
  if (local !== undefined) return token('local', local);
  if (number !== undefined) {
    if (/^0[0-7_]*[89]/.test(number)) throw new SourceProblem(`${number} is no octal number`, column);
    return token('number', number, numberOf(number));
  }
  if (name !== undefined) return token('name', name);
  if (string !== undefined) return token('string', unescape(string, column));
  if (character !== undefined)
    return token('number', character, BigInt(unescape(character, column).charCodeAt(0)));
  if (modifier !== undefined) return token('modifier', modifier);
  return operator === undefined ? undefined : token('operator', operator);
}

/** Tokens of a piece of a statement that begins at a column; the last one is `end`. */
export function tokenize(text: string, column: number): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) throw new SourceProblem(`unexpected character ${JSON.stringify(text[at])}`, column + at);
    const resume = TOKEN.lastIndex;
    const token = tokenOf(match.groups!, column + at);
    if (token) tokens.push(token);
    TOKEN.lastIndex = resume;
  }
  tokens.push({ kind: 'end', text: 'end of statement', value: 0n, column: column + text.length });
  return tokens;
}
