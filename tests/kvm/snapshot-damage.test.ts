/** A saved VM that somebody changed: refused with the place named, or a VM that is sound. */
import { UserError } from '../../src/core/errors';
import { RealMemory } from '../../src/core/memory';
import { StateReader, type Json } from '../../src/core/saved-state';
import { checkInvariants } from '../../src/kvm/check-invariants';
import { mergeIdentical, perform, swapOut } from '../../src/kvm/host/operations';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../src/kvm/memslot';
import { PowerArch } from '../../src/kvm/power-arch';
import { makeKvmMemory, saveKvmMemory } from '../../src/kvm/snapshot';
import { readGuest, writeGuest } from '../../src/kvm/translate';
import type { Kvm } from '../../src/kvm/vm';
import { Random, SEED } from '../support/random';
import { mutated, pathsOf, replaced, valueAt } from '../support/mutate-json';
import { TestVm } from './support';

function busyVm(): TestVm<PowerArch> {
  const t = new TestVm(new PowerArch());
  const hva = t.setMapped({ id: 1, gfn: 16, pages: 8, flags: KVM_MEM_LOG_DIRTY_PAGES });
  t.set({ id: 2, gfn: 64, pages: 4, hva: hva + 4 * t.pageSize });
  for (let page = 0; page < 8; page++)
    writeGuest(t.vm, { gpa: BigInt((16 + page) * t.pageSize), bytes: Uint8Array.of(page >> 1, 7) });
  perform(swapOut(t.host.mm, hva, hva + t.pageSize));
  mergeIdentical(t.host.mm, hva + 2 * t.pageSize, hva + 3 * t.pageSize);
  return t;
}

const busy = busyVm();
const SAVED = saveKvmMemory(busy.vm) as Json;
const BYTES = busy.host.frames.memory.bytes.slice();

function restore(saved: Json): Kvm {
  const memory = RealMemory.ofSize(BYTES.length);
  memory.bytes.set(BYTES);
  const read = JSON.parse(JSON.stringify(saved)) as Json;
  return makeKvmMemory(new StateReader('s.snap', read), { memory, arch: new PowerArch() });
}

type Path = readonly (string | number)[];
const changed = (path: Path, change: (old: Json) => Json | undefined): Json =>
  replaced(SAVED, path, change(valueAt(SAVED, path)));
const add = (more: number) => (old: Json) => (old as number) + more;
const twice = (old: Json): Json => [...(old as Json[]), (old as Json[])[0]!];
const first = ['mm', 'vmas', 0] as const;

test.each<[string, Path, (old: Json) => Json | undefined, RegExp]>([
  ['a free block twice', ['frames', 'free', 0], twice, /frames\.free: expected blocks of 2\^0 frames/],
  [
    'a block that is not aligned',
    ['frames', 'free', 3, 0],
    add(1),
    /blocks of 2\^3 frames that are free once/,
  ],
  [
    'a lost frame',
    ['frames', 'free', 0],
    (old) => (old as Json[]).slice(1),
    /frame \d+ to be free or in use/,
  ],
  ['a piece twice', ['heap', 'pieces'], twice, /heap\.pieces: expected room for a piece/],
  ['a piece of no size', ['heap', 'pieces', 0, 1], () => 0, /heap\.pieces/],
  ['a piece beyond memory', ['heap', 'pieces', 0, 0], add(2 ** 30), /heap\.pieces/],
  [
    'a free piece that is lost',
    ['heap', 'free', 1],
    (old) => (old as Json[]).slice(1),
    /heap\.free: expected every/,
  ],
  ['a page in a free frame', [...first, 'entries', 1, 0], add(1000), /vmas\.0\.entries: expected an entry/],
  ['a page in the heap', [...first, 'entries', 1, 0], (old) => ((old as number) & ~0xfffff) | 0, /entries/],
  ['a page twice swapped', [...first, 'entries'], twice, /entries: expected runs of 8 values/],
  ['too large an area', [...first, 'end'], () => 2 ** 51, /vmas\.0\.end: expected an integer/],
  ['areas that meet', ['mm', 'vmas'], twice, /vmas\.1\.start|vmas\.2\.start/],
  ['a swap slot twice', ['mm', 'swap', 'free'], () => [0], /swap\.free: expected each of 2 slots once/],
  ['a swapped page that nobody has', ['mm', 'swap', 'pages'], () => [], /entries/],
  [
    'a swapped page of another size',
    ['mm', 'swap', 'pages', 0, 'bytes'],
    () => '00',
    /bytes: expected 4096 bytes/,
  ],
  ['a slot twice', ['spaces', 0, 'slots'], twice, /slots\.2\.(id|rmap): expected/],
  [
    'slots that meet',
    ['spaces', 0, 'slots', 1, 'baseGfn'],
    () => 20,
    /slots\.1\.id: expected a slot that neither/,
  ],
  [
    'a reverse map in the next page',
    ['spaces', 0, 'slots', 0, 'rmap'],
    add(4096),
    /slots\.0\.rmap: expected an array/,
  ],
  [
    'a bitmap without logging',
    ['spaces', 0, 'slots', 0, 'flags'],
    () => 0,
    /slots\.0\.dirty: expected what the flags/,
  ],
  [
    'a dirty page beyond the slot',
    ['spaces', 0, 'slots', 0, 'dirty', 0, 0],
    () => 256,
    /no page beyond the slot/,
  ],
  [
    'a read-only slot',
    ['spaces', 0, 'slots', 1, 'flags'],
    () => 2,
    /slots\.1\.flags: expected a slot that may be/,
  ],
  ['an update under way', ['spaces', 0, 'generation'], () => 2 ** 52, /generation: expected an integer/],
  ['too many vCPUs', ['vcpus'], () => Array<Json>(3000).fill({}), /vcpus: expected an array of at most 2048/],
  ['an unknown key', ['extra'], () => 1, /s\.snap\.extra: expected no such key/],
])('%s is refused', (_what, path, change, message) => {
  const old =
    path.length === 1 && path[0] === 'extra' ? { ...(SAVED as object), extra: 1 } : changed(path, change);
  expect(() => restore(old)).toThrow(UserError);
  expect(() => restore(old)).toThrow(message);
});

test(`any change is refused, or leaves a VM that is sound (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const paths = pathsOf(SAVED);
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const path = paths[random.below(paths.length)]!;
    const saved = replaced(SAVED, path, mutated(valueAt(SAVED, path), random));
    try {
      const vm = restore(saved);
      expect({ path, broken: checkInvariants(vm) }).toEqual({ path, broken: [] });
      const bytes = new Uint8Array(8192);
      for (let gfn = 0; gfn < 80; gfn++) {
        readGuest(vm, { gpa: BigInt(gfn * 4096), bytes });
        writeGuest(vm, { gpa: BigInt(gfn * 4096), bytes });
      }
      saveKvmMemory(vm);
      vm.destroy();
      vm.mm.exit();
    } catch (error) {
      if (!(error instanceof UserError))
        throw new Error(`${path.join('.')}: ${String(error)}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(250);
});
