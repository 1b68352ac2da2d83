/** What dumps say of nested guests: the data by what must hold for any of it, the text by goldens read by people. */
import chalk from 'chalk';
import fc from 'fast-check';
import { PTE } from '../../../isa/tables/radix';
import { dumpGuests, dumpPartitionTable, dumpRmap, dumpShadow } from '../../../src/cli/dump/nested';
import type { Dumped } from '../../../src/cli/dump/subject';
import { switchToHpt } from '../../../src/kvm/hpt/switch';
import { checkNested } from '../../../src/kvm/nested/check';
import { describeAccess } from '../../../src/kvm/nested/describe-fault';
import { describeGuests } from '../../../src/kvm/nested/describe-guests';
import { describePartitionTable } from '../../../src/kvm/nested/describe-partition-table';
import { writeDebugfsRadix } from '../../../src/kvm/nested/describe-radix';
import { describeRmap } from '../../../src/kvm/nested/describe-rmap';
import { listShadow } from '../../../src/kvm/nested/describe-shadow';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import { getOrCreateNested } from '../../../src/kvm/nested/nested-guests';
import { CALL, L2Tree, LPID, RC, TLBIE, World } from './support';

const NGPA = 0x5000_0000;
const GPA = 0x40_0000;
const NO_COLOR = new chalk.Instance({ level: 0 });
const SMALL = { memory: 16 * 2 ** 20, l1: 8 * 2 ** 20 };

const textOf = (dumped: Dumped): string => {
  if (!('text' in dumped)) throw new Error('no text');
  return dumped.text(NO_COLOR);
};
const jsonOf = (dumped: Dumped): unknown => {
  if (!('json' in dumped)) throw new Error('no JSON');
  return JSON.parse(JSON.stringify(dumped.json()));
};

function setup() {
  const world = new World();
  const tree = new L2Tree(world);
  tree.map(NGPA, GPA);
  tree.map(NGPA + 65536, GPA, { bits: PTE.READ.mask | PTE.EXECUTE.mask | PTE.R.mask });
  world.access(NGPA, 'store');
  world.access(NGPA + 65536);
  return { world, tree, nested: world.nested };
}

/** L1's tlbie of one 64K page. */
const invalidate = (world: World, nGpa: number): number =>
  world.hypercall(CALL.tlbie, TLBIE.page, LPID, nGpa + 0xa0);

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

describe('shadow', () => {
  test('an entry stands beside the entries of L1 and L0, every bit that is not both s is explained', () => {
    const { nested } = setup();
    expect(textOf(dumpShadow(nested, { limit: 10 }))).toMatchInlineSnapshot(`
"nested guest 5: shadow LPID 2, root 0x60000, 3 tables, 2 shadow entries
0x50000000 -> L1 0x400000 -> host 0x70000, 64K: L1's page and L0's have 64K
  L1      0xc000000000400187   64K  rwxRC  normal        at 0x122000
  L0      0xc000000000070187   64K  rwxRC  normal        at 0x90000
  shadow  0xc000000000070187   64K  rwxRC  normal: L0's  at 0x90100
  every bit: both have it
0x50010000 -> L1 0x400000 -> host 0x70000, 64K: L1's page and L0's have 64K
  L1      0xc000000000400105   64K  r-xR-  normal        at 0x122008
  L0      0xc000000000070187   64K  rwxRC  normal        at 0x90000
  shadow  0xc000000000070105   64K  r-xR-  normal: L0's  at 0x90108
  w: L1 does not have it
  C: L1 does not have it
"
`);
  });

  test('what L1 changed without an invalidation is stale, and says where the tables lead now', () => {
    const { world, tree, nested } = setup();
    const first = (): string => textOf(dumpShadow(nested, { limit: 1 }));
    tree.map(NGPA, GPA, { bits: PTE.READ.mask | RC });
    expect(first()).toContain('\n  w: L1 does not have it any more: stale until L1 invalidates\n');
    tree.map(NGPA, GPA + 65536);
    expect(first()).toContain('\n  STALE: the tables of L1 and L0 lead nowhere now\n');
    tree.map(NGPA + 2 * 65536, GPA + 65536);
    world.access(NGPA + 2 * 65536);
    const there = world.hostOf(GPA + 65536).toString(16);
    expect(first()).toContain(`\n  STALE: the tables of L1 and L0 lead to host 0x${there} now\n`);
    expect(first()).toContain('2 more shadow entries not listed');
    tree.unmap(NGPA);
    expect(first()).toContain('-> L1 ENOENT -> host');
    expect(first()).not.toContain('broken');
  });

  test.each([
    [{ hostPages: '2M' as const }, 16, /^L1's page, smaller than L0's 2M$/],
    [{ hostPages: '2M' as const }, 21, /^L1's page and L0's have 2M$/],
    [{}, 21, /^L0's page, smaller than L1's 2M: the host's page is smaller than 2M$/],
  ])('why the page has its size: %j and 2^%i of L1', (options, shift, why) => {
    const world = new World(options);
    new L2Tree(world).map(0x4000_0000, GPA, { shift });
    world.access(0x4000_0000);
    expect(listShadow(world.nested, world.guest())[0]!.size).toMatch(why);
  });

  test('a slot that logs dirty pages is why L0 has small pages', () => {
    const world = new World({ hostPages: '2M' });
    new L2Tree(world).map(0x4000_0000, GPA, { shift: 21 });
    world.slot({ id: 0, gpa: 0, bytes: world.l1Bytes, hva: world.hva, flags: 1 });
    world.access(0x4000_0000);
    expect(listShadow(world.nested, world.guest())[0]!.size).toBe(
      "L0's page, smaller than L1's 2M: its slot logs dirty pages",
    );
  });

  test('property: the bits that are told are those of the entries, and both s are what both have', () => {
    const bits = fc.constantFrom(...[0, 1, 2, 3, 4, 5, 6, 7]);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(bits, fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 20 }),
        (pages) => {
          const world = new World(SMALL);
          const tree = new L2Tree(world);
          pages.forEach(([rights, store, changed], i) => {
            tree.map(i * 65536, GPA + i * 65536, {
              bits: BigInt(rights) | PTE.R.mask | (changed ? PTE.C.mask : 0n),
            });
            world.access(i * 65536, store ? 'store' : 'load');
          });
          for (const row of listShadow(world.nested, world.guest())) {
            expect(row.host).toBe(world.hostOf(row.l1!.gpa));
            for (const { bit, l1, l0, shadow, why } of row.bits) {
              expect(row.shadow.bits.includes(bit)).toBe(shadow);
              expect(l1 && l0 && shadow).toBe(why === 'both have it');
              expect(shadow && !(l1 && l0)).toBe(false);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });
});

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

describe('debugfs radix', () => {
  /** A reader by the rules of that file: headers have `pgdir:`, leaves begin with a space, sizes are decimal. */
  const LINE = /^(?:(?:Nested LPID (\d+): )?pgdir: ([0-9a-f]+)| ([0-9a-f]+): ([0-9a-f]+) (12|16|21|30)|)$/;

  test('is what its readers expect, tree by tree', () => {
    const { world, nested } = setup();
    let text = '';
    writeDebugfsRadix(nested, (piece) => (text += piece));
    for (const line of text.trimEnd().split('\n')) expect(line).toMatch(LINE);
    const shadow = world.shadow(NGPA)!.pte.toString(16);
    expect(text).toBe(
      `pgdir: ${(0xc000_0000_0000_0000n | BigInt(world.l0.arch.tree.root)).toString(16)}\n` +
        ` 400000: ${world.l0.arch.tree.find(GPA)!.pte.toString(16)} 16\n` +
        `\nNested LPID 5: pgdir: ${(0xc000_0000_0000_0000n | BigInt(world.guest().tree.root)).toString(16)}\n` +
        ` 50000000: ${shadow} 16\n 50010000: ${world.shadow(NGPA + 65536)!.pte.toString(16)} 16\n`,
    );
  });
});

test('as JSON every number of 64 bits is "0x..." and the rest is plain', () => {
  const { world, nested } = setup();
  expect(jsonOf(dumpShadow(nested, { limit: 1 }))).toMatchObject({
    guests: [{ lpid: LPID, count: 2, entries: [{ nGpa: NGPA, shadow: { shift: 16, bits: 'rwxRC' } }] }],
    omitted: 1,
  });
  expect(jsonOf(dumpRmap(nested, {}))).toMatchObject({
    totals: { live: 2 },
    lists: [{ gfn: 0x40, entries: [{ word: '0x50000050010000', state: 'live' }, { state: 'live' }] }],
  });
  expect(jsonOf(dumpGuests(world.part, 1))).toMatchObject({ guests: [{ pate: { state: 'current' } }] });
  expect(jsonOf(dumpPartitionTable(nested, 1))).toMatchObject({
    ptcr: '0x100000',
    entries: [{ lpid: LPID }],
  });
});

test('an LPID that is no nested guest is an error that names those there are', () => {
  const { nested } = setup();
  expect(() => dumpShadow(nested, { lpid: 6, limit: 1 })).toThrow(
    '--lpid 6: L0 has no such nested guest; it has 5',
  );
});

test('while L1 has a hashed page table the words are rings: there is nothing nested to show, and nothing broken', () => {
  const { world, nested } = setup();
  expect(switchToHpt(world.l0)).toBe(true);
  world.memory.setDoubleword(world.headAt(GPA / 65536), 0x0100_0001_0000_0005n);
  expect(describeRmap(nested)).toMatchObject({ lists: [], totals: { frames: 0 } });
  expect(checkNested(nested)).toEqual([]);
  let text = '';
  writeDebugfsRadix(nested, (piece) => (text += piece));
  expect(text).toBe('');
  expect(textOf(dumpGuests(world.part, 10))).toMatch(/^0 nested guests: /);
});

describe('an access that L0 cannot serve (H-9)', () => {
  test.each([
    ['strict', STRICT],
    ['linux', LINUX],
  ] as const)('%s: what is told is what L1 gets', (_name, hazards) => {
    for (const kind of ['load', 'store', 'fetch'] as const) {
      const world = new World({ hazards });
      // 4K pages of L1 under 64K pages of L0.
      new L2Tree(world, LPID, 9).map(NGPA, GPA);
      const done = world.access(NGPA, kind);
      const told = 'result' in done && done.result.kind === 'reflect' ? { dsisr: done.result.dsisr } : {};
      const guest = world.nested.find(LPID)!;
      const access = { nGpa: NGPA, store: kind === 'store', fetch: kind === 'fetch', faults: true };
      expect(describeAccess(world.nested, guest, access).outcome).toEqual({ kind: 'reflect', ...told });
    }
  });
});
