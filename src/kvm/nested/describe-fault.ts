/**
 * What L0 would make of an access of a nested guest, as data: the three entries that decide about it, and what becomes
 * of it: a shadow entry, an interrupt that L1 gets, an interrupt of the nested guest's own, a device. The decision is
 * that of `fault.ts`, taken without changing anything.
 */
import { PTE, SMALLEST_PAGE_SHIFT } from '../../../isa/tables/radix';
import { has } from '../../core/bits';
import { hiOf, joinHalves, loOf } from '../../core/u64';
import { TREE_BITS } from '../guest/radix-format';
import { leafView, type LeafView } from './describe-leaf';
import { DSISR, verdictOf } from './fault-verdict';
import { GuestTreeWalk, type GuestWalkVerdict } from './guest-tree-walk';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { combine } from './shadow-entry';

/** Bytes that a walk does not translate. */
const SMALLEST_PAGE = 2 ** SMALLEST_PAGE_SHIFT;
/** Where an entry is that has no table yet. */
const NOWHERE = -1;

/** An access of a nested guest that its own tables permit. */
export interface NestedAccess {
  /** Real address of the nested guest. */
  readonly nGpa: number;
  readonly store: boolean;
  readonly fetch: boolean;
  /** The hardware faults: it finds no shadow entry, or one that does not let it. */
  readonly faults: boolean;
}

/** What becomes of an access. */
export type AccessOutcome =
  /** The hardware does it. */
  | { readonly kind: 'mapped' }
  /** L0 makes this shadow entry, or widens the one that is there, and the access is done again; L1 is not told. */
  | { readonly kind: 'would map'; readonly shadow: LeafView }
  /** The same, but L0 has no entry for L1's page yet: the host decides how large it becomes. */
  | { readonly kind: 'would fault in' }
  /**
   * L1 gets a hypervisor storage interrupt: cause bits and ASDR where they are not what the hardware gave. With hazard
   * H-9 as in Linux an access that L0 cannot serve is one of those that look like the hardware's fault.
   */
  | { readonly kind: 'reflect'; readonly dsisr?: number; readonly asdr?: number }
  /** The nested guest gets a Data Storage interrupt with these cause bits: L1's memory there is read-only. */
  | { readonly kind: 'inject'; readonly dsisr: number }
  /** No memory of L1 is there: a device of L1's, or nothing. */
  | { readonly kind: 'mmio'; readonly gpa: number };

export interface DescribedAccess {
  readonly nGpa: number;
  /** L1's partition table entry as L0 has it. */
  readonly pate0: bigint;
  /** Entries of L1's tree that the walk reads: level (3 the root directory), real address in L1, content. */
  readonly walk: readonly { readonly level: number; readonly at: number; readonly value: bigint }[];
  readonly verdict: GuestWalkVerdict;
  readonly l1?: LeafView & { readonly gpa: number };
  readonly l0?: LeafView;
  readonly shadow?: LeafView;
  readonly outcome: AccessOutcome;
}

/** Describes one access. */
export function describeAccess(nested: Nested, guest: NestedGuest, access: NestedAccess): DescribedAccess {
  const { nGpa } = access;
  const walk = new GuestTreeWalk(nested.words);
  walk.records = true;
  walk.walk({ hi: hiOf(guest.pate0), lo: loOf(guest.pate0) }, nGpa);
  const isMapped = walk.verdict === 'ok';
  const l0 = isMapped && walk.raddr < 2 ** TREE_BITS ? nested.host.tree.find(walk.raddr) : undefined;
  const shadow = guest.tree.find(nGpa);
  const pte = joinHalves(walk.pteHi, walk.pteLo);
  return {
    nGpa,
    pate0: guest.pate0,
    walk: walk.steps.map(({ level, address: at, hi, lo }) => ({ level, at, value: joinHalves(hi, lo) })),
    verdict: walk.verdict,
    ...(isMapped
      ? {
          l1: {
            ...leafView({ pte, shift: walk.shift, at: walk.entryAddress }),
            gpa: walk.raddr + (nGpa % SMALLEST_PAGE),
          },
        }
      : {}),
    ...(l0 ? { l0: leafView(l0) } : {}),
    ...(shadow ? { shadow: leafView(shadow) } : {}),
    outcome: outcomeOf(nested, guest, { ...access, walk }),
  };
}

function outcomeOf(
  nested: Nested,
  guest: NestedGuest,
  { nGpa, store, fetch, faults, walk }: NestedAccess & { walk: GuestTreeWalk },
): AccessOutcome {
  const { vm, host } = nested;
  if (!faults) return { kind: 'mapped' };
  const wrong = verdictOf(walk, { store, fetch });
  if (wrong) return { kind: 'reflect', ...wrong };
  const access = store ? DSISR.ISSTORE : 0;
  if (walk.shift < vm.geometry.shift)
    return { kind: 'reflect', ...(nested.isStrict('H-9') ? { dsisr: DSISR.UNSUPP_MMU } : {}) };
  const gpa = walk.raddr;
  const slot = gpa < 2 ** TREE_BITS ? vm.gfnToMemslot(Math.floor(gpa / vm.pageSize)) : null;
  if (!slot || slot.isInvalid) return { kind: 'mmio', gpa };
  if (slot.isReadonly && store) return { kind: 'inject', dsisr: DSISR.ISSTORE | DSISR.PROTFAULT };
  // The shadow entry would lack what L1's entry lacks, and L1 is told to set it.
  if (!walk.referenced || (store && !walk.changed)) return { kind: 'reflect', dsisr: access | DSISR.SET_RC };
  const l0 = host.tree.find(gpa);
  if (!l0 || (store && !has(l0.pte, PTE.WRITE))) return { kind: 'would fault in' };
  const { pte, shift } = combine(l0, walk, { store, baseShift: vm.geometry.shift });
  return { kind: 'would map', shadow: leafView({ pte, shift, at: guest.tree.find(nGpa)?.at ?? NOWHERE }) };
}
