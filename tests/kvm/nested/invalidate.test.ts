/** H_TLB_INVALIDATE and H_RPT_INVALIDATE (scenarios 51-55, hazards H-8, H-10). */
import { H } from '../../../src/kvm/hypercalls/status';
import { checkNested } from '../../../src/kvm/nested/check';
import { STRICT } from '../../../src/kvm/nested/hazards';
import { MIB } from '../../../src/kvm/page';
import { CALL, GPA, L2Tree, LPID, mapped, NGPA, setup, TLBIE } from './support';

const ALL = 2n ** 64n - 1n;

test('S51: RIC=2 with an empty entry removes the nested guest; its shadow LPID is free when the last user is gone', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const { shadowLpid } = world.guest();
  world.setEntry(LPID, 0n);
  expect(world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800)).toBe(0);
  expect([world.nested.guests.size, world.l0.partitions.isUsed(shadowLpid)]).toEqual([0, false]);
  expect([world.nested.shadowBytes, world.l0.partitions.get(shadowLpid)]).toEqual([0, [0n, 0n]]);
  // The rmap entry stays behind, stale.
  expect(world.head(GPA / 65536)).not.toBe(0n);
  expect(checkNested(world.nested)).toEqual([]);
});

test('S52: a page of 2 MiB takes every shadow entry in it, and no other', () => {
  const { world, tree } = setup();
  for (let i = 0; i < 34; i++) tree.map(NGPA + i * 65536, GPA + i * 65536);
  for (let i = 0; i < 34; i++) world.access(NGPA + i * 65536);
  expect(world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 5 * 65536 + 0x20)).toBe(0);
  expect(mapped(world, 34)).toEqual([...Array<boolean>(32).fill(false), true, true]);
  for (let i = 0; i < 34; i++) expect(world.head(GPA / 65536 + i)).not.toBe(0n);
});

test('an invalidation of one 64K page, and of a page within a larger shadow page', () => {
  const { world, tree } = setup({ memory: 128 * MIB, hostPages: '2M' });
  for (const i of [0, 1]) tree.map(NGPA + i * 65536, GPA + i * 65536);
  for (const i of [0, 1]) world.access(NGPA + i * 65536);
  world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 65536 + 0xa0);
  expect(mapped(world, 2)).toEqual([true, false]);
  tree.unmap(NGPA, 21);
  tree.map(NGPA, GPA, { shift: 21 });
  world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 0x20);
  world.access(NGPA);
  expect(world.shadow(NGPA)!.shift).toBe(21);
  world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 7 * 65536 + 0xa0);
  expect(world.shadow(NGPA)).toBeUndefined();
});

test('S53: forms of H_TLB_INVALIDATE that do not exist', () => {
  const { world } = setup();
  const call = (instruction: number, rb: number): number =>
    world.hypercall(CALL.tlbie, instruction, LPID, rb);
  expect(call(0xd_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(0x3_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(0x0_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(TLBIE.page, 0x400)).toBe(H.PARAMETER);
  expect(call(TLBIE.full, 0x0a0)).toBe(H.PARAMETER);
  expect(call(0x5_0000, 0x0a0)).toBe(H.PARAMETER);
  expect(call(TLBIE.page, 0x060)).toBe(H.PARAMETER);
  // LPIDs that nobody entered have nothing to invalidate.
  for (const lpid of [0, 77, 4096, 0xffff_ffff])
    expect(world.hypercall(CALL.tlbie, TLBIE.full, lpid, 0x800)).toBe(0);
});

test('IS=3 reaches every nested guest, IS=2 one; RIC=1 keeps the entries', () => {
  const { world, tree } = setup();
  const other = new L2Tree(world, 7);
  const fill = (): void => {
    tree.map(NGPA, GPA);
    other.map(NGPA, GPA);
    world.access(NGPA);
    world.access(NGPA, 'load', 7);
  };
  const both = (): boolean[] => [...mapped(world, 1), ...mapped(world, 1, 1, 7)];
  fill();
  expect(world.hypercall(CALL.tlbie, 0x5_0000, LPID, 0xc00)).toBe(0);
  expect(both()).toEqual([true, true]);
  expect(world.hypercall(CALL.tlbie, TLBIE.page, LPID, 0x800)).toBe(0);
  expect(both()).toEqual([false, true]);
  fill();
  expect(world.hypercall(CALL.tlbie, TLBIE.page, 0, 0xc00)).toBe(0);
  expect(both()).toEqual([false, false]);
  fill();
  world.setEntry(7, 0n);
  expect(world.hypercall(CALL.tlbie, TLBIE.full, 0, 0xc00)).toBe(0);
  expect([both(), [...world.nested.guests.keys()]]).toEqual([[false, false], [LPID]]);
});

test('S54, S55: ranges of H_RPT_INVALIDATE: 33 pages one by one, 34 as a whole', () => {
  const { world, tree } = setup();
  const fill = (): void => {
    for (let i = 0; i < 40; i++) tree.map(NGPA + i * 65536, GPA + i * 65536);
    for (let i = 0; i < 40; i++) world.access(NGPA + i * 65536);
  };
  const rpt = (
    type: number,
    pages: number,
    start: number | bigint,
    end: number | bigint,
    target = 1,
    lpid = LPID,
  ): number => world.hypercall(CALL.rpt, lpid, target, type, pages, start, end);
  fill();
  expect(rpt(3, 2, NGPA, NGPA + 33 * 65536)).toBe(0);
  expect(mapped(world, 40)).toEqual([...Array<boolean>(33).fill(false), ...Array<boolean>(7).fill(true)]);
  fill();
  expect(rpt(3, 2, NGPA, NGPA + 34 * 65536)).toBe(0);
  expect(mapped(world, 40)).toEqual(Array(40).fill(false));
  fill();
  expect(rpt(3, 0, NGPA, NGPA + 65536)).toBe(H.P4);
  expect(rpt(3, 2, NGPA, NGPA - 1)).toBe(H.P5);
  expect(rpt(3, 2, NGPA, NGPA + 1, 2)).toBe(H.P2);
  expect(rpt(1, 2, NGPA, NGPA + 65536)).toBe(0);
  expect(mapped(world, 1)).toEqual([true]);
  expect(rpt(5, 2, 0, ALL)).toBe(0);
  expect(mapped(world, 1)).toEqual([false]);
  expect(rpt(3, 2, 0, 65536, 1, 99)).toBe(0);
  world.setEntry(LPID, 0n);
  expect(rpt(0xf, 0, 0, 0)).toBe(0);
  expect(world.nested.guests.size).toBe(0);
});

test('H_RPT_INVALIDATE without NESTED is L1 s own process', () => {
  const { world } = setup();
  world.invalidations.length = 0;
  expect(world.hypercall(CALL.rpt, 0x42, 1, 2, 2, 0, ALL)).toBe(0);
  expect(world.invalidations).toMatchObject([{ scope: 'process', lpid: world.l0.lpid, pid: 0x42 }]);
});

test('H-8: an invalidation of 4K under 64K pages takes the page that it lies in; in Linux none', () => {
  for (const choice of ['strict', 'linux'] as const) {
    const { world, tree } = setup({ hazards: { ...STRICT, 'H-8': choice } });
    tree.map(NGPA, GPA);
    world.access(NGPA);
    expect(world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 0x3000)).toBe(0);
    expect(world.shadow(NGPA) === undefined).toBe(choice === 'strict');
  }
});

test('H-10: lookups take mmu_lock', () => {
  const { world } = setup();
  world.guest();
  const { acquisitions } = world.vm.mmuLock;
  world.hypercall(CALL.rpt, LPID, 1, 1, 2, 0, 0);
  expect(world.vm.mmuLock.acquisitions).toBeGreaterThan(acquisitions);
});
