/** What a dump says of the reverse map: the data by what must hold for any of it, the text by goldens read by people. */
import { dumpRmap } from '../../../src/cli/dump/nested';
import { describeRmap } from '../../../src/kvm/nested/describe-rmap';
import { NGPA, GPA, textOf, setup, invalidate } from './describe-support';
import { CALL, L2Tree, LPID, TLBIE, World } from './support';

describe('rmap', () => {
  test('entries are live until their shadow entry goes, and stale with the reason from then on', () => {
    const { world, nested } = setup();
    invalidate(world, NGPA);
    expect(textOf(dumpRmap(nested, {}))).toMatchInlineSnapshot(`
"1 frame of L1 with nested mappings: 2 entries, 1 live, 1 stale
1 list node, 16 bytes; the longest list has 2, at gfn 0x40
gfn 0x40: a list of 2, head 0xa0000, L0 0xc000000000070187  64K rwxRC
  LPID  n_gpa       state  word              L1                             L0                             shadow
  5     0x50010000  live   0x50000050010000  0xc000000000400105  64K r-xR-  0xc000000000070187  64K rwxRC  0xc000000000070105  64K r-xR-
  5     0x50000000  stale  0x50000050000001  0xc000000000400187  64K rwxRC  0xc000000000070187  64K rwxRC  -
        no shadow entry: it was invalidated
"
`);
  });

  test('another page in its place and a guest that is gone are other reasons', () => {
    const { world, tree, nested } = setup();
    tree.map(NGPA, GPA + 65536);
    invalidate(world, NGPA);
    world.access(NGPA);
    const reasons = () =>
      describeRmap(nested).lists.flatMap(({ entries }) => entries.map(({ nGpa, reason }) => [nGpa, reason]));
    expect(reasons()).toEqual([
      [NGPA + 65536, undefined],
      [NGPA, 'the shadow entry maps another page by now'],
      [NGPA, undefined],
    ]);
    world.setEntry(LPID, 0n);
    world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800);
    expect(reasons().map(([, reason]) => reason)).toEqual(Array(3).fill('no such nested guest'));
  });

  test('a hostile number of entries: all are counted, a limited number is listed', () => {
    const world = new World();
    const tree = new L2Tree(world);
    for (let i = 0; i < 300; i++) {
      tree.map(i * 65536, GPA);
      world.access(i * 65536);
    }
    const { totals, lists, omitted } = describeRmap(world.nested, { limit: 10 });
    expect(totals).toMatchObject({ frames: 1, entries: 300, live: 300, nodes: 299, bytes: 299 * 16 });
    expect([lists[0]!.entries.length, omitted]).toEqual([10, 290]);
    expect(textOf(dumpRmap(world.nested, { limit: 10 }))).toMatch(/\n290 more entries not listed\n$/);
    expect(describeRmap(world.nested, { limit: 0 })).toMatchObject({ lists: [], omitted: 300 });
  });

  test('filters by frame and by LPID', () => {
    const { world, nested } = setup();
    new L2Tree(world, 7).map(0, GPA);
    world.access(0, 'load', 7);
    expect(describeRmap(nested, { lpid: 7 }).totals).toMatchObject({ frames: 1, entries: 1 });
    expect(describeRmap(nested, { gfn: { from: 0x41, to: 0x50 } }).totals.entries).toBe(0);
    expect(describeRmap(nested, { gfn: { from: 0x40, to: 0x40 } }).totals.entries).toBe(3);
  });

  test('a damaged list is told, and does not run away', () => {
    const { world, nested } = setup();
    const head = Number(world.head(GPA / 65536));
    // The node's next word is the node itself.
    world.memory.setDoubleword(head, BigInt(head));
    const { lists } = describeRmap(nested);
    expect(lists[0]!.problem).toMatch(/^the list does not end in an entry/);
    expect(lists[0]!.length).toBeLessThan(4);
    world.memory.setDoubleword(world.headAt(GPA / 65536), 0xffff_fff8n);
    expect(describeRmap(nested).lists[0]).toMatchObject({ length: 0, problem: expect.any(String) as string });
  });
});
