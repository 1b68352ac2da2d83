/** The tables of a radix tree that a snapshot brought (./radix-table.ts): hostile until each is seen to be one. */
import { PDE, RADIX_ENTRY_SIZE } from '../../../isa/tables/radix';
import type { RealMemory } from '../../core/memory';
import type { PieceClaims } from '../host/piece-claims';
import { bitsBelow, directoryEntry, isLeafEntry, PMD_SHIFT, PUD_SHIFT, type Directory } from './radix-format';

export class TableClaims {
  /** Tables found so far, without the one that the search began at. */
  tables = 0;

  constructor(
    private readonly memory: RealMemory,
    private readonly baseShift: number,
    private readonly pieces: PieceClaims,
  ) {}

  /**
   * Claims every table below one, each of the size that its level has.
   * @returns what is wrong, or undefined
   */
  below({ table, shift, bits }: Directory): string | undefined {
    for (let at = table; at < table + (RADIX_ENTRY_SIZE << bits); at += RADIX_ENTRY_SIZE) {
      if (this.memory.getWord(at) >= 0) continue;
      const entry = this.memory.getDoubleword(at);
      if (isLeafEntry(entry)) {
        if (this.isPage(shift)) continue;
        return `a page of 2^${shift} bytes at ${at}`;
      }
      const below = bitsBelow(shift, this.baseShift);
      const next = Number(entry & PDE.NLB.mask);
      const fits = shift > this.baseShift && entry === directoryEntry(next, below);
      if (!fits || !this.pieces.take(next, RADIX_ENTRY_SIZE << below))
        return `entry 0x${entry.toString(16)} at ${at} points to no table`;
      this.tables++;
      const problem = this.below({ table: next, shift: shift - below, bits: below });
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  private isPage(shift: number): boolean {
    return shift === this.baseShift || shift === PMD_SHIFT || shift === PUD_SHIFT;
  }
}
