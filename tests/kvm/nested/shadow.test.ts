/** Shadow tables: walk of L1's tree, combination with L0's, verdicts (facts, section 3; scenarios 30-50). */
import * as fc from 'fast-check';
import { PTE } from '../../../isa/tables/radix';
import { hiOf, loOf } from '../../../src/core/u64';
import { FoundLeaf } from '../../../src/kvm/guest/found-leaf';
import { KIB, MIB } from '../../../src/kvm/page';
import { partitionEntry0 } from '../../../src/kvm/guest/radix-format';
import { nestedPageFaultSteps } from '../../../src/kvm/nested/fault';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { combine, combineHalves, shadowShift } from '../../../src/kvm/nested/shadow-entry';
import { makeOld, migratePages, perform, writeProtect } from '../../../src/kvm/host/operations';
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import { KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY } from '../../../src/kvm/memslot';
import { hex, L2Tree, LPID, PARTITION_TABLE, RC, RWX, World, type WorldOptions } from './support';

const NGPA = 0x1234_5000_0000;
const GPA = 0x40_0000;

function setup(options: WorldOptions = {}) {
  const world = new World(options);
  const tree = new L2Tree(world);
  return { world, tree };
}

const STORE = 0x0200_0000;
const NOHPTE = 0x4000_0000;
const PROTFAULT = 0x0800_0000;
const UNSUPP = 0x0008_0000;
const SET_RC = 0x0004_0000;

test('S35: the indices of an address in a tree of 64K and of 4K pages', () => {
  const nGpa = 0x123456789abc;
  for (const [leafBits, last] of [
    [5, 0x18],
    [9, 0x189],
  ] as const) {
    const world = new World();
    const tree = new L2Tree(world, LPID, leafBits);
    tree.map(nGpa, 0x50_0000, { shift: leafBits === 5 ? 16 : 12 });
    const guest = world.guest();
    world.hardwareFault(guest, { nGpa, cause: NOHPTE });
    const { walk } = world.events.find((event) => event.ev === 'nested.fault')!;
    const tables = [
      tree.root,
      ...walk.slice(0, 3).map(({ value }) => Number(value & 0x0fff_ffff_ffff_ff00n)),
    ];
    expect(walk.map(({ guestRa }, i) => (Number(guestRa) - tables[i]!) / 8)).toEqual([
      0x24,
      0xd1,
      0xb3,
      last,
    ]);
  }
});

test('S36: doubleword 0 of a 52-bit tree', () => {
  expect(partitionEntry0(0x100000000)).toBe(0xc0000001000000adn);
});

test('an access of L2 goes through both tables to the host page, and is filed under L1 s frame', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  const outcome = world.access(NGPA + 0x1234, 'store');
  expect(outcome).toEqual({ host: world.hostOf(GPA + 0x1234) });
  const guest = world.guest();
  expect(world.l0.partitions.get(guest.shadowLpid)[0]).toBe(partitionEntry0(guest.tree.root));
  expect(hex(world.head(GPA / 65536))).toBe(hex((BigInt(LPID) << 52n) | BigInt(NGPA) | 1n));
});

test('doubleword 1 of the shadow entry is L1 s: the process table is at an address of L2', () => {
  const { world, tree } = setup();
  world.setEntry(LPID, tree.pate0, 0x8000_0000_0765_4004n);
  tree.map(NGPA, GPA);
  world.access(NGPA);
  expect(world.l0.partitions.get(world.guest().shadowLpid)[1]).toBe(0x8000_0000_0765_4004n);
});

test.each([
  [16, 16, 16], [16, 21, 16], [16, 30, 16],
  [21, 16, 16], [21, 21, 21], [21, 30, 21],
  [30, 16, 16], [30, 21, 16], [30, 30, 30],
])('S44, S45: an L0 page of 2^%i and an L1 page of 2^%i give a shadow page of 2^%i', (l0, l1, shadow) => {
  expect(shadowShift(l0, l1, 16)).toBe(shadow);
}); // prettier-ignore

const leaf = (pte: bigint, shift: number) => ({ pte, shift, at: 0 });
const l1Page = (raddr: number, shift: number, eaa: number, rc: bigint) => ({
  raddr, shift,
  mayRead: (eaa & 4) !== 0, mayWrite: (eaa & 2) !== 0, mayExecute: (eaa & 1) !== 0,
  referenced: (rc & PTE.R.mask) !== 0n, changed: (rc & PTE.C.mask) !== 0n,
}); // prettier-ignore

test('S43: a 64K page in a 1G page of L0', () => {
  const l0 = leaf(0xc000_0002_4000_0187n, 30);
  const shadow = combine(l0, l1Page(0x5678_0000, 16, 7, RC), { store: true, baseShift: 16 });
  expect([hex(shadow.pte), shadow.shift]).toEqual(['0xc000000256780187', 16]);
});

test('permissions, R and C of the shadow entry are what both permit; C only with a store', () => {
  const l0 = leaf(0xc000_0000_0010_0187n, 16);
  const bits = (eaa: number, rc: bigint, store: boolean, from = l0): bigint =>
    combine(from, l1Page(0, 16, eaa, rc), { store, baseShift: 16 }).pte & 0x187n;
  expect(bits(7, RC, true)).toBe(0x187n);
  expect(bits(7, RC, false)).toBe(0x107n);
  expect(bits(7, PTE.R.mask, true)).toBe(0x107n);
  expect(bits(7, 0n, true)).toBe(0x007n);
  expect(bits(5, RC, false)).toBe(0x105n);
  expect(bits(4, RC, false)).toBe(0x104n);
  // Write implies read in L1's leaf.
  expect(bits(2, RC, true)).toBe(0x186n);
  expect(bits(1, RC, false)).toBe(0x101n);
  expect(bits(7, RC, true, leaf(0xc000_0000_0010_0105n, 16))).toBe(0x105n);
});

test('combined by halves, an entry is the same as by doublewords', () => {
  const shift = fc.constantFrom(16, 21, 30);
  const bits = fc.bigInt(0n, 0xfffn);
  const frames = fc.nat(2 ** 22 - 1);
  fc.assert(
    fc.property(shift, shift, bits, bits, frames, frames, fc.boolean(), (s0, s1, b0, b1, f0, f1, store) => {
      const frame = (f0 * 4096 - ((f0 * 4096) % 2 ** s0)) % 2 ** 32;
      const pte = (3n << 62n) | BigInt(frame) | b0;
      const raddr = f1 * 4096;
      const [eaa, rc] = [Number(b1 & 7n), b1 & RC];
      const by = combine(leaf(pte, s0), l1Page(raddr, s1, eaa, rc), { store, baseShift: 16 });
      const l0 = Object.assign(new FoundLeaf(), { hi: hiOf(pte), lo: loOf(pte), shift: s0 });
      const shadow = new FoundLeaf();
      combineHalves({ l0, l1: { raddr, shift: s1, lo: loOf(b1) }, store, shadow }, 16);
      expect(shadow.copy()).toEqual({ ...by, at: 0 });
    }),
  );
});

test('attributes of the shadow entry are L0 s, whatever L1 says', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA, { bits: RWX | RC | 0x30n | 0x8n | 0xe00n });
  world.access(NGPA, 'store');
  expect(world.shadow(NGPA)!.pte & 0xe38n).toBe(0n);
});

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

test('S47: R and C that L1 has set are recorded in both of L0 s tables without a flush', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA, 'load');
  const { arch } = world.l0;
  const l0 = arch.tree.find(GPA)!;
  arch.tree.replace(l0, l0.pte & ~RC);
  const guest = world.guest();
  const shadow = guest.tree.find(NGPA)!;
  guest.tree.replace(shadow, shadow.pte & ~RC);
  const flushes = world.invalidations.length;
  expect(world.hardwareFault(guest, { nGpa: NGPA, kind: 'store', cause: SET_RC })).toEqual({
    kind: 'resume',
  });
  expect([arch.tree.find(GPA)!.pte & RC, guest.tree.find(NGPA)!.pte & RC]).toEqual([RC, RC]);
  expect(world.invalidations.length).toBe(flushes);
});

test('R and C that cannot be set, for the host took the page, remove the shadow entry', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA, 'load');
  const l0 = world.l0.arch.tree.find(GPA)!;
  world.l0.arch.tree.replace(l0, l0.pte & ~PTE.WRITE.mask);
  const guest = world.guest();
  expect(world.hardwareFault(guest, { nGpa: NGPA, kind: 'store', cause: SET_RC })).toEqual({
    kind: 'resume',
  });
  expect(world.shadow(NGPA)).toBeUndefined();
  expect(world.access(NGPA, 'store')).toEqual({ host: world.hostOf(GPA) });
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

test('S49: the host takes the page between the look at it and the entry: nothing is installed, nothing leaks', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  const guest = world.guest();
  guest.references++;
  const fault = { guest, fetch: false, dsisr: NOHPTE, ea: BigInt(NGPA), asdr: BigInt(NGPA) };
  world.hostOf(GPA);
  for (const point of ['looked up', 'resolved']) {
    const steps = nestedPageFaultSteps(world.nested, fault);
    let next = steps.next();
    while (!next.done && next.value !== point) next = steps.next();
    const at = world.hva + GPA;
    expect(perform(migratePages(world.l0.mm, at, at + 65536))).toBe(1);
    while (!next.done) next = steps.next();
    expect(next.value).toEqual({ kind: 'resume' });
    expect([world.shadow(NGPA), world.head(GPA / 65536), world.nested.rmap.nodes]).toEqual([
      undefined,
      0n,
      0,
    ]);
  }
  expect(world.accessAs(guest, NGPA)).toEqual({ host: world.hostOf(GPA) });
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

test('2 MiB pages on all three levels: one entry, filed under the first frame', () => {
  const { world, tree } = setup({ memory: 128 * MIB, hostPages: '2M' });
  tree.map(NGPA, GPA, { shift: 21 });
  expect(world.access(NGPA + 0x12_3456, 'store')).toEqual({ host: world.hostOf(GPA + 0x12_3456) });
  expect([world.shadow(NGPA)!.shift, world.nested.rmap.entries(world.headAt(GPA / 65536)).length]).toEqual([
    21, 1,
  ]);
  // Another nested guest maps the same L1 page by small pages: filed under the same frame, found by its host address.
  const other = new L2Tree(world, 6);
  other.map(0x50_0000, GPA + 0x5_0000);
  world.access(0x50_0000, 'load', 6);
  expect(world.shadow(0x50_0000, 6)!.shift).toBe(16);
  expect(world.nested.rmap.entries(world.headAt(GPA / 65536)).map(({ lpid }) => lpid)).toEqual([6, LPID]);
});

test('S30: an entry whose shadow page maps something else by now is stale: untouched, and its node freed', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  world.access(NGPA);
  const guest = world.guest();
  world.vm.mmuLock.lock();
  world.nested.dropShadow(guest, NGPA, 'test');
  world.vm.mmuLock.unlock();
  tree.map(NGPA, GPA + 0x10_0000);
  world.access(NGPA);
  const before = world.shadow(NGPA);
  perform(migratePages(world.l0.mm, world.hva + GPA, world.hva + GPA + 65536));
  expect(world.shadow(NGPA)).toEqual(before);
  expect(world.head(GPA / 65536)).toBe(0n);
  expect(world.head((GPA + 0x10_0000) / 65536)).not.toBe(0n);
});

test('S31: an L1 page of 2 MiB goes: every shadow entry goes with it, flushed under the shadow LPID', () => {
  const { world, tree } = setup({ memory: 128 * MIB, hostPages: '2M' });
  new L2Tree(world, 7);
  for (const i of [0, 1, 2]) tree.map(NGPA + i * 65536, GPA + i * 65536);
  for (const i of [0, 1, 2]) world.access(NGPA + i * 65536, 'store');
  expect(world.nested.rmap.entries(world.headAt(GPA / 65536))).toHaveLength(3);
  const { shadowLpid } = world.guest();
  world.invalidations.length = 0;
  perform(writeProtect(world.l0.mm, world.hva + GPA + 65536, world.hva + GPA + 2 * 65536));
  expect([0, 1, 2].map((i) => world.shadow(NGPA + i * 65536))).toEqual([undefined, undefined, undefined]);
  const flushed = world.invalidations.filter(({ lpid }) => lpid === shadowLpid);
  expect(flushed.map(({ page }) => Number(page!.address)).sort()).toEqual(
    [0, 1, 2].map((i) => NGPA + i * 65536),
  );
  expect([world.head(GPA / 65536), world.nested.rmap.nodes]).toEqual([0n, 0]);
});

test.each(['strict', 'linux'] as const)(
  'S32, H-2 %s: ageing takes R from both trees; the flush names an LPID',
  (choice) => {
    const { world, tree } = setup({ hazards: { ...STRICT, 'H-2': choice } });
    // So that L1's number and the hardware's differ.
    world.guest(9);
    tree.map(NGPA, GPA);
    world.access(NGPA);
    const { shadowLpid } = world.guest();
    expect(shadowLpid).not.toBe(LPID);
    world.invalidations.length = 0;
    const range = { start: world.hva + GPA, end: world.hva + GPA + 65536 };
    expect(makeOld(world.l0.mm, range, 'no flush')).toBe(true);
    expect([world.l0.arch.tree.find(GPA)!.pte & PTE.R.mask, world.shadow(NGPA)!.pte & PTE.R.mask]).toEqual([
      0n,
      0n,
    ]);
    const pages = world.invalidations.filter(({ page }) => page?.address === BigInt(NGPA));
    expect(pages.map(({ lpid }) => lpid)).toEqual([choice === 'strict' ? shadowLpid : LPID]);
    expect(world.events.some((event) => event.ev === 'nested.warning' && event.hazard === 'H-2')).toBe(
      choice === 'linux',
    );
    // The next access is recorded where the lookaside buffers were told; in Linux it is not.
    expect(world.access(NGPA)).toEqual({ host: world.hostOf(GPA) });
    expect(world.shadow(NGPA)!.pte & PTE.R.mask).toBe(choice === 'strict' ? PTE.R.mask : 0n);
  },
);

test('S34: deleting a slot empties every list before its array is freed', () => {
  const { world, tree } = setup();
  const bytes = 2 * MIB;
  const hva = world.l0.mm.mmap({ bytes });
  expect(world.slot({ id: 1, gpa: 0x1000_0000, bytes, hva })).toBe(0);
  for (const i of [0, 1, 2]) tree.map(NGPA + i * 65536, 0x1000_0000);
  for (const i of [0, 1, 2]) world.access(NGPA + i * 65536);
  expect(world.nested.rmap.nodes).toBe(2);
  expect(world.slot({ id: 1, gpa: 0x1000_0000, bytes: 0, hva })).toBe(0);
  expect([world.nested.rmap.nodes, world.nested.counters.warnings]).toEqual([0, 0]);
  expect([0, 1, 2].map((i) => world.shadow(NGPA + i * 65536))).toEqual([undefined, undefined, undefined]);
  expect(world.access(NGPA)).toMatchObject({ result: { kind: 'mmio' } });
});

test('S62: a page that L2 writes is in the dirty log once; the next store is noticed again', () => {
  const { world, tree } = setup();
  const region = { id: 0, gpa: 0, bytes: world.l1Bytes, hva: world.hva };
  tree.map(NGPA, GPA);
  expect(world.slot({ ...region, flags: KVM_MEM_LOG_DIRTY_PAGES })).toBe(0);
  const dirty = (): boolean => {
    let log = new Uint8Array();
    expect(getDirtyLog(world.vm, 0, (bitmap) => ((log = bitmap.slice()), true))).toBe(0);
    const page = GPA / 65536;
    return ((log[page >> 3]! >> (page & 7)) & 1) === 1;
  };
  world.access(NGPA, 'store');
  expect([dirty(), dirty()]).toEqual([true, false]);
  expect([world.l0.arch.tree.find(GPA)!.pte & PTE.C.mask, world.shadow(NGPA)!.pte & PTE.C.mask]).toEqual([
    0n,
    0n,
  ]);
  world.access(NGPA, 'load');
  expect(dirty()).toBe(false);
  const guest = world.guest();
  const fault = world.translate(guest, NGPA, 'store');
  expect(fault).toEqual({ cause: SET_RC | STORE });
  world.access(NGPA, 'store');
  expect([dirty(), dirty()]).toEqual([true, false]);
});

test.each(['strict', 'linux'] as const)('H-16 %s: L1 changes its entry without an invalidation', (choice) => {
  const { world, tree } = setup({ hazards: { ...STRICT, 'H-16': choice } });
  tree.map(NGPA, GPA, { bits: PTE.READ.mask | RC });
  world.access(NGPA);
  const first = world.hostOf(GPA);
  tree.map(NGPA, GPA + 0x10_0000);
  const second = world.hostOf(GPA + 0x10_0000);
  const outcome = world.access(NGPA, 'store');
  // Linux gives L2 a host page that is neither of L1's two.
  expect(outcome).toEqual({ host: choice === 'strict' ? second : first | second });
  expect(first | second).not.toBe(second);
});

test('an L1 partition table entry of 0 reflects every fault as it is', () => {
  const { world } = setup();
  world.setEntry(LPID, 0n);
  const guest = world.guest();
  expect(world.hardwareFault(guest, { nGpa: NGPA, cause: NOHPTE })).toEqual({ kind: 'reflect' });
  expect(world.read(PARTITION_TABLE + LPID * 16)).toBe(0n);
});
