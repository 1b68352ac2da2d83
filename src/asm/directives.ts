/** Directives by name: symbols and sections here, data in `data-directives.ts`; blocks are the assembler's own. */
import { DATA_DIRECTIVES } from './data-directives';
import type { Directive } from './directive';
import { SourceProblem } from './errors';
import { ExpressionParser, unexpected, type TokenReader } from './expression';

/** A name, for the directives that take one. */
function nameOf(reader: TokenReader): string {
  const token = reader.take();
  if (token.kind !== 'name' || token.text === '.') throw unexpected(token, 'a symbol');
  return token.text;
}

const set: Directive = ({ reader, program }) => {
  const name = nameOf(reader);
  reader.expect(',');
  program.assign(name, new ExpressionParser(reader, program).parse());
  reader.expectEnd();
};

const error: Directive = ({ reader }) => {
  const token = reader.take();
  throw new SourceProblem(token.kind === 'string' ? token.text : '.error in the source', token.column);
};

const SYMBOL_DIRECTIVES: Readonly<Record<string, Directive>> = {
  '.set': set,
  '.equ': set,
  '.error': error,
  '.err': error,
};

/**
 * Directives of object files that change no byte of a flat image: visibility, types and sizes of symbols, debugging
 * information, the ABI's version, the CPU (the caller chooses it).
 */
export const IGNORED: ReadonlySet<string> = new Set([
  '.globl', '.global', '.local', '.weak', '.hidden', '.protected', '.internal', '.type', '.size', '.ident', '.file',
  '.loc', '.abiversion', '.machine', '.localentry', '.gnu_attribute', '.cfi_startproc', '.cfi_endproc', '.cfi_sections',
]); // prettier-ignore

/** Directives that go to another section. Everything is laid out in the order of the source. */
export const SECTIONS: ReadonlySet<string> = new Set(['.text', '.data', '.bss', '.section']);

/** True where the section that a directive names holds code. */
export function isCodeSection(directive: string, operands: string): boolean {
  if (directive !== '.section') return directive === '.text';
  const [, name, flags] = /^\s*([^\s,]+)(?:\s*,\s*"([^"]*)")?/.exec(operands) ?? [];
  return flags === undefined ? /^\.(text|head|init)/.test(name ?? '') : flags.includes('x');
}

export const DIRECTIVES: ReadonlyMap<string, Directive> = new Map(
  Object.entries({ ...SYMBOL_DIRECTIVES, ...DATA_DIRECTIVES }),
);
