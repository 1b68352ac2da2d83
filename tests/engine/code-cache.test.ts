import { CodeCache, type DecodeMode } from '../../src/engine/code-cache';
import { SPECIAL } from '../../src/engine/helpers';
import { memoryMap, RECORD } from '../../src/state/layout';

const BIG: DecodeMode = { id: 0, littleEndian: false, tableBase: 100 };
const LITTLE: DecodeMode = { id: 1, littleEndian: true, tableBase: 200 };
const NOP = 0x60000000;

function setUp(slots = 4) {
  const map = memoryMap(1 << 20, 1, slots);
  const buffer = new ArrayBuffer(map.total);
  let evictions = 0;
  const code = new CodeCache(buffer, map, () => evictions++);
  const ram = new DataView(buffer, map.ramBase);
  const words = new Int32Array(buffer);
  const handler = (record: number): number => words[record >> 2]!;
  return { code, ram, handler, map, evictions: () => evictions };
}

describe('decoded pages', () => {
  test('hold the words of the page in the order of the mode, undecoded, and end with the record that leaves it', () => {
    const { code, ram, handler } = setUp();
    ram.setInt32(0x3008, NOP);
    const big = code.records(0x3000, BIG);
    const little = code.records(0x3ffc, LITTLE);
    expect(code.wordAt(big + 2 * RECORD.size)).toBe(NOP);
    expect(code.wordAt(little + 2 * RECORD.size)).toBe(0x60);
    expect(handler(big)).toBe(100 + SPECIAL.decode);
    expect(handler(little + RECORD.perPage * RECORD.size)).toBe(200 + SPECIAL.pageEnd);
  });

  test('a record knows the real address of its instruction', () => {
    const { code } = setUp();
    const record = code.records(0x3000, BIG) + 5 * RECORD.size;
    expect(code.locate(record)).toEqual({ mode: BIG, address: 0x3014 });
  });

  test('a page is decoded once for each mode', () => {
    const { code } = setUp();
    expect(code.records(0x3000, BIG)).toBe(code.records(0x3ffc, BIG));
    expect(code.records(0x3000, BIG)).not.toBe(code.records(0x3000, LITTLE));
  });

  test('a store renews the record it touches and the one before, in every mode, and no other', () => {
    const { code, ram, handler } = setUp();
    const records = [BIG, LITTLE].map((mode) => code.records(0x3000, mode));
    for (const record of records) for (let i = 0; i < 6; i++) code.setHandler(record + i * RECORD.size, 7);
    ram.setInt32(0x300c, NOP);
    code.written(0x300e, 1);
    records.forEach((record, m) => {
      const handlers = [0, 1, 2, 3, 4, 5].map((i) => handler(record + i * RECORD.size));
      const undecoded = (m ? 200 : 100) + SPECIAL.decode;
      expect(handlers).toEqual([7, 7, undecoded, undecoded, 7, 7]);
    });
    expect(code.wordAt(records[0]! + 3 * RECORD.size)).toBe(NOP);
  });

  test('a store that crosses into the next page renews both', () => {
    const { code, ram } = setUp();
    const first = code.records(0x3000, BIG);
    const second = code.records(0x4000, BIG);
    ram.setInt32(0x3ffe, -1);
    code.written(0x3ffe, 4);
    expect(code.wordAt(first + 1023 * RECORD.size)).toBe(0xffff);
    expect(code.wordAt(second)).toBe(0xffff0000 | 0);
  });

  test('the oldest page makes room, and stores to it need not be seen any more', () => {
    const { code, evictions } = setUp(2);
    code.records(0x1000, BIG);
    code.records(0x2000, BIG);
    expect(code.holds(0x1abc)).toBe(true);
    code.records(0x3000, BIG);
    expect(evictions()).toBe(1);
    expect(code.holds(0x1abc)).toBe(false);
    expect(code.holds(0x2000)).toBe(true);
  });
});
