/** The life of nested guests: created, used by many, removed, gone (scenarios 58-61, hazards H-5, H-6). */
import { PTE } from '../../../isa/tables/radix';
import { migratePages, perform } from '../../../src/kvm/host/operations';
import { checkNested } from '../../../src/kvm/nested/check';
import { LINUX, STRICT } from '../../../src/kvm/nested/hazards';
import {
  flushNested,
  getNested,
  getOrCreateNested,
  getOrCreateNestedSteps,
  putNested,
  releaseAllNested,
} from '../../../src/kvm/nested/nested-guests';
import { KIB } from '../../../src/kvm/page';
import { CALL, GPA, L2Tree, LPID, NGPA, PARTITION_TABLE, RWX, setup, TLBIE } from './support';

test('S58, H-5: two vCPUs that enter a new nested guest together', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world } = setup({ hazards });
    const a = getOrCreateNestedSteps(world.nested, 9);
    const b = getOrCreateNestedSteps(world.nested, 9);
    expect([a.next().value, b.next().value]).toEqual(['looked up', 'looked up']);
    expect(a.next().value).toBe('resolved');
    const second = b.next();
    if (hazards === LINUX) expect(second).toEqual({ done: true, value: undefined });
    else expect(second.value).toBe('wait:retry');
    const first = a.next().value;
    expect(first).toBe(world.nested.guests.get(9));
    if (hazards === STRICT) expect(b.next().value).toBe(first);
    expect(world.nested.guests.get(9)!.references).toBe(hazards === STRICT ? 3 : 2);
    expect(world.nested.reserved.size).toBe(0);
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('S59: no hardware LPID is left: nothing leaks; strict takes those of guests that nobody runs', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world } = setup({ hazards });
    world.access(NGPA);
    while (world.l0.partitions.allocate() >= 0);
    const { liveBytes } = world.l0.heap;
    const guest = getOrCreateNested(world.nested, 9);
    expect(guest !== undefined).toBe(hazards === STRICT);
    if (hazards === LINUX) expect(world.l0.heap.liveBytes).toBe(liveBytes);
    else expect([...world.nested.guests.keys()]).toEqual([9]);
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('S60: all nested guests and all lists go together', () => {
  const { world, tree } = setup();
  const { liveBytes } = world.l0.heap;
  for (const i of [0, 1, 2]) tree.map(NGPA + i * 65536, GPA);
  for (const i of [0, 1, 2]) world.access(NGPA + i * 65536);
  const { shadowLpid } = world.guest();
  releaseAllNested(world.nested);
  expect([world.nested.guests.size, world.head(GPA / 65536), world.nested.rmap.nodes]).toEqual([0, 0n, 0]);
  expect(world.l0.partitions.isUsed(shadowLpid)).toBe(false);
  // L0's own tree has grown by the tables of the pages that were touched.
  expect(world.l0.heap.liveBytes - liveBytes).toBeLessThan(64 * KIB);
});

test('S61, H-6: a nested guest that is removed while a vCPU is inside', () => {
  for (const hazards of [STRICT, LINUX]) {
    const { world, tree } = setup({ hazards });
    tree.map(NGPA, GPA);
    const inside = getOrCreateNested(world.nested, LPID)!;
    world.accessAs(inside, NGPA);
    world.setEntry(LPID, 0n);
    world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800);
    world.setEntry(LPID, tree.pate0);
    world.accessAs(inside, NGPA);
    const other = getOrCreateNested(world.nested, LPID)!;
    expect(other === inside).toBe(hazards === STRICT);
    putNested(world.nested, other);
    const before = world.hostOf(GPA);
    perform(migratePages(world.l0.mm, world.hva + GPA, world.hva + GPA + 65536));
    const kinds = checkNested(world.nested).map(({ kind }) => kind);
    if (hazards === STRICT) {
      expect([kinds, inside.tree.find(NGPA)]).toEqual([[], undefined]);
      putNested(world.nested, inside);
      expect([inside.isOrphan, world.nested.guests.get(LPID)]).toEqual([false, inside]);
    } else {
      // The orphan still maps the page that the host gave away.
      expect(kinds).toContain('unfiled');
      expect(Number(inside.tree.find(NGPA)!.pte & PTE.RPN.mask)).toBe(before);
      expect(world.nested.orphans.size).toBe(1);
      putNested(world.nested, inside);
      expect(world.nested.orphans.size).toBe(0);
    }
    expect(checkNested(world.nested)).toEqual([]);
  }
});

test('H-6, H-13 strict: what was to be removed goes with its last user, and invalidations of it are served', () => {
  const { world, tree } = setup();
  tree.map(NGPA, GPA);
  const inside = getOrCreateNested(world.nested, LPID)!;
  world.accessAs(inside, NGPA);
  world.setEntry(LPID, 0n);
  world.hypercall(CALL.tlbie, TLBIE.full, LPID, 0x800);
  expect([world.nested.guests.get(LPID), inside.tree.find(NGPA)]).toEqual([inside, undefined]);
  expect(world.hypercall(CALL.tlbie, TLBIE.page, LPID, NGPA + 0xa0)).toBe(0);
  expect(world.hardwareFault(inside, { nGpa: NGPA, cause: 0x4000_0000 })).toEqual({ kind: 'reflect' });
  putNested(world.nested, inside);
  expect([world.nested.guests.size, world.nested.shadowBytes]).toEqual([0, 0]);
});

test('a removal during IS=3 does not reach into records that are gone', () => {
  const { world } = setup();
  for (const lpid of [5, 6, 7]) {
    new L2Tree(world, lpid);
    world.access(NGPA, 'load', lpid);
    world.setEntry(lpid, 0n);
  }
  expect(world.hypercall(CALL.tlbie, TLBIE.full, 0, 0xc00)).toBe(0);
  expect([world.nested.guests.size, world.nested.shadowBytes]).toEqual([0, 0]);
});

test('a reference is taken and given back; nobody gets a record for LPIDs that the table does not have', () => {
  const { world } = setup();
  const guest = getOrCreateNested(world.nested, 9)!;
  expect(guest.references).toBe(2);
  expect(getNested(world.nested, 9)).toBe(guest);
  expect(guest.references).toBe(3);
  putNested(world.nested, guest);
  putNested(world.nested, guest);
  expect(getNested(world.nested, 256)).toBeUndefined();
  expect(getNested(world.nested, -1)).toBeUndefined();
  flushNested(world.nested, getNested(world.nested, 9)!, 'test');
  expect(world.read(PARTITION_TABLE)).toBe(0n);
  expect(RWX).toBe(7n);
});
