/**
 * What a red-black tree is to those who only look: nodes in typed arrays, and the searches. What changes it is in
 * `rbtree.ts`. A node is a small positive integer (the slot's handle); all links and keys live in typed arrays, so a
 * descent touches two cache lines a node and allocates nothing.
 */

/** "No node". Also the sentinel that stands for every leaf; it is black. */
export const NIL = 0;

const LEFT = 0;
const RIGHT = 1;
const PARENT = 2;
const COLOUR = 3;
const LINKS_PER_NODE = 4;
const BOUNDS_PER_NODE = 2;
const BLACK = 0;
const RED = 1;
const FIRST_CAPACITY = 8;

/** The same for `rbtree.ts`, which makes constants of its own of them: descents cannot afford a look-up. */
export const RB = { LEFT, RIGHT, PARENT, COLOUR, LINKS_PER_NODE, BOUNDS_PER_NODE, BLACK, RED } as const;

/** Where `links` has one of the links of a node. */
export const link = (node: number, which: number): number => node * LINKS_PER_NODE + which;

/** Where the arrays have a node's links and bounds: for descents of subclasses that cannot afford accessors. */
export const leftOf = (node: number): number => node * LINKS_PER_NODE + LEFT;
export const rightOf = (node: number): number => node * LINKS_PER_NODE + RIGHT;
export const parentOf = (node: number): number => node * LINKS_PER_NODE + PARENT;
export const startAt = (node: number): number => node * BOUNDS_PER_NODE;
export const lastAt = (node: number): number => node * BOUNDS_PER_NODE + 1;

export class RbLinks {
  /** Left child, right child, parent and colour of each node. */
  protected links = new Int32Array(FIRST_CAPACITY * LINKS_PER_NODE);
  /** First and last value of each node's interval. */
  protected bounds = new Float64Array(FIRST_CAPACITY * BOUNDS_PER_NODE);
  protected top = NIL;
  /** Nodes looked at by all searches so far. */
  visits = 0;

  get root(): number {
    return this.top;
  }

  /** Bytes that the tree's arrays occupy now. */
  get byteLength(): number {
    return this.links.byteLength + this.bounds.byteLength;
  }

  left(node: number): number {
    return this.links[link(node, LEFT)]!;
  }

  right(node: number): number {
    return this.links[link(node, RIGHT)]!;
  }

  parent(node: number): number {
    return this.links[link(node, PARENT)]!;
  }

  isRed(node: number): boolean {
    return this.links[link(node, COLOUR)] === RED;
  }

  startOf(node: number): number {
    return this.bounds[node * BOUNDS_PER_NODE]!;
  }

  lastOf(node: number): number {
    return this.bounds[node * BOUNDS_PER_NODE + 1]!;
  }

  /** The node whose interval contains `point`, where intervals do not overlap; NIL where none does. */
  find(point: number): number {
    const { links, bounds } = this;
    let at = this.top;
    let visits = 0;
    while (at !== NIL) {
      visits++;
      if (point < bounds[at * BOUNDS_PER_NODE]!) at = links[at * LINKS_PER_NODE + LEFT]!;
      else if (point > bounds[at * BOUNDS_PER_NODE + 1]!) at = links[at * LINKS_PER_NODE + RIGHT]!;
      else break;
    }
    this.visits += visits;
    return at;
  }

  /** Like {@link find}, but a miss gives the last node looked at: one that borders the hole. */
  findNear(point: number): number {
    let at = this.top;
    let seen = NIL;
    while (at !== NIL) {
      this.visits++;
      seen = at;
      if (point < this.startOf(at)) at = this.left(at);
      else if (point > this.lastOf(at)) at = this.right(at);
      else break;
    }
    return seen;
  }

  /** The first node whose start is above `point`. */
  upperBound(point: number): number {
    let at = this.top;
    let found = NIL;
    while (at !== NIL) {
      this.visits++;
      if (this.startOf(at) > point) {
        found = at;
        at = this.left(at);
      } else at = this.right(at);
    }
    return found;
  }

  first(): number {
    return this.top === NIL ? NIL : this.leftmost(this.top);
  }

  last(): number {
    let at = this.top;
    while (at !== NIL && this.right(at) !== NIL) at = this.right(at);
    return at;
  }

  /** The in-order successor. */
  next(node: number): number {
    this.visits++;
    if (this.right(node) !== NIL) return this.leftmost(this.right(node));
    let below = node;
    let at = this.parent(node);
    while (at !== NIL && this.right(at) === below) {
      below = at;
      at = this.parent(at);
    }
    return at;
  }

  /** The in-order predecessor. */
  previous(node: number): number {
    this.visits++;
    if (this.left(node) !== NIL) {
      let at = this.left(node);
      while (this.right(at) !== NIL) at = this.right(at);
      return at;
    }
    let below = node;
    let at = this.parent(node);
    while (at !== NIL && this.left(at) === below) {
      below = at;
      at = this.parent(at);
    }
    return at;
  }

  protected leftmost(node: number): number {
    let at = node;
    while (this.left(at) !== NIL) at = this.left(at);
    return at;
  }
}
