/**
 * The id hash of one memslot set: 128 chained buckets, whatever the number of slots ("pay for the slots in use, not
 * for the maximum"). At 32k slots a chain has 256 nodes; Linux accepts that and so does this (kvm_host.h, id_hash).
 */
import { NIL } from './rbtree-links';

const BUCKET_BITS = 7;
const BUCKETS = 1 << BUCKET_BITS;
const FIRST_CAPACITY = 8;
const bucketOf = (id: number): number => id % BUCKETS;

export class IdHash {
  private readonly heads = new Int32Array(BUCKETS);
  private nexts = new Int32Array(FIRST_CAPACITY);
  private previous = new Int32Array(FIRST_CAPACITY);
  private ids = new Int32Array(FIRST_CAPACITY);
  /** Nodes looked at by all lookups so far. */
  visits = 0;

  get byteLength(): number {
    return this.heads.byteLength + this.nexts.byteLength + this.previous.byteLength + this.ids.byteLength;
  }

  insert(handle: number, id: number): void {
    while (handle >= this.nexts.length) this.grow();
    const bucket = bucketOf(id);
    const second = this.heads[bucket]!;
    this.ids[handle] = id;
    this.nexts[handle] = second;
    this.previous[handle] = NIL;
    if (second !== NIL) this.previous[second] = handle;
    this.heads[bucket] = handle;
  }

  erase(handle: number): void {
    const next = this.nexts[handle]!;
    const previous = this.previous[handle]!;
    if (previous === NIL) this.heads[bucketOf(this.ids[handle]!)] = next;
    else this.nexts[previous] = next;
    if (next !== NIL) this.previous[next] = previous;
  }

  /** The handle that has the id; NIL where none has. */
  find(id: number): number {
    const { nexts, ids } = this;
    let visits = 0;
    let at = this.heads[bucketOf(id)]!;
    while (at !== NIL && ids[at] !== id) {
      visits++;
      at = nexts[at]!;
    }
    this.visits += visits;
    return at;
  }

  /** All handles, in no order that a caller may rely on. */
  *handles(): IterableIterator<number> {
    for (const head of this.heads) for (let at = head; at !== NIL; at = this.nexts[at]!) yield at;
  }

  private grow(): void {
    const capacity = this.nexts.length * 2;
    const widen = (old: Int32Array): Int32Array<ArrayBuffer> => {
      const wide = new Int32Array(capacity);
      wide.set(old);
      return wide;
    };
    this.nexts = widen(this.nexts);
    this.previous = widen(this.previous);
    this.ids = widen(this.ids);
  }
}
