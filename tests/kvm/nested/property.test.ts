/**
 * Any sequence of L1's table edits, accesses of nested guests, invalidations, events of the host and slot changes:
 * every access gives what a walk of L1's table and a look at the host give afterwards, through shadow tables, reverse
 * map and architected lookaside buffers. L1 invalidates what it takes away, as a correct one does; the host does
 * whatever it likes.
 */
import { PTE } from '../../../isa/tables/radix';
import { getDirtyLog } from '../../../src/kvm/dirty-log';
import {
  collapse,
  discardPages,
  makeOld,
  migratePages,
  perform,
  splitHuge,
  swapOut,
  writeProtect,
} from '../../../src/kvm/host/operations';
import { KVM_MEM_LOG_DIRTY_PAGES } from '../../../src/kvm/memslot';
import { checkNested } from '../../../src/kvm/nested/check';
import { checkInvariants } from '../../../src/kvm/check-invariants';
import { MIB } from '../../../src/kvm/page';
import { L2Tree, RC, World, type L2Access } from './support';

const PAGE = 65536;
const STEPS = 50_000;
const CHECK_EVERY = 97;
const LPIDS = [1, 5, 9];
/** L2 addresses: eight neighbouring blocks of 2 MiB at a place of its own. */
const BLOCKS = 4;
const BASE = 0x12_4000_0000;
/** L1 memory that is mapped to nested guests: slot 0 from here on, and slot 1. */
const TARGET = 8 * MIB;
const TARGET_BLOCKS = 4;
const SLOT1 = 0x1000_0000;

/** xorshift32: the same sequence for a seed. */
function randomOf(seed: number): (below: number) => number {
  let x = seed | 1;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** What L1's table says of an address. */
interface Model {
  readonly gpa: number;
  readonly shift: number;
  readonly bits: bigint;
}

class Run {
  readonly world: World;
  readonly trees: ReadonlyMap<number, L2Tree>;
  /** By LPID: leaves by their first address. */
  readonly models = new Map<number, Map<number, Model>>();
  readonly random: (below: number) => number;
  slot1At = SLOT1;
  readonly slot1Hva: number;
  readonly counts: Record<string, number> = {};

  constructor(seed: number, hostPages: 'base' | '2M') {
    this.random = randomOf(seed);
    this.world = new World({ memory: 96 * MIB, l1: 24 * MIB, hostPages, record: false, rmapListLimit: 2 });
    this.trees = new Map(LPIDS.map((lpid) => [lpid, new L2Tree(this.world, lpid)]));
    for (const lpid of LPIDS) this.models.set(lpid, new Map());
    this.slot1Hva = this.world.l0.mm.mmap({ bytes: 4 * MIB, pageSize: hostPages });
    this.world.slot({ id: 1, gpa: this.slot1At, bytes: 4 * MIB, hva: this.slot1Hva });
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  step(): void {
    const name = this.pick(WEIGHTED);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    OPERATIONS[name]!(this);
  }

  nGpa(): number {
    return BASE + this.random(BLOCKS) * 2 * MIB + this.random(32) * PAGE;
  }

  invalidate(lpid: number, nGpa: number, shift: number): void {
    const ap = shift === 21 ? 0x20 : 0xa0;
    this.world.hypercall(0xf808, 0x1_0000, lpid, nGpa + ap);
  }

  /** The leaf of L1 that maps an address. */
  leaf(lpid: number, nGpa: number): { at: number; model: Model } | undefined {
    for (const at of [nGpa - (nGpa % PAGE), nGpa - (nGpa % (2 * MIB))]) {
      const model = this.models.get(lpid)!.get(at);
      if (model && nGpa < at + 2 ** model.shift) return { at, model };
    }
    return undefined;
  }

  /** What an access must give: a host address, or why not. */
  expected(lpid: number, nGpa: number, kind: L2Access): number | 'reflect' | 'mmio' {
    const found = this.leaf(lpid, nGpa);
    if (!found) return 'reflect';
    const { at, model } = found;
    const right = { load: PTE.READ.mask | PTE.WRITE.mask, store: PTE.WRITE.mask, fetch: PTE.EXECUTE.mask }[
      kind
    ];
    if ((model.bits & right) === 0n) return 'reflect';
    const gpa = model.gpa + (nGpa - at);
    const slot = this.world.vm.gfnToMemslot(Math.floor(gpa / PAGE));
    // Without a slot the hardware has nothing to set R and C in: L0 looks at memory first.
    if (!slot) return 'mmio';
    const needed = PTE.R.mask | (kind === 'store' ? PTE.C.mask : 0n);
    if ((model.bits & needed) !== needed) return 'reflect';
    return this.world.hostOf(gpa);
  }

  access(lpid: number, nGpa: number, kind: L2Access): void {
    const outcome = this.world.access(nGpa, kind, lpid);
    const got = 'host' in outcome ? outcome.host : outcome.result.kind;
    const wanted = this.expected(lpid, nGpa, kind);
    if (got !== wanted)
      throw new Error(
        `${kind} of LPID ${lpid} at ${nGpa.toString(16)}: expected ${String(wanted)}, got ${String(got)}`,
      );
  }

  hostRange(): { start: number; end: number } {
    const inSlot1 = this.random(3) === 0;
    const page = this.random(64);
    const start = (inSlot1 ? this.slot1Hva : this.world.hva + TARGET) + page * PAGE;
    return { start, end: start + (1 + this.random(inSlot1 ? Math.min(4, 64 - page) : 4)) * PAGE };
  }
}

const RIGHTS = [7n, 7n, 7n, 6n, 4n, 5n, 1n, 3n];
const RECORDED = [RC, RC, RC, PTE.R.mask, 0n];

const OPERATIONS: Record<string, (run: Run) => void> = {
  access(run) {
    run.access(run.pick(LPIDS), run.nGpa() + run.random(PAGE / 8) * 8, run.pick(['load', 'store', 'fetch']));
  },
  /** L1 maps a page, small or large; what was there it invalidates. */
  map(run) {
    const lpid = run.pick(LPIDS);
    const large = run.random(5) === 0;
    const shift = large ? 21 : 16;
    const size = 2 ** shift;
    const nGpa = run.nGpa();
    const at = nGpa - (nGpa % size);
    const slot1 = run.random(3) === 0;
    const area = slot1 ? 2 : TARGET_BLOCKS;
    const offset = large ? run.random(area) * size : run.random(area * 32) * PAGE;
    const gpa = (slot1 ? SLOT1 : TARGET) + offset;
    const model = run.models.get(lpid)!;
    const tree = run.trees.get(lpid)!;
    const covering = run.leaf(lpid, at);
    if (large) for (let each = at; each < at + size; each += PAGE) model.delete(each);
    else if (covering && covering.model.shift === 21) {
      model.delete(covering.at);
      tree.unmap(covering.at, 21);
      run.invalidate(lpid, covering.at, 21);
    }
    const bits = run.pick(RIGHTS) | run.pick(RECORDED);
    tree.map(at, gpa, { shift, bits });
    model.set(at, { gpa, shift, bits });
    run.invalidate(lpid, at, shift);
  },
  unmap(run) {
    const lpid = run.pick(LPIDS);
    const found = run.leaf(lpid, run.nGpa());
    if (!found) return;
    run.trees.get(lpid)!.unmap(found.at, found.model.shift);
    run.models.get(lpid)!.delete(found.at);
    run.invalidate(lpid, found.at, found.model.shift);
  },
  /** L1 gives more than before: no invalidation is needed. */
  widen(run) {
    const lpid = run.pick(LPIDS);
    const found = run.leaf(lpid, run.nGpa());
    if (!found) return;
    const { gpa, shift } = found.model;
    run.trees.get(lpid)!.map(found.at, gpa, { shift, bits: 7n | RC });
    run.models.get(lpid)!.set(found.at, { gpa, shift, bits: 7n | RC });
  },
  /** L1 takes R and C away and invalidates, as an ageing hypervisor does. */
  forget(run) {
    const lpid = run.pick(LPIDS);
    const found = run.leaf(lpid, run.nGpa());
    if (!found) return;
    const { gpa, shift } = found.model;
    const bits = found.model.bits & 7n;
    run.trees.get(lpid)!.map(found.at, gpa, { shift, bits });
    run.models.get(lpid)!.set(found.at, { gpa, shift, bits });
    run.invalidate(lpid, found.at, shift);
  },
  tlbie(run) {
    const [instruction, rb] = run.pick([
      [0x1_0000, 0x800],
      [0x5_0000, 0x800],
      [0x9_0000, 0x800],
      [0x1_0000, 0xc00],
      [0x9_0000, 0xc00],
    ]);
    run.world.hypercall(0xf808, instruction, run.pick(LPIDS), rb);
  },
  rpt(run) {
    const start = run.nGpa();
    run.world.hypercall(
      0x448,
      run.pick(LPIDS),
      1,
      3,
      run.pick([1, 2, 4, 6]),
      start,
      start + run.random(40) * PAGE,
    );
  },
  migrate: (run) => void perform(migratePages(run.world.l0.mm, run.hostRange().start, run.hostRange().end)),
  discard(run) {
    perform(discardPages(run.world.l0.mm, run.hostRange()));
  },
  protect(run) {
    const { start, end } = run.hostRange();
    perform(writeProtect(run.world.l0.mm, start, end));
  },
  swap(run) {
    const { start, end } = run.hostRange();
    perform(swapOut(run.world.l0.mm, start, end));
  },
  age: (run) => void makeOld(run.world.l0.mm, run.hostRange(), run.pick(['flush', 'no flush'])),
  split: (run) => void perform(splitHuge(run.world.l0.mm, run.hostRange().start)),
  collapse: (run) => void perform(collapse(run.world.l0.mm, run.hostRange().start)),
  slot(run) {
    const { world } = run;
    const gpa = run.slot1At === SLOT1 ? SLOT1 + 64 * MIB : SLOT1;
    const shape = { id: 1, bytes: 4 * MIB, hva: run.slot1Hva };
    if (run.random(2) === 0) world.slot({ ...shape, gpa });
    else {
      world.slot({ ...shape, gpa, bytes: 0 });
      world.slot({ ...shape, gpa });
    }
    run.slot1At = gpa;
  },
  log(run) {
    const { world } = run;
    const flags = run.pick([0, KVM_MEM_LOG_DIRTY_PAGES]);
    world.slot({ id: 0, gpa: 0, bytes: world.l1Bytes, hva: world.hva, flags });
    if (flags !== 0) getDirtyLog(world.vm, 0, () => true);
  },
  /** A second read of the log takes C away again while pages are in use. */
  harvest(run) {
    if (run.world.vm.gfnToMemslot(0)!.dirtyBitmap) getDirtyLog(run.world.vm, 0, () => true);
  },
};
const WEIGHTS: Record<string, number> = {
  access: 60, map: 12, unmap: 3, widen: 3, forget: 2, tlbie: 1, rpt: 1, migrate: 3, discard: 2, protect: 2, swap: 2,
  age: 3, split: 1, collapse: 1, slot: 1, log: 1, harvest: 2,
}; // prettier-ignore
const WEIGHTED = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array<string>(weight).fill(name));

function play(seed: number, hostPages: 'base' | '2M', steps: number): Run {
  const run = new Run(seed, hostPages);
  for (let i = 0; i < steps; i++) {
    try {
      run.step();
      if (i % CHECK_EVERY === 0) {
        const problems = [
          ...checkNested(run.world.nested, { withStale: true }).map(({ message }) => message),
          ...checkInvariants(run.world.vm),
        ];
        if (problems.length > 0) throw new Error(problems.slice(0, 3).join('; '));
      }
    } catch (error) {
      throw new Error(`seed ${seed}, ${hostPages} pages, step ${i}: ${String(error)}`, { cause: error });
    }
  }
  return run;
}

test.each(['base', '2M'] as const)('host pages %s: every access is right after every step', (hostPages) => {
  const runs = 5;
  let limits = 0;
  for (let seed = 1; seed <= runs; seed++) {
    const { world, counts } = play(seed * 7919, hostPages, STEPS / (2 * runs));
    // The sequence reaches what it is for.
    expect(Object.keys(counts).sort()).toEqual(Object.keys(OPERATIONS).sort());
    expect(world.nested.counters.faults).toBeGreaterThan(500);
    limits += world.nested.counters.listLimits;
  }
  expect(limits).toBeGreaterThan(0);
});

test('at the end of the VM every node, table, LPID and reference is given back', () => {
  const { world } = play(4711, 'base', 3000);
  world.vm.destroy();
  expect([world.nested.rmap.nodes, world.nested.shadowBytes, world.nested.guests.size]).toEqual([0, 0, 0]);
});
