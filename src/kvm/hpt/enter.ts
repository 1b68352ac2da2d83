/** H_ENTER: the guest puts an entry into its table (Linux book3s_hv_rm_mmu.c, kvmppc_do_h_enter). */
import { HPTE0, HPTE1, PTEG_SLOTS } from '../../../isa/tables/hpte';
import { get, maskOf } from '../../core/bits';
import { SEGMENT_SIZES } from '../../../isa/tables/slb-entry';
import { H } from '../hypercalls/status';
import type { MemSlot } from '../memslot';
import { hasBits, PTE_PRESENT, PTE_WRITABLE } from '../page-entry';
import type { GuestPage, HptGuest } from './guest';
import {
  HPTE_GUEST,
  HPTE_SW,
  isWritable,
  KEY,
  makeReadOnly,
  RC,
  withMemoryAttributes,
  type Hpte,
} from './hpte';

/** What H_ENTER is asked for. */
export interface EnterRequest {
  /** That entry and no other of its group. */
  readonly exact: boolean;
  readonly index: bigint;
  readonly entry: Hpte;
}

/** The index used, or a status. */
export type Entered = { readonly index: number } | { readonly status: number };

const refused = (status: number): Entered => ({ status });
/** Bits of doubleword 0 that are L0's to set. */
const OWN = maskOf(HPTE0.V, HPTE_SW.HVLOCK, HPTE_SW.ABSENT);

/** Host memory behind a page; -1: not there now. */
interface Backing {
  readonly slot: MemSlot;
  readonly host: number;
  readonly writable: boolean;
}

/** Puts an entry in. mmu_lock is not held. */
export function enterEntry(hpt: HptGuest, { exact, index, entry }: EnterRequest): Entered {
  const { vm } = hpt;
  if (!(Number(get(entry.v, HPTE0.B)) in SEGMENT_SIZES)) return refused(H.PARAMETER);
  const v = entry.v & ~OWN;
  const guestR = entry.r & ~HPTE_GUEST.MODIFIED.mask;
  const page = hpt.pageOf({ v, r: guestR });
  if (!page) return refused(H.PARAMETER);
  const token = vm.srcu.readLock();
  vm.mmuLock.lock();
  try {
    const backing = backingOf(hpt, page, guestR);
    if (typeof backing === 'number') return refused(backing);
    if (index >= BigInt(hpt.current.entries)) return refused(H.PARAMETER);
    const place = freePlace(hpt, Number(index), exact);
    if (place < 0) return refused(H.PTEG_FULL);
    hpt.current.setGuestR(place, guestR);
    insert(hpt, { place, v, guestR, page, backing });
    return { index: place };
  } finally {
    vm.mmuLock.unlock();
    vm.srcu.readUnlock(token);
  }
}

function freePlace({ current }: HptGuest, index: number, exact: boolean): number {
  if (exact) return current.isFree(index) ? index : -1;
  const first = index - (index % PTEG_SLOTS);
  for (let place = first; place < first + PTEG_SLOTS; place++) if (current.isFree(place)) return place;
  return -1;
}

/** What is behind the page: undefined for no memory at all; or a status. */
function backingOf(hpt: HptGuest, page: GuestPage, guestR: bigint): Backing | undefined | number {
  const { vm } = hpt;
  const slot = slotOf(hpt, page);
  if (!slot) return undefined;
  if (!fitsSlot(slot, page)) return H.PARAMETER;
  const hva = slot.userspaceAddr + (page.gfn - slot.baseGfn) * vm.pageSize;
  const bytes = 2 ** page.actual;
  const pte = vm.mm.entryAt(hva);
  if (!hasBits(pte, PTE_PRESENT)) return { slot, host: -1, writable: false };
  if (page.frames > 1 && (vm.mm.mappingSize(hva) < bytes || hva % bytes !== 0)) return H.PARAMETER;
  const writable = hasBits(pte, PTE_WRITABLE) && !slot.isReadonly && isAllWritable(hpt, hva, page);
  // Present, and writable where it is to be written: this only marks it used.
  const frame = vm.mm.resolve(hva, writable && isWritable(guestR) ? 'write' : 'read');
  const host = vm.mm.frames.addressOf(frame) + Number(page.gpa % BigInt(vm.pageSize));
  return { slot, host, writable };
}

/** The slot that a page begins in, where it can be used. */
export function slotOf({ vm }: HptGuest, { gfn }: GuestPage): MemSlot | undefined {
  const slot = Number.isSafeInteger(gfn) ? vm.gfnToMemslot(gfn) : null;
  return slot && !slot.isInvalid ? slot : undefined;
}

/** All of a page that is larger than the base page is in the slot, at its own alignment. */
export const fitsSlot = ({ baseGfn, npages }: MemSlot, { frames }: GuestPage): boolean =>
  baseGfn % frames === 0 && npages % frames === 0;

/** The host permits writes in all of a large page. */
export function isAllWritable({ vm }: HptGuest, hva: number, { frames }: GuestPage): boolean {
  for (let i = 0; i < frames; i++) if (!vm.mm.isWritable(hva + i * vm.pageSize)) return false;
  return true;
}

interface Insertion {
  readonly place: number;
  readonly v: bigint;
  readonly guestR: bigint;
  readonly page: GuestPage;
  readonly backing: Backing | undefined;
}

function insert(hpt: HptGuest, { place, v, guestR, page, backing }: Insertion): void {
  const { current } = hpt;
  const absent = v | HPTE_SW.ABSENT.mask;
  // A key that no program of the guest has: the access comes to L0 in any case.
  if (!backing) return current.write(place, { v: absent, r: (guestR & ~RC) | KEY });
  // Linux samples its sequence before it looks at the host's page; here nothing comes between the two.
  if (backing.host < 0 || hpt.vm.invalidate.inProgress > 0)
    return current.write(place, { v: absent, r: absentR(guestR, page) });
  makeValid(hpt, { place, v, r: hostR(guestR, page, backing), page, slot: backing.slot });
}

/** The guest's doubleword 1 with the host's address in place of the guest's, and only the rights that the host gives. */
export function hostR(
  guestR: bigint,
  { actual }: GuestPage,
  { host, writable }: { host: number; writable: boolean },
): bigint {
  const rights = writable ? guestR : makeReadOnly(guestR);
  const kept = rights & (KEY | HPTE1.PP0.mask | (2n ** BigInt(actual) - 1n));
  return withMemoryAttributes(kept | BigInt(host));
}

/** What an entry without a page keeps: its size and rights, without the guest's address, key and recorded bits. */
const absentR = (guestR: bigint, { actual }: GuestPage): bigint =>
  guestR & (HPTE1.PP0.mask | (2n ** BigInt(actual) - 1n)) & ~(KEY | RC);

/** Writes an entry that hardware may use, and puts it into the ring of its page. mmu_lock is held. */
export function makeValid(
  hpt: HptGuest,
  { place, v, r, page, slot }: { place: number; v: bigint; r: bigint; page: GuestPage; slot: MemSlot },
): void {
  const ring = hpt.ring(slot, page.gfn);
  // Nobody has watched the frame while no entry led to it.
  if (ring.isEmpty) hpt.options.memoryChanged(hostAddressOf(r, page), Math.max(2 ** page.actual, 1));
  ring.add(place);
  if (page.actual > hpt.largestPage) hpt.largestPage = page.actual;
  // What hardware would record is recorded already where the frame's word says so.
  const recorded = r & (ring.recorded | ~RC);
  hpt.current.write(place, { v: (v & ~HPTE_SW.ABSENT.mask) | HPTE0.V.mask, r: recorded });
}

/** Host real address in an entry. */
export const hostAddressOf = (r: bigint, { actual }: Pick<GuestPage, 'actual'>): number => {
  const shift = BigInt(actual);
  return Number(((r & HPTE1.RPN.mask) >> shift) << shift);
};
