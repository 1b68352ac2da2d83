/**
 * Hypercalls on hashed page tables with any arguments, in any order, between accesses to anywhere and events of the host:
 * L0 does not throw, takes no more memory than a table of twice the size that suits the guest, and its tables fit
 * together.
 */
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { discardPages, migratePages, perform, writeProtect } from '../../../src/kvm/host/operations';
import { randomOf, seedOf } from '../../support/random';
import { HptWorld, MIB, segment1T, segment256M } from './support';

const CALLS = 40_000;
const CHECK_EVERY = 499;
const LIVES = [1, 2, 3];
const NAMES = [
  'H_ENTER', 'H_ENTER', 'H_ENTER', 'H_ENTER', 'H_ENTER', 'H_REMOVE', 'H_READ', 'H_CLEAR_MOD', 'H_CLEAR_REF', 'H_PROTECT',
  'H_BULK_REMOVE', 'H_RESIZE_HPT_PREPARE', 'H_RESIZE_HPT_COMMIT', 'H_REGISTER_PROC_TBL',
]; // prettier-ignore
const EDGES = [
  0n, 1n, 2n, 4n, 7n, 17n, 18n, 19n, 20n, 46n, 0x3fffn, 0x4000n, 0x7fffn, 0x1fn, 0x18n, 1n << 26n, 1n << 39n, 1n << 37n,
  1n << 31n, 1n << 30n, 1n << 62n, 3n << 62n, 1n << 63n, 0x4001n << 48n, 0xffff_ffffn, (1n << 60n) - 1n, (1n << 64n) - 1n,
]; // prettier-ignore
const SEGMENTS = [segment256M(0n), segment256M(1n, 16), segment1T(0n), segment1T(0x1ffffffn, 16)];

class Fuzz {
  readonly world = new HptWorld({ tlb: true });
  readonly below: (limit: number) => number;

  constructor(seed: number) {
    this.below = randomOf(seed);
    SEGMENTS.forEach((segment, i) => this.world.slb(i, BigInt(i) << 40n, segment));
  }

  word(): bigint {
    return (BigInt(this.below(2 ** 32)) << 32n) | BigInt(this.below(2 ** 32));
  }

  /** Anything, with much of what is nearly right. */
  argument(): bigint {
    switch (this.below(6)) {
      case 0:
        return this.word();
      case 1:
        return BigInt(this.below(2 ** 14));
      // Doublewords of entries: a page number in one of few segments; an address in memory, attributes, PP, page size.
      case 2:
        return (BigInt(this.below(4)) << 62n) | (BigInt(this.below(32)) << 7n) | BigInt(this.below(128));
      case 3:
        return BigInt(this.below(8 * MIB)) | (BigInt(this.below(4)) << 60n) | (BigInt(this.below(2)) << 63n);
      case 4:
        return (1n << 62n) | (BigInt(this.below(4)) << 56n) | BigInt(this.below(2 ** 14));
      default:
        return EDGES[this.below(EDGES.length)]!;
    }
  }

  step(): void {
    const { world } = this;
    const what = this.below(10);
    if (this.below(300) === 0) world.call('H_REGISTER_PROC_TBL', [this.below(2) ? 0x18 : 0x1d, 0x10000]);
    else if (what < 6) {
      const args = Array.from({ length: 8 }, () => this.argument());
      world.call(NAMES[this.below(NAMES.length)]!, args);
    } else if (what < 9) {
      const ea = (BigInt(this.below(4)) << 40n) | BigInt(this.below(2 ** 28));
      const state = { real: this.below(3) === 0 || !world.l0.hpt.isActive, problem: this.below(4) === 0 };
      world.access(ea, (['load', 'store', 'fetch'] as const)[this.below(3)], state);
    } else {
      const start = world.hva + this.below(60) * 65536;
      const end = start + (1 + this.below(4)) * 65536;
      const { mm } = world.l0;
      perform(
        [discardPages(mm, { start, end }), migratePages(mm, start, end), writeProtect(mm, start, end)][
          this.below(3)
        ]!,
      );
    }
    // A checkstop or a page that the host has not: the guest is dead, and the next one is born.
    world.power.length = 0;
    world.taken.length = 0;
  }
}

test.each(LIVES)('life %d', (life) => {
  const seed = seedOf(life);
  const fuzz = new Fuzz(seed);
  const { l0 } = fuzz.world;
  // The tree of a radix guest is a few tables; a table of 2^19 bytes and its reverse map beside the one that is used.
  const bound = l0.heap.liveBytes + 4 * 2 ** 19 + 2 ** 18;
  let switches = 0;
  for (let i = 0; i < CALLS; i++) {
    try {
      const before = l0.hpt.isActive;
      fuzz.step();
      if (l0.hpt.isActive !== before) switches++;
      expect(l0.heap.liveBytes).toBeLessThan(bound);
      if (i % CHECK_EVERY !== 0) continue;
      fuzz.world.check();
      expect(checkInvariants(l0.vm)).toEqual([]);
    } catch (error) {
      throw new Error(`seed ${seed}, step ${i}: ${String(error)}`, { cause: error });
    }
  }
  expect(switches).toBeGreaterThan(2);
  expect(l0.hpt.counters.faults).toBeGreaterThan(1000);
});
