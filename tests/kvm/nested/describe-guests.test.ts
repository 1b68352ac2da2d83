/** What a dump says of nested guests and of the partition table: the data by what must hold for any of it, the text by goldens read by people. */
import fc from 'fast-check';
import { dumpGuests, dumpPartitionTable, dumpShadow } from '../../../src/cli/dump/nested';
import { describeGuests } from '../../../src/kvm/nested/describe-guests';
import { describePartitionTable } from '../../../src/kvm/nested/describe-partition-table';
import { describeRmap } from '../../../src/kvm/nested/describe-rmap';
import { LINUX } from '../../../src/kvm/nested/hazards';
import { getOrCreateNested } from '../../../src/kvm/nested/nested-guests';
import { NGPA, GPA, SMALL, textOf, setup } from './describe-support';
import { CALL, L2Tree, LPID, TLBIE, World } from './support';

describe('nested guests', () => {
  test('what is cached beside what L1 has now', () => {
    const { world, tree, nested } = setup();
    expect(describeGuests(nested, world.part.runs).guests).toMatchObject([
      {
        lpid: LPID,
        state: 'mapped',
        references: 1,
        pages: { 16: 2 },
        pate: { state: 'current' },
        inside: [],
      },
    ]);
    world.setEntry(LPID, tree.pate0 | (1n << 63n), 5n);
    expect(textOf(dumpGuests(world.part, 10))).toMatchInlineSnapshot(`
"1 nested guest: 77824 bytes of shadow tables, 16 of rmap nodes, at most 16777216 together
LPID 5: shadow LPID 2, 1 reference
  tables   root 0x60000 and 3 more, 77824 bytes
  pages    2 of 64K
  PATE     0xc0000000001100ad 0x0, STALE: L1 has not invalidated it
           0xc0000000001100ad 0x5 is what L1 has now
  inside   nobody
  last on  no CPU yet
"
`);
    nested.l1Ptcr = 0n;
    expect(describeGuests(nested, []).guests[0]!.pate.state).toBe('unreadable');
  });

  test('an orphan is shown as one, with its shadow entries, though no LPID leads to it', () => {
    const world = new World({ hazards: LINUX });
    const tree = new L2Tree(world);
    tree.map(NGPA, GPA);
    const user = getOrCreateNested(world.nested, LPID)!;
    world.setEntry(LPID, 0n);
    world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800);
    tree.world.setEntry(LPID, tree.pate0);
    user.pate0 = tree.pate0;
    world.accessAs(user, NGPA);
    expect(textOf(dumpGuests(world.part, 10))).toContain(', ORPHAN: removed while in use');
    expect(textOf(dumpShadow(world.nested, { limit: 10 }))).toContain('1 shadow entry, ORPHAN\n');
    expect(describeRmap(world.nested).lists[0]!.entries[0]).toMatchObject({
      state: 'stale',
      reason: 'the nested guest was removed while in use: nobody finds it',
    });
  });
});

describe('partition table', () => {
  test('entries are decoded, and what is wrong with them is said', () => {
    const { world, tree, nested } = setup();
    world.setEntry(9, (tree.pate0 & ~0x1fn) | 5n, (1n << 63n) | 0x3000n | 4n);
    world.setEntry(10, (1n << 62n) | 0xffff_0000_0100n | 13n);
    expect(textOf(dumpPartitionTable(nested, 10))).toMatchInlineSnapshot(`
"PTCR 0x100000: 256 entries at 0x100000, 3 in use
LPID 5 at 0x100050: 0xc0000000001100ad 0x0
  HR=1 RTS=21 (2^52 bytes) RPDB=0x110000 RPDS=13  GR=0 PRTB=0x0 PRTS=0 (4K)
  ! the root directory overlaps the root directory of LPID 9
LPID 9 at 0x100090: 0xc0000000001100a5 0x8000000000003004
  HR=1 RTS=21 (2^52 bytes) RPDB=0x110000 RPDS=5  GR=1 PRTB=0x3000 PRTS=4 (64K)
  ! a root of 2^5 entries; L0 serves 2^13
  ! the root directory overlaps the root directory of LPID 5
LPID 10 at 0x1000a0: 0x4000ffff0000010d 0x0
  HR=0 RTS=16 (2^47 bytes) RPDB=0xffff00000100 RPDS=13  GR=0 PRTB=0x0 PRTS=0 (4K)
  ! HR is 0, a hashed table: L0 takes it for a radix tree
  ! a tree of 47 bits; L0 serves 52
  ! RPDB is not a multiple of the root directory
  ! the root directory is outside L1's memory
"
`);
  });

  test('a table in the middle of nowhere, one that is misaligned, none', () => {
    const { world, nested } = setup();
    nested.l1Ptcr = 0x7fff_0000_0004n;
    const { size, unreadable, problems } = describePartitionTable(nested);
    expect([size, unreadable]).toEqual([4096, 4096]);
    expect(problems).toEqual(['L1 has no memory for 4096 of 4096 entries: they count as empty']);
    nested.l1Ptcr = 0x10_1001n;
    expect(describePartitionTable(nested).problems).toEqual([
      "PATB is not a multiple of the table's 8192 bytes",
    ]);
    nested.l1Ptcr = 0n;
    expect(textOf(dumpPartitionTable(world.nested, 10))).toBe('L1 has registered no partition table\n');
  });

  test('a root directory on top of the partition table, what L0 has cached, a limit', () => {
    const { world, tree, nested } = setup();
    world.setEntry(LPID, tree.pate0 & ~0xffff_0000n);
    world.setEntry(20, 0xc000_0000_0010_00adn);
    const { entries, omitted } = describePartitionTable(nested, 1);
    expect([entries.length, omitted]).toEqual([1, 1]);
    expect(entries[0]).toMatchObject({ lpid: LPID, cached: tree.pate0 });
    const [, of20] = describePartitionTable(nested).entries;
    expect(of20!.problems).toContain('the root directory overlaps the partition table');
  });

  test('property: overlaps are those that a look at every pair finds', () => {
    const place = fc.integer({ min: 0, max: 12 });
    fc.assert(
      fc.property(
        fc.uniqueArray(place, { minLength: 1, maxLength: 8 }),
        fc.array(place, { maxLength: 8 }),
        (a, b) => {
          const world = new World({ ...SMALL, record: false });
          const roots = [...a, ...b].map((at) => 0x20_0000 + at * 0x8000);
          roots.forEach((root, i) => world.setEntry(i + 1, 0xc000_0000_0000_00adn | BigInt(root)));
          for (const { lpid, root, problems } of describePartitionTable(world.nested).entries) {
            const meets = roots.some((other, i) => i + 1 !== lpid && Math.abs(other - root) < 0x1_0000);
            expect(problems.some((problem) => problem.includes('overlaps'))).toBe(meets);
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});
