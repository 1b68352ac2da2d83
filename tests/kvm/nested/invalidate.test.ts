/** H_TLB_INVALIDATE, H_RPT_INVALIDATE, H_COPY_TOFROM_GUEST, the life of nested guests (scenarios 51-63, hazards). */
import { PTE } from '../../../isa/tables/radix';
import { MIB, KIB } from '../../../src/kvm/page';
import { discardPages, migratePages, perform } from '../../../src/kvm/host/operations';
import { checkNested } from '../../../src/kvm/nested/check';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import {
  flushNested,
  getNested,
  getOrCreateNested,
  getOrCreateNestedSteps,
  putNested,
  releaseAllNested,
} from '../../../src/kvm/nested/nested-guests';
import { L2Tree, LPID, PARTITION_TABLE, RC, RWX, World, type WorldOptions } from './support';

const NGPA = 0x4000_0000;
const GPA = 0x40_0000;
const CALL = { partition: 0xf800, tlbie: 0xf808, copy: 0xf80c, rpt: 0x448 };
const PAGE = 0x1_0000;
const FULL = 0x9_0000;
const H = { PARAMETER: -4, NOT_FOUND: -7, NO_MEM: -9, P2: -55, P4: -57, P5: -58 };
const ALL = 2n ** 64n - 1n;

function setup(options: WorldOptions = {}) {
  const world = new World(options);
  const tree = new L2Tree(world);
  return { world, tree };
}

const mapped = (world: World, count: number, step = 65536, lpid = LPID): boolean[] =>
  Array.from({ length: count }, (_, i) => world.shadow(NGPA + i * step, lpid) !== undefined);

test('S51: RIC=2 with an empty entry removes the nested guest; its shadow LPID is free when the last user is gone', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const { shadowLpid } = world.guest();
  world.setEntry(LPID, 0n);
  expect(world.hypercall(CALL.tlbie, FULL, LPID, 0x800)).toBe(0);
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
  expect(world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 5 * 65536 + 0x20)).toBe(0);
  expect(mapped(world, 34)).toEqual([...Array<boolean>(32).fill(false), true, true]);
  for (let i = 0; i < 34; i++) expect(world.head(GPA / 65536 + i)).not.toBe(0n);
});

test('an invalidation of one 64K page, and of a page within a larger shadow page', () => {
  const { world, tree } = setup({ memory: 128 * MIB, hostPages: '2M' });
  for (const i of [0, 1]) tree.map(NGPA + i * 65536, GPA + i * 65536);
  for (const i of [0, 1]) world.access(NGPA + i * 65536);
  world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 65536 + 0xa0);
  expect(mapped(world, 2)).toEqual([true, false]);
  tree.unmap(NGPA, 21);
  tree.map(NGPA, GPA, { shift: 21 });
  world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 0x20);
  world.access(NGPA);
  expect(world.shadow(NGPA)!.shift).toBe(21);
  world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 7 * 65536 + 0xa0);
  expect(world.shadow(NGPA)).toBeUndefined();
});

test('S53: forms of H_TLB_INVALIDATE that do not exist', () => {
  const { world } = setup();
  const call = (instruction: number, rb: number): number =>
    world.hypercall(CALL.tlbie, instruction, LPID, rb);
  expect(call(0xd_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(0x3_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(0x0_0000, 0x800)).toBe(H.PARAMETER);
  expect(call(PAGE, 0x400)).toBe(H.PARAMETER);
  expect(call(FULL, 0x0a0)).toBe(H.PARAMETER);
  expect(call(0x5_0000, 0x0a0)).toBe(H.PARAMETER);
  expect(call(PAGE, 0x060)).toBe(H.PARAMETER);
  // LPIDs that nobody entered have nothing to invalidate.
  for (const lpid of [0, 77, 4096, 0xffff_ffff])
    expect(world.hypercall(CALL.tlbie, FULL, lpid, 0x800)).toBe(0);
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
  expect(world.hypercall(CALL.tlbie, PAGE, LPID, 0x800)).toBe(0);
  expect(both()).toEqual([false, true]);
  fill();
  expect(world.hypercall(CALL.tlbie, PAGE, 0, 0xc00)).toBe(0);
  expect(both()).toEqual([false, false]);
  fill();
  world.setEntry(7, 0n);
  expect(world.hypercall(CALL.tlbie, FULL, 0, 0xc00)).toBe(0);
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

test('S56, S57: H_COPY_TOFROM_GUEST through the shadow tables as they are', () => {
  const { world, tree } = setup();
  const copy = (lpid: number, ea: bigint, to: number, from: number, bytes: bigint | number): number =>
    world.hypercall(CALL.copy, lpid, 0, ea, to, from, bytes);
  expect(copy(LPID, 0n, 0x30_0000, 0x30_1000, 8)).toBe(H.PARAMETER);
  expect(copy(LPID, 1n << 52n, 0x30_0000, 0, 8)).toBe(H.PARAMETER);
  expect(copy(99, 0n, 0x30_0000, 0, 8)).toBe(H.PARAMETER);
  // Quadrant 2 is translated by L2's process table: entry 0, a tree that maps EA 0x10000 to NGPA.
  const process = new L2Tree(world, 6);
  process.map(0x1_0000, NGPA, { bits: 0x187n });
  const own = [0x3000_0000, 0x3001_0000];
  world.setEntry(LPID, tree.pate0, 0x8000_0000_0000_0000n | BigInt(own[0]!));
  world.write(0x50_0000, process.pate0 & ~(1n << 63n));
  tree.map(own[0]!, 0x50_0000);
  for (let at = 0x10_0000; at < 0x40_0000; at += 65536) tree.map(at, at);
  tree.map(NGPA, GPA);
  world.write(GPA + 0x88, 0x1234_5678n);
  world.guest();
  expect(copy(LPID, 0x1_0088n, 0x60_0000, 0, 8)).toBe(H.NOT_FOUND);
  const guest = world.guest();
  for (const at of [own[0]!, NGPA, ...Array.from({ length: 0x30 }, (_, i) => 0x10_0000 + i * 65536)])
    world.accessAs(guest, at, 'store');
  world.cpu.state.setNamed('LPCR', world.l0.lpcr);
  expect(copy(LPID, 0x1_0088n, 0x60_0000, 0, 8)).toBe(0);
  expect(world.read(0x60_0000)).toBe(0x1234_5678n);
  world.write(0x60_0008, 0xabcdn);
  expect(copy(LPID, 0x1_0090n, 0, 0x60_0008, 8)).toBe(0);
  expect(world.read(GPA + 0x90)).toBe(0xabcdn);
  expect(copy(LPID, 0x1_0090n, 0x8000_0000, 0, 8)).toBe(H.NOT_FOUND);
  expect(copy(LPID, 0x1_fff8n, 0x60_0000, 0, 16)).toBe(H.NOT_FOUND);
  expect(copy(LPID, 0x1_0088n, 0x60_0000, 0, 1n << 40n)).toBe(H.NO_MEM);
});

test('H-11: the LPID is checked before the size; Linux has allocated by then', () => {
  for (const [hazards, result] of [[STRICT, H.PARAMETER], [LINUX, H.NO_MEM]] as const) {
    const { world } = setup({ hazards });
    expect(world.hypercall(CALL.copy, 99, 0, 0, 0x30_0000, 0, 1n << 40n)).toBe(result);
  }
}); // prettier-ignore

test('S58, H-5: two vCPUs that enter a new nested guest together', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world } = setup({ hazards });
    const a = getOrCreateNestedSteps(world.nested, 9);
    const b = getOrCreateNestedSteps(world.nested, 9);
    expect([a.next().value, b.next().value]).toEqual(['looked up', 'looked up']);
    expect(a.next().value).toBe('resolved');
    const second = b.next();
    if (hazards === LINUX) expect(second).toEqual({ done: true, value: undefined });
    else expect(second.value).toBe('wait:retry');
    const first = a.next().value;
    expect(first).toBe(world.nested.guests.get(9));
    if (hazards === STRICT) expect(b.next().value).toBe(first);
    expect(world.nested.guests.get(9)!.references).toBe(hazards === STRICT ? 3 : 2);
    expect(world.nested.reserved.size).toBe(0);
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('S59: no hardware LPID is left: nothing leaks; strict takes those of guests that nobody runs', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world } = setup({ hazards });
    world.access(NGPA);
    while (world.l0.partitions.allocate() >= 0);
    const { liveBytes } = world.l0.heap;
    const guest = getOrCreateNested(world.nested, 9);
    expect(guest !== undefined).toBe(hazards === STRICT);
    if (hazards === LINUX) expect(world.l0.heap.liveBytes).toBe(liveBytes);
    else expect([...world.nested.guests.keys()]).toEqual([9]);
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('S60: all nested guests and all lists go together', () => {
  const { world, tree } = setup();
  const { liveBytes } = world.l0.heap;
  for (const i of [0, 1, 2]) tree.map(NGPA + i * 65536, GPA);
  for (const i of [0, 1, 2]) world.access(NGPA + i * 65536);
  const { shadowLpid } = world.guest();
  releaseAllNested(world.nested);
  expect([world.nested.guests.size, world.head(GPA / 65536), world.nested.rmap.nodes]).toEqual([0, 0n, 0]);
  expect(world.l0.partitions.isUsed(shadowLpid)).toBe(false);
  // L0's own tree has grown by the tables of the pages that were touched.
  expect(world.l0.heap.liveBytes - liveBytes).toBeLessThan(64 * KIB);
});

test('S61, H-6: a nested guest that is removed while a vCPU is inside', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world, tree } = setup({ hazards });
    tree.map(NGPA, GPA);
    const inside = getOrCreateNested(world.nested, LPID)!;
    world.accessAs(inside, NGPA);
    world.setEntry(LPID, 0n);
    world.hypercall(CALL.tlbie, FULL, LPID, 0x800);
    world.setEntry(LPID, tree.pate0);
    world.accessAs(inside, NGPA);
    const other = getOrCreateNested(world.nested, LPID)!;
    expect(other === inside).toBe(hazards === STRICT);
    putNested(world.nested, other);
    const before = world.hostOf(GPA);
    perform(migratePages(world.l0.mm, world.hva + GPA, world.hva + GPA + 65536));
    const kinds = checkNested(world.nested).map(({ kind }) => kind);
    if (hazards === STRICT) {
      expect([kinds, inside.tree.find(NGPA)]).toEqual([[], undefined]);
      putNested(world.nested, inside);
      expect([inside.isOrphan, world.nested.guests.get(LPID)]).toEqual([false, inside]);
    } else {
      // The orphan still maps the page that the host gave away.
      expect(kinds).toContain('unfiled');
      expect(Number(inside.tree.find(NGPA)!.pte & PTE.RPN.mask)).toBe(before);
      expect(world.nested.orphans.size).toBe(1);
      putNested(world.nested, inside);
      expect(world.nested.orphans.size).toBe(0);
    }
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('H-6, H-13 strict: what was to be removed goes with its last user, and invalidations of it are served', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  const inside = getOrCreateNested(world.nested, LPID)!;
  world.accessAs(inside, NGPA);
  world.setEntry(LPID, 0n);
  world.hypercall(CALL.tlbie, FULL, LPID, 0x800);
  expect([world.nested.guests.get(LPID), inside.tree.find(NGPA)]).toEqual([inside, undefined]);
  expect(world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 0xa0)).toBe(0);
  expect(world.hardwareFault(inside, { nGpa: NGPA, cause: 0x4000_0000 })).toEqual({ kind: 'reflect' });
  putNested(world.nested, inside);
  expect([world.nested.guests.size, world.nested.shadowBytes]).toEqual([0, 0]);
});

test('a removal during IS=3 does not reach into records that are gone', () => {
  const { world } = setup();
  for (const lpid of [5, 6, 7]) {
    new L2Tree(world, lpid);
    world.access(NGPA, 'load', lpid);
    world.setEntry(lpid, 0n);
  }
  expect(world.hypercall(CALL.tlbie, FULL, 0, 0xc00)).toBe(0);
  expect([world.nested.guests.size, world.nested.shadowBytes]).toEqual([0, 0]);
});

test('H-1: a list and all shadow memory have a bound; what is beyond is faulted in again', () => {
  const { world, tree } = setup({ rmapListLimit: 16 });
  for (let i = 0; i < 100; i++) {
    tree.map(NGPA + i * 65536, GPA);
    expect(world.access(NGPA + i * 65536)).toEqual({ host: world.hostOf(GPA) });
    expect(world.nested.rmap.nodes).toBeLessThan(16);
    expect(checkNested(world.nested)).toEqual([]);
  }
  expect(world.nested.counters.listLimits).toBeGreaterThan(4);
  expect(world.access(NGPA)).toEqual({ host: world.hostOf(GPA) });
  const linux = setup({ hazards: LINUX, rmapListLimit: 16 });
  for (let i = 0; i < 100; i++) {
    linux.tree.map(NGPA + i * 65536, GPA);
    linux.world.access(NGPA + i * 65536);
  }
  expect(linux.world.nested.rmap.bytes).toBe(99 * 16);
});

test('H-1: the bound of a list fits the host page that it stands for', () => {
  const { world, tree } = setup({ rmapListLimit: 16, hostPages: '2M' });
  // 31 base pages more than one: four mappings of each.
  const most = 16 + 4 * 31;
  for (let i = 0; i < most; i++) {
    tree.map(NGPA + i * 65536, GPA + (i % 32) * 65536);
    world.access(NGPA + i * 65536);
  }
  expect([world.nested.rmap.nodes, world.nested.counters.listLimits]).toEqual([most - 1, 0]);
  tree.map(NGPA + most * 65536, GPA);
  expect(world.access(NGPA + most * 65536)).toEqual({ host: world.hostOf(GPA) });
  expect([world.nested.rmap.nodes, world.nested.counters.listLimits]).toEqual([0, 1]);
  expect(checkNested(world.nested)).toEqual([]);
});

test('H-1: many nested guests, each with its tables, stay within the limit of shadow memory', () => {
  const limit = 8 * 65536;
  const world = new World({ shadowBytesLimit: limit, record: false });
  const trees = Array.from({ length: 3 }, (_, i) => new L2Tree(world, i + 1));
  for (let lpid = 1; lpid < 64; lpid++) {
    world.setEntry(lpid, trees[lpid % 3]!.pate0);
    trees[lpid % 3]!.map(NGPA, GPA);
    expect(world.access(NGPA, 'store', lpid)).toEqual({ host: world.hostOf(GPA) });
    expect(world.nested.shadowBytes + world.nested.rmap.bytes).toBeLessThanOrEqual(limit + 65536 + 3 * 4096);
    expect(checkNested(world.nested)).toEqual([]);
  }
  expect(world.nested.counters.reclaims).toBeGreaterThan(3);
});

test('H-4: tables below a large page that takes their place: flushed where they mapped', () => {
  for (const choice of ['strict', 'linux'] as const) {
    const { world, tree } = setup({
      memory: 128 * MIB,
      hostPages: '2M',
      hazards: { ...STRICT, 'H-4': choice },
    });
    tree.map(NGPA, GPA);
    world.access(NGPA);
    // L1 puts a page of 2 MiB in place of its table, and does not invalidate.
    tree.unmap(NGPA, 21);
    tree.map(NGPA, GPA, { shift: 21 });
    world.invalidations.length = 0;
    world.access(NGPA + 65536);
    expect(world.shadow(NGPA)!.shift).toBe(21);
    const page = world.invalidations.find((what) => what.page?.shift === 16)!.page!;
    expect(Number(page.address)).toBe(choice === 'strict' ? NGPA : world.hostOf(GPA));
  }
});

test('H-7: large pages of L0 lie within their slot, so that every mapping has a place in the rmap', () => {
  const world = new World({ memory: 128 * MIB, hostPages: '2M', l1: 16 * MIB });
  const tree = new L2Tree(world);
  const bytes = 4 * MIB;
  const hva = world.l0.mm.mmap({ bytes: 8 * MIB, pageSize: '2M' });
  // Congruent with the host's page, but it begins in the middle of one.
  const gpa = 0x1000_0000 + MIB;
  expect(world.slot({ id: 1, gpa, bytes, hva: hva + MIB })).toBe(0);
  tree.map(NGPA, gpa);
  tree.map(NGPA + 65536, gpa + 2 * MIB);
  world.access(NGPA, 'store');
  world.access(NGPA + 65536, 'store');
  expect([world.l0.arch.tree.find(gpa)!.shift, world.l0.arch.tree.find(gpa + 2 * MIB)!.shift]).toEqual([
    16, 21,
  ]);
  expect(checkNested(world.nested)).toEqual([]);
  expect(world.slot({ id: 1, gpa, bytes: 0, hva })).toBe(0);
  expect([mapped(world, 2), world.nested.rmap.nodes]).toEqual([[false, false], 0]);
});

test('H-8: an invalidation of 4K under 64K pages takes the page that it lies in; in Linux none', () => {
  for (const choice of ['strict', 'linux'] as const) {
    const { world, tree } = setup({ hazards: { ...STRICT, 'H-8': choice } });
    tree.map(NGPA, GPA);
    world.access(NGPA);
    expect(world.hypercall(CALL.tlbie, PAGE, LPID, NGPA + 0x3000)).toBe(0);
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

test('H-12: a new partition table is read for the guests that exist; Linux goes on with the old one', () => {
  for (const choice of ['strict', 'linux'] as const) {
    const { world, tree } = setup({ hazards: { ...STRICT, 'H-12': choice } });
    new L2Tree(world, 200);
    tree.map(NGPA, GPA);
    world.access(NGPA);
    world.access(NGPA, 'load', 200);
    const table = 0x70_0000;
    const other = new L2Tree(world, 3);
    other.map(NGPA, GPA + 65536);
    world.write(table + LPID * 16, other.pate0);
    expect(world.hypercall(CALL.partition, table)).toBe(0);
    const expected = choice === 'strict' ? world.hostOf(GPA + 65536) : world.hostOf(GPA);
    expect(world.access(NGPA)).toEqual({ host: expected });
    expect(world.hypercall(CALL.partition, 0)).toBe(0);
    expect(world.nested.guests.size).toBe(choice === 'strict' ? 0 : 2);
  }
});

test('H-12 strict: a table with the same entries costs nothing: shadow entries stay, and nothing is flushed', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const table = 0x70_0000;
  world.write(table + LPID * 16, tree.pate0);
  const before = world.invalidations.length;
  expect(world.hypercall(CALL.partition, table)).toBe(0);
  expect(world.invalidations.length).toBe(before);
  expect(world.shadow(NGPA)).toBeDefined();
  // Doubleword 1 alone is another process table.
  world.write(PARTITION_TABLE + LPID * 16 + 8, 1n);
  expect(world.hypercall(CALL.partition, PARTITION_TABLE)).toBe(0);
  expect(world.shadow(NGPA)).toBeUndefined();
  expect(world.l0.partitions.get(world.guest().shadowLpid)[1]).toBe(1n);
});

test('the host takes memory away under nested guests: entries, lists and lookaside buffers follow', () => {
  const { world, tree } = setup();
  for (let i = 0; i < 4; i++) tree.map(NGPA + i * 65536, GPA);
  for (let i = 0; i < 4; i++) world.access(NGPA + i * 65536, 'store');
  perform(discardPages(world.l0.mm, { start: world.hva + GPA, end: world.hva + GPA + 65536 }));
  expect(mapped(world, 4)).toEqual([false, false, false, false]);
  expect(world.nested.rmap.nodes).toBe(0);
  for (let i = 0; i < 4; i++) expect(world.access(NGPA + i * 65536)).toEqual({ host: world.hostOf(GPA) });
});

test('a moved slot takes its nested mappings along to nowhere', () => {
  const { world, tree } = setup();
  const bytes = 2 * MIB;
  const hva = world.l0.mm.mmap({ bytes });
  world.slot({ id: 1, gpa: 0x1000_0000, bytes, hva });
  tree.map(NGPA, 0x1000_0000);
  world.access(NGPA);
  expect(world.slot({ id: 1, gpa: 0x2000_0000, bytes, hva })).toBe(0);
  expect(world.access(NGPA)).toMatchObject({ result: { kind: 'mmio' } });
  tree.map(NGPA, 0x2000_0000);
  expect(world.access(NGPA)).toEqual({ host: world.hostOf(0x2000_0000) });
  expect(checkNested(world.nested, { withStale: true })).toEqual([]);
});

test('the checker finds what it is there to find', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const guest = world.guest();
  const kinds = (): string[] => checkNested(world.nested, { withStale: true }).map(({ kind }) => kind);
  expect(kinds()).toEqual([]);
  const leaf = guest.tree.find(NGPA)!;
  tree.map(NGPA, GPA, { bits: PTE.READ.mask | RC });
  expect(kinds()).toEqual(['stale']);
  tree.map(NGPA, GPA);
  const l0 = world.l0.arch.tree.find(GPA)!;
  world.l0.arch.tree.replace(l0, l0.pte & ~PTE.WRITE.mask);
  expect(kinds()).toEqual(['rights']);
  world.l0.arch.tree.replace(l0, l0.pte);
  guest.tree.replace(leaf, leaf.pte ^ 0x10_0000n);
  expect(kinds()).toEqual(['unfiled']);
  guest.tree.replace(leaf, leaf.pte);
  const head = world.headAt(GPA / 65536);
  const word = world.memory.getDoubleword(head);
  world.memory.setDoubleword(head, 0n);
  expect(kinds()).toEqual(['unfiled']);
  world.memory.setDoubleword(head, 0x123_4560n);
  expect(kinds()).toContain('list');
  world.memory.setDoubleword(head, word);
  world.nested.shadowBytes++;
  expect(kinds()).toEqual(['accounting']);
});

test('a reference is taken and given back; nobody gets a record for LPIDs that the table does not have', () => {
  const { world } = setup();
  const guest = getOrCreateNested(world.nested, 9)!;
  expect(guest.references).toBe(2);
  expect(getNested(world.nested, 9)).toBe(guest);
  expect(guest.references).toBe(3);
  putNested(world.nested, guest);
  putNested(world.nested, guest);
  expect(getNested(world.nested, 256)).toBeUndefined();
  expect(getNested(world.nested, -1)).toBeUndefined();
  flushNested(world.nested, getNested(world.nested, 9)!, 'test');
  expect(world.read(PARTITION_TABLE)).toBe(0n);
  expect(RWX).toBe(7n);
});
