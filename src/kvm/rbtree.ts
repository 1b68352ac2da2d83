/**
 * A red-black tree of closed intervals `[start, last]`, ordered by `start`. A node is a small positive integer (the
 * slot's handle); no operation but growth allocates. The tree neither owns nor knows what a handle stands for. How it
 * is laid out and searched is in `rbtree-links.ts`.
 *
 * This is the counterpart of the embedded `gfn_node[2]` of Linux include/linux/kvm_host.h: the tree of set 0 and the
 * tree of set 1 hold the same handles and are linked independently.
 */
import { InternalError } from '../core/errors';
import { link, NIL, RB, RbLinks } from './rbtree-links';

const { LEFT, RIGHT, PARENT, COLOUR, LINKS_PER_NODE, BOUNDS_PER_NODE, BLACK, RED } = RB;

export class RbTree extends RbLinks {
  private count = 0;

  /** @param allowEqualStarts whether two nodes may have the same start; the later one follows the earlier */
  constructor(private readonly allowEqualStarts: 'distinct starts' | 'equal starts') {
    super();
  }

  get size(): number {
    return this.count;
  }

  /** Adds a node that is not in the tree. An equal start is an InternalError where starts must be distinct. */
  insert(node: number, start: number, last: number): void {
    this.reserve(node);
    this.bounds[node * BOUNDS_PER_NODE] = start;
    this.bounds[node * BOUNDS_PER_NODE + 1] = last;
    let parent = NIL;
    let at = this.top;
    let side: number = LEFT;
    while (at !== NIL) {
      this.visits++;
      parent = at;
      this.extendOver(at, last);
      const there = this.startOf(at);
      if (start === there && this.allowEqualStarts === 'distinct starts')
        throw new InternalError(`two nodes at ${start}`);
      side = start < there ? LEFT : RIGHT;
      at = this.links[link(at, side)]!;
    }
    this.links.fill(NIL, link(node, LEFT), link(node, COLOUR));
    this.links[link(node, PARENT)] = parent;
    this.links[link(node, COLOUR)] = RED;
    if (parent === NIL) this.top = node;
    else this.links[link(parent, side)] = node;
    this.refresh(node);
    this.count++;
    this.rebalanceAfterInsert(node);
  }

  /** Removes a node that is in the tree. */
  erase(node: number): void {
    let removedColour = this.links[link(node, COLOUR)];
    let heir: number;
    if (this.left(node) === NIL) {
      heir = this.right(node);
      this.transplant(node, heir);
    } else if (this.right(node) === NIL) {
      heir = this.left(node);
      this.transplant(node, heir);
    } else {
      const successor = this.leftmost(this.right(node));
      removedColour = this.links[link(successor, COLOUR)];
      heir = this.right(successor);
      this.moveUp(successor, node, heir);
    }
    this.refreshUpFrom(this.parent(heir));
    if (removedColour === BLACK) this.rebalanceAfterErase(heir);
    this.links[link(NIL, PARENT)] = NIL;
    this.count--;
  }

  /** Puts `node` where `victim` is, with the same start: O(1), no rebalancing. */
  replace(victim: number, node: number, last: number): void {
    this.reserve(node);
    const start = this.startOf(victim);
    this.bounds[node * BOUNDS_PER_NODE] = start;
    this.bounds[node * BOUNDS_PER_NODE + 1] = last;
    this.links.copyWithin(link(node, LEFT), link(victim, LEFT), link(victim, LEFT) + LINKS_PER_NODE);
    this.relinkParent(victim, node);
    const left = this.left(node);
    const right = this.right(node);
    if (left !== NIL) this.links[link(left, PARENT)] = node;
    if (right !== NIL) this.links[link(right, PARENT)] = node;
    this.refreshUpFrom(node);
  }

  /** Makes room for a handle; arrays double, so a handle costs amortised constant time. */
  protected reserve(node: number): void {
    let capacity = this.bounds.length / BOUNDS_PER_NODE;
    if (node < capacity) return;
    while (capacity <= node) capacity *= 2;
    this.grow(capacity);
  }

  protected grow(capacity: number): void {
    const links = new Int32Array(capacity * LINKS_PER_NODE);
    links.set(this.links);
    this.links = links;
    const bounds = new Float64Array(capacity * BOUNDS_PER_NODE);
    bounds.set(this.bounds);
    this.bounds = bounds;
  }

  /** Recomputes what an augmented tree keeps about a node's subtree. A plain tree keeps nothing. */
  protected refresh(_node: number): void {}

  /** A node that ends at `last` is about to be put below `_node`. */
  protected extendOver(_node: number, _last: number): void {}

  /** Recomputes what is kept about the subtrees from `_node` up to the root. */
  protected refreshUpFrom(_node: number): void {}

  private relinkParent(from: number, to: number): void {
    const parent = this.parent(from);
    if (parent === NIL) this.top = to;
    else this.links[link(parent, this.left(parent) === from ? LEFT : RIGHT)] = to;
  }

  /** Hangs the subtree `to` where `from` hangs. The sentinel learns its parent too: erasing needs it. */
  private transplant(from: number, to: number): void {
    this.relinkParent(from, to);
    this.links[link(to, PARENT)] = this.parent(from);
  }

  /** Moves the in-order successor of `node` into its place; `heir` takes the successor's. */
  private moveUp(successor: number, node: number, heir: number): void {
    const { links } = this;
    if (this.parent(successor) === node) links[link(heir, PARENT)] = successor;
    else {
      this.transplant(successor, heir);
      links[link(successor, RIGHT)] = this.right(node);
      links[link(this.right(node), PARENT)] = successor;
    }
    this.transplant(node, successor);
    links[link(successor, LEFT)] = this.left(node);
    links[link(this.left(node), PARENT)] = successor;
    links[link(successor, COLOUR)] = links[link(node, COLOUR)]!;
  }

  /** Turns the edge between `node` and its child opposite `side`, so that `node` goes down on `side`. */
  private rotate(node: number, side: number): void {
    const { links } = this;
    const other = side === LEFT ? RIGHT : LEFT;
    const riser = links[link(node, other)]!;
    const inner = links[link(riser, side)]!;
    links[link(node, other)] = inner;
    if (inner !== NIL) links[link(inner, PARENT)] = node;
    this.relinkParent(node, riser);
    links[link(riser, PARENT)] = this.parent(node);
    links[link(riser, side)] = node;
    links[link(node, PARENT)] = riser;
    this.refresh(node);
    this.refresh(riser);
  }

  private paint(node: number, colour: number): void {
    this.links[link(node, COLOUR)] = colour;
  }

  private rebalanceAfterInsert(inserted: number): void {
    let node = inserted;
    while (this.isRed(this.parent(node))) {
      const parent = this.parent(node);
      const grandparent = this.parent(parent);
      const side = this.left(grandparent) === parent ? LEFT : RIGHT;
      const other = side === LEFT ? RIGHT : LEFT;
      const uncle = this.links[link(grandparent, other)]!;
      if (this.isRed(uncle)) {
        this.paint(parent, BLACK);
        this.paint(uncle, BLACK);
        this.paint(grandparent, RED);
        node = grandparent;
        continue;
      }
      if (this.links[link(parent, other)] === node) {
        node = parent;
        this.rotate(node, side);
      }
      this.paint(this.parent(node), BLACK);
      this.paint(grandparent, RED);
      this.rotate(grandparent, other);
    }
    this.paint(this.top, BLACK);
  }

  private rebalanceAfterErase(heir: number): void {
    let node = heir;
    while (node !== this.top && !this.isRed(node)) {
      const parent = this.parent(node);
      const side = this.left(parent) === node ? LEFT : RIGHT;
      const other = side === LEFT ? RIGHT : LEFT;
      let sibling = this.links[link(parent, other)]!;
      if (this.isRed(sibling)) {
        this.paint(sibling, BLACK);
        this.paint(parent, RED);
        this.rotate(parent, side);
        sibling = this.links[link(parent, other)]!;
      }
      if (!this.isRed(this.left(sibling)) && !this.isRed(this.right(sibling))) {
        this.paint(sibling, RED);
        node = parent;
        continue;
      }
      if (!this.isRed(this.links[link(sibling, other)]!)) {
        this.paint(this.links[link(sibling, side)]!, BLACK);
        this.paint(sibling, RED);
        this.rotate(sibling, other);
        sibling = this.links[link(parent, other)]!;
      }
      this.links[link(sibling, COLOUR)] = this.links[link(parent, COLOUR)]!;
      this.paint(parent, BLACK);
      this.paint(this.links[link(sibling, other)]!, BLACK);
      this.rotate(parent, side);
      node = this.top;
    }
    this.paint(node, BLACK);
  }
}
