/**
 * Guest frame to host virtual address to host frame, with the hypervisor's own accesses to guest memory on top (Linux
 * virt/kvm/kvm_main.c, gfn_to_hva, gfn_to_pfn, kvm_read_guest, kvm_write_guest). A failed translation is one of the
 * negative constants below, never an exception.
 */
import { EFAULT } from './errno';
import { markDirtyInSlot } from './dirty-log';
import type { HostAccess } from './host/address-space';
import type { MemSlot } from './memslot';
import type { Kvm } from './vm';

/** No slot, or one that is being moved or deleted. */
export const HVA_ERR_BAD = -1;
/** A write to a read-only slot. */
export const HVA_ERR_RO_BAD = -2;

export const PFN_ERR_FAULT = -1;
export const PFN_ERR_RO_FAULT = -2;
export const PFN_NOSLOT = -3;
/** The host has no memory left. */
export const PFN_ERR_NOMEM = -4;

/** The guest frame is memory: a valid slot of user space's has it. */
export function isVisibleGfn(vm: Kvm, gfn: number, asId = 0): boolean {
  const slot = vm.gfnToMemslot(gfn, asId);
  return slot !== null && slot.id < vm.userSlots && !slot.isInvalid;
}

/** Host virtual address of a guest frame within a slot, or an HVA_ERR constant. Allocates nothing. */
export function hvaInSlot(vm: Kvm, slot: MemSlot | null, gfn: number, access: HostAccess): number {
  if (slot === null || slot.isInvalid) return HVA_ERR_BAD;
  if (access === 'write' && slot.isReadonly) return HVA_ERR_RO_BAD;
  return slot.userspaceAddr + (gfn - slot.baseGfn) * vm.pageSize;
}

/** Host virtual address for writing, as Linux's plain gfn_to_hva: a read-only slot gives {@link HVA_ERR_RO_BAD}. */
export function gfnToHva(vm: Kvm, gfn: number, asId = 0): number {
  return hvaInSlot(vm, vm.gfnToMemslot(gfn, asId), gfn, 'write');
}

/** Host virtual address for reading, and whether it may also be written. */
export function gfnToHvaProt(vm: Kvm, gfn: number, asId = 0): { hva: number; writable: boolean } {
  const slot = vm.gfnToMemslot(gfn, asId);
  const hva = hvaInSlot(vm, slot, gfn, 'read');
  return { hva, writable: hva >= 0 && !slot!.isReadonly };
}

/** Pages of the slot from this guest frame on; 0 where no slot has it. */
export function pagesRemaining(vm: Kvm, gfn: number, asId = 0): number {
  const slot = vm.gfnToMemslot(gfn, asId);
  return slot ? slot.endGfn - gfn : 0;
}

/** The host frame of a guest frame with a reference that the caller drops, or a PFN constant. */
export function gfnToPfn(vm: Kvm, gfn: number, access: HostAccess, asId = 0): number {
  const slot = vm.gfnToMemslot(gfn, asId);
  const hva = hvaInSlot(vm, slot, gfn, access);
  if (hva === HVA_ERR_BAD) return PFN_NOSLOT;
  if (hva === HVA_ERR_RO_BAD) return PFN_ERR_RO_FAULT;
  const frame = vm.mm.resolve(hva, access);
  if (frame < 0) return frame === -EFAULT ? PFN_ERR_FAULT : PFN_ERR_NOMEM;
  vm.mm.frames.get(frame);
  return frame;
}

/** A transfer between a buffer and guest memory from a guest real address on. */
export interface GuestTransfer {
  readonly gpa: bigint;
  readonly bytes: Uint8Array;
  readonly asId?: number;
}

/** Fills the buffer from guest memory. @returns 0, or -EFAULT where a page is no memory; pages before it were read */
export function readGuest(vm: Kvm, transfer: GuestTransfer): number {
  return transferPages(vm, transfer, 'read');
}

/** Writes the buffer to guest memory and marks the pages dirty. @returns 0 or -EFAULT; pages before it were written */
export function writeGuest(vm: Kvm, transfer: GuestTransfer): number {
  return transferPages(vm, transfer, 'write');
}

function transferPages(vm: Kvm, { gpa, bytes, asId = 0 }: GuestTransfer, access: HostAccess): number {
  const pageSize = BigInt(vm.pageSize);
  let gfn = Number(gpa / pageSize);
  let offset = Number(gpa % pageSize);
  const token = vm.srcu.readLock();
  try {
    for (let done = 0; done < bytes.length; gfn++, offset = 0) {
      const length = Math.min(bytes.length - done, vm.pageSize - offset);
      const slot = vm.gfnToMemslot(gfn, asId);
      const hva = hvaInSlot(vm, slot, gfn, access);
      const frame = hva < 0 ? -EFAULT : vm.mm.resolve(hva, access);
      if (frame < 0) return -EFAULT;
      const page = vm.mm.frames.bytesOf(frame).subarray(offset, offset + length);
      if (access === 'write') {
        page.set(bytes.subarray(done, done + length));
        markDirtyInSlot(vm, slot!, gfn);
      } else bytes.set(page, done);
      done += length;
    }
    return 0;
  } finally {
    vm.srcu.readUnlock(token);
  }
}
