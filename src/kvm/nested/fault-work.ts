/**
 * A page fault of a nested guest while L0 serves it: what the hardware said, and what was found so far. One object serves
 * fault after fault, so that a fault allocates nothing; a fault that lets others run between its steps has its own.
 */
import { hiOf, loOf } from '../../core/u64';
import { FoundLeaf } from '../guest/found-leaf';
import type { MemSlot } from '../memslot';
import { DSISR } from './fault-verdict';
import type { FaultStory } from './fault-story';
import type { NestedGuest } from './nested-guest';

/** A fault as the hardware reported it. */
export interface NestedFault {
  readonly guest: NestedGuest;
  readonly fetch: boolean;
  /** HDSISR; for a fetch its equivalent from HSRR1. Signed int32. */
  readonly dsisr: number;
  readonly ea: bigint;
  readonly asdr: bigint;
}

/**
 * `resume`: enter the nested guest again; `reflect`: L1 gets the interrupt, with these registers where they differ from
 * the hardware's; `inject`: a data storage interrupt of the nested guest itself; `mmio`: no memory of L1 is there;
 * `error`: L0 failed.
 */
export type NestedFaultResult =
  | { readonly kind: 'resume' }
  | { readonly kind: 'reflect'; readonly dsisr?: number; readonly asdr?: number }
  | { readonly kind: 'inject'; readonly dsisr: number }
  | { readonly kind: 'mmio'; readonly gpa: bigint; readonly store: boolean }
  | { readonly kind: 'error'; readonly errno: number };

const HALF = 2 ** 32;
const PAGE_BITS = 0xfff;
/** EA[0:3], in the upper half. */
const QUADRANT_BITS = 0xf << 28;

export class FaultWork {
  guest!: NestedGuest;
  fetch = false;
  store = false;
  dsisr = 0;
  /** The address of the nested guest that has no translation. */
  nGpa = 0;
  /** The last bits of the effective address. */
  pageOffset = 0;
  story: FaultStory | undefined;

  /** L1's page: see `Combination` of shadow-entry.ts. */
  readonly l1 = { raddr: 0, shift: 0, lo: 0 };
  /** Where L1 has memory there: the slot, and the sequence number of invalidations at that moment. */
  slot!: MemSlot;
  seq = 0;
  /** L0's leaf, what both together permit, and what the shadow tree has there already. */
  readonly l0 = new FoundLeaf();
  readonly shadow = new FoundLeaf();
  readonly old = new FoundLeaf();
  /** What is filed in the reverse map. */
  readonly entry = { lpid: 0, nGpa: 0 };

  begin({ guest, fetch, dsisr, ea, asdr }: NestedFault): void {
    this.guest = guest;
    this.fetch = fetch;
    this.dsisr = dsisr;
    this.store = (dsisr & DSISR.ISSTORE) !== 0;
    const offset = loOf(ea) & PAGE_BITS;
    const page = loOf(asdr) & ~PAGE_BITS;
    this.pageOffset = offset;
    const lo = (dsisr & DSISR.PRTABLE_FAULT) !== 0 ? page : page | offset;
    this.nGpa = ((hiOf(asdr) & ~QUADRANT_BITS) >>> 0) * HALF + (lo >>> 0);
    this.story = undefined;
  }
}
