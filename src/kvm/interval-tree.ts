/**
 * A red-black tree of closed intervals that may overlap and repeat, with the largest `last` of each subtree kept in
 * its top node: the hva tree of a memslot set (Linux include/linux/interval_tree_generic.h). It answers "which
 * intervals meet this one" in O(log n + k), ascending by start.
 */
import { RbTree } from './rbtree';
import { lastAt, leftOf, NIL, parentOf, rightOf, startAt } from './rbtree-links';

/** Searches in a row that must end at the same interval before it is worth knowing whether it is alone. */
const REPEATS = 3;

export class IntervalTree extends RbTree {
  /** Largest `last` below and at each node; the sentinel's is below every value. */
  private maxima = new Float64Array(this.bounds.length / 2).fill(-Infinity, 0, 1);

  /**
   * The interval that recent searches ended at and that no other meets, with its bounds: a query within it needs no
   * descent. choice: Linux has no such cache here; without it the trees lose to a scan of ten slots.
   */
  private lonely = NIL;
  private lonelyStart = Infinity;
  private lonelyLast = -Infinity;
  private recent = NIL;
  private repeats = 0;

  constructor() {
    super('equal starts');
  }

  override insert(node: number, start: number, last: number): void {
    this.forget();
    super.insert(node, start, last);
  }

  override erase(node: number): void {
    this.forget();
    super.erase(node);
  }

  override replace(victim: number, node: number, last: number): void {
    this.forget();
    super.replace(victim, node, last);
  }

  override get byteLength(): number {
    return super.byteLength + this.maxima.byteLength;
  }

  /** The largest `last` in the subtree of `node`. */
  maxOf(node: number): number {
    return this.maxima[node]!;
  }

  /** The first interval, by start, that meets `[first, last]`; NIL where none does. */
  firstMeeting(first: number, last: number): number {
    if (first >= this.lonelyStart && last <= this.lonelyLast) return this.lonely;
    const node = this.maxima[this.top]! < first ? NIL : this.descend(this.top, first, last);
    if (node !== this.recent) {
      this.recent = node;
      this.repeats = 0;
    } else if (++this.repeats === REPEATS && node !== NIL) this.remember(node);
    return node;
  }

  /** The interval after `node` that meets `[first, last]`; `node` must meet it too. */
  nextMeeting(node: number, first: number, last: number): number {
    if (node === this.lonely && first >= this.lonelyStart && last <= this.lonelyLast) return NIL;
    return this.following(node, first, last);
  }

  private following(node: number, first: number, last: number): number {
    const { links, bounds, maxima } = this;
    let at = node;
    for (;;) {
      const right = links[rightOf(at)]!;
      if (maxima[right]! >= first) return this.descend(right, first, last);
      let below: number;
      do {
        below = at;
        at = links[parentOf(at)]!;
        if (at === NIL) return NIL;
      } while (links[rightOf(at)] === below);
      this.visits++;
      if (bounds[startAt(at)]! > last) return NIL;
      if (bounds[lastAt(at)]! >= first) return at;
    }
  }

  /**
   * The leftmost interval of a subtree that meets `[first, last]`, where the subtree's maximum reaches `first`. The
   * sentinel's maximum reaches nothing, so a missing child needs no test of its own.
   */
  private descend(top: number, first: number, last: number): number {
    const { links, bounds, maxima } = this;
    let at = top;
    let visits = 0;
    while (at !== NIL) {
      visits++;
      const left = links[leftOf(at)]!;
      if (maxima[left]! >= first) {
        at = left;
        continue;
      }
      if (bounds[startAt(at)]! > last) at = NIL;
      else if (bounds[lastAt(at)]! >= first) break;
      else {
        const right = links[rightOf(at)]!;
        at = maxima[right]! >= first ? right : NIL;
      }
    }
    this.visits += visits;
    return at;
  }

  private remember(node: number): void {
    const first = this.startOf(node);
    const last = this.lastOf(node);
    if (this.descend(this.top, first, last) !== node || this.following(node, first, last) !== NIL) return;
    this.lonely = node;
    this.lonelyStart = first;
    this.lonelyLast = last;
  }

  private forget(): void {
    this.lonely = this.recent = NIL;
    this.lonelyStart = Infinity;
    this.lonelyLast = -Infinity;
    this.repeats = 0;
  }

  protected override grow(capacity: number): void {
    super.grow(capacity);
    const maxima = new Float64Array(capacity);
    maxima.set(this.maxima);
    this.maxima = maxima;
  }

  protected override refresh(node: number): void {
    this.maxima[node] = Math.max(
      this.lastOf(node),
      this.maxima[this.left(node)]!,
      this.maxima[this.right(node)]!,
    );
  }

  protected override extendOver(node: number, last: number): void {
    if (this.maxima[node]! < last) this.maxima[node] = last;
  }

  protected override refreshUpFrom(node: number): void {
    for (let at = node; at !== NIL; at = this.parent(at)) this.refresh(at);
  }
}
