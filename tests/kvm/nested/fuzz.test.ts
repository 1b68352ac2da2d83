/**
 * A hostile L1: random hypercalls with random arguments, random tables in random places, also tables that point to
 * themselves, to each other and outside of memory. L0 never throws, stays within its bounds, and its own tables stay
 * what they are.
 */
import { MSR } from '../../../isa/registers/msr';
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { discardPages, migratePages, perform } from '../../../src/kvm/host/operations';
import { checkNested } from '../../../src/kvm/nested/check';
import { MIB } from '../../../src/kvm/page';
import { World, type L2Access } from './support';

/** `BOOK3S_FUZZ=1000000` for a long run; that many passed in nine minutes. */
const CALLS = Number(process.env['BOOK3S_FUZZ'] ?? 30_000);
const CHECK_EVERY = 5000;
const LIMIT = 4 * MIB;
const L1 = 4 * MIB;
const NUMBERS = [0xf800, 0xf804, 0xf808, 0xf80c, 0x448] as const;
const INTERRUPTS = ['hypervisorDataStorage', 'hypervisorInstructionStorage', 'systemCall', 'external', 'hypervisorDecrementer', 'hypervisorFacilityUnavailable', 'hypervisorEmulationAssistance', 'machineCheck', 'hypervisorDoorbell'] as const; // prettier-ignore

class Hostile {
  readonly world = new World({
    memory: 32 * MIB,
    l1: L1,
    record: false,
    shadowBytesLimit: LIMIT,
    rmapListLimit: 32,
  });
  private x: number;

  constructor(seed: number) {
    this.x = seed | 1;
  }

  random(below: number): number {
    this.x ^= this.x << 13;
    this.x ^= this.x >>> 17;
    this.x ^= this.x << 5;
    return (this.x >>> 0) % below;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  word(): bigint {
    return (BigInt(this.random(2 ** 32)) << 32n) | BigInt(this.random(2 ** 32));
  }

  /** An address, mostly near something interesting. */
  address(): bigint {
    switch (this.random(6)) {
      case 0:
        return BigInt(L1 - this.random(512));
      case 1:
        return this.word() >> BigInt(this.random(64));
      case 2:
        return BigInt(this.random(64)) * 65536n;
      default:
        return BigInt(this.random(L1)) & ~7n;
    }
  }

  argument(): bigint {
    switch (this.random(5)) {
      case 0:
        return this.address();
      case 1:
        return BigInt(this.random(4097));
      case 2:
        return this.pick([0x1_0000n, 0x5_0000n, 0x9_0000n, 0x800n, 0xc00n, 0xa0n, 0x20n, 0n, 2n ** 64n - 1n]);
      case 3:
        return BigInt(this.random(16));
      default:
        return this.word();
    }
  }

  /** Something in L1's memory that looks like a table. */
  scribble(): void {
    const at = (this.random(L1 / 8) * 8) & ~(this.random(2) ? 0xff : 7);
    const base = BigInt(this.random(L1 / 256) * 256);
    const words = [
      () => (1n << 63n) | (base & ~0xffffn) | 9n,
      () => (1n << 63n) | (base & ~0xfffn) | this.pick([5n, 9n, 13n]),
      () => (3n << 62n) | (base & ~0xffffn) | (this.word() & 0xfffn),
      () => (3n << 62n) | (this.word() & 0x01ff_ffff_ffff_ffffn),
      () => 0xc000_0000_0000_00adn | (base & ~0xffffn),
      () => this.word(),
    ];
    this.world.write(at, this.pick(words)());
  }

  /** A whole path of tables, so that faults get further than the root directory. */
  build(): void {
    const { world } = this;
    const root = this.random(L1 / 65536 - 4) * 65536;
    world.write(root, (1n << 63n) | BigInt(root + 0x1_0000) | 9n);
    world.write(root + 0x1_0000, (1n << 63n) | BigInt(root + 0x1_1000) | 9n);
    world.write(root + 0x1_1000, (1n << 63n) | BigInt(root + 0x1_2000) | 5n);
    for (let i = 0; i < 32; i++) {
      const gpa = BigInt(this.random(2 * (L1 / 65536)) * 65536);
      world.write(root + 0x1_2000 + i * 8, (3n << 62n) | gpa | BigInt(this.random(8)) | 0x180n);
    }
    const table = Number(world.nested.l1Ptcr & 0x0fff_ffff_ffff_f000n);
    const entry = table + (1 + this.random(64)) * 16;
    if (entry + 16 <= L1) world.write(entry, 0xc000_0000_0000_00adn | BigInt(root));
  }

  access(): void {
    const { nested } = this.world;
    const lpid = this.random(5) ? 1 + this.random(64) : this.random(4200);
    const guest = nested.guests.get(lpid) ?? nested.guests.values().next().value;
    if (!guest || guest.references !== 1) return;
    guest.references++;
    const nGpa = this.random(8)
      ? this.random(32) * 65536 + this.random(8192) * 8
      : this.random(2 ** 30) * 2 ** 21;
    try {
      this.world.accessAs(guest, nGpa, this.pick<L2Access>(['load', 'store', 'fetch']), 6);
    } catch (error) {
      // An access that faults for ever is L1's own doing, where its tables change under it.
      if (!String(error).includes('again and again')) throw error;
    }
    guest.references--;
  }

  /** A state that is accepted, so that the nested guest is really entered. */
  enter(): void {
    const { world } = this;
    const at = this.random(L1 / 4096) * 4096;
    world.write(at, BigInt(1 + this.random(2)));
    world.write(at + 8, (BigInt(1 + this.random(64)) << 32n) | BigInt(this.random(2048)));
    world.write(at + 0x58, this.random(4) ? 2n ** 40n : this.word());
    const regs = this.random(L1 / 4096) * 4096;
    world.write(regs + 0x108, this.random(4) ? MSR.SF.mask : this.word());
    world.hypercall(0xf804, at, regs);
  }

  step(): void {
    const { world } = this;
    if (world.inL2) {
      const name = this.random(3) ? this.pick(INTERRUPTS) : 'machineCheck';
      const address = BigInt(this.random(64) * 65536);
      world.cpu.imageLo = this.random(2 ** 32) | 0;
      world.interrupt(name, { hdar: this.argument(), asdr: this.random(4) ? address : this.word(), hdsisr: this.word() & 0xffff_ffffn, cause: this.word() & 0x783f_0000n, heir: 0n }); // prettier-ignore
      return;
    }
    const call = this.pick(NUMBERS);
    // The table itself is moved rarely, or nothing would ever be found.
    if (call === 0xf800 && this.random(64)) world.hypercall(0xf800, 0x10_0000n | BigInt(this.random(6)));
    else if (call === 0xf804 && this.random(4)) this.enter();
    else
      world.hypercall(
        call,
        this.argument(),
        this.argument(),
        this.argument(),
        this.argument(),
        this.argument(),
        this.argument(),
      );
    world.cpu.msr = MSR.SF.mask | MSR.ME.mask | (this.random(2) ? MSR.LE.mask : 0n);
  }
}

test(`${CALLS} random hypercalls and exits: no exception, bounded memory, L0's tables intact`, () => {
  const hostile = new Hostile(20181009);
  const { world } = hostile;
  const own = world.l0.partitions.get(world.l0.lpid);
  for (let i = 0; i < CALLS; i++) {
    hostile.step();
    if (i % 16 === 0) hostile.scribble();
    if (i % 64 === 0) hostile.build();
    if (i % 4 === 0 && !world.inL2) hostile.access();
    if (i % 512 === 0) {
      const start = world.hva + hostile.random(60) * 65536;
      perform(
        hostile.random(2)
          ? migratePages(world.l0.mm, start, start + 4 * 65536)
          : discardPages(world.l0.mm, { start, end: start + 65536 }),
      );
    }
    if (i % CHECK_EVERY !== 0) continue;
    expect(checkNested(world.nested)).toEqual([]);
    expect(checkInvariants(world.vm)).toEqual([]);
    expect(world.l0.partitions.get(world.l0.lpid)).toEqual(own);
    expect(world.nested.shadowBytes + world.nested.rmap.bytes).toBeLessThan(LIMIT + 128 * 1024);
    expect(world.nested.guests.size).toBeLessThan(128);
  }
  const { entries, faults, reclaims } = world.nested.counters;
  expect([entries > CALLS / 100, faults > CALLS / 10, reclaims >= 0]).toEqual([true, true, true]);
  // The bound on all that L0 has allocated: its own tree, the rmap array, shadow memory with the heap's three sizes.
  expect(world.l0.heap.liveBytes).toBeLessThan(LIMIT + MIB);
}, 300_000);
