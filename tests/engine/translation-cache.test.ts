import fc from 'fast-check';
import { TranslationCache } from '../../src/engine/translation-cache';
import { CpuState } from '../../src/state/cpu-state';
import { memoryMap, offsetOf, TLB_ENTRIES, TLB_ENTRY } from '../../src/state/layout';

const RAM = 1 << 20;
const DCTX = offsetOf('DCTX');

function setUp() {
  const map = memoryMap(RAM, 1, 2);
  const buffer = new ArrayBuffer(map.total);
  const cpu = new CpuState(buffer, 0, 0);
  const cache = new TranslationCache(buffer, map, cpu);
  cpu.set(DCTX, 5n);
  const words = new Int32Array(buffer);
  /** What generated code does: compare the tag of the entry, then add the addend. */
  const lookUp = (hi: number, lo: number, store: boolean): number | undefined => {
    const at = (map.tlbBase >> 2) + ((lo >>> 12) & (TLB_ENTRIES - 1)) * (TLB_ENTRY.size >> 2);
    const tag = at + (store ? 2 : 0);
    if (words[tag] !== ((lo & ~0xfff) | cpu.lo(DCTX)) || words[tag + 1] !== hi) return undefined;
    return (lo + words[at + 4]! - map.ramBase) >>> 0;
  };
  return { cache, cpu, lookUp };
}

const READ_WRITE = { read: true, write: true };

describe('the translation cache', () => {
  test('is empty at first, for every address', () => {
    const { lookUp } = setUp();
    expect(lookUp(0, 0, false)).toBeUndefined();
    expect(lookUp(-1, -4096, true)).toBeUndefined();
  });

  test('gives the real address of what was entered, for the permitted accesses only', () => {
    const { cache, lookUp } = setUp();
    cache.insert(0x40000000, 0x12345000, 0x7000, { read: true, write: false });
    expect(lookUp(0x40000000, 0x12345678, false)).toBe(0x7678);
    expect(lookUp(0x40000000, 0x12345678, true)).toBeUndefined();
    cache.insert(0x40000000, 0x12345000, 0x7000, READ_WRITE);
    expect(lookUp(0x40000000, 0x12345678, true)).toBe(0x7678);
  });

  test('a page entered again elsewhere forgets the permissions it had', () => {
    const { cache, lookUp } = setUp();
    cache.insert(0, 0x5000, 0x1000, READ_WRITE);
    cache.insert(0, 0x5000, 0x2000, { read: true, write: false });
    expect(lookUp(0, 0x5000, false)).toBe(0x2000);
    expect(lookUp(0, 0x5000, true)).toBeUndefined();
  });

  test('another context does not see it', () => {
    const { cache, cpu, lookUp } = setUp();
    cache.insert(0, 0x5000, 0x1000, READ_WRITE);
    cpu.set(DCTX, 6n);
    expect(lookUp(0, 0x5000, false)).toBeUndefined();
    cpu.set(DCTX, 5n);
    expect(lookUp(0, 0x5000, false)).toBe(0x1000);
  });

  test('dropping a large page drops its pages in every quadrant and leaves its neighbours', () => {
    const { cache, lookUp } = setUp();
    cache.insert(0xc0000000 | 0, 0x1f000, 0x1000, READ_WRITE);
    cache.insert(0, 0x20000, 0x2000, READ_WRITE);
    cache.dropPages(0, 0x12345, 16);
    expect(lookUp(0xc0000000 | 0, 0x1f000, false)).toBeUndefined();
    expect(lookUp(0, 0x20000, false)).toBe(0x2000);
  });

  test('dropping pages by their offset in a segment takes them in every segment of either size, and their neighbours not', () => {
    const { cache, lookUp } = setUp();
    const offset = 0x0123_0000;
    const segments: readonly (readonly [hi: number, lo: number])[] = [
      [0, 0],
      [0, 0x3000_0000],
      [0x7fff, 0x5000_0000],
      [0xc0000000 | 0, -0x2000_0000],
    ];
    for (const [hi, lo] of segments)
      for (const beside of [-0x1000, 0, 0xf000, 0x10000]) {
        cache.insert(hi, lo | (offset + beside), 0x2000, READ_WRITE);
        cache.dropSegmentPages(offset + 0x4321, 16);
        const stays = beside < 0 || beside === 0x10000;
        expect(lookUp(hi, lo | (offset + beside), true)).toBe(stays ? 0x2000 : undefined);
      }
  });

  test('dropping the writes of a real page keeps its reads and the writes of others', () => {
    const { cache, lookUp } = setUp();
    cache.insert(0, 0x5000, 0x1000, READ_WRITE);
    cache.insert(0, 0x9000, 0x1000, READ_WRITE);
    cache.insert(0, 0xa000, 0x2000, READ_WRITE);
    cache.dropWrites(0x1000);
    expect(lookUp(0, 0x5000, true)).toBeUndefined();
    expect(lookUp(0, 0x9000, true)).toBeUndefined();
    expect(lookUp(0, 0x5000, false)).toBe(0x1000);
    expect(lookUp(0, 0xa000, true)).toBe(0x2000);
  });

  test('never gives an address outside host real memory, and never a page that was not entered last', () => {
    const address = fc.record({
      hi: fc.constantFrom(0, 0x40000000, -0x80000000, -0x40000000, 0x00100000),
      page: fc.constantFrom(0, 1, 2, 0xffff, 0x10000, 0x10001, 0xfffff),
    });
    const step = fc.oneof(
      fc.record({ insert: address, ra: fc.nat(RAM / 4096 - 1), write: fc.boolean(), ctx: fc.nat(3) }),
      fc.record({ drop: address, shift: fc.constantFrom(12, 16, 21) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { cache, cpu, lookUp } = setUp();
        /** The obvious twin: what was entered last for each page and context. */
        const model = new Map<string, { ra: number; write: boolean }>();
        for (const s of steps) {
          if ('insert' in s) {
            const { hi, page } = s.insert;
            cpu.set(DCTX, BigInt(1 + s.ctx));
            cache.insert(hi, page << 12, s.ra * 4096, { read: true, write: s.write });
            const key = `${hi},${page},${1 + s.ctx}`;
            const before = model.get(key);
            const write = s.write || (before?.ra === s.ra && before.write);
            model.set(key, { ra: s.ra, write });
          } else {
            const { hi, page } = s.drop;
            const first = page & -(2 ** (s.shift - 12));
            cache.dropPages(hi, page << 12, s.shift);
            for (const key of [...model.keys()]) {
              const [h, p] = key.split(',').map(Number);
              const inRange = p! >= first && p! < first + 2 ** (s.shift - 12);
              if (((h! ^ hi) & 0x3fffffff) === 0 && inRange) model.delete(key);
            }
          }
        }
        for (const hi of [0, 0x40000000, -0x80000000, -0x40000000, 0x00100000])
          for (const page of [0, 1, 2, 0xffff, 0x10000, 0x10001, 0xfffff])
            for (let ctx = 1; ctx <= 4; ctx++) {
              cpu.set(DCTX, BigInt(ctx));
              const expected = model.get(`${hi},${page},${ctx}`);
              for (const store of [false, true]) {
                const found = lookUp(hi, (page << 12) | 0x10, store);
                // The cache may have forgotten, it may not invent.
                if (found === undefined) continue;
                expect(found).toBeLessThan(RAM);
                expect(found).toBe(expected!.ra * 4096 + 0x10);
                if (store) expect(expected!.write).toBe(true);
              }
            }
      }),
    );
  });
});
