/**
 * Who uses which piece of the heap, while a snapshot is restored: each table, list node and array is a piece of exactly
 * its size, and has one user. What follows pointers in emulated memory asks here before it reads through one.
 */
import type { HostHeap } from './heap';

export class PieceClaims {
  private readonly taken = new Set<number>();

  constructor(private readonly heap: HostHeap) {}

  /** Takes the piece of this size at an address; false where there is none, or somebody has it. */
  take(address: number, bytes: number): boolean {
    if (bytes <= 0 || this.heap.bytesAt(address) !== bytes || this.taken.has(address)) return false;
    this.taken.add(address);
    return true;
  }
}
