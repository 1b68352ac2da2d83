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

/** Addresses below are exact as numbers. */
const EXACT = 2 ** 53;

/** Where a guest real address lies; one object for all accesses. */
class Place {
  gfn = 0;
  offset = 0;

  set(gpa: bigint, { pageSize }: Kvm): void {
    const address = Number(gpa);
    if (address < EXACT) {
      this.gfn = Math.floor(address / pageSize);
      this.offset = address - this.gfn * pageSize;
    } else {
      this.gfn = Number(gpa / BigInt(pageSize));
      this.offset = Number(gpa % BigInt(pageSize));
    }
  }
}

export class GuestMemory {
  private readonly place = new Place();

  constructor(
    private readonly vm: Kvm,
    private readonly cpu: Cpu,
  ) {}

  /** Fills `bytes` from a guest real address on; false where a page of it is no memory. */
  read(gpa: bigint, bytes: Uint8Array): boolean {
    const { vm, place } = this;
    place.set(gpa, vm);
    const { gfn, offset } = place;
    const isInPage = bytes.length > 0 && offset + bytes.length <= vm.pageSize;
    if (!isInPage) return readGuest(vm, { gpa, bytes }) === 0;
    const token = vm.srcu.readLock();
    const hva = hvaInSlot(vm, vm.gfnToMemslot(gfn), gfn, 'read');
    const frame = hva < 0 ? -EFAULT : vm.mm.resolve(hva, 'read');
    if (frame >= 0) {
      const { frames } = vm.mm;
      const from = frames.addressOf(frame) + offset;
      bytes.set(frames.memory.bytes.subarray(from, from + bytes.length));
    }
    vm.srcu.readUnlock(token);
    return frame >= 0;
  }

  /** Writes `bytes`; false where a page is no memory: pages before it were written. */
  write(gpa: bigint, bytes: Uint8Array): boolean {
    let length = 0;
    for (let done = 0; done < bytes.length; done += length) {
      length = this.writePage(done === 0 ? gpa : gpa + BigInt(done), bytes, done);
      if (length <= 0) return false;
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

  /** Writes the bytes from `from` on that lie in the first page. @returns bytes written, or -EFAULT */
  private writePage(gpa: bigint, bytes: Uint8Array, from: number): number {
    const { vm, place } = this;
    place.set(gpa, vm);
    const { gfn, offset } = place;
    const length = Math.min(bytes.length - from, vm.pageSize - offset);
    const token = vm.srcu.readLock();
    const slot = vm.gfnToMemslot(gfn);
    const hva = hvaInSlot(vm, slot, gfn, 'write');
    const frame = hva < 0 ? -EFAULT : vm.mm.resolve(hva, 'write');
    if (frame >= 0) {
      const { frames } = vm.mm;
      const address = frames.addressOf(frame) + offset;
      const isWhole = length === bytes.length;
      frames.memory.bytes.set(isWhole ? bytes : bytes.subarray(from, from + length), address);
      markDirtyInSlot(vm, slot!, gfn);
      this.cpu.hooks.memoryChanged?.(address, length);
    }
    vm.srcu.readUnlock(token);
    return frame < 0 ? -EFAULT : length;
  }
}
