/**
 * Walks step by step, with cycles computed by hand from the state machine of Microwatt's MMU.
 *
 * From the access: 2 until the machine has it. The second level answers 5 later, 6 for its last two ways; then the entry
 * goes into the first level, and the access again: 9 or 10. What the cache of tables knows of 2 MiB or 1 GiB is there 7
 * later, the first read begins at 10; of 512 GiB at 11; nothing is known after 5, the next step begins at 8. A read is 3, a miss
 * of the data cache 3 more, and the next refill can begin 11 after the one before. 1 at the end.
 */
import { TableReads, tableLevel } from '../../src/mmu/table-reads';
import { MICROWATT_PROFILE } from '../../src/timing';
import { MemoryPort } from '../../src/timing/memory-port';
import { Cells, TICKS } from '../../src/timing/state';
import { Structures } from '../../src/timing/structures';
import { TranslationModel } from '../../src/timing/translation';

const PATE = tableLevel({ scope: 'partition', what: 'PATE', purpose: 'access' });
const PRTE = tableLevel({ scope: 'process', what: 'PRTE', purpose: 'access' });
const level = (n: number, what: 'PDE' | 'PTE' = 'PDE'): number =>
  tableLevel({ scope: 'process', what, purpose: 'access', level: n });

/** Tables in lines of sets of their own; those of other 2 MiB, 1 GiB and 512 GiB are elsewhere. */
function read(reads: TableReads, lo: number, hi: number, upTo: number): TableReads {
  const index = (shift: number): number => (shift >= 32 ? hi >>> (shift - 32) : lo >>> shift);
  const shifts = [39, 30, 21, 12].filter((shift) => shift >= upTo);
  shifts.forEach((shift, i) => {
    const leaf = i === shifts.length - 1;
    reads.add(
      level(i, leaf ? 'PTE' : 'PDE'),
      0x4000 * (i + 1) + 0x80 * (i + 1) + 8 * (index(shift) & 511),
      shift,
    );
  });
  return reads;
}

/** @param upTo log2 of the page's size */
function model(upTo = 12) {
  const cells = Cells.detached();
  cells.reset(0);
  const source = {
    context: (hi: number) => (hi < 0 ? 0 : 1),
    walk: (_use: string, hi: number, lo: number) => {
      const reads = new TableReads();
      reads.add(PATE, 0x1000);
      reads.add(PRTE, 0x2040);
      return read(reads, lo, hi, upTo);
    },
    leaf: (_use: string, hi: number, lo: number) => {
      const reads = read(new TableReads(), lo, hi, upTo);
      reads.keepLast();
      return reads;
    },
  };
  const structures = new Structures(MICROWATT_PROFILE);
  const port = new MemoryPort(MICROWATT_PROFILE, cells);
  const made = new TranslationModel(MICROWATT_PROFILE, { cells, structures, port }, source);
  let at = 0;
  /** Cycles of an access long after the one before. */
  const cost = (lo: number, hi = 0, use: 'data' | 'fetch' = 'data'): number => {
    at += 1000 * TICKS.cycle;
    return made.cost(use, hi, lo, at) / TICKS.cycle;
  };
  return { made, cost };
}

/** Walks the same tables before, so that the data cache has them, and forgets everything else. */
function warm(upTo = 12) {
  const made = model(upTo);
  made.cost(0x5000);
  made.made.drop();
  made.made.dropWalks();
  made.made.dropTables('all');
  return made;
}

test('from the roots: 8 until nothing is known, PATE beside that, PRTE, check, four reads', () => {
  // PATE read at 3 to 6, before 8. PRTE at 8, check at 11, reads at 12, 15, 18, 21, then 24 + 1.
  expect(warm().cost(0x5000)).toBe(25);
});

test('where every read misses, each waits for the refill before', () => {
  // PATE at 3, its line starts at once and is there at 6: 9, and 1. PRTE asked at 10, starts at 14: 20; check: 21. The
  // next ones start at 25, 36, 47, 58: the last ends at 64, and 1.
  expect(model().cost(0x5000)).toBe(65);
});

test('the next page of the table: the second level is asked first, then one read', () => {
  const { cost } = warm();
  cost(0x5000);
  expect(cost(0x6000)).toBe(10 + 3 + 1);
});

test('the next table of the same 1 GiB: two reads; of the same 512 GiB three, one later', () => {
  const { cost } = warm();
  cost(0x5000);
  // Entries of the same lines: 8 bytes on.
  expect(cost(0x0020_5000)).toBe(10 + 2 * 3 + 1);
  expect(cost(0x4000_5000)).toBe(11 + 3 * 3 + 1);
});

test('another 512 GiB: nothing is known, but where the tree is', () => {
  const { cost } = warm();
  cost(0x5000);
  expect(cost(0x5000, 0x80)).toBe(8 + 1 + 4 * 3 + 1);
});

test('the tree of the kernel is another one, and stays with another process', () => {
  const { cost, made } = warm();
  cost(0x5000);
  made.dropTables('process');
  // PRTE again, for lower addresses.
  expect(cost(0x5000, 0x80)).toBe(8 + 3 + 1 + 4 * 3 + 1);
  const kernel = 0xc0000000 | 0;
  // Indices of 13 bits: entries of its own 512 GiB miss once.
  cost(0x5000, kernel);
  made.dropWalks();
  made.dropTables('process');
  made.drop();
  expect(cost(0x5000, kernel)).toBe(8 + 1 + 4 * 3 + 1);
});

test('pages of 2 MiB are found with the tables, and not in the second level', () => {
  const { cost, made } = warm(21);
  // PRTE, check, three reads.
  expect(cost(0x5000)).toBe(8 + 3 + 1 + 3 * 3 + 1);
  expect(cost(0x6000)).toBe(11);
  made.dropFirst();
  expect(cost(0x5000)).toBe(11);
  // tlbie without RIC takes pages and leaves tables: of 1 GiB.
  made.drop();
  expect(cost(0x5000)).toBe(10 + 3 + 1);
});

test('pages of 1 GiB are kept nowhere', () => {
  const { cost, made } = warm(30);
  cost(0x5000);
  made.dropFirst();
  // The table of 512 GiB is known.
  expect(cost(0x5000)).toBe(11 + 3 + 1);
});

test('the last two ways of the second level answer one later', () => {
  const { cost, made } = warm();
  // The same set, 0: the low six bits of the page number ^ page number / 64.
  const pages = [0x41000, 0x82000, 0xc3000, 0x104000];
  for (const page of pages) cost(page);
  made.dropFirst();
  expect(pages.map((page) => cost(page))).toEqual([9, 9, 10, 10]);
});

// Seen as missing a cycle behind its look-up, it goes through the stages as an instruction that fails, one later than its own, and
// asks 2 behind its issue. The entry is there 6 later, looked up 2 later, and issues 3 behind that: 1 + 2 + 6 + 2 + 3 = 9 + 5.
test('a fetch takes five more', () => {
  const { cost, made } = warm();
  cost(0x5000);
  made.dropFirst();
  expect(cost(0x5000, 0, 'fetch')).toBe(9 + 5);
});
