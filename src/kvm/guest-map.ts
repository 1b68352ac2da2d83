/**
 * A flat second-level table: guest frame to host frame with state bits, in chunks that exist only where something is
 * mapped. It stands where architected tables are not wanted: in slot tests and in the slot benchmark.
 */
import { hasBits, PTE_NONE, PTE_PRESENT } from './page-entry';

const CHUNK = 512;

export class GuestMap {
  private readonly chunks = new Map<number, Int32Array>();
  private count = 0;
  private lastIndex = -1;
  private lastChunk: Int32Array | null = null;

  /** Entries that are present. */
  get size(): number {
    return this.count;
  }

  get(gfn: number): number {
    const chunk = this.chunkOf(gfn);
    return chunk === null ? PTE_NONE : chunk[gfn % CHUNK]!;
  }

  /** Writes an entry; {@link PTE_NONE} removes it. */
  set(gfn: number, entry: number): void {
    const chunk = this.chunkOf(gfn) ?? this.addChunk(gfn);
    const was = chunk[gfn % CHUNK]!;
    chunk[gfn % CHUNK] = entry;
    this.count += Number(hasBits(entry, PTE_PRESENT)) - Number(hasBits(was, PTE_PRESENT));
  }

  /** The first present entry in `[gfn, end)`, or -1. Where most of the range has no chunk, only chunks are visited. */
  nextPresent(gfn: number, end: number): number {
    let at = gfn;
    while (at < end) {
      if (end - at > this.chunks.size * CHUNK) at = this.skipEmpty(at);
      if (at >= end) return -1;
      const stop = Math.min(end, (Math.floor(at / CHUNK) + 1) * CHUNK);
      const chunk = this.chunkOf(at);
      if (chunk) for (; at < stop; at++) if (hasBits(chunk[at % CHUNK]!, PTE_PRESENT)) return at;
      at = stop;
    }
    return -1;
  }

  /** All present entries as [gfn, entry], ascending. */
  *entries(): IterableIterator<[gfn: number, entry: number]> {
    const indexes = [...this.chunks.keys()].sort((a, b) => a - b);
    for (const index of indexes)
      for (const [i, entry] of this.chunks.get(index)!.entries())
        if (hasBits(entry, PTE_PRESENT)) yield [index * CHUNK + i, entry];
  }

  clear(): void {
    this.chunks.clear();
    this.count = 0;
    this.lastIndex = -1;
    this.lastChunk = null;
  }

  private chunkOf(gfn: number): Int32Array | null {
    const index = Math.floor(gfn / CHUNK);
    if (index === this.lastIndex) return this.lastChunk;
    const chunk = this.chunks.get(index) ?? null;
    this.lastIndex = index;
    this.lastChunk = chunk;
    return chunk;
  }

  private addChunk(gfn: number): Int32Array {
    const chunk = new Int32Array(CHUNK);
    this.lastIndex = Math.floor(gfn / CHUNK);
    this.lastChunk = chunk;
    this.chunks.set(this.lastIndex, chunk);
    return chunk;
  }

  /** The first frame at or above `gfn` that lies in a chunk that exists; infinity where there is none. */
  private skipEmpty(gfn: number): number {
    let best = Infinity;
    for (const index of this.chunks.keys()) {
      const first = Math.max(gfn, index * CHUNK);
      if (first < (index + 1) * CHUNK && first < best) best = first;
    }
    return best;
  }
}
