/**
 * Kernel memory of the emulated host: zeroed pieces of real memory for the hypervisor's own tables, such as rmap
 * arrays and lists. Small pieces come from pages cut into powers of two, large ones are whole frames. All of it lies
 * in the machine's real memory, so a memory dump shows it.
 */
import { InternalError } from '../../core/errors';
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

  /** The pieces in use and the free ones of each size, for a snapshot. */
  save(): SavedHeap {
    return {
      pieces: [...this.pieces].sort(([a], [b]) => a - b),
      free: this.classes.map((kind) => [...kind.free]),
    };
  }

  /** Takes over the pieces of a snapshot; the frames that they lie in must have been claimed already. */
  restore(saved: SavedHeap): void {
    for (const [address, bytes] of saved.pieces) {
      this.pieces.set(address, bytes);
      this.bytes += bytes;
    }
    this.classes.forEach((kind, i) => kind.free.push(...(saved.free[i] ?? [])));
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
