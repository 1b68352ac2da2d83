/**
 * What L1's own tables say to a page fault of its nested guest: nothing wrong, or the fault that L1 must be told, with
 * the cause bits that hardware would have given it (Linux book3s_hv_nested.c, kvmhv_translate_addr_nested).
 */
import { STORAGE_CAUSE as CAUSE } from '../../../isa/registers/storage-interrupts';
import { field, maskOf } from '../../core/bits';
import { loOf } from '../../core/u64';
import type { GuestTreeWalk } from './guest-tree-walk';

/** Cause bits as signed int32, in the numbering that HDSISR and HSRR1 share. */
export const DSISR = {
  NOHPTE: CAUSE.NO_TRANSLATION.lo,
  NOEXEC_OR_G: CAUSE.NO_EXECUTE.lo,
  PROTFAULT: CAUSE.PROTECTION.lo,
  BADACCESS: CAUSE.ATTRIBUTE.lo,
  ISSTORE: CAUSE.STORE.lo,
  UNSUPP_MMU: CAUSE.BAD_TREE.lo,
  SET_RC: CAUSE.REFERENCE_CHANGE.lo,
  PRTABLE_FAULT: CAUSE.TABLE_WALK.lo,
  BAD_COPYPASTE: CAUSE.COPY_PASTE.lo,
} as const;

/** Causes that no page table entry makes good (DSISR_BAD_FAULT_64S). */
export const BAD_FAULT = loOf(
  maskOf(
    field(32),
    CAUSE.ATTRIBUTE_CONFLICT,
    CAUSE.ATTRIBUTE,
    field(43),
    CAUSE.BAD_TREE,
    CAUSE.TABLE_WALK,
    field(49),
    CAUSE.COPY_PASTE,
    CAUSE.AMO_FUNCTION,
    CAUSE.INHIBITED_MISUSE,
  ),
);

/** Hardware used an entry that does not permit the access: a stale one, if L1's tables do not permit it either. */
export const USED_AN_ENTRY = DSISR.PROTFAULT | DSISR.BADACCESS | DSISR.NOEXEC_OR_G | DSISR.BAD_COPYPASTE;

/** HSRR1 bits that are causes, in the numbering of DSISR (DSISR_SRR1_MATCH_64S). */
export const SRR1_MATCH = loOf(
  maskOf(field(33), field(35), field(36), field(42), field(44), field(45), field(46)),
);

/** L1 is told: cause bits, and the address that could not be read where that is the cause. */
export interface Reflected {
  readonly dsisr: number;
  readonly asdr?: number;
}

/** What is wrong by L1's tables after a walk, or undefined. */
export function verdictOf(
  walk: GuestTreeWalk,
  { store, fetch }: { store: boolean; fetch: boolean },
): Reflected | undefined {
  const access = store ? DSISR.ISSTORE : 0;
  switch (walk.verdict) {
    case 'EINVAL':
      return { dsisr: access | DSISR.UNSUPP_MMU };
    case 'ENOENT':
      return { dsisr: access | DSISR.NOHPTE };
    case 'EFAULT':
      return { dsisr: access | DSISR.PRTABLE_FAULT, asdr: walk.badAddress };
    case 'ok':
      if (store) return walk.mayWrite ? undefined : { dsisr: access | DSISR.PROTFAULT };
      if (fetch) return walk.mayExecute ? undefined : { dsisr: access | DSISR.NOEXEC_OR_G };
      return walk.mayRead || walk.mayWrite ? undefined : { dsisr: access | DSISR.PROTFAULT };
  }
}
