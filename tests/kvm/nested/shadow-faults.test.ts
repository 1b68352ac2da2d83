/** Faults of nested guests that shadow tables cannot serve: reflected, emulated, refused (facts, section 3; scenarios 37-50). */
import { PTE } from '../../../isa/tables/radix';
import { KVM_MEM_READONLY } from '../../../src/kvm/memslot';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { KIB } from '../../../src/kvm/page';
import { NGPA, STORE, NOHPTE, PROTFAULT, UNSUPP } from './shadow-support';
import { GPA, L2Tree, LPID, PARTITION_TABLE, RC, RWX, setup, World } from './support';

test('S37: a tree of another size, or with another root directory, is reflected as unsupported', () => {
  const { world, tree } = setup();
  for (const dw0 of [tree.pate0 ^ 0x20n, tree.pate0 ^ (1n << 61n), tree.pate0 - 1n]) {
    world.setEntry(LPID, dw0);
    const guest = world.guest();
    guest.pate0 = dw0;
    expect(world.hardwareFault(guest, { nGpa: NGPA, cause: NOHPTE })).toEqual({
      kind: 'reflect',
      dsisr: UNSUPP,
    });
    expect(world.hardwareFault(guest, { nGpa: NGPA, kind: 'store', cause: NOHPTE })).toMatchObject({
      dsisr: UNSUPP | STORE,
    });
  }
});

test('a table that is not aligned to its size is unsupported, also where the hardware would ignore the bits', () => {
  const { world, tree } = setup();
  const at = tree.entry(NGPA, 39);
  world.write(at, (1n << 63n) | 0x20_0100n | 9n);
  expect(world.access(NGPA)).toMatchObject({ result: { kind: 'reflect', dsisr: UNSUPP } });
  world.write(at, (1n << 63n) | 0x20_0000n | 8n);
  expect(world.access(NGPA)).toMatchObject({ result: { kind: 'reflect', dsisr: UNSUPP } });
});

test('S38: a table outside of L1 s memory is reflected with the address of the entry that cannot be read', () => {
  const { world, tree } = setup();
  const at = tree.entry(NGPA, 39);
  world.write(at, (1n << 63n) | 0x7_0000_0000n | 9n);
  const index = Math.floor(NGPA / 2 ** 30) % 512;
  expect(world.access(NGPA)).toEqual({
    faults: 1,
    result: { kind: 'reflect', dsisr: 0x2_0000, asdr: 0x7_0000_0000 + index * 8 },
  });
});

test('S39: an entry that is not there', () => {
  const { world } = setup();
  expect(world.access(NGPA, 'store')).toMatchObject({ result: { kind: 'reflect', dsisr: NOHPTE | STORE } });
  expect(world.access(NGPA, 'load')).toMatchObject({ result: { kind: 'reflect', dsisr: NOHPTE } });
  expect(world.shadow(NGPA)).toBeUndefined();
});

test('S40: a page that L1 made read-only: the stale entry goes first, then L1 is told', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA, 'load');
  tree.map(NGPA, GPA, { bits: PTE.READ.mask | RC });
  const guest = world.guest();
  expect(world.hardwareFault(guest, { nGpa: NGPA, kind: 'store', cause: PROTFAULT })).toEqual({
    kind: 'resume',
  });
  expect(world.shadow(NGPA)).toBeUndefined();
  expect(world.hardwareFault(guest, { nGpa: NGPA, kind: 'store', cause: NOHPTE })).toEqual({
    kind: 'reflect',
    dsisr: PROTFAULT | STORE,
  });
});

test('S41: a fetch from a page that L1 does not make executable', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA, { bits: PTE.READ.mask | PTE.WRITE.mask | RC });
  expect(world.access(NGPA, 'fetch')).toMatchObject({ result: { kind: 'reflect', dsisr: 0x1000_0000 } });
  tree.map(NGPA, GPA, { bits: PTE.EXECUTE.mask | RC });
  expect(world.access(NGPA, 'load')).toMatchObject({ result: { kind: 'reflect', dsisr: PROTFAULT } });
});

test('S42: a leaf in the root directory, or a frame that is not aligned to its page', () => {
  const { world, tree } = setup();
  world.write(tree.entry(NGPA, 39), (3n << 62n) | RWX | RC);
  expect(world.access(NGPA)).toMatchObject({ result: { dsisr: UNSUPP } });
  world.write(tree.entry(NGPA, 39), 0n);
  world.write(tree.entry(NGPA, 21), (3n << 62n) | 0x41_0000n | RWX | RC);
  expect(world.access(NGPA)).toMatchObject({ result: { dsisr: UNSUPP } });
});

test('S46: L1 must set R and C of its own entry', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA, { bits: RWX | PTE.R.mask });
  expect(world.access(NGPA, 'load')).toEqual({ host: world.hostOf(GPA) });
  // The hardware finds an entry without C; L1 sees exactly what it reported.
  expect(world.access(NGPA, 'store')).toEqual({ faults: 1, result: { kind: 'reflect' } });
  const told = world.events.filter((event) => event.ev === 'nested.fault').at(-1)!;
  expect([told.dsisr, told.reflectedDsisr]).toEqual([0x0204_0000n, undefined]);
});

test('S48: a store to a read-only slot is L2 s own data storage interrupt; L1 has no part in it', () => {
  const { world, tree } = setup();
  const slot = world.vm.gfnToMemslot(0)!;
  tree.map(NGPA, GPA);
  slot.flags |= KVM_MEM_READONLY;
  expect(world.access(NGPA, 'load')).toEqual({ host: world.hostOf(GPA) });
  expect(world.access(NGPA, 'store')).toMatchObject({ result: { kind: 'inject', dsisr: 0x0a00_0000 } });
});

test('an address of L1 without a slot is emulated MMIO, in a table walk L2 s own interrupt', () => {
  const { world, tree } = setup();
  tree.map(NGPA, 0x8000_0000);
  expect(world.access(NGPA + 0x128, 'store')).toMatchObject({
    result: { kind: 'mmio', gpa: 0x8000_0128n, store: true },
  });
  const guest = world.guest();
  for (const cause of [0x2_0000, 0x400_0000])
    expect(world.hardwareFault(guest, { nGpa: NGPA, cause: NOHPTE | cause })).toMatchObject({
      kind: 'inject',
    });
});

test('S50, H-9: 4K pages of L1 under 64K pages of L0 are refused in words; Linux shows the bare fault', () => {
  for (const [hazards, result] of [
    [STRICT, { kind: 'reflect', dsisr: UNSUPP }],
    [LINUX, { kind: 'error', errno: -22 }],
  ] as const) {
    const world = new World({ hazards });
    new L2Tree(world, LPID, 9).map(NGPA, GPA);
    expect(world.access(NGPA)).toMatchObject({ result });
  }
  // Under 4K pages of L0 they are pages like any other.
  const world = new World({ pageSize: 4 * KIB });
  new L2Tree(world, LPID, 9).map(NGPA, GPA);
  expect(world.access(NGPA + 0x10)).toEqual({ host: world.hostOf(GPA + 0x10) });
});

test('an L1 partition table entry of 0 reflects every fault as it is', () => {
  const { world } = setup();
  world.setEntry(LPID, 0n);
  const guest = world.guest();
  expect(world.hardwareFault(guest, { nGpa: NGPA, cause: NOHPTE })).toEqual({ kind: 'reflect' });
  expect(world.read(PARTITION_TABLE + LPID * 16)).toBe(0n);
});
