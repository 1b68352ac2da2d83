/** Dumps of a guest's hashed page table: entries in the form of Linux' debugfs, rings of the reverse map. */
import { describeRings, htabText, ringsText } from '../../../src/kvm/hpt/describe';
import { HptWorld, M, MIB, R, segment256M } from './support';

/** Two entries of one frame, one of another, one of no memory; without the virtual real mode area's. */
function world() {
  const made = new HptWorld();
  const segment = segment256M(0x101n);
  const enter = (page: bigint, gpa: bigint): number => made.map({ ea: page << 12n, segment, gpa });
  const places = [
    enter(1n, 0x30_0000n),
    enter(2n, 0x30_1000n),
    enter(3n, 0x31_0000n),
    enter(4n, BigInt(64 * MIB)),
  ];
  made.access(0x1000n);
  made.access(0x2000n, 'store');
  made.access(0x3000n);
  return { made, places };
}

const lines = (text: string): string[] => text.split('\n').slice(0, -1);

it('a line an entry: index, what the hardware has, what the guest has', () => {
  const { made, places } = world();
  const table = lines(htabText(made.l0.hpt));
  expect(table.every((line) => /^[ 0-9a-f]{6}( [0-9a-f]{16}){3}$/.test(line))).toBe(true);
  // 64 pages of 64K of the virtual real mode area, and four of the guest's.
  expect(table).toHaveLength(64 + 4);
  const host = made.hostOf(0x30_0000n);
  const line = table.find((text) => Number.parseInt(text, 16) === places[0])!;
  const guest = 0x30_0000n | M | 2n;
  const word = (value: bigint): string => value.toString(16).padStart(16, '0');
  expect(line.slice(6)).toBe(` ${word(0x101001n)} ${word(BigInt(host) | M | 2n | R)} ${word(guest)}`);
  const absent = table.find((text) => Number.parseInt(text, 16) === places[3])!;
  expect(absent).toContain(' 0000000000101020 ');
});

it('the rings: entries of one frame after each other, and where they are broken', () => {
  const { made, places } = world();
  const { hpt } = made.l0;
  const of = (gfn: number) => describeRings(hpt).find((row) => row.gfn === gfn)!;
  expect(of(0x30).entries).toEqual([places[0], places[1]]);
  expect(of(0x31).entries).toEqual([places[2]]);
  expect(describeRings(hpt).filter(({ broken }) => broken !== undefined)).toEqual([]);
  made.call('H_REMOVE', [0, places[1]!]);
  expect(of(0x30)).toMatchObject({ entries: [places[0]], referenced: true, changed: true });
  expect(ringsText([of(0x30)])).toBe(`gfn 30: RC ${places[0]!.toString(16)}\n`);
  hpt.current.link(places[0]!, places[2]!);
  expect(of(0x30).broken).toBeDefined();
  expect(ringsText([of(0x31)])).toContain('BROKEN');
  expect(() => made.check()).toThrow();
});

it('a radix guest has none', () => {
  const { made } = world();
  expect(made.call('H_REGISTER_PROC_TBL', [0x1d, 0x1_0000])).toBe(0n);
  expect([htabText(made.l0.hpt), describeRings(made.l0.hpt)]).toEqual(['', []]);
});
