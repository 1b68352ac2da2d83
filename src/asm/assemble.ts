/**
 * The assembler: GNU as syntax for Power to a flat image. Sections are laid out in the order of the source, there are
 * no relocations, and nothing is linked: every address is known from the origin.
 */
import type { InsnRow } from '../../isa/vocabulary/row';
import { Blocks } from './blocks';
import { skipTo } from './data-directives';
import type { DirectiveUse } from './directive';
import { DIRECTIVES, IGNORED, isCodeSection, SECTIONS } from './directives';
import { AssemblyError, SourceProblem, type Diagnostic, type Location } from './errors';
import { ExpressionParser, TokenReader } from './expression';
import { addInstruction } from './instruction';
import { tokenize } from './lexer';
import { collecting, Program, type ByteOrder, type LineEntry } from './program';
import { OpenConditional, type Statement } from './source';

export interface AssembleOptions {
  /** Name of the source for messages and line entries. Default `<source>`. */
  readonly file?: string;
  /** Byte order of instructions and data. Default `big`. */
  readonly byteOrder?: ByteOrder;
  /** Address of the first byte. Default 0. */
  readonly origin?: bigint;
  /** Symbols with a value from the start, as `--defsym` gives them. */
  readonly symbols?: Readonly<Record<string, bigint>>;
  /** The text of an included file, or undefined where there is none. `from`: the file that includes it. */
  readonly include?: (name: string, from: string) => string | undefined;
  /** Which rows the CPU has. Default: all. */
  readonly filter?: (row: InsnRow) => boolean;
  /** Most bytes of output. Default 256 MiB. */
  readonly maxSize?: number;
  /** Most statements that are read, expansions and repetitions included. Default 4 million. */
  readonly maxStatements?: number;
}

export interface Assembled {
  readonly bytes: Uint8Array;
  /** Address of the first byte. */
  readonly origin: bigint;
  readonly byteOrder: ByteOrder;
  /** Labels and assigned symbols, values as unsigned 64 bits. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** What each address was made from, in order of addresses. */
  readonly lines: readonly LineEntry[];
}

const DEFAULT_MAX_SIZE = 256 * 1024 * 1024;
const DEFAULT_MAX_STATEMENTS = 4_000_000;
/** Beyond this the source is no assembler source. */
const MAX_ERRORS = 1000;

const LABEL = /^(?:([A-Za-z_.$][\w.$]*)|(\d+)):/;
const ASSIGNMENT = /^([A-Za-z_.$][\w.$]*)\s*=(?!=)/;
/** A mnemonic, with the hint of a branch, or the name of a directive or macro. */
const OPERATION = /^[A-Za-z_.$][\w.$]*(?:[+-](?=\s|$))?/;

/** The line of the main file that led to a place. */
const mainLine = ({ from, line }: Location): number => (from ? mainLine(from) : line);

/** What is found when values are known belongs between what was found when the source was read. */
const inSourceOrder = (diagnostics: readonly Diagnostic[]): Diagnostic[] =>
  [...diagnostics].sort((a, b) => mainLine(a) - mainLine(b));

class Assembler {
  private readonly diagnostics: Diagnostic[] = [];
  private readonly program: Program;
  private readonly blocks: Blocks;
  private inCode = true;
  /** What is read now. */
  private place: Location;

  constructor(private readonly options: AssembleOptions) {
    this.place = { file: options.file ?? '<source>', line: 1, column: 1 };
    const { origin = 0n, maxSize = DEFAULT_MAX_SIZE, byteOrder = 'big', symbols = {} } = options;
    this.program = new Program(BigInt.asIntN(64, origin), maxSize, byteOrder);
    for (const [name, value] of Object.entries(symbols))
      this.program.assign(name, { k: 'number', value: BigInt.asIntN(64, value), depth: 0 });
    this.blocks = new Blocks(this.program, options.include, options.maxStatements ?? DEFAULT_MAX_STATEMENTS);
  }

  private readonly report = (diagnostic: Diagnostic): void => {
    this.diagnostics.push(diagnostic);
    if (this.diagnostics.length > MAX_ERRORS) throw new AssemblyError(this.diagnostics);
  };

  run(source: string): Assembled {
    collecting(this.place, this.report, () => this.blocks.begin(this.place.file, source));
    while (this.step());
    const bytes = this.program.finish(this.report);
    if (this.diagnostics.length > 0) throw new AssemblyError(inSourceOrder(this.diagnostics));
    const { byteOrder, origin } = this.program;
    return {
      bytes,
      origin: BigInt.asUintN(64, origin),
      byteOrder,
      symbols: this.program.values(),
      lines: this.program.lines(),
    };
  }

  /** One statement; false at the end. */
  private step(): boolean {
    let statement: Statement | undefined;
    try {
      statement = this.blocks.next();
      if (statement) this.statement(statement.text, statement.location);
    } catch (error) {
      if (!(error instanceof SourceProblem)) throw error;
      const place = error instanceof OpenConditional ? error.location : this.place;
      this.report({ ...place, column: error.column ?? place.column, message: error.message });
      // Nothing sensible follows where the reader itself gave up.
      if (!statement && !(error instanceof OpenConditional)) return false;
      return true;
    }
    return statement !== undefined;
  }

  private statement(text: string, location: Location): void {
    let rest = text;
    let column = location.column;
    const skip = (length: number): void => {
      rest = rest.slice(length);
      column += length;
      this.place = { ...location, column };
    };
    skip(text.length - text.trimStart().length);
    for (let label = LABEL.exec(rest); label; label = LABEL.exec(rest)) {
      if (label[1] !== undefined) this.program.defineLabel(label[1], location);
      else this.program.defineLocalLabel(String(Number(label[2])), location);
      skip(/^[^:]*:\s*/.exec(rest)![0].length);
    }
    const assignment = ASSIGNMENT.exec(rest);
    if (assignment) {
      const [whole, name] = assignment;
      this.assign(name!, this.use(rest.slice(whole.length), column + whole.length, location));
      return;
    }
    const operation = OPERATION.exec(rest);
    if (operation) {
      const [name] = operation;
      this.operation(name, rest.slice(name.length), { ...location, column });
    } else if (rest.trim() !== '')
      throw new SourceProblem(`expected a label, instruction or directive, found "${rest.trim()}"`, column);
  }

  private use(operands: string, column: number, location: Location): DirectiveUse {
    const reader = new TokenReader(tokenize(operands, column));
    return { reader, program: this.program, location, inCode: this.inCode };
  }

  /** `name = expression`, and `. = address`. */
  private assign(name: string, use: DirectiveUse): void {
    const value = new ExpressionParser(use.reader, this.program).parse();
    use.reader.expectEnd();
    if (name === '.') skipTo(use, this.program.valueNow(value), 0);
    else this.program.assign(name, value);
  }

  private operation(name: string, operands: string, location: Location): void {
    const lower = name.toLowerCase();
    const column = location.column + name.length;
    if (this.blocks.handle({ name, operands, column, location })) return;
    const directive = DIRECTIVES.get(lower);
    if (directive) directive(this.use(operands, column, location));
    else if (SECTIONS.has(lower)) this.inCode = isCodeSection(lower, operands);
    else if (name.startsWith('.') && !IGNORED.has(lower))
      throw new SourceProblem(`unknown directive ${name}`);
    else if (!name.startsWith('.'))
      addInstruction(
        { mnemonic: lower, operands, column, location },
        this.program,
        this.options.filter ?? (() => true),
      );
  }
}

/**
 * Assembles a source.
 *
 * @throws AssemblyError (a UserError) with every error found: file, line, column, what was expected
 * @example
 * assemble('li r3,1\nblr').bytes; // Uint8Array [0x38, 0x60, 0, 1, 0x4e, 0x80, 0, 0x20]
 */
export const assemble = (source: string, options: AssembleOptions = {}): Assembled =>
  new Assembler(options).run(source);

export { AssemblyError, type Diagnostic, type Location } from './errors';
