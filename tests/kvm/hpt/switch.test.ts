/** From a radix tree to a hashed page table and back, with all that hangs off them. */
import { LPCR } from '../../../isa/registers/lpcr';
import { get, has } from '../../../src/core/bits';
import { StateReader } from '../../../src/core/saved-state';
import { checkL0 } from '../../../src/kvm/guest/check';
import { HPT_RMAP, HPT_TYPE } from '../../../src/kvm/hpt/rmap';
import { H } from '../../../src/kvm/hypercalls/status';
import { L2Tree, World } from '../nested/support';
import { TestGuest } from '../l0/support';
import { HptWorld, segment256M } from './support';

/** New registration without a radix tree; and one with. */
const TO_HPT = 0x18;
const TO_RADIX = 0x1d;

it('60: nested guests go when the guest becomes an HPT guest: no record, no list, no LPID', () => {
  const world = new World();
  const tree = new L2Tree(world);
  for (const page of [0, 1, 2]) {
    tree.map(0x40_0000 + page * 0x1_0000, 0x40_0000);
    expect(world.access(0x40_0000 + page * 0x1_0000, 'store')).toHaveProperty('host');
  }
  const { l0, nested } = world;
  const { shadowLpid } = world.guest();
  expect(nested.rmap.bytes).toBeGreaterThan(0);
  expect(world.hypercall(0x37c, TO_HPT, 0, 0, 0)).toBe(H.SUCCESS);
  expect(nested.guests.size).toBe(0);
  expect([nested.rmap.bytes, nested.shadowBytes]).toEqual([0, 0]);
  expect(l0.partitions.isUsed(shadowLpid)).toBe(false);
  // Every list is gone: what is in the words now are the rings of the virtual real mode area.
  for (const slot of l0.vm.sets.active(0).slots())
    l0.arch.eachRmap(slot, (word) => expect(get(word, HPT_RMAP.TYPE)).toBe(HPT_TYPE));
  for (const number of [0xf800, 0xf804, 0xf808, 0xf80c])
    expect(world.hypercall(number, 0, 0, 0)).toBe(H.FUNCTION);
  expect(world.hypercall(0x448, 0, 0, 0, 0, 0, 0)).toBe(H.UNSUPPORTED);
  expect(checkL0(l0)).toEqual([]);
});

const state = (guest: TestGuest) => {
  const lpcr = guest.l0.lpcr;
  return [LPCR.HR, LPCR.UPRT, LPCR.VPM1].map((field) => has(lpcr, field));
};

it('H_REGISTER_PROC_TBL goes there and back, and gives all memory back', () => {
  const guest = new TestGuest({ cpus: 1 });
  const bytes = guest.l0.heap.liveBytes;
  const tables = guest.l0.arch.tree.tables;
  expect(guest.call('H_REGISTER_PROC_TBL', [TO_HPT])).toBe(0n);
  expect(state(guest)).toEqual([false, false, true]);
  expect(guest.call('H_REGISTER_PROC_TBL', [0])).toBe(0n);
  expect(guest.call('H_REGISTER_PROC_TBL', [0x04])).toBe(BigInt(H.PARAMETER));
  expect(guest.call('H_ENTER', [0, 0, 0x1001, 0x1012])).toBe(0n);
  expect(checkL0(guest.l0)).toEqual([]);
  expect(guest.call('H_REGISTER_PROC_TBL', [TO_RADIX, 0x10000])).toBe(0n);
  expect(state(guest)).toEqual([true, true, false]);
  expect(guest.l0.heap.liveBytes).toBe(bytes - (tables - guest.l0.arch.tree.tables) * 4096);
  expect(guest.call('H_ENTER', [0, 0, 0x1001, 0x1012])).toBe(BigInt(H.FUNCTION));
  expect(checkL0(guest.l0)).toEqual([]);
});

it('not while another vCPU runs', () => {
  const guest = new TestGuest({ cpus: 2 });
  guest.l0.vcpus[1]!.isStarted = true;
  expect(guest.call('H_REGISTER_PROC_TBL', [TO_HPT])).toBe(BigInt(H.HARDWARE));
  expect(guest.l0.hpt.isActive).toBe(false);
  guest.l0.vcpus[1]!.isCeded = true;
  expect(guest.call('H_REGISTER_PROC_TBL', [TO_HPT])).toBe(0n);
});

it.each(['H_REMOVE', 'H_ENTER', 'H_READ', 'H_CLEAR_MOD', 'H_CLEAR_REF', 'H_PROTECT', 'H_BULK_REMOVE'])(
  '%s is no hypercall of a radix guest',
  (name) => expect(new TestGuest({ cpus: 1 }).call(name)).toBe(BigInt(H.FUNCTION)),
);

it.each(['H_RESIZE_HPT_PREPARE', 'H_RESIZE_HPT_COMMIT'])('%s: H_NOT_AVAILABLE for a radix guest', (name) =>
  expect(new TestGuest({ cpus: 1 }).call(name, [0, 18])).toBe(BigInt(H.NOT_AVAILABLE)),
);

it('sc 1 of a program is a system call of an HPT guest', () => {
  const world = new HptWorld();
  const cpu = world.cpu();
  cpu.msr |= 0x4000n;
  world.interrupt('systemCall', { level: 1, resume: 0x1004n });
  expect(world.taken).toMatchObject([{ interrupt: 'systemCall', handler: 0xc00n, resume: 0x1004n }]);
});

it('what is saved is taken over again, and nothing that is no table of the heap', () => {
  const world = new HptWorld();
  const ea = 0x5000n;
  world.map({ ea, segment: segment256M(9n), gpa: 0x30000n });
  world.access(ea, 'store');
  world.call('H_RESIZE_HPT_PREPARE', [0, 19]);
  const { hpt } = world.l0;
  const saved = JSON.parse(JSON.stringify(hpt.save())) as ReturnType<typeof hpt.save>;
  const pieces = new Map(world.l0.heap.save().pieces);
  const restore = (of: typeof saved): void =>
    hpt.restore(new StateReader('snapshot: l0.hpt', of), {
      take: (address, bytes) => pieces.get(address) === bytes,
    });
  hpt.table = undefined;
  hpt.pending = undefined;
  restore(saved);
  expect(world.access(ea)).toEqual({ host: world.hostOf(0x30000n) });
  expect(world.call('H_RESIZE_HPT_PREPARE', [0, 19])).toBe(0n);
  expect(world.call('H_RESIZE_HPT_COMMIT', [0, 19])).toBe(0n);
  world.check();
  const bad = (change: object): typeof saved => ({
    ...(saved as object),
    table: { ...(saved as { table: object }).table, ...change },
  });
  expect(() => restore(bad({ base: 0 }))).toThrow(/a table and its reverse map/);
  expect(() => restore(bad({ order: 60 }))).toThrow(/an integer from 18/);
  expect(() => restore({ ...(saved as object), more: 1 })).toThrow(/no such key/);
});
