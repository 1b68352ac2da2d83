/** What lies under nested guests changes: the host takes memory away, L0 moves a slot. */
import { discardPages, perform } from '../../../src/kvm/host/operations';
import { checkNested } from '../../../src/kvm/nested/check';
import { MIB } from '../../../src/kvm/page';
import { GPA, mapped, NGPA, setup } from './support';

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
