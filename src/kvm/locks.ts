/**
 * The locks of the L0 hypervisor. Everything between two yields of an operation is atomic, so a lock is a flag that
 * matters only across yields; it also records misuse. Reader sections follow SRCU (Linux include/linux/srcu.h).
 */
import { InternalError } from '../core/errors';
import type { StepPoint, Steps } from './steps';

/** A mutual exclusion lock. Not recursive. */
export class Mutex {
  private owned = false;
  /** How often the lock was taken; tests use it to prove that a path does not need it. */
  acquisitions = 0;

  constructor(readonly name: string) {}

  get isHeld(): boolean {
    return this.owned;
  }

  /** Takes the lock where it is free. */
  tryLock(): boolean {
    if (this.owned) return false;
    this.owned = true;
    this.acquisitions++;
    return true;
  }

  /** Takes a lock that no yield can leave held; an InternalError where it is held all the same. */
  lock(): void {
    if (!this.tryLock()) throw new InternalError(`${this.name} taken twice`);
  }

  /** Takes the lock, waiting at `point` as long as another operation has it. */
  *lockSteps(point: StepPoint): Steps<void> {
    while (!this.tryLock()) yield point;
  }

  unlock(): void {
    if (!this.owned) throw new InternalError(`${this.name} released but not held`);
    this.owned = false;
  }

  assertHeld(): void {
    if (!this.owned) throw new InternalError(`${this.name} must be held here`);
  }
}

/** A read section under way, as {@link Srcu.readLock} returns it. */
export type SrcuToken = 0 | 1;

/**
 * Sleepable read-copy-update with two epochs. Writers are serialised by slots_lock and each waits for its own grace
 * period, so at most the present epoch and the one before have readers: two counters are enough.
 */
export class Srcu {
  private readonly readers: [number, number] = [0, 0];
  private epoch: SrcuToken = 0;

  /** Opens a read section; allocates nothing. */
  readLock(): SrcuToken {
    this.readers[this.epoch]++;
    return this.epoch;
  }

  readUnlock(token: SrcuToken): void {
    if (this.readers[token] === 0) throw new InternalError('SRCU read section closed twice');
    this.readers[token]--;
  }

  /** Open read sections of either epoch. */
  get readerCount(): number {
    return this.readers[0] + this.readers[1];
  }

  /** Starts a new epoch; the result stands for the sections that began before. Call at the publish itself. */
  startGracePeriod(): SrcuToken {
    const before = this.epoch;
    this.epoch = before === 0 ? 1 : 0;
    if (this.readers[this.epoch] !== 0) throw new InternalError('SRCU grace periods overlap');
    return before;
  }

  /** True where every section that began before the grace period has ended. */
  isGracePeriodOver(before: SrcuToken): boolean {
    return this.readers[before] === 0;
  }
}
