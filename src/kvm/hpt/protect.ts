/**
 * H_PROTECT, H_READ, H_CLEAR_REF and H_CLEAR_MOD: rights and recorded bits of entries that are there (Linux
 * book3s_hv_rm_mmu.c, kvmppc_h_protect, kvmppc_h_read, kvmppc_h_clear_ref, kvmppc_h_clear_mod).
 */
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { fields, get, has, maskOf, put } from '../../core/bits';
import { H } from '../hypercalls/status';
import { markDirty, type HptGuest } from './guest';
import { HPTE_GUEST, isInUse, isMmio, isWritable, makeReadOnly, RC, type Hpte } from './hpte';
import { HPT_FLAGS, satisfies } from './remove';

/** What H_PROTECT can change. */
const PROTECTED = maskOf(HPTE1.PP0, HPTE1.PP, HPTE1.N, HPTE1.KEY_HIGH, HPTE1.KEY_LOW);
/** Where its flags have what is elsewhere in an entry; the rest is in place. */
const PROTECT_FLAGS = fields({ KEY_HIGH: [50, 51], PP0: 55 });
const IN_PLACE = maskOf(HPTE1.PP, HPTE1.N, HPTE1.KEY_LOW);

const rightsIn = (flags: bigint): bigint =>
  put(
    put(flags & IN_PLACE, HPTE1.PP0, get(flags, PROTECT_FLAGS.PP0)),
    HPTE1.KEY_HIGH,
    get(flags, PROTECT_FLAGS.KEY_HIGH),
  );

/** H_PROTECT. @returns a status */
export function protectEntry(
  hpt: HptGuest,
  { index, flags, avpn }: { index: bigint; flags: bigint; avpn: bigint },
): number {
  const { current, vm } = hpt;
  if (index >= BigInt(current.entries)) return H.PARAMETER;
  const at = Number(index);
  const entry = current.read(at);
  if (!isInUse(entry.v) || (has(flags, HPT_FLAGS.AVPN) && !satisfies(entry.v, 'avpn', avpn)))
    return H.NOT_FOUND;
  const rights = rightsIn(flags);
  vm.mmuLock.lock();
  current.setGuestR(at, (current.guestR(at) & ~PROTECTED) | rights);
  if (has(entry.v, HPTE0.V)) narrow(hpt, at, rights);
  vm.mmuLock.unlock();
  if (isMmio(entry)) hpt.forgetMmio();
  return H.SUCCESS;
}

/** Gives the hardware's entry the new rights, but none to store that it did not have: that is the fault's to decide. */
function narrow(hpt: HptGuest, index: number, rights: bigint): void {
  const { current } = hpt;
  const { v, r: old } = current.read(index);
  const wanted = (old & ~PROTECTED) | rights;
  const r = isWritable(wanted) && !isWritable(old) ? makeReadOnly(wanted) : wanted;
  if (r === old) return;
  flush(hpt, index, v);
  current.write(index, { v, r: r | (current.read(index).r & RC) });
}

function flush(hpt: HptGuest, index: number, v: bigint): void {
  const page = hpt.pageAt(index, v);
  if (page) hpt.flush(index, v, page);
}

/** H_READ: one entry, or the four that it is one of; those that are not in use are 0. Or a status. */
export function readEntries(
  { current }: HptGuest,
  { index, flags }: { index: bigint; flags: bigint },
): Hpte[] | number {
  if (index >= BigInt(current.entries)) return H.PARAMETER;
  const count = has(flags, HPT_FLAGS.READ_4) ? FOUR : 1;
  const first = Number(index) - (Number(index) % count);
  return Array.from({ length: count }, (_, i): Hpte => {
    const at = first + i;
    // Linux returns what an empty place held last, with the host's address.
    if (current.isFree(at)) return { v: 0n, r: 0n };
    const { v, r } = current.guestEntry(at);
    return { v, r: r & ~HPTE_GUEST.MODIFIED.mask };
  });
}
const FOUR = 4;

/** H_CLEAR_REF. @returns doubleword 1 as it was, or a status */
export const clearReference = (hpt: HptGuest, index: bigint): bigint | Failed => clear(hpt, index, 'R');

/** H_CLEAR_MOD. @returns doubleword 1 as it was, or a status */
export const clearChange = (hpt: HptGuest, index: bigint): bigint | Failed => clear(hpt, index, 'C');

/** A status that is no doubleword. */
export interface Failed {
  readonly status: number;
}

function clear(hpt: HptGuest, index: bigint, what: 'R' | 'C'): bigint | Failed {
  const { current, vm } = hpt;
  if (index >= BigInt(current.entries)) return { status: H.PARAMETER };
  const at = Number(index);
  const { v } = current.read(at);
  if (!isInUse(v)) return { status: H.NOT_FOUND };
  vm.mmuLock.lock();
  const before = current.guestR(at);
  current.setGuestR(at, before & ~HPTE1[what].mask);
  const recorded = has(v, HPTE0.V) ? clearRecorded(hpt, at, what) : 0n;
  vm.mmuLock.unlock();
  return (before | recorded) & ~HPTE_GUEST.MODIFIED.mask;
}

/** Takes the bit from a valid entry, and notes it for the host. @returns what hardware had recorded, R and C */
function clearRecorded(hpt: HptGuest, index: number, what: 'R' | 'C'): bigint {
  const { current } = hpt;
  const { v } = current.read(index);
  const page = hpt.pageAt(index, v);
  const at = page && hpt.ringOf(page);
  if (!page || !at) return 0n;
  // Hardware may record until the translation is gone.
  hpt.flush(index, v, page);
  const { r } = current.read(index);
  if (!has(r, HPTE1[what])) return r & RC;
  current.write(index, { v, r: r & ~HPTE1[what].mask });
  if (what === 'R') at.ring.record(HPTE1.R.mask);
  else markDirty(at.slot, page);
  return r & RC;
}
