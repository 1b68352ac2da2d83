/**
 * Words of L1's memory as L0 reads them: through the memory slots to host frames, as kvm_read_guest does, without an
 * allocation. Larger transfers use readGuest and writeGuest of `../translate.ts`.
 */
import { hvaInSlot } from '../translate';
import type { Kvm } from '../vm';

/** Frames beyond which no memory slot can reach. */
const GFN_LIMIT = 2 ** 52;

export class GuestWords {
  /** Halves of the doubleword that was read last, as signed int32. */
  hi = 0;
  lo = 0;

  constructor(private readonly vm: Kvm) {}

  /**
   * Reads a big-endian doubleword.
   * @param gpa guest real address, a multiple of 8
   * @returns false where L1 has no memory or the host cannot supply the page
   */
  read(gpa: number): boolean {
    const { vm } = this;
    const at = this.addressOf(gpa);
    if (at < 0) return false;
    const { memory } = vm.mm.frames;
    this.hi = memory.getWord(at);
    this.lo = memory.getWord(at + 4);
    return true;
  }

  /** Host real address of a byte of L1's memory, or -1. */
  addressOf(gpa: number): number {
    const { vm } = this;
    const gfn = Math.floor(gpa / vm.pageSize);
    if (!(gfn < GFN_LIMIT)) return -1;
    const token = vm.srcu.readLock();
    const hva = hvaInSlot(vm, vm.gfnToMemslot(gfn), gfn, 'read');
    const frame = hva < 0 ? -1 : vm.mm.resolve(hva, 'read');
    vm.srcu.readUnlock(token);
    return frame < 0 ? -1 : vm.mm.frames.addressOf(frame) + (gpa % vm.pageSize);
  }
}
