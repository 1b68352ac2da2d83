/** What dumps say of nested guests. */
import {
  describeNestedGuests,
  describePartitionTable,
  describeRmap,
  describeShadow,
  listPartitions,
  listRmap,
  listShadow,
} from '../../../src/kvm/nested/describe';
import { L2Tree, LPID, World } from './support';

const NGPA = 0x5000_0000;
const GPA = 0x40_0000;

function setup() {
  const world = new World();
  const tree = new L2Tree(world);
  tree.map(NGPA, GPA);
  tree.map(NGPA + 65536, GPA);
  world.access(NGPA, 'store');
  world.access(NGPA + 65536);
  return { world, tree, nested: world.nested };
}

test('rmap entries are live until their shadow entry goes, and stale from then on', () => {
  const { world, nested } = setup();
  const states = (): string[] => listRmap(nested)[0]!.entries.map(({ state }) => state);
  expect(states()).toEqual(['live', 'live']);
  world.hypercall(0xf808, 0x1_0000, LPID, NGPA + 0xa0);
  expect(states()).toEqual(['live', 'stale']);
  expect(describeRmap(nested)).toBe(
    [
      '1 frames of L1 with nested mappings, 16 bytes of list nodes',
      'gfn 0x40  list, 2',
      `  lpid 5  0x50010000  live  0x${world.shadow(NGPA + 65536)!.pte.toString(16)}`,
      '  lpid 5  0x50000000  stale',
      '',
    ].join('\n'),
  );
});

test('a shadow entry stands beside the entries of L1 and L0', () => {
  const { world, tree, nested } = setup();
  const [first] = listShadow(nested, world.guest());
  expect(first).toMatchObject({
    lpid: LPID,
    nGpa: NGPA,
    shift: 16,
    l1: { pte: 0xc000_0000_0040_0187n, shift: 16, gpa: GPA },
    l0: { pte: world.l0.arch.tree.find(GPA)!.pte, shift: 16 },
  });
  tree.unmap(NGPA);
  expect(describeShadow(nested, world.guest()).split('\n').slice(1, 4)).toEqual([
    '0x50000000',
    `  shadow 0x${world.shadow(NGPA)!.pte.toString(16)} 2^16 rwxRC`,
    '  L1     ENOENT',
  ]);
});

test('nested guests and L1 s partition table, with what L0 has cached', () => {
  const { world, tree, nested } = setup();
  expect(listPartitions(nested)).toEqual([{ lpid: LPID, dw0: tree.pate0, dw1: 0n }]);
  world.setEntry(LPID, 0n);
  expect(listPartitions(nested)).toEqual([{ lpid: LPID, dw0: 0n, dw1: 0n, cached: tree.pate0 }]);
  expect(describePartitionTable(nested)).toBe(
    `PTCR 0x100000, 256 entries\nlpid 5  0x0 0x0  L0 has 0x${tree.pate0.toString(16)}\n`,
  );
  expect(describeNestedGuests(nested)).toContain('lpid 5  shadow LPID 2  references 1  tables 3');
});
