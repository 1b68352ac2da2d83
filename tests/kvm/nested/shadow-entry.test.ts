/** Shadow entries: walk of L1's tree, and its combination with L0's (facts, section 3; scenarios 35, 36, 43). */
import * as fc from 'fast-check';
import { PTE } from '../../../isa/tables/radix';
import { hiOf, loOf } from '../../../src/core/u64';
import { FoundLeaf } from '../../../src/kvm/guest/found-leaf';
import { partitionEntry0 } from '../../../src/kvm/guest/radix-format';
import { combine, combineHalves, shadowShift } from '../../../src/kvm/nested/shadow-entry';
import { MIB } from '../../../src/kvm/page';
import { NGPA, NOHPTE } from './shadow-support';
import { GPA, hex, L2Tree, LPID, RC, RWX, setup, World } from './support';

const leaf = (pte: bigint, shift: number) => ({ pte, shift, at: 0 });

const l1Page = (raddr: number, shift: number, eaa: number, rc: bigint) => ({
  raddr, shift,
  mayRead: (eaa & 4) !== 0, mayWrite: (eaa & 2) !== 0, mayExecute: (eaa & 1) !== 0,
  referenced: (rc & PTE.R.mask) !== 0n, changed: (rc & PTE.C.mask) !== 0n,
}); // prettier-ignore

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
