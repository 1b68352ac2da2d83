/** What a dump says of shadow tables: the data by what must hold for any of it, the text by goldens read by people. */
import fc from 'fast-check';
import { PTE } from '../../../isa/tables/radix';
import { dumpShadow } from '../../../src/cli/dump/nested';
import { listShadow } from '../../../src/kvm/nested/describe-shadow';
import { NGPA, GPA, SMALL, textOf, setup } from './describe-support';
import { L2Tree, RC, World } from './support';

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
