/**
 * The shadow page table entry: what L0 permits L1, cut down to what L1 permits its nested guest, for the smaller of
 * both pages (Linux book3s_hv_nested.c, __kvmhv_nested_page_fault). Arithmetic only.
 */
import { PTE } from '../../../isa/tables/radix';
import { maskOf } from '../../core/bits';
import type { FoundLeaf } from '../guest/found-leaf';
import { PMD_SHIFT } from '../guest/radix-format';
import type { RadixLeaf } from '../guest/radix-leaf';
import { offsetIn } from '../../mmu/halves';
import type { GuestTreeWalk } from './guest-tree-walk';

/** L1's page, as the walk of its tree found it. */
export type L1Page = Pick<
  GuestTreeWalk,
  'raddr' | 'shift' | 'mayRead' | 'mayWrite' | 'mayExecute' | 'referenced' | 'changed'
>;

export interface ShadowEntry {
  readonly pte: bigint;
  readonly shift: number;
}

const READ_OR_WRITE = maskOf(PTE.READ, PTE.WRITE);

/**
 * log2 of the shadow page for an L0 page and an L1 page. Where L0's is larger, 2 MiB only if L1's page is larger than
 * that: an L1 page of exactly 2 MiB in a 1 GiB page of L0 gives base pages, as in Linux.
 */
export function shadowShift(l0Shift: number, l1Shift: number, baseShift: number): number {
  if (l0Shift <= l1Shift) return l0Shift;
  return l1Shift > PMD_SHIFT ? PMD_SHIFT : baseShift;
}

/**
 * Combines both permissions, reference and change bits.
 * @param store whether the access is one: only then may the change bit be set already
 */
export function combine(
  l0: RadixLeaf,
  l1: L1Page,
  { store, baseShift }: { store: boolean; baseShift: number },
): ShadowEntry {
  let { pte } = l0;
  // In a leaf of L1, write permission implies read.
  if (!l1.mayRead && !l1.mayWrite) pte &= ~READ_OR_WRITE;
  if (!l1.mayWrite) pte &= ~PTE.WRITE.mask;
  if (!l1.mayExecute) pte &= ~PTE.EXECUTE.mask;
  if (!l1.referenced) pte &= ~PTE.R.mask;
  if (!store || !l1.changed) pte &= ~PTE.C.mask;
  const shift = shadowShift(l0.shift, l1.shift, baseShift);
  if (shift < l0.shift) pte |= BigInt((l1.raddr % 2 ** l0.shift) - (l1.raddr % 2 ** shift));
  return { pte, shift };
}

/** What the fault handler combines: see {@link combine}. */
export interface Combination {
  readonly l0: FoundLeaf;
  /** L1's page: real address in L1 of what was looked up, log2 of its size, lower half of the leaf. */
  readonly l1: { readonly raddr: number; readonly shift: number; readonly lo: number };
  readonly store: boolean;
  /** Receives the entry. */
  readonly shadow: FoundLeaf;
}

const { READ, WRITE, EXECUTE, R, C } = {
  READ: PTE.READ.lo, WRITE: PTE.WRITE.lo, EXECUTE: PTE.EXECUTE.lo, R: PTE.R.lo, C: PTE.C.lo,
}; // prettier-ignore

/** {@link combine} by halves, without an allocation. All that differs from L0's leaf is in the lower half. */
export function combineHalves({ l0, l1, store, shadow }: Combination, baseShift: number): void {
  let { lo } = l0;
  if ((l1.lo & (READ | WRITE)) === 0) lo &= ~(READ | WRITE);
  if ((l1.lo & WRITE) === 0) lo &= ~WRITE;
  if ((l1.lo & EXECUTE) === 0) lo &= ~EXECUTE;
  if ((l1.lo & R) === 0) lo &= ~R;
  if (!store || (l1.lo & C) === 0) lo &= ~C;
  const shift = shadowShift(l0.shift, l1.shift, baseShift);
  // No page of L0 has more than 1 GiB.
  if (shift < l0.shift) lo |= offsetIn(l1.raddr, l0.shift) - offsetIn(l1.raddr, shift);
  shadow.hi = l0.hi;
  shadow.lo = lo;
  shadow.shift = shift;
}
