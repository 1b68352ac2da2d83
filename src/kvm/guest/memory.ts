/**
 * L0's own accesses to L1's memory: arguments and results of hypercalls. Through memslots and host pages as
 * `translate.ts` does it, with what a store means to CPUs (decoded code, tables) and to dirty logs. Nothing here
 * throws for an address that the guest made up.
 */
import type { Cpu } from '../../cpu/cpu';
import { markDirtyInSlot } from '../dirty-log';
import { EFAULT } from '../errno';
import { hvaInSlot, readGuest } from '../translate';
import type { Kvm } from '../vm';

const BYTES_IN_DOUBLEWORD = 8;

export class GuestMemory {
  constructor(
    private readonly vm: Kvm,
    private readonly cpu: Cpu,
  ) {}

  /** Fills `bytes` from a guest real address on; false where a page of it is no memory. */
  read(gpa: bigint, bytes: Uint8Array): boolean {
    return readGuest(this.vm, { gpa, bytes }) === 0;
  }

  /** Writes `bytes`; false where a page is no memory: pages before it were written. */
  write(gpa: bigint, bytes: Uint8Array): boolean {
    for (let done = 0; done < bytes.length;) {
      const length = this.writePage(gpa + BigInt(done), bytes.subarray(done));
      if (length <= 0) return false;
      done += length;
    }
    return true;
  }

  /** Fills memory with one byte. */
  fill(gpa: bigint, length: number, value: number): boolean {
    return this.write(gpa, new Uint8Array(length).fill(value));
  }

  /** A big-endian doubleword, or undefined. */
  doubleword(gpa: bigint): bigint | undefined {
    const bytes = new Uint8Array(BYTES_IN_DOUBLEWORD);
    return this.read(gpa, bytes) ? new DataView(bytes.buffer).getBigUint64(0) : undefined;
  }

  /** All of the range is memory of the guest. @param length 0 is never memory */
  contains(gpa: bigint, length: number): boolean {
    const pageSize = BigInt(this.vm.pageSize);
    const last = (gpa + BigInt(length) - 1n) / pageSize;
    if (length <= 0) return false;
    for (let gfn = gpa / pageSize; gfn <= last;) {
      const slot = this.vm.gfnToMemslot(Number(gfn));
      if (!slot || slot.isInvalid) return false;
      gfn = BigInt(slot.endGfn);
    }
    return true;
  }

  /** Writes what lies in the first page. @returns bytes written, or -EFAULT */
  private writePage(gpa: bigint, bytes: Uint8Array): number {
    const { vm } = this;
    const gfn = Number(gpa / BigInt(vm.pageSize));
    const offset = Number(gpa % BigInt(vm.pageSize));
    const length = Math.min(bytes.length, vm.pageSize - offset);
    const token = vm.srcu.readLock();
    const slot = vm.gfnToMemslot(gfn);
    const hva = hvaInSlot(vm, slot, gfn, 'write');
    const frame = hva < 0 ? -EFAULT : vm.mm.resolve(hva, 'write');
    if (frame >= 0) {
      vm.mm.frames.bytesOf(frame).set(bytes.subarray(0, length), offset);
      markDirtyInSlot(vm, slot!, gfn);
      this.cpu.hooks.memoryChanged?.(vm.mm.frames.addressOf(frame) + offset, length);
    }
    vm.srcu.readUnlock(token);
    return frame < 0 ? -EFAULT : length;
  }
}
