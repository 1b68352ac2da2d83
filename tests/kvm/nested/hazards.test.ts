/**
 * Hazards of the reference that the tests of what they belong to do not show: large pages beyond their slot (H-7),
 * lookups (H-10), invalidations of a guest that goes (H-13), API v2 (H-15). Every hazard has a title in some test of this
 * folder and a row in docs/pseries.md.
 */
import fs from 'node:fs';
import path from 'node:path';
import { checkNested } from '../../../src/kvm/nested/check';
import { Hypercall } from '../../../src/kvm/hypercalls/table';
import { HAZARDS, LINUX, STRICT, type NestedChoice } from '../../../src/kvm/nested/hazards';
import { tlbInvalidateSteps } from '../../../src/kvm/nested/invalidate';
import { getNested, putNested } from '../../../src/kvm/nested/nested-guests';
import type { NestedGuests } from '../../../src/kvm/nested/part';
import { MIB } from '../../../src/kvm/page';
import { Machine } from '../../../src/machine/machine';
import { POWERNV_MACHINE } from '../../../src/machine/powernv';
import { PSERIES_MACHINE } from '../../../src/machine/pseries';
import { L2Tree, LPID, World } from './support';

const NGPA = 0x40_0000;
const CHOICES = ['strict', 'linux'] as const;
const warnings = (world: World, hazard: string) =>
  world.events.filter((event) => event.ev === 'nested.warning' && event.hazard === hazard).length;

test.each(CHOICES)('H-7 %s: a large page of the host that begins before its slot', (choice) => {
  const world = new World({ hazards: { ...STRICT, 'H-7': choice } });
  const hva = world.l0.mm.mmap({ bytes: 4 * MIB, pageSize: '2M' });
  // The slot begins in the middle of a large page; its addresses are congruent.
  const gpa = 0x1010_0000;
  world.slot({ id: 1, gpa, bytes: MIB, hva: hva + MIB });
  const tree = new L2Tree(world);
  tree.map(NGPA, gpa);
  expect(world.access(NGPA)).toEqual({ host: world.hostOf(gpa) });
  const leaf = world.l0.arch.tree.find(gpa)!;
  const strict = choice === 'strict';
  expect(leaf.shift).toBe(strict ? 16 : 21);
  // In Linux L1 itself reaches host memory before its slot, and the mapping of its guest is filed nowhere.
  expect(world.l0.arch.tree.find(gpa - MIB) === undefined).toBe(strict);
  expect(checkNested(world.nested).map(({ kind }) => kind)).toEqual(strict ? [] : ['unfiled']);
  expect(warnings(world, 'H-7') > 0).toBe(!strict);
});

test.each(CHOICES)('H-10 %s: a lookup for H_RPT_INVALIDATE and mmu_lock', (choice) => {
  const world = new World({ hazards: { ...STRICT, 'H-10': choice } });
  new L2Tree(world);
  world.guest();
  expect(world.hypercall(0x448, LPID, 1, 1, 2, 0, 0)).toBe(0);
  expect(warnings(world, 'H-10')).toBe(choice === 'strict' ? 0 : 1);
});

test.each(CHOICES)(
  'H-13 %s: an invalidation under way while another vCPU removes the nested guest',
  (choice) => {
    const world = new World({ hazards: { ...STRICT, 'H-6': 'linux', 'H-13': choice } });
    const tree = new L2Tree(world);
    tree.map(NGPA, 0x80_0000);
    world.access(NGPA);
    const inside = getNested(world.nested, LPID)!;
    const steps = tlbInvalidateSteps(world.nested, {
      instruction: 0x1_0000n,
      rs: BigInt(LPID),
      rb: BigInt(NGPA) + 0xa0n,
    });
    expect(steps.next().value).toBe('looked up');
    world.setEntry(LPID, 0n);
    world.hypercall(0xf808, 0x9_0000, LPID, 0x800);
    // The guest that somebody is in goes on, with a table of L1 that is there again.
    inside.pate0 = tree.pate0;
    world.accessAs(inside, NGPA);
    expect(inside.tree.find(NGPA)).toBeDefined();
    expect(steps.next()).toEqual({ done: true, value: 0 });
    expect(inside.tree.find(NGPA) === undefined).toBe(choice === 'strict');
    expect(warnings(world, 'H-13')).toBe(choice === 'strict' ? 0 : 1);
    putNested(world.nested, inside);
  },
);

test('H-15: there is no API v2 whose HEIR element could have a wrong length', () => {
  const world = new World();
  expect(world.hypercall(0x480, 0, 1, 0)).toBe(-2);
});

/** A machine that was asked for nested guests of a kind. */
const machineWith = (nested: NestedChoice, description = PSERIES_MACHINE): Machine =>
  new Machine({ description, memory: 16 * MIB, nested, output: () => undefined });

function hypercall({ l0, cpus }: Machine, number: number, ...args: bigint[]): number {
  const { state } = cpus[0]!;
  args.forEach((value, i) => state.setGpr(4 + i, value));
  l0!.hypercalls.perform(new Hypercall(l0!, l0!.vcpus[0]!, number));
  return Number(BigInt.asIntN(64, state.gpr(3)));
}

test('S1: with --nested off every call of a hypervisor is H_FUNCTION, but the invalidation of an own process', () => {
  const machine = machineWith('off');
  for (const number of [0xf800, 0xf804, 0xf808, 0xf80c])
    expect(hypercall(machine, number, 0x10_0000n, 0n, 0n)).toBe(-2);
  expect(hypercall(machine, 0x448, 5n, 1n, 3n, 1n, 0n, 0n)).toBe(-2);
  expect(hypercall(machine, 0x448, 5n, 1n, 2n, 1n, 0n, 0x1000n)).toBe(0);
  expect(hypercall(machineWith('strict'), 0xf800, 0x10_0000n)).toBe(0);
});

test('H-3, H-9: --nested chooses what all of L0 does; no other machine has it', () => {
  const policies = (['strict', 'linux'] as const).map(
    (choice) => (machineWith(choice).l0!.nested as NestedGuests).nested.hazards,
  );
  expect(policies).toEqual([STRICT, LINUX]);
  expect(() => machineWith('off', POWERNV_MACHINE)).toThrow(/--nested: machine powernv has no hypervisor/);
});

const read = (...names: string[]): string => fs.readFileSync(path.join(__dirname, ...names), 'utf8');
const TITLES = fs
  .readdirSync(__dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .flatMap((name) =>
    [...read(name).matchAll(/^ *(?:test|it).*\(\n? *['`]([^\n]*)/gm)].map(([, title]) => title!),
  );
const DOCUMENT = read('../../../docs/pseries.md');

test.each(Object.entries(HAZARDS))(
  'hazard %s is in the title of a test and has its row in the document',
  (id, text) => {
    expect(TITLES.filter((title) => new RegExp(`${id}\\b`).test(title))).not.toEqual([]);
    expect(DOCUMENT).toContain(`| ${id} `);
    expect(DOCUMENT.replace(/\s+/g, ' ')).toContain(text);
  },
);
