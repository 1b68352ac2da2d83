/** The memory of shadow tables and lists: bounds, and large pages in the place of tables (hazards H-1, H-4, H-7). */
import { checkNested } from '../../../src/kvm/nested/check';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { MIB } from '../../../src/kvm/page';
import { GPA, L2Tree, mapped, NGPA, setup, World } from './support';

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
