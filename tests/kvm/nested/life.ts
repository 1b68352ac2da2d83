/**
 * The life of an L1 and its host, at random: edits of L1's tables, accesses of its nested guests from two vCPUs,
 * invalidations, events of the host, slots that come, go and move. Each access must give what L1's table and a look at
 * the host give at that moment. L1 invalidates what it takes away, as a correct one does; the host does whatever it
 * likes. Who makes the accesses is a `Player`: a model of the hardware or a machine that executes instructions.
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
import { KIB, MIB } from '../../../src/kvm/page';
import { randomOf } from '../../support/random';
import { L2Tree, RC, type L1World } from './l1-world';
import type { L2Access } from './support';

/** LPIDs of the nested guests; the tree of the last one has the smallest pages that L0 shadows. */
const LPIDS = [1, 5, 9];
/** L2 addresses: neighbouring blocks of 2 MiB at a place of their own. */
const BLOCKS = 4;
const BASE = 0x12_4000_0000;
const LARGE = 2 * MIB;
const CHUNK = 64 * KIB;
const CHUNKS = LARGE / CHUNK;
/** L1 memory that is mapped to nested guests: slot 0 from here on, and slot 1. */
const TARGET = 8 * MIB;
const TARGET_BLOCKS = 4;
const SLOT1 = 0x1000_0000;
const SLOT1_BYTES = 4 * MIB;
const AP: Readonly<Record<number, number>> = { 12: 0, 16: 0xa0, 21: 0x20 };

/** What an access gives: a host real address, or why not. */
export type Outcome = number | 'reflect' | 'mmio';

/** Two vCPUs that run nested guests. */
export interface Player {
  readonly world: L1World;
  readonly cpus: number;
  /**
   * Makes an access. @param wanted what it must give
   * @returns an {@link Outcome}, or what else came in words
   */
  access(access: PlayedAccess, wanted: Outcome): number | string;
  /** A large page that slot 1 may have. */
  readonly hostPages: 'base' | '2M' | '1G';
  /** Is told of the trees before anything else is in them. */
  begin?(trees: readonly L2Tree[]): void;
  /** The LPID that a vCPU runs at the moment. */
  inside?(cpu: number): number | undefined;
}

export interface PlayedAccess {
  readonly lpid: number;
  readonly nGpa: number;
  readonly kind: L2Access;
  readonly cpu: number;
}

/** What L1's table says of a page. */
interface Model {
  readonly gpa: number;
  readonly shift: number;
  readonly bits: bigint;
}

/** What L1 has for one nested guest. */
interface L2Model {
  readonly tree: L2Tree;
  /** log2 of its small pages. */
  readonly shift: number;
  /** Leaves by their first address. */
  readonly leaves: Map<number, Model>;
  /** L1's partition table has an entry for it. */
  isThere: boolean;
}

export class Life {
  readonly world: L1World;
  readonly guests: ReadonlyMap<number, L2Model>;
  readonly random: (below: number) => number;
  readonly counts: Record<string, number> = {};
  slot1At = SLOT1;
  readonly slot1Hva: number;

  constructor(
    readonly player: Player,
    seed: number,
  ) {
    this.random = randomOf(seed);
    const { world } = player;
    this.world = world;
    const base = world.vm.geometry.shift;
    const guests = LPIDS.map((lpid, i) => {
      const shift = i === LPIDS.length - 1 ? base : 16;
      const tree = new L2Tree(world, lpid, shift === 12 ? 9 : 5);
      return [lpid, { tree, shift, leaves: new Map<number, Model>(), isThere: true }] as const;
    });
    this.guests = new Map(guests);
    const { hostPages } = player;
    this.slot1Hva = world.l0.mm.mmap({ bytes: SLOT1_BYTES, pageSize: hostPages === 'base' ? 'base' : '2M' });
    world.slot({ id: 1, gpa: this.slot1At, bytes: SLOT1_BYTES, hva: this.slot1Hva });
    player.begin?.(guests.map(([, { tree }]) => tree));
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random(from.length)]!;
  }

  step(): void {
    const name = this.pick(WEIGHTED);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    OPERATIONS[name]!(this);
  }

  guest(lpid: number): L2Model {
    return this.guests.get(lpid)!;
  }

  /** An address of a page of a nested guest: of one of a few in each 64K where pages are smaller. */
  nGpa(shift = 16): number {
    const page = shift < 16 ? this.random(4) * 2 ** shift : 0;
    return BASE + this.random(BLOCKS) * LARGE + this.random(CHUNKS) * CHUNK + page;
  }

  invalidate(lpid: number, nGpa: number, shift: number): void {
    this.world.hypercall(0xf808, 0x1_0000, lpid, nGpa + AP[shift]!);
  }

  /** The leaf of L1 that maps an address. */
  leaf(lpid: number, nGpa: number): { at: number; model: Model } | undefined {
    const { leaves, shift } = this.guest(lpid);
    for (const size of [2 ** shift, LARGE]) {
      const at = nGpa - (nGpa % size);
      const model = leaves.get(at);
      if (model && nGpa < at + 2 ** model.shift) return { at, model };
    }
    return undefined;
  }

  /** What an access must give. */
  expected({ lpid, nGpa, kind }: PlayedAccess): Outcome {
    const found = this.guest(lpid).isThere ? this.leaf(lpid, nGpa) : undefined;
    if (!found) return 'reflect';
    const { at, model } = found;
    if ((model.bits & RIGHT[kind]) === 0n) return 'reflect';
    const { vm } = this.world;
    const gpa = model.gpa + (nGpa - at);
    // Without a slot the hardware has nothing to set R and C in: L0 looks at memory first.
    if (!vm.gfnToMemslot(Math.floor(gpa / vm.pageSize))) return 'mmio';
    const needed = PTE.R.mask | (kind === 'store' ? PTE.C.mask : 0n);
    return (model.bits & needed) !== needed ? 'reflect' : this.world.hostOf(gpa);
  }

  access(access: PlayedAccess): void {
    const wanted = this.expected(access);
    const got = this.player.access(access, wanted);
    if (got === wanted) return;
    const { kind, lpid, nGpa, cpu } = access;
    throw new Error(
      `${kind} of LPID ${lpid} on CPU ${cpu} at ${nGpa.toString(16)}: expected ${wanted}, got ${got}`,
    );
  }

  /** A load from every page that L1 maps, and now and then from the page behind it. */
  sweep(): void {
    for (const [lpid, { leaves }] of this.guests) {
      const cpu = this.random(this.player.cpus);
      for (const [at, { shift }] of leaves) {
        this.access({ lpid, nGpa: at + this.random(2 ** shift / 8) * 8, kind: 'load', cpu });
        if (this.random(8) === 0) this.access({ lpid, nGpa: at + 2 ** shift, kind: 'load', cpu });
      }
    }
  }

  /** L1's table gets a leaf, and so does what is known of it. */
  write(lpid: number, at: number, model: Model): void {
    const { tree, leaves } = this.guest(lpid);
    tree.map(at, model.gpa, model);
    leaves.set(at, model);
  }

  remove(lpid: number, { at, model }: { at: number; model: Model }): void {
    const { tree, leaves } = this.guest(lpid);
    tree.unmap(at, model.shift);
    leaves.delete(at);
    this.invalidate(lpid, at, model.shift);
  }

  /** A few pages of the host that L1's nested guests may map. */
  hostRange(): { start: number; end: number } {
    const inSlot1 = this.random(3) === 0;
    const { pageSize } = this.world.vm;
    const bytes = inSlot1 ? SLOT1_BYTES : TARGET_BLOCKS * LARGE;
    const chunk = this.random(bytes / CHUNK) * CHUNK;
    const offset = pageSize < CHUNK ? this.random(4) * pageSize : 0;
    const room = (bytes - chunk - offset) / pageSize;
    const pages = Math.min(room, 1 + this.random(4));
    const start = (inSlot1 ? this.slot1Hva : this.world.hva + TARGET) + chunk + offset;
    return { start, end: start + pages * pageSize };
  }
}

const RIGHT: Readonly<Record<L2Access, bigint>> = {
  load: PTE.READ.mask | PTE.WRITE.mask,
  store: PTE.WRITE.mask,
  fetch: PTE.EXECUTE.mask,
};
const RIGHTS = [7n, 7n, 7n, 6n, 4n, 5n, 1n, 3n];
const RECORDED = [RC, RC, RC, PTE.R.mask, 0n];
const KINDS: readonly L2Access[] = ['load', 'load', 'store', 'store', 'fetch'];

export const OPERATIONS: Record<string, (life: Life) => void> = {
  access(life) {
    const cpu = life.random(life.player.cpus);
    const inside = life.random(4) > 0 ? life.player.inside?.(cpu) : undefined;
    const lpid = inside ?? life.pick(LPIDS);
    const { shift, leaves } = life.guest(lpid);
    const mapped = life.random(4) > 0 && leaves.size > 0 ? life.pick([...leaves]) : undefined;
    const page = mapped ? { at: mapped[0], shift: mapped[1].shift } : { at: life.nGpa(shift), shift };
    const nGpa = page.at + life.random(2 ** page.shift / 8) * 8;
    life.access({ lpid, nGpa, kind: life.pick(KINDS), cpu });
  },
  /** L1 maps a page, small or large; what was there it invalidates. */
  map(life) {
    const lpid = life.pick(LPIDS);
    const { leaves, shift: small } = life.guest(lpid);
    const large = life.random(5) === 0;
    const shift = large ? 21 : small;
    const at = large ? BASE + life.random(BLOCKS) * LARGE : life.nGpa(small);
    const slot1 = life.random(3) === 0;
    const blocks = slot1 ? SLOT1_BYTES / LARGE : TARGET_BLOCKS;
    const page = small < 16 ? life.random(4) * 2 ** small : 0;
    const offset = large ? life.random(blocks) * LARGE : life.random(blocks * CHUNKS) * CHUNK + page;
    const covering = life.leaf(lpid, at);
    if (large)
      for (const each of [...leaves.keys()]) if (each >= at && each < at + LARGE) leaves.delete(each);
    if (!large && covering?.model.shift === 21) life.remove(lpid, covering);
    const gpa = (slot1 ? SLOT1 : TARGET) + offset;
    life.write(lpid, at, { gpa, shift, bits: life.pick(RIGHTS) | life.pick(RECORDED) });
    life.invalidate(lpid, at, shift);
  },
  unmap(life) {
    const lpid = life.pick(LPIDS);
    const found = life.leaf(lpid, life.nGpa(life.guest(lpid).shift));
    if (found) life.remove(lpid, found);
  },
  /** L1 gives more than before: no invalidation is needed. */
  widen(life) {
    const lpid = life.pick(LPIDS);
    const found = life.leaf(lpid, life.nGpa(life.guest(lpid).shift));
    if (found) life.write(lpid, found.at, { ...found.model, bits: 7n | RC });
  },
  /** L1 takes R and C away and invalidates, as an ageing hypervisor does. */
  forget(life) {
    const lpid = life.pick(LPIDS);
    const found = life.leaf(lpid, life.nGpa(life.guest(lpid).shift));
    if (!found) return;
    life.write(lpid, found.at, { ...found.model, bits: found.model.bits & 7n });
    life.invalidate(lpid, found.at, found.model.shift);
  },
  /** L1 ends a nested guest, or begins it again: RIC=2 after a change of its partition table entry. */
  entry(life) {
    const lpid = life.pick(LPIDS);
    const guest = life.guest(lpid);
    guest.isThere = !guest.isThere || life.random(2) === 0;
    life.world.setEntry(lpid, guest.isThere ? guest.tree.pate0 : 0n);
    life.world.hypercall(0xf808, 0x9_0000, lpid, 0x800);
  },
  tlbie(life) {
    const [instruction, rb] = life.pick([
      [0x1_0000, 0x800],
      [0x5_0000, 0x800],
      [0x9_0000, 0x800],
      [0x1_0000, 0xc00],
      [0x9_0000, 0xc00],
    ]);
    life.world.hypercall(0xf808, instruction, life.pick(LPIDS), rb);
  },
  rpt(life) {
    const start = life.nGpa();
    const end = start + life.random(40) * CHUNK;
    life.world.hypercall(0x448, life.pick(LPIDS), 1, 3, life.pick([1, 2, 4, 6]), start, end);
  },
  migrate(life) {
    const { start, end } = life.hostRange();
    perform(migratePages(life.world.l0.mm, start, end));
  },
  discard: (life) => void perform(discardPages(life.world.l0.mm, life.hostRange())),
  protect(life) {
    const { start, end } = life.hostRange();
    perform(writeProtect(life.world.l0.mm, start, end));
  },
  swap(life) {
    const { start, end } = life.hostRange();
    perform(swapOut(life.world.l0.mm, start, end));
  },
  age: (life) => void makeOld(life.world.l0.mm, life.hostRange(), life.pick(['flush', 'no flush'])),
  split: (life) => void perform(splitHuge(life.world.l0.mm, life.hostRange().start)),
  collapse: (life) => void perform(collapse(life.world.l0.mm, life.hostRange().start)),
  /** User space moves slot 1, or deletes it and makes it again elsewhere. */
  slot(life) {
    const { world } = life;
    const gpa = life.slot1At === SLOT1 ? SLOT1 + 64 * MIB : SLOT1;
    const shape = { id: 1, bytes: SLOT1_BYTES, hva: life.slot1Hva };
    if (life.random(2) === 0) world.slot({ ...shape, gpa });
    else {
      world.slot({ ...shape, gpa, bytes: 0 });
      world.slot({ ...shape, gpa });
    }
    life.slot1At = gpa;
  },
  log(life) {
    const { world } = life;
    const flags = life.pick([0, KVM_MEM_LOG_DIRTY_PAGES]);
    world.slot({ id: 0, gpa: 0, bytes: world.l1Bytes, hva: world.hva, flags });
    if (flags !== 0) getDirtyLog(world.vm, 0, () => true);
  },
  /** A second read of the log takes C away again while pages are in use. */
  harvest(life) {
    if (life.world.vm.gfnToMemslot(0)!.dirtyBitmap) getDirtyLog(life.world.vm, 0, () => true);
  },
};
const WEIGHTS: Record<string, number> = {
  access: 60, map: 12, unmap: 3, widen: 3, forget: 2, entry: 1, tlbie: 1, rpt: 1, migrate: 3, discard: 2, protect: 2,
  swap: 2, age: 3, split: 1, collapse: 1, slot: 1, log: 1, harvest: 2,
}; // prettier-ignore
const WEIGHTED = Object.entries(WEIGHTS).flatMap(([name, weight]) => Array<string>(weight).fill(name));
