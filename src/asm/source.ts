/**
 * The source as a stream of statements: files, macro expansions and repetitions are frames of a stack, conditionals
 * hide parts. What a statement means is not known here.
 */
import { SourceProblem, type Location } from './errors';
import { hasOpenComment, statementsOf, withoutComments } from './lexer';

export interface Statement {
  readonly text: string;
  readonly location: Location;
}

/** Cuts a file into statements. */
export function statementsOfFile(file: string, text: string, from?: Location): Statement[] {
  if (hasOpenComment(text)) throw new SourceProblem(`${file}: a comment that begins with /* does not end`);
  return withoutComments(text)
    .split('\n')
    .flatMap((line, i) =>
      statementsOf(line)
        .filter(({ text: part }) => part.trim() !== '')
        .map(({ text: part, column }) => ({
          text: part,
          location: { file, line: i + 1, column, ...(from ? { from } : {}) },
        })),
    );
}

/** One `.if` that is not yet closed. */
interface Conditional {
  readonly location: Location;
  /** True where its part that is read now counts. */
  active: boolean;
  /** True once one of its parts counted, or where all of it is in a part that does not. */
  done: boolean;
  elseSeen: boolean;
}

interface Frame {
  readonly statements: readonly Statement[];
  next: number;
  /** Conditionals open outside of it. */
  readonly outer: number;
  readonly kind: 'file' | 'macro' | 'repetition';
  /** How often it is read once more. */
  again: number;
}

/** Deeper nesting is a macro or file that uses itself without end. */
const MAX_FRAMES = 200;
export class StatementSource {
  private readonly frames: Frame[] = [];
  private conditionals: Conditional[] = [];
  private count = 0;

  /** @param maxStatements beyond these the source is taken to repeat itself without end */
  constructor(private readonly maxStatements: number) {}

  push(statements: readonly Statement[], kind: Frame['kind']): void {
    if (this.frames.length >= MAX_FRAMES)
      throw new SourceProblem(`macros and files nested deeper than ${MAX_FRAMES}`);
    this.frames.push({ statements, next: 0, outer: this.conditionals.length, kind, again: 0 });
  }

  /** Pushes a body that is read several times. */
  pushRepeated(body: readonly Statement[], times: number, from: Location): void {
    if (times === 0) return;
    const statements = body.map(({ text, location }) => ({ text, location: { ...location, from } }));
    this.push(statements, 'repetition');
    this.frames.at(-1)!.again = times - 1;
  }

  /** The next statement, active or not; undefined at the end. Throws where a conditional is left open. */
  next(): Statement | undefined {
    for (;;) {
      const frame = this.frames.at(-1);
      if (!frame) return undefined;
      const statement = frame.statements[frame.next++];
      if (statement) {
        if (++this.count > this.maxStatements)
          throw new SourceProblem(`more than ${this.maxStatements} statements: repetition without end?`);
        return statement;
      }
      if (frame.again > 0 && frame.statements.length > 0) {
        frame.again--;
        frame.next = 0;
      } else this.frames.pop();
      this.closeConditionals(frame.outer);
    }
  }

  private closeConditionals(outer: number): void {
    const open = this.conditionals[outer];
    this.conditionals = this.conditionals.slice(0, outer);
    if (open) throw new OpenConditional(open.location);
  }

  /** Gives up everything that is still to be read. */
  abandon(): void {
    this.frames.length = 0;
    this.conditionals = [];
  }

  /** The statements up to the end of a block whose beginning was just read, without the end. */
  collect(begin: RegExp, end: RegExp, what: string): Statement[] {
    const frame = this.frames.at(-1)!;
    let depth = 1;
    const first = frame.next;
    for (; frame.next < frame.statements.length; frame.next++) {
      const { text } = frame.statements[frame.next]!;
      if (begin.test(text)) depth++;
      else if (end.test(text) && --depth === 0) return frame.statements.slice(first, frame.next++);
    }
    throw new SourceProblem(`${what} is not closed`);
  }

  /** Leaves the innermost macro. */
  exitMacro(): void {
    const index = this.frames.map((frame) => frame.kind).lastIndexOf('macro');
    if (index < 0) throw new SourceProblem('.exitm outside of a macro');
    this.conditionals = this.conditionals.slice(0, this.frames[index]!.outer);
    this.frames.length = index;
  }

  get active(): boolean {
    return this.conditionals.at(-1)?.active ?? true;
  }

  /** `.if` and its kin; the condition is asked only where it counts. */
  beginConditional(location: Location, condition: () => boolean): void {
    const counts = this.active;
    const active = counts && condition();
    this.conditionals.push({ location, active, done: active || !counts, elseSeen: false });
  }

  elseConditional(condition: () => boolean, { last }: { last: boolean }): void {
    const open = this.innermost(last ? '.else' : '.elseif');
    if (open.elseSeen) throw new SourceProblem('.else was already there for this .if');
    open.elseSeen = last;
    open.active = !open.done && condition();
    open.done ||= open.active;
  }

  endConditional(): void {
    this.innermost('.endif');
    this.conditionals.pop();
  }

  private innermost(directive: string): Conditional {
    const open = this.conditionals.at(-1);
    if (!open || this.conditionals.length <= this.frames.at(-1)!.outer)
      throw new SourceProblem(`${directive} without .if`);
    return open;
  }
}

/** A conditional that is open at the end of its file or macro; the problem is where it begins. */
export class OpenConditional extends SourceProblem {
  constructor(readonly location: Location) {
    super('this .if is not closed by .endif');
  }
}
