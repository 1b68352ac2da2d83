/**
 * Kernel memory of the emulated host: zeroed pieces of real memory for the hypervisor's own tables, such as rmap
 * arrays and lists. Small pieces come from pages cut into powers of two, large ones are whole frames. All of it lies
 * in the machine's real memory, so a memory dump shows it.
 */
import { InternalError } from '../../core/errors';
import type { Json, StateReader } from '../../core/saved-state';
import { CutPages } from './cut-pages';
import type { FrameClaims } from './frame-claims';
import { NO_FRAME, type FrameAllocator } from './frames';

export const NO_MEMORY = -1;
const SMALLEST_BITS = 4;

/** A heap as plain data. */
export interface SavedHeap {
  readonly pieces: readonly (readonly [address: number, bytes: number])[];
  /** Addresses of the free small pieces, one list per size. */
  readonly free: readonly (readonly number[])[];
}

/** One size of small pieces and the free ones. Pages that were cut up stay cut up. */
interface SizeClass {
  readonly bytes: number;
  readonly free: number[];
}

export class HostHeap {
  private readonly classes: SizeClass[] = [];
  /** Bytes of each piece in use, by address. */
  private readonly pieces = new Map<number, number>();
  private bytes = 0;

  constructor(private readonly frames: FrameAllocator) {
    for (let bytes = 2 ** SMALLEST_BITS; bytes < frames.geometry.size; bytes *= 2)
      this.classes.push({ bytes, free: [] });
  }

  /** Pieces in use. */
  get liveCount(): number {
    return this.pieces.size;
  }

  /** Bytes asked for by the pieces in use. */
  get liveBytes(): number {
    return this.bytes;
  }

  /**
   * @param bytes size of the piece, above 0
   * @returns the real address of a zeroed piece, aligned to 16 bytes, or {@link NO_MEMORY}
   */
  allocate(bytes: number): number {
    const kind = this.classes[this.classIndex(bytes)];
    const address = kind ? this.takeSmall(kind) : this.takeFrames(bytes);
    if (address === NO_MEMORY) return NO_MEMORY;
    this.pieces.set(address, bytes);
    this.bytes += bytes;
    return address;
  }

  free(address: number): void {
    const bytes = this.pieces.get(address);
    if (bytes === undefined) throw new InternalError(`no piece of the host heap at ${address}`);
    this.pieces.delete(address);
    this.bytes -= bytes;
    const kind = this.classes[this.classIndex(bytes)];
    if (kind) kind.free.push(address);
    else this.putFrames(address, bytes);
  }

  /** Bytes of the piece in use at an address; 0 where none is. */
  bytesAt(address: number): number {
    return this.pieces.get(address) ?? 0;
  }

  /** The pieces in use and the free ones of each size, for a snapshot. */
  save(): SavedHeap {
    return {
      pieces: [...this.pieces].sort(([a], [b]) => a - b),
      free: this.classes.map((kind) => [...kind.free]),
    };
  }

  /**
   * Takes over the pieces of a snapshot.
   * @throws UserError where pieces overlap, or lie in frames that are not the heap's
   */
  restore(reader: StateReader, frames: FrameClaims): void {
    const most = this.frames.memory.size / this.smallest;
    const pieces = reader.tuples('pieces', 2, most);
    const free = reader.list('free', this.classes.length);
    reader.done();
    this.pieces.clear();
    this.bytes = 0;
    for (const { free: list } of this.classes) list.length = 0;
    const pages = new CutPages(this.frames.geometry, frames);
    for (const [address, bytes] of pieces as [number, number][]) {
      if (!this.adopt(pages, address, bytes))
        reader.fail('pieces', `room for a piece of ${bytes} at ${address}`);
      this.pieces.set(address, bytes);
      this.bytes += bytes;
    }
    free.forEach((list, i) => {
      const kind = this.classes[i]!;
      for (const address of Array.isArray(list) ? (list as readonly Json[]) : reader.fail('free', 'arrays'))
        if (typeof address === 'number' && pages.add(address, kind.bytes)) kind.free.push(address);
        else reader.fail('free', `addresses of free pieces of ${kind.bytes} bytes`);
    });
    if (!pages.areComplete) reader.fail('free', 'every piece of a page that is cut up');
  }

  private get smallest(): number {
    return 2 ** SMALLEST_BITS;
  }

  private adopt(pages: CutPages, address: number, bytes: number): boolean {
    if (bytes <= 0 || this.pieces.has(address)) return false;
    const kind = this.classes[this.classIndex(bytes)];
    return kind ? pages.add(address, kind.bytes) : pages.addWhole(address, this.pagesFor(bytes));
  }

  /** Index of the smallest class that holds `bytes`; past the end for whole frames. */
  private classIndex(bytes: number): number {
    return Math.max(0, Math.ceil(Math.log2(bytes)) - SMALLEST_BITS);
  }

  private takeSmall(kind: SizeClass): number {
    if (kind.free.length === 0) {
      const page = this.frames.allocate(0);
      if (page === NO_FRAME) return NO_MEMORY;
      kind.free.push(...this.cut(page, kind));
    }
    const address = kind.free.pop()!;
    this.frames.memory.bytes.fill(0, address, address + kind.bytes);
    return address;
  }

  /** The pieces of a page, last first, so that the lowest is used first. */
  private cut(page: number, kind: SizeClass): number[] {
    const { size } = this.frames.geometry;
    const count = size / kind.bytes;
    return Array.from(
      { length: count },
      (_, i) => this.frames.addressOf(page) + (count - 1 - i) * kind.bytes,
    );
  }

  private takeFrames(bytes: number): number {
    const frame = this.frames.allocateContiguous(this.pagesFor(bytes));
    return frame === NO_FRAME ? NO_MEMORY : this.frames.addressOf(frame);
  }

  private putFrames(address: number, bytes: number): void {
    const first = this.frames.geometry.pageOf(address);
    for (let page = first; page < first + this.pagesFor(bytes); page++) this.frames.put(page);
  }

  private pagesFor(bytes: number): number {
    return Math.ceil(bytes / this.frames.geometry.size);
  }
}
