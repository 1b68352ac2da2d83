/** Directives that decide which statements are read: conditionals, macros, repetitions, includes. */
import { SourceProblem, type Location } from './errors';
import { ExpressionParser, TokenReader, unexpected } from './expression';
import { tokenize } from './lexer';
import { defineMacro, expandForEach, expandMacro, splitArguments, type Macro } from './macro';
import type { Program } from './program';
import { StatementSource, statementsOfFile, type Statement } from './source';

/** The operation of a statement. */
export interface Operation {
  readonly name: string;
  /** The rest of the statement. */
  readonly operands: string;
  /** Column of the rest. */
  readonly column: number;
  readonly location: Location;
}

/** Repetitions of one .rept: more is a mistake. */
const MAX_REPETITIONS = 1_000_000n;

const MACRO_BEGIN = /^\s*\.macro\b/i;
const MACRO_END = /^\s*\.endm\b/i;
const REPEAT_BEGIN = /^\s*(?:[\w.$]+:\s*)*\.(?:rept|irpc?)\b/i;
const REPEAT_END = /^\s*\.endr\b/i;
/** What is looked at where statements do not count. */
const CONDITIONAL = /^\s*\.(?:if\w*|elseif|else|endif)\b/i;

type Include = (name: string, from: string) => string | undefined;

export class Blocks {
  private readonly source: StatementSource;
  private readonly macros = new Map<string, Macro>();
  private expansions = 0;

  constructor(
    private readonly program: Program,
    private readonly include: Include | undefined,
    maxStatements: number,
  ) {
    this.source = new StatementSource(maxStatements);
  }

  /** Starts with a file. */
  begin(file: string, text: string): void {
    this.source.push(statementsOfFile(file, text), 'file');
  }

  /** The next statement that counts. */
  next(): Statement | undefined {
    for (;;) {
      const statement = this.source.next();
      if (!statement || this.source.active) return statement;
      // Conditionals are read like statements that count, so that their errors carry their place.
      if (CONDITIONAL.test(statement.text)) return statement;
    }
  }

  /** Carries out an operation of this kind; false where it is none. */
  handle(operation: Operation): boolean {
    const name = operation.name.toLowerCase();
    const condition = CONDITIONS.get(name);
    if (condition) {
      this.source.beginConditional(operation.location, () => condition(operation, this.program));
      return true;
    }
    const block = BLOCKS.get(name);
    if (block) {
      block(this, operation);
      return true;
    }
    const macro = this.macros.get(name);
    if (macro) this.expand(macro, operation);
    return macro !== undefined;
  }

  private expand(macro: Macro, { operands, location }: Operation): void {
    const use = { count: this.expansions++, location };
    this.source.push(expandMacro(macro, operands, use), 'macro');
  }

  elseIf(operation: Operation): void {
    this.source.elseConditional(() => isTrue(operation, this.program), { last: false });
  }

  otherwise(): void {
    this.source.elseConditional(() => true, { last: true });
  }

  endIf(): void {
    this.source.endConditional();
  }

  defineMacro({ operands }: Operation): void {
    const body = this.source.collect(MACRO_BEGIN, MACRO_END, '.macro');
    const macro = defineMacro(operands, body);
    const name = macro.name.toLowerCase();
    if (this.macros.has(name)) throw new SourceProblem(`macro ${macro.name} is already defined`);
    this.macros.set(name, macro);
  }

  purgeMacro({ operands }: Operation): void {
    if (!this.macros.delete(operands.trim().toLowerCase()))
      throw new SourceProblem(`there is no macro ${operands.trim()}`);
  }

  exitMacro(): void {
    this.source.exitMacro();
  }

  repeat({ operands, column, location }: Operation): void {
    const body = this.source.collect(REPEAT_BEGIN, REPEAT_END, '.rept');
    const count = valueNow({ operands, column }, this.program);
    if (count > MAX_REPETITIONS)
      throw new SourceProblem(`expected at most ${MAX_REPETITIONS} repetitions, found ${count}`, column);
    this.source.pushRepeated(body, Number(count < 0n ? 0n : count), location);
  }

  forEach({ operands, location }: Operation): void {
    const body = this.source.collect(REPEAT_BEGIN, REPEAT_END, '.irp');
    const [name, ...values] = splitArguments(operands);
    this.forValues(body, name, values, location);
  }

  forEachCharacter({ operands, location }: Operation): void {
    const body = this.source.collect(REPEAT_BEGIN, REPEAT_END, '.irpc');
    const [name, text = ''] = splitArguments(operands);
    this.forValues(body, name, [...text], location);
  }

  private forValues(
    body: readonly Statement[],
    name: string | undefined,
    values: readonly string[],
    location: Location,
  ): void {
    if (!name) throw new SourceProblem('expected the name that stands for each value');
    const use = { count: this.expansions++, location };
    this.source.push(expandForEach(body, name, values, use), 'repetition');
  }

  includeFile({ operands, column, location }: Operation): void {
    const reader = new TokenReader(tokenize(operands, column));
    const token = reader.take();
    if (token.kind !== 'string') throw unexpected(token, 'the name of a file in quotation marks');
    reader.expectEnd();
    const text = this.include?.(token.text, location.file);
    if (text === undefined) throw new SourceProblem(`cannot include "${token.text}"`, token.column);
    this.source.push(statementsOfFile(token.text, text, location), 'file');
  }

  end(): void {
    this.source.abandon();
  }

  misplaced({ name }: Operation): void {
    throw new SourceProblem(`${name} without its beginning`);
  }
}

type BlockDirective = (blocks: Blocks, operation: Operation) => void;

const BLOCKS: ReadonlyMap<string, BlockDirective> = new Map(
  Object.entries<BlockDirective>({
    '.elseif': (blocks, operation) => blocks.elseIf(operation),
    '.else': (blocks) => blocks.otherwise(),
    '.endif': (blocks) => blocks.endIf(),
    '.macro': (blocks, operation) => blocks.defineMacro(operation),
    '.purgem': (blocks, operation) => blocks.purgeMacro(operation),
    '.exitm': (blocks) => blocks.exitMacro(),
    '.endm': (blocks, operation) => blocks.misplaced(operation),
    '.rept': (blocks, operation) => blocks.repeat(operation),
    '.irp': (blocks, operation) => blocks.forEach(operation),
    '.irpc': (blocks, operation) => blocks.forEachCharacter(operation),
    '.endr': (blocks, operation) => blocks.misplaced(operation),
    '.include': (blocks, operation) => blocks.includeFile(operation),
    '.end': (blocks) => blocks.end(),
  }),
);

/** The value of operands that are one expression whose value is known now. */
function valueNow({ operands, column }: Pick<Operation, 'operands' | 'column'>, program: Program): bigint {
  const reader = new TokenReader(tokenize(operands, column));
  const value = program.valueNow(new ExpressionParser(reader, program).parse());
  reader.expectEnd();
  return value;
}

const isTrue = (operation: Operation, program: Program): boolean => valueNow(operation, program) !== 0n;

/** The two texts of .ifc, which are compared as they stand. */
function twoTexts({ operands }: Operation): [string, string] {
  const comma = operands.indexOf(',');
  if (comma < 0) throw new SourceProblem('expected two texts with a comma between them');
  return [operands.slice(0, comma).trim(), operands.slice(comma + 1).trim()];
}

type Condition = (operation: Operation, program: Program) => boolean;

const compared =
  (holds: (value: bigint) => boolean): Condition =>
  (operation, program) =>
    holds(valueNow(operation, program));
const isDefined: Condition = ({ operands }, program) => program.isDefined(operands.trim());
const isBlank: Condition = ({ operands }) => operands.trim() === '';
const isSame: Condition = (operation) => {
  const [a, b] = twoTexts(operation);
  return a === b;
};
const not =
  (condition: Condition): Condition =>
  (operation, program) =>
    !condition(operation, program);

const CONDITIONS: ReadonlyMap<string, Condition> = new Map(
  Object.entries({
    '.if': isTrue,
    '.ifne': isTrue,
    '.ifeq': not(isTrue),
    '.ifgt': compared((value) => value > 0n),
    '.ifge': compared((value) => value >= 0n),
    '.iflt': compared((value) => value < 0n),
    '.ifle': compared((value) => value <= 0n),
    '.ifdef': isDefined,
    '.ifndef': not(isDefined),
    '.ifnotdef': not(isDefined),
    '.ifb': isBlank,
    '.ifnb': not(isBlank),
    '.ifc': isSame,
    '.ifnc': not(isSame),
  }),
);
