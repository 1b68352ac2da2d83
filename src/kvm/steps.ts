/**
 * Long operations as sequences of steps. An operation that may sleep in a real kernel is a generator: between two
 * yields it is atomic, at each yield another party may run. Tests interleave at will; the machine drives an operation
 * to its end. No scheduling policy lives here.
 */
import { InternalError } from '../core/errors';

/**
 * Where an operation may be interrupted. A name that begins with `wait:` is yielded again and again until the
 * condition holds; all others are passed once.
 */
export type StepPoint =
  | 'wait:slots_lock'
  | 'wait:slots_arch_lock'
  | 'wait:mmu_lock'
  | 'wait:tlb_lock'
  | 'wait:refresh_lock'
  | 'wait:invalidations'
  | 'wait:readers'
  | 'wait:vcpu'
  | 'wait:retry'
  | 'invalidations'
  | 'grace'
  | 'flush'
  | 'relock'
  | 'prepare'
  | 'commit'
  | 'looked up'
  | 'resolved'
  | 'mapped'
  | 'invalidated'
  | 'changed'
  | 'cleared'
  | 'protected'
  | 'flushed'
  | 'locked';

/** An operation under way; its return value is the operation's result. */
export type Steps<T> = Generator<StepPoint, T, void>;

/** True where the operation can make no progress until somebody else acts. */
export const isWait = (point: StepPoint): boolean => point.startsWith('wait:');

/** The operation waits for something that nobody is left to do. */
export class DeadlockError extends InternalError {
  constructor(readonly point: StepPoint) {
    super(`deadlock: nothing can end ${point}`);
  }
}

/**
 * Drives an operation to its end without leaving the calling function.
 *
 * @param idle called while the operation waits; returns false where nothing else can run
 * @throws DeadlockError where the operation waits and `idle` is absent or has nothing left to run
 */
export function runToEnd<T>(steps: Steps<T>, idle?: () => boolean): T {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    if (isWait(next.value) && !idle?.()) throw new DeadlockError(next.value);
  }
}

/**
 * Drives an operation to its end and lets the event loop run while it waits.
 *
 * @param pause resolves when the operation should be tried again, such as after a timer tick
 */
export async function runAsync<T>(steps: Steps<T>, pause: () => Promise<void>): Promise<T> {
  for (;;) {
    const next = steps.next();
    if (next.done) return next.value;
    if (isWait(next.value)) await pause();
  }
}
