/** H_COPY_TOFROM_GUEST (scenarios 56 and 57, hazard H-11). */
import { H } from '../../../src/kvm/hypercalls/status';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { CALL, GPA, L2Tree, LPID, NGPA, setup } from './support';

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
