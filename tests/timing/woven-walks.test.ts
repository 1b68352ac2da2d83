/**
 * Translation behind the first level: generated code, with TypeScript where it says so, against TypeScript alone, for
 * any sequence of addresses, processes and invalidations.
 */
import fc from 'fast-check';
import {
  HASHED_ENTRY,
  PARTITION_ENTRY,
  PROCESS_ENTRY,
  TableReads,
  tableLevel,
} from '../../src/mmu/table-reads';
import { WASM } from '../../src/engine/wasm/api';
import { ModuleBuilder } from '../../src/engine/wasm/module';
import { offsetOf } from '../../src/state/layout';
import { MICROWATT_PROFILE } from '../../src/timing';
import { MemoryPort } from '../../src/timing/memory-port';
import { CELL, Cells, COUNTS, ticksOf } from '../../src/timing/state';
import { Structures, tlbSet } from '../../src/timing/structures';
import { TranslationModel, type WalkSource } from '../../src/timing/translation';
import { CONTEXT_MASK, LPID_SHIFT } from '../../src/timing/walks';
import { declareTimingImports } from '../../src/timing/weave-imports';
import { RefillHelper } from '../../src/timing/weave-refill';
import { TableHelpers } from '../../src/timing/weave-tables';
import { WalkHelper } from '../../src/timing/weave-walk';

const profile = MICROWATT_PROFILE;
const { instruction, data } = profile.translation;
/** Where the CPU's tables lie; the CPU is at 0. */
const REGION = 0x10000;
const memory = new WASM.Memory({ initial: 8, maximum: 8 });
const words = new Int32Array(memory.buffer);

type Walk = (cpu: number, ea: bigint, leaf: number, at: bigint) => bigint;
const generated = ((): Readonly<Record<'fetch' | 'data', Walk>> => {
  const builder = new ModuleBuilder();
  const imports = declareTimingImports(builder);
  const parts = { builder, profile, imports, tables: new TableHelpers(builder) };
  const helper = new WalkHelper(parts, new RefillHelper(parts));
  builder.export('fetch', helper.fetch!);
  builder.export('data', helper.data!);
  const table = new WASM.Table({ element: 'anyfunc', initial: 0 });
  const nothing = (): number => 0;
  const env = {
    memory,
    table,
    timeLeave: nothing,
    timeFetch: nothing,
    timeIssue: nothing,
    timeAccess: nothing,
  };
  return new WASM.Instance(new WASM.Module(builder.encode(0)), { env }).exports as never;
})();

interface Address {
  readonly hi: number;
  readonly lo: number;
}
const SHAPES = ['4K', '4K', '64K', '2M', '1G', 'primary', 'secondary'] as const;
/** What a gigabyte of addresses is mapped with: the same for ever. */
const shapeOf = ({ hi, lo }: Address): (typeof SHAPES)[number] =>
  SHAPES[((hi >>> 30) + (hi & 0xff) + 3 * (lo >>> 30) + (lo >>> 22)) % SHAPES.length]!;

const entry = (what: 'PDE' | 'PTE', level: number) =>
  tableLevel({ scope: 'process', what, purpose: 'access', level });
const place = ({ hi, lo }: Address, shift: number): number =>
  shift >= 32 ? hi >>> (shift - 32) : (lo >>> shift) | (hi << (32 - shift));

/** All that a walk from the root reads. */
function readsOf(at: Address): TableReads {
  const reads = new TableReads();
  const shape = shapeOf(at);
  reads.add(PARTITION_ENTRY, 0x100);
  if (shape === 'primary' || shape === 'secondary') {
    const group = (place(at, 16) & 31) * 128 + 0x4000;
    const found = place(at, 12) & 7;
    if (shape === 'secondary') for (let i = 0; i < 8; i++) reads.add(HASHED_ENTRY, group + 16 * i);
    for (let i = 0; i <= found; i++)
      reads.add(HASHED_ENTRY, (shape === 'primary' ? group : group ^ 0x1f80) + 16 * i);
    return reads;
  }
  reads.add(PROCESS_ENTRY, 0x180);
  const leaf = { '4K': 12, '64K': 16, '2M': 21, '1G': 30 }[shape];
  [39, 30, 21, leaf]
    .filter((shift, i, all) => shift >= leaf && all.indexOf(shift) === i)
    .forEach((shift, level) => {
      const table = 0x8000 + 0x1000 * level + 0x100 * (place(at, shift + 9) & 15);
      reads.add(entry(shift === leaf ? 'PTE' : 'PDE', level), table + 8 * (place(at, shift) & 31), shift);
    });
  return reads;
}

const lastOf = (at: Address): TableReads => {
  const reads = readsOf(at);
  reads.keepLast();
  return reads;
};

class Side {
  pid = 0;
  lpid = 0;
  readonly structures: Structures;
  readonly model: TranslationModel;

  constructor(
    readonly cells: Cells,
    region?: Int32Array,
    at?: number,
  ) {
    this.structures = new Structures(profile, region, at);
    const source: WalkSource = {
      walk: (_use, hi, lo) => readsOf({ hi, lo }),
      leaf: (_use, hi, lo) => lastOf({ hi, lo }),
      context: (hi) => ((hi < 0 ? 0 : this.pid) ^ (this.lpid << LPID_SHIFT)) & CONTEXT_MASK,
    };
    const port = new MemoryPort(profile, cells);
    this.model = new TranslationModel(profile, { cells, structures: this.structures, port }, source);
    cells.reset(0);
    this.model.reset();
  }

  cost(use: 'fetch' | 'data', { hi, lo }: Address, at: number): number {
    return this.model.cost(use, hi, lo, at);
  }

  summary(): unknown {
    return {
      counts: COUNTS.map((name, i) => [name, this.cells.get(CELL.counts + i)]),
      levels: [...this.model.byLevel],
      pages: this.model.pages.values(),
    };
  }
}

class Woven extends Side {
  /** What generated code did itself. */
  static done = 0;

  constructor() {
    words.fill(0);
    super(new Cells(words, offsetOf('TIMING') / 4), words, REGION / 4);
    words[offsetOf('TIMINGBASE') / 4] = REGION;
  }

  override cost(use: 'fetch' | 'data', address: Address, at: number): number {
    const { structures } = this;
    const { hi, lo } = address;
    const first = use === 'fetch' ? structures.instructionTlb : structures.dataTlb;
    const page = place(address, 12);
    const set = tlbSet(use === 'fetch' ? instruction : data, page, 0);
    if (first.lookup(set, hi >>> 12, page)) return 0;
    words[offsetOf('PIDR') / 4] = this.pid;
    words[offsetOf('LPIDR') / 4] = this.lpid;
    const leaf = shapeOf(address) === 'secondary' ? 0 : structures.leaves.wordOf(lastOf(address));
    const ea = (BigInt(hi) << 32n) | BigInt(lo >>> 0);
    const ticks = Number(generated[use](0, ea, leaf, BigInt(at)));
    if (ticks < 0) return super.cost(use, address, at);
    Woven.done++;
    return ticks;
  }
}

const address = fc
  .record({
    hi: fc.constantFrom(0, 1, 0x80, 0x4000, 0x80000000 | 0, 0xc0000000 | 0, 0xc0004000 | 0),
    gigabyte: fc.nat(3),
    table: fc.nat(3),
    page: fc.nat(20),
  })
  .map(({ hi, gigabyte, table, page }): Address => ({
    hi,
    lo: (gigabyte << 30) | (table << 22) | (page << 12),
  }));
const step = fc.record({
  use: fc.constantFrom('fetch' as const, 'data' as const),
  address,
  pause: fc.nat(40),
  event: fc.nat(60),
  pid: fc.nat(2),
  lpid: fc.nat(2),
});

/** What happens now and then beside accesses. */
function happens(
  side: Side,
  { event, pid, lpid, address: { hi, lo } }: { event: number; pid: number; lpid: number; address: Address },
): void {
  const { model } = side;
  if (event === 0) model.drop();
  if (event === 1) model.drop({ hi: hi >>> 12, lo: place({ hi, lo }, 12) });
  if (event === 2) model.dropWalks();
  if (event === 3) model.dropTables('all');
  if (event < 20) model.dropFirst();
  if (event !== 4) return;
  Object.assign(side, { pid, lpid });
  model.dropTables('process');
  model.dropFirst();
}

test('generated code and TypeScript take the same time, for the same reasons', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 400, size: 'max' }), (steps) => {
      const [obvious, woven] = [new Side(Cells.detached()), new Woven()];
      let at = 0;
      for (const one of steps) {
        for (const side of [obvious, woven]) happens(side, one);
        at += ticksOf(one.pause);
        const expected = obvious.cost(one.use, one.address, at);
        expect(woven.cost(one.use, one.address, at)).toBe(expected);
        at += expected;
      }
      expect(woven.summary()).toEqual(obvious.summary());
    }),
  );
  expect(Woven.done).toBeGreaterThan(1000);
});
