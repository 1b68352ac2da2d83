/**
 * `pseries`: a guest (L1) of the built-in L0 hypervisor. The guest's memory is one memory slot, backed by pages of
 * host real memory that are given when they are touched; L0's own tables lie in the rest of host memory. Console,
 * interrupts, time of day and power are hypercalls and RTAS calls.
 */
import { LINUX, STRICT } from '../kvm/nested/hazards';
import { addNested, withoutNested } from '../kvm/nested/part';
import { L0, type GuestPower } from '../kvm/l0';
import { restoreL0, saveL0 } from '../kvm/l0-snapshot';
import { GIB, MIB } from '../kvm/page';
import { setUserMemoryRegion } from '../kvm/set-memory-region';
import { VTY_SOURCE } from '../kvm/guest/xics';
import { InternalError, UserError } from '../core/errors';
import { StateReader } from '../core/saved-state';
import type { PowerRequest } from './devices/power';
import type { MachineDescription } from './description';
import { bootGuest } from './pseries/boot';

/** L0's share of host memory: tables, reverse maps and what L2 guests need, beside the guest's memory. */
const L0_SMALLEST = 32 * MIB;
const L0_SHARE = 16;
const MEMORY_UNIT = 65536;
/** As on QEMU's machine of that name: below lies what a kernel copies to low memory, its interrupt vectors first. */
const IMAGE_BASE = 0x40_0000n;
/** Host frames end below 4 GiB. */
const MOST_MEMORY = 3 * GIB;

/** Bytes of host real memory for a guest of this size. */
export const hostMemoryFor = (guest: number): number => {
  const own = Math.max(L0_SMALLEST, guest / L0_SHARE);
  return Math.ceil((guest + own) / MEMORY_UNIT) * MEMORY_UNIT;
};

/** Gives L1 its memory: slot 0, from guest real address 0. @returns the host virtual address */
export function giveMemory(l0: L0, bytes: number): number {
  const hva = l0.mm.mmap({ bytes, pageSize: bytes >= GIB ? '1G' : '2M' });
  if (hva < 0) throw new UserError(`-m: the host cannot map ${bytes} bytes`);
  const region = {
    slot: 0,
    flags: 0,
    guestPhysAddr: 0n,
    memorySize: BigInt(bytes),
    userspaceAddr: BigInt(hva),
  };
  const result = setUserMemoryRegion(l0.vm, region);
  if (result !== 0) throw new InternalError(`slot 0 of ${bytes} bytes: error ${result}`);
  return hva;
}

const requestOf = (power: GuestPower): PowerRequest => (power.kind === 'off' ? { kind: 'off' } : power);

export const PSERIES_MACHINE: MachineDescription = {
  name: 'pseries',
  models: ['power9', 'power10'],
  defaultModel: 'power9',
  defaultMemory: 512 * MIB,
  maxMemory: MOST_MEMORY,
  hostMemory: hostMemoryFor,
  imageBase: IMAGE_BASE,
  offersNested: true,
  build({ bus, memory, threads, output, power, guestMemory, nested }) {
    const l0 = new L0({
      memory,
      cpus: threads,
      consoleOutput: output,
      power: (request) => power(requestOf(request)),
    });
    giveMemory(l0, guestMemory);
    if (nested === 'off') withoutNested(l0);
    else addNested(l0, { hazards: nested === 'linux' ? LINUX : STRICT });
    bus.attach('l0', {
      save: () => saveL0(l0),
      restore: (state, where) => restoreL0(l0, new StateReader(where, state)),
    });
    return {
      l0,
      input(bytes) {
        const taken = l0.console.receive(bytes);
        if (taken > 0) l0.xics.pulse(VTY_SOURCE);
        return taken;
      },
      boot: (image, extras) =>
        bootGuest({ l0, model: threads[0]!.model, memory: guestMemory }, image, extras),
    };
  },
  start() {
    // L0 starts the guest (`boot`).
  },
};
