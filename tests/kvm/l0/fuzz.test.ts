/**
 * Hostile guests: random hypercalls and faults between random host events. L0 never throws, its memory is bounded, its
 * tables stay what they are; what the hardware finds for L1 is the host's page.
 */
import fc from 'fast-check';
import { naturalOrder } from '../../../src/kvm/hpt/size';
import { STORAGE_CAUSE } from '../../../isa/registers/storage-interrupts';
import { PTE } from '../../../isa/tables/radix';
import { checkL0 } from '../../../src/kvm/guest/check';
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import {
  discardPages,
  migratePages,
  perform,
  splitHuge,
  swapOut,
  writeProtect,
} from '../../../src/kvm/host/operations';
import { HYPERCALL_ROWS } from '../../../src/kvm/hypercalls/rows';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import { setUserMemoryRegion } from '../../../src/kvm/set-memory-region';
import { ACCESS } from '../../../src/mmu/access';
import { GUEST, TestGuest } from './support';

const BASE = 65536;

/** Numbers that sit on edges of what hypercalls check. */
const edge = fc.oneof(
  fc.constantFrom(0n, 1n, 4n, 5n, 8n, 16n, 0xffn, 0x1000n, 0x1100n, 0x8000n, 0xffffn, 0x71000000n, (1n << 64n) - 1n, (1n << 64n) - 2n, 1n << 63n, 1n << 45n, 3n << 45n, 5n << 45n, 1n << 52n, 1n << 60n),
  fc.constantFrom(-4096n, -640n, -16n, -12n, -8n, -4n, -1n, 0n, 8n).map((near) => BigInt(GUEST) + near),
  fc.bigInt({ min: 0n, max: BigInt(GUEST) }),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
); // prettier-ignore

const number = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...HYPERCALL_ROWS.map((row) => row.number)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const call = fc.record({
  kind: fc.constant('call' as const),
  number,
  cpu: fc.integer({ min: 0, max: 1 }),
  args: fc.array(edge, { minLength: 8, maxLength: 8 }),
});

it('survives random hypercalls', () => {
  fc.assert(
    fc.property(
      fc.array(call, { minLength: 50, maxLength: 200 }),
      fc.uint8Array({ minLength: 4096, maxLength: 4096 }),
      (calls, junk) => {
        const guest = new TestGuest();
        for (const at of [0, 0x4000, 0x8000, GUEST - 4096]) guest.write(at, junk);
        const frames = guest.l0.frames.freeFrames;
        const pieces = guest.l0.heap.liveCount;
        for (const { number: n, args, cpu } of calls) guest.call(n, args, cpu);
        expect(checkL0(guest.l0)).toEqual([]);
        // All of the guest's pages; L0 keeps two hashed tables at most, each with its reverse map: the guest's and the one
        // that a resize prepares, twice as large.
        const hptBytes = 2 * 3 * 2 ** naturalOrder(GUEST);
        expect(frames - guest.l0.frames.freeFrames).toBeLessThanOrEqual((GUEST + hptBytes) / BASE);
        expect(guest.l0.heap.liveCount).toBeLessThanOrEqual(pieces + 4);
      },
    ),
    { numRuns: 120 },
  );
});

const page = fc.integer({ min: 0, max: GUEST / BASE - 1 });
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('load' as const, 'store' as const), page, offset: fc.nat(BASE - 8) }),
  fc.record({ kind: fc.constantFrom('discard' as const, 'migrate' as const, 'protect' as const, 'swap' as const, 'split' as const), page }),
  fc.record({ kind: fc.constantFrom('log' as const, 'nolog' as const, 'getlog' as const) }),
  fc.record({ kind: fc.constant('fault' as const), gpa: edge, cause: edge }),
); // prettier-ignore

/** The access as the hardware does it, with L0 behind it. */
function touch(guest: TestGuest, gpa: number, store: boolean): number | undefined {
  const cpu = guest.cpu();
  const kind = store ? ACCESS.store : ACCESS.load;
  for (let i = 0; i < 4; i++) {
    const host = cpu.translate(BigInt(gpa), kind);
    if (host !== undefined) return Number(host);
    const { interrupt, ...detail } = cpu.translator.toInterrupt();
    guest.interrupt(interrupt, detail);
  }
  return undefined;
}

it("lets L1 reach the host's pages and nothing else, whatever the host does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const guest = new TestGuest({ cpus: 1 });
      const { l0, hva } = guest;
      const { mm } = l0;
      const region = { slot: 0, guestPhysAddr: 0n, memorySize: BigInt(GUEST), userspaceAddr: BigInt(hva) };
      const written = new Set<number>();
      let logs = false;
      for (const s of steps) {
        const at = 'page' in s ? hva + s.page * BASE : 0;
        switch (s.kind) {
          case 'load':
          case 'store': {
            const gpa = s.page * BASE + s.offset;
            const host = touch(guest, gpa, s.kind === 'store');
            const frame = mm.resolve(hva + s.page * BASE, 'read');
            expect(host).toBe(l0.frames.addressOf(frame) + s.offset);
            if (s.kind === 'store' && logs) written.add(s.page);
            break;
          }
          case 'discard':
            perform(discardPages(mm, { start: at, end: at + BASE }));
            break;
          case 'migrate':
            perform(migratePages(mm, at, at + BASE));
            break;
          case 'protect':
            perform(writeProtect(mm, at, at + BASE));
            break;
          case 'swap':
            perform(swapOut(mm, at, at + BASE));
            break;
          case 'split':
            perform(splitHuge(mm, at));
            break;
          case 'log':
          case 'nolog':
            logs = s.kind === 'log';
            if (!logs) written.clear();
            expect(setUserMemoryRegion(l0.vm, { ...region, flags: logs ? KVM_MEM_LOG_DIRTY_PAGES : 0 })).toBe(
              0,
            );
            break;
          case 'getlog': {
            const bits: number[] = [];
            getDirtyLog(l0.vm, 0, (bitmap) => (bits.push(...bitmap), true));
            // Nothing that was written is missing; a large page may report more.
            if (logs) for (const p of written) expect(bits[p >> 3]! & (1 << (p & 7))).not.toBe(0);
            written.clear();
            break;
          }
          case 'fault':
            guest.cpu().nia = 0x100n;
            guest.interrupt('hypervisorDataStorage', {
              hdar: s.gpa,
              asdr: s.gpa,
              hdsisr: s.cause & 0x7fffffffn & ~STORAGE_CAUSE.BAD_TREE.mask,
            });
            break;
        }
        expect(checkL0(l0)).toEqual([]);
      }
    }),
    { numRuns: 150 },
  );
});

it('the checker sees what it is for', () => {
  const broken = (damage: (guest: TestGuest) => void): string[] => {
    const guest = new TestGuest({ cpus: 1 });
    touch(guest, 0, true);
    expect(checkL0(guest.l0)).toEqual([]);
    damage(guest);
    return checkL0(guest.l0);
  };
  const leaf = (guest: TestGuest) => guest.l0.arch.tree.find(0)!;
  expect(broken((g) => g.l0.partitions.set(g.l0.lpid, 1n, 0n))[0]).toContain('PATE of L1');
  expect(broken((g) => g.l0.partitions.set(0, 1n, 0n))[0]).toContain('LPID 0');
  expect(broken((g) => g.l0.arch.tree.replace(leaf(g), leaf(g).pte + 0x200000n))[0]).toContain(
    'but the host has',
  );
  const table = (g: TestGuest): bigint => BigInt(g.l0.arch.tree.root - (g.l0.arch.tree.root % 0x200000));
  expect(
    broken((g) => g.l0.arch.tree.replace(leaf(g), (leaf(g).pte & ~PTE.RPN.mask) | table(g))).join(),
  ).toContain('reaches L0');
  expect(
    broken((g) => g.l0.arch.tree.create({ gpa: 2 ** 40, pte: leaf(g).pte, shift: 21 }, () => false))[0],
  ).toContain('no slot');
});
