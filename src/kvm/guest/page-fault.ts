/**
 * A page fault of L1 (Linux arch/powerpc/kvm/book3s_64_mmu_radix.c, kvmppc_book3s_radix_page_fault and
 * kvmppc_book3s_instantiate_page): from the guest real address through its memslot and the host's page to an entry of
 * L1's tree, under the protocol that never installs a page that the host is taking away.
 */
import { PTE } from '../../../isa/tables/radix';
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { has } from '../../core/bits';
import { EAGAIN, EFAULT } from '../errno';
import type { L0 } from '../l0';
import type { MemSlot } from '../memslot';
import { hvaInSlot } from '../translate';
import { PMD_SHIFT, PUD_SHIFT } from './radix-format';
import { CREATED } from './radix-table';
import type { GuestVcpu } from './vcpu';

/** The page that L1 needs. */
export interface PageRequest {
  readonly slot: MemSlot;
  readonly gfn: number;
  readonly store: boolean;
  /** False: a large page may reach over the bounds of the slot, as in Linux (hazard H-7). Default true. */
  readonly withinSlot?: boolean;
}

/** What {@link instantiatePage} mapped. */
export interface MappedPage {
  /** 0, -EAGAIN (something changed: fault again), -EFAULT or -ENOMEM. */
  readonly result: number;
  readonly host: number;
  readonly shift: number;
}

const failed = (result: number): MappedPage => ({ result, host: 0, shift: 0 });

/**
 * Maps a page of L1 for an access. A page that may be written is mapped for writing even for a load, unless the slot
 * logs dirty pages: then a load maps it without, so that only what was written is reported.
 */
export function instantiatePage(l0: L0, request: PageRequest): MappedPage {
  const { vm } = l0;
  const { seq } = vm.invalidate;
  const token = vm.srcu.readLock();
  try {
    const page = resolve(l0, request);
    if (typeof page === 'number') return failed(page);
    return install(l0, request, { ...page, seq });
  } finally {
    vm.srcu.readUnlock(token);
  }
}

interface HostPage {
  readonly hva: number;
  readonly frame: number;
  readonly writable: boolean;
}

/** The host's frame, made present for the access. */
function resolve({ vm }: L0, { slot, gfn, store }: PageRequest): HostPage | number {
  const hva = hvaInSlot(vm, slot, gfn, 'read');
  if (hva < 0) return -EFAULT;
  if (!slot.isReadonly && (store || !slot.logsDirtyPages)) {
    const frame = vm.mm.resolve(hva, 'write');
    if (frame >= 0) return { hva, frame, writable: true };
    if (store) return frame;
  }
  const frame = vm.mm.resolve(hva, 'read');
  return frame < 0 ? frame : { hva, frame, writable: false };
}

function install(l0: L0, request: PageRequest, page: HostPage & { seq: number }): MappedPage {
  const { vm, arch } = l0;
  const { gfn } = request;
  const shift = pageShift(l0, request, page);
  const size = 2 ** shift;
  const address = vm.mm.frames.addressOf(page.frame);
  const host = address - (address % size);
  const rights = PTE.READ.mask | PTE.EXECUTE.mask | (page.writable ? PTE.WRITE.mask | PTE.C.mask : 0n);
  const pte = PTE.V.mask | PTE.L.mask | BigInt(host) | PTE.R.mask | rights;
  vm.mmuLock.lock();
  const result = arch.tree.create({ gpa: gfn * vm.pageSize, pte, shift }, () =>
    vm.invalidate.retryGfn(page.seq, gfn),
  );
  vm.mmuLock.unlock();
  if (result === CREATED.INSERTED) {
    if (shift === PMD_SHIFT || shift === PUD_SHIFT) arch.largePages[shift]++;
    // The frame may have held something else when it was decoded last.
    l0.options.cpus[0]!.hooks.memoryChanged?.(host, size);
  }
  return { result: Math.min(result, 0), host, shift };
}

/** log2 of the largest page that the host's mapping, the slot and dirty logging allow around a guest frame. */
function pageShift(l0: L0, request: PageRequest, { hva, writable }: HostPage): number {
  const { vm } = l0;
  const { slot, gfn, withinSlot = true } = request;
  const mapping = vm.mm.mappingSize(hva);
  for (const shift of [PUD_SHIFT, PMD_SHIFT]) {
    const size = 2 ** shift;
    const pages = size / vm.pageSize;
    const first = gfn - (gfn % pages);
    const congruent = (gfn * vm.pageSize) % size === hva % size;
    const inSlot = !withinSlot || (first >= slot.baseGfn && first + pages <= slot.endGfn);
    const fits = mapping >= size && congruent && inSlot && !slot.logsDirtyPages;
    if (fits && (!writable || isAllWritable(l0, hva - (hva % size), size))) return shift;
  }
  return vm.geometry.shift;
}

/** The host permits writes everywhere in a range: part of a large mapping may be write-protected. */
function isAllWritable({ vm }: L0, start: number, size: number): boolean {
  for (let hva = start; hva < start + size; hva += vm.pageSize) if (!vm.mm.isWritable(hva)) return false;
  return true;
}

/** A hypervisor storage interrupt of L1, as the registers would have it. */
export interface GuestStorageFault {
  readonly ea: bigint;
  readonly asdr: bigint;
  /** Cause bits in the numbering that HDSISR and HSRR1 share. */
  readonly cause: bigint;
  readonly fetch: boolean;
}

/** What becomes of a fault. `storage`: L1 gets the storage interrupt itself; `noMemory`: nothing is there. */
export type FaultOutcome = 'mapped' | 'retry' | 'updated' | 'storage' | 'noMemory' | 'hostFailed';

const PAGE_BITS = 0xfffn;
const ADDRESS_LIMIT = 2n ** 52n;
/** What L1 is told about at once: an access that no mapping makes right. */
const UNMAPPABLE = STORAGE_CAUSE.ATTRIBUTE.mask;
/** Without a slot, these are L1's own to deal with: its tables, or bits of a page that is no page. */
const OWN_WITHOUT_SLOT = UNMAPPABLE | STORAGE_CAUSE.TABLE_WALK.mask | STORAGE_CAUSE.REFERENCE_CHANGE.mask;

/** Guest real address that a fault is about. */
export function faultAddress({ asdr, cause, ea }: GuestStorageFault): bigint {
  const page = asdr & ~PAGE_BITS & ~(0xfn << 60n);
  return has(cause, STORAGE_CAUSE.TABLE_WALK) ? page : page | (ea & PAGE_BITS);
}

/** Deals with a fault of L1, except for the interrupt that L1 may have to get. */
export function guestPageFault(
  l0: L0,
  vcpu: GuestVcpu,
  fault: GuestStorageFault,
): { outcome: FaultOutcome; page?: MappedPage } {
  const { vm } = l0;
  const gpa = faultAddress(fault);
  const store = isStore(fault);
  if ((fault.cause & UNMAPPABLE) !== 0n) return { outcome: 'storage' };
  const gfn = Number(gpa / BigInt(vm.pageSize));
  const slot = gpa < ADDRESS_LIMIT ? vm.vcpuGfnToMemslot(vcpu.memory, gfn) : null;
  if (!slot || slot.isInvalid)
    return { outcome: (fault.cause & OWN_WITHOUT_SLOT) !== 0n ? 'storage' : 'noMemory' };
  if (slot.isReadonly && store) return { outcome: 'storage' };
  if (has(fault.cause, STORAGE_CAUSE.REFERENCE_CHANGE) && updateBits(l0, Number(gpa), store))
    return { outcome: 'updated' };
  const page = instantiatePage(l0, { slot, gfn, store });
  if (page.result === 0) return { outcome: 'mapped', page };
  return { outcome: page.result === -EAGAIN ? 'retry' : 'hostFailed' };
}

export const isStore = ({ cause }: GuestStorageFault): boolean =>
  has(cause, STORAGE_CAUSE.STORE) || has(cause, STORAGE_CAUSE.TABLE_WALK_STORE);

/** Sets R, and C for a store, where the leaf permits the access; false where it does not or is gone. */
function updateBits({ vm, arch }: L0, gpa: number, store: boolean): boolean {
  vm.mmuLock.lock();
  const leaf = arch.tree.find(gpa);
  const permits = leaf !== undefined && (!store || has(leaf.pte, PTE.WRITE));
  if (permits) arch.tree.replace(leaf, leaf.pte | PTE.R.mask | (store ? PTE.C.mask : 0n));
  vm.mmuLock.unlock();
  return permits;
}
