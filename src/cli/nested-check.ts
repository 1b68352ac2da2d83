/** `book3s boot --check nested`: the invariants of nested guests, checked while they run. */
import { UserError } from '../core/errors';
import { NestedChecker } from '../kvm/nested/checker';
import { NestedGuests } from '../kvm/nested/part';
import type { Machine } from '../machine/machine';
import type { NestedEvent } from '../trace/events/nested';
import { EXIT } from './exit-codes';
import { parseCount } from './values';

/** What `--check` asks for. */
export interface CheckOptions {
  /** A check after every n-th exit of L0 that touched nested guests. */
  readonly every: number;
}

/** Lines that a report has at most. */
const LINES = 20;

/** `nested`, or `nested:1000`. */
export function parseCheck(option: string, text: string): CheckOptions {
  const [, every] = /^nested(?::(.*))?$/.exec(text) ?? [undefined, ''];
  if (every === '')
    throw new UserError(`${option}: expected nested or nested:N such as nested:1000, got "${text}"`);
  return { every: every === undefined ? 1 : parseCount(option, every, { min: 1 }) };
}

/** A run that is being checked. */
export class NestedCheck {
  private readonly checker: NestedChecker;

  /**
   * Begins to check.
   * @param emit where the trace wants events of nested guests too
   * @throws UserError for a machine without nested guests
   */
  constructor(
    private readonly machine: Machine,
    { every }: CheckOptions,
    emit?: (event: NestedEvent) => void,
  ) {
    const { l0, description } = machine;
    const part = l0?.nested;
    if (!l0 || !(part instanceof NestedGuests))
      throw new UserError(
        `--check nested: machine ${description.name} has no nested guests; machine pseries has`,
      );
    const { nested } = part;
    this.checker = new NestedChecker({ nested, every, broken: () => machine.execution.stop() });
    part.observe((event) => {
      this.checker.observe(event);
      emit?.(event);
    });
    l0.settled = () => this.checker.settled();
  }

  /** Checks a last time. @returns how the run ended instead, where something is broken */
  end(): { code: number; reason: string; message: string } | undefined {
    this.checker.check();
    if (this.checker.problems.length === 0) return undefined;
    const at = `after ${this.machine.instructions} instructions`;
    return {
      code: EXIT.BROKEN,
      reason: 'broken invariant',
      message: [`an invariant of nested guests is broken ${at}`, ...this.checker.report(LINES)].join('\n  '),
    };
  }
}
