/**
 * The scenarios of nested guests by number: `S31` in the title of a test is scenario 31. Here are those that are about
 * calls which this hypervisor does not offer, and the proof that every number is somewhere.
 */
import fs from 'node:fs';
import path from 'node:path';
import { clearNested } from '../../../src/kvm/nested/host-events';
import { HypercallTable } from '../../../src/kvm/hypercalls/table';
import { L2Tree, World } from './support';

const NGPA = 0x40_0000;
const GPA = 0x80_0000;
const H_FUNCTION = -2;
/** H_GUEST_GET_CAPABILITIES to H_GUEST_DELETE; 0x484 is H_GUEST_COPY_MEMORY. */
const API_V2 = [0x460, 0x464, 0x470, 0x474, 0x478, 0x47c, 0x480, 0x484, 0x488];
/** H_SVM_PAGE_IN, PAGE_OUT, INIT_START, INIT_DONE, INIT_ABORT. */
const ULTRAVISOR = [0xef00, 0xef04, 0xef08, 0xef0c, 0xef14];

test('S33: only R and C can be taken from shadow entries, and nothing else goes with them', () => {
  const world = new World();
  const tree = new L2Tree(world);
  tree.map(NGPA, GPA);
  world.access(NGPA, 'store');
  const before = world.shadow(NGPA)!.pte;
  const slot = world.vm.gfnToMemslot(GPA / 65536)!;
  const host = world.hostOf(GPA);
  const frames = { slot, gfn: GPA / 65536, pages: 1, host };
  for (const bit of ['R', 'C'] as const) expect(clearNested(world.nested, frames, bit)).toBe(true);
  expect(before & ~world.shadow(NGPA)!.pte).toBe(0x180n);
  // @ts-expect-error: there is no such bit to take
  expect(() => clearNested(world.nested, frames, 'WRITE')).toThrow(TypeError);
  expect(world.shadow(NGPA)!.pte).toBe(before & ~0x180n);
});

test.each(API_V2)(
  'S64, S65, S66, S67, S68, S69: API v2 is not offered, call %i is H_FUNCTION: L1 uses v1',
  (number) => {
    const world = new World();
    expect(HypercallTable.row(number)).toBeUndefined();
    expect(world.hypercall(number, 0, 1, 0, 0x2_0000, 0x1000)).toBe(H_FUNCTION);
    // Flags, capabilities and buffers make no difference, nor does a second call.
    expect(world.hypercall(number, 1n << 63n, 1n << 63n, 1n << 61n)).toBe(H_FUNCTION);
  },
);

test.each(ULTRAVISOR)('S63, S77, S78, S79: there are no secure guests, call %i is H_FUNCTION', (number) => {
  const world = new World();
  expect(HypercallTable.row(number)).toBeUndefined();
  for (const order of [12, 16]) expect(world.hypercall(number, GPA, 2, order)).toBe(H_FUNCTION);
});

const TESTS = path.join(__dirname, '../..');

function* testFiles(folder: string): Generator<string> {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(name);
    else if (entry.name.endsWith('.test.ts')) yield name;
  }
}

const isHashed = (number: number): boolean => number >= 70 && number <= 76;

test('every scenario from 1 to 79 is in the title of a test', () => {
  const found = new Set<number>();
  for (const file of testFiles(TESTS))
    for (const [, title] of fs.readFileSync(file, 'utf8').matchAll(/\(\n? *['`]([^\n]*)/g))
      for (const [, number] of title!.matchAll(/\b(?:S|scenario )(\d+)\b/g)) found.add(Number(number));
  // The part with hashed page tables brings its tests along.
  const hashed = [...found].some(isHashed);
  const all = Array.from({ length: 79 }, (_, i) => i + 1).filter((number) => hashed || !isHashed(number));
  expect(all.filter((number) => !found.has(number))).toEqual([]);
});
