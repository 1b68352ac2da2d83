/**
 * The frames of the machine's real memory: a buddy allocator with reference counts. Blocks are powers of two of base
 * pages up to 1 GiB; a block is handed out with one reference per frame and goes back frame by frame, merging with
 * its buddies. Bounded by the memory: an allocation that does not fit returns {@link NO_FRAME}.
 */
import { InternalError } from '../../core/errors';
import type { RealMemory } from '../../core/memory';
import type { Json, StateReader } from '../../core/saved-state';
import { GIB, type PageGeometry } from '../page';

export const NO_FRAME = -1;
const NONE = -1;
const NOT_A_FREE_BLOCK = -1;
const MOST_REFERENCES = 0xffff;

/** Part of real memory that an allocator manages. */
export interface FrameRange {
  /** First byte; a multiple of the base page. */
  readonly start: number;
  /** First byte after it. */
  readonly end: number;
}

export class FrameAllocator {
  readonly frameCount: number;
  private readonly maxOrder: number;
  private readonly refs: Uint16Array;
  /** Order of the free block that starts at a frame, or {@link NOT_A_FREE_BLOCK}. */
  private readonly freeOrder: Int8Array;
  private readonly nexts: Int32Array;
  private readonly previous: Int32Array;
  private readonly heads: Int32Array;
  /** Frames that were handed out before and may hold old bytes. */
  private readonly used: Uint8Array;
  private free = 0;

  /** @param range what to manage, default all of `memory`; frame 0 is real address 0 in any case */
  constructor(
    readonly memory: RealMemory,
    readonly geometry: PageGeometry,
    readonly range: FrameRange = { start: 0, end: memory.size },
  ) {
    if (!geometry.isAligned(range.start) || range.end > memory.size || range.start >= range.end)
      throw new RangeError(
        `frames [${range.start}, ${range.end}) do not fit a memory of ${memory.size} bytes`,
      );
    this.frameCount = geometry.pageOf(range.end);
    this.maxOrder = Math.log2(GIB / geometry.size);
    this.refs = new Uint16Array(this.frameCount);
    this.freeOrder = new Int8Array(this.frameCount).fill(NOT_A_FREE_BLOCK);
    this.nexts = new Int32Array(this.frameCount);
    this.previous = new Int32Array(this.frameCount);
    this.used = new Uint8Array(this.frameCount);
    this.heads = new Int32Array(this.maxOrder + 1).fill(NONE);
    this.addFree(geometry.pageOf(range.start), this.frameCount);
  }

  get freeFrames(): number {
    return this.free;
  }

  /** References to a frame; 0 for a free one. */
  refCount(frame: number): number {
    return this.refs[frame]!;
  }

  /** Real address of a frame's first byte. */
  addressOf(frame: number): number {
    return frame * this.geometry.size;
  }

  /**
   * `2^order` frames, aligned to their size, zeroed, one reference each.
   *
   * @returns the first frame, or {@link NO_FRAME} where no such block is free
   */
  allocate(order: number): number {
    let from = order;
    while (from <= this.maxOrder && this.heads[from] === NONE) from++;
    if (from > this.maxOrder) return NO_FRAME;
    const frame = this.heads[from]!;
    this.unlink(frame);
    while (from > order) this.pushFree(frame + 2 ** --from, from);
    const pages = 2 ** order;
    this.free -= pages;
    this.clear(frame, pages);
    if (order === 0) this.refs[frame] = 1;
    else this.refs.fill(1, frame, frame + pages);
    return frame;
  }

  /** `pages` consecutive frames; the rest of the block that holds them goes back at once. */
  allocateContiguous(pages: number): number {
    const order = Math.ceil(Math.log2(pages));
    if (order > this.maxOrder) return NO_FRAME;
    const frame = this.allocate(order);
    if (frame === NO_FRAME) return NO_FRAME;
    for (let spare = frame + pages; spare < frame + 2 ** order; spare++) this.put(spare);
    return frame;
  }

  /** One more reference to a frame in use. */
  get(frame: number): void {
    if (!this.refs[frame]) throw new InternalError(`frame ${frame} is free and cannot be referenced`);
    this.refs[frame]++;
  }

  /** One reference less; the last one frees the frame. */
  put(frame: number): void {
    if (!this.refs[frame]) throw new InternalError(`frame ${frame} released more often than referenced`);
    if (--this.refs[frame] > 0) return;
    this.free++;
    this.merge(frame);
  }

  /** Copies a frame's bytes. */
  copy(from: number, to: number): void {
    const { size } = this.geometry;
    this.memory.bytes.copyWithin(to * size, from * size, (from + 1) * size);
  }

  /** The bytes of a frame, in place. */
  bytesOf(frame: number): Uint8Array {
    return this.memory.bytes.subarray(this.addressOf(frame), this.addressOf(frame + 1));
  }

  /** The free blocks of each order in the order in which they will be used, for a snapshot. All other frames are in use. */
  save(): { readonly free: readonly (readonly number[])[] } {
    return { free: Array.from(this.heads, (head) => this.blocksFrom(head)) };
  }

  /**
   * Takes over the free blocks of a snapshot. Whoever uses the other frames says so ({@link adopt}); the bytes of all
   * frames stay, those of free ones are cleared before use.
   *
   * @throws UserError where a block does not fit or is free twice
   */
  restore(reader: StateReader): void {
    const lists = reader.list('free', this.heads.length);
    reader.done();
    this.refs.fill(0);
    this.freeOrder.fill(NOT_A_FREE_BLOCK);
    this.heads.fill(NONE);
    this.used.fill(1);
    this.free = 0;
    const taken = new Uint8Array(this.frameCount);
    lists.forEach((list, order) => {
      const blocks = Array.isArray(list)
        ? (list as readonly Json[])
        : reader.fail('free', 'arrays of frames');
      // The one that is pushed last is the first to be used.
      for (const frame of [...blocks].reverse())
        if (this.isFreeable(frame, order, taken)) {
          taken.fill(1, frame, frame + 2 ** order);
          this.pushFree(frame, order);
          this.free += 2 ** order;
        } else reader.fail('free', `blocks of 2^${order} frames that are free once`);
    });
  }

  /** One more user of a frame that is in use as a snapshot has it. False where it is free, or not of the range. */
  adopt(frame: number): boolean {
    const fits = frame >= this.geometry.pageOf(this.range.start) && frame < this.frameCount;
    if (!fits || this.isFree(frame) || this.refs[frame] === MOST_REFERENCES) return false;
    this.refs[frame]!++;
    return true;
  }

  /** A frame that is neither free nor used by anybody, after {@link adopt} was called for all users; else -1. */
  firstLost(): number {
    for (let frame = this.geometry.pageOf(this.range.start); frame < this.frameCount; frame++) {
      const order = this.freeOrder[frame]!;
      if (order !== NOT_A_FREE_BLOCK) frame += 2 ** order - 1;
      else if (this.refs[frame] === 0) return frame;
    }
    return NO_FRAME;
  }

  private isFree(frame: number): boolean {
    for (let order = 0; order <= this.maxOrder; order++)
      if (this.freeOrder[frame - (frame % 2 ** order)] === order) return true;
    return false;
  }

  private isFreeable(frame: Json, order: number, taken: Uint8Array): frame is number {
    const size = 2 ** order;
    return (
      typeof frame === 'number' &&
      Number.isInteger(frame / size) &&
      frame >= this.geometry.pageOf(this.range.start) &&
      frame + size <= this.frameCount &&
      !taken.subarray(frame, frame + size).includes(1)
    );
  }

  private blocksFrom(head: number): number[] {
    const blocks: number[] = [];
    for (let frame = head; frame !== NONE; frame = this.nexts[frame]!) blocks.push(frame);
    return blocks;
  }

  /** Fresh memory is zero already; only frames that were used before are cleared. */
  private clear(frame: number, pages: number): void {
    const { size } = this.geometry;
    for (let f = frame; f < frame + pages; f++) {
      if (this.used[f]) this.memory.bytes.fill(0, f * size, (f + 1) * size);
      else this.used[f] = 1;
    }
  }

  /** Cuts `[from, to)` into the largest aligned blocks. */
  private addFree(from: number, to: number): void {
    this.free = to - from;
    let frame = from;
    while (frame < to) {
      let order = 0;
      while (order < this.maxOrder && frame % 2 ** (order + 1) === 0 && frame + 2 ** (order + 1) <= to)
        order++;
      this.pushFree(frame, order);
      frame += 2 ** order;
    }
  }

  private merge(freed: number): void {
    let frame = freed;
    let order = 0;
    while (order < this.maxOrder) {
      const size = 1 << order;
      const buddy = frame ^ size;
      if (buddy >= this.frameCount || this.freeOrder[buddy] !== order) break;
      this.unlink(buddy);
      if (buddy < frame) frame = buddy;
      order++;
    }
    this.pushFree(frame, order);
  }

  private pushFree(frame: number, order: number): void {
    const head = this.heads[order]!;
    this.freeOrder[frame] = order;
    this.nexts[frame] = head;
    this.previous[frame] = NONE;
    if (head !== NONE) this.previous[head] = frame;
    this.heads[order] = frame;
  }

  private unlink(frame: number): void {
    const next = this.nexts[frame]!;
    const previous = this.previous[frame]!;
    if (previous === NONE) this.heads[this.freeOrder[frame]!] = next;
    else this.nexts[previous] = next;
    if (next !== NONE) this.previous[next] = previous;
    this.freeOrder[frame] = NOT_A_FREE_BLOCK;
  }
}
