/**
 * An access of an HPT guest that hardware could not make, and that came to L0 because LPCR[VPM1] is 1 or because it was
 * made in guest real mode (Linux book3s_hv_rm_mmu.c, kvmppc_hpte_hv_fault; book3s_64_mmu_hv.c,
 * kvmppc_book3s_hv_page_fault): what the guest's own entry denies goes to the guest, what L0 withheld is L0's.
 */
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { HPTE0, HPTE1 } from '../../../isa/tables/hpte';
import { SLBV } from '../../../isa/tables/slb-entry';
import { MSR } from '../../../isa/registers/msr';
import { has, maskOf } from '../../core/bits';
import { RIGHT } from '../../mmu/access';
import { offsetOf } from '../../state/layout';
import { EAGAIN, EFAULT } from '../errno';
import { isStore, type FaultOutcome, type GuestStorageFault, type MappedPage } from '../guest/page-fault';
import type { GuestVcpu } from '../guest/vcpu';
import type { MemSlot } from '../memslot';
import { fitsSlot, hostR, isAllWritable, makeValid, slotOf } from './enter';
import type { GuestPage, HptGuest } from './guest';
import { AUTHORITY, authorityOf, grantedBy, HPTE_SW, isWritable, KEY, RC, type Hpte } from './hpte';

const AMR_AT = offsetOf('AMR');
const IAMR_AT = offsetOf('IAMR');

/** What became of a fault. */
export interface HptFaultResult {
  readonly outcome: FaultOutcome;
  /** `storage`: the causes that the guest is told. */
  readonly cause: bigint;
  /** The entry that is about the page, where there is one. */
  readonly index?: number;
  readonly gpa?: bigint;
  readonly page?: MappedPage;
}

const toGuest = (cause: bigint): HptFaultResult => ({ outcome: 'storage', cause });
const RETRY: HptFaultResult = { outcome: 'retry', cause: 0n };

/** The entry that an access is about. */
interface Found {
  readonly index: number;
  /** The hardware's; undefined where only the vCPU's memory of it was asked. */
  readonly entry: Hpte | undefined;
  readonly guestR: bigint;
}

/** Deals with a fault, except for the interrupt that the guest may have to get. */
export function hptPageFault(hpt: HptGuest, vcpu: GuestVcpu, fault: GuestStorageFault): HptFaultResult {
  hpt.counters.faults++;
  const absent = has(fault.cause, STORAGE_CAUSE.NO_TRANSLATION);
  // Other causes are the guest's own: hardware's entry has its key and its no-execute bit.
  if (!absent && (fault.fetch || !has(fault.cause, STORAGE_CAUSE.PROTECTION))) return toGuest(fault.cause);
  const found = findEntry(hpt, vcpu, fault, absent);
  if (!found) return absent ? toGuest(fault.cause) : RETRY;
  if (absent && found.entry && has(found.entry.v, HPTE0.V)) return RETRY;
  const denied = denial(vcpu, fault, found.guestR);
  if (denied !== undefined) return { ...toGuest(denied), index: found.index };
  return served(hpt, vcpu, fault, found);
}

/** The guest's entry for the access: what the vCPU remembers of it, or what the table has. */
function findEntry(
  hpt: HptGuest,
  vcpu: GuestVcpu,
  { ea, asdr: segment }: GuestStorageFault,
  absent: boolean,
): Found | undefined {
  const update = hpt.options.arch.mmioUpdate;
  const known = absent ? hpt.mmioCaches[vcpu.id]!.find({ ea, segment, update }) : undefined;
  if (known) return { ...known, entry: undefined };
  const valid = absent ? HPTE0.V.mask | HPTE_SW.ABSENT.mask : HPTE0.V.mask;
  const { current } = hpt;
  const index = current.find({ ea, segment, valid });
  return index < 0 ? undefined : { index, entry: current.read(index), guestR: current.guestR(index) };
}

/** What hardware may have said because of what L0 withholds: the guest's own entry decides instead. */
const WITHHELD = maskOf(STORAGE_CAUSE.NO_TRANSLATION, STORAGE_CAUSE.PROTECTION);

/**
 * The causes for which the guest's entry denies the access, or undefined: those that hardware would name if it had the
 * guest's entry, page and key. Linux names the first one alone, and what L0 withholds too.
 */
function denial({ cpu }: GuestVcpu, fault: GuestStorageFault, guestR: bigint): bigint | undefined {
  const needs = fault.fetch ? RIGHT.FETCH : isStore(fault) ? RIGHT.WRITE : RIGHT.READ;
  const storageKey = has(fault.asdr, cpu.problemState ? SLBV.KP : SLBV.KS) ? 1 : 0;
  let denied = 0n;
  if (fault.fetch && (guestR & NO_CODE) !== 0n) denied = STORAGE_CAUSE.NO_EXECUTE.mask;
  else if ((grantedBy(guestR, storageKey) & needs) === 0) denied = STORAGE_CAUSE.PROTECTION.mask;
  if (cpu.inState(fault.fetch ? MSR.IR : MSR.DR)) {
    const authority = authorityOf(guestR, cpu.state.get(fault.fetch ? IAMR_AT : AMR_AT));
    if ((authority & REFUSES[needs]!) !== 0) denied |= STORAGE_CAUSE.KEY.mask;
  }
  return denied === 0n ? undefined : (fault.cause & ~WITHHELD) | denied;
}

const NO_CODE = maskOf(HPTE1.N, HPTE1.G);
/** The bit of a key in AMR, of a fetch in IAMR, that refuses what an access needs. */
const REFUSES: Readonly<Record<number, number>> = {
  [RIGHT.READ]: AUTHORITY.NO_LOAD,
  [RIGHT.WRITE]: AUTHORITY.NO_STORE,
  [RIGHT.FETCH]: AUTHORITY.NO_FETCH,
};

/** The guest permits the access: L0 lets it happen, or there is no memory. */
function served(hpt: HptGuest, vcpu: GuestVcpu, fault: GuestStorageFault, found: Found): HptFaultResult {
  const { index, guestR, entry } = found;
  const v = entry?.v ?? hpt.current.read(index).v;
  const page = hpt.pageOf({ v, r: guestR });
  // H_ENTER takes no entry without a page size.
  if (!page) return toGuest(fault.cause);
  const gpa = page.gpa | BigInt.asUintN(page.actual, fault.ea);
  const about = { index, gpa, cause: fault.cause };
  const slot = slotOf(hpt, page);
  if (!slot) {
    remember(hpt, vcpu, fault, { index, guestR, base: page.base });
    return { ...about, outcome: 'noMemory' };
  }
  if (!entry) return RETRY;
  const store = isStore(fault);
  if (slot.isReadonly && store)
    return {
      ...about,
      outcome: 'storage',
      cause: STORAGE_CAUSE.PROTECTION.mask | STORAGE_CAUSE.STORE.mask,
    };
  const mapped = pageIn(hpt, { index, entry, guestR, page, slot, store });
  return { ...about, page: mapped, outcome: OUTCOMES[mapped.result] ?? 'hostFailed' };
}

const OUTCOMES: Readonly<Record<number, FaultOutcome>> = { 0: 'mapped', [-EAGAIN]: 'retry' };

/** The next access to the same page need not be looked for, while the entry says so by its key. */
function remember(
  hpt: HptGuest,
  vcpu: GuestVcpu,
  { ea, asdr: segment }: GuestStorageFault,
  entry: { index: number; guestR: bigint; base: number },
): void {
  if ((hpt.current.read(entry.index).r & KEY) !== KEY) return;
  hpt.mmioCaches[vcpu.id]!.keep({ ...entry, ea, segment, update: hpt.options.arch.mmioUpdate });
}

interface PageIn {
  readonly index: number;
  /** The hardware's entry as it was when the guest's rights were looked at. */
  readonly entry: Hpte;
  readonly guestR: bigint;
  readonly page: GuestPage;
  readonly slot: MemSlot;
  readonly store: boolean;
}

const failed = (result: number): MappedPage => ({ result, host: 0, shift: 0 });

/** Makes the host's page present and puts it into the entry. */
function pageIn(hpt: HptGuest, request: PageIn): MappedPage {
  const { vm } = hpt;
  const { seq } = vm.invalidate;
  const token = vm.srcu.readLock();
  try {
    const backing = resolve(hpt, request);
    if (typeof backing === 'number') return failed(backing);
    vm.mmuLock.lock();
    const result = install(hpt, request, { ...backing, seq });
    vm.mmuLock.unlock();
    return { result, host: backing.host, shift: request.page.actual };
  } finally {
    vm.srcu.readUnlock(token);
  }
}

/** The host's page, writable where it can be and the guest may write, unless writes are logged: then only for one. */
function resolve(
  hpt: HptGuest,
  { slot, page, guestR, store }: PageIn,
): { host: number; writable: boolean } | number {
  const { mm, pageSize } = hpt.vm;
  if (!fitsSlot(slot, page)) return -EFAULT;
  const first = slot.userspaceAddr + (page.gfn - slot.baseGfn) * pageSize;
  const frame = mm.resolve(first, 'read');
  if (frame < 0) return frame;
  if (!hasSize(hpt, first, page)) return -EFAULT;
  if (store || (isWritable(guestR) && !slot.logsDirtyPages && !slot.isReadonly)) {
    const result = makeWritable(hpt, first, page);
    if (store && result < 0) return result;
  }
  // Writing may have given the guest a copy of its own.
  const host = mm.frames.addressOf(mm.resolve(first, 'read')) + Number(page.gpa % BigInt(pageSize));
  const writable = !(slot.logsDirtyPages && !store) && isAllWritable(hpt, first, page);
  return hasSize(hpt, first, page) ? { host, writable } : -EFAULT;
}

/** A page that is larger than the base page is one page of the host's too. */
function hasSize({ vm }: HptGuest, hva: number, { frames, actual }: GuestPage): boolean {
  const bytes = 2 ** actual;
  return frames === 1 || (vm.mm.mappingSize(hva) >= bytes && hva % bytes === 0);
}

/** @returns 0, or the error of the first frame that the host does not let be written */
function makeWritable({ vm }: HptGuest, hva: number, { frames }: GuestPage): number {
  for (let i = 0; i < frames; i++) {
    const frame = vm.mm.resolve(hva + i * vm.pageSize, 'write');
    if (frame < 0) return frame;
  }
  return 0;
}

function install(
  hpt: HptGuest,
  { index, entry, guestR, page, slot }: PageIn,
  backing: { host: number; writable: boolean; seq: number },
): number {
  const { current, vm } = hpt;
  const now = current.read(index);
  const changed = now.v !== entry.v || now.r !== entry.r || current.guestR(index) !== guestR;
  if (changed || vm.invalidate.retry(backing.seq)) return -EAGAIN;
  const r = hostR(guestR, page, backing);
  if (!has(now.v, HPTE0.V)) makeValid(hpt, { place: index, v: now.v, r, page, slot });
  else {
    // The ring has it already; what hardware recorded stays.
    hpt.flush(index, now.v, page);
    current.write(index, { v: now.v, r: (r & ~RC) | (current.read(index).r & RC) });
  }
  return 0;
}
