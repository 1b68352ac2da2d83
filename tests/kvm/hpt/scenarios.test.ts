/** The scenarios of hashed page tables by their numbers in the list that L0 is held to: 60 and 70 to 76. */
import { addressInSegment, groupOf, hashOf } from '../../../src/kvm/hpt/hash';
import { fromV3, toV3 } from '../../../src/kvm/hpt/hpte';
import { H } from '../../../src/kvm/hypercalls/status';
import { ABSENT, BOLTED, C, entryOf, EXACT, HptWorld, MIB, R, segment1T, segment256M, V } from './support';

const GROUPS_24 = 2 ** 17;
const SEGMENT = segment256M(0x1000n);

it('70: hash of a 4K page in a 256M segment', () => {
  const at = addressInSegment(0x5678000n, segment256M(0x12345n));
  const hash = hashOf(at, 12);
  expect(groupOf(hash, GROUPS_24, false)).toBe(0x1753d);
  expect(groupOf(hash, GROUPS_24, true)).toBe(0x8ac2);
  expect(8 * groupOf(hash, GROUPS_24, false)).toBe(0xba9e8);
});

it('71: hash of a 64K page in a 1T segment', () => {
  const hash = hashOf(addressInSegment(0xabcdef1234n, segment1T(0x54321n)), 16);
  expect(groupOf(hash, GROUPS_24, false)).toBe(0x8ece);
  expect(groupOf(hash, GROUPS_24, true)).toBe(0x17131);
});

it('72: an entry in the form of v3.0 and back', () => {
  const old = { v: 0x4000000000123481n, r: 0x12345196n };
  const v3 = { v: 0x123481n, r: 0x0400000012345196n };
  expect(toV3(old)).toEqual(v3);
  expect(fromV3(v3)).toEqual(old);
});

describe('73', () => {
  /** Pages of one group: 2^11 pages apart. */
  const colliding = (i: number): bigint => BigInt(i) << 23n;

  it('H_ENTER into a full group is refused, the eighth is not', () => {
    const world = new HptWorld();
    // One place of the group is the virtual real mode area's, or all are free.
    const first = entryOf({ ea: 0n, segment: SEGMENT, gpa: 0n }, world.table.groups).ptex;
    const free = Array.from({ length: 8 }, (_, i) => world.table.isFree(first + i)).filter(Boolean).length;
    for (let i = 0; i < free; i++)
      expect(world.enter({ ea: colliding(i), segment: SEGMENT, gpa: 0x10000n })).toMatchObject({
        status: 0n,
      });
    expect(world.enter({ ea: colliding(free), segment: SEGMENT, gpa: 0x10000n }).status).toBe(
      BigInt(H.PTEG_FULL),
    );
    world.check();
  });

  it('with H_EXACT that place and no other', () => {
    const world = new HptWorld();
    const { v, r, ptex } = entryOf({ ea: 0n, segment: SEGMENT, gpa: 0x10000n }, world.table.groups);
    expect(world.call('H_ENTER', [EXACT, ptex + 3, v, r])).toBe(0n);
    expect(world.out(0)).toBe(BigInt(ptex + 3));
    expect(world.call('H_ENTER', [EXACT, ptex + 3, v, r])).toBe(BigInt(H.PTEG_FULL));
    expect(world.call('H_ENTER', [0, ptex + 3, v, r])).toBe(0n);
    expect(world.out(0)).toBe(BigInt(ptex));
  });
});

it.each([
  ['any', 0n, (_v: bigint): bigint => 0n],
  ['andcond', 1n, (_v: bigint): bigint => 0x08n],
  ['avpn', 2n, (v: bigint): bigint => v & ~0x7fn],
] as const)('74: bulk remove of an entry with R and C, condition %s', (_name, condition, avpnFor) => {
  const world = new HptWorld();
  const ea = 0x1234000n;
  const ptex = BigInt(world.map({ ea, segment: SEGMENT, gpa: 0x20000n }));
  expect(world.access(ea, 'store')).toHaveProperty('host');
  const { v } = world.table.read(Number(ptex));
  const request = (0x40n | condition) << 56n;
  expect(world.call('H_BULK_REMOVE', [request | ptex, avpnFor(v), 0xc0n << 56n])).toBe(0n);
  expect(world.out(0)).toBe(((0x8cn | condition) << 56n) | ptex);
  expect(world.table.isFree(Number(ptex))).toBe(true);
  world.check();
});

describe('75 and 76: resize', () => {
  const prepare = (world: HptWorld, order: number): bigint => {
    expect(world.call('H_RESIZE_HPT_PREPARE', [0, order])).toBe(BigInt(H.LONG_BUSY_ORDER_100_MSEC));
    return world.call('H_RESIZE_HPT_PREPARE', [0, order]);
  };

  it('75: shrinking with two bolted entries for one place keeps the old table', () => {
    const world = new HptWorld({ order: 19 });
    // The hashes differ in the bit that the smaller table does not have.
    const [a, b] = [0x1000000n, 0x1800000n];
    const spec = { segment: SEGMENT, gpa: 0x30000n, v: BOLTED };
    const [one, two] = [world.map({ ...spec, ea: a }), world.map({ ...spec, ea: b })];
    expect(one % 8).toBe(two % 8);
    expect(one).not.toBe(two);
    expect(prepare(world, 18)).toBe(0n);
    expect(world.call('H_RESIZE_HPT_COMMIT', [0, 18])).toBe(BigInt(H.PTEG_FULL));
    expect(world.table.order).toBe(19);
    expect(world.call('H_RESIZE_HPT_COMMIT', [0, 18])).toBe(BigInt(H.CLOSED));
    expect(world.access(a)).toEqual({ host: world.hostOf(0x30000n) });
    world.check();
  });

  it('76: an entry that is not bolted is absent in the new table and faulted in after it is entered again', () => {
    const world = new HptWorld();
    const bytes = world.l0.heap.liveBytes;
    const kept = { ea: 0x5000n, segment: SEGMENT, gpa: 0x40000n, v: BOLTED };
    const lost = { ea: 0x6000n, segment: SEGMENT, gpa: 0x50000n };
    world.map(kept);
    world.map(lost);
    world.access(kept.ea, 'store');
    world.access(lost.ea, 'store');
    expect(prepare(world, 19)).toBe(0n);
    expect(world.call('H_RESIZE_HPT_COMMIT', [0, 19])).toBe(0n);
    expect(world.table.order).toBe(19);
    expect(world.l0.heap.liveBytes).toBe(bytes + 2 * 2 ** 18);
    world.check();
    expect(world.access(lost.ea)).toMatchObject({ taken: { interrupt: 'dataStorage' } });
    expect(world.dsisr).toBe(0x40000000n);
    const host = world.hostOf(0x40000n);
    expect(world.access(kept.ea)).toEqual({ host });
    world.map(lost);
    expect(world.access(lost.ea)).toEqual({ host: world.hostOf(0x50000n) });
    // Guest real mode goes on too.
    expect(world.access(0x1234n, 'load', { real: true })).toEqual({ host: world.hostOf(0x1234n) });
    world.check();
  });

  it('what hardware recorded before a resize is not lost', () => {
    const world = new HptWorld();
    const page = { ea: 0x5000n, segment: SEGMENT, gpa: 0x40000n, v: BOLTED };
    world.map(page);
    world.access(page.ea, 'store');
    prepare(world, 19);
    world.call('H_RESIZE_HPT_COMMIT', [0, 19]);
    const at = world.table.find({ ea: page.ea, segment: SEGMENT, valid: V | ABSENT });
    expect(world.table.guestR(at) & (R | C)).toBe(R | C);
  });
});

it('the host of a table that does not fit says so, and the machine goes on', () => {
  const world = new HptWorld({ host: 40 * MIB, guest: 32 * MIB });
  const free = world.l0.frames.freeFrames;
  expect(world.call('H_RESIZE_HPT_PREPARE', [0, 24])).toBe(BigInt(H.RESOURCE));
  expect(world.l0.frames.freeFrames).toBe(free);
});
