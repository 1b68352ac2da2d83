/** Hashed page tables for programs on whole machines: entries put into memory from outside; the guest that has one. */
import { runGuest, type GuestOptions, type GuestRun } from './guest';
import type { Program } from './program';

/** A page of 4K in a segment of 256 MiB. */
export interface Page {
  readonly vsid: bigint;
  /** Offset in the segment, and real address. */
  readonly offset: bigint;
  readonly ra: bigint;
  /** N, R, C, WIMG and pp; absent: R and C set, memory coherent, pp 10. */
  readonly flags?: bigint;
}

const GROUPS = 2048n;
const VALID = 1n;
const FLAGS = 0x192n;

/** Enters a page into the first free slot of its primary group of a table of 256 KiB. */
export function enterPage(memory: Program['machine']['memory'], table: number, page: Page): void {
  const group = (page.vsid ^ (page.offset >> 12n)) & (GROUPS - 1n);
  let at = table + Number(group) * 128;
  while (memory.getDoubleword(at) !== 0n) at += 16;
  memory.setDoubleword(at, (page.vsid << 12n) | ((page.offset >> 23n) << 7n) | VALID);
  memory.setDoubleword(at + 8, page.ra | (page.flags ?? FLAGS));
}

/** fixtures/hpt-guest.s, whose pages reach beyond the memory of other guests, run to its end. */
export function hptGuest(options: GuestOptions = {}): GuestRun {
  const run = runGuest('hpt-guest.s', { ...options, memory: 80 << 20 });
  expect(run.end).toMatchObject({ kind: 'power' });
  return run;
}
