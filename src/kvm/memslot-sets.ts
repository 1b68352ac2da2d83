/**
 * The two memslot sets of each address space, which of them is active, and how a change reaches both. The two
 * implementations differ only here: the trees edit one slot in each set, the array copies the set first. The order of
 * an update and the generation numbers are the same for both (`set-memslot.ts`).
 */
import { ArraySet } from './array-set';
import type { MemSlot, SlotPool } from './memslot';
import { TreeSet, type MemslotSet } from './memslot-set';

export type SetsKind = 'tree' | 'array';

export interface MemslotSets {
  readonly kind: SetsKind;
  /** Address spaces, 1 or 2. */
  readonly count: number;
  active(asId: number): MemslotSet;
  inactive(asId: number): MemslotSet;
  /** Makes the inactive set of the address space the active one. */
  publish(asId: number): void;
  /** Before a publish: makes the inactive set what the active one is, with `next` in the place of `old`. */
  replace(old: MemSlot | null, next: MemSlot | null): void;
  /** After a publish and its grace period: brings the set that was active before up to date. */
  settle(old: MemSlot | null, next: MemSlot | null): void;
}

/** State common to both: a pair of sets per address space and the index of the active one. */
abstract class SetPairs<S extends MemslotSet> {
  private readonly activeIndex: number[];

  protected constructor(protected readonly pairs: readonly (readonly [S, S])[]) {
    this.activeIndex = pairs.map(() => 0);
  }

  get count(): number {
    return this.pairs.length;
  }

  active(asId: number): S {
    return this.pairs[asId]![this.activeIndex[asId] as 0 | 1];
  }

  inactive(asId: number): S {
    return this.pairs[asId]![(1 - this.activeIndex[asId]!) as 0 | 1];
  }

  publish(asId: number): void {
    this.activeIndex[asId] = 1 - this.activeIndex[asId]!;
  }
}

/** Two sets of trees that link the same slots; only the slot that changes is touched. */
export class TreeSets extends SetPairs<TreeSet> implements MemslotSets {
  readonly kind = 'tree';

  constructor(pool: SlotPool, count: number) {
    super(Array.from({ length: count }, (_, as) => [new TreeSet(pool, as, 0), new TreeSet(pool, as, 1)]));
  }

  replace(old: MemSlot | null, next: MemSlot | null): void {
    this.inactive((next ?? old)!.asId).replace(old, next);
  }

  settle(old: MemSlot | null, next: MemSlot | null): void {
    this.replace(old, next);
  }
}

/** The predecessor: a change copies the active array, edits the copy and drops the old one after the swap. */
export class ArraySets extends SetPairs<ArraySet> implements MemslotSets {
  readonly kind = 'array';

  constructor(count: number) {
    super(Array.from({ length: count }, (_, as) => [new ArraySet(as, 0), new ArraySet(as, 1)]));
  }

  replace(old: MemSlot | null, next: MemSlot | null): void {
    const asId = (next ?? old)!.asId;
    const copy = this.inactive(asId);
    copy.copyFrom(this.active(asId));
    copy.replace(old, next);
  }

  /** Nothing to level: the retired array is a leftover that the next change overwrites. */
  settle(): void {}
}
