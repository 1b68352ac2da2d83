/** The check of nested guests finds what it is there to find. */
import { PTE } from '../../../isa/tables/radix';
import { checkNested } from '../../../src/kvm/nested/check';
import { GPA, NGPA, RC, setup } from './support';

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
