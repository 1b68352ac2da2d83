/**
 * Expressions with the operators and precedences of GNU as: `* / % << >>` bind tighter than `| & ^ !`, then
 * `+ -` and comparisons, then `&&`, then `||`. Values are 64-bit integers, signed for division and comparison;
 * comparisons give -1 for true.
 */
import { SourceProblem } from './errors';
import type { Token } from './lexer';

export type Expression =
  | { readonly k: 'number'; readonly value: bigint; readonly depth: 0 }
  | { readonly k: 'symbol'; readonly name: string; readonly column: number; readonly depth: 0 }
  | { readonly k: 'unary'; readonly op: string; readonly arg: Expression; readonly depth: number }
  | {
      readonly k: 'binary';
      readonly op: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly column: number;
      readonly depth: number;
    };

/** Nesting beyond this is refused: evaluation recurses. */
const MAX_DEPTH = 200;

const numberExpression = (value: bigint): Expression => ({
  k: 'number',
  value: BigInt.asIntN(64, value),
  depth: 0,
});

/** What the parser asks about names: an expression to put in place of the name. */
export interface Names {
  /** The value of `.`. */
  readonly here: bigint;
  /** The expression that a symbol is now set to, or undefined: it is looked up when the expression is evaluated. */
  assigned(name: string): Expression | undefined;
  /** The name of the label that `1b` or `1f` refers to. */
  local(reference: string): string | undefined;
}

const PRECEDENCE: Readonly<Record<string, number>> = {
  '||': 1, '&&': 2,
  '+': 3, '-': 3, '==': 3, '!=': 3, '<>': 3, '<': 3, '>': 3, '<=': 3, '>=': 3,
  '|': 4, '&': 4, '^': 4, '!': 4,
  '*': 5, '/': 5, '%': 5, '<<': 5, '>>': 5,
}; // prettier-ignore
const UNARY = new Set(['-', '~', '!', '+']);

/** Reads tokens from left to right. */
export class TokenReader {
  private next = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  peek(): Token {
    return this.tokens[this.next]!;
  }

  take(): Token {
    const token = this.peek();
    if (token.kind !== 'end') this.next++;
    return token;
  }

  /** True, and past it, where the next token is this operator. */
  accept(operator: string): boolean {
    const found = this.peek().kind === 'operator' && this.peek().text === operator;
    if (found) this.next++;
    return found;
  }

  get atEnd(): boolean {
    return this.peek().kind === 'end';
  }

  expect(operator: string): void {
    if (!this.accept(operator)) throw unexpected(this.peek(), `"${operator}"`);
  }

  expectEnd(): void {
    if (!this.atEnd) throw unexpected(this.peek(), 'the end of the statement');
  }
}

export const unexpected = (token: Token, expected: string): SourceProblem =>
  new SourceProblem(
    `expected ${expected}, found ${token.kind === 'end' ? token.text : `"${token.text}"`}`,
    token.column,
  );

const within = (depth: number, column: number): number => {
  if (depth > MAX_DEPTH) throw new SourceProblem(`expression nested deeper than ${MAX_DEPTH}`, column);
  return depth;
};

/** Parses an expression; it ends before the first token that cannot continue it. */
export class ExpressionParser {
  private nesting = 0;

  constructor(
    private readonly reader: TokenReader,
    private readonly names: Names,
  ) {}

  parse(least = 1): Expression {
    let left = this.unary();
    for (;;) {
      const token = this.reader.peek();
      const precedence = token.kind === 'operator' ? PRECEDENCE[token.text] : undefined;
      if (precedence === undefined || precedence < least) return left;
      this.reader.take();
      const right = this.parse(precedence + 1);
      const depth = within(Math.max(left.depth, right.depth) + 1, token.column);
      left = simplified({ k: 'binary', op: token.text, left, right, column: token.column, depth });
    }
  }

  private unary(): Expression {
    const token = this.reader.peek();
    this.nesting++;
    within(this.nesting, token.column);
    const result = this.operand();
    this.nesting--;
    return result;
  }

  private operand(): Expression {
    const token = this.reader.take();
    if (token.kind === 'number') return numberExpression(token.value);
    if (token.kind === 'name') return this.name(token);
    if (token.kind === 'local') return this.localLabel(token);
    if (token.kind === 'operator' && UNARY.has(token.text)) {
      const arg = this.unary();
      return simplified({ k: 'unary', op: token.text, arg, depth: within(arg.depth + 1, token.column) });
    }
    if (token.kind === 'operator' && token.text === '(') {
      const inner = this.parse();
      this.reader.expect(')');
      return inner;
    }
    throw unexpected(token, 'an expression');
  }

  private name(token: Token): Expression {
    if (token.text === '.') return numberExpression(this.names.here);
    return (
      this.names.assigned(token.text) ?? { k: 'symbol', name: token.text, column: token.column, depth: 0 }
    );
  }

  private localLabel(token: Token): Expression {
    const name = this.names.local(token.text);
    if (name === undefined)
      throw new SourceProblem(`no label ${token.text.slice(0, -1)}: before ${token.text}`, token.column);
    return { k: 'symbol', name, column: token.column, depth: 0 };
  }
}

/** The value of a symbol; throws a {@link SourceProblem} where it has none. */
export type Lookup = (name: string, column: number) => bigint;

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (value: boolean): bigint => (value ? -1n : 0n);

function divide(op: '/' | '%', a: bigint, b: bigint, column: number): bigint {
  if (b === 0n) throw new SourceProblem('division by zero', column);
  return op === '/' ? a / b : a % b;
}

/** A shift of the 64 bits, right ones without sign; the count is 0..63 or everything is shifted out. */
function shift(op: '<<' | '>>', a: bigint, count: bigint): bigint {
  if (count < 0n || count > 63n) return 0n;
  return op === '<<' ? a << count : BigInt.asUintN(64, a) >> count;
}

function binary(op: string, a: bigint, b: bigint, column: number): bigint {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
    case '%':
      return divide(op, a, b, column);
    case '<<':
    case '>>':
      return shift(op, a, b);
    case '|':
      return a | b;
    case '&':
      return a & b;
    case '^':
      return a ^ b;
    case '!':
      return a | ~b;
    case '==':
      return truth(a === b);
    case '!=':
    case '<>':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    case '>=':
      return truth(a >= b);
    case '&&':
      return a !== 0n && b !== 0n ? 1n : 0n;
    default:
      return a !== 0n || b !== 0n ? 1n : 0n;
  }
}

function unary(op: string, a: bigint): bigint {
  if (op === '-') return -a;
  if (op === '~') return ~a;
  return op === '!' ? BigInt(a === 0n) : a;
}

/** The value, signed 64 bits. Shared subtrees are evaluated once. */
export function evaluate(expression: Expression, lookup: Lookup): bigint {
  const known = new Map<Expression, bigint>();
  const value = (e: Expression): bigint => {
    if (e.k === 'number') return e.value;
    if (e.k === 'symbol') return lookup(e.name, e.column);
    const found = known.get(e);
    if (found !== undefined) return found;
    const result = wrap(
      e.k === 'unary' ? unary(e.op, value(e.arg)) : binary(e.op, value(e.left), value(e.right), e.column),
    );
    known.set(e, result);
    return result;
  };
  return value(expression);
}

const isNumber = (e: Expression): boolean => e.k === 'number';

/** An expression of numbers becomes a number, so that counters do not grow. */
function simplified(e: Expression): Expression {
  const constant =
    e.k === 'unary' ? isNumber(e.arg) : e.k === 'binary' && isNumber(e.left) && isNumber(e.right);
  return constant
    ? numberExpression(
        evaluate(e, () => {
          throw new TypeError('a constant has no symbols');
        }),
      )
    : e;
}

const half = (value: bigint, shiftBy: bigint): bigint => (value >> shiftBy) & 0xffffn;
/** What carries into the upper parts because the low 16 bits are added as a signed number. */
const ADJUSTMENT = 0x8000n;

/** Parts of an address, as 16-bit patterns: `symbol@ha` (64-bit ELF ABI, "relocation types"). */
const PARTS: ReadonlyMap<string, (value: bigint) => bigint> = new Map(
  Object.entries<(value: bigint) => bigint>({
    l: (v) => half(v, 0n),
    h: (v) => half(v, 16n),
    ha: (v) => half(v + ADJUSTMENT, 16n),
    high: (v) => half(v, 16n),
    higha: (v) => half(v + ADJUSTMENT, 16n),
    higher: (v) => half(v, 32n),
    highera: (v) => half(v + ADJUSTMENT, 32n),
    highest: (v) => half(v, 48n),
    highesta: (v) => half(v + ADJUSTMENT, 48n),
  }),
);

/** Applies `@l`, `@ha` and so on: 16 bits, as a signed number where `signed`. */
export function partOf(modifier: string, value: bigint, { signed }: { signed: boolean }): bigint | undefined {
  const pattern = PARTS.get(modifier)?.(value);
  return pattern === undefined || !signed ? pattern : BigInt.asIntN(16, pattern);
}

export const isPart = (modifier: string): boolean => PARTS.has(modifier);
