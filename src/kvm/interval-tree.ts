/**
 * A red-black tree of closed intervals that may overlap and repeat, with the largest `last` of each subtree kept in
 * its top node: the hva tree of a memslot set (Linux include/linux/interval_tree_generic.h). It answers "which
 * intervals meet this one" in O(log n + k), ascending by start.
 */
import { NIL, RbTree } from './rbtree';

export class IntervalTree extends RbTree {
  /** Largest `last` below and at each node; the sentinel's is below every value. */
  private maxima = new Float64Array(this.bounds.length / 2).fill(-Infinity, 0, 1);

  constructor() {
    super('equal starts');
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
    return this.top === NIL || this.maxima[this.top]! < first ? NIL : this.descend(this.top, first, last);
  }

  /** The interval after `node` that meets `[first, last]`; `node` must meet it too. */
  nextMeeting(node: number, first: number, last: number): number {
    let at = node;
    for (;;) {
      const right = this.right(at);
      if (right !== NIL && this.maxima[right]! >= first) return this.descend(right, first, last);
      let below: number;
      do {
        below = at;
        at = this.parent(at);
        if (at === NIL) return NIL;
      } while (this.right(at) === below);
      this.visits++;
      if (this.startOf(at) > last) return NIL;
      if (this.lastOf(at) >= first) return at;
    }
  }

  /** The leftmost interval of a subtree that meets `[first, last]`, where the subtree's maximum reaches `first`. */
  private descend(top: number, first: number, last: number): number {
    let at = top;
    for (;;) {
      this.visits++;
      const left = this.left(at);
      if (left !== NIL && this.maxima[left]! >= first) {
        at = left;
        continue;
      }
      if (this.startOf(at) > last) return NIL;
      if (this.lastOf(at) >= first) return at;
      const right = this.right(at);
      if (right === NIL || this.maxima[right]! < first) return NIL;
      at = right;
    }
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
