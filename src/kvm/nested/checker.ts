/**
 * Checks nested guests while they run: whenever L0 is done with something that touches them, every invariant of
 * `check.ts`. It remembers what happened to each guest, so that what is broken comes with how it came about.
 */
import type { NestedEvent } from '../../trace/events/nested';
import { checkNested, type NestedProblem } from './check';
import { historyText, NestedHistory } from './history';
import type { Nested } from './nested';

/** Events after which something may be broken that was not before. An entry alone changes no table. */
const TOUCHING: ReadonlySet<NestedEvent['ev']> = new Set<NestedEvent['ev']>([
  'nested.exit',
  'nested.fault',
  'nested.guest',
  'shadow.invalidate',
  'rmap',
]);

export interface CheckerOptions {
  readonly nested: Nested;
  /** A check after every n-th exit of L0 that touched nested guests, and by {@link NestedChecker.check}. */
  readonly every: number;
  /** Told once, at the first broken invariant: there is no use in going on. */
  readonly broken: () => void;
}

export class NestedChecker {
  /** Of the check that found something; empty while all is well. */
  problems: readonly NestedProblem[] = [];
  /** Checks made. */
  checks = 0;
  private readonly history = new NestedHistory();
  private isTouched = false;
  private left: number;

  constructor(private readonly options: CheckerOptions) {
    this.left = options.every;
  }

  /** An event of nested guests, in order. */
  observe(event: NestedEvent): void {
    this.history.observe(event);
    if (TOUCHING.has(event.ev)) this.isTouched = true;
  }

  /** Nothing is half done: checks if it is time to. */
  settled(): void {
    if (!this.isTouched || this.problems.length > 0) return;
    this.isTouched = false;
    if (--this.left > 0) return;
    this.left = this.options.every;
    this.check();
  }

  /** Checks now. */
  check(): void {
    if (this.problems.length > 0) return;
    this.checks++;
    this.problems = checkNested(this.options.nested);
    if (this.problems.length > 0) this.options.broken();
  }

  /** What is broken, a line each, with the history of the nested guests that it is about. */
  report(limit: number): string[] {
    const { problems, history } = this;
    const guests = new Set(
      problems.flatMap(({ shadowLpid }) => (shadowLpid === undefined ? [] : [shadowLpid])),
    );
    return [
      ...problemLines(problems, limit),
      ...[...guests].slice(0, limit).flatMap((shadowLpid) => {
        const life = history.of(shadowLpid);
        return life ? historyText(life).map((line) => `  ${line}`) : [];
      }),
    ];
  }
}

/** At most `limit` problems, a line each, and how many more there are. */
export function problemLines(problems: readonly NestedProblem[], limit: number): string[] {
  const lines = problems.slice(0, limit).map(({ kind, message }) => `${kind}: ${message}`);
  return problems.length > limit ? [...lines, `${problems.length - limit} more`] : lines;
}
