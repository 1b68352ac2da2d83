/**
 * Invalidations that L1 asks for: H_TLB_INVALIDATE, tlbie in a hypercall's clothes, and the nested part of
 * H_RPT_INVALIDATE (Linux book3s_hv_nested.c, kvmhv_do_nested_tlbie, do_nested_rpt_invalidate). Shadow entries go;
 * entries of the reverse map that name them stay and are stale from then on.
 */
import { TLBIE_RB_RADIX, TLBIE_RS } from '../../../isa/registers/invalidate';
import { RADIX_AP } from '../../../isa/tables/page-size';
import { field, get } from '../../core/bits';
import { H } from '../hypercalls/status';
import { runToEnd, type Steps } from '../steps';
import type { Nested } from './nested';
import type { NestedGuest } from './nested-guest';
import { clearShadow, flushNested, getNested, nestedLpids, putNested } from './nested-guests';

/** The fields of a tlbie instruction that the call's first argument has, where the instruction has them. */
export const INSTRUCTION = { RIC: field([44, 45]), PRS: field(46), R: field(47) } as const;
export const IS = { PAGE: 0n, PROCESS: 1n, PARTITION: 2n, ALL: 3n } as const;
/** What is dropped: translations, what the walker remembers (of which L0 keeps nothing), all with the table entry. */
export const RIC = { TLB: 0n, WALK: 1n, ALL: 2n, GROUP: 3n } as const;
const TREE_END = 2 ** 52;

/** Drops what `ric` says of one nested guest. A reference is held. */
function invalidateGuest(nested: Nested, guest: NestedGuest, ric: bigint, cause: string): void {
  guest.tlbLock.lock();
  if (ric === RIC.TLB) clearShadow(nested, guest, cause);
  else if (ric === RIC.ALL) flushNested(nested, guest, cause);
  guest.tlbLock.unlock();
}

/** The same by LPID; one that nobody entered yet has nothing to drop. */
function invalidateLpid(nested: Nested, lpid: number, ric: bigint, cause: string): void {
  const guest = getNested(nested, lpid);
  if (!guest) return;
  invalidateGuest(nested, guest, ric, cause);
  putNested(nested, guest);
}

/** Drops the shadow entries that map any of `[start, end)`. */
function invalidateRange(
  nested: Nested,
  guest: NestedGuest,
  range: { start: number; end: number },
  cause: string,
): void {
  const { mmuLock } = nested.vm;
  // Linux asks for the record by its LPID once more: where it was removed meanwhile, it steps on by a size it does not know.
  if (!nested.isStrict('H-13') && nested.find(guest.lpid) !== guest) {
    nested.warn('H-13', `invalidation in nested guest ${guest.lpid}, which was removed meanwhile`);
    return;
  }
  guest.tlbLock.lock();
  mmuLock.lock();
  guest.cause = cause;
  guest.tree.each(range.start, Math.min(range.end, TREE_END), (address, leaf) =>
    guest.tree.drop(address, leaf),
  );
  mmuLock.unlock();
  guest.tlbLock.unlock();
}

/** H_TLB_INVALIDATE. @returns a status */
export function tlbInvalidate(nested: Nested, instruction: bigint, rs: bigint, rb: bigint): number {
  return runToEnd(tlbInvalidateSteps(nested, { instruction, rs, rb }));
}

/** Arguments of H_TLB_INVALIDATE, r4 to r6. */
export interface TlbInvalidate {
  readonly instruction: bigint;
  readonly rs: bigint;
  readonly rb: bigint;
}

/** The same with the point at which another vCPU may remove the nested guest. */
export function* tlbInvalidateSteps(nested: Nested, { instruction, rs, rb }: TlbInvalidate): Steps<number> {
  const ric = get(instruction, INSTRUCTION.RIC);
  const is = get(rb, TLBIE_RB_RADIX.IS);
  if (get(instruction, INSTRUCTION.R) === 0n || get(instruction, INSTRUCTION.PRS) === 1n) return H.PARAMETER;
  if (ric === RIC.GROUP || is === IS.PROCESS) return H.PARAMETER;
  const lpid = Number(get(rs, TLBIE_RS.LPID));
  const cause = 'H_TLB_INVALIDATE';
  if (is === IS.PAGE) {
    const shift = RADIX_AP[Number(get(rb, TLBIE_RB_RADIX.AP))];
    if (ric !== RIC.TLB || shift === undefined) return H.PARAMETER;
    yield* invalidatePageSteps(nested, lpid, { address: rb & TLBIE_RB_RADIX.EPN.mask, shift, cause });
  } else if (is === IS.PARTITION) invalidateLpid(nested, lpid, ric, cause);
  else for (const each of nestedLpids(nested)) invalidateLpid(nested, each, ric, cause);
  return H.SUCCESS;
}

function* invalidatePageSteps(
  nested: Nested,
  lpid: number,
  { address, shift, cause }: { address: bigint; shift: number; cause: string },
): Steps<void> {
  const guest = getNested(nested, lpid);
  if (!guest) return;
  yield 'looked up';
  const base = nested.vm.geometry.shift;
  if (shift < base)
    nested.warn('H-8', `invalidation of a page of 2^${shift} bytes; the smallest is 2^${base}`);
  if (shift >= base || nested.isStrict('H-8')) {
    const size = 2 ** Math.max(shift, base);
    const start = Number(address) - (Number(address) % size);
    invalidateRange(nested, guest, { start, end: start + size }, cause);
  }
  putNested(nested, guest);
}

/** Fields of H_RPT_INVALIDATE's arguments. */
export const RPT = {
  NESTED: 0x1n,
  TLB: 0x2n,
  WALK: 0x4n,
  TABLES: 0x8n,
  ALL: 0xen,
  CMMU: 0x1n,
  PAGES: [
    { bit: 0x1n, shift: 12 },
    { bit: 0x2n, shift: 16 },
    { bit: 0x4n, shift: 21 },
    { bit: 0x8n, shift: 30 },
  ],
  MOST_PAGES: 33,
} as const;
const EVERYTHING = 2n ** 64n - 1n;

/** Arguments of H_RPT_INVALIDATE, r4 to r9. */
export interface RptInvalidate {
  readonly id: bigint;
  readonly target: bigint;
  readonly type: bigint;
  readonly pages: bigint;
  readonly start: bigint;
  readonly end: bigint;
}

export const isNestedRpt = ({ type }: RptInvalidate): boolean => (type & RPT.NESTED) !== 0n;

/** The nested part of H_RPT_INVALIDATE; the range was checked. @returns a status */
export function rptInvalidateNested(nested: Nested, request: RptInvalidate): number {
  if (request.target !== RPT.CMMU) return H.P2;
  const lpid = request.id > 0xfffn ? -1 : Number(request.id);
  const guest = getNested(nested, lpid);
  if (!nested.isStrict('H-10') && guest) nested.warn('H-10', `LPID ${lpid} was looked up without mmu_lock`);
  // L1 flushes before it enters a nested guest for the first time.
  if (!guest) return H.SUCCESS;
  const status = rptInvalidateGuest(nested, guest, request);
  putNested(nested, guest);
  return status;
}

function rptInvalidateGuest(nested: Nested, guest: NestedGuest, request: RptInvalidate): number {
  const { type, start, end } = request;
  const cause = 'H_RPT_INVALIDATE';
  if ((type & RPT.ALL) === RPT.ALL) invalidateGuest(nested, guest, RIC.ALL, cause);
  else if (start === 0n && end === EVERYTHING) invalidateGuest(nested, guest, RIC.TLB, cause);
  else if ((type & RPT.TLB) !== 0n) return rptPages(nested, guest, request);
  return H.SUCCESS;
}

/** By page, for each page size asked for; by LPID where that is too many of them. */
function rptPages(nested: Nested, guest: NestedGuest, { pages, start, end }: RptInvalidate): number {
  const cause = 'H_RPT_INVALIDATE';
  const sizes = RPT.PAGES.filter(({ bit }) => (pages & bit) !== 0n);
  if (sizes.length === 0) return H.P4;
  for (const { shift } of sizes) {
    const count = (end - start) >> BigInt(shift);
    if (count > BigInt(RPT.MOST_PAGES)) {
      invalidateGuest(nested, guest, RIC.TLB, cause);
      return H.SUCCESS;
    }
    const size = 1n << BigInt(shift);
    for (let at = start; at < end; at += size)
      runToEnd(
        invalidatePageSteps(nested, guest.lpid, { address: at & TLBIE_RB_RADIX.EPN.mask, shift, cause }),
      );
  }
  return H.SUCCESS;
}
